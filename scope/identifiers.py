"""Survey ids: what field, detector, quadrant and filter a light curve is from.

Two schemes are known, and both name one position in one field, readout channel and filter:

Kowalski, 14 digits
    ``1e13 + field * 1e9 + rc * 1e7 + filter * 1e6 + number`` with the readout channel
    ``rc = 4 * (ccd - 1) + (quad - 1)``.
ZTF data releases (``objectid``), 15 or 16 digits
    ``field * 1e12 + filter * 1e11 + ccd * 1e9 + quad * 1e8 + index``, see the explanatory
    supplement of the ZTF public data releases, section on the light-curve files.

An id of which any part is out of range is opaque: it says nothing about where it is from.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.cells import LARGEST_EXACT_FLOAT, exact_id
from scope.errors import IdentifierError

__all__ = [
    "FILTER_NAMES",
    "LARGEST_EXACT_FLOAT",
    "Identity",
    "Placement",
    "Scheme",
    "ccd_quad_from_rc",
    "check_columns",
    "decode",
    "encode_data_release",
    "encode_kowalski",
    "exact_id",
    "iau_name",
    "rc_from_ccd_quad",
    "resolve",
]

FILTER_NAMES: dict[int, str] = {1: "g", 2: "r", 3: "i"}

_RANGES: dict[str, tuple[int, int]] = {
    "field": (1, 1999),
    "ccd": (1, 16),
    "quad": (1, 4),
    "filter": (1, 3),
    "rc": (0, 63),
}
_KOWALSKI_NUMBERS = 10**6
_RELEASE_NUMBERS = 10**8
_FIRST_RELEASE_FIELD = 100
"""Fields below this lie south of what the telescope can see; their ids would have fewer than 15
digits and could be read as ids of the other scheme."""

IntArray = npt.NDArray[np.int32]


class Scheme(IntEnum):
    """Scheme by which an id was made."""

    OPAQUE = 0
    KOWALSKI = 1
    DATA_RELEASE = 2


class Identity(NamedTuple):
    """Parts of ids, one entry per id; -1 where the id is opaque.

    Attributes
    ----------
    scheme : (n,) int8
        Values of `Scheme`.
    field, ccd, quad, filter : (n,) int32
    number : (n,) int64
        Running number within the quadrant and filter.
    """

    scheme: npt.NDArray[np.int8]
    field: IntArray
    ccd: IntArray
    quad: IntArray
    filter: IntArray
    number: npt.NDArray[np.int64]


class Placement(NamedTuple):
    """Field, detector, quadrant and filter of rows, null where unknown; (n,) int32 each."""

    field: pa.Int32Array
    ccd: pa.Int32Array
    quad: pa.Int32Array
    filter: pa.Int32Array


def decode(ids: npt.ArrayLike) -> Identity:
    """Return what ids say about themselves.

    Parameters
    ----------
    ids : (n,) array-like of int
        A scalar counts as one id.

    Raises
    ------
    IdentifierError
        If the ids are not integers of at most 64 signed bits.
    """
    values = _as_ids(ids)
    kowalski = _split_kowalski(values)
    release = _split_release(values)
    scheme = np.full(values.shape, Scheme.OPAQUE, dtype=np.int8)
    scheme[_in_range(kowalski, _RANGES["field"][0])] = Scheme.KOWALSKI
    scheme[_in_range(release, _FIRST_RELEASE_FIELD)] = Scheme.DATA_RELEASE
    parts = [
        np.select([scheme == Scheme.KOWALSKI, scheme == Scheme.DATA_RELEASE], pair, default=-1)
        for pair in zip(kowalski, release, strict=True)
    ]
    field, ccd, quad, filter_ = (part.astype(np.int32) for part in parts[:4])
    return Identity(scheme, field, ccd, quad, filter_, parts[4])


def encode_kowalski(
    field: npt.ArrayLike,
    ccd: npt.ArrayLike,
    quad: npt.ArrayLike,
    filter: npt.ArrayLike,
    number: npt.ArrayLike,
) -> npt.NDArray[np.int64]:
    """Return 14-digit ids, int64; the arguments broadcast to their shape, (...).

    Raises
    ------
    IdentifierError
        If a part is out of range (field 1 to 1999, ccd 1 to 16, quad 1 to 4, filter 1 to 3,
        number below 10^6).
    """
    field, filter = _checked("field", field), _checked("filter", filter)
    number = _checked("number", number, (0, _KOWALSKI_NUMBERS - 1))
    rc = rc_from_ccd_quad(ccd, quad).astype(np.int64)
    return np.asarray(10**13 + field * 10**9 + rc * 10**7 + filter * 10**6 + number)


def encode_data_release(
    field: npt.ArrayLike,
    filter: npt.ArrayLike,
    ccd: npt.ArrayLike,
    quad: npt.ArrayLike,
    index: npt.ArrayLike,
) -> npt.NDArray[np.int64]:
    """Return data-release object ids, int64; the arguments broadcast to their shape, (...).

    Raises
    ------
    IdentifierError
        If a part is out of range (field 100 to 1999, filter 1 to 3, ccd 1 to 16, quad 1 to 4,
        index below 10^8).
    """
    field = _checked("field", field, (_FIRST_RELEASE_FIELD, _RANGES["field"][1]))
    filter, ccd, quad = _checked("filter", filter), _checked("ccd", ccd), _checked("quad", quad)
    index = _checked("index", index, (0, _RELEASE_NUMBERS - 1))
    return np.asarray(field * 10**12 + filter * 10**11 + ccd * 10**9 + quad * 10**8 + index)


def rc_from_ccd_quad(ccd: npt.ArrayLike, quad: npt.ArrayLike) -> IntArray:
    """Return the readout channel, 0 to 63, of detectors 1 to 16 and quadrants 1 to 4.

    The arguments broadcast to the shape of the result, (...), int32.
    """
    ccd, quad = _checked("ccd", ccd), _checked("quad", quad)
    return np.asarray(4 * (ccd - 1) + (quad - 1), dtype=np.int32)


def ccd_quad_from_rc(rc: npt.ArrayLike) -> tuple[IntArray, IntArray]:
    """Return detector and quadrant of readout channels 0 to 63.

    int32, in the shape (...) of `rc`.
    """
    rc = _checked("rc", rc)
    return np.asarray(rc // 4 + 1, dtype=np.int32), np.asarray(rc % 4 + 1, dtype=np.int32)


def check_columns(
    ids: npt.ArrayLike,
    *,
    field: npt.ArrayLike | None = None,
    rc: npt.ArrayLike | None = None,
    ccd: npt.ArrayLike | None = None,
    quad: npt.ArrayLike | None = None,
    filter: npt.ArrayLike | None = None,
) -> None:
    """Check that columns say what the ids say; rows with an opaque id are not looked at.

    Parameters
    ----------
    ids : (n,) array-like of int
    field, rc, ccd, quad, filter : (n,) array-like of int or a single value, optional
        Nulls (NaN, None, masked) and negative values mean unknown and agree with anything.

    Raises
    ------
    IdentifierError
        Naming the first row that disagrees.
    """
    values = _as_ids(ids)
    identity = decode(values)
    known = identity.scheme != Scheme.OPAQUE
    said = identity._asdict()
    said["rc"] = np.where(known, 4 * (identity.ccd - 1) + (identity.quad - 1), -1)
    given = {"field": field, "rc": rc, "ccd": ccd, "quad": quad, "filter": filter}
    for name, column in given.items():
        if column is None:
            continue
        found = _as_column(name, column, len(values))
        wrong = known & (found >= 0) & (found != said[name])
        if wrong.any():
            row = int(np.argmax(wrong))
            raise IdentifierError(
                f"id that contradicts its column {name!r}",
                value=f"id {values[row]} in row {row} says {said[name][row]}, "
                f"the column {found[row]} ({int(wrong.sum())} rows disagree)",
                allowed="one and the same value",
                todo="check where the ids and the columns come from",
            )


def resolve(ids: npt.ArrayLike, columns: Mapping[str, npt.ArrayLike | None]) -> Placement:
    """Return where rows are from: as the id says, else as the columns say, else null.

    Parameters
    ----------
    ids : (n,) array-like of int
    columns : mapping
        Any of ``field``, ``ccd``, ``quad``, ``rc``, ``filter``; None or absent where there is
        no such column. Detector and quadrant come from ``rc`` where they are not given.

    Raises
    ------
    IdentifierError
        If an id and a column disagree, or a readout channel is none.
    """
    values = _as_ids(ids)
    given = {name: column for name, column in columns.items() if column is not None}
    check_columns(values, **given)
    fallback = {name: _as_column(name, column, len(values)) for name, column in given.items()}
    if "rc" in fallback:
        rc = fallback.pop("rc")
        ccd, quad = ccd_quad_from_rc(np.where(rc >= 0, rc, 0))
        for name, part in (("ccd", ccd), ("quad", quad)):
            own = fallback.get(name, np.full(len(values), -1))
            fallback[name] = np.where(own >= 0, own, np.where(rc >= 0, part, -1))
    identity = decode(values)
    opaque = identity.scheme == Scheme.OPAQUE
    parts = {}
    for name in Placement._fields:
        part = getattr(identity, name)
        if name in fallback:
            part = np.where(opaque, fallback[name], part)
        parts[name] = pa.array(part.astype(np.int32), mask=part < 0)
    return Placement(**parts)


def iau_name(ra: float, dec: float, prefix: str = "ZTFJ") -> str:
    """Return a name from a position, such as ``ZTFJ173242.62-204117.3``.

    Parameters
    ----------
    ra, dec : float
        Position, ICRS, in degrees.
    prefix : str

    Returns
    -------
    str
        Prefix, HHMMSS.ss and ±DDMMSS.s, rounded; 59.996 s carries into the minute.

    Raises
    ------
    IdentifierError
        If the position is not on the sphere.
    """
    if not (np.isfinite(ra) and -90.0 <= dec <= 90.0):
        raise IdentifierError(
            "name of a position", value=f"ra {ra}, dec {dec}", allowed="degrees, dec -90 to 90"
        )
    # Whole units of the last digit, so that rounding carries through minutes and hours.
    hundredths = round(float(ra) % 360.0 / 15.0 * 360000.0) % (24 * 360000)
    tenths = round(abs(float(dec)) * 36000.0)
    minutes, seconds = divmod(hundredths, 6000)
    arcminutes, arcseconds = divmod(tenths, 600)
    return (
        f"{prefix}{minutes // 60:02d}{minutes % 60:02d}{seconds // 100:02d}.{seconds % 100:02d}"
        f"{'-' if dec < 0 and tenths else '+'}{arcminutes // 60:02d}{arcminutes % 60:02d}"
        f"{arcseconds // 10:02d}.{arcseconds % 10}"
    )


def _as_ids(ids: npt.ArrayLike) -> npt.NDArray[np.int64]:
    values = np.atleast_1d(np.asarray(ids))
    if values.ndim != 1 or (values.dtype.kind not in "iu" and values.size):
        raise IdentifierError(
            "ids that are not integers",
            value=f"{values.dtype}, {values.ndim} dimensions",
            allowed="one integer per row",
        )
    if values.dtype.kind == "u" and values.size and int(values.max()) > np.iinfo(np.int64).max:
        raise IdentifierError("id beyond 64 signed bits", value=int(values.max()))
    return values.astype(np.int64, copy=False)


def _as_column(name: str, column: npt.ArrayLike, n: int) -> npt.NDArray[np.int64]:
    """Return a column as int64, -1 where unknown, broadcast to `n` rows."""
    if isinstance(column, pa.Array | pa.ChunkedArray):
        column = column.cast(pa.float64()).fill_null(np.nan).to_numpy()
    elif hasattr(column, "to_numpy"):
        column = column.to_numpy(dtype=np.float64, na_value=np.nan)
    elif isinstance(column, np.ma.MaskedArray):
        column = np.ma.filled(column.astype(np.float64), np.nan)
    values = np.asarray(column)
    if values.dtype == object:
        values = values.astype(np.float64)
    if values.dtype.kind == "f":
        values = np.where(np.isnan(values), -1.0, values)
        if np.any(values % 1):
            raise IdentifierError(
                f"column {name!r} with fractions", value=values[values % 1 != 0][0]
            )
    if values.ndim > 1 or (values.ndim == 1 and len(values) != n):
        raise IdentifierError(
            f"column {name!r} of another length", value=values.shape, allowed=f"({n},)"
        )
    return np.broadcast_to(values.astype(np.int64), (n,))


def _checked(
    name: str, values: npt.ArrayLike, limits: tuple[int, int] | None = None
) -> npt.NDArray[np.int64]:
    """Return a part of an id as int64, or raise where it is out of range."""
    low, high = limits or _RANGES[name]
    array = np.asarray(values)
    wrong = np.ones(array.shape, bool) if array.dtype.kind not in "iu" else (array < low)
    wrong |= array > high
    if np.any(wrong):
        raise IdentifierError(
            f"{name} out of range",
            value=np.atleast_1d(array)[np.atleast_1d(wrong)][0],
            allowed=f"whole numbers from {low} to {high}",
        )
    return array.astype(np.int64)


def _split_kowalski(ids: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], ...]:
    rest = ids - 10**13
    rc = rest // 10**7 % 100
    # Channels 64 to 99 give detectors above 16, which are out of range.
    return rest // 10**9, rc // 4 + 1, rc % 4 + 1, rest // 10**6 % 10, rest % 10**6


def _split_release(ids: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], ...]:
    return ids // 10**12, ids // 10**9 % 100, ids // 10**8 % 10, ids // 10**11 % 10, ids % 10**8


def _in_range(parts: tuple[npt.NDArray[np.int64], ...], first_field: int) -> npt.NDArray[np.bool_]:
    field, *others, _ = parts
    good = (field >= first_field) & (field <= _RANGES["field"][1])
    for name, part in zip(("ccd", "quad", "filter"), others, strict=True):
        low, high = _RANGES[name]
        good &= (part >= low) & (part <= high)
    return good
