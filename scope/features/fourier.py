"""Fourier series of a folded light curve, with the number of harmonics chosen by BIC.

The model, of order K = 0..5 harmonics, is

    y = a + b (t - t_first) + sum over k = 1..K of  A_k cos(2 pi k t / p) + B_k sin(2 pi k t / p)

with t in HJD, fitted by weighted least squares (weights 1/magerr^2). The order with the
smallest BIC_K = chi^2_K + (2 + 2 K) ln N wins (Schwarz 1978, Annals of Statistics 6, 461).
"""

from __future__ import annotations

import math
from typing import get_args

import numpy as np
import numpy.typing as npt

from scope.errors import ConfigError
from scope.features.kernels import Array, dot, kernel
from scope.features.registry import FourierForm, names_of
from scope.lightcurves.curves import LightCurves

NAMES: tuple[str, ...] = names_of("fourier")
"""Names of the features, in the order of the columns, without the period suffix."""

# Columns by name; the harmonics follow the first, amplitude and phase in turns.
POWER, BIC, LEVEL, SLOPE, AMPLITUDE, PHASE = (
    NAMES.index(name) for name in ("f1_power", "f1_BIC", "f1_a", "f1_b", "f1_amp", "f1_phi0")
)


MAX_HARMONICS = 5

_N_COEFFICIENTS = 2 + 2 * MAX_HARMONICS

DEPENDENT = 1e-7
"""A column of the design of which less than this part is left, once what the columns
before it explain is taken away, is a combination of them."""


def fourier(
    lightcurves: LightCurves,
    period: npt.NDArray[np.float64],
    form: FourierForm = "raw",
) -> npt.NDArray[np.float64]:
    """Fit the Fourier series of many light curves.

    Parameters
    ----------
    lightcurves : LightCurves
        n curves with times rising within each.
    period : (n,) float64
        Period of each curve, in days. NaN means none.
    form : {"raw", "polar"}
        raw: ``f1_amp`` = A_1, ``f1_phi0`` = B_1, ``f1_relamp1`` = A_2, ``f1_relphi1`` =
        B_2 and so on, in magnitudes. polar: ``f1_amp`` = (A_1^2 + B_1^2)^1/2 in
        magnitudes, ``f1_phi0`` = phi_1 = atan2(A_1, B_1) in radians, ``f1_relamp<k-1>`` =
        amp_k / amp_1 and ``f1_relphi<k-1>`` = (k / 2 pi) (phi_k / k - phi_1) modulo 1.

    Returns
    -------
    (n, 14) float64
        One column per name of `NAMES`; ``f1_a`` in magnitudes at the first epoch,
        ``f1_b`` in magnitudes per day, ``f1_power`` the part of chi^2_0 that the harmonics
        explain. Harmonics above the chosen order are zero. An order whose terms the
        epochs cannot tell apart, or with more coefficients than points, and all orders
        above it are left out of the choice. NaN where there is no period, not even a
        straight line is defined, or (the power) a straight line leaves nothing over.

    Raises
    ------
    ConfigError
        If `form` is neither raw nor polar.
    """
    if form not in get_args(FourierForm):
        raise ConfigError("form of the Fourier features", value=form, allowed=get_args(FourierForm))
    out = np.empty((len(lightcurves), len(NAMES)))
    _fourier(
        lightcurves.offsets,
        lightcurves.time,
        lightcurves.mag,
        lightcurves.magerr,
        lightcurves.time_zero_hjd,
        np.ascontiguousarray(period, dtype=np.float64),
        out,
    )
    return polar(out) if form == "polar" else out


