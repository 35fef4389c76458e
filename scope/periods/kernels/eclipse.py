"""Bayesian information criterion of one or two eclipses, modelled as boxes in phase.

The light curve is constant but for one or two fainter boxes (Kovács, Zucker & Mazeh 2002,
A&A 391, 369, with a second box of its own depth and width). Relative to a constant, with
errors known up to a factor::

    BIC = n ln(chi2 / chi2_0) + p ln n      p = 3 (depth, phase, width) per box
"""

from __future__ import annotations

import numpy as np
from numba import njit

from scope.periods.kernels.phases import phase_bin
from scope.periods.kernels.types import Floats, Integers

N_BINS = 100
"""Phase bins; box edges fall on them."""
BINS = np.uint64(N_BINS)
WIDTHS = np.array([2, 3, 4, 5, 7, 10, 13, 17], dtype=np.int64)
"""Box widths in bins: 2 to 17 % of the cycle."""
MIN_POINTS = 3
"""Fewest points in a box."""
TINY = 1e-12
BETTER = 1.0 + 1e-9
"""Boxes around the same points tie but for rounding: the earlier and narrower one wins."""


@njit(cache=True, nogil=True)
def _fold(
    time: Floats,
    weighted: Floats,
    weight: Floats,
    frequency: float,
    bins: Integers,
    sum_w: Floats,
    sum_y: Floats,
    count: Floats,
) -> None:
    """Cumulative sums over phase bins, running twice around the cycle."""
    sum_w[:] = 0.0
    sum_y[:] = 0.0
    count[:] = 0.0
    for j in range(len(time)):
        bins[j] = phase_bin(time[j], frequency, N_BINS) + 1
    for j in range(len(time)):
        b = bins[j]
        sum_w[b] += weight[j]
        sum_y[b] += weighted[j]
        count[b] += 1.0
    for b in range(1, N_BINS + 1):
        sum_w[b] += sum_w[b - 1]
        sum_y[b] += sum_y[b - 1]
        count[b] += count[b - 1]
    for b in range(1, N_BINS + 1):
        sum_w[b + N_BINS] = sum_w[N_BINS] + sum_w[b]
        sum_y[b + N_BINS] = sum_y[N_BINS] + sum_y[b]
        count[b + N_BINS] = count[N_BINS] + count[b]


@njit(cache=True, nogil=True)
def _one_box(
    sum_w: Floats, sum_y: Floats, count: Floats, gains: Floats, widths: Floats
) -> tuple[float, int, int, float]:
    """Most explained variance of one fainter box, its first bin and width (0: none).

    Also the largest weight that any box holds.
    """
    gains[:] = 0.0
    heaviest = 0.0
    for d in WIDTHS:
        w_end, y_end, n_end = sum_w[d:], sum_y[d:], count[d:]
        for b in range(BINS):
            w = w_end[b] - sum_w[b]
            y = y_end[b] - sum_y[b]
            # The magnitudes have mean 0, so those outside sum to -y: y^2 / w + y^2 / (1 - w).
            gain = y * y / max(w * (1.0 - w), TINY)
            good = (y > 0.0) & (n_end[b] - count[b] >= MIN_POINTS) & (gain > gains[b] * BETTER)
            gains[b] = gain if good else gains[b]
            widths[b] = d if good else widths[b]
    best, first = 0.0, 0
    widest = WIDTHS[-1]
    for b in range(N_BINS):
        heaviest = max(heaviest, sum_w[b + widest] - sum_w[b])
        if gains[b] > best * BETTER:
            best, first = gains[b], b
    return best, first, int(widths[first]) if best > 0.0 else 0, heaviest


@njit(cache=True, nogil=True)
def _pair_bound(gain: float, w1: float, heaviest: float) -> float:
    """What two disjoint boxes explain at most, if the better one alone explains `gain`.

    Their indicators correlate by -r, with r^2 at most the product of w / (1 - w); together
    they explain (g1 + g2 + 2 r sqrt(g1 g2)) / (1 - r^2) or less.
    """
    r = np.sqrt(w1 / max(1.0 - w1, TINY) * heaviest / max(1.0 - heaviest, TINY))
    return np.inf if r >= 1.0 else 2.0 * gain / (1.0 - r)


@njit(cache=True, nogil=True)
def _second_box(sum_w: Floats, sum_y: Floats, count: Floats, first: int, width: int) -> float:
    """Most explained variance with a second fainter box beside the first; 0: none."""
    w1 = sum_w[first + width] - sum_w[first]
    y1 = sum_y[first + width] - sum_y[first]
    inside = y1 * y1 / w1
    best = 0.0
    for d in WIDTHS:
        # From behind the first box to before it comes round again: the two do not overlap.
        for b in range(first + width, first + N_BINS - d + 1):
            a = b if b < N_BINS else b - N_BINS
            w = sum_w[a + d] - sum_w[a]
            y = sum_y[a + d] - sum_y[a]
            rest = y1 + y
            outside = 1.0 - w1 - w
            if outside < 1e-6 or count[a + d] - count[a] < MIN_POINTS:
                continue
            gain = inside + y * y / w + rest * rest / outside
            # Fainter than what is outside of both boxes: y / w > -(y1 + y) / outside.
            if gain > best and y * outside > -rest * w:
                best = gain
    return best


@njit(cache=True, nogil=True)
def eclipse_bic(
    time: Floats, mag: Floats, weight: Floats, frequencies: Floats, ceiling: float
) -> tuple[Floats, Integers]:
    """Smallest criterion over one- and two-box models at each frequency.

    Parameters
    ----------
    time, mag, weight : (n,) float64
        Days since the first point; magnitudes of weighted mean 0; weights of sum 1.
    frequencies : (k,) float64
        1/d.
    ceiling : float
        A second box is tried only where it could bring the criterion below this.

    Returns
    -------
    bic : (k,) float64
        0 where no box is fainter than the rest.
    boxes : (k,) int64
        0, 1 or 2.
    """
    n = len(time)
    variance = np.sum(weight * mag * mag)
    weighted = weight * mag
    sum_w = np.zeros(2 * N_BINS + 1)
    sum_y = np.zeros(2 * N_BINS + 1)
    count = np.zeros(2 * N_BINS + 1)
    bins = np.empty(n, dtype=np.int64)
    gains = np.zeros(N_BINS)
    widths = np.zeros(N_BINS)
    bic = np.zeros(len(frequencies))
    boxes = np.zeros(len(frequencies), dtype=np.int64)
    log_n = np.log(n)
    lowest = ceiling
    for i in range(len(frequencies)):
        _fold(time, weighted, weight, frequencies[i], bins, sum_w, sum_y, count)
        gain, first, width, heaviest = _one_box(sum_w, sum_y, count, gains, widths)
        if width == 0:
            continue
        one = n * np.log(max(1.0 - gain / variance, TINY)) + 3.0 * log_n
        if one < 0.0:
            bic[i] = one
            boxes[i] = 1
        bound = _pair_bound(gain, sum_w[first + width] - sum_w[first], heaviest)
        bound = n * np.log(max(1.0 - bound / variance, TINY)) + 6.0 * log_n
        if bound < min(lowest, 0.0):
            gain = _second_box(sum_w, sum_y, count, first, width)
            two = n * np.log(max(1.0 - gain / variance, TINY)) + 6.0 * log_n
            if two < bic[i]:
                bic[i] = two
                boxes[i] = 2
        lowest = min(lowest, bic[i])
    return bic, boxes
