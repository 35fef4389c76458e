"""Metrics of scores and probabilities on stars that nothing was fitted to.

Scores are judged by their order (average precision, ROC AUC), by what a cut on them gives
(completeness, contamination) and, where they claim to be probabilities, by whether they
are: reliability, Brier score with its parts, expected calibration error. Light curves of
one star are no independent evidence, so that intervals come from drawing stars.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.models.evaluation.score_metrics import score_metrics

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating]

N_BINS = 15
"""Bins of equal numbers of rows in reliability diagrams and the calibration error."""

N_RESAMPLES = 200
LEVEL = 0.95
"""Draws of stars, and the part of them that an interval holds."""

CURVE_CUTS = tuple(round(0.01 * i, 2) for i in range(101))

SLICES: Mapping[str, tuple[float, ...]] = {
    "magnitude": (0, 14, 15, 16, 17, 18, 19, 20, 30),
    "epochs": (0, 30, 50, 75, 100, 150, 250, 500, 1000, 1e6),
    "period": (0, 0.1, 0.3, 1, 3, 10, 100, 1e6),
}
"""Edges of the slices: median magnitude (mag), number of epochs, period (days)."""

MIN_SLICE_POSITIVES = 5


@dataclass(frozen=True)
class Judged:
    """Held-out rows of one class.

    Attributes
    ----------
    target : (n,) bool
        Whether the row is of the class.
    scores : (n,) float
        0 to 1.
    stars : (n,) int
        Rows of one star have the same number.
    slices : dict of str to (n,) float
        What rows are told apart by, see `SLICES`; NaN is in no slice.
    """

    target: Bools
    scores: Floats
    stars: npt.NDArray[np.integer]
    slices: Mapping[str, Floats]

    def take(self, rows: npt.NDArray[np.generic]) -> Judged:
        """Return the rows of a mask or of indices.

        `rows`: (n,) bool, or (m,) int.
        """
        slices = {name: values[rows] for name, values in self.slices.items()}
        return Judged(self.target[rows], self.scores[rows], self.stars[rows], slices)

    def with_scores(self, scores: Floats) -> Judged:
        """Return the same rows with other scores.

        `scores`: (n,) float64.
        """
        return Judged(self.target, scores, self.stars, self.slices)


def judge_scores(rows: Judged, *, seed: int = 0, n_resamples: int = N_RESAMPLES) -> dict[str, Any]:
    """Return how well scores order the rows, and what cuts on them give.

    Returns
    -------
    dict
        The figures of `score_metrics`, ``average_precision_interval`` (null unless there
        are positive and negative rows), ``n_stars``, ``n_positive_stars``, and ``curve``:
        numbers of true and false positives above each ``cut``.
    """
    return {
        **score_metrics(rows.target, rows.scores),
        "n_stars": len(np.unique(rows.stars)),
        "n_positive_stars": len(np.unique(rows.stars[rows.target])),
        "average_precision_interval": average_precision_interval(
            rows, seed=seed, n_resamples=n_resamples
        ),
        "curve": cut_curve(rows.target, rows.scores),
    }


def judge_probabilities(rows: Judged) -> dict[str, Any]:
    """Return whether scores are probabilities.

    Returns
    -------
    dict
        ``average_precision``, ``log_loss`` (nats), ``expected_calibration_error``,
        ``brier`` with its parts and ``reliability``, see `reliability`; empty without rows.
    """
    if not len(rows.target):
        return {}
    p = np.clip(rows.scores.astype(np.float64), 1e-12, 1 - 1e-12)
    return {
        "average_precision": average_precision(rows.target, rows.scores),
        "log_loss": float(-np.mean(np.where(rows.target, np.log(p), np.log1p(-p)))),
        **reliability(rows.target, rows.scores),
    }


def judge_slices(rows: Judged, cut: float | None) -> dict[str, list[dict[str, Any]]]:
    """Return figures by magnitude, number of epochs and period.

    Parameters
    ----------
    cut : float or None
        Where completeness and contamination are told; None leaves them null.

    Returns
    -------
    dict of slice name to list of dict
        ``low`` (included), ``high``, ``n``, ``n_positive``, ``average_precision`` (null
        below `MIN_SLICE_POSITIVES` positive rows) and those of `purity`. Slices without
        rows are left out.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for name, edges in SLICES.items():
        if name not in rows.slices:
            continue
        values = rows.slices[name]
        found[name] = []
        for low, high in pairwise(edges):
            part = rows.take((values >= low) & (values < high))
            if len(part.target):
                found[name].append({"low": low, "high": high, **_slice_figures(part, cut)})
    return found


