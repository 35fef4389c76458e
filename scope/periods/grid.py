"""Trial frequencies of one light curve, and the frequencies that the Earth imposes."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scope.periods.options import ONES, PeriodOptions

TERRESTRIAL_BANDS = (
    (0.0005, 0.0006),  # 5 years
    (0.000625, 0.00075),  # 4 years
    (0.000833, 0.001),  # 3 years
    (0.00125, 0.0015),  # 2 years
    (0.0025, 0.003),  # 1 year
    (0.005, 0.006),  # half a year
    (0.03, 0.04),  # 30 days
    (0.32, 0.34),  # 3 days
    (0.48, 0.52),  # 2 days
    (0.95, 1.05),  # 1 day
    (1.95, 2.05),
    (2.95, 3.05),
    (3.95, 4.05),
)
"""Frequency bands [1/d], ends included, where ground-based observing imprints power."""
ROUNDING = 1e-9
"""Relative width by which the ends of a band are open to rounding errors."""


@dataclass(frozen=True)
class Grid:
    """Regular trial frequencies ``f0 + df * k`` for ``k = 0 .. n - 1``.

    Attributes
    ----------
    f0, df : float
        First frequency and step, 1/d.
    n : int
        Number of frequencies; 0 where there are none.
    """

    f0: float
    df: float
    n: int

    @property
    def f_last(self) -> float:
        """The highest frequency, 1/d."""
        return self.f0 + self.df * (self.n - 1)

    @property
    def n_independent(self) -> float:
        """Independent frequencies: the width of the grid in units of 1/T, at least 1."""
        # f0 is 2/T, whatever the grid's step.
        return max((self.f_last - self.f0) * 2.0 / self.f0, 1.0)

    def frequency(self, index: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return frequencies [1/d] at grid positions, which may lie between grid points.

        float64, in the shape (...) of `index`.
        """
        return self.f0 + self.df * np.asarray(index, dtype=np.float64)


def max_frequency(options: PeriodOptions) -> float:
    """The highest trial frequency [1/d]: ``max_freq``, or half the cadence's sampling rate."""
    if options.scale_min_period:
        return 1.0 / (2.0 * options.min_cadence_minutes / 1440.0)
    return options.max_freq


def longest_baseline(options: PeriodOptions) -> float:
    """The longest baseline [d] whose grid has no more frequencies than are allowed.

    Infinite where no grid is searched.
    """
    if options.algorithms == (ONES,):
        return math.inf
    # n = (f_max - 2/T) samples_per_peak T; without the -2 samples_per_peak it is rounded down.
    return options.max_trial_frequencies / (options.samples_per_peak * max_frequency(options))


def frequency_grid(baseline_days: float, options: PeriodOptions) -> Grid:
    """The grid of a light curve of the given baseline.

    From 2/T to the highest frequency, in steps of 1/(samples_per_peak T), as in the
    SCoPe pipeline (Healy et al. 2024, ApJS 272, 14), except that T is the curve's own
    baseline, so that a period does not depend on the other curves of a run.

    Parameters
    ----------
    baseline_days : float
        Last less first time, days.

    Returns
    -------
    Grid
        With ``n = 0`` where the baseline is not positive, longer than
        `longest_baseline`, or 2/T is not below the highest frequency.
    """
    if not 0.0 < baseline_days <= min(longest_baseline(options), sys.float_info.max):
        return Grid(math.nan, math.nan, 0)
    f0 = 2.0 / baseline_days
    df = 1.0 / (options.samples_per_peak * baseline_days)
    n = math.ceil((max_frequency(options) - f0) / df)
    return Grid(f0, df, max(n, 0))


def in_terrestrial_band(period_days: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Tell whether the frequency of periods lies in a terrestrial band; False for NaN.

    bool, in the shape (...) of `period_days`.
    """
    period = np.asarray(period_days, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        frequency = 1.0 / period
    inside = np.zeros(period.shape, dtype=bool)
    for low, high in TERRESTRIAL_BANDS:
        inside |= (frequency >= low * (1.0 - ROUNDING)) & (frequency <= high * (1.0 + ROUNDING))
    return inside


def removed_ranges(grid: Grid, options: PeriodOptions) -> npt.NDArray[np.int64]:
    """Grid positions that are left out of the search.

    Returns
    -------
    (m, 2) int64
        Rising half-open ranges of grid positions; empty unless
        ``options.remove_terrestrial``.
    """
    ranges: list[tuple[int, int]] = []
    if options.remove_terrestrial:
        for low, high in TERRESTRIAL_BANDS:
            first = max(math.ceil((low * (1.0 - ROUNDING) - grid.f0) / grid.df), 0)
            stop = min(math.floor((high * (1.0 + ROUNDING) - grid.f0) / grid.df) + 1, grid.n)
            if first < stop:
                ranges.append((first, stop))
    return np.array(ranges, dtype=np.int64).reshape(-1, 2)
