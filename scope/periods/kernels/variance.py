"""Analysis of variance over phase bins (Schwarzenberg-Czerny 1989, MNRAS 241, 153).

With r bins of n_b points and mean m_b, mean m of all n points (empty bins are skipped)::

    F = (n - r) / (r - 1) * sum_b n_b (m_b - m)^2 / sum_b sum_j (x_bj - m_b)^2
"""

from __future__ import annotations

import numpy as np
from numba import njit

from scope.periods.kernels.phases import SEED, phase_steps, seed_phases
from scope.periods.kernels.reduce import finish, reduce_block

COUNT_SHIFT = 44
"""A bin's count stands above this bit, the sum of its scaled magnitudes below."""


@njit(cache=True, nogil=True)
def _f_ratio(between, total, n, phase_bins):
    """F from the sums of squares; 0 without variance between, infinite without any within."""
    within = total - between
    if between <= 0.0:
        return 0.0
    if within <= 0.0:
        return np.inf
    return (n - phase_bins) / (phase_bins - 1.0) * between / within


@njit(cache=True, nogil=True)
def scan_variance(time, mag, f0, df, n_freq, phase_bins, removed, keep, separation, state):
    """Scan a grid; returns what `finish` does, for values of F.

    Magnitudes enter as integers of 2**-24 of their range, so that one 64-bit addition
    counts and sums: exact, whatever the order.
    """
    n = len(time)
    low, high = mag.min(), mag.max()
    scale = 16777216.0 / (high - low)
    packed = np.empty(n, dtype=np.uint64)
    mean = 0.0
    for j in range(n):
        quantum = np.rint((mag[j] - low) * scale)
        mean += quantum / n
        packed[j] = np.uint64(quantum) + (np.uint64(1) << np.uint64(COUNT_SHIFT))
    total = 0.0
    for j in range(n):
        total += (np.rint((mag[j] - low) * scale) - mean) ** 2
    low_bits = (np.uint64(1) << np.uint64(COUNT_SHIFT)) - np.uint64(1)
    phase = np.empty(n, dtype=np.uint32)
    step = phase_steps(time, df)
    block = np.empty(SEED)
    cells = np.zeros(phase_bins, dtype=np.uint64)
    bins = np.uint64(phase_bins)
    shift = np.uint64(32)
    for start in range(0, n_freq, SEED):
        count = min(SEED, n_freq - start)
        seed_phases(time, f0 + df * start, phase)
        for i in range(count):
            cells[:] = np.uint64(0)
            for j in range(n):
                b = np.int64((np.uint64(phase[j]) * bins) >> shift)
                cells[b] += packed[j]
                phase[j] += step[j]
            between = 0.0
            for b in range(phase_bins):
                number = np.float64(np.int64(cells[b] >> np.uint64(COUNT_SHIFT)))
                offset = np.float64(np.int64(cells[b] & low_bits)) - number * mean
                between += offset * offset / max(number, 1.0)
            block[i] = _f_ratio(between, total, n, phase_bins)
        reduce_block(block, count, start, removed, state)
    return finish(n_freq, removed, keep, separation, state)


@njit(cache=True, nogil=True)
def variance_at(time, mag, frequencies, phase_bins):
    """F at arbitrary frequencies [1/d] with float64 phases and magnitudes, (k,) float64."""
    n = len(time)
    mean = mag.mean()
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
            cycles = time[j] * frequencies[i]
            b = min(int((cycles - np.floor(cycles)) * phase_bins), phase_bins - 1)
            number[b] += 1.0
            offset[b] += mag[j] - mean
        between = 0.0
        for b in range(phase_bins):
            between += offset[b] * offset[b] / max(number[b], 1.0)
        result[i] = _f_ratio(between, total, n, phase_bins)
    return result
