"""Two models among cesium's features: a damped random walk and a quick periodogram."""

from __future__ import annotations

import math

import numpy as np

from scope.features.kernels import Array, kernel, median_of_sorted

_QSO_LOG_TAU = 2.92
_QSO_LOG_VARIANCE = -4.10
"""Time scale (log10 days) and variance (log10 mag^2 per day) of a typical quasar of 19th
magnitude in g, Butler & Bloom 2011, AJ 141, 93. cesium applies them to all filters."""

_COARSE_STEPS = 5
_FINE_STEPS = 500
_N_CANDIDATES = 5


@kernel
def qso(t: Array, m: Array, e: Array) -> tuple[float, float]:
    """Compare a light curve with a damped random walk of a typical quasar.

    Butler & Bloom 2011, AJ 141, 93, after Rybicki & Press 1995, Phys. Rev. Lett. 74, 1060:
    with the inverse covariance T of the walk tridiagonal and D the error covariance,
    (T^-1 + D)^-1 needs only tridiagonal systems.

    Returns
    -------
    log_fit, log_ratio : float
        Natural logarithms of chi^2_QSO / nu, and of its expectation for a variable star
        that is no quasar over its value. NaN below two distinct times.
    """
    keep = [0]
    for i in range(1, len(t)):
        if t[i] > t[i - 1]:
            keep.append(i)
    n = len(keep)
    if n < 2:
        return math.nan, math.nan
    y = np.empty(n)
    w = np.empty(n)
    middle = median_of_sorted(np.sort(m))
    for k in range(n):
        y[k] = m[keep[k]] - middle
        w[k] = 1.0 / e[keep[k]] ** 2

    diagonal, beside, scale = _inverse_walk(t, keep)
    amplitude = 10.0 ** (math.log10(0.5) + _QSO_LOG_VARIANCE + _QSO_LOG_TAU) / scale
    pivots, below = _cholesky(diagonal + amplitude * w, beside)
    z = _solve(pivots, below, w * y)
    z0 = _solve(pivots, below, w)
    u, u0 = _multiply(diagonal, beside, z), _multiply(diagonal, beside, z0)
    offset = u.sum() / u0.sum()
    fit = 0.0
    for k in range(n):
        fit += (y[k] - offset) * (u[k] - offset * u0[k])
    fit /= n - 1.0

    variance = 0.0
    mean = y.sum() / n
    for k in range(n):
        variance += (y[k] - mean) ** 2 / n
    expected = _trace(diagonal, beside, w, pivots, below) * variance / (n - 1.0)
    return math.log(fit), math.log(expected / fit)


@kernel
def _inverse_walk(t: Array, keep: list[int]) -> tuple[Array, Array, float]:
    """Return diagonal, upper diagonal and scale of the scaled inverse covariance."""
    n = len(keep)
    diagonal = np.zeros(n)
    beside = np.zeros(n)
    tau = 10.0**_QSO_LOG_TAU
    for k in range(n - 1):
        r = math.exp(-(t[keep[k + 1]] - t[keep[k]]) / tau)
        x = 1.0 / (1.0 / r - r)
        beside[k + 1] = -x
        diagonal[k] += 1.0 + r * x
        diagonal[k + 1] += r * x
    diagonal[n - 1] += 1.0
    scale = median_of_sorted(np.sort(diagonal))
    return diagonal / scale, beside / scale, scale


@kernel
def _cholesky(diagonal: Array, beside: Array) -> tuple[Array, Array]:
    """Return the factor of a tridiagonal matrix, its diagonal and upper diagonal."""
    n = len(diagonal)
    pivots = np.empty(n)
    above = np.zeros(n)
    pivots[0] = math.sqrt(diagonal[0])
    for k in range(1, n):
        above[k] = beside[k] / pivots[k - 1]
        pivots[k] = math.sqrt(diagonal[k] - above[k] ** 2)
    return pivots, above


@kernel
def _solve(pivots: Array, above: Array, right: Array) -> Array:
    """Solve with a tridiagonal Cholesky factor."""
    n = len(right)
    x = np.empty(n)
    x[0] = right[0] / pivots[0]
    for k in range(1, n):
        x[k] = (right[k] - above[k] * x[k - 1]) / pivots[k]
    x[n - 1] /= pivots[n - 1]
    for k in range(n - 2, -1, -1):
        x[k] = (x[k] - above[k + 1] * x[k + 1]) / pivots[k]
    return x


