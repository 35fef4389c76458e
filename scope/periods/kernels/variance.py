"""Analysis of variance over phase bins (Schwarzenberg-Czerny 1989, MNRAS 241, 153).

With r bins of n_b points and mean m_b, mean m of all n points (empty bins are skipped)::

    F = (n - r) / (r - 1) * sum_b n_b (m_b - m)^2 / sum_b sum_j (x_bj - m_b)^2
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
from scope.periods.kernels.types import Floats, Integers, Longs, Words

COUNT_SHIFT = 44
"""A bin's count stands above this bit, the sum of its scaled magnitudes below."""
QUANTA = 16777216.0
"""Steps of the scaled magnitudes over their range."""
PERFECT = 1e-12
"""Least share of the sum of squares within bins: F is finite even for a perfect fold."""
WAYS = 4
"""Histograms filled in turn: an addition need not wait for the one before it."""


@njit(cache=True, nogil=True)
def _f_ratio(between: float, total: float, n: int, phase_bins: int) -> float:
    """F from the sums of squares."""
    within = max(total - between, PERFECT * total)
    return (n - phase_bins) / (phase_bins - 1.0) * between / within


def scan_variance(
    time: Floats,
    mag: Floats,
    f0: float,
    df: float,
    n_freq: int,
    phase_bins: int,
    removed: Integers,
    state: State,
) -> None:
    """Reduce F on the grid ``f0 + df * k``.

    Magnitudes enter as integers of 2**-24 of their range, so that one 64-bit addition
    counts and sums: exact, whatever the order.

    `time` (days since the first point) and `mag`: (n,) float64; `removed`: (m, 2) int64, ranges of
    grid positions to leave out.
    """
    scaled = np.rint((mag - mag.min()) * (QUANTA / np.ptp(mag)))
    mean = float(np.sum(scaled)) / len(mag)
    packed = scaled.astype(np.uint64) + (np.uint64(1) << np.uint64(COUNT_SHIFT))
    total = float(np.sum((scaled - mean) ** 2))
    way = ((np.arange(len(mag)) % WAYS) * phase_bins).astype(np.uint32)
    _scan(time, packed, way, mean, total, f0, df, n_freq, phase_bins, removed, state)


@njit(cache=True, nogil=True)
def _scan(
    time: Floats,
    packed: Longs,
    way: Words,
    mean: float,
    total: float,
    f0: float,
    df: float,
    n_freq: int,
    phase_bins: int,
    removed: Integers,
    state: State,
) -> None:
    n = len(time)
    sum_bits = (np.uint64(1) << np.uint64(COUNT_SHIFT)) - np.uint64(1)
    bits = np.uint32(bin_bits(phase_bins))
    bins = np.uint32(phase_bins)
    phase = np.empty(n, dtype=np.uint32)
    step = phase_steps(time, df)
    where = np.empty(n, dtype=np.uint32)
    cells = np.zeros(WAYS * phase_bins, dtype=np.uint64)
    squares = np.empty(phase_bins)
    block = np.empty(SEED)
    for start in range(0, n_freq, SEED):
        count = min(SEED, n_freq - start)
        seed_phases(time, f0 + df * start, phase)
        for i in range(count):
            for j in range(n):
                where[j] = bin_of(phase[j], bits, bins) + way[j]
                phase[j] += step[j]
            cells[:] = np.uint64(0)
            for j in range(n):
                cells[where[j]] += packed[j]
            for b in range(phase_bins):
                cell = cells[b]
                for k in range(1, WAYS):
                    cell += cells[b + k * phase_bins]
                number = np.float64(np.int64(cell >> np.uint64(COUNT_SHIFT)))
                offset = np.float64(np.int64(cell & sum_bits)) - number * mean
                squares[b] = offset * offset / max(number, 1.0)
            between = 0.0
            for b in range(phase_bins):
                between += squares[b]
            block[i] = _f_ratio(between, total, n, phase_bins)
        reduce_block(block, count, start, removed, state)


@njit(cache=True, nogil=True)
def variance_at(time: Floats, mag: Floats, frequencies: Floats, phase_bins: int) -> Floats:
    """Return F at any frequencies, with float64 phases and magnitudes, (k,) float64.

    `time` (days since the first point) and `mag`: (n,) float64; `frequencies` (1/d): (k,) float64.
    """
    n = len(time)
    mean = 0.0
    for j in range(n):
        mean += mag[j] / n
    total = 0.0
    for j in range(n):
        total += (mag[j] - mean) ** 2
    number = np.zeros(phase_bins)
    offset = np.zeros(phase_bins)
    result = np.empty(len(frequencies))
    for i in range(len(frequencies)):
        number[:] = 0.0
        offset[:] = 0.0
        for j in range(n):
            b = phase_bin(time[j], frequencies[i], phase_bins)
            number[b] += 1.0
            offset[b] += mag[j] - mean
        between = 0.0
        for b in range(phase_bins):
            between += offset[b] * offset[b] / max(number[b], 1.0)
        result[i] = _f_ratio(between, total, n, phase_bins)
    return result
