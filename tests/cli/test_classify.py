"""``scope classify``: a catalogue from a file of features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from scope.catalog import publish_catalog
from scope.catalog.infer_file import infer_files
from scope.catalog.prevalence_options import PrevalenceOptions
from scope.catalog.probabilities import Probabilities
from scope.cli.main import main
from scope.config import Config
from scope.io import read_metadata, read_table, write_table
from scope.models.calibration.class_tree import ClassTree
from scope.tasks.variables.training.fuse import Fusion, fuse
from tests.small_models import feature_table, small_bundle, small_scores

ROWS = 60
ALGORITHMS = ("dnn", "xgb")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models with both bundles and their fusion."""
    folder = tmp_path_factory.mktemp("models")
    for name in ALGORITHMS:
        (folder / name).mkdir()
        (folder / name / "small").symlink_to(small_bundle(name).folder)
    scores = [small_scores(name) for name in ALGORITHMS]
    fuse([small_bundle(name) for name in ALGORITHMS], scores, folder / "fused" / "small")
    return folder


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Features in no order, with one light curve that cannot be scored."""
    table = feature_table(ROWS // 2, seed=4)
    reasons = pa.array(["too_few_epochs", *[None] * (ROWS - 1)], pa.string())
    table = table.set_column(table.schema.get_field_index("reason"), "reason", reasons)
    path = tmp_path_factory.mktemp("features") / "features.parquet"
    write_table(table.take(pa.array(np.random.default_rng(0).permutation(ROWS))), path, {})
    return path


def classify(features: Path, models: Path, output: Path, *options: str) -> int:
    return main(
        [
            *("classify", "--features", str(features), "--output", str(output)),
            *("--models-dir", str(models), "--group-name", "small"),
            *options,
        ]
    )


def test_the_catalogue_is_that_of_the_stages_one_by_one(
    features: Path, models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "new" / "catalog.parquet"
    assert classify(features, models, output, "--write-csv") == 0
    assert "60 light curves: 59 scored" in capsys.readouterr().out
    assert {path.name for path in output.parent.iterdir()} == {"catalog.parquet", "catalog.csv"}
    paths = []
    for name in ALGORITHMS:
        paths.append(tmp_path / f"{name}.parquet")
        infer_files([features], paths[-1], bundle=small_bundle(name))
    config = Config()
    probabilities = Probabilities(
        [small_bundle(name) for name in ALGORITHMS],
        Fusion.load(models / "fused" / "small"),
        ClassTree(config.class_parents()),
        PrevalenceOptions(estimate=False),
    )
    publish_catalog(paths, tmp_path / "expected.parquet", probabilities=probabilities)
    found, expected = read_table(output), read_table(tmp_path / "expected.parquet")
    assert found.equals(expected)
    assert {"red_p", "red_set", "red_p_train"} <= set(found.schema.names)
    facts = read_metadata(output)["probabilities"]["classes"]["red"]
    assert facts["prevalence_why"] == "a list is no fair sample"


def test_frequencies_are_the_users_choice(features: Path, models: Path, tmp_path: Path) -> None:
    output = tmp_path / "catalog.parquet"
    assert classify(features, models, output, "--frequencies", "estimated") == 0
    facts = read_metadata(output)["probabilities"]["classes"]["red"]
    assert facts["prevalence_why"] == "fewer than 1000 rows"


def test_stated_frequencies_that_contradict_the_tree_end_it_at_once(
    features: Path, models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("probabilities: {stated: {vnv: 0.1, pnp: 0.4}}\n")
    output = tmp_path / "catalog.parquet"
    assert classify(features, models, output, "--config-path", str(config)) == 2
    assert "stated frequencies of pnp above that of vnv" in capsys.readouterr().err
    assert not output.exists()


def test_a_missing_group_is_named(
    features: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert classify(features, tmp_path, tmp_path / "catalog.parquet") == 2
    assert "small" in capsys.readouterr().err
    assert not (tmp_path / "catalog.parquet").exists()
