"""How well scores tell real from bogus: false positive and false negative rates.

FPR is the part of bogus rows that pass a threshold, FNR the part of real ones that do not
(the missed detection rate). Overall numbers hide what is hard: rates are also told by
metalabel, magnitude, signal to noise and distance to a galaxy, at one common threshold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.models.evaluation.held_out_metrics import judge_probabilities

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating]

STEP = 1e-4
COMMON_FPR = 0.01

EDGES: Mapping[str, tuple[float, ...]] = {
    "mag": (0, 15, 16, 17, 18, 19, 20, 21, 99),
    "snr": (0, 5, 8, 12, 20, 50, 1e9),
    "galaxy_arcsec": (0, 2, 5, 10, 20, 1e9),
}
"""Edges of slices: mag, signal to noise, distance to the nearest galaxy (arcsec)."""


def error_rates(
    target: Bools, scores: Floats, thresholds: npt.ArrayLike | None = None
) -> dict[str, npt.NDArray[np.float64]]:
    """Return rates at thresholds; a row passes at or above one.

    Parameters
    ----------
    target : (n,) bool
        Real.
    scores : (n,) float
    thresholds : (k,) float, optional
        From 0 to 1 in steps of 1e-4.

    Returns
    -------
    dict
        ``threshold``, ``fpr``, ``fnr``, each (k,); NaN where there are no such rows.
    """
    cuts = np.arange(0, 1 + STEP / 2, STEP) if thresholds is None else np.asarray(thresholds)
    real, bogus = np.sort(scores[target]), np.sort(scores[~target])
    with np.errstate(invalid="ignore"):
        fnr = real.searchsorted(cuts, "left") / np.float64(len(real))
        fpr = 1 - bogus.searchsorted(cuts, "left") / np.float64(len(bogus))
    return {"threshold": np.asarray(cuts, float), "fpr": fpr, "fnr": fnr}


def best_threshold(target: Bools, scores: Floats) -> dict[str, float]:
    """Return the threshold with the lowest mean of FPR and FNR, and both there.

    Of several the middle one: scores of other rows fall on either side.

    `target` (real) and `scores`: (n,) bool and float.
    """
    rates = error_rates(target, scores)
    mean = (rates["fpr"] + rates["fnr"]) / 2
    lowest = np.flatnonzero(mean == np.nanmin(mean))
    chosen = lowest[len(lowest) // 2]
    return {name: float(values[chosen]) for name, values in rates.items()}


def threshold_at_fpr(target: Bools, scores: Floats, fpr: float = COMMON_FPR) -> float:
    """Return the lowest threshold at which at most a part of the bogus rows pass.

    `target` (real) and `scores`: (n,) bool and float.
    """
    bogus = np.sort(scores[~target])[::-1]
    allowed = int(np.floor(fpr * len(bogus)))
    if allowed >= len(bogus):
        return 0.0
    return float(np.nextafter(bogus[allowed], np.inf))


def rates_at(target: Bools, scores: Floats, threshold: float) -> dict[str, float | int | None]:
    """Return FPR and FNR at one threshold, null where there are no such rows.

    `target` (real) and `scores`: (n,) bool and float.
    """
    real, bogus = scores[target], scores[~target]
    return {
        "n_real": len(real),
        "n_bogus": len(bogus),
        "fnr": float(np.mean(real < threshold)) if len(real) else None,
        "fpr": float(np.mean(bogus >= threshold)) if len(bogus) else None,
    }


def rates_by_label(
    target: Bools, scores: Floats, labels: Sequence[str], threshold: float
) -> dict[str, dict[str, float | int | None]]:
    """Return the rates of each metalabel at one common threshold.

    `target` (real) and `scores`: (n,) bool and float; `labels` has a metalabel per row.
    """
    names = np.asarray(labels, dtype=object)
    return {
        str(name): rates_at(target[names == name], scores[names == name], threshold)
        for name in sorted(set(labels))
    }


def rates_by_slice(
    target: Bools, scores: Floats, values: Floats, edges: Sequence[float], threshold: float
) -> list[dict[str, float | int | None]]:
    """Return the rates between edges (the lower included); empty slices are left out.

    `target` (real), `scores` and `values`: (n,) bool, float and float.
    """
    found = []
    for low, high in pairwise(edges):
        here = (values >= low) & (values < high)
        if here.any():
            rates = rates_at(target[here], scores[here], threshold)
            found.append({"low": low, "high": high, **rates})
    return found


def judge(
    target: Bools,
    scores: Floats,
    *,
    labels: Sequence[str] | None = None,
    slices: Mapping[str, Floats] | None = None,
    probability: Floats | None = None,
    fpr: float = COMMON_FPR,
) -> dict[str, Any]:
    """Return all figures about the scores of rows whose labels are known.

    Parameters
    ----------
    target : (n,) bool
        Real.
    scores : (n,) float
    labels : sequence of n str, optional
        Metalabels.
    slices : mapping of a key of `EDGES` to (n,) float, optional
    probability : (n,) float, optional
        Calibrated.

    Returns
    -------
    dict
        ``best``: threshold with the lowest mean rate; ``common``: that of FPR `fpr`, and the
        rates there, overall, by metalabel and slice; ``at_half``: confusion matrix at 0.5;
        ``calibration`` with its expected calibration error, of scores and probabilities.
    """
    threshold = threshold_at_fpr(target, scores, fpr)
    common: dict[str, Any] = {"threshold": threshold, **rates_at(target, scores, threshold)}
    if labels is not None:
        common["by_metalabel"] = rates_by_label(target, scores, labels, threshold)
    for name, values in (slices or {}).items():
        common[f"by_{name}"] = rates_by_slice(target, scores, values, EDGES[name], threshold)
    called = scores >= 0.5
    return {
        "n": len(target),
        "best": best_threshold(target, scores) if target.any() and not target.all() else None,
        "common": common,
        "at_half": {
            "confusion": confusion(target, called),
            "accuracy": float(np.mean(called == target)) if len(target) else None,
            "misclassified": int(np.sum(called != target)),
        },
        "calibration": {
            "scores": judge_probabilities_of(target, scores),
            "probabilities": (
                None if probability is None else judge_probabilities_of(target, probability)
            ),
        },
    }


def confusion(target: Bools, called: Bools) -> list[list[int]]:
    """Return counts: rows are bogus, real; columns called bogus, called real.

    `target` and `called`: (n,) bool, real or not.
    """
    return [
        [int(np.sum((target == t) & (called == c))) for c in (False, True)] for t in (False, True)
    ]


def judge_probabilities_of(target: Bools, values: Floats) -> dict[str, Any]:
    """Return whether values are probabilities, as for light curves.

    `target` (real) and `values`: (n,) bool and float.
    """
    from scope.models.evaluation.held_out_metrics import Judged

    return judge_probabilities(Judged(target, values, np.arange(len(target)), {}))


def binary_entropy(p: Floats) -> npt.NDArray[np.float64]:
    """Return the entropy of a probability in bits; p is kept 1e-6 from 0 and 1.

    `p` and the result have one shape, (...).
    """
    q = np.clip(np.asarray(p, dtype=np.float64), 1e-6, 1 - 1e-6)
    return np.asarray(-q * np.log2(q) - (1 - q) * np.log2(1 - q))


def confidence(samples: Floats) -> npt.NDArray[np.float64]:
    """Return 1 minus the mean entropy (bits) of dropout samples, (n, samples) -> (n,).

    `samples`: (n, samples) float, scores of one network.
    """
    return np.asarray(1 - binary_entropy(samples).mean(axis=1))


def posterior(
    samples: Floats, grid: npt.ArrayLike | None = None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the density of one row's score: normals cut off at 0 and 1, one a sample.

    Their width is that of Silverman's rule, 1.06 sd n**(-1/5).

    Parameters
    ----------
    samples : (n,) float

    Returns
    -------
    grid, density : (k,) float64
    """
    from scipy.stats import truncnorm

    x = np.linspace(0, 1, 101) if grid is None else np.asarray(grid, dtype=np.float64)
    s = np.asarray(samples, dtype=np.float64)
    width = max(1.06 * float(s.std()) * len(s) ** -0.2, 5e-3)
    low, high = -s / width, (1 - s) / width
    density = truncnorm.pdf(x[:, None], low, high, loc=s, scale=width).mean(axis=1)
    return x, np.asarray(density)
