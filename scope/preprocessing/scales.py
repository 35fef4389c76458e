"""Offsets and scales of features: those of training rows, or stated ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from scope.errors import ConfigError
from scope.preprocessing.strategies import Scaling

Floats = npt.NDArray[np.float64]


def stated_scales(
    features: Sequence[str], scales: Mapping[str, Mapping[str, float | None]], scaling: Scaling
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return offset, scale, lowest and highest value of each feature, as stated.

    Raises
    ------
    ConfigError
        If a feature has no statistics.
    """
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


SCALERS = {"min_max": _min_max, "median_std": _median_std}
