"""Labels in each of their forms, and training sets made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from scope.cli.main import main
from scope.errors import ConfigError, DuplicateIdError, InputError, MissingColumnError
from scope.io import read_metadata, read_table, write_table
from scope.surveys.label_map import LABELS, LabelMap
from scope.tasks.variables.training_sets.read_labels import read_labels
from scope.tasks.variables.training_sets.read_training_set import read_training_set

MAP = """
classes:
  EA: {is: [variable, EA], unknown: [periodic]}
  const: {is: [non-variable], same_as: [CONSTANT]}
leave_out: [odd]
"""


def write(path: Path, **columns: Any) -> Path:
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


@pytest.fixture
def label_map(tmp_path: Path) -> LabelMap:
    (tmp_path / "map.yaml").write_text(MAP)
    return LabelMap.load(tmp_path / "map.yaml")


def test_columns_of_probabilities_are_taken_as_they_are(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv",
        _id=[3, 1, 2],
        star=["x", "y", "x"],
        period=[1, 2, 3],
        EA=[0.25, np.nan, 1],
        periodic=[1, 0, 0.5],
    )
    labels = read_labels([path])
    assert labels.ids.tolist() == [1, 2, 3]
    assert labels.stars.tolist() == ["y", "x", "x"]
    # what is no label is no column, and "period" is not the label "periodic"
    assert set(labels.names) == {"EA", "periodic"}
    lines = labels.find(np.array([3, 9, 1]))
    assert lines.tolist() == [2, -1, 0]
    np.testing.assert_equal(labels.values("EA", lines[[0, 2]]), np.float32([0.25, np.nan]))


def test_classes_say_what_the_map_says(tmp_path: Path, label_map: LabelMap) -> None:
    path = write(
        tmp_path / "a.csv",
        objectid=[1, 2, 3],
        sourceid=[7, 8, 9],
        **{"class": ["EA", "odd", "CONSTANT"]},
        survey=["ASAS"] * 3,
    )
    labels = read_labels([path], label_map)
    assert labels.ids.tolist() == [1, 3]
    assert labels.surveys.tolist() == ["ASAS", "ASAS"]
    assert labels.columns["EA"].tolist() == [1, 0]
    assert labels.columns["non-variable"].tolist() == [0, 1]
    np.testing.assert_equal(labels.columns["periodic"], np.float32([np.nan, 0]))
    # every label that there is has a column: of both classes the others are known to be absent
    assert labels.names == LABELS


def test_lists_of_labels_are_those_of_the_simulation(tmp_path: Path) -> None:
    path = tmp_path / "truth.parquet"
    columns = {"objectid": [5, 6], "sourceid": [1, 1], "labels": [["EA", "variable"], []]}
    write_table(pa.table({**columns, "unknown": [[], ["EA"]]}), path, {})
    labels = read_labels([path])
    np.testing.assert_equal(labels.columns["EA"], np.float32([1, np.nan]))
    assert labels.columns["variable"].tolist() == [1, 0]


def test_files_of_several_surveys_are_one(tmp_path: Path, label_map: LabelMap) -> None:
    first = write(tmp_path / "a.csv", objectid=[4], sourceid=["s4"], **{"class": ["EA"]})
    second = write(tmp_path / "b.csv", _id=[2], obj_id=["s2"], EA=[0.5])
    labels = read_labels([first, second], label_map)
    assert labels.surveys.tolist() == ["b", "a"]
    assert labels.columns["EA"].tolist() == [0.5, 1]
    # the second file says nothing of this label
    np.testing.assert_equal(labels.columns["variable"], np.float32([np.nan, 1]))
    with pytest.raises(DuplicateIdError, match="4"):
        read_labels([first, first], label_map)


@pytest.mark.parametrize(
    ("columns", "error", "message"),
    [
        ({"star": [1], "EA": [1]}, MissingColumnError, "do not name its light curves.*objectid"),
        ({"_id": [1], "EA": [1]}, MissingColumnError, "do not name their stars.*sourceid"),
        ({"_id": [1], "star": [1]}, MissingColumnError, "say nothing.*label-map"),
        ({"_id": [1], "star": [1], "EA": [1.5]}, InputError, r"'EA' of .*'1\.5 in row 0"),
        ({"_id": [1], "star": [1], "EA": [-0.1]}, InputError, "no probability"),
        ({"_id": [1], "star": [1], "class": ["RRab"]}, InputError, "does not know: 'RRab'"),
    ],
)
def test_labels_that_cannot_be_used_are_refused(
    tmp_path: Path,
    label_map: LabelMap,
    columns: dict[str, Any],
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        read_labels([write(tmp_path / "a.csv", **columns)], label_map)


def test_a_map_of_unknown_labels_is_refused(tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text("classes: {EA: {is: [RR Lyra]}}")
    with pytest.raises(ConfigError, match="RR Lyra of class EA"):
        LabelMap.load(tmp_path / "map.yaml")


def curves(path: Path) -> Path:
    """Three stars in two bands, with times of one survey; one light curve is too short."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(6):
        n = 12 if number == 5 else 70
        time = np.sort(rng.uniform(58000, 58900, n))
        signal = 0.4 * np.sin(2 * np.pi * time / 0.71) + rng.normal(size=n) / 50
        rows.append(
            {
                "objectid": 900 + number,
                "filterid": 1 + number % 2,
                "hmjd": time,
                "mag": 16 + signal,
                "magerr": np.full(n, 0.02),
            }
        )
    pd.DataFrame(rows).to_parquet(path)
    return path


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".h5"])
def test_the_command_makes_a_training_set_of_light_curves_in_several_bands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    (tmp_path / "map.yaml").write_text(MAP)
    labels = write(
        tmp_path / "labels.csv",
        objectid=range(900, 906),
        sourceid=["a", "a", "b", "b", "c", "c"],
        **{"class": ["EA", "EA", "const", "const", "odd", "EA"]},
    )
    output = tmp_path / f"training{suffix}"
    argv = ["assemble_training_set", "--light-curves", str(curves(tmp_path / "lc.parquet"))]
    argv += ["--labels", str(labels), "--label-map", str(tmp_path / "map.yaml"), "--max-freq", "3"]
    argv += ["--samples-per-peak", "3", "--output", str(output)]
    assert main([*argv, "--copies", "false"]) == 0
    assert "6 light curves: 4 of 2 stars in the set" in capsys.readouterr().out
    table, _ = read_training_set(output, ["iqr", "dmdt"], ["EA", "periodic", "filter"])
    assert table.column("star").to_pylist() == ["a", "a", "b", "b"]
    assert table.column("filter").to_pylist() == [1, 2, 1, 2]
    assert table.column("EA").to_pylist() == [1, 1, 0, 0]
    assert [len(cell) for cell in table.column("dmdt").to_pylist()] == [676] * 4
    assert all(value > 0 for value in table.column("iqr").to_pylist())
    if suffix == ".parquet":
        assert read_metadata(output)["stages"]["training_set"] >= 1
        period = read_table(output).column("period_LS_BIC").to_pylist()
        # the period that was put in
        assert period == pytest.approx([0.71] * 4, rel=1e-3)


