"""What one probability from all light curves of a star gains, on held-out labelled stars.

    python -m tests.benchmarks.stars --run RUN [--group starter] [--sets s82_rrlyr eros_ramp]
    python -m tests.benchmarks.stars --features RUN/results/labelled/features.parquet
        --truth RUN/results/labelled/lightcurves/truth.parquet --scratch FOLDER

RUN is the folder of a finished `snakemake train`: its bundles, fusion and out-of-fold scores are
judged. With `--features` trees of a few classes are trained here on these light curves alone, which
takes a minute. A star counts once, with all its light curves; stars of the test set only, which
trained and calibrated nothing.

    python -m tests.benchmarks.stars --models models --features … --truth … --scratch FOLDER

takes the trees that ship, whose out-of-fold scores are not there: it scores the stars that were
kept from their training, learns the fusion of one half of these and judges it on the other, both
ways.

For each class: average precision and expected calibration error of each light curve by itself (a
star counts once in it, whatever number it has),
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
import pandas as pd
import pyarrow as pa
import yaml

from scope.config import Config, load_config
from scope.inference import infer
from scope.io import read_metadata, read_parquet, read_table, write_table
from scope.models.evaluation.held_out_metrics import Judged, average_precision, judge_probabilities
from scope.models.training.splits import TEST, split_by_star, star_fraction
from scope.models.trees.boosted_trees import TreeOptions
from scope.preprocessing import impute
from scope.product import fuse_stars as learning
from scope.product.fuse_stars import fuse_stars, held_out_stars
from scope.product.star_fusion import StarFusion, StarRows
from scope.tasks.variables.bundles.model_bundle import ModelBundle
from scope.tasks.variables.training.fuse import Fusion, fuse
from scope.tasks.variables.training.train_bundle import train_bundle
from scope.tasks.variables.training.training_scores import TrainingScores
from scope.tasks.variables.training.training_settings import training_settings
from scope.tasks.variables.training_sets.assemble_training_set import assemble_training_set
from tests.benchmarks.cadence import merged

ROOT = Path(__file__).resolve().parents[2]
CONFIGFILES = [ROOT / "config" / f"{name}.yaml" for name in ("starter", "starter_labelled")]
SETS = ("s82_rrlyr", "eros_ramp")
TAGS = ("puls", "rrlyr", "rrab", "rrc", "ceph", "lpv", "mir", "bis", "e")
"""Classes that are trained where there is no run."""

KINDS = ("light curve", "best band", "mean", "star")
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
    parser.add_argument("--models", type=Path)
    parser.add_argument("--test-size", type=float, default=0.25, help="training.test_size")
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    options = parser.parse_args()
    if options.models is not None:
        print_shipped(options)
        return
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


def print_shipped(options: argparse.Namespace) -> None:
    """Print the table of models whose out-of-fold scores are not there."""
    frame, bundle = shipped_scores(options)
    frame = frame[frame["survey"].isin(options.sets)].reset_index(drop=True)
    frame = frame[frame.groupby("sourceid")["_id"].transform("size") > 1].reset_index(drop=True)
    names, star = np.unique(frame["sourceid"], return_inverse=True)
    half = np.array([int(star_fraction(name, "halves") * 2) for name in names])
    rows = StarRows(star, frame["n_epochs"].to_numpy(float), frame["period"].to_numpy(float))
    assert bundle.calibration is not None
    print(f"{' and '.join(options.sets)}: AP (ECE) of held-out stars with two light curves or more")
    print_head()
    sums = []
    for tag, item in bundle.calibration.classes.items():
        if not item.has_probability:
            continue
        of_row = np.array([tag in labels for labels in frame["tags"]])
        unknown = np.array([tag in labels for labels in frame["not_known"]])
        target, known = of_row[rows.first], ~unknown[rows.first]
        value = item.log_odds(frame[f"{tag}_xgb"].to_numpy())
        group = learning.Group(
            *(rows, value, frame["filter"].to_numpy(), target, np.arange(len(names)), None, known),
            np.arange(len(frame)),
        )
        if min((target & known).sum(), (~target & known).sum()) < 2 * LEAST:
            continue
        probability = np.full(len(names), np.nan)
        for part in (0, 1):
            stack = learning.learn_group(group, (half != part) & known, item.prevalence)
            stacked = learning.from_log_odds(stack.log_odds(rows, value))
            probability[half == part] = stacked[half == part]
        figures = judged(group, probability, np.ones(len(frame), dtype=bool))
        if figures is not None:
            sums.append(print_line(tag, figures))
    print_mean(sums)


def shipped_scores(options: argparse.Namespace) -> tuple[pd.DataFrame, ModelBundle]:
    """Return scores, labels and places of light curves of stars that no model was trained on."""
    folder = options.scratch
    folder.mkdir(parents=True, exist_ok=True)
    bundle = ModelBundle.load(options.models / "xgb" / options.group)
    truth = pd.concat([read_parquet(path) for path in options.truth]).set_index("objectid")
    held = split_by_star(truth["sourceid"], test_size=options.test_size) == TEST
    held &= truth["survey"].isin(options.sets).to_numpy()
    features = pa.concat_tables([read_table(path) for path in options.features])
    here = features.filter(pa.array(np.isin(features.column("_id"), truth.index[held])))
    write_table(here.sort_by("_id"), folder / "held.parquet", read_metadata(options.features[0]))
    impute(
        folder / "held.parquet",
        folder / "imputed.parquet",
        bundle.folder / "preprocessing.json",
    )
    infer(folder / "imputed.parquet", folder / "held_scores.parquet", bundle=bundle)
    scores = read_parquet(folder / "held_scores.parquet")
    imputed = read_parquet(folder / "imputed.parquet")[
        ["_id", "filter", "n_epochs", "period", "reason"]
    ]
    frame = imputed.merge(scores, on="_id").merge(
        truth[["sourceid", "survey", "labels", "unknown"]], left_on="_id", right_index=True
    )
    frame = frame[frame["reason"].isna()].reset_index(drop=True)
    tags = {item.label: item.tag for item in load_config().class_definitions(bundle.classes)}
    for name, source in (("tags", "labels"), ("not_known", "unknown")):
        frame[name] = [{tags.get(label) for label in labels} for labels in frame[source]]
    return frame, bundle


def print_head() -> None:
    """Print the first lines of a table."""
    print(f"\n| class | stars | of the class | {' | '.join(KINDS)} |")
    print("|---|---|---|---|---|---|---|")


def print_line(tag: str, figures: Mapping[str, Any]) -> list[float]:
    """Print the figures of a class; returns them in a row."""
    cells = [f"{ap:.3f} ({ece:.3f})" for ap, ece in figures["kinds"]]
    print(f"| {tag} | {figures['n']} | {figures['positive']} | {' | '.join(cells)} |")
    return [value for pair in figures["kinds"] for value in pair]


def print_mean(sums: Sequence[Sequence[float]]) -> None:
    """Print the means of all classes."""
    if sums:
        mean = np.mean(sums, axis=0)
        cells = [f"{mean[2 * i]:.3f} ({mean[2 * i + 1]:.3f})" for i in range(len(KINDS))]
        print(f"| mean of {len(sums)} classes | | | {' | '.join(cells)} |")


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
    print(f"{' and '.join(sets)}: AP (ECE) of held-out stars with two light curves or more")
    print_head()
    sums: list[list[float]] = []
    for tag, (group, of_row, probability) in found.items():
        here = np.isin(survey[rows[of_row]], list(sets))
        figures = judged(group, probability, here)
        if figures is None:
            continue
        sums.append(print_line(tag, figures))
    print_mean(sums)


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
    once = average_precision(target[rows.star], p, 1.0 / rows.counts[rows.star])
    kinds = [
        (once, figures(rows.star, p)[1]),
        max(bands, default=(float("nan"), float("nan"))),
        figures(every, mean),
        figures(every, probability[numbers]),
    ]
    return {"n": len(target), "positive": int(target.sum()), "kinds": kinds}


if __name__ == "__main__":
    main()
