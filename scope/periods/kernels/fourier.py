"""Bayesian information criterion of Fourier series at many trial frequencies.

A series of order K with a constant is fitted by weighted least squares. All its normal
equations follow from the sums of w e^{2 pi i k f t} (k to 2K) and w y e^{2 pi i k f t}
(k to K), and one Cholesky factor holds the fits of all lower orders as leading blocks.
The criterion is taken relative to a constant and with errors known up to a factor::

    BIC = n ln(chi2_K / chi2_0) + 2 K ln n
"""

from __future__ import annotations

import numpy as np
from numba import njit

LANES = 24
"""Frequencies per window: three vectors of eight."""
MAX_ORDER = 6
SINGULAR = 1e-9
"""A Cholesky pivot below this means that the points do not constrain the term."""


@njit(cache=True, nogil=True)
def window_rotations(time, offsets):
    """cos and sin of 2 pi t times each of the window's `LANES` frequency offsets [1/d]."""
    cosine = np.empty((len(time), LANES))
    sine = np.empty((len(time), LANES))
    for j in range(len(time)):
        for m in range(LANES):
            angle = 2.0 * np.pi * time[j] * offsets[m]
            cosine[j, m] = np.cos(angle)
            sine[j, m] = np.sin(angle)
    return cosine, sine


@njit(cache=True, nogil=True)
def _window_sums(time, wy, weight, centre, rotation_c, rotation_s, order, sums_y, sums_w):
    """Fill ``sums_y[k, 0/1, lane]`` (k = 1 .. order) and ``sums_w`` (k = 1 .. 2 order)."""
    sums_y[:] = 0.0
    sums_w[:] = 0.0
    c1 = np.empty(LANES)
    s1 = np.empty(LANES)
    ck = np.empty(LANES)
    sk = np.empty(LANES)
    for j in range(len(time)):
        cycles = time[j] * centre
        angle = 2.0 * np.pi * (cycles - np.floor(cycles))
        c0, s0 = np.cos(angle), np.sin(angle)
        a, b = weight[j], wy[j]
        for m in range(LANES):
            c1[m] = c0 * rotation_c[j, m] - s0 * rotation_s[j, m]
            s1[m] = s0 * rotation_c[j, m] + c0 * rotation_s[j, m]
            ck[m] = c1[m]
            sk[m] = s1[m]
        for k in range(1, 2 * order + 1):
            if k <= order:
                for m in range(LANES):
                    sums_y[k, 0, m] += b * ck[m]
                    sums_y[k, 1, m] += b * sk[m]
            for m in range(LANES):
                sums_w[k, 0, m] += a * ck[m]
                sums_w[k, 1, m] += a * sk[m]
                c = ck[m] * c1[m] - sk[m] * s1[m]
                sk[m] = sk[m] * c1[m] + ck[m] * s1[m]
                ck[m] = c


@njit(cache=True, nogil=True)
def _explained(sums_y, sums_w, m, order, factor, solution, explained):
    """Explained variance of each order 1 .. `order` at lane `m`, by one Cholesky factor.

    Unknowns: the constant, then cosine and sine of each harmonic. Returns the highest
    order that the points constrain.
    """
    size = 2 * order + 1
    # Row 0 belongs to the constant, whose matrix element is the sum of weights, 1.
    factor[0, 0] = 1.0
    solution[0] = 0.0
    total = 0.0
    for row in range(1, size):
        p = (row + 1) // 2
        p_sine = row % 2 == 0
        for col in range(row + 1):
            if col == 0:
                value = sums_w[p, 1, m] if p_sine else sums_w[p, 0, m]
            else:
                q = (col + 1) // 2
                q_sine = col % 2 == 0
                d = p - q
                if p_sine == q_sine:
                    difference = 1.0 if d == 0 else sums_w[d, 0, m]
                    both = sums_w[p + q, 0, m]
                    value = 0.5 * (difference - both) if p_sine else 0.5 * (difference + both)
                else:
                    # sin p cos q = (sin(p + q) + sin(p - q)) / 2, and the mirror of it.
                    difference = 0.0 if d == 0 else sums_w[d, 1, m]
                    both = sums_w[p + q, 1, m]
                    value = 0.5 * (both + difference) if p_sine else 0.5 * (both - difference)
            for i in range(col):
                value -= factor[row, i] * factor[col, i]
            if col < row:
                factor[row, col] = value / factor[col, col]
            elif value < SINGULAR:
                return p - 1
            else:
                factor[row, row] = np.sqrt(value)
        value = sums_y[p, 1, m] if p_sine else sums_y[p, 0, m]
        for i in range(row):
            value -= factor[row, i] * solution[i]
        solution[row] = value / factor[row, row]
        total += solution[row] * solution[row]
        if p_sine:
            explained[p] = total
    return order


