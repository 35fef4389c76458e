"""Classes that cannot be trained: an error, or skipped and named, as was asked for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from scope.cli.train import main
from scope.config import load_config
from scope.io import read_table, write_table
from scope.tasks.variables.bundles.model_bundle import MANIFEST, ModelBundle
from scope.tasks.variables.training.train_bundle import train_bundle
from tests.training_sets import training_set


@pytest.fixture
def few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A training set without EA stars, with two RR Lyrae, and without a column of EW stars."""
    monkeypatch.chdir(tmp_path)
    table = read_table(training_set())
    none = np.zeros(len(table), dtype=np.float32)
    # Two light curves of one star: all on one side of every split.
    two = none.copy()
    two[:2] = 1.0
    for name, values in (("EA", none), ("RR Lyrae", two)):
        place = table.column_names.index(name)
        table = table.set_column(place, name, pa.array(values))
    write_table(table, tmp_path / "t.parquet", {})
    (tmp_path / "config.yaml").write_text("training: {calibration: {n_folds: 2}}")
    return tmp_path / "t.parquet"


ARGUMENTS = ["--path-dataset", "t.parquet", "--algorithm=xgb", "--save"]
TAGS = ["--tag", "vnv", "ea", "rrlyr", "ew", "e"]


def test_without_the_option_nothing_is_trained(
    few: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*TAGS, *ARGUMENTS]) == 2
    assert capsys.readouterr().err.startswith("error: ")
    assert not Path("models").exists()


def test_with_it_the_others_are_trained_and_a_table_says_why_these_are_not(
    few: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*TAGS, *ARGUMENTS, "--skip-untrainable"]) == 0
    lines = capsys.readouterr().out.splitlines()
    begin = lines.index("skipped  why")
    skipped = dict(line.split(maxsplit=1) for line in lines[begin + 1 : begin + 4])
    assert skipped["ew"] == "the training set has no column 'EW'"
    assert skipped["ea"] == "0 positive rows, more than 0 are needed"
    assert "needs positive and negative rows" in skipped["rrlyr"]
    bundle = ModelBundle.load(Path("models/xgb/experiment"))
    assert bundle.classes == ("vnv", "e")
    assert bundle.manifest["skipped"] == skipped
    # Trained on its own, a class is no longer among the skipped.
    assert main(["--tag", "ea", "vnv", *ARGUMENTS, "--skip-untrainable"]) == 0
    assert set(ModelBundle.load(bundle.folder).manifest["skipped"]) == {"ea", "rrlyr", "ew"}


def test_where_none_is_left_nothing_is_written(
    few: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--tag", "ea", "ew", *ARGUMENTS, "--skip-untrainable"]) == 2
    said = capsys.readouterr().err
    assert "no class can be trained" in said
    assert "no column 'EW'" in said
    assert not Path("models").exists()


def test_the_workflows_training_skips_what_its_least_number_of_stars_leaves_out(few: Path) -> None:
    config = load_config()
    definitions = config.class_definitions(("vnv", "ea", "rrlyr"))
    train_bundle(few, "bundle", algorithm="xgb", definitions=definitions, min_count=1)
    manifest = json.loads(Path("bundle", MANIFEST).read_text())
    assert list(manifest["skipped"]) == ["ea", "rrlyr"]
    assert manifest["skipped"]["ea"] == "0 positive rows, more than 1 are needed"
