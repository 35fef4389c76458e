"""The Lomb-Scargle periodogram over a whole grid, from two real Fourier transforms.

The sums S(f) = sum_j s_j e^{2 pi i f u_j} over points in |u| <= T/2 vary slowly with f: the
search grid samples each peak of width 1/T some ten times. They are therefore computed on a
coarse grid of step q df, about 1/(2T), by a non-uniform FFT of type 1, and brought to the
search grid by convolution with a kernel of `TAPS_FINE` points. Both steps use the
Kaiser-Bessel window and its exact Fourier transform (Fessler & Sutton 2003, IEEE Trans.
Signal Process. 51, 560), and are good to about 1e-8 of the sum of |s|.

Power needs Y(f), the transform of the weighted magnitudes, and W(f) and W(2f), that of the
weights (Press & Rybicki 1989, ApJ 338, 277).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from scope.periods.kernels.power import SINGULAR
from scope.periods.kernels.reduce import State, reduce_block
from scope.periods.kernels.types import Floats, Integers

TAPS_COARSE = 14
OVERSAMPLING_COARSE = 1.25
TAPS_FINE = 10
BLOCK = 128
"""Coarse cells per block."""


def _shape(taps: int, oversampling: float) -> float:
    """Shape parameter of the window (Beatty, Nishimura & Pauly 2005, eq. 5)."""
    return float(np.pi * np.sqrt((taps / oversampling * (oversampling - 0.5)) ** 2 - 0.8))


def _window(x: Floats, taps: int, shape: float) -> Floats:
    """Kaiser-Bessel window at distance x (grid steps), zero beyond half its taps."""
    return np.i0(shape * np.sqrt(np.maximum(1.0 - (2.0 * x / taps) ** 2, 0.0)))


def _transform(frequency: Floats, taps: int, shape: float) -> Floats:
    """Fourier transform of the window at a frequency in cycles per grid step."""
    root = np.sqrt(shape**2 - (np.pi * taps * frequency) ** 2)
    return taps * np.sinh(root) / root


SHAPE_COARSE = _shape(TAPS_COARSE, OVERSAMPLING_COARSE)


def _inverse_transform_polynomial(degree: int = 20) -> Floats:
    """Coefficients of 1 / transform, good to 2e-10.

    Highest first, in z = 2 (frequency * 2 * oversampling)**2 - 1.
    """
    nodes = 0.5 - 0.5 * np.cos(np.pi * (np.arange(64) + 0.5) / 64)
    values = 1.0 / _transform(
        np.sqrt(nodes) / (2.0 * OVERSAMPLING_COARSE), TAPS_COARSE, SHAPE_COARSE
    )
    series = np.polynomial.Chebyshev.fit(nodes, values, degree, domain=[0.0, 1.0])
    return np.ascontiguousarray(np.polynomial.chebyshev.cheb2poly(series.coef)[::-1])


INVERSE = _inverse_transform_polynomial()


@njit(cache=True, nogil=True)
def _spread(grid: Floats, position: Integers, strength: Floats, kernel: Floats) -> None:
    """Add each strength, times its row of the kernel, around its first grid position."""
    size = len(grid)
    for j in range(len(strength)):
        at = position[j]
        for i in range(kernel.shape[1]):
            grid[(at + i) % size] += strength[j] * kernel[j, i]


@njit(cache=True, nogil=True)
def _unfold(
    spectrum: npt.NDArray[np.complex128],
    polynomial: Floats,
    scale: float,
    real: Floats,
    imaginary: Floats,
    pad: int,
) -> None:
    """Divide by the window's transform; fill ``pad`` negative frequencies by symmetry."""
    count = len(real) - pad
    z = np.empty(BLOCK)
    factor = np.empty(BLOCK)
    for start in range(0, count, BLOCK):
        size = min(BLOCK, count - start)
        for m in range(size):
            z[m] = 2.0 * ((start + m) * scale) ** 2 - 1.0
            factor[m] = polynomial[0]
        for p in range(1, len(polynomial)):
            coefficient = polynomial[p]
            for m in range(size):
                factor[m] = factor[m] * z[m] + coefficient
        part = spectrum[start : start + size]
        real_part = real[pad + start : pad + start + size]
        imaginary_part = imaginary[pad + start : pad + start + size]
        for m in range(size):
            real_part[m] = part[m].real * factor[m]
            imaginary_part[m] = -part[m].imag * factor[m]
    for m in range(1, pad + 1):
        real[pad - m] = real[pad + m]
        imaginary[pad - m] = -imaginary[pad + m]


