"""Conditional entropy of the phased magnitudes (Graham et al. 2013, MNRAS 434, 2629).

With n points, n_b of them in phase bin b and n_bm of these in magnitude bin m::

    H = sum_bm (n_bm / n) ln(n_b / n_bm) = (sum_b n_b ln n_b - sum_bm n_bm ln n_bm) / n

so that a table of n ln n replaces all logarithms and divisions. The scans hold the table
in integers: their sums do not depend on the order, and the two agree to the last bit.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from scope.periods.kernels.phases import SEED, bin_bits, phase_steps, seed_phases
from scope.periods.kernels.reduce import finish, reduce_block
from scope.periods.kernels.types import Floats, Integers, Reduced, State
from scope.periods.kernels.vector import count_equal

FEW = 140
"""Up to so many points, filling a histogram is faster than comparing with every bin."""
UNIT = 1048576.0
"""Table units per unit of n ln n."""
NOWHERE = np.uint8(255)
"""Bin of a place that holds no point."""


@njit(cache=True, nogil=True)
def magnitude_bins(mag: Floats, n_bins: int) -> Integers:
    """Bin of each magnitude after scaling to [0, 1]; the faintest falls in the last bin."""
    low, high = mag.min(), mag.max()
    bins = np.empty(len(mag), dtype=np.int64)
    for j in range(len(mag)):
        bins[j] = min(int((mag[j] - low) / (high - low) * n_bins), n_bins - 1)
    return bins


@njit(cache=True, nogil=True)
def n_log_n(n: int) -> Integers:
    """The table k ln k for k = 0 .. n, in table units."""
    table = np.zeros(n + 1, dtype=np.int64)
    for k in range(2, n + 1):
        table[k] = np.int64(np.rint(k * np.log(k) * UNIT))
    return table


@njit(cache=True, nogil=True)
def scan_entropy(
    time: Floats,
    mag: Floats,
    f0: float,
    df: float,
    n_freq: int,
    phase_bins: int,
    mag_bins: int,
    separation: int,
    removed: Integers,
    keep: int,
    state: State,
) -> Reduced:
    """Scan a grid; returns what `finish` does, for values of -H."""
    level = magnitude_bins(mag, mag_bins)
    if len(time) <= FEW or phase_bins >= NOWHERE:
        _scan_few(time, level, f0, df, n_freq, phase_bins, mag_bins, removed, state)
    else:
        _scan_many(time, level, f0, df, n_freq, phase_bins, mag_bins, removed, state)
    return finish(n_freq, removed, keep, separation, state)


@njit(cache=True, nogil=True)
def _scan_few(
    time: Floats,
    level: Integers,
    f0: float,
    df: float,
    n_freq: int,
    phase_bins: int,
    mag_bins: int,
    removed: Integers,
    state: State,
) -> None:
    """Fill the histogram point by point, the entropy following each count."""
    n = len(time)
    table = n_log_n(n)
    rise = table[1:] - table[:-1]
    bits = np.uint32(bin_bits(phase_bins))
    rest = np.uint32(32) - bits
    bins, row = np.uint32(phase_bins), np.uint32(mag_bins)
    column = level.astype(np.uint32)
    phase = np.empty(n, dtype=np.uint32)
    step = phase_steps(time, df)
    where = np.empty(n, dtype=np.uint32)
    cell = np.empty(n, dtype=np.uint32)
    cells = np.zeros(phase_bins * mag_bins, dtype=np.int32)
    totals = np.zeros(phase_bins, dtype=np.int32)
    block = np.empty(SEED)
    for start in range(0, n_freq, SEED):
        count = min(SEED, n_freq - start)
        seed_phases(time, f0 + df * start, phase)
        for i in range(count):
            for j in range(n):
                b = ((phase[j] >> bits) * bins) >> rest
                where[j] = b
                cell[j] = b * row + column[j]
                phase[j] += step[j]
            cells[:] = 0
            totals[:] = 0
            entropy = np.int64(0)
            for j in range(n):
                number = cells[cell[j]]
                entropy -= rise[number]
                cells[cell[j]] = number + 1
            for j in range(n):
                totals[where[j]] += 1
            for b in range(phase_bins):
                entropy += table[totals[b]]
            block[i] = -entropy / UNIT / n
        reduce_block(block, count, start, removed, state)


@njit(cache=True, nogil=True)
def _layout(
    time: Floats, level: Integers, mag_bins: int
) -> tuple[Floats, Integers, Integers, int]:
    """Sort points by magnitude bin into whole runs of 64 places.

    Returns
    -------
    place_time : (64 * runs,) float64
        Time of the point at each place, 0 where there is none.
    empty : (64 * runs,) uint8
        0 where a place holds a point, 255 elsewhere.
    runs : (groups,) int64
        Runs of each magnitude bin that has points, rising.
    singles, pairs : int
        How many of them have one run, and how many two.
    """
    number = np.zeros(mag_bins, dtype=np.int64)
    for j in range(len(time)):
        number[level[j]] += 1
    needed = (number + 63) // 64
    order = np.argsort(needed, kind="mergesort")
    place = np.zeros(mag_bins, dtype=np.int64)
    size = 0
    for m in order:
        place[m] = size
        size += 64 * needed[m]
    place_time = np.zeros(size)
    empty = np.full(size, NOWHERE, dtype=np.uint8)
    for j in range(len(time)):
        at = place[level[j]]
        place_time[at] = time[j]
        empty[at] = 0
        place[level[j]] += 1
    runs = needed[order]
    return place_time, empty, runs[runs > 0], np.sum(runs == 1), np.sum(runs == 2)


@njit(cache=True, nogil=True)
def _scan_many(
    time: Floats,
    level: Integers,
    f0: float,
    df: float,
    n_freq: int,
    phase_bins: int,
    mag_bins: int,
    removed: Integers,
    state: State,
) -> None:
    """Count the points of each cell by comparing 64 phase bins at once."""
    n = len(time)
    table = n_log_n(n)
    place_time, empty, runs, singles, pairs = _layout(time, level, mag_bins)
    bits = np.uint32(bin_bits(phase_bins))
    rest = np.uint32(32) - bits
    bins = np.uint32(phase_bins)
    phase = np.empty(len(place_time), dtype=np.uint32)
    step = phase_steps(place_time, df)
    where = np.empty(len(place_time), dtype=np.uint8)
    block = np.empty(SEED)
    for start in range(0, n_freq, SEED):
        count = min(SEED, n_freq - start)
        seed_phases(place_time, f0 + df * start, phase)
        for i in range(count):
            for j in range(len(place_time)):
                where[j] = np.uint8(((phase[j] >> bits) * bins) >> rest) | empty[j]
                phase[j] += step[j]
            entropy = np.int64(0)
            for b in range(phase_bins):
                value = np.uint8(b)
                total = np.int64(0)
                for group in range(singles):
                    number = count_equal(where, group * 64, value)
                    total += number
                    entropy -= table[number]
                at = singles * 64
                for group in range(pairs):
                    number = count_equal(where, at, value) + count_equal(where, at + 64, value)
                    at += 128
                    total += number
                    entropy -= table[number]
                for group in range(singles + pairs, len(runs)):
                    number = np.int64(0)
                    for _ in range(runs[group]):
                        number += count_equal(where, at, value)
                        at += 64
                    total += number
                    entropy -= table[number]
                entropy += table[total]
            block[i] = -entropy / UNIT / n
        reduce_block(block, count, start, removed, state)


@njit(cache=True, nogil=True)
def entropy_at(
    time: Floats, mag: Floats, frequencies: Floats, phase_bins: int, mag_bins: int
) -> Floats:
    """H at arbitrary frequencies [1/d] with float64 phases and logarithms, (k,) float64."""
    n = len(time)
    level = magnitude_bins(mag, mag_bins)
    table = np.zeros(n + 1)
    for k in range(2, n + 1):
        table[k] = k * np.log(k)
    cells = np.zeros((phase_bins, mag_bins), dtype=np.int64)
    result = np.empty(len(frequencies))
    for i in range(len(frequencies)):
        cells[:] = 0
        for j in range(n):
            cycles = time[j] * frequencies[i]
            b = min(int((cycles - np.floor(cycles)) * phase_bins), phase_bins - 1)
            cells[b, level[j]] += 1
        entropy = 0.0
        for b in range(phase_bins):
            total = 0
            for m in range(mag_bins):
                total += cells[b, m]
                entropy -= table[cells[b, m]]
            entropy += table[total]
        result[i] = entropy / n
    return result
