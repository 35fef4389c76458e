"""Reduce a periodogram while it is made: best points, distinct peaks, mean and deviation.

A periodogram of a million values is never kept. Kernels hand its values over in grid
order, block by block; what stays is a few hundred candidates and two sums.

State arrays (one set per scan, see `new_state`):

``sums``
    pivot, sum and sum of squares of (value - pivot), number of values, the last two
    values, threshold of the best points, threshold of the peaks.
``points_value, points_index`` and ``peaks_value, peaks_index``
    Buffers of candidates; ``counts`` holds their fill and the next removed range.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

State = tuple[
    npt.NDArray[np.float64],
    npt.NDArray[np.int64],
    npt.NDArray[np.float64],
    npt.NDArray[np.int64],
    npt.NDArray[np.float64],
    npt.NDArray[np.int64],
]

BUFFER = 16
"""Candidates held per candidate kept: pruning is rare, and neighbours find room."""


def new_state(keep: int) -> State:
    """Empty state of a scan that keeps `keep` points and `keep` peaks."""
    size = BUFFER * keep
    sums = np.array([0.0, 0.0, 0.0, 0.0, -np.inf, -np.inf, -np.inf, -np.inf])
    return (
        sums,
        np.zeros(3, dtype=np.int64),
        np.empty(size),
        np.empty(size, dtype=np.int64),
        np.empty(size),
        np.empty(size, dtype=np.int64),
    )


@njit(cache=True, nogil=True)
def _push(value, index, values, indices, fill, threshold):
    """Append a candidate; when full, keep the better half, earlier ones first among equals."""
    values[fill] = value
    indices[fill] = index
    fill += 1
    if fill == len(values):
        fill = len(values) // 2
        order = np.argsort(-values, kind="mergesort")[:fill]
        values[:fill] = values[order]
        indices[:fill] = indices[order]
        threshold = values[fill - 1]
    return fill, threshold


@njit(cache=True, nogil=True)
def reduce_block(block, n, start, removed, state):
    """Take the next `n` values of a periodogram, of which larger is better.

    Parameters
    ----------
    block : (>= n,) float64
        Values at grid positions ``start`` and up. Blocks must come in order.
    removed : (m, 2) int64
        Rising ranges of grid positions to leave out.
    """
    sums, counts, points_value, points_index, peaks_value, peaks_index = state
    total, squares, number = sums[1], sums[2], sums[3]
    last, before = sums[4], sums[5]
    point_level, peak_level = sums[6], sums[7]
    n_points, n_peaks, at = counts[0], counts[1], counts[2]
    if start == 0 and n > 0:
        sums[0] = block[0]
    pivot = sums[0]
    for i in range(n):
        value = block[i]
        k = start + i
        # The previous position is a peak if it rises above both neighbours; a
        # plateau counts at its first point.
        if last > peak_level and last > before and last >= value:
            inside = False
            for r in range(len(removed)):
                if removed[r, 0] <= k - 1 < removed[r, 1]:
                    inside = True
            if not inside:
                n_peaks, peak_level = _push(
                    last, k - 1, peaks_value, peaks_index, n_peaks, peak_level
                )
        before = last
        last = value
        while at < len(removed) and k >= removed[at, 1]:
            at += 1
        if at < len(removed) and k >= removed[at, 0]:
            continue
        offset = value - pivot
        total += offset
        squares += offset * offset
        number += 1.0
        if value > point_level:
            n_points, point_level = _push(
                value, k, points_value, points_index, n_points, point_level
            )
    sums[1], sums[2], sums[3] = total, squares, number
    sums[4], sums[5] = last, before
    sums[6], sums[7] = point_level, peak_level
    counts[0], counts[1], counts[2] = n_points, n_peaks, at


@njit(cache=True, nogil=True)
def _ranked(values, indices, n, keep, separation):
    """Best first; at most `keep`, more than `separation` positions apart (0: any)."""
    by_index = np.argsort(indices[:n], kind="mergesort")
    values = values[:n][by_index]
    indices = indices[:n][by_index]
    order = np.argsort(-values, kind="mergesort")
    chosen = np.empty(min(keep, n), dtype=np.int64)
    count = 0
    for i in order:
        if count == len(chosen):
            break
        clear = True
        if separation > 0:
            for j in range(count):
                if abs(indices[i] - indices[chosen[j]]) <= separation:
                    clear = False
                    break
        if clear:
            chosen[count] = i
            count += 1
    chosen = chosen[:count]
    return indices[chosen], values[chosen]


@njit(cache=True, nogil=True)
def finish(n, removed, keep, separation, state):
    """Close a scan of `n` positions.

    Returns
    -------
    point_index, point_value : (<= keep,) int64, float64
        The best grid points, best first, the lower frequency first among equals.
    peak_index, peak_value : (<= keep,) int64, float64
        The best local maxima, more than `separation` positions apart.
    mean, deviation : float
        Over all positions that were not removed; NaN where there are none.
    """
    sums, counts, points_value, points_index, peaks_value, peaks_index = state
    if n > 0 and sums[4] > sums[5]:
        inside = False
        for r in range(len(removed)):
            if removed[r, 0] <= n - 1 < removed[r, 1]:
                inside = True
        if not inside:
            counts[1], sums[7] = _push(sums[4], n - 1, peaks_value, peaks_index, counts[1], sums[7])
    point_index, point_value = _ranked(points_value, points_index, counts[0], keep, 0)
    peak_index, peak_value = _ranked(peaks_value, peaks_index, counts[1], keep, separation)
    number = sums[3]
    mean, deviation = np.nan, np.nan
    if number > 0.0:
        shift = sums[1] / number
        mean = sums[0] + shift
        deviation = np.sqrt(max(sums[2] / number - shift * shift, 0.0))
    return point_index, point_value, peak_index, peak_value, mean, deviation
