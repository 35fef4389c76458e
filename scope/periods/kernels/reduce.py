"""Reduce a periodogram while it is made: best points, distinct peaks, mean and deviation.

A periodogram of a million values is never kept. Kernels hand its values over in grid
order, block by block; what stays is a few hundred candidates and two sums.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from scope.periods.kernels.types import Floats, Integers

OVERSIZE = 8
"""Candidates held per candidate kept: the neighbours of a peak drop out at the end."""


class State(NamedTuple):
    """State of a scan between its blocks.

    Attributes
    ----------
    sums : (6,) float64
        Pivot, sum and sum of squares of (value - pivot), number of values, and the last
        two values.
    counts : (3,) int64
        Points held, peaks held, next removed range.
    point_value, point_index : (m,) float64, int64
        The best grid points so far, a heap with the worst one first.
    peak_value, peak_index : (m,) float64, int64
        The best local maxima so far, likewise.
    """

    sums: Floats
    counts: Integers
    point_value: Floats
    point_index: Integers
    peak_value: Floats
    peak_index: Integers


class Reduced(NamedTuple):
    """Summary of a scan: best points and peaks, mean and deviation.

    Attributes
    ----------
    points, peaks : (<= keep,) int64
        Grid positions of the best points, and of the best local maxima more than a
        separation apart; best first, the lower frequency first among equals.
    mean, deviation : float
        Over all positions that were not removed; NaN where there are none.
    """

    points: Integers
    peaks: Integers
    mean: float
    deviation: float


def new_state(keep: int) -> State:
    """Empty state of a scan that keeps `keep` points and `keep` peaks."""
    size = OVERSIZE * keep
    return State(
        np.array([0.0, 0.0, 0.0, 0.0, -np.inf, -np.inf]),
        np.zeros(3, dtype=np.int64),
        np.empty(size),
        np.empty(size, dtype=np.int64),
        np.empty(size),
        np.empty(size, dtype=np.int64),
    )


@njit(cache=True, nogil=True)
def _push(value: float, index: int, values: Floats, indices: Integers, held: int) -> int:
    """Put a candidate on a heap whose first place is the worst one held; return how many are.

    Worse is smaller, or of equal value and a higher position.
    """
    size = len(values)
    if held < size:
        place = held
        while place > 0:
            parent = (place - 1) // 2
            if values[parent] < value or (values[parent] == value and indices[parent] > index):
                break
            values[place], indices[place] = values[parent], indices[parent]
            place = parent
        values[place], indices[place] = value, index
        return held + 1
    place = 0
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        other = child + 1
        if other < size and (
            values[other] < values[child]
            or (values[other] == values[child] and indices[other] > indices[child])
        ):
            child = other
        if value < values[child] or (value == values[child] and index > indices[child]):
            break
        values[place], indices[place] = values[child], indices[child]
        place = child
    values[place], indices[place] = value, index
    return held


@njit(cache=True, nogil=True)
def reduce_block(block: Floats, n: int, start: int, removed: Integers, state: State) -> None:
    """Take the next `n` values of a periodogram, of which larger is better.

    Parameters
    ----------
    block : (>= n,) float64
        Values at grid positions ``start`` and up. Blocks must come in order.
    removed : (m, 2) int64
        Rising ranges of grid positions to leave out.
    """
    sums, counts = state.sums, state.counts
    total, squares, number, last, before = sums[1], sums[2], sums[3], sums[4], sums[5]
    n_points, n_peaks, at = counts[0], counts[1], counts[2]
    # Squares are summed of differences from the first value: of a flat periodogram with a large
    # mean, their sum would have lost the deviation.
    if start == 0 and n > 0:
        sums[0] = block[0]
    pivot = sums[0]
    size = len(state.point_value)
    for i in range(n):
        value = block[i]
        k = start + i
        # The previous position is a peak if it rises above both neighbours; a plateau
        # counts at its first point.
        if (
            last > before
            and last >= value
            and (n_peaks < size or last > state.peak_value[0])
            and not _inside(k - 1, removed)
        ):
            n_peaks = _push(last, k - 1, state.peak_value, state.peak_index, n_peaks)
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
        if n_points < size or value > state.point_value[0]:
            n_points = _push(value, k, state.point_value, state.point_index, n_points)
    sums[1], sums[2], sums[3], sums[4], sums[5] = total, squares, number, last, before
    counts[0], counts[1], counts[2] = n_points, n_peaks, at


@njit(cache=True, nogil=True)
def _inside(k: int, removed: Integers) -> bool:
    """Whether a grid position lies in a removed range."""
    for r in range(len(removed)):  # noqa: SIM110 (a generator cannot be compiled)
        if removed[r, 0] <= k < removed[r, 1]:
            return True
    return False


def finish(n: int, removed: Integers, keep: int, separation: int, state: State) -> Reduced:
    """Close a scan of `n` positions; peaks are more than `separation` positions apart.

    `removed`: (m, 2) int64, ranges of positions to leave out.
    """
    sums, counts = state.sums, state.counts
    peak_index, peak_value = state.peak_index[: counts[1]], state.peak_value[: counts[1]]
    # The last position has no neighbour above: it is a peak if it rises at all.
    if sums[4] > sums[5] and not any(first <= n - 1 < stop for first, stop in removed):
        peak_index, peak_value = np.append(peak_index, n - 1), np.append(peak_value, sums[4])
    point_index, point_value = state.point_index[: counts[0]], state.point_value[: counts[0]]
    mean = deviation = np.nan
    if sums[3] > 0.0:
        shift = sums[1] / sums[3]
        mean = float(sums[0] + shift)
        deviation = float(np.sqrt(max(sums[2] / sums[3] - shift * shift, 0.0)))
    # By value, then by position: equal values come in one order on every machine.
    return Reduced(
        point_index[np.lexsort((point_index, -point_value))][:keep],
        _apart(peak_index[np.lexsort((peak_index, -peak_value))], keep, separation),
        mean,
        deviation,
    )


def _apart(ranked: Integers, keep: int, separation: int) -> Integers:
    """The first `keep` positions of a ranking that are more than `separation` apart."""
    chosen: list[int] = []
    while len(ranked) and len(chosen) < keep:
        chosen.append(int(ranked[0]))
        ranked = ranked[np.abs(ranked - ranked[0]) > separation]
    return np.array(chosen, dtype=np.int64)
