"""Sums of e^{2 pi i m theta} over points, at many whole m: a transform in short bands.

A non-uniform Fourier transform of type 1 (Dutt & Rokhlin 1993, SIAM J. Sci. Comput. 14,
1368) in bands of `MODES` frequencies: the points are turned to the middle of the band, spread
on a grid of `SIZE` places with a Kaiser-Bessel window, and transformed by a fast Fourier
transform (Stockham's, of radix 4) of that size. `N_LANES` bands run side by side, one in each
lane of the processor's vectors, and stay in its cache: one transform of a million places takes
twice as long, half of it for fetching memory.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from scope.periods.kernels.types import Floats, Integers
from scope.periods.kernels.window import shape_parameter, window, window_transform

SIZE = 1024
"""Places of the grid: a power of 4."""
MODES = 768
N_LANES = 16
LANES = np.uint64(N_LANES)
TAPS = 12
"""Places that a point is spread over: errors are below 1e-8 of the sum of strengths."""
SHAPE = shape_parameter(TAPS, SIZE / MODES)


def _inverse_window() -> Floats:
    """What undoes the window, for each frequency of a band."""
    return 1.0 / window_transform((np.arange(MODES) - MODES // 2) / SIZE, TAPS, SHAPE)


def _twiddles() -> tuple[Floats, Floats]:
    """cos and sin of 2 pi k / SIZE."""
    angle = 2.0 * np.pi * np.arange(SIZE) / SIZE
    return np.cos(angle), np.sin(angle)


INVERSE = _inverse_window()
COSINE, SINE = _twiddles()


def spreading(theta: Floats) -> tuple[Integers, Floats]:
    """Return the first place and the window values of each point, (n,) int64 and (n, TAPS) float64.

    Parameters
    ----------
    theta : (n,) float64
        Cycles per mode, in -1/4 .. 1/4.
    """
    place = theta * SIZE
    first = np.ceil(place - TAPS / 2)
    distance = first[:, None] + np.arange(TAPS) - place[:, None]
    return first.astype(np.int64) % SIZE, window(distance, TAPS, SHAPE)


@njit(cache=True, nogil=True)
def turns(theta: Floats) -> tuple[Floats, Floats]:
    """Return cos and sin of the turn of each point from one band to each of the next, (n, lanes).

    `theta`: (n,) float64, cycles per mode.
    """
    cosine = np.empty((len(theta), N_LANES))
    sine = np.empty((len(theta), N_LANES))
    for j in range(len(theta)):
        for lane in range(N_LANES):
            cycles = theta[j] * (lane * MODES)
            angle = 2.0 * np.pi * (cycles - np.floor(cycles))
            cosine[j, lane] = np.cos(angle)
            sine[j, lane] = np.sin(angle)
    return cosine, sine


@njit(cache=True, nogil=True)
def _pass(
    x_re: Floats,
    x_im: Floats,
    y_re: Floats,
    y_im: Floats,
    quarter: int,
    stride: int,
    cosine: Floats,
    sine: Floats,
) -> None:
    """One pass of radix 4 over all lanes, from x to y."""
    run = np.uint64(stride) * LANES
    for p in range(quarter):
        # e^{2 pi i p / n} with n = 4 quarter = SIZE / stride, and its square and cube.
        c1, s1 = cosine[p * stride], sine[p * stride]
        c2, s2 = cosine[2 * p * stride], sine[2 * p * stride]
        c3, s3 = cosine[3 * p * stride], sine[3 * p * stride]
        first = np.uint64(p) * run
        gap = np.uint64(quarter) * run
        a_re, a_im = x_re[first : first + run], x_im[first : first + run]
        b_re, b_im = x_re[first + gap : first + gap + run], x_im[first + gap : first + gap + run]
        at = first + gap + gap
        c_re, c_im = x_re[at : at + run], x_im[at : at + run]
        d_re, d_im = x_re[at + gap : at + gap + run], x_im[at + gap : at + gap + run]
        to = np.uint64(4) * first
        e_re, e_im = y_re[to : to + run], y_im[to : to + run]
        f_re, f_im = y_re[to + run : to + run + run], y_im[to + run : to + run + run]
        on = to + run + run
        g_re, g_im = y_re[on : on + run], y_im[on : on + run]
        h_re, h_im = y_re[on + run : on + run + run], y_im[on + run : on + run + run]
        for k in range(run):
            p_re, p_im = a_re[k] + c_re[k], a_im[k] + c_im[k]
            m_re, m_im = a_re[k] - c_re[k], a_im[k] - c_im[k]
            q_re, q_im = b_re[k] + d_re[k], b_im[k] + d_im[k]
            n_re, n_im = b_re[k] - d_re[k], b_im[k] - d_im[k]
            e_re[k], e_im[k] = p_re + q_re, p_im + q_im
            u_re, u_im = m_re - n_im, m_im + n_re
            f_re[k], f_im[k] = c1 * u_re - s1 * u_im, s1 * u_re + c1 * u_im
            u_re, u_im = p_re - q_re, p_im - q_im
            g_re[k], g_im[k] = c2 * u_re - s2 * u_im, s2 * u_re + c2 * u_im
            u_re, u_im = m_re + n_im, m_im - n_re
            h_re[k], h_im[k] = c3 * u_re - s3 * u_im, s3 * u_re + c3 * u_im


@njit(cache=True, nogil=True)
def _turn(c: float, s: float, by_c: Floats, by_s: Floats, to_c: Floats, to_s: Floats) -> None:
    """Turn one complex number by each of many."""
    for lane in range(len(to_c)):
        to_c[lane] = c * by_c[lane] - s * by_s[lane]
        to_s[lane] = s * by_c[lane] + c * by_s[lane]


@njit(cache=True, nogil=True)
def _add(to: Floats, values: Floats, factor: float) -> None:
    """Add a multiple of one row to another."""
    for lane in range(len(to)):
        to[lane] += factor * values[lane]


@njit(cache=True, nogil=True)
def _gather(grid: Floats, inverse: Floats, out: Floats, start: int) -> None:
    """Bring the modes of all lanes into order, without the window."""
    half = MODES // 2
    for lane in range(N_LANES):
        low = start + lane * MODES
        count = min(MODES, len(out) - low)
        for r in range(min(half, count)):
            out[low + r] = grid[(SIZE - half + r) * N_LANES + lane] * inverse[r]
        for r in range(half, count):
            out[low + r] = grid[(r - half) * N_LANES + lane] * inverse[r]


@njit(cache=True, nogil=True)
def band_sums(
    theta: Floats,
    strength: Floats,
    first: Integers,
    kernel: Floats,
    turn_c: Floats,
    turn_s: Floats,
    lowest: int,
    inverse: Floats,
    cosine: Floats,
    sine: Floats,
    real: Floats,
    imaginary: Floats,
) -> None:
    """Fill ``real, imaginary`` with the sums of strength e^{2 pi i m theta}, m = lowest and up.

    Parameters
    ----------
    theta, strength : (n,) float64
        Cycles per mode, and what is summed.
    first, kernel : (n,) int64, (n, TAPS) float64
        From `spreading`.
    turn_c, turn_s : (n, lanes) float64
        From `turns`.
    inverse, cosine, sine : (k,) float64
        `INVERSE`, `COSINE`, `SINE`.
    real, imaginary : (m,) float64
        Out: the sums.
    """
    # The grid has room to spread over its end; what falls there belongs to its beginning.
    x_re, x_im = np.empty((SIZE + TAPS) * N_LANES), np.empty((SIZE + TAPS) * N_LANES)
    y_re, y_im = np.empty_like(x_re), np.empty_like(x_im)
    lane_c, lane_s = np.empty(N_LANES), np.empty(N_LANES)
    half = MODES // 2
    end = np.uint64(SIZE) * LANES
    for start in range(0, len(real), MODES * N_LANES):
        # To the middle of the first lane's band; `turns` leads on to the other lanes.
        middle = float(lowest + start + half)
        x_re[:] = 0.0
        x_im[:] = 0.0
        for j in range(len(theta)):
            cycles = theta[j] * middle
            angle = 2.0 * np.pi * (cycles - np.floor(cycles))
            c, s = strength[j] * np.cos(angle), strength[j] * np.sin(angle)
            _turn(c, s, turn_c[j], turn_s[j], lane_c, lane_s)
            at = np.uint64(first[j]) * LANES
            for i in range(TAPS):
                _add(x_re[at : at + LANES], lane_c, kernel[j, i])
                _add(x_im[at : at + LANES], lane_s, kernel[j, i])
                at += LANES
        for k in range(np.uint64(TAPS) * LANES):
            x_re[k] += x_re[end + k]
            x_im[k] += x_im[end + k]
        # Stockham's order: from one array into the other and back, so that nothing is reversed.
        stride, quarter = 1, SIZE // 4
        while quarter > 0:
            _pass(x_re, x_im, y_re, y_im, quarter, stride, cosine, sine)
            x_re, y_re = y_re, x_re
            x_im, y_im = y_im, x_im
            stride, quarter = stride * 4, quarter // 4
        _gather(x_re, inverse, real, start)
        _gather(x_im, inverse, imaginary, start)
