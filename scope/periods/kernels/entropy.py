"""Conditional entropy of the phased magnitudes (Graham et al. 2013, MNRAS 434, 2629).

With n points, n_b of them in phase bin b and n_bm of these in magnitude bin m::

    H = sum_bm (n_bm / n) ln(n_b / n_bm) = (sum_b n_b ln n_b - sum_bm n_bm ln n_bm) / n

so that a table of n ln n replaces all logarithms and divisions. The scans hold the table
in integers: their sums do not depend on the order, and the two agree to the last bit.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from scope.periods.kernels.phases import (
    SEED,
    bin_bits,
    bin_of,
    phase_bin,
    phase_steps,
    seed_phases,
)
from scope.periods.kernels.reduce import State, reduce_block
from scope.periods.kernels.types import Bytes, Floats, Integers, Words
from scope.periods.kernels.vector import count_equal

FEW = 140
"""Up to so many points, filling a histogram is faster than comparing with every bin."""
UNIT = 1048576.0
"""Table units per unit of n ln n."""
NOWHERE = np.uint8(255)
"""Bin of a place that holds no point."""


def magnitude_bins(mag: Floats, n_bins: int) -> Integers:
    """Return the bin of each magnitude after scaling to [0, 1]; the faintest falls in the last bin.

    `mag` and the result: (n,) float64 and int64.
    """
    scaled = (mag - mag.min()) / np.ptp(mag)
    return np.minimum(scaled * n_bins, n_bins - 1.0).astype(np.int64)


def k_log_k(n: int) -> Floats:
    """Return the table k ln k for k = 0 .. n, (n + 1,) float64."""
    k = np.arange(n + 1, dtype=np.float64)
    return k * np.log(np.maximum(k, 1.0))


def n_log_n(n: int) -> Integers:
    """Return the same table in integers of 1 / `UNIT`, (n + 1,) int64."""
    return np.rint(k_log_k(n) * UNIT).astype(np.int64)


def scan_entropy(
    time: Floats,
    mag: Floats,
    f0: float,
    df: float,
    n_freq: int,
    phase_bins: int,
    mag_bins: int,
    removed: Integers,
    state: State,
) -> None:
    """Reduce -H on the grid ``f0 + df * k``.

    `time` (days since the first point) and `mag`: (n,) float64; `removed`: (m, 2) int64, ranges of
    grid positions to leave out.
    """
    level = magnitude_bins(mag, mag_bins)
    table = n_log_n(len(time))
    grid = (f0, df, n_freq)
    if len(time) <= FEW or phase_bins >= NOWHERE:
        column = level.astype(np.uint32)
        _scan_few(time, column, table, *grid, phase_bins, mag_bins, removed, state)
    else:
        place_time, empty, runs = _layout(time, level, mag_bins)
        singles, pairs = int(np.sum(runs == 1)), int(np.sum(runs == 2))
        places = (place_time, empty, runs, singles, pairs)
        _scan_many(*places, len(time), table, *grid, phase_bins, removed, state)


@njit(cache=True, nogil=True)
def _scan_few(
    time: Floats,
    column: Words,
    table: Integers,
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
    # One more point in a cell of k adds rise[k] to k ln k: the sum follows the counts.
    rise = table[1:] - table[:-1]
    bits = np.uint32(bin_bits(phase_bins))
    bins, row = np.uint32(phase_bins), np.uint32(mag_bins)
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
                where[j] = bin_of(phase[j], bits, bins)
                cell[j] = where[j] * row + column[j]
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


def _layout(time: Floats, level: Integers, mag_bins: int) -> tuple[Floats, Bytes, Integers]:
    """Sort points by magnitude bin into whole runs of 64 places.

    Returns
    -------
    place_time : (64 * runs,) float64
        Time of the point at each place, 0 where there is none.
    empty : (64 * runs,) uint8
        0 where a place holds a point, 255 elsewhere.
    runs : (groups,) int64
        Runs of each magnitude bin that has points, rising.
    """
    number = np.bincount(level, minlength=mag_bins)
    needed = (number + 63) // 64
    order = np.argsort(needed, kind="stable")
    first = np.zeros(mag_bins, dtype=np.int64)
    first[order] = 64 * (np.cumsum(needed[order]) - needed[order])
    by_level = np.argsort(level, kind="stable")
    within = np.arange(len(time)) - np.repeat(np.cumsum(number) - number, number)
    place = first[level[by_level]] + within
    place_time = np.zeros(64 * int(needed.sum()))
    empty = np.full(len(place_time), NOWHERE, dtype=np.uint8)
    place_time[place] = time[by_level]
    empty[place] = 0
    runs = needed[order]
    return place_time, empty, runs[runs > 0]


@njit(cache=True, nogil=True)
def _scan_many(
    place_time: Floats,
    empty: Bytes,
    runs: Integers,
    singles: int,
    pairs: int,
    n: int,
    table: Integers,
    f0: float,
    df: float,
    n_freq: int,
    phase_bins: int,
    removed: Integers,
    state: State,
) -> None:
    """Count the points of each cell by comparing 64 phase bins at once.

    `singles` of the magnitude bins have one run of places, then `pairs` have two.
    """
    bits = np.uint32(bin_bits(phase_bins))
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
                # Places without a point become bin 255, with which no bin is compared.
                where[j] = np.uint8(bin_of(phase[j], bits, bins)) | empty[j]
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
                for _ in range(pairs):
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
def _entropy_at(
    time: Floats,
    level: Integers,
    table: Floats,
    frequencies: Floats,
    phase_bins: int,
    mag_bins: int,
) -> Floats:
    n = len(time)
    cells = np.zeros((phase_bins, mag_bins), dtype=np.int64)
    result = np.empty(len(frequencies))
    for i in range(len(frequencies)):
        cells[:] = 0
        for j in range(n):
            b = phase_bin(time[j], frequencies[i], phase_bins)
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


def entropy_at(
    time: Floats, mag: Floats, frequencies: Floats, phase_bins: int, mag_bins: int
) -> Floats:
    """Return H at any frequencies, with float64 phases and logarithms, (k,) float64.

    `time` (days since the first point) and `mag`: (n,) float64; `frequencies` (1/d): (k,) float64.
    """
    level = magnitude_bins(mag, mag_bins)
    return _entropy_at(time, level, k_log_k(len(time)), frequencies, phase_bins, mag_bins)
