"""The 59 features of cesium that the Source Classification Project used to add.

Definitions as of cesium 0.12 (Naul et al. 2016, arXiv:1609.04504; Richards et al. 2011,
ApJ 733, 10), written anew as numba kernels. The columns are called ``cesium_<name>``:
cesium's ``skew`` is another quantity than the ``skew`` of `scope.features.statistics`,
and ``period_fast`` is no period with the suffix ``fast``.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from scope.features.cesium_definitions import CADENCE_MINUTES, FLUX_RANGES, PEAK_PAIRS
from scope.features.cesium_models import fast_period, qso
from scope.features.kernels import Array, kernel, median_of_sorted, percentile_of_sorted
from scope.features.registry import names_of
from scope.lightcurves.curves import LightCurves

_N_PEAKS = 5
_LAG_BINS = 50
_BINS_PER_LAG_BIN = 50

NAMES: tuple[str, ...] = names_of("cesium")
"""Names of the columns."""


def cesium(lightcurves: LightCurves) -> npt.NDArray[np.float64]:
    """Compute cesium's features of many light curves.

    Parameters
    ----------
    lightcurves : LightCurves
        n curves with times rising within each.

    Returns
    -------
    (n, 59) float64
        One column per name of `NAMES`. Times and periods in days (``avgt`` in HJD),
        magnitudes in mag. NaN where a feature is undefined, and for all of a curve of
        fewer than two points.
    """
    out = np.empty((len(lightcurves), len(NAMES)))
    _cesium(
        lightcurves.offsets,
        lightcurves.time,
        lightcurves.mag,
        lightcurves.magerr,
        lightcurves.time_zero_hjd,
        np.asarray(CADENCE_MINUTES, dtype=np.float64) / 1440.0,
        np.asarray(FLUX_RANGES, dtype=np.float64) / 200.0,
        np.asarray(PEAK_PAIRS, dtype=np.int64),
        out,
    )
    return out


@kernel
def _cesium(
    offsets: npt.NDArray[np.int64],
    time: Array,
    mag: npt.NDArray[np.floating],
    magerr: npt.NDArray[np.floating],
    time_zero_hjd: float,
    cadences: Array,
    half_ranges: Array,
    pairs: npt.NDArray[np.int64],
    out: Array,
) -> None:
    for curve in range(len(offsets) - 1):
        low, high = offsets[curve], offsets[curve + 1]
        row = out[curve]
        row[:] = math.nan
        if high - low < 2:
            continue
        t = time[low:high] - time[low]
        m = mag[low:high].astype(np.float64)
        e = magerr[low:high].astype(np.float64)

        row[0] = _mean(e)
        row[1] = median_of_sorted(np.sort(e))
        row[2] = _deviation(e)
        row[4] = time_zero_hjd + (time[low] + _mean(t))
        row[6] = _mean(m)
        at = _cadence(t, cadences, row)
        at = _lags(t, pairs, row, at)
        at = _magnitudes(t, m, e, half_ranges, row, at)
        row[at] = fast_period(t, m, e)
        row[at + 1], row[at + 2] = qso(t, m, e)
        row[at + 3] = _skew(m)
        row[at + 4] = _deviation(m)
        for k in range(len(row)):
            if not math.isfinite(row[k]):
                row[k] = math.nan


@kernel
def _mean(x: Array) -> float:
    total = 0.0
    for value in x:
        total += value
    return total / len(x)


@kernel
def _deviation(x: Array) -> float:
    """Return the standard deviation of the population."""
    mean = _mean(x)
    total = 0.0
    for value in x:
        total += (value - mean) ** 2
    return math.sqrt(total / len(x))


@kernel
def _skew(x: Array) -> float:
    """Return the skewness, third central moment over the deviation cubed."""
    mean = _mean(x)
    second = third = 0.0
    for value in x:
        second += (value - mean) ** 2
        third += (value - mean) ** 3
    return (third / len(x)) / (second / len(x)) ** 1.5


@kernel
def _cadence(t: Array, cadences: Array, row: Array) -> int:
    """Fill what depends on the gaps between neighbouring epochs; return the next column."""
    n = len(t)
    gaps = np.diff(t)
    ordered = np.sort(gaps)
    row[3] = t[n - 1] - t[0]
    row[5] = _deviation(gaps)
    row[7] = _mean(gaps)
    row[8] = median_of_sorted(ordered)
    at = 9
    for cadence in cadences:
        # Percentile rank: the mean of the shares below, and below or at, the value.
        below = np.searchsorted(ordered, cadence, side="left")
        up_to = np.searchsorted(ordered, cadence, side="right")
        row[at] = (below + up_to + (1 if up_to > below else 0)) * 0.5 / (n - 1)
        at += 1
    if n > 3:
        # As computed there, not as named there: (d[i + 2] + d[i]) / (d[i + 1] - d[i]).
        steps = (gaps[2:] + gaps[:-2]) / (gaps[1:-1] - gaps[:-2])
        row[at] = median_of_sorted(np.sort(steps))
        row[at + 1] = _mean(steps)
        row[at + 2] = _deviation(steps)
    return at + 3


@kernel
def _lags(t: Array, pairs: npt.NDArray[np.int64], row: Array, at: int) -> int:
    """Fill what depends on the histogram of all time lags; return the next column.

    Times are binned finely first and lags are differences of bins; pairs in one fine bin
    count twice. That is how cesium's convolution has it.
    """
    n = len(t)
    span = t[n - 1]
    n_bins = _LAG_BINS * _BINS_PER_LAG_BIN
    bins = np.empty(n, dtype=np.int64)
    for i in range(n):
        bins[i] = min(int(t[i] / span * n_bins), n_bins - 1) if span > 0.0 else 0
    counts = np.zeros(_LAG_BINS, dtype=np.int64)
    for i in range(n):
        for j in range(i + 1, n):
            lag = bins[j] - bins[i]
            counts[lag // _BINS_PER_LAG_BIN] += 2 if lag == 0 else 1
    histogram = counts / (span * (counts.sum() / _LAG_BINS))

    n_peaks = 0
    peaks = np.empty(_LAG_BINS, dtype=np.int64)
    for i in range(_LAG_BINS):
        if _is_peak(counts, i):
            peaks[n_peaks] = i
            n_peaks += 1
    # Stable: of equal peaks the one at the shorter lag comes first.
    order = np.argsort(-counts[peaks[:n_peaks]], kind="mergesort")
    ranked = peaks[:n_peaks][order]
    row[at] = n_peaks
    row[at + 1] = histogram.max()
    at += 2
    for k in range(len(pairs)):
        i, j = pairs[k]
        if n_peaks > max(i, j):
            row[at] = histogram[ranked[i]] / histogram[ranked[j]]
        at += 1
    for i in range(1, _N_PEAKS):
        if n_peaks > i:
            row[at] = ranked[i]
        at += 1
    return at


@kernel
def _is_peak(x: npt.NDArray[np.int64], i: int) -> bool:
    """Tell whether x rises to x[i] and falls after it; a plateau counts at its start."""
    if i > 0 and x[i] <= x[i - 1]:
        return False
    j = i + 1
    while j < len(x) and x[j] == x[i]:
        j += 1
    return j == len(x) or bool(x[j] < x[i])


@kernel
def _magnitudes(t: Array, m: Array, e: Array, half_ranges: Array, row: Array, at: int) -> int:
    """Fill what depends on the distribution of magnitudes; return the next column."""
    n = len(m)
    ordered = np.sort(m)
    faintest, brightest = ordered[n - 1], ordered[0]
    median = median_of_sorted(ordered)
    # Rising flux: magnitudes backwards. Relative to the median, nothing can underflow.
    flux = 10.0 ** (-0.4 * (ordered[::-1] - median))
    low, high = percentile_of_sorted(flux, 0.05), percentile_of_sorted(flux, 0.95)
    median_flux = median_of_sorted(flux)

    row[at] = 0.5 * (faintest - brightest)
    at += 1
    for half in half_ranges:
        upper = percentile_of_sorted(flux, 0.5 + half)
        lower = percentile_of_sorted(flux, 0.5 - half)
        row[at] = (upper - lower) / (high - low)
        at += 1

    slope = 0.0
    for i in range(n - 1):
        slope = max(slope, abs((m[i + 1] - m[i]) / (t[i + 1] - t[i])))
    sum_w = sum_wm = 0.0
    for i in range(n):
        w = 1.0 / (e[i] * e[i])
        sum_w += w
        sum_wm += w * m[i]
    mean = sum_wm / sum_w
    squares = 0.0
    for i in range(n):
        squares += (m[i] - mean) ** 2 / (e[i] * e[i])
    deviation = math.sqrt(squares / sum_w)
    window = 0.1 * (faintest - brightest)
    beyond = close = 0
    for i in range(n):
        beyond += abs(m[i] - mean) > deviation
        close += abs(m[i] - median) < window

    row[at] = slope
    row[at + 1] = faintest
    row[at + 2] = brightest
    row[at + 3] = max(flux[n - 1] - median_flux, median_flux - flux[0]) / median_flux
    row[at + 4] = beyond / n
    row[at + 5] = close / n
    row[at + 6] = (high - low) / median_flux
    return at + 7
