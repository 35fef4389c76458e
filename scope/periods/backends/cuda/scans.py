"""Statistics over whole grids and at single frequencies, for ragged batches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.errors import BackendError
from scope.periods.backends import LARGER_IS_BETTER, Floats, Scan
from scope.periods.backends.cuda.device import Workspace
from scope.periods.backends.cuda.programs import search_program
from scope.periods.backends.cuda.ragged_points import (
    BYTES_PER_POINT,
    Points,
    ceil_div,
    cut,
    put_points,
    starts_of,
)
from scope.periods.backends.cuda.reduction import (
    CHUNK,
    Integers,
    Periodograms,
    blocks_of,
    reduced,
    sizes_of,
)
from scope.periods.backends.cuda.replay import ScanRequest, ValueRequest
from scope.periods.options import PeriodOptions

MARGIN = 14
"""Extra candidates, so that rounding in a scan cannot push a true one out before the exact
evaluation ranks them."""
POWER_BLOCK = 2048
"""Frequencies of a block of ``power_scan``."""
POWER_TABLE = 10
THREADS = 128
BYTES_PER_FREQUENCY = 9.0 + (2 * 16 + 3 * 8) / CHUNK
"""Of a scan: the value and its flag, and the summary of its chunk."""
BYTES_PER_SCANNED_POINT = BYTES_PER_POINT + 16 * POWER_TABLE
PLACE_BYTES = 16
MOST_SHORT_COUNTS = 65535
"""Points up to which 16 bits hold any count."""


def scan_bytes(request: ScanRequest) -> float:
    """Device memory that a scan needs, about."""
    kept = 4 * 8 * (request.keep + MARGIN)
    points = BYTES_PER_SCANNED_POINT * len(request.curve.time)
    return BYTES_PER_FREQUENCY * request.grid.n + points + kept


def value_bytes(request: ValueRequest) -> float:
    """Device memory that an evaluation needs, about."""
    return BYTES_PER_SCANNED_POINT * len(request.curve.time) + 16 * len(request.frequencies)


def scan_batch(workspace: Workspace, requests: Sequence[ScanRequest]) -> list[Scan]:
    """Reduce one statistic over the grid of each curve.

    All requests have the statistic, the number to keep and the options of the first.
    """
    statistic, keep = requests[0].statistic, requests[0].keep
    points = put_points(workspace, [request.curve for request in requests])
    f0 = workspace.put(np.array([request.grid.f0 for request in requests]))
    df = workspace.put(np.array([request.grid.df for request in requests]))
    scan = {"LS": _power_scan, "CE": _entropy_scan, "AOV": _variance_scan}[statistic]
    periodogram = scan(workspace, points, requests, f0, df)
    frequency, moments = reduced(workspace, requests, periodogram, f0, df, keep + MARGIN)
    starts = np.arange(len(requests) + 1) * (2 * (keep + MARGIN))
    exact = _values_at(workspace, points, requests, starts, frequency)
    return _assembled(
        LARGER_IS_BETTER[statistic],
        keep,
        workspace.get(frequency).reshape(len(requests), 2, -1),
        workspace.get(exact).reshape(len(requests), 2, -1),
        workspace.get(moments).reshape(len(requests), 2),
    )


def _assembled(
    larger_is_better: bool, keep: int, frequencies: Floats, values: Floats, moments: Floats
) -> list[Scan]:
    """Rank the candidates by their exact values, as the CPU's backend does."""
    sign = 1.0 if larger_is_better else -1.0
    scans = []
    for row in range(len(moments)):
        best = []
        for frequency, value in zip(frequencies[row], values[row], strict=True):
            found = ~np.isnan(frequency)
            frequency, value = frequency[found], value[found]
            order = np.lexsort((frequency, np.round(-sign * value, 12)))[:keep]
            best += [frequency[order], value[order]]
        mean, deviation = moments[row].tolist()
        scans.append(Scan(best[0], best[1], best[2], best[3], sign * mean, deviation))
    return scans


