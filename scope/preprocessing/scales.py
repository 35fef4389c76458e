"""Offsets and scales of features: those of training rows, or stated ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scope.errors import ConfigError
from scope.preprocessing.strategies import Scaling

Floats = npt.NDArray[np.float64]

MOST_KNOTS = 129
"""Of the map of a feature onto the normal distribution."""


class Curve(NamedTuple):
    """A rising, piecewise linear map of the values of a feature, flat beyond its ends.

    Attributes
    ----------
    at : (q,) float64
        Values, rising.
    to : (q,) float64
        What they become, rising.
    """

    at: Floats
    to: Floats


def normal_curves(filled: Floats) -> list[Curve]:
    """Return, for each column, the map of its values onto the standard normal distribution.

    Knots are evenly spaced in what the map gives, so that tails have theirs however few rows
    are there. One value that has several is taken to their mean.

    Parameters
    ----------
    filled : (n, k) float64
    """
    normal = NormalDist()
    end = -normal.inv_cdf(0.5 / max(len(filled), 2))
    to = np.linspace(-end, end, MOST_KNOTS)
    levels = [normal.cdf(value) for value in to]
    curves = []
    for column in np.quantile(filled, levels, axis=0).T:
        at, place = np.unique(column, return_inverse=True)
        curves.append(Curve(at, np.bincount(place, to) / np.bincount(place)))
    return curves


def check_linear(scaling: str) -> None:
    """Raise ConfigError if a scaling needs more than four statistics of each feature."""
    if scaling not in SCALERS:
        raise ConfigError(
            "scaling that statistics of features do not suffice for",
            value=scaling,
            allowed=list(SCALERS),
            todo="scale by the rows of the training set, or choose another scaling",
        )


def stated_scales(
    features: Sequence[str], scales: Mapping[str, Mapping[str, float | None]], scaling: Scaling
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return offset, scale, lowest and highest value of each feature, as stated.

    Each (k,) float64 for k features.

    Raises
    ------
    ConfigError
        If a feature has no statistics, or the scaling needs more than these.
    """
    check_linear(scaling)
    needed = ("min", "max", *(("median", "std") if scaling == "median_std" else ()))
    missing = [
        name
        for name in features
        if any(scales.get(name, {}).get(statistic) is None for statistic in needed)
    ]
    if missing:
        raise ConfigError(
            "features without statistics to scale them by",
            value=", ".join(missing),
            allowed=f"{', '.join(needed)} of each",
            todo="add them to feature_stats, or set training.feature_stats to dataset",
        )
    column = {name: np.array([scales[feature][name] for feature in features]) for name in needed}
    offset, scale = (
        (column["min"], column["max"] - column["min"])
        if scaling == "min_max"
        else (column["median"], column["std"])
    )
    return *_leave_constant_columns(offset, scale), column["min"], column["max"]


def _min_max(filled: Floats) -> tuple[Floats, Floats]:
    low, high = filled.min(axis=0), filled.max(axis=0)
    return _leave_constant_columns(low, high - low)


def _median_std(filled: Floats) -> tuple[Floats, Floats]:
    return _leave_constant_columns(np.median(filled, axis=0), filled.std(axis=0))


def _leave_constant_columns(offset: Floats, scale: Floats) -> tuple[Floats, Floats]:
    varies = scale > 0
    return np.where(varies, offset, 0.0), np.where(varies, scale, 1.0)


SCALERS: Mapping[str, Callable[[Floats], tuple[Floats, Floats]]] = {
    "min_max": _min_max,
    "median_std": _median_std,
}
"""The linear ways to scale."""
