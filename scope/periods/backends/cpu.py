"""The period search on one processor core: compiled loops and one non-uniform FFT."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scope.periods.backends import LARGER_IS_BETTER, Curve, Floats, Scan
from scope.periods.grid import Grid
from scope.periods.kernels import eclipse, entropy, fourier, periodogram, power, reduce, variance
from scope.periods.options import PeriodOptions

MARGIN = 14
"""Extra candidates, so that rounding in a scan cannot push a true one out before the exact
evaluation ranks them."""


def scan(
    statistic: str,
    curve: Curve,
    grid: Grid,
    removed: npt.NDArray[np.int64],
    keep: int,
    options: PeriodOptions,
) -> Scan:
    """Reduce one statistic over a grid, and evaluate its best points exactly.

    `removed` has ranges of grid positions to leave out, (m, 2) int64; see
    `scope.periods.backends.Backend`.
    """
    state = reduce.new_state(keep + MARGIN)
    tail = (removed, state)
    steps = (grid.f0, grid.df, grid.n)
    if statistic == "LS":
        series = (curve.time, curve.mag, curve.weight)
        first = round(grid.f0 / grid.df)
        periodogram.scan_power(*series, grid.df, first, grid.n, options.samples_per_peak, *tail)
    elif statistic == "CE":
        bins = (options.phase_bins, options.mag_bins)
        entropy.scan_entropy(curve.time, curve.mag, *steps, *bins, *tail)
    else:
        variance.scan_variance(curve.time, curve.mag, *steps, options.phase_bins, *tail)
    found = reduce.finish(grid.n, removed, keep + MARGIN, options.samples_per_peak, state)
    sign = 1.0 if LARGER_IS_BETTER[statistic] else -1.0
    best = []
    for index in (found.points, found.peaks):
        frequency = grid.frequency(index)
        value = evaluate(statistic, curve, frequency, options)
        # Of equal values, to within rounding, the lower frequency comes first.
        order = np.lexsort((frequency, np.round(-sign * value, 12)))[:keep]
        best += [frequency[order], value[order]]
    return Scan(best[0], best[1], best[2], best[3], sign * found.mean, found.deviation)


def evaluate(statistic: str, curve: Curve, frequencies: Floats, options: PeriodOptions) -> Floats:
    """Return one statistic at a few frequencies, in float64 throughout.

    `frequencies` (1/d) and the result: (k,) float64.
    """
    if statistic == "LS":
        return power.power_at(curve.time, curve.mag, curve.weight, frequencies)
    if statistic == "CE":
        return entropy.entropy_at(
            curve.time, curve.mag, frequencies, options.phase_bins, options.mag_bins
        )
    return variance.variance_at(curve.time, curve.mag, frequencies, options.phase_bins)


def fourier_bic(
    curve: Curve, centres: Floats, offsets: Floats, max_order: int
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return criterion and order of the best Fourier series at ``centres[:, None] + offsets``.

    Of the shapes that `scope.periods.backends.Backend` states: see `Backend.fourier_bic`.
    """
    return fourier.fourier_bic(curve.time, curve.mag, curve.weight, centres, offsets, max_order)


def eclipse_bic(
    curve: Curve, frequencies: Floats, ceiling: float
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return criterion and number of boxes of the best eclipse model at each frequency.

    `frequencies` (1/d): (k,) float64; the result is (k,) float64 and (k,) int64.
    """
    return eclipse.eclipse_bic(curve.time, curve.mag, curve.weight, frequencies, ceiling)
