"""The Lomb-Scargle periodogram over a whole grid.

The sums S(f) = sum_j s_j e^{2 pi i f u_j} over points in |u| <= T/2 vary slowly with f: the
search grid samples each peak of width 1/T some ten times. They are therefore computed on a
coarse grid of step q df, about 1/(2T), by `scope.periods.kernels.frequency_bands`, and brought to
the search grid by convolution with a Kaiser-Bessel window of `TAPS` points. Both are good to
about 1e-8 of the sum of |s|.

Power needs Y(f), the transform of the weighted magnitudes, and W(f) and W(2f), that of the
weights (Press & Rybicki 1989, ApJ 338, 277).
"""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np
from numba import njit

from scope.periods.kernels.frequency_bands import COSINE, INVERSE, SINE, band_sums, spreading, turns
from scope.periods.kernels.power import SINGULAR
from scope.periods.kernels.reduce import State, reduce_block
from scope.periods.kernels.types import Floats, Integers
from scope.periods.kernels.window import shape_parameter, window, window_transform

TAPS = 10
SHAPE = shape_parameter(TAPS, 2.0)
BLOCK = 256
"""Coarse cells per block."""
_KEPT = threading.local()
# Unsigned, as in `scope.periods.kernels.harmonic_sums`.
ONE, TWO, THREE = np.uint64(1), np.uint64(2), np.uint64(3)
FOUR, FIVE, SIX = np.uint64(4), np.uint64(5), np.uint64(6)
SEVEN, EIGHT, NINE = np.uint64(7), np.uint64(8), np.uint64(9)


class Transforms(NamedTuple):
    """Sums on the coarse grid, `TAPS` negative frequencies first.

    Attributes
    ----------
    y_re, y_im : weighted magnitudes, multiples of the coarse step
    w_re, w_im : weights, multiples of the coarse step
    even_re, even_im, odd_re, odd_im : the weights at even and odd multiples
    """

    y_re: Floats
    y_im: Floats
    w_re: Floats
    w_im: Floats
    even_re: Floats
    even_im: Floats
    odd_re: Floats
    odd_im: Floats


