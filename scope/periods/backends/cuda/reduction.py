"""What is left of the periodograms of a batch, found on the device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from scope.periods.backends.cuda.device import Workspace
from scope.periods.backends.cuda.programs import search_program
from scope.periods.backends.cuda.ragged_points import ceil_div, starts_of
from scope.periods.backends.cuda.replay import ScanRequest

CHUNK = 256
"""Frequencies of which the best are noted together, and threads of a block."""
CHUNKS = 8
"""Chunks of a block of ``summarise``."""

Integers = npt.NDArray[np.int64]


class Periodograms(NamedTuple):
    """A statistic over the grid of each curve, one curve after the other, on the device.

    Attributes
    ----------
    n_freq, starts : buffer of (curves,) and (curves + 1,) int64
        Sizes of the grids, and where each curve's values start.
    values : buffer of float64
        Larger is better.
    """

    n_freq: Any
    starts: Any
    values: Any


def blocks_of(sizes: npt.ArrayLike, size: int) -> Integers:
    """Return the first block of each curve, and one past the last of all, (n + 1,) int64."""
    return starts_of(ceil_div(sizes, size))


def sizes_of(requests: Sequence[ScanRequest]) -> list[int]:
    """Number of trial frequencies of each curve."""
    return [request.grid.n for request in requests]


def reduced(
    workspace: Workspace,
    requests: Sequence[ScanRequest],
    periodogram: Periodograms,
    f0: Any,
    df: Any,
    keep: int,
) -> tuple[Any, Any]:
    """Best grid points and peaks of each periodogram [1/d], and its mean and deviation.

    Returns
    -------
    frequency : buffer of (curves, 2, keep) float64
        Points, then peaks; NaN where there are fewer.
    moments : buffer of (curves, 2) float64
    """
    n_curves, sizes = len(requests), sizes_of(requests)
    chunk_starts = blocks_of(sizes, CHUNK)
    blocks = blocks_of(sizes, CHUNK * CHUNKS)
    n_chunks = int(chunk_starts[-1])
    removed = np.concatenate([request.removed.reshape(-1, 2) for request in requests])
    flags = workspace.empty(int(np.sum(sizes)), np.uint8)
    # A record of a value and a position is 16 bytes.
    points, peaks = (workspace.empty(2 * n_chunks, np.float64) for _ in range(2))
    sums, squares, numbers = (workspace.empty(n_chunks, np.float64) for _ in range(3))
    chunks = workspace.put(chunk_starts)
    where = (periodogram.n_freq, periodogram.starts, periodogram.values)
    workspace.launch(
        search_program(),
        "summarise",
        int(blocks[-1]),
        CHUNK,
        (
            np.int32(n_curves),
            *where,
            workspace.put(starts_of([len(request.removed) for request in requests])),
            workspace.put(removed.ravel().astype(np.int64)),
            workspace.put(blocks),
            chunks,
            flags,
            points,
            peaks,
            sums,
            squares,
            numbers,
        ),
    )
    frequency = workspace.empty(n_curves * 2 * keep, np.float64)
    moments = workspace.empty(n_curves * 2, np.float64)
    separation = np.int64(requests[0].options.samples_per_peak)
    workspace.launch(
        search_program(),
        "select_best",
        2 * n_curves,
        CHUNK,
        (
            *where,
            chunks,
            flags,
            points,
            peaks,
            sums,
            squares,
            numbers,
            f0,
            df,
            separation,
            np.int64(keep),
            frequency,
            moments,
        ),
    )
    return frequency, moments
