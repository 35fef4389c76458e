"""A third algorithm is one file and a line of configuration: nothing else is touched.

`my_trees.py` is copied into the run folder, as a user would lay it there; ``algorithms: {hgb:
"my_trees:HGB"}`` in its ``config.yaml`` is all that names it.
"""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from scope.config.load import load_config
from scope.errors import ConfigError
from scope.io import read_metadata, read_table
from scope.models import bundle_folder, find_algorithm, find_task
from scope.models.calibration.class_calibration import CalibrationOptions
from scope.plugins import ALGORITHMS
from scope.tasks.variables.bundles.model_bundle import ModelBundle
from scope.tasks.variables.find_models import find_models
from scope.tasks.variables.training.fuse import Fusion, fuse
from scope.tasks.variables.training.train_bundle import train_bundle
from scope.tasks.variables.training.training_settings import training_settings
from tests.training_sets import training_set

from .conftest import Run

CONFIG = """
algorithms: {hgb: "my_trees:HGB"}
training:
  options: {hgb: {max_iter: 20}}
  dnn: {epochs: 2}
  xgboost: {num_boost_round: 20}
  tags: [vnv, e]
inference:
  algorithms: [dnn, xgb, hgb]
  group: mine
simulation: {units: [ccd_01_quad_1], n_stars: 6, years: 1.0, n_epochs_median: 90}
feature_generation: {period_search: {max_freq: 2.0}}
field_check: {rows: 4, least: 1}
"""
TARGET = "field_700"


@dataclass
class Made:
    """A run folder in which all three algorithms were trained, fused and used."""

    run: Run
    bundles: list[ModelBundle]


@pytest.fixture(scope="module")
def made(make_run: Callable[..., Run]) -> Iterator[Made]:
    run = make_run("own_algorithm")
    shutil.copy(Path(__file__).with_name("my_trees.py"), run.folder)
    (run.folder / "config.yaml").write_text(CONFIG)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(run.folder)
        patch.setenv("SCOPE_ALGORITHMS", "")
        settings = training_settings(config := load_config())
        settings |= {"calibration": CalibrationOptions(n_folds=2), "min_count": None}
        settings["group"] = "mine"
        models = Path("models", "variables")
        bundles = [
            train_bundle(
                training_set(),
                models / name / "mine",
                algorithm=name,
                scores_output=f"scores_{name}.parquet",
                **settings,
            )
            for name in config.inference.algorithms
        ]
        scores = [f"scores_{bundle.algorithm}.parquet" for bundle in bundles]
        fuse(bundles, scores, models / "fused" / "mine")
        products = [
            *(f"results/preds_{name}/{TARGET}.parquet" for name in config.inference.algorithms),
            f"results/catalog/{TARGET}.parquet",
            f"results/report/{TARGET}.html",
        ]
        run.snakemake("--", *products)
        yield Made(run, bundles)
    ALGORITHMS._loaded.pop("my_trees:HGB", None)


def test_it_is_trained_with_its_own_options_and_calibrated(made: Made):
    *_, bundle = made.bundles
    assert (bundle.algorithm, bundle.task, bundle.classes) == ("hgb", "variables", ("vnv", "e"))
    assert bundle.manifest["options"]["max_iter"] == 20
    assert bundle.manifest["versions"]["scikit-learn"]
    assert bundle.calibration is not None
    assert bundle.calibration.classes["vnv"].method == "platt"
    assert "trees on histograms" in bundle.read("card.md").decode()
    task = find_task("variables")
    assert task.algorithms == ("dnn", "xgb", "hgb")
    assert bundle_folder("models", task, "hgb", "mine") == Path("models/variables/hgb/mine")


def test_scores_of_the_workflow_are_those_of_scikit_learn(made: Made):
    *_, bundle = made.bundles
    results = made.run.folder / "results"
    prepared = read_table(
        next((results / "gathered").rglob(f"{TARGET}.parquet")),
        ["_id", "reason", *bundle.features("vnv")],
    )
    found = read_table(results / "preds_hgb" / f"{TARGET}.parquet", ["_id", "vnv_hgb"])
    healthy = np.asarray(prepared.column("reason").combine_chunks().is_null())
    assert healthy.any()
    columns = [prepared.column(name).to_numpy() for name in bundle.features("vnv")]
    rows = np.column_stack(columns).astype(np.float32)[healthy]
    model, _ = pickle.loads(bundle.read("vnv.hgb"))
    expected = model.predict_proba(rows)[:, 1].astype(np.float32)
    assert np.array_equal(found.column("_id"), prepared.column("_id"))
    assert np.array_equal(found.column("vnv_hgb").to_numpy()[healthy], expected)
    assert np.isnan(found.column("vnv_hgb").to_numpy()[~healthy]).all()