def test_the_command_adds_copies_with_their_labels(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The columns say nothing of `variable`, nor of what does not vary.
    labels = write(
        tmp_path / "labels.csv",
        objectid=range(900, 904),
        sourceid=["a", "a", "b", "b"],
        **{"RR Lyrae": [1, 1, 0, 0], "variable": [1, 1, 1, 1], "EA": [0, 0, 1, None]},
    )
    (tmp_path / "settings.yaml").write_text(
        "training: {twins: {per_light_curve: 2}, thinned: {share: 1, alerts: 0}}"
    )
    output = tmp_path / "training.parquet"
    argv = ["assemble-training-set", "--light-curves", str(curves(tmp_path / "lc.parquet"))]
    argv += ["--config-path", str(tmp_path / "settings.yaml")]
    argv += ["--labels", str(labels), "--max-freq", "2", "--samples-per-peak", "3"]
    assert main([*argv, "--output", str(output)]) == 0
    said = capsys.readouterr().out
    table = read_table(output).to_pandas()
    assert "6 light curves: 4 of 2 stars in the set" in said
    assert f"{len(table) - 4} copies" in said
    assert set(table["star"]) == {"a", "b"}
    thin = table[table["copy"] == "thinned"]
    assert len(thin) == 4
    assert thin["n_epochs"].between(20, 50).all()
    known = {(s, v) for s, v in zip(thin["star"], thin["EA"].astype(object), strict=True)}
    assert ("a", 0.0) in known
    assert ("b", 1.0) in known
    twins = table[table["copy"].notna() & (table["copy"] != "thinned")]
    assert len(twins) >= 16
    assert (twins["RR Lyrae"] == 0).all()
    assert (twins["EA"] == 0).all()
    noise = twins[twins["copy"] == "noise"]
    assert (noise["non-variable"] == 1).all()
    assert (noise["variable"] == 0).all()
    # A shuffled RR Lyrae star does not vary; of a shuffled eclipsing one it is not known.
    shuffled = twins[twins["copy"] == "shuffled"]
    assert (shuffled.loc[shuffled["star"] == "a", "variable"] == 0).all()
    assert table.loc[table["copy"].isna(), "non-variable"].isna().all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--output", "t.txt"], "format of a training set"),
        (["--output", "t.csv"], "training set of nothing"),
        (["--output", "t.csv", "--label-map", "none.yaml"], "label map none.yaml"),
    ],
)
def test_a_mistake_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.csv", _id=[1], star=[1], EA=[1])
    assert main(["assemble-training-set", "--labels", "a.csv", *options]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("700110100000001.6,S1,1\n", "no whole number, in row 0"),
        ("1.2376555045679268e+18,S1,1\n", "rounded, in row 0"),
        ("7.00110E+14,S1,1\n", "rounded, in row 0"),
        ("ZTF700110100000001,S1,1\n", "no whole number, in row 0"),
        (",S1,1\n", "without a light curve, in row 0"),
        ("-5,S1,1\n", "objectid below 0, in row 0"),
        ("700110100000001,S1,1,\n", "line 2"),
        ("700110100000001,1.23766E+18,1\n", "star that was rounded, in row 0"),
        ('700110100000001,S1,"0,9"\n', "no number, in row 0"),
    ],
)
def test_labels_that_may_be_of_another_star_are_refused(
    tmp_path: Path, rows: str, message: str
) -> None:
    (tmp_path / "a.csv").write_text(f"objectid,star,variable\n{rows}")
    with pytest.raises(InputError, match=message):
        read_labels([tmp_path / "a.csv"])