def _slice_figures(rows: Judged, cut: float | None) -> dict[str, Any]:
    positive = int(rows.target.sum())
    enough = positive >= MIN_SLICE_POSITIVES
    return {
        "n": len(rows.target),
        "n_positive": positive,
        "average_precision": average_precision(rows.target, rows.scores) if enough else None,
        **purity(rows.target, rows.scores, cut),
    }


def purity(target: Bools, scores: Floats, cut: float | None) -> dict[str, float | None]:
    """Return completeness and contamination of the rows at or above a cut.

    Completeness is the part of the positive rows that is found, contamination the part of
    the found rows that is not positive, as the variability catalogues of Gaia tell them
    (Eyer et al. 2023, A&A 674, A13). Null where they are 0 / 0, or without a cut.

    `target` and `scores`: (n,) bool and float64.
    """
    if cut is None:
        return {"completeness": None, "contamination": None}
    called = scores >= cut
    hits, n_called, n_positive = int((called & target).sum()), int(called.sum()), int(target.sum())
    return {
        "completeness": hits / n_positive if n_positive else None,
        "contamination": 1 - hits / n_called if n_called else None,
    }


def average_precision(
    target: Bools, scores: Floats, weights: npt.NDArray[np.generic] | None = None
) -> float | None:
    """Return the average precision, or None unless there are positive and negative rows.

    Parameters
    ----------
    target : (n,) bool
    scores : (n,) float
    weights : (n,) number, optional
        How often each row counts.
    """
    counts = np.ones((1, len(target))) if weights is None else np.asarray(weights)[None, :]
    value = _average_precisions(target, scores, counts)[0]
    return None if np.isnan(value) else float(value)