def polar(raw: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the features with coefficients turned into amplitudes and phases.

    Parameters
    ----------
    raw : (n, 14) float64
        From `fourier`, in the order of the registry.

    Returns
    -------
    (n, 14) float64
        Amplitudes in magnitudes and relative to the first; phases in radians, relative ones as
        parts of a cycle of their harmonic.
    """
    out = raw.copy()
    cosine, sine = raw[:, 4::2], raw[:, 5::2]
    amplitude = np.hypot(cosine, sine)
    phase = np.arctan2(cosine, sine)
    first = amplitude[:, :1]
    order = np.arange(1, MAX_HARMONICS + 1)
    relative_phase = np.mod((phase / order - phase[:, :1]) / (2.0 * np.pi / order), 1.0)
    present = amplitude > 0.0
    out[:, AMPLITUDE], out[:, PHASE] = amplitude[:, 0], phase[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        # A missing harmonic has no phase; zero says so, as it does for the coefficients.
        out[:, AMPLITUDE + 2 :: 2] = np.where(present, amplitude / first, amplitude)[:, 1:]
        out[:, PHASE + 2 :: 2] = np.where(present | np.isnan(phase), relative_phase, 0.0)[:, 1:]
    out[~np.isfinite(out)] = np.nan
    return out


@kernel
def _fourier(
    offsets: npt.NDArray[np.int64],
    time: Array,
    mag: npt.NDArray[np.floating],
    magerr: npt.NDArray[np.floating],
    time_zero_hjd: float,
    period: Array,
    out: Array,
) -> None:
    for curve in range(len(offsets) - 1):
        low, high = offsets[curve], offsets[curve + 1]
        out[curve, :] = math.nan
        p = period[curve]
        if high - low < 2 or not (0.0 < p < math.inf):
            continue
        _one(
            time[low:high],
            mag[low:high].astype(np.float64),
            magerr[low:high].astype(np.float64),
            time_zero_hjd,
            p,
            out[curve],
        )


@kernel
def _one(t: Array, m: Array, e: Array, time_zero_hjd: float, p: float, out: Array) -> None:
    """Fill the features of one light curve.

    The columns of the design (line, cos 1, sin 1, cos 2, ...) are nested: one modified
    Gram-Schmidt orthogonalisation, with the magnitudes as its last column, solves all
    orders at once, and is backward stable where normal equations would square the
    condition number (Bjorck 1996, Numerical Methods for Least Squares Problems, 2.4).
    """
    n = len(t)
    design = np.empty((_N_COEFFICIENTS, n))
    residual = np.empty(n)
    centre, half_span, mean = _fill(t, m, e, p, design, residual)

    upper = np.zeros((_N_COEFFICIENTS, _N_COEFFICIENTS))
    projection = np.zeros(_N_COEFFICIENTS)
    chi2 = np.empty(MAX_HARMONICS + 1)
    best = -1
    best_bic = math.inf
    solved = 0
    # Each order goes on from the columns that the one before has made orthogonal.
    for k in range(MAX_HARMONICS + 1):
        n_coefficients = 2 + 2 * k
        if n_coefficients > n:
            break
        if not _orthogonalise(design, upper, projection, residual, solved, n_coefficients):
            break
        solved = n_coefficients
        chi2[k] = dot(residual, residual)
        bic = chi2[k] + math.log(n) * n_coefficients
        if bic < best_bic:
            best, best_bic = k, bic
    if best < 0:
        return

    coefficients = np.zeros(_N_COEFFICIENTS)
    for i in range(1 + 2 * best, -1, -1):
        value = projection[i]
        for j in range(i + 1, 2 + 2 * best):
            value -= upper[i, j] * coefficients[j]
        coefficients[i] = value / upper[i, i]

    slope = coefficients[1] / half_span
    out[POWER] = (chi2[0] - chi2[best]) / chi2[0]
    out[BIC] = best_bic
    out[LEVEL] = mean + coefficients[0] + slope * (t[0] - centre)
    out[SLOPE] = slope
    # The fit took its phase from the first epoch, the features have it from HJD 0.
    epoch = 2.0 * math.pi * ((time_zero_hjd % p) + (t[0] % p)) / p
    out[AMPLITUDE:] = 0.0
    for k in range(1, best + 1):
        a, b = coefficients[2 * k], coefficients[2 * k + 1]
        c, s = math.cos(k * epoch), math.sin(k * epoch)
        out[AMPLITUDE + 2 * (k - 1)] = a * c - b * s
        out[PHASE + 2 * (k - 1)] = a * s + b * c
    for i in range(len(out)):
        if not math.isfinite(out[i]):
            out[i] = math.nan


@kernel
def _fill(
    t: Array, m: Array, e: Array, p: float, design: Array, residual: Array
) -> tuple[float, float, float]:
    """Fill the weighted design and magnitudes of one light curve.

    Returns
    -------
    centre, half_span, mean : float
        The line's column is (t - centre) / half_span; `mean` was taken off the magnitudes.
    """
    n = len(t)
    sum_w = sum_wt = sum_wm = 0.0
    for i in range(n):
        w = 1.0 / (e[i] * e[i])
        sum_w += w
        # From the first point: sums of Julian dates would leave half of the digits.
        sum_wt += w * (t[i] - t[0])
        sum_wm += w * (m[i] - m[0])
    centre = t[0] + sum_wt / sum_w
    mean = m[0] + sum_wm / sum_w
    half_span = 0.5 * (t[n - 1] - t[0])
    for i in range(n):
        root_w = 1.0 / e[i]
        residual[i] = (m[i] - mean) * root_w
        design[0, i] = root_w
        # About the weighted mean time: the slope is then independent of the constant.
        design[1, i] = (t[i] - centre) / half_span * root_w
        angle = 2.0 * math.pi * ((t[i] - t[0]) % p) / p
        c1, s1 = math.cos(angle), math.sin(angle)
        c, s = c1, s1
        for k in range(1, MAX_HARMONICS + 1):
            design[2 * k, i] = c * root_w
            design[2 * k + 1, i] = s * root_w
            # The next harmonic by the addition theorem: one cosine and sine a point.
            c, s = c * c1 - s * s1, c * s1 + s * c1
    return centre, half_span, mean


@kernel
def _orthogonalise(
    design: Array,
    upper: Array,
    projection: Array,
    residual: Array,
    start: int,
    stop: int,
) -> bool:
    """Orthogonalise the columns `start` to `stop` and take them out of the residual.

    Returns False, with the residual as it was, if a column depends on those before it.
    """
    for j in range(start, stop):
        column = design[j]
        before = math.sqrt(dot(column, column))
        for i in range(j):
            share = dot(design[i], column)
            upper[i, j] = share
            for k in range(len(column)):
                column[k] -= share * design[i, k]
        after = math.sqrt(dot(column, column))
        if not after > DEPENDENT * before:
            return False
        upper[j, j] = after
        for k in range(len(column)):
            column[k] /= after
    # Only once all columns of the order are known to be independent: the residual stays whole
    # if one is not.
    for j in range(start, stop):
        share = dot(design[j], residual)
        projection[j] = share
        for k in range(len(residual)):
            residual[k] -= share * design[j, k]
    return True
