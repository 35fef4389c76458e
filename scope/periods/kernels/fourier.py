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

from scope.periods.kernels.harmonic_sums import N_LANES, harmonic_sums, window_rotations
from scope.periods.kernels.types import Floats, Integers

MAX_ORDER = 6
CYCLES_PER_ORDER = 2.0
SIDEREAL = 1.0027379
"""Rotations of the Earth per day."""
SINGULAR = 1e-9
"""A Cholesky pivot below this means that the points do not constrain the term."""


@njit(cache=True, nogil=True)
def _explained(
    y: Floats,
    w: Floats,
    m: int,
    order: int,
    factor: Floats,
    solution: Floats,
    explained: Floats,
) -> int:
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
                value = w[(2 * p - 1 if p_sine else 2 * p - 2) * N_LANES + m]
            else:
                q = (col + 1) // 2
                q_sine = col % 2 == 0
                d = p - q
                if p_sine == q_sine:
                    difference = 1.0 if d == 0 else w[(2 * d - 2) * N_LANES + m]
                    both = w[(2 * (p + q) - 2) * N_LANES + m]
                    value = 0.5 * (difference - both) if p_sine else 0.5 * (difference + both)
                else:
                    # sin p cos q = (sin(p + q) + sin(p - q)) / 2, and the mirror of it.
                    difference = 0.0 if d == 0 else w[(2 * d - 1) * N_LANES + m]
                    both = w[(2 * (p + q) - 1) * N_LANES + m]
                    value = 0.5 * (both + difference) if p_sine else 0.5 * (both - difference)
            for i in range(col):
                value -= factor[row, i] * factor[col, i]
            if col < row:
                factor[row, col] = value / factor[col, col]
            elif value < SINGULAR:
                return p - 1
            else:
                factor[row, row] = np.sqrt(value)
        value = y[(2 * p - 1 if p_sine else 2 * p - 2) * N_LANES + m]
        for i in range(row):
            value -= factor[row, i] * solution[i]
        solution[row] = value / factor[row, row]
        total += solution[row] * solution[row]
        if p_sine:
            explained[p] = total
    return order


@njit(cache=True, nogil=True)
def cycle_order(frequency: float, span: float) -> int:
    """Highest order that the observed cycles can vouch for.

    A shape seen in two or three cycles only, as that of a Mira at a multiple of its period,
    is no evidence that it repeats. Near a whole number of cycles per day, solar or sidereal,
    nightly observations see the slow beat with the night, and its cycles count.
    """
    solar = np.rint(frequency)
    sidereal = np.rint(frequency / SIDEREAL) * SIDEREAL
    slow = frequency
    if solar > 0.0:
        slow = min(slow, abs(frequency - solar), abs(frequency - sidereal))
    return max(int(slow * span / CYCLES_PER_ORDER), 1)


@njit(cache=True, nogil=True)
def fourier_bic(
    time: Floats, mag: Floats, weight: Floats, centres: Floats, offsets: Floats, max_order: int
) -> tuple[Floats, Integers]:
    """Smallest criterion over orders at every frequency of every window.

    Parameters
    ----------
    time, mag, weight : (n,) float64
        Days since the first point; magnitudes of weighted mean 0; weights of sum 1.
    centres : (w,) float64
        Window centres, 1/d.
    offsets : (N_LANES,) float64
        Offsets of the window's frequencies from its centre, 1/d.
    max_order : int
        1 .. `MAX_ORDER`.

    Returns
    -------
    bic : (w, N_LANES) float64
    order : (w, N_LANES) int64
        0 where no order is constrained (and the criterion is 0, that of a constant).
    """
    n = len(time)
    variance = np.sum(weight * mag * mag)
    weighted = weight * mag
    rotation_c, rotation_s = window_rotations(time, offsets)
    w = np.empty(4 * MAX_ORDER * N_LANES)
    y = np.empty(2 * MAX_ORDER * N_LANES)
    factor = np.zeros((2 * max_order + 1, 2 * max_order + 1))
    solution = np.zeros(2 * max_order + 1)
    explained = np.zeros(max_order + 1)
    bic = np.zeros((len(centres), N_LANES))
    orders = np.zeros((len(centres), N_LANES), dtype=np.int64)
    log_n = np.log(n)
    span = time.max()
    for i in range(len(centres)):
        harmonic_sums(time, weighted, weight, centres[i], rotation_c, rotation_s, w, y)
        for m in range(N_LANES):
            limit = min(max_order, cycle_order(centres[i] + offsets[m], span))
            top = _explained(y, w, m, limit, factor, solution, explained)
            for k in range(1, top + 1):
                left = max(1.0 - explained[k] / variance, 1e-12)
                value = n * np.log(left) + 2.0 * k * log_n
                if value < bic[i, m]:
                    bic[i, m] = value
                    orders[i, m] = k
    return bic, orders


def fourier_fit(
    time: Floats, mag: Floats, weight: Floats, frequency: float, min_order: int, max_order: int
) -> tuple[Floats, Floats]:
    """Weighted Fourier series of the order, of those given, with the smallest criterion.

    Returns
    -------
    cosine, sine : (order,) float64
        Coefficients of harmonics 1 and up; empty where no order is constrained.
    """
    angle = 2.0 * np.pi * ((time * frequency) % 1.0)[:, None] * np.arange(1, max_order + 1)
    terms = np.stack([np.cos(angle), np.sin(angle)], axis=2).reshape(len(time), -1)
    design = np.hstack([np.ones((len(time), 1)), terms])
    # einsum without optimization sums in a fixed order and on one thread.
    normal = np.einsum("ni,n,nj->ij", design, weight, design)
    right = np.einsum("ni,n->i", design, weight * mag)
    variance = float(np.sum(weight * mag * mag))
    best, chosen = np.inf, np.empty(0)
    for order in range(min_order, max_order + 1):
        size = 2 * order + 1
        if np.linalg.eigvalsh(normal[:size, :size])[0] < SINGULAR:
            break
        solution = np.linalg.solve(normal[:size, :size], right[:size])
        left = max(1.0 - float(np.sum(solution * right[:size])) / variance, 1e-12)
        bic = len(time) * np.log(left) + 2.0 * order * np.log(len(time))
        if bic < best:
            best, chosen = bic, solution[1:]
    return chosen[0::2], chosen[1::2]
