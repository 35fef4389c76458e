"""Maps from the score of a classifier to a probability, each strictly rising.

A map that rises keeps the order of rows, and with it average precision and ROC AUC. All
maps work on log-odds: scores close to 0 and 1 differ by factors.

isotonic     any rising form, from many positive rows (Zadrozny & Elkan 2002, KDD), with
             the steps joined at their centres (Oron & Flournoy 2017, Stat. Biopharm. Res.
             9, 258) and on log-odds, so that no rows are tied
beta         three numbers (Kull et al. 2017, AISTATS, PMLR 54, 623)
platt        two numbers (Platt 1999, with his smoothed targets)
temperature  one number (Guo et al. 2017, ICML): the evidence of the score, which is what
             it adds to the log-odds of its training prevalence, is divided by it
identity     scores that are probabilities already
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

LOWEST: Final = 1e-12
HIGHEST: Final = 1 - 2.0**-24
"""Scores are taken for at least and at most this, the float32 next to 1."""

MIN_SLOPE: Final = 1e-3
"""No map falls or is flat: an uninformative score is nearly, not quite, ignored."""

END_SLOPE: Final = 0.1
"""Of an isotonic map beyond its first and last step, on log-odds."""

Parameters = Mapping[str, Any]


def log_odds(probability: npt.NDArray[np.floating]) -> Floats:
    """Return log(p / (1 - p)) in float64, finite for 0 and 1 too.

    `probability` may be of any shape, (...); the result has it too.

    Both are float arrays of one shape.
    """
    p = np.clip(np.asarray(probability, dtype=np.float64), LOWEST, HIGHEST)
    return np.asarray(np.log(p) - np.log1p(-p))


def from_log_odds(value: npt.NDArray[np.floating]) -> Floats:
    """Return 1 / (1 + exp(-value)) in float64, without overflow.

    `value` may be of any shape, (...); the result has it too.

    Both are float arrays of one shape.
    """
    value = np.asarray(value, dtype=np.float64)
    small = np.exp(-np.abs(value))
    return np.asarray(np.where(value >= 0, 1 / (1 + small), small / (1 + small)))


def fit(method: str, scores: npt.NDArray[np.floating], target: Bools, **about: float) -> Parameters:
    """Fit a map.

    Parameters
    ----------
    method : str
        A key of `MAPS`.
    scores : (n,) float
        0 to 1; out-of-fold scores, since a classifier is surer of rows it has seen.
    target : (n,) bool
        With positive and negative rows.
    **about : float
        What the method needs besides; ``score_prevalence`` for ``temperature``.

    Returns
    -------
    dict
        Numbers, as JSON.
    """
    return _FITS[method](np.asarray(scores, dtype=np.float64), target, **about)


def apply(method: str, parameters: Parameters, scores: npt.NDArray[np.floating]) -> Floats:
    """Return the log-odds of the probabilities of scores, (n,) float64.

    `scores`: (n,) float, from 0 to 1.
    """
    return MAPS[method](parameters, np.asarray(scores, dtype=np.float64))


def _fit_isotonic(scores: Floats, target: Bools) -> Parameters:
    from scipy.optimize import isotonic_regression

    x, row_of = np.unique(log_odds(scores), return_inverse=True)
    weights = np.bincount(row_of).astype(np.float64)
    hits = np.bincount(row_of, weights=target)
    blocks = isotonic_regression(hits / weights, weights=weights).blocks
    n = np.add.reduceat(weights, blocks[:-1])
    centre = np.add.reduceat(weights * x, blocks[:-1]) / n
    # A row of the mean rate is added to each step: none is sure.
    base = hits.sum() / weights.sum()
    rate = (np.add.reduceat(hits, blocks[:-1]) + base) / (n + 1)
    # That may turn the order of neighbours round, which a second pass settles.
    settled = isotonic_regression(rate, weights=n + 1)
    edges = settled.blocks[:-1]
    together = np.add.reduceat(n, edges)
    knots = np.add.reduceat(n * centre, edges) / together
    return {"log_odds_score": knots.tolist(), "log_odds": log_odds(settled.x[edges]).tolist()}


def _apply_isotonic(parameters: Parameters, scores: Floats) -> Floats:
    x = log_odds(scores)
    knots, values = np.array(parameters["log_odds_score"]), np.array(parameters["log_odds"])
    beyond = np.minimum(x - knots[0], 0) + np.maximum(x - knots[-1], 0)
    return np.asarray(np.interp(x, knots, values) + END_SLOPE * beyond)


def _fit_beta(scores: Floats, target: Bools) -> Parameters:
    s = np.clip(scores, LOWEST, HIGHEST)
    columns = np.column_stack([np.log(s), -np.log1p(-s)])
    slopes, intercept = fit_logistic(columns, _smoothed(target))
    return {"a": slopes[0], "b": slopes[1], "c": intercept}


def _apply_beta(parameters: Parameters, scores: Floats) -> Floats:
    s = np.clip(scores, LOWEST, HIGHEST)
    value = parameters["a"] * np.log(s) - parameters["b"] * np.log1p(-s) + parameters["c"]
    return np.asarray(value)


def _fit_platt(scores: Floats, target: Bools) -> Parameters:
    slopes, intercept = fit_logistic(log_odds(scores)[:, None], _smoothed(target))
    return {"slope": slopes[0], "intercept": intercept}


def _smoothed(target: Bools) -> Floats:
    """Return Platt's targets: what a row more of either side would make of certainty."""
    positive = int(target.sum())
    high, low = (positive + 1) / (positive + 2), 1 / (len(target) - positive + 2)
    return np.asarray(np.where(target, high, low))


