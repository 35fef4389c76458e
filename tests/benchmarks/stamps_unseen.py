"""Networks and labels compared on simulated nights that none of them has seen.

python -m tests.benchmarks.stamps_unseen WORK truth bayesian automatic cleaned l2

The nights are made in WORK where they are not there, as `scope stamps simulate-night` makes them;
every way learns from the same images in the same number of steps of the optimizer, and the
starter, which learnt from more and other images, is judged beside them. In brackets stands
within what a rate lies by other draws of the judged images (95 %).

truth      vgg6 on the truth, as the starter
bayesian   bayesian_vgg6 with a dropout of 0.01; its score is the mean of 20 samples
automatic  vgg6 on what `label_data.make` says of the same images: known minor planets are
           real, of the others some at random are bogus
cleaned    the same without rows on stars that are known to vary
synthetic  automatic labels, with transients made of minor planets and galaxies
           (`label_data.add_synthetic_transients`)
l2         vgg6 with gotorb's own norm, each layer to unit length

To automatic labels every transient is bogus; with --transients 0 (in a WORK of its own) they are
made of nights on which there are none, as on the sky there nearly are.

With --variable-stars they are judged on nights on which 40 % of the stars brighter than
19 mag have changed, and what is fainter than the template is detected as well.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from scope.checkout import SHIPPED_MODELS
from scope.models.images.architectures import bayesian_vgg6
from scope.tasks.stamps import label_data
from scope.tasks.stamps.clean_data import clean_varstars
from scope.tasks.stamps.prepare import split_rows
from scope.tasks.stamps.sets import open_set
from scope.tasks.stamps.simulation.options import NightOptions
from scope.tasks.stamps.simulation.write import simulate_night
from scope.tasks.stamps.starter import (
    BATCH,
    SIZE,
    VALIDATION,
    StarterOptions,
    train_on,
    unseen_night,
    varied_night,
)
from scope.tasks.stamps.truth import make_truth_set
from scope.tasks.stamps.unseen import calibration_error, judge_on_truth

STARTER = SHIPPED_MODELS / "stamps" / "cnn" / "starter"
SAMPLES = 20
TRAIN_SEED = 131
KINDS = ("minor_planet", "transient", "variable_star", "faded_star")


def truth_set(work: Path) -> Path:
    """Return the set of all detections by their truth, made once."""
    for made in (work / "sets").glob("data_*"):
        return made
    return make_truth_set(work / "train", work / "sets", stamp_size=SIZE)


def automatic_set(work: Path) -> Path:
    """Return what is labelled without knowing the truth, made once."""
    for made in (work / "automatic").glob("data_*"):
        return made
    n, out = 10**6, work / "automatic"
    return label_data.make(n, out_dir=out, images=work / "train", stamp_size=SIZE, nproc=1)


def synthetic_set(work: Path) -> Path:
    """Return automatic labels with synthetic transients, made once."""
    for made in (work / "synthetic").glob("data_*"):
        return made
    n, night = 10**6, work / "train"
    made = label_data.make(n, out_dir=work / "synthetic", images=night, stamp_size=SIZE, nproc=1)
    return label_data.add_synthetic_transients(
        n, out_dir=made, images=night, stamp_size=SIZE, nproc=1
    )


def steps_an_epoch(made: Path, prefix: str = "") -> int:
    """Return the steps of the optimizer of an epoch."""
    labels, stamps = open_set(made, prefix)
    stamps.close()
    split = split_rows(labels, test_split=0.0, validation_split=VALIDATION, random_state=42)
    return -(-len(split.train) // BATCH)


def as_many_steps(work: Path, made: Path, how: StarterOptions, prefix: str = "") -> StarterOptions:
    """Return options with which a set is learnt in as many steps as the truth."""
    steps = steps_an_epoch(truth_set(work)) * how.epochs
    return replace(how, epochs=max(round(steps / steps_an_epoch(made, prefix)), 1))


def truth(work: Path, how: StarterOptions) -> Any:
    """Train on the truth."""
    return train_on(truth_set(work), how)


def bayesian(work: Path, how: StarterOptions) -> Any:
    """Train a Bayesian network."""
    return train_on(truth_set(work), how, model=bayesian_vgg6)


def automatic(work: Path, how: StarterOptions) -> Any:
    """Train on automatic labels."""
    made = automatic_set(work)
    return train_on(made, as_many_steps(work, made, how))


def cleaned(work: Path, how: StarterOptions) -> Any:
    """Train on automatic labels, without known variable stars."""
    made, prefix = automatic_set(work), "varcleaned_"
    clean_varstars(made, work / "train" / "variable_stars.csv", 3.0)
    return train_on(made, as_many_steps(work, made, how, prefix), prefix=prefix)


def synthetic(work: Path, how: StarterOptions) -> Any:
    """Train on automatic labels and synthetic transients."""
    made = synthetic_set(work)
    return train_on(made, as_many_steps(work, made, how))


def other_norm(work: Path, how: StarterOptions) -> Any:
    """Train with the norm of gotorb."""
    return train_on(truth_set(work), how, normalise="l2")


WAYS: Mapping[str, Callable[[Path, StarterOptions], Any]] = {
    "truth": truth,
    "bayesian": bayesian,
    "automatic": automatic,
    "cleaned": cleaned,
    "synthetic": synthetic,
    "l2": other_norm,
}


def told(name: str, report: dict[str, Any]) -> str:
    """Return a row of the table, and under it the rates by magnitude."""
    best, common = report["best"], report["common"]
    kinds = [common["by_metalabel"].get(kind) for kind in KINDS]
    by_kind = " | ".join("-" if kind is None else f"{kind['fnr']:.1%}" for kind in kinds)
    by_mag = ", ".join(
        f"{part['low']:g} to {part['high']:g}: FNR {part['fnr']:.1%} of {part['n_real']}"
        + (f", FPR {part['fpr']:.1%} of {part['n_bogus']}" if part["n_bogus"] else "")
        for part in common["by_mag"]
        if part["n_real"]
    )
    rates = " | ".join(
        f"{value:.1%} ({low:.1%} to {high:.1%})"
        for value, (low, high) in (
            (common["fnr"], report["intervals"]["fnr"]),
            (report["bright"]["fnr"], report["intervals"]["bright"]),
        )
    )
    return (
        f"| {name} | {best['fpr']:.1%} | {best['fnr']:.1%} | {rates} | {by_kind} | "
        f"{calibration_error(report):.3f} |\nby mag, {name}: {by_mag}"
    )


def main() -> None:
    """Print a row for each way, and the starter's."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("work", type=Path)
    parser.add_argument("ways", nargs="*", choices=list(WAYS))
    parser.add_argument("--images", type=int, default=330)
    parser.add_argument("--epochs", type=int, default=24)
    parser.add_argument("--nproc", type=int, default=1)
    parser.add_argument("--transients", type=int, default=NightOptions.transients)
    parser.add_argument("--variable-stars", action="store_true")
    options = parser.parse_args()
    how, work = StarterOptions(n_train=options.images, epochs=options.epochs), options.work
    judged = "varied" if options.variable_stars else "unseen"
    nights = {judged: varied_night(how) if options.variable_stars else unseen_night(how)}
    if options.ways:
        nights["train"] = NightOptions(
            n_images=options.images,
            size=how.size,
            seed=TRAIN_SEED,
            transients=options.transients,
        )
    for name, night in nights.items():
        if not (work / name / "images.csv").is_file():
            simulate_night(work / name, night, nproc=options.nproc)
    kinds = " | ".join(KINDS)
    print(f"| | FPR | FNR at best | FNR at 1 % FPR | above 8 sigma | {kinds} | ECE |")
    models = {"starter": (STARTER, 0)}
    for name in options.ways:
        _, meta = WAYS[name](work, how)
        models[name] = (Path(meta["model_dir"]), SAMPLES if name == "bayesian" else 0)
    for name, (model, n_samples) in models.items():
        out = work / "judged"
        print(
            told(name, judge_on_truth(model, work / judged, out, n_samples=n_samples)), flush=True
        )


if __name__ == "__main__":
    main()
