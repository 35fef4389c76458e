"""One check of what light curves are called and where they lie, for every file and survey."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

IMPOSSIBLE_ID = "impossible_id"
IMPOSSIBLE_POSITION = "impossible_position"
IMPOSSIBLE_FILTER = "impossible_filter"

LARGEST_RA, LARGEST_DEC = 360.0, 90.0
"""Degrees, of either sign, ends included."""

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
        Degrees; null where unknown or impossible.
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
    positions = []
    wrong = np.zeros(n, dtype=bool)
    for column, largest in ((ra, LARGEST_RA), (dec, LARGEST_DEC)):
        column = pa.nulls(n, pa.float64()) if column is None else _array(column)
        degrees = np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)
        unknown = np.asarray(column.is_null())
        wrong |= ~unknown & ~(np.abs(degrees) <= largest)
        positions.append((degrees, unknown))
    (ra_deg, no_ra), (dec_deg, no_dec) = positions
    if ra is not None and dec is not None:
        wrong |= no_ra != no_dec
    reasons[wrong] = IMPOSSIBLE_POSITION
    reasons[np.asarray(ids) < 0] = IMPOSSIBLE_ID
    return Checked(
        pa.array(ra_deg, pa.float64(), mask=no_ra | wrong),
        pa.array(dec_deg, pa.float64(), mask=no_dec | wrong),
        checked,
        reasons,
    )


def _array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return a column as one array."""
    if isinstance(column, pa.ChunkedArray):
        return pa.concat_arrays(column.chunks) if column.num_chunks else pa.nulls(0, column.type)
    return column
