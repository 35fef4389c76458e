"""The starter model: trained on simulated nights, judged on others, with an honest card.

python -m scope.tasks.stamps.starter WORK models/stamps/cnn/starter [IMAGES EPOCHS]
"""

from __future__ import annotations

import json
import math
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scope.models.bundle import CARD, MANIFEST, METRICS, sha256_of
from scope.models.bundle_writer import json_bytes
from scope.tasks.stamps.classifier import train
from scope.tasks.stamps.prepare import split_rows
from scope.tasks.stamps.sets import open_set
from scope.tasks.stamps.simulation.options import NightOptions
from scope.tasks.stamps.simulation.write import simulate_night
from scope.tasks.stamps.truth import make_truth_set
from scope.tasks.stamps.unseen import (
    calibration_error,
    judge_on_truth,
    unseen_options,
    varying,
)

LAYERS = (0, 1, 2)
SIZE = 31
BATCH = 64
VALIDATION = 0.2
NORM = "asinh"
GROUP = "starter"
VARIED_STARS = 0.4
UNKNOWN = (math.nan, math.nan)
"""Interval of a rate of rows of which a small night has none; the card then says nan."""

UNSEEN_SEED = 2000
"""What the seed of the unseen nights has above that of the training's."""

WORDS = """
## What it was trained on

All detections of {n_train} simulated images (`scope stamps simulate-night`), labelled by the
truth of the simulation: no real image, no person. A third of their bright stars vary, and what is
fainter than the template is detected as well, its difference turned; fields are more and less
crowded, and more templates lack an edge, than on other simulated nights.

## How it does on nights that it has never seen (other seeds, other seeing)

{n} detections of {n_images} images. At the best threshold ({threshold:.3f}): FPR {fpr:.2%},
FNR {fnr:.2%}. At the common threshold of 1 % FPR ({n_bogus} bogus detections): FNR {common:.2%}
({common_low:.1%} to {common_high:.1%} by other draws of the images, 95 %);
of the {n_bright} real ones above 8 sigma {bright:.2%} ({bright_low:.1%} to {bright_high:.1%}).
Expected calibration error of the
probabilities {ece:.3f}. Left out: {left_out} real ones where the template has no image, which
nobody could tell from stars.

| kind | n | rate at the common threshold |
|---|---|---|
{rows}

On {n_varied} more on which {part:.0%} of the stars brighter than 19 mag have changed, up or down
({varied_n} detections), at 1 % FPR there: FNR {varied_common:.2%}, above 8 sigma
{varied_bright:.2%} ({varied_low:.1%} to {varied_high:.1%}), expected calibration error
{varied_ece:.3f}.

| kind | n | rate at the common threshold |
|---|---|---|
{varied_rows}

## What it is not fit for

These are figures about the simulation. On images of a telescope it is a first guess, for trying
the tools: train on labelled detections of your own.
"""


@dataclass(frozen=True)
class StarterOptions:
    """Options of making the starter model."""

    n_train: int = 1000
    n_unseen: int = 200
    n_varied: int = 60
    size: int = 256
    epochs: int = 32
    learning_rate: float = 1e-3
    seed: int = 31
    variable_stars: float = 0.3
    crowding: float = 6.0
    template_edge: float = 0.8
    template_edge_px: tuple[int, int] = (3, 40)
    nproc: int = 1


def make_starter(work: str | Path, output: str | Path, options: StarterOptions) -> dict[str, Any]:
    """Simulate, train, judge, and write the bundle with its card.

    Returns
    -------
    dict
        The figures on the nights that were not seen.
    """
    work, output = Path(work), Path(output)
    simulate_night(work / "train", training_night(options), nproc=options.nproc)
    simulate_night(work / "unseen", unseen_night(options), nproc=options.nproc)
    simulate_night(work / "varied", varied_night(options), nproc=options.nproc)
    sets = make_truth_set(work / "train", work / "sets", stamp_size=SIZE, nproc=options.nproc)
    _, meta = train_on(sets, options)
    folder = Path(meta["model_dir"])
    report, varied = (
        judge_on_truth(folder, work / night, work / "judged", nproc=options.nproc)
        for night in ("unseen", "varied")
    )
    report["varied"] = varied
    card = (folder / CARD).read_text() + words(report, options)
    place_bundle(folder, output, card, report)
    return report


def training_night(options: StarterOptions) -> NightOptions:
    """Return what the images are like that the starter learns from."""
    usual = NightOptions(
        n_images=options.n_train,
        size=options.size,
        seed=options.seed,
        crowding=options.crowding,
        template_edge=options.template_edge,
        template_edge_px=options.template_edge_px,
    )
    return varying(usual, options.variable_stars)


