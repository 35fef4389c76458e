"""What one probability from all light curves of a star gains, on held-out labelled stars.

    python -m tests.benchmarks.stars --run RUN [--group starter] [--sets s82_rrlyr eros_ramp]
    python -m tests.benchmarks.stars --features RUN/results/labelled/features.parquet
        --truth RUN/results/labelled/lightcurves/truth.parquet --scratch FOLDER

RUN is the folder of a finished `snakemake train`: its bundles, fusion and out-of-fold scores are
judged. With `--features` trees of a few classes are trained here on these light curves alone, which
takes a minute. A star counts once, with all its light curves; stars of the test set only, which
trained and calibrated nothing.

For each class: average precision and expected calibration error of each light curve by itself,
of the best single band (the light curve with most epochs in that filter), of the mean of the
probabilities of the bands, and of the fusion.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from scope.classifiers.assemble import assemble_training_set
from scope.classifiers.bundle import ModelBundle
from scope.classifiers.evaluation import Judged, judge_probabilities
from scope.classifiers.fusion import Fusion, fuse
from scope.classifiers.settings import training_settings
from scope.classifiers.training import train_bundle
from scope.classifiers.training_scores import TrainingScores
from scope.classifiers.xgb import TreeOptions
from scope.config import Config, load_config
from scope.io import read_table
from scope.product import fuse_stars as learning
from scope.product.fuse_stars import fuse_stars, held_out_stars
from scope.product.star_fusion import StarFusion
from tests.benchmarks.cadence import merged

ROOT = Path(__file__).resolve().parents[2]
CONFIGFILES = [ROOT / "config" / f"{name}.yaml" for name in ("starter", "starter_labelled")]
SETS = ("s82_rrlyr", "eros_ramp")
TAGS = ("puls", "rrlyr", "rrab", "rrc", "ceph", "lpv", "mir", "bis", "e")
"""Classes that are trained where there is no run."""

LEAST = 20
"""Positive stars that a class needs to be in the table."""

Models = tuple[list[ModelBundle], Fusion, list[Path], Path]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--group", default="starter")
    parser.add_argument("--features", type=Path, nargs="+")
    parser.add_argument("--truth", type=Path, nargs="+")
    parser.add_argument("--scratch", type=Path, default=ROOT / "results" / "stars_benchmark")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    options = parser.parse_args()
    if options.run is not None:
        bundles, fusion, scores, training_set = finished(options.run, options.group)
    elif options.features and options.truth:
        bundles, fusion, scores, training_set = trained(options)
    else:
        parser.error("give --run, or --features and --truth")
    stars = fuse_stars(bundles, fusion, scores, training_set, options.scratch / "stars")
    print_table(bundles, fusion, scores, training_set, stars, options.sets)


def finished(run: Path, group: str) -> Models:
    """Return what a training left."""
    results = run / "results"
    bundles = [ModelBundle.load(results / "models" / name / group) for name in ("dnn", "xgb")]
    fusion = Fusion.load(results / "models" / "fused" / group)
    scores = [results / "training_scores" / name / f"{group}.parquet" for name in ("dnn", "xgb")]
    return bundles, fusion, scores, results / "training" / f"{group}.parquet"


def trained(options: argparse.Namespace) -> Models:
    """Train trees of a few classes, once."""
    folder = options.scratch
    layers = [yaml.safe_load(path.read_text()) for path in CONFIGFILES]
    config: Config = load_config(overrides=merged(*layers), root=ROOT)
    training_set, scores = folder / "training.parquet", folder / "scores.parquet"
    if not scores.exists():
        folder.mkdir(parents=True, exist_ok=True)
        assemble_training_set(options.features, options.truth, training_set)
        settings = training_settings(config)
        settings |= {
            # Labelled stars of other surveys have no matches with catalogues.
            "definitions": [
                replace(item, features="phenomenological")
                for item in config.class_definitions(list(TAGS))
            ],
            "features": {"phenomenological": settings["features"]["phenomenological"]},
            "trees": TreeOptions(num_boost_round=options.rounds),
        }
        train_bundle(
            training_set, folder / "xgb", algorithm="xgb", scores_output=scores, **settings
        )
    bundle = ModelBundle.load(folder / "xgb")
    return [bundle], fuse([bundle], [scores], folder / "fused"), [scores], training_set


def print_table(
    bundles: Sequence[ModelBundle],
    fusion: Fusion,
    scores: Sequence[Path],
    training_set: Path,
    stars: StarFusion,
    sets: Sequence[str],
) -> None:
    """Print a line per class, and means."""
    survey = np.array(read_table(training_set, ["survey"]).column("survey").to_pylist())
    rows = TrainingScores.read(scores[0])[0].row_numbers
    found = held_out_stars(bundles, fusion, scores, training_set, stars)
    kinds = ("light curve", "best band", "mean", "star")
    print(f"{' and '.join(sets)}: AP (ECE) of held-out stars with two light curves or more\n")
    print(f"| class | stars | of the class | {' | '.join(kinds)} |\n|---|---|---|---|---|---|---|")
    sums: list[list[float]] = []
    for tag, (group, of_row, probability) in found.items():
        here = np.isin(survey[rows[of_row]], list(sets))
        figures = judged(group, probability, here)
        if figures is None:
            continue
        cells = [f"{ap:.3f} ({ece:.3f})" for ap, ece in figures["kinds"]]
        print(f"| {tag} | {figures['n']} | {figures['positive']} | {' | '.join(cells)} |")
        sums.append([value for pair in figures["kinds"] for value in pair])
    if sums:
        mean = np.mean(sums, axis=0)
        cells = [f"{mean[2 * i]:.3f} ({mean[2 * i + 1]:.3f})" for i in range(len(kinds))]
        print(f"| mean of {len(sums)} classes | | | {' | '.join(cells)} |")


def judged(
    group: learning.Group, probability: np.ndarray, here: np.ndarray
) -> Mapping[str, Any] | None:
    """Return the figures of a class on some light curves; None if it has too few stars."""
    use = np.flatnonzero(here & group.whole[group.rows.star])
    rows, numbers = group.rows.take(use)
    target, p = group.target[numbers], learning.from_log_odds(group.value[use])
    if min(target.sum(), (~target).sum()) < LEAST:
        return None

    def figures(of: np.ndarray, values: np.ndarray) -> tuple[float, float]:
        found = judge_probabilities(Judged(target[of], values, of, {}))
        return found["average_precision"], found["expected_calibration_error"]

    every = np.arange(len(target))
    bands = []
    for band in np.unique(group.band[use]):
        own, of = rows.take(np.flatnonzero(group.band[use] == band))
        if min(target[of].sum(), (~target[of]).sum()) >= LEAST:
            bands.append(figures(of, p[group.band[use] == band][own.first]))
    mean = np.bincount(rows.star, p) / rows.counts
    kinds = [
        figures(rows.star, p),
        max(bands, default=(float("nan"), float("nan"))),
        figures(every, mean),
        figures(every, probability[numbers]),
    ]
    return {"n": len(target), "positive": int(target.sum()), "kinds": kinds}


if __name__ == "__main__":
    main()
