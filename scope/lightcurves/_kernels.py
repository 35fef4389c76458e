"""Compiled loops over the points of light curves."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt


@numba.njit(
    "b1[::1](Array(f8, 1, 'C', readonly=True), Array(i8, 1, 'C', readonly=True), f8)",
    cache=True,
    nogil=True,
)
def decimate_curves(
    time: npt.NDArray[np.float64], offsets: npt.NDArray[np.int64], min_cadence_days: float
) -> npt.NDArray[np.bool_]:
    """Mark the points to keep of curves with ascending times.

    The first point of a curve is kept, then each one that is later than the last kept
    one by `min_cadence_days` or more, and later at all.

    Parameters
    ----------
    time : (n,) float64
        Days, curve after curve.
    offsets : (m + 1,) int64
        Curve i has the points ``offsets[i]:offsets[i + 1]``.

    Returns
    -------
    (n,) bool
    """
    keep = np.zeros(len(time), dtype=np.bool_)
    for curve in range(len(offsets) - 1):
        last = -np.inf
        for point in range(offsets[curve], offsets[curve + 1]):
            gap = time[point] - last
            if gap > 0 and gap >= min_cadence_days:
                keep[point] = True
                last = time[point]
    return keep
