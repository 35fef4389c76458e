"""Phases as 32-bit integers that wrap by themselves: one addition per point and frequency."""

from __future__ import annotations

import numpy as np
from numba import njit

from scope.periods.kernels.types import Floats, Words

SEED = 1024
"""Frequencies between re-seedings from float64: the step's rounding stays below 2e-7 cycles."""
TURN = 4294967296.0
"""One cycle."""
NUDGE = 2.0**-17
"""Cycles added to every phase before it is binned. The grid's frequencies are multiples of
1/(samples_per_peak T), so that the last point would fall on a bin's edge at every one of
them, and rounding would choose the bin."""


@njit(cache=True, nogil=True)
def seed_phases(time: Floats, frequency: float, phase: Words) -> None:
    """Set ``phase`` to the fractional part of ``time * frequency``, nudged, in 2**-32 cycles.

    Times are days since the first point, so that they and the phases are not negative.

    `time`: (n,) float64; `phase`: (n,) uint32, written.
    """
    for j in range(len(time)):
        cycles = time[j] * frequency + NUDGE
        phase[j] = np.uint32(np.uint64((cycles - np.floor(cycles)) * TURN) & np.uint64(0xFFFFFFFF))


@njit(cache=True, nogil=True)
def phase_steps(time: Floats, df: float) -> Words:
    """Return the phase advance of each point from one grid frequency to the next, (n,) uint32.

    `time` (days): (n,) float64; in 2**-32 cycles.
    """
    step = np.empty(len(time), dtype=np.uint32)
    for j in range(len(time)):
        cycles = time[j] * df
        step[j] = np.uint32(
            np.uint64(np.rint((cycles - np.floor(cycles)) * TURN)) & np.uint64(0xFFFFFFFF)
        )
    return step


@njit(cache=True, nogil=True)
def bin_bits(phase_bins: int) -> int:
    """Bits that hold any bin number: a phase gives up so many for one 32-bit product."""
    bits = 0
    while (1 << bits) < phase_bins:
        bits += 1
    return bits


@njit(cache=True, nogil=True)
def bin_of(phase: np.uint32, bits: np.uint32, bins: np.uint32) -> np.uint32:
    """Bin of a 32-bit phase, from its upper bits: at least 22, all but `bin_bits` of `bins`.

    Each step is cut back to 32 bits, and the shifts are seen to be less than that: else the
    compiler calculates with half as many points at a time.
    """
    lanes = np.uint32(31)
    product = np.uint32(np.uint32(phase >> (bits & lanes)) * bins)
    return np.uint32(product >> (np.uint32(np.uint32(32) - bits) & lanes))


@njit(cache=True, nogil=True)
def phase_bin(time: float, frequency: float, bins: int) -> int:
    """Bin of one point in float64, as an exact evaluation has it."""
    cycles = time * frequency + NUDGE
    return min(int((cycles - np.floor(cycles)) * bins), bins - 1)
