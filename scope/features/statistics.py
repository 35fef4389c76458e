"""The 22 basic statistics of a light curve.

Formulas as in the Source Classification Project (van Roestel et al. 2021, AJ 161, 267;
Coughlin et al. 2021, MNRAS 505, 2954); `scope.features.registry` spells each one out.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from scope.features.kernels import Array, kernel, median_of_sorted, percentile_of_sorted
from scope.features.normality import anderson_darling, shapiro_wilk
from scope.features.registry import names_of
from scope.lightcurves.curves import LightCurves

NAMES: tuple[str, ...] = names_of("statistics")
"""Names of the statistics, in the order of the columns."""


def place(name: str) -> int:
    """Return the column of a statistic: the kernels know names, the registry their order.

    Raises
    ------
    ValueError
        If the registry has no statistic of that name.
    """
    return NAMES.index(name)


# Numbers by the time that numba compiles the kernels, which takes no look-ups.
N = place("n")
MEDIAN = place("median")
WMEAN = place("wmean")
CHI2RED = place("chi2red")
ROMS = place("roms")
WSTD = place("wstd")
NORM_PEAK_TO_PEAK_AMP = place("norm_peak_to_peak_amp")
NORM_EXCESS_VAR = place("norm_excess_var")
MEDIAN_ABS_DEV = place("median_abs_dev")
SKEW = place("skew")
SMALLKURT = place("smallkurt")
INV_VONNEUMANNRATIO = place("inv_vonneumannratio")
WELCH_I = place("welch_i")
STETSON_J = place("stetson_j")
STETSON_K = place("stetson_k")
AD = place("ad")
SW = place("sw")
SPREADS = tuple(place(name) for name in ("iqr", "i60r", "i70r", "i80r", "i90r"))
"""Widths of the inner 50 to 90 per cent, by rising share."""


def statistics(lightcurves: LightCurves) -> npt.NDArray[np.float64]:
    """Compute the statistics of many light curves.

    Parameters
    ----------
    lightcurves : LightCurves
        n curves with times rising within each.

    Returns
    -------
    (n, 22) float64
        One column per name of `NAMES`. NaN where a statistic is undefined: an empty
        curve, fewer points than the formula needs, or a division by zero.
    """
    out = np.empty((len(lightcurves), len(NAMES)))
    _statistics(lightcurves.offsets, lightcurves.time, lightcurves.mag, lightcurves.magerr, out)
    return out


@kernel
def _statistics(
    offsets: npt.NDArray[np.int64],
    time: Array,
    mag: npt.NDArray[np.floating],
    magerr: npt.NDArray[np.floating],
    out: Array,
) -> None:
    for curve in range(len(offsets) - 1):
        low, high = offsets[curve], offsets[curve + 1]
        m = mag[low:high].astype(np.float64)
        e = magerr[low:high].astype(np.float64)
        _one(time[low:high], m, e, out[curve])


@kernel
def _successive(t: Array, m: Array, e: Array, mean: float) -> tuple[float, float, float, float]:
    """Return the sums over pairs of successive points.

    The weights of the squared steps, their weighted sum, and Welch and Stetson's I and J.
    """
    n = len(m)
    sum_u = sum_udm = welch = stetson_j = 0.0
    # Residuals of Welch & Stetson 1993 (AJ 105, 1813) and Stetson 1996 (PASP 108, 851), scaled for
    # the mean that was taken from the same points.
    bessel = n / (n - 1.0)
    for i in range(n - 1):
        dt = t[i + 1] - t[i]
        dm = m[i + 1] - m[i]
        # Steps within a night must not drown in those between seasons: eta^e of Kim et al. 2014,
        # A&A 566, A43.
        u = 1.0 / (dt * dt)
        sum_u += u
        sum_udm += u * dm * dm
        product = bessel * ((m[i] - mean) / e[i]) * ((m[i + 1] - mean) / e[i + 1])
        welch += product
        stetson_j += math.copysign(math.sqrt(abs(product)), product)
    return sum_u, sum_udm, welch, stetson_j


@kernel
def _one(t: Array, m: Array, e: Array, out: Array) -> None:
    """Fill the statistics of one light curve."""
    n = len(m)
    out[:] = math.nan
    out[N] = n
    if n == 0:
        return

    ordered = np.sort(m)
    median = median_of_sorted(ordered)
    sum_w = sum_wm = 0.0
    low_end = high_end = math.nan
    for i in range(n):
        w = 1.0 / (e[i] * e[i])
        sum_w += w
        sum_wm += w * m[i]
        # The range that is left once every point has moved inwards by its error (Sokolovsky et al.
        # 2017, MNRAS 464, 274): a bad point with a large error does not make an amplitude.
        low_end = m[i] + e[i] if i == 0 else min(low_end, m[i] + e[i])
        high_end = m[i] - e[i] if i == 0 else max(high_end, m[i] - e[i])
    wmean = sum_wm / sum_w

    weighted_squares = absolute = excess = 0.0
    scaled2 = scaled3 = scaled4 = absolute_scaled = 0.0
    deviations = np.empty(n)
    for i in range(n):
        from_mean = m[i] - wmean
        scaled = from_mean / e[i]
        square = scaled * scaled
        scaled2 += square
        scaled3 += square * scaled
        scaled4 += square * square
        absolute_scaled += abs(scaled)
        weighted_squares += from_mean * from_mean / (e[i] * e[i])
        # Nandra et al. 1997, ApJ 476, 70: variance beyond that of the errors.
        excess += from_mean * from_mean - e[i] * e[i]
        deviations[i] = abs(m[i] - median)
        absolute += deviations[i] / e[i]
    variance = weighted_squares / sum_w
    deviations.sort()

    out[MEDIAN] = median
    out[WMEAN] = wmean
    out[CHI2RED] = weighted_squares / (n - 1.0)
    out[ROMS] = absolute / (n - 1.0)
    out[WSTD] = math.sqrt(variance)
    out[NORM_PEAK_TO_PEAK_AMP] = (high_end - low_end) / (high_end + low_end)
    out[NORM_EXCESS_VAR] = excess / (n * wmean * wmean)
    out[MEDIAN_ABS_DEV] = median_of_sorted(deviations)
    for k in range(5):
        # 25-75, 20-80, 15-85, 10-90, 5-95 per cent.
        tail = (25.0 - 5.0 * k) / 100.0
        out[SPREADS[k]] = percentile_of_sorted(ordered, 1.0 - tail) - percentile_of_sorted(
            ordered, tail
        )
    # Small-sample forms (Nun et al. 2015, arXiv:1506.00010), with each point's error in the place
    # of the common deviation.
    if n > 2:
        out[SKEW] = n / ((n - 1.0) * (n - 2.0)) * scaled3
    if n > 3:
        out[SMALLKURT] = n * (n + 1.0) / ((n - 1.0) * (n - 2.0) * (n - 3.0)) * scaled4 - 3.0 * (
            n - 1.0
        ) ** 2 / ((n - 2.0) * (n - 3.0))

    if n > 1:
        sum_u, sum_udm, out[WELCH_I], out[STETSON_J] = _successive(t, m, e, wmean)
        out[INV_VONNEUMANNRATIO] = sum_u * variance / sum_udm
        # The common factor sqrt(n / (n - 1)) of numerator and denominator cancels.
        out[STETSON_K] = (absolute_scaled / n) / math.sqrt(scaled2 / n)

    # Magnitudes over errors, as the published models were trained on, and not residuals.
    ratio = m / e
    centre = ratio[n // 2]
    ratio.sort()
    out[AD] = anderson_darling(ratio)
    # As scipy does: W stays the same, and sums of large numbers do not round it away.
    ratio -= centre
    out[SW] = shapiro_wilk(ratio)

    for k in range(len(out)):
        if not math.isfinite(out[k]):
            out[k] = math.nan