def value_batch(workspace: Workspace, requests: Sequence[ValueRequest]) -> list[Floats]:
    """Evaluate one statistic at the frequencies of each curve, see `scan_batch`."""
    points = put_points(workspace, [request.curve for request in requests])
    starts = starts_of([len(request.frequencies) for request in requests])
    frequencies = workspace.put(np.concatenate([request.frequencies for request in requests]))
    return cut(workspace.get(_values_at(workspace, points, requests, starts, frequencies)), starts)


def _periodogram(workspace: Workspace, requests: Sequence[ScanRequest]) -> Periodograms:
    sizes = np.array([request.grid.n for request in requests])
    starts = starts_of(sizes)
    return Periodograms(
        workspace.put(sizes), workspace.put(starts), workspace.empty(int(starts[-1]), np.float64)
    )


def _power_scan(
    workspace: Workspace, points: Points, requests: Sequence[ScanRequest], f0: Any, df: Any
) -> Periodograms:
    program, n_points = search_program(), int(points.counts.sum())
    table = workspace.empty(2 * POWER_TABLE * n_points, np.float64)
    workspace.launch(
        program,
        "power_table",
        int(ceil_div(n_points, THREADS)),
        THREADS,
        (points.n_curves, points.offsets, points.time, df, table),
    )
    first = [round(request.grid.f0 / request.grid.df) for request in requests]
    blocks = blocks_of(sizes_of(requests), POWER_BLOCK)
    out = _periodogram(workspace, requests)
    workspace.launch(
        program,
        "power_scan",
        int(blocks[-1]),
        256,
        (
            points.n_curves,
            points.offsets,
            points.time,
            points.weight,
            points.weighted,
            table,
            df,
            workspace.put(np.array(first, dtype=np.int64)),
            out.n_freq,
            points.variance,
            workspace.put(blocks),
            out.starts,
            out.values,
        ),
    )
    return out


