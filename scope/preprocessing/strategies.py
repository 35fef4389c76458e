"""The ways to fill and to scale features, and what they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, cast, get_args

import numpy as np
import numpy.typing as npt

from scope.errors import ConfigError, InputError

Floats = npt.NDArray[np.float64]
Strategy = Literal["zero", "median", "mean", "regress", "none"]
Scaling = Literal["min_max", "median_std", "quantile"]

STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
SCALINGS: tuple[Scaling, ...] = get_args(Scaling)
MAX_IMPUTABLE = 64
"""Bits of the mask that tells what was filled."""


def check_settings(
    features: Sequence[str], impute: Mapping[str, str], scaling: str
) -> tuple[Strategy, ...]:
    """Return the strategy of each feature.

    Raises
    ------
    ConfigError
        If there are no features, a strategy or the scaling is unknown, or there are too
        many features to impute.
    """
    if not features:
        raise ConfigError("no features to prepare", todo="include some in features.ontological")
    if scaling not in SCALINGS:
        raise ConfigError("unknown scaling of features", value=scaling, allowed=SCALINGS)
    for name in features:
        if impute.get(name) not in STRATEGIES:
            raise ConfigError(
                f"feature {name} without a known imputation strategy",
                value=impute.get(name),
                allowed=STRATEGIES,
                todo=f"set features.ontological.{name}.impute_strategy",
            )
    strategies = tuple(cast(Strategy, impute[name]) for name in features)
    n_imputable = sum(strategy != "none" for strategy in strategies)
    if n_imputable > MAX_IMPUTABLE:
        raise ConfigError(
            "too many features with imputation for the mask of what was filled",
            value=n_imputable,
            allowed=f"at most {MAX_IMPUTABLE}",
        )
    return strategies


def check_learnable(raw: Floats, features: Sequence[str], strategies: Sequence[Strategy]) -> None:
    """Raise InputError unless each column of `raw`, (n, k), has what its strategy learns.

    `raw`: (n, k) float64.
    """
    if len(raw) == 0:
        raise InputError(
            "training set without a row in which all features without imputation are defined",
            value=", ".join(f for f, s in zip(features, strategies, strict=True) if s == "none"),
            todo="check these columns",
        )
    finite = np.asarray(np.isfinite(raw).any(axis=0))
    empty = [
        name
        for name, strategy, any_finite in zip(features, strategies, finite, strict=True)
        if strategy in ("median", "mean", "regress") and not any_finite
    ]
    if empty:
        raise InputError(
            "training features that are never defined",
            value=", ".join(empty),
            todo="give the catalogue tables that they come from, set their impute_strategy to "
            "zero, or leave out the classes that need them",
        )
