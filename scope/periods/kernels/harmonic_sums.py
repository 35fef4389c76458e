"""Sums over the points of a light curve at twelve harmonics of many frequencies."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from scope.periods.kernels.types import Floats

N_LANES = 24
"""Frequencies per window: three vectors of eight doubles."""
# Unsigned, as are the loop and all positions: the compiler then knows that no index is
# negative, and turns the loop over lanes into vector instructions (4 times faster).
LANES = np.uint64(N_LANES)
POINTS = 2
"""Points that are added at a time."""


@njit(cache=True, nogil=True)
def window_rotations(time: Floats, offsets: Floats) -> tuple[Floats, Floats]:
    """Return cos and sin of 2 pi t times each frequency offset of the window, (n, lanes).

    `time` (days): (n,) float64; `offsets` (1/d): (lanes,) float64.
    """
    cosine = np.empty((len(time), N_LANES))
    sine = np.empty((len(time), N_LANES))
    for j in range(len(time)):
        for m in range(N_LANES):
            angle = 2.0 * np.pi * time[j] * offsets[m]
            cosine[j, m] = np.cos(angle)
            sine[j, m] = np.sin(angle)
    return cosine, sine


@njit(cache=True, nogil=True)
def _at_centre(time: float, centre: float) -> tuple[float, float]:
    """cos and sin of 2 pi f t."""
    cycles = time * centre
    angle = 2.0 * np.pi * (cycles - np.floor(cycles))
    return np.cos(angle), np.sin(angle)


@njit(cache=True, nogil=True)
def _next(c: float, s: float, c1: float, s1: float) -> tuple[float, float]:
    """Cosine and sine of the next harmonic, by the addition theorem."""
    return c * c1 - s * s1, s * c1 + c * s1


@njit(cache=True, nogil=True)
def _add(sums: Floats, at: Any, a: float, c: float, s: float, b: float, d: float, t: float) -> None:
    """Add a times (c, s), then b times (d, t), to the sums with cosine and sine at a lane."""
    sums[at] = (sums[at] + a * c) + b * d
    sums[at + LANES] = (sums[at + LANES] + a * s) + b * t


def _compiled(order: int) -> Any:
    """`harmonic_sums` for models of up to that order: a constant to the compiler."""

    @njit(cache=True, nogil=True)
    def sums(
        time: Floats,
        weighted: Floats,
        weight: Floats,
        centre: float,
        rotation_c: Floats,
        rotation_s: Floats,
        w: Floats,
        y: Floats,
    ) -> None:
        w[:] = 0.0
        y[:] = 0.0
        for j in range(0, len(time), POINTS):
            c0, s0 = _at_centre(time[j], centre)
            d0, t0 = _at_centre(time[j + 1], centre)
            a, b = weight[j], weight[j + 1]
            g, h = weighted[j], weighted[j + 1]
            left_c, left_s = rotation_c[j], rotation_s[j]
            right_c, right_s = rotation_c[j + 1], rotation_s[j + 1]
            for m in range(LANES):
                c1, s1 = _next(c0, s0, left_c[m], left_s[m])
                d1, t1 = _next(d0, t0, right_c[m], right_s[m])
                _add(w, m, a, c1, s1, b, d1, t1)
                _add(y, m, g, c1, s1, h, d1, t1)
                c2, s2 = _next(c1, s1, c1, s1)
                d2, t2 = _next(d1, t1, d1, t1)
                _add(w, m + 2 * LANES, a, c2, s2, b, d2, t2)
                if order > 1:
                    _add(y, m + 2 * LANES, g, c2, s2, h, d2, t2)
                    c3, s3 = _next(c2, s2, c1, s1)
                    d3, t3 = _next(d2, t2, d1, t1)
                    _add(w, m + 4 * LANES, a, c3, s3, b, d3, t3)
                    c4, s4 = _next(c3, s3, c1, s1)
                    d4, t4 = _next(d3, t3, d1, t1)
                    _add(w, m + 6 * LANES, a, c4, s4, b, d4, t4)
                if order > 2:
                    _add(y, m + 4 * LANES, g, c3, s3, h, d3, t3)
                    _add(y, m + 6 * LANES, g, c4, s4, h, d4, t4)
                    c5, s5 = _next(c4, s4, c1, s1)
                    d5, t5 = _next(d4, t4, d1, t1)
                    _add(w, m + 8 * LANES, a, c5, s5, b, d5, t5)
                    c6, s6 = _next(c5, s5, c1, s1)
                    d6, t6 = _next(d5, t5, d1, t1)
                    _add(w, m + 10 * LANES, a, c6, s6, b, d6, t6)
                    c7, s7 = _next(c6, s6, c1, s1)
                    d7, t7 = _next(d6, t6, d1, t1)
                    _add(w, m + 12 * LANES, a, c7, s7, b, d7, t7)
                    c8, s8 = _next(c7, s7, c1, s1)
                    d8, t8 = _next(d7, t7, d1, t1)
                    _add(w, m + 14 * LANES, a, c8, s8, b, d8, t8)
                if order > 4:
                    _add(y, m + 8 * LANES, g, c5, s5, h, d5, t5)
                    _add(y, m + 10 * LANES, g, c6, s6, h, d6, t6)
                    c9, s9 = _next(c8, s8, c1, s1)
                    d9, t9 = _next(d8, t8, d1, t1)
                    _add(w, m + 16 * LANES, a, c9, s9, b, d9, t9)
                    c10, s10 = _next(c9, s9, c1, s1)
                    d10, t10 = _next(d9, t9, d1, t1)
                    _add(w, m + 18 * LANES, a, c10, s10, b, d10, t10)
                    c11, s11 = _next(c10, s10, c1, s1)
                    d11, t11 = _next(d10, t10, d1, t1)
                    _add(w, m + 20 * LANES, a, c11, s11, b, d11, t11)
                    c12, s12 = _next(c11, s11, c1, s1)
                    d12, t12 = _next(d11, t11, d1, t1)
                    _add(w, m + 22 * LANES, a, c12, s12, b, d12, t12)

    return sums


_UP_TO_1, _UP_TO_2, _UP_TO_4, _UP_TO_6 = (_compiled(order) for order in (1, 2, 4, 6))


@njit(cache=True, nogil=True)
def harmonic_sums(
    time: Floats,
    weighted: Floats,
    weight: Floats,
    centre: float,
    rotation_c: Floats,
    rotation_s: Floats,
    order: int,
    w: Floats,
    y: Floats,
) -> None:
    """Sum ``weight`` and ``weighted`` times cos and sin of k 2 pi f t.

    One cosine and sine per point, at the window's centre; its frequencies by the rotations
    of `window_rotations`, the harmonics by the addition theorem. Written out, because a
    loop over harmonics keeps the compiler from using vector instructions; and two points at
    a time, one after the other added to sums that are fetched and put back once.

    Parameters
    ----------
    time, weighted, weight : (n,) float64
        An even number of points: `even` adds one without weight.
    rotation_c, rotation_s : (n, lanes) float64
        From `window_rotations`.
    order : int
        1 .. 6, of the models that are fitted: sums of w to k = 2 `order`, of y to `order`.
    w : (24 * lanes,) float64
        Out: for k = 1 .. 12 the sums with cos, then with sin, each for all lanes.
    y : (12 * lanes,) float64
        Out: the same for ``weighted``, k = 1 .. 6.
    """
    points = (time, weighted, weight, centre, rotation_c, rotation_s)
    if order == 1:
        _UP_TO_1(*points, w, y)
    elif order == 2:
        _UP_TO_2(*points, w, y)
    elif order <= 4:
        _UP_TO_4(*points, w, y)
    else:
        _UP_TO_6(*points, w, y)


@njit(cache=True, nogil=True)
def even(values: Floats) -> Floats:
    """Return the values, (n,), and a 0 after them where their number is odd: (n or n + 1,) float64.

    The compiler takes `values`, (n,), two at a time.
    """
    result = np.zeros(len(values) + len(values) % POINTS)
    result[: len(values)] = values
    return result