def _levels(workspace: Workspace, points: Points, requests: Sequence[Any]) -> Any:
    """Word of each point's magnitude bin in a row of the histogram, and what to add to it."""
    from scope.periods.kernels.entropy import magnitude_bins

    n_bins = requests[0].options.mag_bins
    bins = [magnitude_bins(request.curve.mag, n_bins) for request in requests]
    level = np.concatenate(bins).astype(np.uint64)
    if _wide(points):
        return workspace.put(level + (np.uint64(1) << np.uint64(32)))
    add = np.uint64(1) << (np.uint64(32) + np.uint64(16) * (level % np.uint64(2)))
    return workspace.put(level // np.uint64(2) + add)


def _wide(points: Points) -> bool:
    """Whether counts need 32 bits."""
    return bool(points.counts.max() > MOST_SHORT_COUNTS)


def _cell_bytes(options: PeriodOptions, points: Points) -> int:
    """Bytes of a histogram of the entropy."""
    words = options.mag_bins if _wide(points) else (options.mag_bins + 1) // 2
    return 4 * options.phase_bins * words


def _threads(workspace: Workspace, bytes_per_thread: int) -> int:
    """Threads of a block whose histograms fit into shared memory: a power of two."""
    threads = THREADS
    while threads * bytes_per_thread > workspace.shared_bytes:
        threads //= 2
        if threads == 0:
            raise BackendError(
                "histogram that does not fit into the shared memory of the device",
                value=f"{bytes_per_thread} bytes",
                allowed=f"up to {workspace.shared_bytes} bytes",
                todo="take fewer phase or magnitude bins, or another backend",
            )
    return threads


@lru_cache(maxsize=8)
def _integer_table(n: int) -> Integers:
    from scope.periods.kernels.entropy import n_log_n

    return np.asarray(n_log_n(n))


@lru_cache(maxsize=8)
def _float_table(n: int) -> Floats:
    # One by one: the logarithm of the CPU's loops, which numpy's of arrays may not equal.
    return np.array([0.0, *(k * math.log(k) for k in range(1, n + 1))])


def _entropy_scan(
    workspace: Workspace, points: Points, requests: Sequence[ScanRequest], f0: Any, df: Any
) -> Periodograms:
    options = requests[0].options
    cell_bytes = _cell_bytes(options, points)
    threads = _threads(workspace, cell_bytes + PLACE_BYTES)
    blocks = blocks_of(sizes_of(requests), threads)
    out = _periodogram(workspace, requests)
    workspace.launch(
        search_program(),
        "entropy_scan",
        int(blocks[-1]),
        threads,
        (
            points.n_curves,
            points.offsets,
            points.time,
            _levels(workspace, points, requests),
            workspace.put(_integer_table(_rounded(points))),
            f0,
            df,
            out.n_freq,
            np.int32(options.phase_bins),
            np.int32(options.mag_bins),
            np.int32(_wide(points)),
            workspace.put(blocks),
            out.starts,
            out.values,
        ),
        threads * (cell_bytes + PLACE_BYTES),
    )
    return out


def _rounded(points: Points) -> int:
    """A size of tables that serves all curves, and few of which occur."""
    return 1 << int(points.counts.max()).bit_length()


def _packed(requests: Sequence[ScanRequest]) -> tuple[npt.NDArray[np.uint64], Floats, Floats]:
    """Counts of one with scaled magnitudes, their means and sums of squares about them."""
    from scope.periods.kernels.variance import COUNT_SHIFT, QUANTA

    packed, means, totals = [], [], []
    for request in requests:
        mag = request.curve.mag
        low, high = mag.min(), mag.max()
        scaled = np.rint((mag - low) * (QUANTA / (high - low)))
        means.append(np.sum(scaled) / len(mag))
        totals.append(np.sum((scaled - means[-1]) ** 2))
        packed.append(scaled.astype(np.uint64) + (np.uint64(1) << np.uint64(COUNT_SHIFT)))
    return np.concatenate(packed), np.array(means), np.array(totals)


def _variance_scan(
    workspace: Workspace, points: Points, requests: Sequence[ScanRequest], f0: Any, df: Any
) -> Periodograms:
    options = requests[0].options
    bytes_per_thread = 8 * options.phase_bins + PLACE_BYTES
    threads = _threads(workspace, bytes_per_thread)
    blocks = blocks_of(sizes_of(requests), threads)
    packed, mean, total = _packed(requests)
    inverse = 1.0 / np.maximum(np.arange(_rounded(points) + 1), 1)
    out = _periodogram(workspace, requests)
    workspace.launch(
        search_program(),
        "variance_scan",
        int(blocks[-1]),
        threads,
        (
            points.n_curves,
            points.offsets,
            points.time,
            workspace.put(packed),
            workspace.put(mean),
            workspace.put(total),
            workspace.put(inverse),
            f0,
            df,
            out.n_freq,
            np.int32(options.phase_bins),
            workspace.put(blocks),
            out.starts,
            out.values,
        ),
        threads * bytes_per_thread,
    )
    return out


def _values_at(
    workspace: Workspace,
    points: Points,
    requests: Sequence[Any],
    starts: Integers,
    frequencies: Any,
) -> Any:
    """One statistic at single frequencies, ``starts[i]`` and up for curve i."""
    statistic, options = requests[0].statistic, requests[0].options
    n, out = int(starts[-1]), workspace.empty(int(starts[-1]), np.float64)
    bins = np.int32(options.phase_bins)
    tail = (workspace.put(starts), frequencies, out)
    threads, shared = THREADS, 0
    head: tuple[Any, ...]
    if statistic == "LS":
        name, head = "power_at", (points.weight, points.weighted, points.variance)
    elif statistic == "CE":
        cell_bytes = _cell_bytes(options, points)
        threads = _threads(workspace, cell_bytes)
        shared = threads * cell_bytes
        table = workspace.put(_float_table(_rounded(points)))
        name = "entropy_at"
        wide = np.int32(_wide(points))
        levels = _levels(workspace, points, requests)
        head = (levels, table, bins, np.int32(options.mag_bins), wide)
    else:
        threads = _threads(workspace, 16 * options.phase_bins)
        shared = threads * 16 * options.phase_bins
        name, head = "variance_at", (points.mag, bins)
    workspace.launch(
        search_program(),
        name,
        int(ceil_div(n, threads)),
        threads,
        (points.n_curves, points.offsets, points.time, *head, *tail),
        shared,
    )
    return out
