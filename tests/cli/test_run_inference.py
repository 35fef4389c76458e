"""``run-inference`` as a user calls it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scope.catalog.infer_file import infer_files
from scope.cli.run_inference import main
from scope.io import read_csv, read_table, write_table
from tests.small_models import feature_table, small_bundle, small_training_set

ROWS = 60


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Features in no order, with one light curve that cannot be scored."""
    table = feature_table(ROWS // 2, seed=4)
    reasons = pa.array(["too_few_epochs", *[None] * (ROWS - 1)], pa.string())
    table = table.set_column(table.schema.get_field_index("reason"), "reason", reasons)
    path = tmp_path_factory.mktemp("features") / "features.parquet"
    write_table(table.take(pa.array(np.random.default_rng(0).permutation(ROWS))), path, {})
    return path


def run(features: Path, output: Path, *options: str, algorithm: str = "xgb") -> int:
    models = small_bundle(algorithm).folder.parents[1]
    return main(
        [
            *("--features", str(features), "--output", str(output)),
            *("--models-dir", str(models), "--group-name", "small", "--algorithm", algorithm),
            *options,
        ]
    )


@pytest.mark.parametrize("algorithm", ["xgb", "dnn"])
def test_every_light_curve_is_in_the_product(
    features: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], algorithm: str
) -> None:
    output = tmp_path / "new" / "preds.parquet"
    assert run(features, output, algorithm=algorithm) == 0
    table = read_table(output)
    assert table.column("_id").to_pylist() == list(range(1000, 1000 + ROWS))
    assert table.column("reason").to_pylist() == ["too_few_epochs", *[None] * (ROWS - 1)]
    assert table.column(f"red_{algorithm}").null_count == 1
    shown = capsys.readouterr().out
    assert "60 light curves: 59 scored" in shown
    assert "too_few_epochs" in shown
    assert str(output) in shown
    assert [path.name for path in output.parent.iterdir()] == ["preds.parquet"]


def test_batch_size_and_workers_change_no_byte(features: Path, tmp_path: Path) -> None:
    run(features, tmp_path / "a.parquet", "--batch-size", "7", "--workers", "1")
    run(features, tmp_path / "b.parquet", "--batch_size", "1000", "--workers=2")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_some_classes_and_csv(features: Path, tmp_path: Path) -> None:
    assert run(features, tmp_path / "p.parquet", "--classes", "red", "--write_csv") == 0
    table = read_table(tmp_path / "p.parquet")
    assert [name for name in table.column_names if name.endswith("_xgb")] == ["red_xgb"]
    frame = read_csv(tmp_path / "p.csv")
    assert frame["_id"].tolist() == table.column("_id").to_pylist()
    np.testing.assert_array_equal(frame["red_xgb"], table.column("red_xgb").to_pandas())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--classes", "blue"], "'blue'; allowed: low, red"),
        (["--group-name", "ss23"], "no xgb models of group 'ss23'"),
        (["--device", "quantum"], "unknown device: 'quantum'; allowed: cpu, cuda"),
        (["--batch", "7"], "unrecognized arguments: --batch"),
        (["--batch-size", "0"], "below 1"),
        (["--algorithm", "svm"], "svm"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(
    features: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    assert run(features, tmp_path / "p.parquet", *options) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert message in error
    assert not list(tmp_path.iterdir())


def test_a_file_without_the_features_of_the_models_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "f.parquet"
    write_table(read_table(small_training_set()).drop_columns(["curve_1"]), path, {})
    assert run(path, tmp_path / "p.parquet") == 2
    error = capsys.readouterr().err
    assert "curve_1" in error
    assert "f.parquet" in error
    assert not (tmp_path / "p.parquet").exists()


@pytest.mark.parametrize(
    ("column", "cells", "message"),
    [
        ("_id", [1001, 1001], "stands twice in mine.parquet: 1001"),
        ("obj_id", [1.2376555045679268e18, None], "obj_id that was rounded, in row 1 of mine"),
    ],
)
def test_the_file_of_the_user_is_named_and_no_temporary_one(
    features: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    column: str,
    cells: list,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    table = read_table(features).slice(0, 2)
    at = table.schema.get_field_index(column)
    table = (
        table.append_column(column, pa.array(cells))
        if at < 0
        else table.set_column(at, column, pa.array(cells))
    )
    pq.write_table(table, "mine.parquet")
    assert run(Path("mine.parquet"), Path("p.parquet")) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "imputed_0" not in error
    assert [path.name for path in tmp_path.iterdir()] == ["mine.parquet"]


def test_features_without_the_name_of_a_search_are_taken_where_that_is_said(
    features: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = read_table(features)
    names = [name.removesuffix("_LS") for name in table.schema.names]
    assert names != table.schema.names
    bare = tmp_path / "bare.parquet"
    write_table(table.rename_columns(names), bare, {})
    assert run(features, tmp_path / "a.parquet") == 0
    assert run(bare, tmp_path / "b.parquet", "--period-suffix", "None") == 0
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    # the search that made them may be another one: it is not guessed
    assert run(bare, tmp_path / "c.parquet") == 2
    assert "period_LS" in capsys.readouterr().err


def test_several_files_are_scored_as_one(features: Path, tmp_path: Path) -> None:
    table = read_table(features)
    parts = [tmp_path / f"part_{number}.parquet" for number in range(2)]
    for path, start in zip(parts, (0, 25), strict=True):
        write_table(table.slice(start, 25 if not start else ROWS), path, {})
    assert run(features, tmp_path / "a.parquet") == 0
    infer_files(parts, tmp_path / "b.parquet", bundle=small_bundle("xgb"))
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
