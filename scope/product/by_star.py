"""Arrow columns of stars from arrays of their light curves.

`star` is the number of the star of each light curve, (n,) int64 from 0; `n` how many stars there
are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.schema import Column

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def typed(values: Any, column: Column) -> pa.Array:
    """Return values as a column of the schema."""
    kind = column.field.type
    return values.cast(kind) if isinstance(values, pa.Array) else pa.array(values).cast(kind)


def floats(values: Floats, kind: pa.DataType | None = None) -> pa.Array:
    """Return numbers, null where they are not finite.

    `values`: (n,) float64.
    """
    return pa.array(values, kind or pa.float64(), mask=~np.isfinite(values))


def texts(values: npt.NDArray[np.object_], empty: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    """Return texts, null for whatever is none.

    `values`: (n,) object; `empty`, (n,) bool, marks those that are null in any case.
    """
    kept = [value if isinstance(value, str) else None for value in values]
    return pa.array(kept, pa.string(), mask=empty)


def first_text(values: npt.NDArray[np.object_], star: Integers, n: int) -> pa.Array:
    """Return the first text of each star, null where it has none.

    `values` (in the order of the rows) and `star` (its number, from 0): (n,) object and int64; one
    per star comes back.
    """
    found = np.full(n, None, dtype=object)
    there = np.flatnonzero([isinstance(value, str) for value in values])[::-1]
    found[star[there]] = values[there]
    return pa.array(found.tolist(), pa.string())


def lists(values: npt.NDArray[np.integer], star: Integers, n: int) -> pa.Array:
    """Return the values of the light curves of each star, in the order of the rows.

    `values` and `star` (its number, from 0): (n,) int; one list per star comes back.
    """
    order = np.argsort(star, kind="stable")
    offsets = np.concatenate([[0], np.cumsum(np.bincount(star, minlength=n))])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(values[order]))


def count_distinct(star: Integers, values: Floats, n: int) -> Integers:
    """Return how many different values each star has; what is unknown counts as one.

    `star` (its number, from 0) and `values`: (r,) int64 and float64; the result: (n,) int64, one
    per star.
    """
    pairs = np.unique(np.stack([star, np.nan_to_num(values, nan=-1)], axis=1), axis=0)
    return np.bincount(pairs[:, 0].astype(np.int64), minlength=n)


def largest(values: Integers, star: Integers, n: int) -> Integers:
    """Return the largest number of each star, 0 at least.

    `values` and `star` (its number, from 0): (r,) int64; the result: (n,) int64, one per star.
    """
    found = np.zeros(n, dtype=np.int64)
    np.maximum.at(found, star, values)
    return found


def largest_float(values: Floats, star: Integers, n: int) -> Floats:
    """Return the largest number of each star, NaN where all are.

    `values` and `star` (its number, from 0): (r,) float64 and int64; the result: (n,) float64, one
    per star.
    """
    found = np.full(n, np.nan)
    np.fmax.at(found, star, values)
    return found
