"""A periodogram to look at: the power over all trial frequencies, and its highest peaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from scope.errors import InputError
from scope.periods import PeriodOptions, frequency_grid
from scope.periods.api import prepare_curve
from scope.periods.backends import Curve, Floats, get_backend

N_SHOWN = 1200
"""Intervals of the frequency for which the highest power is drawn."""

N_PEAKS = 8
MOST_TRIALS = 2_000_000
SAMPLES_PER_PEAK = 4
"""Of the drawn power, enough not to miss a peak: it is looked at more finely then."""

FINER = 20
"""Steps per grid step with which a peak is looked at."""


def periodogram(curves: Sequence[Mapping[str, Any]], options: PeriodOptions) -> dict[str, Any]:
    """Return the power of light curves of one star, searched together.

    Of one light curve the power is the share of its weighted variance that a sine wave and a
    constant explain. Of several, each with a sine wave of its own, it is
    ``1 - prod (1 - P_b)^(n_b / n)``, the joint likelihood on the same scale.

    Parameters
    ----------
    curves : sequence of mapping
        ``time`` [d], ``mag``, ``error`` and ``reason``, lists, as of
        `scope.desk.star_curves.CurveReader.read`.
    options : PeriodOptions
        Of the grid.

    Returns
    -------
    dict
        ``period`` [d], rising, and ``power``, of the highest point of each interval; ``peaks``:
        period and power of the highest, more than 1/T apart; ``baseline`` [d].

    Raises
    ------
    InputError
        If no light curve has three usable points at different times.
    """
    usable = [curve for one in curves if (curve := _used(one)) is not None]
    if not usable:
        raise InputError(
            "periodogram of too few points", allowed="three usable points at different times"
        )
    options = replace(options, samples_per_peak=SAMPLES_PER_PEAK)
    baseline = max(float(curve.time.max()) for curve in usable)
    grid = frequency_grid(baseline, options)
    if grid.n == 0 or grid.n > MOST_TRIALS:
        raise InputError(
            "periodogram with no or too many trial frequencies",
            value=grid.n,
            allowed=f"1 to {MOST_TRIALS}",
        )
    power = _fast(usable, grid.f0, grid.df, grid.n)
    peaks = [
        _refined(usable, float(grid.frequency(place)), grid.df, options)
        for place in _highest(power, options.samples_per_peak)
    ]
    peaks.sort(key=lambda peak: -peak[1])
    frequency, shown = _outline(power, grid.f0, grid.df)
    return {
        "period": (1.0 / frequency[::-1]).tolist(),
        "power": np.round(shown[::-1], 5).tolist(),
        "peaks": [{"period": 1.0 / f, "power": value} for f, value in peaks],
        "baseline": baseline,
    }


def _used(one: Mapping[str, Any]) -> Curve | None:
    good = np.array([reason is None for reason in one["reason"]], dtype=bool)
    columns = (np.asarray(one[name], dtype=float)[good] for name in ("time", "mag", "error"))
    curve = prepare_curve(*columns)
    return curve if curve is not None and curve.mag.any() else None


def _fast(curves: Sequence[Curve], f0: float, df: float, n: int) -> Floats:
    """Return the power over a regular grid by astropy's fast transform, good to some 1e-2."""
    from astropy.timeseries import LombScargle

    total = sum(len(curve.time) for curve in curves)
    left = np.zeros(n)
    for curve in curves:
        scargle = LombScargle(curve.time, curve.mag, 1.0 / np.sqrt(curve.weight))
        power = scargle.power(f0 + df * np.arange(n), method="fast", assume_regular_frequency=True)
        left += len(curve.time) / total * np.log1p(-np.clip(power, 0.0, 1.0 - 1e-9))
    return -np.expm1(left)


def _exact(curves: Sequence[Curve], frequencies: Floats, options: PeriodOptions) -> Floats:
    """Return the power at a few frequencies as the period search of this package has it."""
    backend = get_backend("cpu")
    total = sum(len(curve.time) for curve in curves)
    left = np.zeros(len(frequencies))
    for curve in curves:
        power = backend.evaluate("LS", curve, frequencies, options)
        left += len(curve.time) / total * np.log1p(-np.clip(power, 0.0, 1.0 - 1e-12))
    return -np.expm1(left)


def _refined(
    curves: Sequence[Curve], frequency: float, df: float, options: PeriodOptions
) -> tuple[float, float]:
    near = frequency + df * np.arange(-FINER, FINER + 1) / FINER
    near = near[near > 0]
    power = _exact(curves, near, options)
    best = int(np.argmax(power))
    return float(near[best]), float(power[best])


def _highest(power: Floats, apart: int) -> list[int]:
    """Return the places of the highest local maxima, more than `apart` steps apart."""
    inner = np.flatnonzero((power[1:-1] >= power[:-2]) & (power[1:-1] > power[2:])) + 1
    places = inner if len(inner) else np.array([int(np.argmax(power))])
    chosen: list[int] = []
    for place in places[np.argsort(-power[places], kind="stable")].tolist():
        if all(abs(place - other) > apart for other in chosen):
            chosen.append(place)
        if len(chosen) == N_PEAKS:
            break
    return chosen


def _outline(power: Floats, f0: float, df: float) -> tuple[Floats, Floats]:
    """Return the highest point of each of many intervals, even in the logarithm of frequency."""
    frequency = np.asarray(f0 + df * np.arange(len(power)), dtype=np.float64)
    edges = np.linspace(np.log(frequency[0]), np.log(frequency[-1]) + 1e-12, N_SHOWN + 1)
    starts = np.unique(np.searchsorted(np.log(frequency), edges[:-1]))
    ends = np.append(starts[1:], len(power))
    best = [a + int(np.argmax(power[a:b])) for a, b in zip(starts, ends, strict=True)]
    return frequency[best], power[best]