@lru_cache(maxsize=4096)
def _fast_size(least: int) -> int:
    """The smallest even size, not below `least`, of prime factors 2, 3 and 5 only."""
    best = 1 << least.bit_length()
    five = 1
    while five < best:
        three = five
        while three < best:
            size = three * max(2, 1 << (-(-least // three) - 1).bit_length())
            if least <= size < best:
                best = size
            three *= 3
        five *= 5
    return best


def _coarse(theta: Floats, strength: Floats, count: int, pad: int) -> tuple[Floats, Floats]:
    """Real and imaginary part of sum_j s_j e^{2 pi i m theta_j} for m = -pad .. count - 1."""
    size = _fast_size(int(np.ceil(2.0 * OVERSAMPLING_COARSE * count)) + 2)
    centre = (theta % 1.0) * size
    first = np.ceil(centre - TAPS_COARSE / 2).astype(np.int64)
    distance = first[:, None] + np.arange(TAPS_COARSE) - centre[:, None]
    grid = np.zeros(size)
    _spread(grid, first % size, strength, _window(distance, TAPS_COARSE, SHAPE_COARSE))
    spectrum = np.fft.rfft(grid)
    real, imaginary = np.empty(pad + count), np.empty(pad + count)
    _unfold(spectrum, INVERSE, 2.0 * OVERSAMPLING_COARSE / size, real, imaginary, pad)
    return real, imaginary


class Transforms(NamedTuple):
    """Sums on the coarse grid, ``pad`` negative frequencies first.

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


@njit(cache=True, nogil=True)
def _convolve(out: Floats, array: Floats, start: int, taps: Floats, count: int) -> None:
    """out[m] = sum_i taps[i] array[start + m + i]."""
    out[:count] = 0.0
    for i in range(len(taps)):
        factor = taps[i]
        part = array[start + i : start + i + count]
        for m in range(count):
            out[m] += factor * part[m]


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


SHAPE_FINE = _shape(TAPS_FINE, 2.0)


def transforms(
    time: Floats, mag: Floats, weight: Floats, df: float, q: int, last: int
) -> Transforms:
    """Sums on the coarse grid of step ``q * df`` that reaches ``last`` of its steps."""
    theta = (time - 0.5 * time.max()) * (df * q)
    corrected = weight / _transform(theta, TAPS_FINE, SHAPE_FINE)
    pad, reach = TAPS_FINE, TAPS_FINE // 2 + 2
    y_re, y_im = _coarse(theta, corrected * mag, last + reach, pad)
    w_re, w_im = _coarse(theta, corrected, 2 * (last + reach), pad)
    halves = [np.ascontiguousarray(part[i::2]) for i in (0, 1) for part in (w_re, w_im)]
    return Transforms(y_re, y_im, w_re, w_im, *halves)


def fine_taps(q: int) -> Floats:
    """Window of each of the q positions between coarse points, (q, TAPS_FINE)."""
    offset = np.arange(q)[:, None] / q
    return _window(offset - (np.arange(TAPS_FINE) + 1 - TAPS_FINE // 2), TAPS_FINE, SHAPE_FINE)


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
    tail = np.empty(BLOCK)
    block = np.empty(BLOCK * q)
    stop_cell = (first + n_freq - 1) // q + 1
    for cell in range(first // q, stop_cell, BLOCK):
        count = min(BLOCK, stop_cell - cell)
        for r in range(q):
            start = cell + lead
            _convolve(yc, y_re, start, taps[r], count)
            _convolve(ys, y_im, start, taps[r], count)
            _convolve(wc, w_re, start, taps[r], count)
            _convolve(ws, w_im, start, taps[r], count)
            # 2 f lies at coarse index 2 m + 2 r / q; even and odd indices apart.
            beyond = 2 * r // q
            window = taps[2 * r - beyond * q]
            start = 2 * cell + beyond + lead
            parity = start % 2
            even, odd = window[parity::2], window[1 - parity :: 2]
            even_start, odd_start = (start + 1) // 2, start // 2
            _convolve(vc, even_re, even_start, even, count)
            _convolve(tail, odd_re, odd_start, odd, count)
            for m in range(count):
                vc[m] += tail[m]
            _convolve(vs, even_im, even_start, even, count)
            _convolve(tail, odd_im, odd_start, odd, count)
            for m in range(count):
                vs[m] += tail[m]
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
    """
    q = max(samples_per_peak // 2, 1)
    sums = transforms(time, mag, weight, df, q, (first + n_freq - 1) // q)
    variance = float(np.sum(weight * mag * mag))
    _scan(tuple(sums), fine_taps(q), first, n_freq, variance, removed, state)
