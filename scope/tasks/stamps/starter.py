"""The starter model: trained on simulated nights, judged on others, with an honest card.

python -m scope.tasks.stamps.starter WORK models/stamps/cnn/starter
"""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from scope.models.bundle import CARD, MANIFEST, METRICS, sha256_of
from scope.models.bundle_writer import json_bytes
from scope.tasks.stamps.classifier import train
from scope.tasks.stamps.judging import judge
from scope.tasks.stamps.network_scores import network_of, score_rows
from scope.tasks.stamps.sets import open_set
from scope.tasks.stamps.simulation.options import NightOptions
from scope.tasks.stamps.simulation.write import simulate_night
from scope.tasks.stamps.stamp_model import StampModel, layer_numbers
from scope.tasks.stamps.truth import make_truth_set, truth_facts

LAYERS = (0, 1, 2)
SIZE = 31

WORDS = """
## What it was trained on

All detections of {n_train} simulated images (`scope stamps simulate-night`), labelled by the
truth of the simulation: no real image, no person.

## How it does on nights that it has never seen (other seeds, other seeing)

{n} detections of {n_images} images. At the best threshold ({threshold:.3f}): FPR {fpr:.2%},
FNR {fnr:.2%}. At the common threshold of 1 % FPR: FNR {common:.2%}; of detections above 8 sigma
{bright:.2%}. Expected calibration error of the probabilities {ece:.3f}.

| kind | n | rate at the common threshold |
|---|---|---|
{rows}

## What it is not fit for

These are figures about the simulation. On images of a telescope it is a first guess, for trying
the tools: train on labelled detections of your own.
"""


@dataclass(frozen=True)
class StarterOptions:
    """How the starter model is made."""

    n_train: int = 150
    n_unseen: int = 50
    size: int = 256
    epochs: int = 25
    learning_rate: float = 1e-3
    seed: int = 31
    nproc: int = 1


def make_starter(work: str | Path, output: str | Path, options: StarterOptions) -> dict[str, Any]:
    """Simulate, train, judge, and write the bundle with its card.

    Returns
    -------
    dict
        The figures on the nights that were not seen.
    """
    import keras

    work, output = Path(work), Path(output)
    night = NightOptions(n_images=options.n_train, size=options.size, seed=options.seed)
    simulate_night(work / "train", night, nproc=options.nproc)
    unseen = replace(night, n_images=options.n_unseen, seed=options.seed + 1000)
    # Seeing that training did not have, on either side.
    unseen = replace(unseen, seeing_arcsec=(1.9, 4.6))
    simulate_night(work / "unseen", unseen, nproc=options.nproc)
    sets = make_truth_set(work / "train", work / "sets", stamp_size=SIZE, nproc=options.nproc)
    _, meta = train(
        sets,
        layers=LAYERS,
        optimizer=keras.optimizers.Adam(options.learning_rate),
        epochs=options.epochs,
        patience=6,
        data_augmentation={"horizontal_flip": True, "vertical_flip": True, "rot90": True},
        tensorboard=False,
    )
    folder = Path(meta["model_dir"])
    report = judge_on_truth(folder, work / "unseen", work / "judged", nproc=options.nproc)
    card = (folder / CARD).read_text() + words(report, options)
    place_bundle(folder, output, card, report)
    return report


def judge_on_truth(
    model_dir: Path, night: Path, out_dir: Path, *, nproc: int = 1
) -> dict[str, Any]:
    """Judge a model by the truth of a simulated night.

    Returns
    -------
    dict
        See `judging.judge`, by kind, signal to noise, magnitude and distance to a galaxy.
    """
    model = StampModel.load(model_dir)
    made = make_truth_set(night, out_dir, stamp_size=model.card.size, nproc=nproc)
    labels, stamps = open_set(made)
    facts = truth_facts(night).loc[labels["id"]]
    with stamps:
        scores = score_rows(
            network_of(model),
            stamps,
            np.arange(len(labels)),
            layer_numbers(model.card),
            model.card.normalisation,
        )
    return judge(
        labels["label"].to_numpy() == 1,
        scores,
        labels=labels["metalabel"].tolist(),
        slices={
            "snr": facts["snr"].to_numpy(float),
            "mag": labels["mag"].to_numpy(float),
            "galaxy_arcsec": facts["galaxy_arcsec"].to_numpy(float),
        },
        probability=model.probabilities(scores),
    )


def words(report: dict[str, Any], options: StarterOptions) -> str:
    """Return the part of the card about nights that were not seen."""
    common, best = report["common"], report["best"]
    bright = [part for part in common["by_snr"] if part["low"] >= 8 and part["n_real"]]
    n_bright = sum(part["n_real"] for part in bright)
    missed = sum(part["n_real"] * part["fnr"] for part in bright) / max(n_bright, 1)
    rows = [
        f"| {name} | {rates['n_real'] or rates['n_bogus']} | "
        + (f"FNR {rates['fnr']:.1%} |" if rates["n_real"] else f"FPR {rates['fpr']:.1%} |")
        for name, rates in common["by_metalabel"].items()
    ]
    probabilities = report["calibration"]["probabilities"] or report["calibration"]["scores"]
    return WORDS.format(
        n_train=options.n_train,
        n=report["n"],
        n_images=options.n_unseen,
        threshold=best["threshold"],
        fpr=best["fpr"],
        fnr=best["fnr"],
        common=common["fnr"],
        bright=missed,
        ece=probabilities["expected_calibration_error"],
        rows="\n".join(rows),
    )


def place_bundle(folder: Path, output: Path, card: str, report: dict[str, Any]) -> None:
    """Copy a model folder as a bundle, with another card and with the figures of its nights."""
    manifest = json.loads((folder / MANIFEST).read_text())
    metrics = {**json.loads((folder / METRICS).read_text()), "unseen_nights": report}
    contents = {name: (folder / name).read_bytes() for name in manifest["files"]}
    # How the labelled set was split is of no use without it.
    contents.pop("meta.hkl", None)
    contents |= {CARD: card.encode(), METRICS: json_bytes(metrics)}
    manifest["group"] = output.name
    manifest["files"] = {name: sha256_of(content) for name, content in contents.items()}
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    for name, content in {**contents, MANIFEST: json_bytes(manifest)}.items():
        (output / name).write_bytes(content)


if __name__ == "__main__":
    made = make_starter(sys.argv[1], sys.argv[2], StarterOptions())
    print(json.dumps({name: made[name] for name in ("best", "common")}, indent=1))
