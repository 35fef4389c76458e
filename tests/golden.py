"""Numbers of a few simulated stars through each stage, as this version computes them.

    python -m tests.golden      writes tests/golden.json anew

Run it only after the version of each stage whose numbers moved was raised in
scope/provenance.py: `tests/test_golden.py` holds the numbers to the versions.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scope.features.generate_features import generate_features
from scope.features.options import FeatureOptions
from scope.inference import infer
from scope.io import read_parquet
from scope.lightcurves.cleaning import CleaningOptions
from scope.periods import PeriodOptions
from scope.preprocessing import impute
from scope.provenance import STAGES
from scope.surveys.simulation import simulate_stars
from scope.tasks.variables.bundles.model_bundle import ModelBundle

ROOT = Path(__file__).resolve().parents[1]
PATH = ROOT / "tests" / "golden.json"
CLASSES = ["RRab", "EA", "EW", "Mira", "CV", "CONST"]


def compute() -> dict[str, Any]:
    """Return, per stage, its version and numbers by column."""
    curves, _ = simulate_stars(CLASSES, 2 * len(CLASSES), 11, years=1.0, n_epochs_median=100)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch:
        source, features = Path(scratch) / "curves.parquet", Path(scratch) / "features.parquet"
        import pyarrow.parquet as pq

        pq.write_table(curves.to_arrow(), source)
        periods = PeriodOptions(algorithms=("LS_BIC", "ELS_ECE_EAOV"), max_freq=4.0)
        options = FeatureOptions(periods=periods, period_suffix="LS_BIC")
        generate_features(source, features, cleaning=CleaningOptions(20), options=options)
        found["simulation"] = _numbers({"mag": curves.mag, "hmjd": curves.time})
        found["features"] = _numbers(read_parquet(features))
        for algorithm in ("dnn", "xgb"):
            folder = ROOT / "models" / algorithm / "starter"
            bundle = ModelBundle.load(folder)
            imputed = Path(scratch) / f"imputed_{algorithm}.parquet"
            scores = Path(scratch) / f"scores_{algorithm}.parquet"
            impute(features, imputed, folder / "preprocessing.json")
            infer(imputed, scores, bundle=bundle)
            found["imputed"] = _numbers(read_parquet(imputed))
            found[f"scores_{algorithm}"] = _numbers(read_parquet(scores))
    return {
        name: {"version": STAGES[name.partition("_")[0]], "numbers": numbers}
        for name, numbers in found.items()
    }


def _numbers(columns: pd.DataFrame | dict[str, Any]) -> dict[str, list[float | None]]:
    """Return the values of number columns; of long ones and of histograms, the moments."""
    result: dict[str, list[float | None]] = {}
    for name, column in dict(columns).items():
        values = np.asarray(column)
        if values.dtype == object and name == "dmdt":
            rows = [np.zeros(1) if row is None else np.asarray(row, dtype=float) for row in values]
            values = np.array([row @ np.sqrt(np.arange(len(row))) for row in rows])
        try:
            values = values.astype(float)
        except (TypeError, ValueError):
            continue
        if len(values) > 100:
            values = np.array([len(values), values.mean(), values.std()])
        result[str(name)] = [None if np.isnan(value) else float(value) for value in values]
    return result


if __name__ == "__main__":
    PATH.write_text(json.dumps(compute(), indent=1) + "\n")
    print(f"wrote {PATH}")
