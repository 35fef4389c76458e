"""Ragged batches of light curves on the device."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from scope.periods.backends import Curve
from scope.periods.backends.cuda.device import Workspace

BYTES_PER_POINT = 4 * 8
"""Of `Points` on the device."""


class Points(NamedTuple):
    """Points of light curves, one curve after the other.

    Attributes
    ----------
    n_curves : numpy.int32
    counts : (curves,) int64
        Points of each curve, on the host.
    offsets : buffer of (curves + 1,) int64
    time, mag, weight, weighted : buffer of (points,) float64
        As in `Curve`; `weighted` is the product of magnitude and weight.
    variance : buffer of (curves,) float64
        Weighted variance of the magnitudes.
    span : buffer of (curves,) float64
        The last time.
    """

    n_curves: np.int32
    counts: npt.NDArray[np.int64]
    offsets: Any
    time: Any
    mag: Any
    weight: Any
    weighted: Any
    variance: Any
    span: Any


def put_points(workspace: Workspace, curves: Sequence[Curve]) -> Points:
    """Copy light curves to the device."""
    counts = np.array([len(curve.time) for curve in curves], dtype=np.int64)
    starts = starts_of(counts)
    time = np.concatenate([curve.time for curve in curves])
    mag = np.concatenate([curve.mag for curve in curves])
    weight = np.concatenate([curve.weight for curve in curves])
    weighted = weight * mag
    return Points(
        np.int32(len(curves)),
        counts,
        workspace.put(starts),
        workspace.put(time),
        workspace.put(mag),
        workspace.put(weight),
        workspace.put(weighted),
        workspace.put(np.add.reduceat(weighted * mag, starts[:-1])),
        workspace.put(np.maximum.reduceat(time, starts[:-1])),
    )


def starts_of(counts: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Return where each item of a ragged array starts, and where the last one ends.

    Of (n,) counts, (n + 1,) int64.
    """
    counts = np.asarray(counts, dtype=np.int64)
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])


def ceil_div(a: npt.ArrayLike, b: int) -> npt.NDArray[np.int64]:
    """Return quotients rounded up, int64, in the shape (...) of `a`."""
    return -(-np.asarray(a, dtype=np.int64) // b)


def cut(values: npt.NDArray[Any], starts: npt.NDArray[np.int64]) -> list[npt.NDArray[Any]]:
    """Return the items of a ragged array, each a copy.

    `values`: (n, ...), the items one after the other; `starts`: (m + 1,) int64; m arrays come back,
    of shape (length, ...).
    """
    return [values[low:high].copy() for low, high in pairwise(starts)]
