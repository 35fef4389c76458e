"""Sums over the points of a light curve at twelve harmonics of many frequencies."""

from __future__ import annotations

import numpy as np
from numba import njit

from scope.periods.kernels.types import Floats

N_LANES = 24
"""Frequencies per window: three vectors of eight doubles."""
# Unsigned, as are the loop and all positions: the compiler then knows that no index is
# negative, and turns the loop over lanes into vector instructions (4 times faster).
LANES = np.uint64(N_LANES)


@njit(cache=True, nogil=True)
def window_rotations(time: Floats, offsets: Floats) -> tuple[Floats, Floats]:
    """cos and sin of 2 pi t times each of the window's frequency offsets [1/d], (n, lanes)."""
    cosine = np.empty((len(time), N_LANES))
    sine = np.empty((len(time), N_LANES))
    for j in range(len(time)):
        for m in range(N_LANES):
            angle = 2.0 * np.pi * time[j] * offsets[m]
            cosine[j, m] = np.cos(angle)
            sine[j, m] = np.sin(angle)
    return cosine, sine


@njit(cache=True, nogil=True)
def harmonic_sums(
    time: Floats,
    weighted: Floats,
    weight: Floats,
    centre: float,
    rotation_c: Floats,
    rotation_s: Floats,
    w: Floats,
    y: Floats,
) -> None:
    """Sums of ``weight`` and ``weighted`` times cos and sin of k 2 pi f t.

    One cosine and sine per point, at the window's centre; its frequencies by the rotations
    of `window_rotations`, the harmonics by the addition theorem. Written out, because a
    loop over harmonics keeps the compiler from using vector instructions.

    Parameters
    ----------
    w : (24 * lanes,) float64
        Out: for k = 1 .. 12 the sums with cos, then with sin, each for all lanes.
    y : (12 * lanes,) float64
        Out: the same for ``weighted``, k = 1 .. 6.
    """
    w[:] = 0.0
    y[:] = 0.0
    for j in range(len(time)):
        cycles = time[j] * centre
        angle = 2.0 * np.pi * (cycles - np.floor(cycles))
        c0, s0 = np.cos(angle), np.sin(angle)
        a, b = weight[j], weighted[j]
        turn_c, turn_s = rotation_c[j], rotation_s[j]
        for m in range(LANES):
            c1, s1 = c0 * turn_c[m] - s0 * turn_s[m], s0 * turn_c[m] + c0 * turn_s[m]
            w[0 * LANES + m] += a * c1
            w[1 * LANES + m] += a * s1
            y[0 * LANES + m] += b * c1
            y[1 * LANES + m] += b * s1
            c2, s2 = c1 * c1 - s1 * s1, s1 * c1 + c1 * s1
            w[2 * LANES + m] += a * c2
            w[3 * LANES + m] += a * s2
            y[2 * LANES + m] += b * c2
            y[3 * LANES + m] += b * s2
            c3, s3 = c2 * c1 - s2 * s1, s2 * c1 + c2 * s1
            w[4 * LANES + m] += a * c3
            w[5 * LANES + m] += a * s3
            y[4 * LANES + m] += b * c3
            y[5 * LANES + m] += b * s3
            c4, s4 = c3 * c1 - s3 * s1, s3 * c1 + c3 * s1
            w[6 * LANES + m] += a * c4
            w[7 * LANES + m] += a * s4
            y[6 * LANES + m] += b * c4
            y[7 * LANES + m] += b * s4
            c5, s5 = c4 * c1 - s4 * s1, s4 * c1 + c4 * s1
            w[8 * LANES + m] += a * c5
            w[9 * LANES + m] += a * s5
            y[8 * LANES + m] += b * c5
            y[9 * LANES + m] += b * s5
            c6, s6 = c5 * c1 - s5 * s1, s5 * c1 + c5 * s1
            w[10 * LANES + m] += a * c6
            w[11 * LANES + m] += a * s6
            y[10 * LANES + m] += b * c6
            y[11 * LANES + m] += b * s6
            c7, s7 = c6 * c1 - s6 * s1, s6 * c1 + c6 * s1
            w[12 * LANES + m] += a * c7
            w[13 * LANES + m] += a * s7
            c8, s8 = c7 * c1 - s7 * s1, s7 * c1 + c7 * s1
            w[14 * LANES + m] += a * c8
            w[15 * LANES + m] += a * s8
            c9, s9 = c8 * c1 - s8 * s1, s8 * c1 + c8 * s1
            w[16 * LANES + m] += a * c9
            w[17 * LANES + m] += a * s9
            c10, s10 = c9 * c1 - s9 * s1, s9 * c1 + c9 * s1
            w[18 * LANES + m] += a * c10
            w[19 * LANES + m] += a * s10
            c11, s11 = c10 * c1 - s10 * s1, s10 * c1 + c10 * s1
            w[20 * LANES + m] += a * c11
            w[21 * LANES + m] += a * s11
            c12, s12 = c11 * c1 - s11 * s1, s11 * c1 + c11 * s1
            w[22 * LANES + m] += a * c12
            w[23 * LANES + m] += a * s12