def test_three_are_fused_in_the_catalogue(made: Made):
    fusion = Fusion.load("models/variables/fused/mine")
    assert list(fusion.stacks["vnv"].weights) == ["dnn", "xgb", "hgb"]
    catalog = made.run.folder / "results" / "catalog" / f"{TARGET}.parquet"
    names = ["vnv_dnn", "vnv_xgb", "vnv_hgb", "vnv_hgb_p", "vnv_p_train", "vnv_p"]
    table = read_table(catalog, names)
    bundle = read_metadata(catalog)["bundle"]["hgb"]
    assert bundle == made.bundles[-1].identity
    values = {name: table.column(name).to_numpy().astype(float) for name in names}
    there = ~np.isnan(values["vnv_hgb"])
    assert there.any()
    # The closed form of a stack: a weighted sum of log-odds, refined by its own calibration.
    log_odds = {
        one.algorithm: one.calibration.classes["vnv"].log_odds(values[f"vnv_{one.algorithm}"])
        for one in made.bundles
    }
    fused = 1 / (1 + np.exp(-fusion.log_odds("vnv", log_odds)))
    assert values["vnv_p_train"][there] == pytest.approx(fused[there], abs=1e-6)


def test_the_report_draws_it_beside_the_others(made: Made):
    page = (made.run.folder / "results" / "report" / f"{TARGET}.html").read_text()
    assert '<span class="key k-hgb"></span>HGB' in page
    assert 'class="hgb-line"' in page
    assert "svg .hgb-line { stroke:" in page
    assert "HGB score" in page
    assert "all of any" in page


def test_models_are_listed_and_verified(made: Made):
    found = find_models("models")
    assert [item.name for item in found] == ["dnn/mine", "xgb/mine", "hgb/mine", "fused/mine"]
    # A process that nothing but the configuration tells of it.
    said = subprocess.run(
        [sys.executable, "-m", "scope.cli.main", "models", "verify"],
        cwd=made.run.folder,
        env={**os.environ, "SCOPE_ALGORITHMS": "", "PYTHONPATH": str(made.run.checkout)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "hgb/mine: 2 classes, whole" in said.stdout


@pytest.mark.parametrize(
    ("algorithms", "options", "words"),
    [
        ({"hgb": "no_such_file:HGB"}, {}, "cannot be loaded"),
        ({"hgb": "my_trees:Options"}, {}, "calls itself otherwise"),
        ({"hgb": "my_trees:HGB"}, {"hgb": {"max_itr": 3}}, "did you mean 'max_iter'"),
        ({"hgb": "my_trees:HGB"}, {"hgb": {"max_iter": "many"}}, "options.hgb.max_iter .*integer"),
        ({"hgb": "my_trees:HGB"}, {"xgb": {"max_depth": 3}}, "training.xgboost"),
        ({"hgb": "my_trees:HGB"}, {"hbg": {"max_iter": 3}}, "unknown algorithm"),
    ],
)
def test_what_cannot_be_used_is_said(
    made: Made, monkeypatch: pytest.MonkeyPatch, algorithms: dict, options: dict, words: str
):
    monkeypatch.setenv("SCOPE_ALGORITHMS", "")
    path = Path("other.yaml")
    path.write_text(f"algorithms: {algorithms}\ntraining: {{options: {options}}}\n")
    with pytest.raises(ConfigError, match=words):
        training_settings(load_config(config_path=path))


def test_an_algorithm_that_no_line_names_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCOPE_ALGORITHMS", "")
    with pytest.raises(ConfigError, match="unknown algorithm"):
        find_algorithm("hgb")
    with pytest.raises(ConfigError, match="'hgb'; allowed: cnn, dnn, quasarnet, xgb"):
        load_config(overrides={"inference": {"algorithms": ["hgb"]}})
    assert "hgb" not in os.environ["SCOPE_ALGORITHMS"]