def transforms(
    time: Floats, mag: Floats, weight: Floats, df: float, q: int, last: int
) -> Transforms:
    """Return sums on the coarse grid of step ``q * df`` that reaches ``last`` of its steps.

    Good until this thread calls it again: the arrays are its own, used for every curve.

    `time` (days since the first point), `mag` (weighted mean 0) and `weight` (sum 1): (n,) float64.
    """
    # About the middle of the curve, where the sums vary most slowly with frequency; the common
    # phase changes no power.
    theta = (time - 0.5 * time.max()) * (df * q)
    # What the convolution from the coarse to the search grid will multiply each point by.
    corrected = weight / window_transform(theta, TAPS, SHAPE)
    shared = (*spreading(theta), *turns(theta), -TAPS, INVERSE, COSINE, SINE)
    reach = last + TAPS // 2 + 2
    # TAPS is even: both halves of the weights have as many places.
    sizes = [TAPS + reach] * 2 + [TAPS + 2 * reach] * 2 + [TAPS // 2 + reach] * 4
    sums = Transforms(*_room(sizes))
    band_sums(theta, corrected * mag, *shared, sums.y_re, sums.y_im)
    band_sums(theta, corrected, *shared, sums.w_re, sums.w_im)
    sums.even_re[:], sums.even_im[:] = sums.w_re[0::2], sums.w_im[0::2]
    sums.odd_re[:], sums.odd_im[:] = sums.w_re[1::2], sums.w_im[1::2]
    return sums


def _room(sizes: list[int]) -> list[Floats]:
    """Arrays of these sizes, without content, out of one that the thread keeps.

    Fresh memory costs more than what is calculated with it takes to write: the system clears
    each page when it is first touched, and takes it back after each curve.
    """
    stop = np.cumsum(sizes)
    kept: Floats | None = getattr(_KEPT, "room", None)
    if kept is None or len(kept) < stop[-1]:
        kept = _KEPT.room = np.empty(stop[-1])
    return np.split(kept[: stop[-1]], stop[:-1])


def fine_taps(q: int) -> Floats:
    """Window of each of the q positions between coarse points, (q, TAPS)."""
    offset = np.arange(q)[:, None] / q
    return window(offset - (np.arange(TAPS) + 1 - TAPS // 2), TAPS, SHAPE)


@njit(cache=True, nogil=True)
def _convolve(out: Floats, part: Floats, taps: Floats, count: int) -> None:
    """out[m] = sum of taps[i] part[m + i], written out: one pass over memory."""
    t0, t1, t2, t3, t4 = taps[0], taps[1], taps[2], taps[3], taps[4]
    t5, t6, t7, t8, t9 = taps[5], taps[6], taps[7], taps[8], taps[9]
    for m in range(np.uint64(count)):
        low = part[m] * t0 + part[m + ONE] * t1 + part[m + TWO] * t2 + part[m + THREE] * t3
        high = part[m + SIX] * t6 + part[m + SEVEN] * t7 + part[m + EIGHT] * t8
        middle = part[m + FOUR] * t4 + part[m + FIVE] * t5 + part[m + NINE] * t9
        out[m] = low + middle + high


@njit(cache=True, nogil=True)
def _convolve_apart(
    out: Floats, even: Floats, odd: Floats, even_taps: Floats, odd_taps: Floats, count: int
) -> None:
    """The same where even and odd places stand apart, five taps for each."""
    e0, e1, e2, e3, e4 = even_taps[0], even_taps[1], even_taps[2], even_taps[3], even_taps[4]
    o0, o1, o2, o3, o4 = odd_taps[0], odd_taps[1], odd_taps[2], odd_taps[3], odd_taps[4]
    for m in range(np.uint64(count)):
        first = even[m] * e0 + even[m + ONE] * e1 + even[m + TWO] * e2 + even[m + THREE] * e3
        second = odd[m] * o0 + odd[m + ONE] * o1 + odd[m + TWO] * o2 + odd[m + THREE] * o3
        out[m] = first + second + (even[m + FOUR] * e4 + odd[m + FOUR] * o4)


@njit(cache=True, nogil=True)
def _powers(
    block: Floats,
    q: int,
    r: int,
    count: int,
    y_re: Floats,
    y_im: Floats,
    w_re: Floats,
    w_im: Floats,
    v_re: Floats,
    v_im: Floats,
    variance: float,
) -> None:
    """Power from the three transforms (see `scope.periods.kernels.power`), every q-th value."""
    for m in range(count):
        yc, ys, c1, s1 = y_re[m], y_im[m], w_re[m], w_im[m]
        cc = 0.5 + 0.5 * v_re[m] - c1 * c1
        ss = 0.5 - 0.5 * v_re[m] - s1 * s1
        cs = 0.5 * v_im[m] - c1 * s1
        determinant = cc * ss - cs * cs
        numerator = ss * yc * yc + cc * ys * ys - 2.0 * cs * yc * ys
        good = determinant >= SINGULAR
        block[m * q + r] = numerator / (determinant * variance) if good else 0.0


@njit(cache=True, nogil=True)
def _scan(
    sums: tuple[Floats, ...],
    taps: Floats,
    first: int,
    n_freq: int,
    variance: float,
    removed: Integers,
    state: State,
) -> None:
    """Power at grid positions ``first .. first + n_freq`` counted from f = 0, reduced."""
    y_re, y_im, w_re, w_im, even_re, even_im, odd_re, odd_im = sums
    q, width = taps.shape
    # Array position of coarse index n - width / 2 + 1 is n + lead.
    lead = width // 2 + 1
    yc, ys = np.empty(BLOCK), np.empty(BLOCK)
    wc, ws = np.empty(BLOCK), np.empty(BLOCK)
    vc, vs = np.empty(BLOCK), np.empty(BLOCK)
    block = np.empty(BLOCK * q)
    stop_cell = (first + n_freq - 1) // q + 1
    for cell in range(first // q, stop_cell, BLOCK):
        count = min(BLOCK, stop_cell - cell)
        for r in range(q):
            start = cell + lead
            _convolve(yc, y_re[start:], taps[r], count)
            _convolve(ys, y_im[start:], taps[r], count)
            _convolve(wc, w_re[start:], taps[r], count)
            _convolve(ws, w_im[start:], taps[r], count)
            # 2 f lies at coarse index 2 m + 2 r / q; even and odd indices apart.
            beyond = 2 * r // q
            double = taps[2 * r - beyond * q]
            start = 2 * cell + beyond + lead
            parity = start % 2
            even, odd = double[parity::2], double[1 - parity :: 2]
            at_even, at_odd = (start + 1) // 2, start // 2
            _convolve_apart(vc, even_re[at_even:], odd_re[at_odd:], even, odd, count)
            _convolve_apart(vs, even_im[at_even:], odd_im[at_odd:], even, odd, count)
            _powers(block, q, r, count, yc, ys, wc, ws, vc, vs, variance)
        skip = max(first - cell * q, 0)
        begin = cell * q + skip
        size = min(first + n_freq, (cell + count) * q) - begin
        reduce_block(block[skip:], size, begin - first, removed, state)


def scan_power(
    time: Floats,
    mag: Floats,
    weight: Floats,
    df: float,
    first: int,
    n_freq: int,
    samples_per_peak: int,
    removed: Integers,
    state: State,
) -> None:
    """Reduce the power on the grid ``df * (first + k)``.

    Parameters
    ----------
    time, mag, weight : (n,) float64
        Days since the first point; magnitudes of weighted mean 0; weights of sum 1.
    df : float
        1 / (samples_per_peak * last time), 1/d.
    first : int
        Lowest frequency in steps of `df`.
    removed : (m, 2) int64
        Ranges of grid positions to leave out.
    """
    q = max(samples_per_peak // 2, 1)
    sums = transforms(time, mag, weight, df, q, (first + n_freq - 1) // q)
    variance = float(np.sum(weight * mag * mag))
    _scan(tuple(sums), fine_taps(q), first, n_freq, variance, removed, state)
