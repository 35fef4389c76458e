"""Bayesian information criterion of one or two eclipses, modelled as boxes in phase.

The light curve is constant but for one or two fainter boxes (Kovács, Zucker & Mazeh 2002,
A&A 391, 369, with a second box of its own depth and width). Relative to a constant, with
errors known up to a factor::

    BIC = n ln(chi2 / chi2_0) + p ln n      p = 3 (depth, phase, width) per box
"""

from __future__ import annotations

import numpy as np
from numba import njit

BINS = 100
"""Phase bins; box edges fall on them."""
WIDTHS = np.array([2, 3, 4, 5, 6, 8, 10, 12, 15, 18], dtype=np.int64)
"""Box widths in bins: 2 to 18 % of the cycle."""
MIN_POINTS = 3
"""Fewest points in a box."""


@njit(cache=True, nogil=True)
def _fold(time, wy, weight, frequency, sum_w, sum_y, count):
    """Cumulative sums over phase bins, running twice around the cycle."""
    sum_w[:] = 0.0
    sum_y[:] = 0.0
    count[:] = 0
    for j in range(len(time)):
        cycles = time[j] * frequency
        b = min(int((cycles - np.floor(cycles)) * BINS), BINS - 1) + 1
        sum_w[b] += weight[j]
        sum_y[b] += wy[j]
        count[b] += 1
    for b in range(1, BINS + 1):
        sum_w[b] += sum_w[b - 1]
        sum_y[b] += sum_y[b - 1]
        count[b] += count[b - 1]
    for b in range(1, BINS + 1):
        sum_w[b + BINS] = sum_w[BINS] + sum_w[b]
        sum_y[b + BINS] = sum_y[BINS] + sum_y[b]
        count[b + BINS] = count[BINS] + count[b]


@njit(cache=True, nogil=True)
def eclipse_bic(time, mag, weight, frequencies):
    """Smallest criterion over one- and two-box models at each frequency.

    Parameters
    ----------
    time, mag, weight : (n,) float64
        Days since the first point; magnitudes of weighted mean 0; weights of sum 1.
    frequencies : (k,) float64
        1/d.

    Returns
    -------
    bic : (k,) float64
        0 where no box is fainter than the rest.
    boxes : (k,) int64
        0, 1 or 2.
    """
    n = len(time)
    variance = np.sum(weight * mag * mag)
    wy = weight * mag
    sum_w = np.zeros(2 * BINS + 1)
    sum_y = np.zeros(2 * BINS + 1)
    count = np.zeros(2 * BINS + 1, dtype=np.int64)
    bic = np.zeros(len(frequencies))
    boxes = np.zeros(len(frequencies), dtype=np.int64)
    log_n = np.log(n)
    for i in range(len(frequencies)):
        _fold(time, wy, weight, frequencies[i], sum_w, sum_y, count)
        best, first, width = 0.0, 0, 0
        for d in WIDTHS:
            for b in range(BINS):
                w = sum_w[b + d] - sum_w[b]
                y = sum_y[b + d] - sum_y[b]
                gain = y * y / max(w * (1.0 - w), 1e-12)
                if gain > best and y > 0.0 and count[b + d] - count[b] >= MIN_POINTS:
                    best, first, width = gain, b, d
        if width == 0:
            continue
        left = max(1.0 - best / variance, 1e-12)
        bic[i] = n * np.log(left) + 3.0 * log_n
        boxes[i] = 1
        w1 = sum_w[first + width] - sum_w[first]
        y1 = sum_y[first + width] - sum_y[first]
        inside = y1 * y1 / w1
        best = 0.0
        for d in WIDTHS:
            for b in range(first + width, first + BINS - d + 1):
                a = b if b < BINS else b - BINS
                w = sum_w[a + d] - sum_w[a]
                y = sum_y[a + d] - sum_y[a]
                rest = y1 + y
                outside = 1.0 - w1 - w
                if outside < 1e-6 or count[a + d] - count[a] < MIN_POINTS:
                    continue
                gain = inside + y * y / w + rest * rest / outside
                if gain > best and y * outside > -rest * w:
                    best = gain
        left = max(1.0 - best / variance, 1e-12)
        two = n * np.log(left) + 6.0 * log_n
        if best > 0.0 and two < bic[i]:
            bic[i] = two
            boxes[i] = 2
        if bic[i] >= 0.0:
            bic[i] = 0.0
            boxes[i] = 0
    return bic, boxes
