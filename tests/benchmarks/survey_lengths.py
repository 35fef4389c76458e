"""How well the models do in surveys of several lengths, and whether they call everything variable.

    python -m tests.benchmarks.survey_lengths [--models models] [--group starter] [--stars 700]

Simulates quadrants of the sky, most of whose stars do not vary, computes their features with
the settings of the configuration, and scores them. Neither these stars nor these exposures
were in the training of the starter models. Of each survey: the light curves with scores, and
by either algorithm the average precision of `vnv`, the part above 0.7 of the light curves that
do not vary and of those that do, and the mean average precision of the classes with 20 positive
light curves or more.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from scope.config import Config, load_config
from scope.inference import infer
from scope.io import read_parquet, write_table
from scope.models.evaluation.score_metrics import score_metrics
from scope.preprocessing import impute
from scope.surveys.computed_features import ComputedFeatures
from scope.surveys.open import open_archive
from scope.surveys.simulation import simulate_quadrant
from scope.tasks.variables.bundles.model_bundle import ModelBundle

SURVEYS = ((0.5, 75), (0.75, 90), (1.5, 100), (2.2, 150), (4.5, 250), (8.0, 600))
"""Years, and epochs of a light curve in the middle; none is one of `config/starter.yaml`."""

FIRST_FIELD = 710
UNIT = "ccd_07_quad_2"
LEAST = 20
CUT = 0.7


def main() -> None:
    """Print a line per survey and algorithm."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--group", default="starter")
    parser.add_argument("--stars", type=int, default=700)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    config = load_config()
    print("| years | epochs | light curves | | AP, vnv | constant above 0.7 | variable | mean AP |")
    print("|---|---|---|---|---|---|---|---|")
    for number, (years, epochs) in enumerate(SURVEYS):
        with tempfile.TemporaryDirectory(prefix="scope.") as name:
            folder = Path(name)
            features = _features(folder, FIRST_FIELD + number, years, epochs, config, options)
            truth = pd.read_parquet(folder / "sky" / "truth.parquet").set_index("objectid")
            for algorithm in ("dnn", "xgb"):
                bundle = ModelBundle.load(options.models / algorithm / options.group)
                scores = _scores(features, bundle)
                line = _line(scores, truth, bundle, config.class_labels())
                survey = f"{years:g} | {epochs} | {len(scores)}"
                print(f"| {survey} | {algorithm} | {line} |", flush=True)


def _features(
    folder: Path,
    field: int,
    years: float,
    epochs: int,
    config: Config,
    options: argparse.Namespace,
) -> Path:
    simulate_quadrant(
        folder / "sky",
        field=field,
        ccd=7,
        quad=2,
        n_stars=options.stars,
        seed=field,
        years=years,
        n_epochs_median=epochs,
    )
    survey = open_archive(folder / "sky")
    ids = pd.read_parquet(folder / "sky" / "truth.parquet")["objectid"].to_numpy()
    source = ComputedFeatures(survey, field, [UNIT], config, workers=options.workers)
    table, facts = source.read(np.unique(ids))
    write_table(table, folder / "features.parquet", facts)
    return folder / "features.parquet"


def _scores(features: Path, bundle: ModelBundle) -> pd.DataFrame:
    """Return the rows with scores, by id."""
    imputed, scored = (features.with_name(f"{n}.parquet") for n in ("imputed", "scored"))
    impute(features, imputed, bundle.folder / "preprocessing.json")
    infer(imputed, scored, bundle=bundle)
    scores = read_parquet(scored).set_index("_id")
    return scores[scores[f"vnv_{bundle.algorithm}"].notna()]


def _line(
    scores: pd.DataFrame, truth: pd.DataFrame, bundle: ModelBundle, words: Mapping[str, str]
) -> str:
    labels = [set(names) for names in truth["labels"].reindex(scores.index)]
    precision = {}
    for tag in bundle.classes:
        target = np.array([words[tag] in names for names in labels])
        if LEAST <= target.sum() <= len(target) - LEAST:
            values = scores[f"{tag}_{bundle.algorithm}"].to_numpy(dtype=np.float32)
            precision[tag] = score_metrics(target, values)["average_precision"]
    variable = np.array(["variable" in names for names in labels])
    called = scores[f"vnv_{bundle.algorithm}"].to_numpy() > CUT
    parts = (precision.get("vnv", np.nan), called[~variable].mean(), called[variable].mean())
    mean = np.mean(list(precision.values()))
    return " | ".join([*(f"{part:.3f}" for part in parts), f"{mean:.3f} of {len(precision)}"])


if __name__ == "__main__":
    main()
