"""Networks and labels compared on simulated nights that none of them has seen.

python -m tests.benchmarks.stamps_unseen WORK truth bayesian automatic cleaned l2

The nights are made in WORK where they are not there; every way learns from the same images, and
the starter, which learnt from more, is judged beside them.

truth      vgg6 on the truth, as the starter
bayesian   bayesian_vgg6 with a dropout of 0.01; its score is the mean of 20 samples
automatic  vgg6 on what `label_data.make` says of the same images: known minor planets are
           real, of the others some at random are bogus
cleaned    the same without rows on stars that are known to vary
l2         vgg6 with gotorb's own norm, each layer to unit length

With --variable-stars 0.4 they are judged on nights on which that part of the stars brighter than
19 mag has changed, and what is fainter than the template is detected as well; with
--training-variable-stars the networks learn from such nights (in a WORK of their own).
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
from scope.tasks.stamps.simulation.options import NightOptions
from scope.tasks.stamps.simulation.write import simulate_night
from scope.tasks.stamps.starter import (
    SIZE,
    StarterOptions,
    train_on,
    training_night,
    unseen_night,
)
from scope.tasks.stamps.truth import make_truth_set
from scope.tasks.stamps.unseen import calibration_error, judge_on_truth

STARTER = SHIPPED_MODELS / "stamps" / "cnn" / "starter"
SAMPLES = 20
MANY_IMAGES = 60
KINDS = ("minor_planet", "transient", "variable_star")


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


def truth(work: Path, how: StarterOptions) -> Any:
    """Train on the truth."""
    return train_on(truth_set(work), how)


def bayesian(work: Path, how: StarterOptions) -> Any:
    """Train a Bayesian network."""
    return train_on(truth_set(work), how, model=bayesian_vgg6)


def automatic(work: Path, how: StarterOptions) -> Any:
    """Train on automatic labels."""
    return train_on(automatic_set(work), how)


def cleaned(work: Path, how: StarterOptions) -> Any:
    """Train on automatic labels, without known variable stars."""
    made = automatic_set(work)
    clean_varstars(made, work / "train" / "variable_stars.csv", 3.0)
    return train_on(made, how, prefix="varcleaned_")


def other_norm(work: Path, how: StarterOptions) -> Any:
    """Train with the norm of gotorb."""
    return train_on(truth_set(work), how, normalise="l2")


WAYS: Mapping[str, Callable[[Path, StarterOptions], Any]] = {
    "truth": truth,
    "bayesian": bayesian,
    "automatic": automatic,
    "cleaned": cleaned,
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
    return (
        f"| {name} | {best['fpr']:.1%} | {best['fnr']:.1%} | {common['fnr']:.1%} | "
        f"{report['bright']['fnr']:.1%} | {by_kind} | {calibration_error(report):.3f} |\n"
        f"by mag, {name}: {by_mag}"
    )


def varying(night: NightOptions, part: float) -> NightOptions:
    """Return nights of which this part of the stars has changed, down to what is just seen."""
    return replace(night, variable_stars=part, variable_change=(0.02, 1.2), fainter_too=True)


def main() -> None:
    """Print a row for each way, and the starter's."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("work", type=Path)
    parser.add_argument("ways", nargs="*", choices=list(WAYS))
    parser.add_argument("--images", type=int, default=330)
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--variable-stars", type=float)
    parser.add_argument("--training-variable-stars", type=float)
    options = parser.parse_args()
    how, work = StarterOptions(n_train=options.images, epochs=options.epochs), options.work
    train, unseen, judged = training_night(how), unseen_night(how), "unseen"
    if options.training_variable_stars is not None:
        train = varying(train, options.training_variable_stars)
    if options.variable_stars is not None:
        judged = f"unseen_{options.variable_stars:g}"
        unseen = replace(varying(unseen, options.variable_stars), n_images=MANY_IMAGES)
    nights = {judged: unseen, **({"train": train} if options.ways else {})}
    for name, night in nights.items():
        if not (work / name / "images.csv").is_file():
            simulate_night(work / name, night)
    kinds = " | ".join(KINDS)
    print(f"| | FPR | FNR at best | FNR at 1 % FPR | above 8 sigma | {kinds} | ECE |")
    models = {"starter": (STARTER, 0)}
    for name in options.ways:
        _, meta = WAYS[name](work, how)
        models[name] = (Path(meta["model_dir"]), SAMPLES if name == "bayesian" else 0)
    for name, (model, n_samples) in models.items():
        out = work / "judged"
        print(told(name, judge_on_truth(model, work / judged, out, n_samples=n_samples)))


if __name__ == "__main__":
    main()
