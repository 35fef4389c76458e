"""Conditional entropy of the phased magnitudes (Graham et al. 2013, MNRAS 434, 2629).

With n points, n_b of them in phase bin b and n_bm of these in magnitude bin m::

    H = sum_bm (n_bm / n) ln(n_b / n_bm) = (sum_b n_b ln n_b - sum_bm n_bm ln n_bm) / n

so that a table of n ln n replaces all logarithms and divisions.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from scope.periods.kernels.phases import SEED, phase_steps, seed_phases
from scope.periods.kernels.reduce import finish, reduce_block


@njit(cache=True, nogil=True)
def magnitude_bins(mag, n_bins):
    """Bin of each magnitude after scaling to [0, 1]; the faintest falls in the last bin."""
    low, high = mag.min(), mag.max()
    bins = np.empty(len(mag), dtype=np.int64)
    for j in range(len(mag)):
        bins[j] = min(int((mag[j] - low) / (high - low) * n_bins), n_bins - 1)
    return bins


@njit(cache=True, nogil=True)
def n_log_n(n):
    """The table k ln k for k = 0 .. n."""
    table = np.zeros(n + 1)
    for k in range(2, n + 1):
        table[k] = k * np.log(k)
    return table


@njit(cache=True, nogil=True)
def scan_entropy(time, mag, f0, df, n_freq, phase_bins, mag_bins, removed, keep, separation, state):
    """Scan a grid; returns what `finish` does, for values of -H."""
    n = len(time)
    # A cell is phase_bin * mag_bins + mag_bin.
    level = magnitude_bins(mag, mag_bins)
    table = n_log_n(n)
    phase = np.empty(n, dtype=np.uint32)
    step = phase_steps(time, df)
    block = np.empty(SEED)
    cells = np.zeros(phase_bins * mag_bins, dtype=np.int32)
    bins = np.uint64(phase_bins)
    shift = np.uint64(32)
    for start in range(0, n_freq, SEED):
        count = min(SEED, n_freq - start)
        seed_phases(time, f0 + df * start, phase)
        for i in range(count):
            cells[:] = 0
            for j in range(n):
                b = np.int64((np.uint64(phase[j]) * bins) >> shift)
                cells[b * mag_bins + level[j]] += 1
                phase[j] += step[j]
            entropy = 0.0
            for b in range(phase_bins):
                total = 0
                for m in range(mag_bins):
                    c = cells[b * mag_bins + m]
                    total += c
                    entropy -= table[c]
                entropy += table[total]
            block[i] = -entropy / n
        reduce_block(block, count, start, removed, state)
    return finish(n_freq, removed, keep, separation, state)


@njit(cache=True, nogil=True)
def entropy_at(time, mag, frequencies, phase_bins, mag_bins):
    """H at arbitrary frequencies [1/d] with float64 phases, (k,) float64."""
    n = len(time)
    level = magnitude_bins(mag, mag_bins)
    table = n_log_n(n)
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
