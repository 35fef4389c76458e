"""Training sets put together from features and truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from scope.config.classes import CLASSES
from scope.errors import DuplicateIdError, InputError, MissingColumnError
from scope.io import read_metadata, read_table, write_table
from scope.surveys.visibility import VISIBLE
from scope.tasks.variables.training_sets.assemble_training_set import LABELS, assemble_training_set


def features(path: Path, ids: list[int], reasons: list[str | None]) -> Path:
    columns = {
        "_id": pa.array(ids),
        "reason": pa.array(reasons, pa.string()),
        "median": pa.array([float(i) for i in ids]),
    }
    write_table(pa.table(columns), path, {"fourier": "raw", "stages": {"features": 1}})
    return path


def truth(path: Path, lines: list[tuple[int, int, list[str]]]) -> Path:
    ids, stars, labels = zip(*lines, strict=True)
    write_table(pa.table({"objectid": ids, "sourceid": stars, "labels": list(labels)}), path, {})
    return path


LINES = [
    (30, 3, ["variable", "EA"]),
    (10, 1, ["variable", "periodic"]),
    (11, 1, ["variable", "periodic"]),
    (20, 2, ["non-variable"]),
]


def test_rows_are_joined_by_id_and_not_by_place(tmp_path: Path) -> None:
    first = features(tmp_path / "a.parquet", [10, 11, 20], [None, None, None])
    second = features(tmp_path / "b.parquet", [30], [None])
    output = tmp_path / "training.parquet"
    assemble_training_set([second, first], [truth(tmp_path / "t.parquet", LINES)], output)
    table = read_table(output)
    assert table.column("_id").to_pylist() == [10, 11, 20, 30]
    assert table.column("star").to_pylist() == ["1", "1", "2", "3"]
    assert table.column("EA").to_pylist() == [0, 0, 0, 1]
    assert table.column("variable").to_pylist() == [1, 1, 0, 1]
    assert table.column("non-variable").to_pylist() == [0, 0, 1, 0]
    assert set(LABELS) <= set(table.column_names)
    assert len(LABELS) == len(CLASSES) + 1
    assert read_metadata(output)["fourier"] == "raw"


def test_light_curves_without_features_are_left_out(tmp_path: Path) -> None:
    path = features(tmp_path / "a.parquet", [10, 11], ["too_few_epochs", None])
    output = tmp_path / "training.parquet"
    assemble_training_set([path], [truth(tmp_path / "t.parquet", LINES)], output)
    assert read_table(output).column("_id").to_pylist() == [11]


def test_a_variable_star_that_noise_hides_is_no_example(tmp_path: Path) -> None:
    path = features(tmp_path / "a.parquet", [10, 11, 20, 30], [None] * 4)
    seen = [VISIBLE, VISIBLE - 1.0, None, 0.0]
    table = read_table(truth(tmp_path / "t.parquet", LINES))
    table = table.append_column("visibility", pa.array(seen, pa.float64()))
    write_table(table, tmp_path / "t.parquet", {})
    output = tmp_path / "training.parquet"
    assemble_training_set([path], [tmp_path / "t.parquet"], output)
    # What does not vary (20) has nothing to show; without a value (11) it is taken as seen.
    assert read_table(output).column("_id").to_pylist() == [11, 20, 30]


def test_a_column_of_truth_of_another_kind_is_an_error(tmp_path: Path) -> None:
    path = features(tmp_path / "a.parquet", [10], [None])
    table = read_table(truth(tmp_path / "t.parquet", LINES[1:2]))
    write_table(table.append_column("visibility", pa.array(["clear"])), tmp_path / "t.parquet", {})
    with pytest.raises(InputError, match=r"another kind: .*t\.parquet.*visibility \(double\)"):
        assemble_training_set([path], [tmp_path / "t.parquet"], tmp_path / "training.parquet")


def test_a_light_curve_without_truth_is_an_error(tmp_path: Path) -> None:
    path = features(tmp_path / "a.parquet", [10, 99], [None, None])
    output = tmp_path / "training.parquet"
    with pytest.raises(InputError, match="without a line of truth: '99"):
        assemble_training_set([path], [truth(tmp_path / "t.parquet", LINES)], output)
    assert not output.exists()


def test_no_light_curve_with_features_is_an_error(tmp_path: Path) -> None:
    path = features(tmp_path / "a.parquet", [10], ["too_few_epochs"])
    output = tmp_path / "training.parquet"
    with pytest.raises(InputError, match="without a light curve that has features"):
        assemble_training_set([path], [truth(tmp_path / "t.parquet", LINES)], output)
    assert not output.exists()


def test_truth_that_stands_twice_is_an_error(tmp_path: Path) -> None:
    tables = [truth(tmp_path / f"{name}.parquet", LINES) for name in "ab"]
    path = features(tmp_path / "f.parquet", [10], [None])
    with pytest.raises(DuplicateIdError, match="two lines of truth: 10"):
        assemble_training_set([path], tables, tmp_path / "training.parquet")


def test_an_unknown_label_is_an_error(tmp_path: Path) -> None:
    table = truth(tmp_path / "t.parquet", [(10, 1, ["variabel"])])
    path = features(tmp_path / "f.parquet", [10], [None])
    with pytest.raises(InputError, match=r"unknown labels: 'variabel'; allowed: variable, "):
        assemble_training_set([path], [table], tmp_path / "training.parquet")


def test_truth_without_stars_is_an_error(tmp_path: Path) -> None:
    table = tmp_path / "t.parquet"
    write_table(pa.table({"objectid": np.arange(3), "labels": [["EA"]] * 3}), table, {})
    path = features(tmp_path / "f.parquet", [1], [None])
    with pytest.raises(MissingColumnError, match="sourceid"):
        assemble_training_set([path], [table], tmp_path / "training.parquet")


def test_labels_that_are_not_known_are_empty(tmp_path: Path) -> None:
    known = truth(tmp_path / "known.parquet", LINES[3:])
    other = {
        "objectid": [10],
        "sourceid": ["ogle 1"],
        "labels": [["variable"]],
        "unknown": [["EA", "periodic"]],
        "survey": ["ogle"],
    }
    write_table(pa.table(other), tmp_path / "other.parquet", {})
    path = features(tmp_path / "a.parquet", [10, 20], [None, None])
    output = tmp_path / "training.parquet"
    assemble_training_set([path], [known, tmp_path / "other.parquet"], output)
    table = read_table(output)
    assert table.column("star").to_pylist() == ["ogle 1", "2"]
    assert table.column("survey").to_pylist() == ["ogle", "simulation"]
    assert table.column("EA").to_pylist() == [None, 0]
    assert table.column("periodic").to_pylist() == [None, 0]
    assert table.column("EB").to_pylist() == [0, 0]


def test_a_share_of_the_stars_is_left_without_matches(tmp_path: Path) -> None:
    n = 2000
    columns = {
        "_id": pa.array(range(2 * n)),
        "reason": pa.nulls(2 * n, pa.string()),
        "n_ztf_alerts": pa.array([5] * 2 * n),
        "Gaia_EDR3__parallax": pa.array([0.5] * 2 * n),
        "skew": pa.array([1.0] * 2 * n),
    }
    write_table(pa.table(columns), tmp_path / "a.parquet", {})
    lines = [(row, row // 2, ["variable"]) for row in range(2 * n)]
    output = tmp_path / "training.parquet"
    stars = truth(tmp_path / "t.parquet", lines)
    assemble_training_set([tmp_path / "a.parquet"], [stars], output, without_matches=0.3)
    table = read_table(output)
    blank = table.column("Gaia_EDR3__parallax").is_null().to_numpy()
    # 0.3 of 2000 stars: 600, with a standard deviation of 20.
    assert abs(blank.sum() / 2 - 600) < 80
    assert np.array_equal(blank[::2], blank[1::2])
    assert np.array_equal(blank, table.column("n_ztf_alerts").is_null().to_numpy())
    assert table.column("skew").null_count == 0


def with_copies(folder: Path) -> tuple[list[Path], list[Path]]:
    """Write a light curve with matches, its twin and its thinned copy, and their truth."""
    columns = {
        "_id": pa.array([10, 20]),
        "reason": pa.nulls(2, pa.string()),
        "n_ztf_alerts": pa.array([5, None], pa.int32()),
        "mean_ztf_alert_braai": pa.array([0.9, None], pa.float32()),
        "Gaia_EDR3__parallax": pa.array([0.5, None]),
    }
    write_table(
        pa.table(columns), folder / "a.parquet", {"min_epochs": 50, "data_release": "simulation"}
    )
    columns = {name: pa.nulls(3, values.type) for name, values in columns.items()}
    columns["_id"] = pa.array([101, 102, 201])
    write_table(pa.table(columns), folder / "b.parquet", {"min_epochs": 20, "data_release": "DR5"})
    lines = [(10, 1, ["variable"]), (20, 2, ["variable"])]
    copies = {
        "objectid": [101, 102, 201],
        "sourceid": ["1", "1", "2"],
        "survey": ["simulation"] * 3,
        "labels": [["non-variable"], ["variable"], []],
        "unknown": [[], [], ["variable"]],
        "parent": [10, 10, 20],
        "copy": ["noise", "thinned", "shuffled"],
    }
    write_table(pa.table(copies), folder / "copies.parquet", {})
    truths = [truth(folder / "t.parquet", lines), folder / "copies.parquet"]
    return [folder / "a.parquet", folder / "b.parquet"], truths


def test_copies_have_the_matches_of_their_parents_and_twins_raise_no_alerts(
    tmp_path: Path,
) -> None:
    output = tmp_path / "training.parquet"
    assemble_training_set(*with_copies(tmp_path), output)
    table = read_table(output).to_pydict()
    assert table["_id"] == [10, 20, 101, 102, 201]
    assert table["star"] == ["1", "2", "1", "1", "2"]
    assert table["copy"] == [None, None, "noise", "thinned", "shuffled"]
    assert table["Gaia_EDR3__parallax"] == [0.5, None, 0.5, 0.5, None]
    # No alerts are known of star 2, so none are of its twin.
    assert table["n_ztf_alerts"] == [5, None, 0, 5, None]
    assert table["mean_ztf_alert_braai"] == pytest.approx([0.9, None, None, 0.9, None])
    assert table["non-variable"] == [0, 0, 1, 0, 0]
    assert table["variable"] == [1, 1, 0, 1, None]
    assert read_metadata(output)["min_epochs"] == 20
    assert read_metadata(output)["data_release"] == ["DR5", "simulation"]


def test_copies_without_their_parents_are_an_error(tmp_path: Path) -> None:
    features, truths = with_copies(tmp_path)
    with pytest.raises(InputError, match="copies of light curves that are not in the files"):
        assemble_training_set(features[1:], truths, tmp_path / "training.parquet")


def test_a_table_without_reasons_is_no_table_of_features(tmp_path: Path) -> None:
    table = pa.table({"_id": [10], "median": [1.0]})
    write_table(table, tmp_path / "a.parquet", {})
    with pytest.raises(MissingColumnError, match="reason"):
        assemble_training_set(
            [tmp_path / "a.parquet"], [truth(tmp_path / "t.parquet", LINES)], tmp_path / "o.parquet"
        )
    assert not (tmp_path / "o.parquet").exists()
