"""What the numba kernels of the features share."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit

Array = npt.NDArray[np.float64]

_Function = TypeVar("_Function", bound=Callable[..., Any])


def fingerprint(folder: Path) -> str:
    """Return the SHA-256 of the Python files of a folder that hold kernels."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.py")):
        text = path.read_bytes()
        if b"@kernel" in text:
            digest.update(path.name.encode() + b"\0" + text)
    return digest.hexdigest()


_SOURCES = fingerprint(Path(__file__).parent)


def kernel(function: _Function) -> _Function:
    """Compile a function with numba.

    Without the interpreter lock, since light curves are shared out over threads. Without
    fast-math, since a product must not depend on how a compiler likes to reorder sums.
    With the error model of numpy: a division by zero is infinite or NaN and no exception.

    Compiled code is cached between processes. numba takes it for fresh as long as the file
    of the function itself is unchanged, but a kernel holds the code of all that it calls,
    and some of that is in other files: here a change of any file of kernels makes it
    stale. Kernels therefore use no constant from a file without kernels.
    """
    compiled = njit(nogil=True, cache=True, fastmath=False, error_model="numpy")(function)
    cache_file = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    if cache_file is not None:
        cache_file._source_stamp = _SOURCES
    return cast(_Function, compiled)


@kernel
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


@kernel
def median_of_sorted(ordered: Array) -> float:
    """Return the median of sorted values, at least one.

    `ordered`: (n,) float64.
    """
    n = len(ordered)
    if n % 2:
        return float(ordered[n // 2])
    return float(0.5 * (ordered[n // 2 - 1] + ordered[n // 2]))


@kernel
def dot(a: Array, b: Array) -> float:
    """Return the inner product, summed in four interleaved parts.

    The order of summation is fixed, as everywhere; four independent sums only keep the
    processor from waiting for each addition.

    `a` and `b`: (n,) float64.
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