def unseen_night(options: StarterOptions) -> NightOptions:
    """Return what the images are like by which it is judged."""
    usual = NightOptions(size=options.size, seed=options.seed)
    return unseen_options(usual, options.n_unseen, options.seed + UNSEEN_SEED)


def varied_night(options: StarterOptions) -> NightOptions:
    """Return what the images are like by which it is judged on stars that vary."""
    usual = NightOptions(size=options.size, seed=options.seed)
    unseen = unseen_options(usual, options.n_varied, options.seed + UNSEEN_SEED + 1)
    return varying(unseen, VARIED_STARS)


def train_on(sets: Path, options: StarterOptions, **change: Any) -> tuple[Any, dict[str, Any]]:
    """Train on a labelled set as the starter is trained.

    The rate of learning falls as a cosine to nothing: the last epochs settle.

    Parameters
    ----------
    change
        Parameters of `classifier.train` that are to be others.
    """
    import keras

    labels, stamps = open_set(sets)
    stamps.close()
    split = split_rows(labels, test_split=0.0, validation_split=VALIDATION, random_state=42)
    steps = -(-len(split.train) // BATCH) * options.epochs
    falling = keras.optimizers.schedules.CosineDecay(options.learning_rate, steps)
    settings = {
        "layers": LAYERS,
        "optimizer": keras.optimizers.Adam(falling),
        "normalise": NORM,
        "batch_size": BATCH,
        "epochs": options.epochs,
        "patience": options.epochs,
        "data_augmentation": {"horizontal_flip": True, "vertical_flip": True, "rot90": True},
        "tensorboard": False,
        "test_split": 0.0,
        "validation_split": VALIDATION,
        "random_state": 42,
    }
    return train(sets, **{**settings, **change})


def words(report: dict[str, Any], options: StarterOptions) -> str:
    """Return the part of the card about nights that were not seen."""
    common, best, bright = report["common"], report["best"], report["bright"]
    varied, (low, high) = report["varied"], report["intervals"]["fnr"]
    (bright_low, bright_high), (varied_low, varied_high) = (
        each["intervals"]["bright"] or UNKNOWN for each in (report, varied)
    )
    return WORDS.format(
        n_train=options.n_train,
        n=report["n"],
        n_images=options.n_unseen,
        threshold=best["threshold"],
        fpr=best["fpr"],
        fnr=best["fnr"],
        common=common["fnr"],
        n_bogus=common["n_bogus"],
        bright=math.nan if bright["fnr"] is None else bright["fnr"],
        n_bright=bright["n_real"],
        ece=calibration_error(report),
        left_out=report["left_out"],
        rows=_rows(report),
        common_low=low,
        common_high=high,
        bright_low=bright_low,
        bright_high=bright_high,
        n_varied=options.n_varied,
        part=VARIED_STARS,
        varied_n=varied["n"],
        varied_common=varied["common"]["fnr"],
        varied_bright=math.nan if varied["bright"]["fnr"] is None else varied["bright"]["fnr"],
        varied_low=varied_low,
        varied_high=varied_high,
        varied_ece=calibration_error(varied),
        varied_rows=_rows(varied),
    )


def _rows(report: dict[str, Any]) -> str:
    """Return the rows of a table of kinds."""
    return "\n".join(
        f"| {name} | {rates['n_real'] or rates['n_bogus']} | "
        + (f"FNR {rates['fnr']:.1%} |" if rates["n_real"] else f"FPR {rates['fpr']:.1%} |")
        for name, rates in report["common"]["by_metalabel"].items()
    )


def place_bundle(folder: Path, output: Path, card: str, report: dict[str, Any]) -> None:
    """Copy a model folder as a bundle, with another card and with the figures of its nights."""
    manifest = json.loads((folder / MANIFEST).read_text())
    metrics = {**json.loads((folder / METRICS).read_text()), "unseen_nights": report}
    contents = {name: (folder / name).read_bytes() for name in manifest["files"]}
    # How the labelled set was split is of no use without it.
    contents.pop("meta.hkl", None)
    contents |= {CARD: card.encode(), METRICS: json_bytes(metrics)}
    # Not the name of the folder: one to look at first is put in its place as it is.
    manifest["group"] = GROUP
    manifest["files"] = {name: sha256_of(content) for name, content in contents.items()}
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    for name, content in {**contents, MANIFEST: json_bytes(manifest)}.items():
        (output / name).write_bytes(content)


if __name__ == "__main__":
    numbers: dict[str, Any] = dict(zip(("n_train", "epochs"), map(int, sys.argv[3:]), strict=False))
    made = make_starter(sys.argv[1], sys.argv[2], replace(StarterOptions(), **numbers))
    print(json.dumps({name: made[name] for name in ("best", "common", "bright")}, indent=1))