@njit(cache=True, nogil=True)
def fourier_bic(time, mag, weight, centres, offsets, max_order):
    """Smallest criterion over orders at every frequency of every window.

    Parameters
    ----------
    time, mag, weight : (n,) float64
        Days since the first point; magnitudes of weighted mean 0; weights of sum 1.
    centres : (w,) float64
        Window centres, 1/d.
    offsets : (LANES,) float64
        Offsets of the window's frequencies from its centre, 1/d.
    max_order : int
        1 .. `MAX_ORDER`.

    Returns
    -------
    bic : (w, LANES) float64
    order : (w, LANES) int64
        0 where no order is constrained (and the criterion is 0, that of a constant).
    """
    n = len(time)
    variance = np.sum(weight * mag * mag)
    wy = weight * mag
    rotation_c, rotation_s = window_rotations(time, offsets)
    sums_y = np.zeros((max_order + 1, 2, LANES))
    sums_w = np.zeros((2 * max_order + 1, 2, LANES))
    factor = np.zeros((2 * max_order + 1, 2 * max_order + 1))
    solution = np.zeros(2 * max_order + 1)
    explained = np.zeros(max_order + 1)
    bic = np.zeros((len(centres), LANES))
    orders = np.zeros((len(centres), LANES), dtype=np.int64)
    log_n = np.log(n)
    for i in range(len(centres)):
        _window_sums(
            time, wy, weight, centres[i], rotation_c, rotation_s, max_order, sums_y, sums_w
        )
        for m in range(LANES):
            top = _explained(sums_y, sums_w, m, max_order, factor, solution, explained)
            for k in range(1, top + 1):
                left = max(1.0 - explained[k] / variance, 1e-12)
                value = n * np.log(left) + 2.0 * k * log_n
                if value < bic[i, m]:
                    bic[i, m] = value
                    orders[i, m] = k
    return bic, orders


@njit(cache=True, nogil=True)
def fourier_fit(time, mag, weight, frequency, max_order):
    """Weighted Fourier series of the order with the smallest criterion.

    Returns
    -------
    order : int
        0 where none is constrained.
    cosine, sine : (max_order + 1,) float64
        Coefficients; ``cosine[0]`` is the constant, zeros above the order.
    bic : float
    """
    n = len(time)
    variance = np.sum(weight * mag * mag)
    best_order, best = 0, 0.0
    cosine = np.zeros(max_order + 1)
    sine = np.zeros(max_order + 1)
    size = 2 * max_order + 1
    design = np.ones((n, size))
    for j in range(n):
        cycles = time[j] * frequency
        angle = 2.0 * np.pi * (cycles - np.floor(cycles))
        for k in range(1, max_order + 1):
            design[j, 2 * k - 1] = np.cos(k * angle)
            design[j, 2 * k] = np.sin(k * angle)
    factor = np.zeros((size, size))
    forward = np.zeros(size)
    total = 0.0
    for row in range(size):
        for col in range(row + 1):
            value = 0.0
            for j in range(n):
                value += weight[j] * design[j, row] * design[j, col]
            for i in range(col):
                value -= factor[row, i] * factor[col, i]
            if col < row:
                factor[row, col] = value / factor[col, col]
            else:
                factor[row, row] = np.sqrt(value) if value >= SINGULAR else 0.0
        if factor[row, row] == 0.0:
            break
        value = 0.0
        for j in range(n):
            value += weight[j] * design[j, row] * mag[j]
        for i in range(row):
            value -= factor[row, i] * forward[i]
        forward[row] = value / factor[row, row]
        total += forward[row] * forward[row]
        if row > 0 and row % 2 == 0:
            left = max(1.0 - total / variance, 1e-12)
            value = n * np.log(left) + row * np.log(n)
            if value < best:
                best, best_order = value, row // 2
    back = forward[: 2 * best_order + 1].copy()
    for row in range(2 * best_order, -1, -1):
        for i in range(row + 1, 2 * best_order + 1):
            back[row] -= factor[i, row] * back[i]
        back[row] /= factor[row, row]
    if best_order > 0:
        cosine[0] = back[0]
        for k in range(1, best_order + 1):
            cosine[k] = back[2 * k - 1]
            sine[k] = back[2 * k]
    return best_order, cosine, sine, best
