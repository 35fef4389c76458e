"""Training sets in the formats that SCoPe's users have, and what tells their stars apart."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from scope.errors import InputError, MissingColumnError, NotFoundError
from scope.io import write_csv, write_hdf, write_parquet, write_table
from scope.tasks.variables.training_sets.read_training_set import read_training_set
from tests.small_models import FEATURES, feature_table, training_data

NEEDED = ["curve_0", "mag_1", "dmdt", "low period"]


def frame(n_stars: int = 5) -> pd.DataFrame:
    """A small training set as a data frame, histograms as 26 x 26 arrays."""
    table = feature_table(n_stars)
    columns = ["_id", *FEATURES["ontological"], "n_epochs", "star", "low period", "red star"]
    result = table.select(columns).to_pandas()
    result["dmdt"] = [row.reshape(26, 26) for row in table.column("dmdt").to_pandas()]
    result.attrs = {"fourier": "raw"}
    return result


def write_like_scope(df: pd.DataFrame, path: Path) -> None:
    """Write the CSV and HDF5 layouts of SCoPe: histograms as JSON, or under a key apart."""
    if path.suffix == ".csv":
        plain = df.copy()
        plain["dmdt"] = [json.dumps(cell.tolist()) for cell in df["dmdt"]]
        plain.to_csv(path, index=False)
        return
    with pd.HDFStore(str(path), mode="w") as store:
        store.put("df", df.drop(columns="dmdt"), track_times=False)
        store.put("dmdt", df["dmdt"], track_times=False)


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".h5"])
@pytest.mark.parametrize("layout", ["ours", "scope"])
@pytest.mark.filterwarnings("ignore::pandas.errors.PerformanceWarning")
def test_every_format_gives_the_same_columns(tmp_path: Path, suffix: str, layout: str) -> None:
    df = frame()
    path = tmp_path / f"set{suffix}"
    if layout == "ours" or suffix == ".parquet":
        {".parquet": write_parquet, ".csv": write_csv, ".h5": write_hdf}[suffix](df, path)
    else:
        write_like_scope(df, path)
    table, facts = read_training_set(path, NEEDED, ["n_epochs", "unknown"])
    assert table.schema.names == [*NEEDED, "n_epochs", "star"]
    assert table.column("star").to_pylist() == df["star"].tolist()
    np.testing.assert_array_equal(table.column("mag_1").to_numpy(), df["mag_1"])
    histograms = np.array(table.column("dmdt").to_pylist()).reshape(-1, 26, 26)
    np.testing.assert_allclose(histograms, np.stack(df["dmdt"].to_list()), rtol=1e-6)
    assert facts.get("fourier") == (None if layout == "scope" and suffix != ".parquet" else "raw")


def test_a_csv_file_trains_like_a_parquet_file(tmp_path: Path) -> None:
    df = frame(60)
    write_parquet(df, tmp_path / "set.parquet")
    write_like_scope(df, tmp_path / "set.csv")
    parts = [training_data(tmp_path / f"set{suffix}") for suffix in (".parquet", ".csv")]
    np.testing.assert_array_equal(parts[0].sets, parts[1].sets)
    np.testing.assert_array_equal(parts[0].values, parts[1].values)
    np.testing.assert_allclose(parts[0].dmdt, parts[1].dmdt, rtol=1e-6)


def test_stars_are_told_apart_by_the_best_column_there_is(tmp_path: Path) -> None:
    table = feature_table(2).drop_columns(["star", "obj_id"])
    both = table.append_column("fritz_name", pa.array(["a", "a", "b", "b"]))
    both = both.append_column("obj_id", pa.array(["x", "y", "y", "y"]))
    for name, expected in (("obj_id", ["x", "y", "y", "y"]), ("fritz_name", ["a", "a", "b", "b"])):
        write_table(both, tmp_path / "set.parquet", {})
        assert (
            read_training_set(tmp_path / "set.parquet", NEEDED)[0]["star"].to_pylist() == expected
        )
        both = both.drop_columns([name])
    ids = table.append_column("Gaia_EDR3___id", pa.array([7, 7, None, 0], pa.int64()))
    ids = ids.append_column("PS1_DR1___id", pa.array([1, 2, 3, None], pa.int64()))
    write_table(ids, tmp_path / "set.parquet", {})
    stars = read_training_set(tmp_path / "set.parquet", NEEDED)[0]["star"].to_pylist()
    assert stars == ["Gaia_EDR3___id 7", "Gaia_EDR3___id 7", "PS1_DR1___id 3", "row 3"]


def test_a_star_may_be_called_zero(tmp_path: Path) -> None:
    table = feature_table(2).drop_columns(["star"])
    table = table.append_column("star", pa.array([0, 0, 1, None], pa.int64()))
    write_table(table, tmp_path / "set.parquet", {})
    stars = read_training_set(tmp_path / "set.parquet", NEEDED)[0]["star"].to_pylist()
    assert stars == ["0", "0", "1", "row 3"]


def test_a_set_that_does_not_tell_its_stars_apart_is_refused(tmp_path: Path) -> None:
    # the column obj_id is there, without a value
    write_table(feature_table(2).drop_columns(["star"]), tmp_path / "set.parquet", {})
    with pytest.raises(MissingColumnError, match=r"which light curves are of one star.*'star'"):
        read_training_set(tmp_path / "set.parquet", NEEDED)


def test_a_missing_column_or_file_is_named(tmp_path: Path) -> None:
    write_csv(frame(), tmp_path / "set.csv")
    with pytest.raises(MissingColumnError, match=r"in training set .*set\.csv.*'skew'"):
        read_training_set(tmp_path / "set.csv", ["skew"])
    with pytest.raises(NotFoundError):
        read_training_set(tmp_path / "none.h5", NEEDED)
    with pytest.raises(InputError, match=r"unknown format.*\.parquet"):
        read_training_set(tmp_path / "set.txt", NEEDED)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("star,variable,median\nA,1,16.1,\n", "line 2"),
        ('star,variable,median\nA,1,"16,1"\n', "median that is no number, in row 1"),
        ("star,variable,median\n1.23766E+18,1,16.1\n", "star that was rounded, in row 1"),
        ("Gaia_EDR3___id,variable,median\n1.23766E+18,1,16\n", "rounded, in row 1"),
    ],
)
def test_a_training_set_that_lost_something_is_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "set.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_training_set(tmp_path / "set.csv", ["median", "variable"])


def test_names_of_stars_are_as_written(tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_text(
        "star,variable,median\n0012,1,16.1\n12,0,16.2\n,1,17\nNA,1,18\n2019E5,0,19\n"
    )
    table, _ = read_training_set(tmp_path / "set.csv", ["median", "variable"])
    assert table["star"].to_pylist() == ["0012", "12", "row 2", "NA", "2019E5"]
    frame = pd.DataFrame({"star": [12, np.nan], "median": [1.0, 2.0]})
    frame.to_parquet(tmp_path / "set.parquet")
    table, _ = read_training_set(tmp_path / "set.parquet", ["median"])
    assert table["star"].to_pylist() == ["12", "row 1"]


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".h5"])
def test_infinite_features_count_as_missing_and_are_named(tmp_path: Path, suffix, caplog) -> None:
    """The expected preparation is that of the same table with empty cells."""
    prepared = []
    for value in (np.inf, -np.inf, np.nan):
        df = frame(40)
        df.loc[[3, 5], "mag_1"] = value
        path = tmp_path / f"set_{value}{suffix}"
        {".parquet": write_parquet, ".csv": write_csv, ".h5": write_hdf}[suffix](df, path)
        caplog.clear()
        prepared.append(training_data(path))
        said = f"{path}: 2 infinite values of mag_1 count as missing (rows 4, 6)" in caplog.text
        assert said is bool(np.isinf(value))
    for found in prepared[:2]:
        np.testing.assert_array_equal(found.values, prepared[2].values)
        assert found.preprocessing.content == prepared[2].preprocessing.content


@pytest.mark.parametrize("value", [2.0, -0.5, np.inf])
def test_a_label_that_is_no_probability_is_refused(tmp_path: Path, value: float) -> None:
    df = frame()
    df.loc[2, "red star"] = value
    write_parquet(df, tmp_path / "set.parquet")
    with pytest.raises(InputError, match=r"label 'red star' of .* in row 3 \(1 such rows\)"):
        training_data(tmp_path / "set.parquet")


def test_a_set_without_histograms_is_read_of_every_format(tmp_path: Path) -> None:
    # Trees and networks of numbers need none; the names are those of issues about rounded ids.
    plain = pd.DataFrame({"star": ["0012", "12"], "variable": [1, 0], "median": [16.1, 16.2]})
    plain.to_hdf(tmp_path / "set.h5", key="df")
    plain.to_parquet(tmp_path / "set.parquet")
    plain.to_csv(tmp_path / "set.csv", index=False)
    for suffix in (".h5", ".parquet", ".csv"):
        table, _ = read_training_set(tmp_path / f"set{suffix}", ["median", "variable"])
        assert table.to_pydict() == plain.to_dict("list")
    with pytest.raises(MissingColumnError, match="dmdt"):
        read_training_set(tmp_path / "set.h5", ["median", "dmdt"])


@pytest.mark.parametrize("suffix", [".parquet", ".h5", ".csv"])
@pytest.mark.parametrize("column", [{"star": ["", " "]}, {"Gaia_EDR3___id": [0, 0]}])
def test_blank_names_and_ids_of_zero_tell_no_stars_apart(
    tmp_path: Path, suffix: str, column: dict[str, list]
) -> None:
    df = pd.DataFrame({**column, "median": [16.1, 16.2]})
    path = tmp_path / f"set{suffix}"
    {".parquet": df.to_parquet, ".csv": df.to_csv}.get(suffix, lambda p: df.to_hdf(p, key="df"))(
        path
    )
    with pytest.raises(MissingColumnError, match="which light curves are of one star"):
        read_training_set(path, ["median"])