def test_stars_are_text_and_those_without_a_name_are_their_own(tmp_path: Path) -> None:
    long = 1237655504567926913
    text = f"objectid,star,variable\n1,0012,1\n2,12,0\n3,,1\n4,,0\n5.0,{long},1\n6,NA,1\n"
    (tmp_path / "a.csv").write_text(text)
    labels = read_labels([tmp_path / "a.csv"])
    assert labels.ids.tolist() == [1, 2, 3, 4, 5, 6]
    own = ["light curve 3", "light curve 4"]
    assert labels.stars.tolist() == ["0012", "12", *own, str(long), "NA"]


def test_labels_are_found_in_any_case(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("objectid,star,Variable,rr lyrae\n1,a,1,0.5\n")
    labels = read_labels([path])
    assert labels.columns["variable"].tolist() == [1.0]
    assert labels.columns["RR Lyrae"].tolist() == [0.5]


def test_a_list_that_is_none_is_shown_with_its_row(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('objectid,star,labels\n1,a,"[""EA""]"\n2,b,EA\n')
    with pytest.raises(InputError, match=r"holds no list, in row 1 of .*: 'EA'"):
        read_labels([path])


def test_two_ids_of_one_row_must_be_one(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("_id,objectid,star,vnv\n7,7,a,1\n8,,b,0\n")
    assert read_labels([path], names=["vnv"]).ids.tolist() == [7, 8]
    path.write_text("_id,objectid,star,vnv\n7,7,a,1\n8,9,b,0\n")
    with pytest.raises(InputError, match=r"row 1 of .*'_id 8, objectid 9 \(1 such rows\)'"):
        read_labels([path], names=["vnv"])