def _average_precisions(
    target: Bools, scores: Floats, counts: npt.NDArray[np.generic]
) -> npt.NDArray[np.float64]:
    """Return the average precision of each weighting of the rows, NaN where undefined.

    Parameters
    ----------
    counts : (m, n) number
        Weights of the rows.
    """
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    # Rows with equal scores are called together: only the last of them is a cut.
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], [True] * (len(ordered) > 0)))
    weights = counts[:, order].astype(np.float64)
    called = weights.cumsum(axis=1)[:, ends]
    hits = (weights * target[order]).cumsum(axis=1)[:, ends]
    total, everything = hits[:, -1:].sum(axis=1), called[:, -1:].sum(axis=1)
    gained = np.diff(hits, axis=1, prepend=0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(called > 0, hits / called, 0.0)
        value = (precision * gained).sum(axis=1) / total
    value[(total == 0) | (total == everything)] = np.nan
    return np.asarray(value)


def average_precision_interval(
    rows: Judged, *, seed: int = 0, n_resamples: int = N_RESAMPLES, level: float = LEVEL
) -> list[float] | None:
    """Return the percentile interval of the average precision over draws of stars.

    Stars are drawn with replacement, each with all its rows. Draws without positive or
    without negative rows are left out.

    Returns
    -------
    [low, high] or None
        None unless half of the draws are of use.
    """
    names, star_of_row = np.unique(rows.stars, return_inverse=True)
    if not rows.target.any() or rows.target.all():
        return None
    draws = np.random.default_rng(seed).multinomial(
        len(names), np.full(len(names), 1 / len(names)), size=n_resamples
    )
    values = np.concatenate(
        [
            _average_precisions(rows.target, rows.scores, part[:, star_of_row])
            for part in np.array_split(draws, max(1, n_resamples * len(star_of_row) // 2_000_000))
        ]
    )
    values = values[np.isfinite(values)]
    if 2 * len(values) < n_resamples:
        return None
    tail = 50 * (1 - level)
    return [float(edge) for edge in np.percentile(values, (tail, 100 - tail))]


def cut_curve(target: Bools, scores: Floats) -> dict[str, list[float]]:
    """Return the numbers of true and false positives above each cut of `CURVE_CUTS`.

    Precision, recall, and the points of the ROC curve follow from them.

    `target` and `scores`: (n,) bool and float64.
    """
    positive, negative = np.sort(scores[target]), np.sort(scores[~target])
    cuts = np.array(CURVE_CUTS)
    return {
        "cut": list(CURVE_CUTS),
        "true_positives": [len(positive) - int(n) for n in positive.searchsorted(cuts, "right")],
        "false_positives": [len(negative) - int(n) for n in negative.searchsorted(cuts, "right")],
    }


def best_cut(target: Bools, scores: Floats) -> float | None:
    """Return the score from which on rows are called positive for the best F1.

    Of equal F1 the highest; None unless there are positive and negative rows.

    `target` and `scores`: (n,) bool and float64.
    """
    if not target.any() or target.all():
        return None
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    hits = target[order].cumsum()[ends]
    f1 = 2 * hits / (ends + 1 + target.sum())
    return float(ordered[ends[int(np.argmax(f1))]])


def equal_count_bins(scores: Floats, n_bins: int = N_BINS) -> list[npt.NDArray[np.int64]]:
    """Return the rows of bins of equal numbers, from low to high scores.

    Equal scores are shared out over bins in the order of their rows. No bin is empty.

    `scores`: (n,) float64; of each bin (m,) int64.
    """
    order = np.argsort(scores, kind="stable")
    return [part for part in np.array_split(order, n_bins) if len(part)]


def reliability(target: Bools, probability: Floats, n_bins: int = N_BINS) -> dict[str, Any]:
    """Return the reliability diagram and what follows from it.

    The Brier score falls into ``reliability - resolution + uncertainty`` (Murphy 1973,
    J. Appl. Meteorol. 12, 595) and, since probabilities differ within a bin,
    ``within_bins`` (Stephenson et al. 2008, Weather Forecast. 23, 752); the four add up to
    it. Skill is 1 minus the Brier score over that of the mean rate.

    Parameters
    ----------
    target : (n,) bool
        At least one row.
    probability : (n,) float

    Returns
    -------
    dict
        ``bins``: rows, mean probability and rate of positive rows of each;
        ``expected_calibration_error``: mean distance of the two, weighted by rows;
        ``brier``: ``score``, its parts and ``skill`` (null if all rows are alike).
    """
    y, p = target.astype(np.float64), probability.astype(np.float64)
    bins = equal_count_bins(p, n_bins)
    n = np.array([len(rows) for rows in bins]) / len(y)
    mean = np.array([p[rows].mean() for rows in bins])
    rate = np.array([y[rows].mean() for rows in bins])
    score, base = float(np.mean((p - y) ** 2)), float(y.mean())
    parts = {
        "reliability": float(n @ (mean - rate) ** 2),
        "resolution": float(n @ (rate - base) ** 2),
        "uncertainty": base * (1 - base),
    }
    known = parts["reliability"] - parts["resolution"] + parts["uncertainty"]
    return {
        "expected_calibration_error": float(n @ np.abs(mean - rate)),
        "brier": {
            "score": score,
            **parts,
            "within_bins": score - known,
            "skill": 1 - score / parts["uncertainty"] if parts["uncertainty"] else None,
        },
        "bins": {
            "n": [len(rows) for rows in bins],
            "mean_probability": mean.tolist(),
            "rate": rate.tolist(),
        },
    }


def judge_sets(target: Bools, in_set: Mapping[bool, Bools]) -> dict[str, float | None]:
    """Return how prediction sets did: coverage of either side, and how many say something.

    Parameters
    ----------
    target : (n,) bool
    in_set : mapping of bool to (n,) bool
        Whether the set of each row holds "is of the class" and "is not".

    Returns
    -------
    dict
        ``coverage_positive`` and ``coverage_negative``: part of the rows of that side
        whose set holds it; ``single``: part of all rows whose set holds one side only;
        ``empty``: part whose set holds none.
    """
    held = in_set[True].astype(int) + in_set[False]
    return {
        "coverage_positive": _mean(in_set[True][target]),
        "coverage_negative": _mean(in_set[False][~target]),
        "single": _mean(held == 1),
        "empty": _mean(held == 0),
    }


def _mean(values: Bools) -> float | None:
    return float(values.mean()) if len(values) else None


def macro_average(figures: Sequence[Mapping[str, Any]], name: str) -> float | None:
    """Return the mean of a figure over classes, of those that have it."""
    values = [item[name] for item in figures if item.get(name) is not None]
    return float(np.mean(values)) if values else None
