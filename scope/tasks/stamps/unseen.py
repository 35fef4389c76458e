"""How a model does on simulated nights that it has never seen, by their truth."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.errors import BundleError
from scope.models.bundle import METRICS
from scope.tasks.stamps.classifier import score_rows
from scope.tasks.stamps.judging import judge, rates_at, threshold_at_fpr
from scope.tasks.stamps.sets import open_set
from scope.tasks.stamps.simulation.options import NightOptions
from scope.tasks.stamps.stamp_model import StampModel, layer_numbers
from scope.tasks.stamps.truth import NO_TEMPLATE, make_truth_set, truth_facts

SEEING_ARCSEC = (1.9, 4.6)
"""Beyond what nights have by default (2.2 to 4.2), on either side."""

VARIABLE_CHANGE = (0.02, 1.2)
"""Magnitudes: down to what is just seen of a bright star."""

BRIGHT_SNR = 8.0
DRAWS = 400
COVERAGE = 0.95
BLOCK = 256


def unseen_options(training: NightOptions, n_images: int, seed: int) -> NightOptions:
    """Return nights like those of a training, of another seed and seeing."""
    if seed == training.seed:
        raise ValueError("the seed of the training gives the same sky again")
    return replace(training, n_images=n_images, seed=seed, seeing_arcsec=SEEING_ARCSEC)


def varying(night: NightOptions, part: float) -> NightOptions:
    """Return nights on which this part of the stars brighter than 19 mag has changed.

    They are detected whether they have become brighter or fainter.
    """
    return replace(night, variable_stars=part, variable_change=VARIABLE_CHANGE, fainter_too=True)


def judge_on_truth(
    model_dir: Path, night: Path, out_dir: Path, *, nproc: int = 1, n_samples: int = 0
) -> dict[str, Any]:
    """Judge a model by the truth of a simulated night.

    Parameters
    ----------
    model_dir : path
    night : path
        As `simulation.write.simulate_night` writes it.
    out_dir : path
        Where the labelled set of its detections is written.
    n_samples : int
        Dropout samples whose mean is the score; 0 leaves dropout out.

    Returns
    -------
    dict
        See `judging.judge`, by kind, signal to noise, magnitude and distance to a galaxy;
        ``bright``: real rows above 8 sigma and their FNR at the common threshold, None where
        there are none;
        ``intervals``, see `image_intervals`; and
        ``left_out``: real rows that stand where the template has no image.
    """
    model = StampModel.load(model_dir)
    made = make_truth_set(night, out_dir, stamp_size=model.card.size, nproc=nproc)
    labels, stamps = open_set(made)
    known = np.flatnonzero(labels["label"].to_numpy() >= 0)
    with stamps:
        scores = _scores(model, stamps, known, n_samples)
    facts = truth_facts(night).loc[labels["id"]].iloc[known]
    left_out = int((labels["metalabel"] == NO_TEMPLATE).sum())
    labels = labels.iloc[known]
    target = labels["label"].to_numpy() == 1
    report = judge(
        target,
        scores,
        labels=labels["metalabel"].tolist(),
        slices={
            "snr": facts["snr"].to_numpy(float),
            "mag": labels["mag"].to_numpy(float),
            "galaxy_arcsec": facts["galaxy_arcsec"].to_numpy(float),
        },
        probability=model.probabilities(scores),
    )
    bright = target & (facts["snr"].to_numpy(float) > BRIGHT_SNR)
    rates = rates_at(target[bright], scores[bright], report["common"]["threshold"])
    report["bright"] = {name: rates[name] for name in ("n_real", "fnr")}
    report["intervals"] = image_intervals(target, scores, bright, labels["image_id"].to_numpy())
    return {**report, "left_out": left_out}


def image_intervals(
    target: npt.NDArray[np.bool_],
    scores: npt.NDArray[np.floating],
    bright: npt.NDArray[np.bool_],
    images: npt.NDArray[np.integer],
) -> dict[str, list[float] | None]:
    """Return within what the FNR at 1 % FPR lies, by other draws of the same images.

    The threshold is found anew in each: most of the uncertainty is that of the few bogus rows
    that pass it.

    Parameters
    ----------
    target, bright : (n,) bool
        Real; real and above 8 sigma.
    scores : (n,) float
    images : (n,) int
        Rows of an image are drawn together (bootstrap, 95 %).

    Returns
    -------
    dict
        ``fnr`` and ``bright``: lower and upper end; None where no draw has such a row.
    """
    rng = np.random.default_rng(0)
    names, number = np.unique(images, return_inverse=True)
    rows = [np.flatnonzero(number == i) for i in range(len(names))]
    found: dict[str, list[float]] = {"fnr": [], "bright": []}
    for _ in range(DRAWS):
        drawn = np.concatenate([rows[i] for i in rng.integers(len(names), size=len(names))])
        real = target[drawn]
        below = scores[drawn] < threshold_at_fpr(real, scores[drawn])
        for name, here in (("fnr", real), ("bright", bright[drawn])):
            if here.any():
                found[name].append(float(below[here].mean()))
    tail = (1 - COVERAGE) / 2
    return {
        name: np.quantile(rates, [tail, 1 - tail]).tolist() if rates else None
        for name, rates in found.items()
    }


def _scores(
    model: StampModel, stamps: Any, rows: npt.NDArray[np.intp], n_samples: int
) -> npt.NDArray[np.float32]:
    layers = layer_numbers(model.card)
    if not n_samples:
        return score_rows(model.network, stamps, rows, layers, model.card.normalisation)
    parts = [
        model.samples(stamps.read(rows[start : start + BLOCK], layers), n_samples).mean(axis=1)
        for start in range(0, len(rows), BLOCK)
    ]
    return np.concatenate([np.empty(0, np.float32), *parts])


def calibration_error(report: dict[str, Any]) -> float:
    """Return the expected calibration error of the probabilities, or of scores without any."""
    found = report["calibration"]["probabilities"] or report["calibration"]["scores"]
    return float(found["expected_calibration_error"])


def unseen_threshold(model: StampModel) -> float:
    """Return the best threshold on the unseen nights that the bundle of a model tells of.

    Raises
    ------
    BundleError
        If it tells of none.
    """
    found = json.loads(model.bundle.read(METRICS)).get("unseen_nights")
    if found is None:
        raise BundleError(
            "model without figures of unseen nights",
            value=str(model.bundle.folder),
            todo="name the starter model, or one that scope.tasks.stamps.starter made",
        )
    return float(found["best"]["threshold"])
