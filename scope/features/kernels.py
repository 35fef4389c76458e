"""What the numba kernels of the features share."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

JIT: dict[str, Any] = {"nogil": True, "cache": True, "fastmath": False, "error_model": "numpy"}
"""How kernels are compiled.

Without the interpreter lock, since light curves are shared out over threads. Without
fast-math, since a product must not depend on how a compiler likes to reorder sums. With
the error model of numpy: a division by zero is infinite or NaN and no exception.
"""

Array = npt.NDArray[np.float64]


@njit(**JIT)
def percentile_of_sorted(ordered: Array, fraction: float) -> float:
    """Return a percentile of sorted values, interpolated linearly.

    Parameters
    ----------
    ordered : (n,) float64
        The values, rising; at least one.
    fraction : float
        0 to 1.

    Returns
    -------
    float
        As `numpy.percentile`, to the last bit: it interpolates from the nearer side.
    """
    position = fraction * (len(ordered) - 1)
    low = math.floor(position)
    if low + 1 >= len(ordered):
        return float(ordered[len(ordered) - 1])
    share = position - low
    step = ordered[low + 1] - ordered[low]
    if share >= 0.5:
        return float(ordered[low + 1] - step * (1.0 - share))
    return float(ordered[low] + step * share)


@njit(**JIT)
def median_of_sorted(ordered: Array) -> float:
    """Return the median of sorted values, at least one."""
    n = len(ordered)
    if n % 2:
        return float(ordered[n // 2])
    return float(0.5 * (ordered[n // 2 - 1] + ordered[n // 2]))


@njit(**JIT)
def dot(a: Array, b: Array) -> float:
    """Return the inner product, summed in four interleaved parts.

    The order of summation is fixed, as everywhere; four independent sums only keep the
    processor from waiting for each addition.
    """
    n = len(a)
    s0 = s1 = s2 = s3 = 0.0
    end = n - n % 4
    for i in range(0, end, 4):
        s0 += a[i] * b[i]
        s1 += a[i + 1] * b[i + 1]
        s2 += a[i + 2] * b[i + 2]
        s3 += a[i + 3] * b[i + 3]
    for i in range(end, n):
        s0 += a[i] * b[i]
    return (s0 + s1) + (s2 + s3)
