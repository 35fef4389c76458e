"""One check of what light curves are called and where they lie, for every file and survey."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.cells import on_the_sky

IMPOSSIBLE_ID = "impossible_id"
IMPOSSIBLE_POSITION = "impossible_position"
IMPOSSIBLE_FILTER = "impossible_filter"

PLACES = {"rc": (0, 63), "ccd": (1, 16), "quad": (1, 4), "filter": (1, 3)}
"""Lowest and highest number of each part of a place; fields are numbered by each survey."""

UNKNOWN = -1
"""In place of a number that is not known."""

Integers = npt.NDArray[np.int64]


class Checked(NamedTuple):
    """Rows with what is impossible in them taken out.

    Attributes
    ----------
    ra, dec : pyarrow.Array of float64
        Degrees, right ascensions from 0 to below 360; null where unknown or impossible.
    place : dict of str to (n,) int64
        `UNKNOWN` where unknown or impossible.
    reasons : (n,) object
        None, or what is impossible about the row, a key of `scope.schema.REASONS`.
    """

    ra: pa.Array
    dec: pa.Array
    place: dict[str, Integers]
    reasons: npt.NDArray[np.object_]


def check_identity(
    ids: npt.NDArray[np.int64],
    ra: pa.Array | pa.ChunkedArray | None,
    dec: pa.Array | pa.ChunkedArray | None,
    place: Mapping[str, Integers],
) -> Checked:
    """Tell which rows have an id, a position or a filter that there cannot be.

    A null is no fault: it says that something is not known. A number that is not finite, and
    one half of a position, are faults.

    Parameters
    ----------
    ids : (n,) int64
    ra, dec : float64, (n,), or None
        Degrees; None where there is no such column.
    place : mapping of str to (n,) int64
        Any of ``field`` and the keys of `PLACES`; negative where unknown.
    """
    n = len(ids)
    reasons = np.full(n, None, dtype=object)
    checked = {}
    for name, values in place.items():
        low, high = PLACES.get(name, (0, np.iinfo(np.int64).max))
        wrong = (values >= 0) & ((values < low) | (values > high))
        reasons[wrong] = IMPOSSIBLE_FILTER
        checked[name] = np.where(wrong, UNKNOWN, values)
    right, no_ra = _degrees(ra, n)
    up, no_dec = _degrees(dec, n)
    infinite = ~(no_ra | np.isfinite(right)) | ~(no_dec | np.isfinite(up))
    # Where there is no column of the other half, any will do.
    right, wrong = on_the_sky(
        np.where(no_dec, np.nan, 0.0) if ra is None else right,
        np.where(no_ra, np.nan, 0.0) if dec is None else up,
    )
    wrong |= infinite
    reasons[wrong] = IMPOSSIBLE_POSITION
    reasons[np.asarray(ids) < 0] = IMPOSSIBLE_ID
    return Checked(
        pa.array(right, pa.float64(), mask=no_ra | wrong),
        pa.array(up, pa.float64(), mask=no_dec | wrong),
        checked,
        reasons,
    )


def _degrees(
    column: pa.Array | pa.ChunkedArray | None, n: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return the numbers of a column, (n,), and which of them are null."""
    if column is None:
        return np.full(n, np.nan), np.ones(n, dtype=bool)
    values = np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)
    return values, np.asarray(column.is_null())
