"""A small training set and the bundles trained on it, made once per test session."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from scope.config.classes import ClassDefinition
from scope.io import write_table
from scope.models.calibration.class_calibration import CalibrationOptions
from scope.models.trees.boosted_trees import TreeOptions
from scope.schema import KEY_COLUMNS
from scope.tasks.variables.bundles.model_bundle import ModelBundle
from scope.tasks.variables.training.train_bundle import train_bundle
from scope.tasks.variables.training_sets.training_data import (
    DataOptions,
    TrainingData,
    load_training_data,
)
from tests.once import made_once

CURVE = [f"curve_{i}" for i in range(4)]
CATALOGUE = ["mag_1", "mag_2", "mag_1_error", "n_alerts"]
FEATURES = {
    "phenomenological": [*CURVE, "period_LS"],
    "ontological": [*CURVE, "period_LS", *CATALOGUE],
}
IMPUTE = {
    **dict.fromkeys([*CURVE, "period_LS"], "none"),
    "mag_1": "regress",
    "mag_2": "regress",
    "mag_1_error": "median",
    "n_alerts": "zero",
}
DEFINITIONS = [
    ClassDefinition("low", "low period", "phenomenological", epochs=6, learning_rate=0.01),
    ClassDefinition("red", "red star", "ontological", epochs=6, learning_rate=0.01),
]
TREES = TreeOptions(num_boost_round=30)
CALIBRATION = CalibrationOptions(n_folds=2)
N_STARS = 300


def feature_table(n_stars: int = N_STARS, seed: int = 0, first_id: int = 1000) -> pa.Table:
    """Two light curves per star; some catalogue values are missing."""
    rng = np.random.default_rng(seed)
    n = 2 * n_stars
    star = np.repeat(np.arange(n_stars), 2)
    period = rng.uniform(0, 1, n_stars)[star]
    colour = rng.normal(size=n_stars)[star]
    columns = {name: rng.normal(size=n) for name in CURVE}
    columns["curve_0"] = period + rng.normal(size=n) / 20
    columns["period_LS"] = period
    columns["significance_LS"] = rng.uniform(size=n)
    columns["mag_1"] = rng.normal(size=n)
    columns["mag_2"] = columns["mag_1"] - colour
    columns["mag_1_error"] = rng.uniform(size=n)
    columns["n_alerts"] = rng.poisson(3, n).astype(float)
    for name in CATALOGUE:
        columns[name][rng.random(n) < 0.2] = np.nan
    dmdt = rng.random((n, 676)).astype(np.float32)
    dmdt[period < 0.5, :338] = 0
    dmdt /= np.linalg.norm(dmdt, axis=1)[:, None]
    nulls = {item.name: pa.nulls(n, item.field.type) for item in KEY_COLUMNS}
    return pa.table(
        {
            **nulls,
            "_id": pa.array(first_id + np.arange(n)),
            "ra": rng.uniform(0, 360, n),
            "dec": rng.uniform(-30, 80, n),
            "n_epochs": pa.array(np.full(n, 60), pa.int32()),
            "reason": pa.nulls(n, pa.string()),
            **columns,
            "dmdt": pa.FixedSizeListArray.from_arrays(pa.array(dmdt.reshape(-1)), 676),
            "star": pa.array([f"star {number}" for number in star]),
            "low period": (period < 0.5).astype(np.float64),
            "red star": (colour > 0.5).astype(np.float64),
        }
    )


def train(training_set: Path, output: Path, algorithm: str, **changes: object) -> ModelBundle:
    """Train both classes with the settings of these tests."""
    settings: dict[str, object] = {
        "definitions": DEFINITIONS,
        "features": FEATURES,
        "impute": IMPUTE,
        "period_suffix": "LS",
        "options": {"xgb": TREES},
        "calibration": CALIBRATION,
        **changes,
    }
    for name, of in (("trees", "xgb"), ("network", "dnn")):
        if name in settings:
            settings["options"] = {of: settings.pop(name)}
    return train_bundle(training_set, output, algorithm=algorithm, **settings)  # type: ignore[arg-type]


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="scope-test-models-")


@functools.cache
def small_training_set() -> Path:
    """Return the training set, written once."""
    path = Path(_folder().name) / "training.parquet"
    write_table(feature_table(), path, {})
    return path


def training_data(path: Path | None = None, **options: Any) -> TrainingData:
    """Return a training set with all columns of these tests, by default `small_training_set`.

    Further arguments are those of `DataOptions`.
    """
    return load_training_data(
        path or small_training_set(),
        DEFINITIONS,
        features=FEATURES["ontological"],
        impute=IMPUTE,
        period_suffix="LS",
        options=DataOptions(**options),
    )


@functools.cache
def small_bundle(algorithm: str) -> ModelBundle:
    """Return a bundle under ``…/models/<algorithm>/small``, trained once in a session."""

    def make(folder: Path) -> None:
        output, scores = _small(folder, algorithm)
        train(small_training_set(), output, algorithm, scores_output=scores)

    return ModelBundle.load(_small(made_once(f"small_{algorithm}", make), algorithm)[0])


def small_scores(algorithm: str) -> Path:
    """Return the scores of the training set by `small_bundle`."""
    return _small(small_bundle(algorithm).folder.parents[2], algorithm)[1]


def _small(folder: Path, algorithm: str) -> tuple[Path, Path]:
    return folder / "models" / algorithm / "small", folder / "scores.parquet"