def _apply_platt(parameters: Parameters, scores: Floats) -> Floats:
    return np.asarray(parameters["slope"] * log_odds(scores) + parameters["intercept"])


def _fit_temperature(scores: Floats, target: Bools, score_prevalence: float) -> Parameters:
    from scipy.optimize import minimize_scalar

    base = float(log_odds(np.array(target.mean())))
    evidence, smoothed = log_odds(scores) - log_odds(np.array(score_prevalence)), _smoothed(target)

    def loss(log_temperature: float) -> float:
        return _log_loss(evidence / np.exp(log_temperature) + base, smoothed)

    found = minimize_scalar(loss, bounds=(np.log(0.1), np.log(1 / MIN_SLOPE)), method="bounded")
    return {
        "temperature": float(np.exp(found.x)),
        "score_prevalence": float(score_prevalence),
        "prevalence": float(target.mean()),
    }


def _apply_temperature(parameters: Parameters, scores: Floats) -> Floats:
    evidence = log_odds(scores) - log_odds(np.array(parameters["score_prevalence"]))
    base = log_odds(np.array(parameters["prevalence"]))
    return np.asarray(evidence / parameters["temperature"] + base)


def fit_logistic(
    columns: Floats,
    target: npt.NDArray[Any],
    *,
    pull: float = 0.0,
    towards: float | Sequence[float] = 1.0,
    lowest: Sequence[float | None] | None = None,
) -> tuple[list[float], float]:
    """Return slopes and intercept of a logistic regression.

    Parameters
    ----------
    columns : (n, k) float64
    target : (n,) bool or float
        0 to 1.
    pull : float
    towards : float or sequence of k float
        Every slope is pulled towards this by the weight of `pull` rows.
    lowest : sequence of k float or None, optional
        No slope is below; None where it may be anything. `MIN_SLOPE` for all by default.
    """
    from scipy.optimize import minimize

    n, k = columns.shape
    bounds = [MIN_SLOPE] * k if lowest is None else lowest
    start = np.broadcast_to(np.asarray(towards, dtype=np.float64), k)
    y = np.asarray(target, dtype=np.float64)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        value = columns @ parameters[:k] + parameters[k]
        off = parameters[:k] - start
        rest = (from_log_odds(value) - y) / n
        gradient = np.append(columns.T @ rest + 2 * pull / n * off, rest.sum())
        return _log_loss(value, y) + pull / n * float(off @ off), gradient

    found = minimize(
        loss,
        np.append(start, 0.0),
        jac=True,
        method="L-BFGS-B",
        bounds=[*((low, None) for low in bounds), (None, None)],
        options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-9},
    )
    return [float(value) for value in found.x[:k]], float(found.x[k])


def _log_loss(value: Floats, target: npt.NDArray[Any]) -> float:
    """Return the mean log loss of log-odds."""
    return float(np.mean(np.logaddexp(0, value) - value * target))


_FITS: Mapping[str, Callable[..., Parameters]] = {
    "isotonic": _fit_isotonic,
    "beta": _fit_beta,
    "platt": _fit_platt,
    "temperature": _fit_temperature,
    "identity": lambda scores, target: {},
}

MAPS: Mapping[str, Callable[[Parameters, Floats], Floats]] = {
    "isotonic": _apply_isotonic,
    "beta": _apply_beta,
    "platt": _apply_platt,
    "temperature": _apply_temperature,
    "identity": lambda parameters, scores: log_odds(scores),
}
"""Method -> what turns its parameters and scores into log-odds."""
