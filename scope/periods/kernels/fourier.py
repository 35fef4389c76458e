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

from scope.periods.kernels.harmonic_sums import (
    LANES,
    N_LANES,
    even,
    harmonic_sums,
    window_rotations,
)
from scope.periods.kernels.types import Floats, Integers, Longs

MAX_ORDER = 6
SIZE = 2 * MAX_ORDER + 1
"""Unknowns of the highest order."""
ROW = np.uint64(SIZE * N_LANES)
CYCLES_PER_ORDER = 2.0
SIDEREAL = 1.0027379
"""Rotations of the Earth per day."""
SINGULAR = 1e-9
"""A Cholesky pivot below this means that the points do not constrain the term."""


def _normal_elements() -> tuple[Longs, Longs, Floats, Floats]:
    """Where each element of the normal equations is from, (`SIZE`, `SIZE`) each.

    By the addition theorems it is half of the sum at p - q plus or minus that at p + q, for
    harmonics p of its row and q of its column.

    Returns
    -------
    low, high : uint64
        Positions of the two in the sums of weights, of which each harmonic has the cosine and
        the sine, from harmonic 0 on.
    low_sign, high_sign : float64
        1 or -1.
    """
    low, high = np.zeros((2, SIZE, SIZE), dtype=np.uint64)
    low_sign, high_sign = np.ones((2, SIZE, SIZE))
    for row in range(SIZE):
        for col in range(row + 1):
            p, q = (row + 1) // 2, (col + 1) // 2
            p_sine, q_sine = row > 0 and row % 2 == 0, col > 0 and col % 2 == 0
            low[row, col] = (2 * (p - q) + (p_sine != q_sine)) * N_LANES
            high[row, col] = (2 * (p + q) + (p_sine != q_sine)) * N_LANES
            if p_sine and q_sine:
                high_sign[row, col] = -1.0
            elif q_sine:
                low_sign[row, col] = -1.0
    return low, high, low_sign, high_sign


LOW, HIGH, LOW_SIGN, HIGH_SIGN = _normal_elements()


# Divisors may be 0 in lanes that are not used: no error, nor a test that keeps the compiler
# from dividing all lanes at once. Flat arrays and unsigned positions, as in `harmonic_sums`.
@njit(cache=True, nogil=True, error_model="numpy")
def _explained(
    y: Floats,
    w: Floats,
    order: int,
    factor: Floats,
    solution: Floats,
    explained: Floats,
    top: Integers,
) -> None:
    """Explained variance of each order 1 .. `order` at all lanes, by one Cholesky factor.

    Unknowns: the constant, then cosine and sine of each harmonic. All lanes do the same, each
    in the order in which one alone would: where a pivot is too small, what follows has no
    meaning, and is not used.

    Parameters
    ----------
    y, w : from `harmonic_sums`
        Before w, those of harmonic 0: 1 and 0 for all lanes.
    factor, solution : (SIZE * SIZE * N_LANES,), (SIZE * N_LANES,) float64
        Room.
    explained : (MAX_ORDER + 1, N_LANES) float64
        Out.
    top : (N_LANES,) int64
        Out: the highest order that the points constrain.
    """
    value, total = np.empty(N_LANES), np.zeros(N_LANES)
    # Row 0 belongs to the constant, whose matrix element is the sum of weights, 1.
    factor[:N_LANES] = 1.0
    solution[:N_LANES] = 0.0
    top[:] = order
    one, two, size = np.uint64(1), np.uint64(2), np.uint64(2 * order + 1)
    for row in range(one, size):
        this = row * ROW
        for col in range(row + one):
            low, high = LOW[row, col], HIGH[row, col]
            low_sign, high_sign = LOW_SIGN[row, col], HIGH_SIGN[row, col]
            for m in range(LANES):
                value[m] = 0.5 * (low_sign * w[low + m] + high_sign * w[high + m])
            other = col * ROW
            for i in range(col):
                for m in range(LANES):
                    value[m] -= factor[this + i * LANES + m] * factor[other + i * LANES + m]
            if col < row:
                pivot, to = other + col * LANES, this + col * LANES
                for m in range(LANES):
                    factor[to + m] = value[m] / factor[pivot + m]
        pivot, right = this + row * LANES, (row - one) * LANES
        for m in range(N_LANES):
            if value[m] < SINGULAR:
                top[m] = min(top[m], np.int64((row - one) // two))
        for m in range(LANES):
            factor[pivot + m] = np.sqrt(value[m])
            value[m] = y[right + m]
        for i in range(row):
            for m in range(LANES):
                value[m] -= factor[this + i * LANES + m] * solution[i * LANES + m]
        to = row * LANES
        for m in range(LANES):
            solution[to + m] = value[m] / factor[pivot + m]
            total[m] += solution[to + m] * solution[to + m]
        if row % two == 0:
            explained[row // two] = total


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
    points = (even(time), even(weight * mag), even(weight))
    rotations = window_rotations(points[0], offsets)
    w = np.zeros((4 * MAX_ORDER + 2) * N_LANES)
    w[:N_LANES] = 1.0
    y = np.empty(2 * MAX_ORDER * N_LANES)
    factor, solution = np.zeros(SIZE * SIZE * N_LANES), np.zeros(SIZE * N_LANES)
    explained = np.zeros((MAX_ORDER + 1, N_LANES))
    top, limit = np.zeros(N_LANES, dtype=np.int64), np.zeros(N_LANES, dtype=np.int64)
    bic = np.zeros((len(centres), N_LANES))
    orders = np.zeros((len(centres), N_LANES), dtype=np.int64)
    log_n = np.log(n)
    span = time.max()
    for i in range(len(centres)):
        for m in range(N_LANES):
            limit[m] = min(max_order, cycle_order(centres[i] + offsets[m], span))
        order = limit.max()
        harmonic_sums(*points, centres[i], *rotations, order, w[2 * N_LANES :], y)
        _explained(y, w, order, factor, solution, explained, top)
        for m in range(N_LANES):
            for k in range(1, min(top[m], limit[m]) + 1):
                # A perfect fit of few points would have a criterion of minus infinity.
                left = max(1.0 - explained[k, m] / variance, 1e-12)
                value = n * np.log(left) + 2.0 * k * log_n
                if value < bic[i, m]:
                    bic[i, m] = value
                    orders[i, m] = k
    return bic, orders


def fourier_fit(
    time: Floats, mag: Floats, weight: Floats, frequency: float, min_order: int, max_order: int
) -> tuple[Floats, Floats]:
    """Fit Fourier series, and return that of the order with the smallest criterion.

    Parameters
    ----------
    time, mag, weight : (n,) float64
        Days; magnitudes of weighted mean 0; weights of sum 1.
    frequency : float
        1/d.
    min_order, max_order : int

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