@kernel
def _multiply(diagonal: Array, beside: Array, x: Array) -> Array:
    """Multiply a vector by a symmetric tridiagonal matrix."""
    out = diagonal * x
    out[1:] += beside[1:] * x[:-1]
    out[:-1] += beside[1:] * x[1:]
    return out


@kernel
def _trace(diagonal: Array, beside: Array, w: Array, pivots: Array, above: Array) -> float:
    """Return the trace of T P^-1 D^-1, with P given by its Cholesky factor.

    Only the diagonal of P^-1 and its neighbours are needed, found from the last row up.
    """
    n = len(diagonal)
    inverse = np.empty(n)
    inverse_beside = np.zeros(n)
    inverse[n - 1] = 1.0 / pivots[n - 1] ** 2
    for k in range(n - 1, 0, -1):
        inverse_beside[k] = -above[k] * inverse[k] / pivots[k - 1]
        inverse[k - 1] = (1.0 / pivots[k - 1] - above[k] * inverse_beside[k]) / pivots[k - 1]
    trace = 0.0
    for k in range(n):
        trace += diagonal[k] * w[k] * inverse[k]
    for k in range(1, n):
        trace += beside[k] * inverse_beside[k] * (w[k - 1] + w[k])
    return trace


@kernel
def fast_period(t: Array, m: Array, e: Array) -> float:
    """Return the period of the best sinusoid between two mean gaps and the whole span.

    A scan at five frequencies per peak width (1 / span), then one at 500 per width
    around the five best separate frequencies. cesium approximates the sums of the
    periodogram by a Fourier transform; these are exact.

    Returns
    -------
    float
        Period in days; NaN where the range holds no frequency.
    """
    n = len(t)
    span = t[n - 1] - t[0]
    if not span > 0.0 or n < 4:
        return math.nan
    step = 1.0 / (_COARSE_STEPS * span)
    n_coarse = math.ceil(_COARSE_STEPS * (0.5 * n - 1.0) + 1.0)
    weights = 1.0 / (e * e)
    weights /= weights.sum()
    y = m - (weights * m).sum()
    power = np.empty(n_coarse)
    _powers(t, y, weights, 1.0 / span, step, power)

    fine_step = 1.0 / (_FINE_STEPS * span)
    fine = np.empty(2 * _FINE_STEPS // _COARSE_STEPS)
    lowest = power.min()
    best_power = -math.inf
    best_period = math.nan
    for _ in range(_N_CANDIDATES):
        peak = int(np.argmax(power))
        start = 1.0 / span + (peak - 1) * step
        power[max(0, peak - _COARSE_STEPS - 1) : peak + _COARSE_STEPS + 1] = lowest
        _powers(t, y, weights, start, fine_step, fine)
        k = int(np.argmax(fine))
        if fine[k] > best_power:
            best_power = fine[k]
            best_period = 1.0 / (start + k * fine_step)
    return best_period


@kernel
def _powers(t: Array, y: Array, w: Array, start: float, step: float, power: Array) -> None:
    """Fill the floating-mean periodogram, Zechmeister & Kurster 2009, A&A 496, 577, eq. 5.

    Phases advance by rotation, one complex product per point and frequency.
    """
    n = len(t)
    c, s = np.cos(2.0 * math.pi * start * t), np.sin(2.0 * math.pi * start * t)
    dc, ds = np.cos(2.0 * math.pi * step * t), np.sin(2.0 * math.pi * step * t)
    yy = 0.0
    for i in range(n):
        yy += w[i] * y[i] * y[i]
    for k in range(len(power)):
        sum_c = sum_s = sum_cc = sum_cs = sum_yc = sum_ys = 0.0
        for i in range(n):
            wc, ws = w[i] * c[i], w[i] * s[i]
            sum_c += wc
            sum_s += ws
            sum_cc += wc * c[i]
            sum_cs += wc * s[i]
            sum_yc += wc * y[i]
            sum_ys += ws * y[i]
            turned = c[i] * dc[i] - s[i] * ds[i]
            s[i] = s[i] * dc[i] + c[i] * ds[i]
            c[i] = turned
        ss = 1.0 - sum_cc - sum_s * sum_s
        cc = sum_cc - sum_c * sum_c
        cs = sum_cs - sum_c * sum_s
        power[k] = (ss * sum_yc**2 + cc * sum_ys**2 - 2.0 * cs * sum_yc * sum_ys) / (
            yy * (cc * ss - cs * cs)
        )
        if not math.isfinite(power[k]):
            power[k] = 0.0
