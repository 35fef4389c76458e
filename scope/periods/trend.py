"""Whether a period is a night's alias of something slower than any period that was tried.

A field is seen once a night, or at few hours of it. What brightens once, or drifts, then looks
the same as a star whose period is a day, half a day or two or three days, but for as much as
brings the slow change about: of 17 in 100 transients that models took for periodic, each had such
a period. No search tells the two apart, since they agree in every point there is; so it is said.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from scope.periods.backends import Curve
from scope.periods.relations import WINDOWS

Floats = npt.NDArray[np.float64]

TREND = "alias_trend"
"""Name of the flag."""
LONGEST_CYCLES = 2.0
"""Slower than so many cycles in the baseline is slower than any period that is tried."""
MULTIPLES = (1, 2, 3)
"""Harmonics of the period whose alias may be the slow change: periods of one, two, three days."""
CYCLES = (0.5, 0.75, 1.0, 1.5, 2.0)
"""Fundamental frequencies of the curves that stand for a slow change, in cycles per baseline."""
HARMONICS = 2
ENOUGH = 0.9
"""A slow curve that explains this part of what the period explains may be the right one: the
bound of the other aliases (`scope.periods.relations.STRONG`)."""


def trend_explains(star: Sequence[Curve], period: float) -> bool:
    """Tell whether a slow change fits about as well as a period that a night's rhythm makes of it.

    Parameters
    ----------
    star : sequence of Curve
        Light curves that were searched together, or one.
    period : float
        The period found [d].

    Returns
    -------
    bool
        True if a harmonic of the period lies within 2/T of a number of cycles per day, solar or
        sidereal, and Fourier series of two terms over half to two cycles in the baseline T
        explain 0.9 or more of what the series at the period explains (sum over the light curves of
        squared deviations, weighed by the errors).
    """
    span = max(float(curve.time.max()) for curve in star)
    # Errors in units of the smallest: their squares neither vanish nor overflow.
    unit = min(float(curve.error.min()) for curve in star)
    if not _near_days(1.0 / period, LONGEST_CYCLES / span):
        return False
    at_period = sum(_explained(curve, 1.0 / period, unit) for curve in star)
    slow = max(sum(_explained(curve, cycles / span, unit) for curve in star) for cycles in CYCLES)
    return bool(slow >= ENOUGH * at_period)


def _near_days(frequency: float, width: float) -> bool:
    """Whether a low harmonic of a frequency is a whole number of cycles per day, to `width`."""
    for day in WINDOWS["alias_day"]:
        for multiple in MULTIPLES:
            cycles = round(multiple * frequency / day)
            if cycles >= 1 and abs(multiple * frequency - cycles * day) < width:
                return True
    return False


def _explained(curve: Curve, frequency: float, unit: float) -> float:
    """Return how much of the square sum over squared errors a Fourier series explains."""
    angle = 2.0 * np.pi * frequency * np.outer(np.arange(1, HARMONICS + 1), curve.time)
    terms = np.vstack([np.ones(len(curve.time)), np.cos(angle), np.sin(angle)])
    # Squared deviations over squared errors, not over weights of sum 1, so that curves add up.
    root = unit / curve.error
    target = curve.mag * root
    coefficients, *_ = np.linalg.lstsq((terms * root).T, target, rcond=1e-10)
    rest = target - (terms * root).T @ coefficients
    return float(target @ target - rest @ rest)
