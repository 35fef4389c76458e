"""Documents of Kowalski as tables and light curves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.column_types import arrow_type
from scope.errors import InputError
from scope.identifiers import check_columns
from scope.lightcurves.curves import HJD_OF_HMJD_ZERO, LightCurves
from scope.lightcurves.identity import UNKNOWN, check_identity
from scope.schema import SOURCES, Column, arrow_schema

Document = Mapping[str, Any]

POSITION = "coordinates.radec_geojson.coordinates"
"""Field of the position: [right ascension - 180, declination] in degrees, as GeoJSON has
longitudes."""

SOURCE_PROJECTION = {POSITION: 1, "field": 1, "ccd": 1, "quad": 1, "filter": 1, "nobs": 1}
POINT_PROJECTION = {f"data.{name}": 1 for name in ("hjd", "mag", "magerr", "catflags", "programid")}

FLAGGED = 1
"""Flag of a point that came without flags."""


def position_of(document: Document) -> tuple[float, float]:
    """Return right ascension and declination of a document in degrees, NaN where it has none."""
    longitude, latitude = _coordinates(document) or (np.nan, np.nan)
    return ((longitude + 180.0) % 360.0, latitude)


def _coordinates(document: Document) -> tuple[float, float] | None:
    """Return the position as it is written, NaN where that is no pair of numbers; None if none."""
    try:
        place = document["coordinates"]["radec_geojson"]["coordinates"]
    except (KeyError, TypeError):
        return None
    if place is None:
        return None
    try:
        longitude, latitude = map(float, place)
    except (TypeError, ValueError):
        return (np.nan, np.nan)
    return (longitude, latitude)


def sources_table(documents: Sequence[Document]) -> pa.Table:
    """Return sources, columns `scope.schema.SOURCES`, in the order of the documents.

    A document with an impossible id, position or filter has a reason in its row.

    Raises
    ------
    IdentifierError
        If an id disagrees with field, detector, quadrant or filter of its document.
    """
    ids = np.array([document["_id"] for document in documents], dtype=np.int64)
    places = [_coordinates(document) for document in documents]
    # Longitudes beyond half a turn become right ascensions beyond a whole one.
    ra = [None if p is None else _right_ascension(p[0]) for p in places]
    dec = [None if p is None else p[1] for p in places]
    given = {
        name: pa.array([document.get(name) for document in documents], pa.int64())
        for name in ("field", "ccd", "quad", "filter")
    }
    checked = check_identity(
        ids,
        pa.array(ra, pa.float64()),
        pa.array(dec, pa.float64()),
        {name: np.asarray(column.fill_null(UNKNOWN)) for name, column in given.items()},
    )
    check_columns(ids, **checked.place)
    n = len(documents)
    arrays = {
        "_id": pa.array(ids),
        "ra": checked.ra,
        "dec": checked.dec,
        **{
            name: pa.array(values.astype(np.int32), mask=values < 0)
            for name, values in checked.place.items()
        },
        "obj_id": pa.nulls(n, pa.string()),
        "n_listed": pa.array([document.get("nobs") for document in documents], pa.int32()),
        "reason": pa.array(checked.reasons, pa.string()),
    }
    return pa.table([arrays[column.name] for column in SOURCES], schema=arrow_schema(SOURCES))


def _right_ascension(longitude: float) -> float:
    return (longitude + 180.0) % 360.0 if abs(longitude) <= 180.0 else longitude + 180.0 + 360.0


def light_curves(
    documents: Iterable[Document], programids: Collection[int], collection: str
) -> LightCurves:
    """Return the light curves of documents as observed, in their order.

    A query cannot choose points: it returns all of a source that has any of those asked
    for. Points of other programmes are therefore left out here, and those after the last
    date when the light curves are cleaned.

    Parameters
    ----------
    documents : iterable of mapping
        With ``_id`` and ``data``, a list of points.
    programids : collection of int
        Programmes whose points are kept: 1 public, 2 partnership, 3 Caltech.
    collection : str
        Where they are from, for messages.

    Raises
    ------
    InputError
        If all points lack a value that they should have. One that lacks it has NaN there.
    """
    documents = list(documents)
    points = [document.get("data") or () for document in documents]
    counts = np.array([len(part) for part in points], dtype=np.int64)
    flat = [point for part in points for point in part]
    columns = {name: _column(flat, name) for name in ("hjd", "mag", "magerr", "programid")}
    empty = [name for name, values in columns.items() if len(flat) and np.isnan(values).all()]
    if empty:
        raise InputError(
            f"points that lack a value in {collection}",
            value=", ".join(empty),
            allowed="hjd, mag, magerr, catflags and programid in every point",
            todo="set kowalski.collections.sources to a collection of ZTF_sources",
        )
    time, mag, magerr, programs = columns.values()
    flags = [point.get("catflags") for point in flat]
    catflags = np.array([FLAGGED if flag is None else flag for flag in flags], dtype=np.int64)
    kept = np.isin(programs, list(programids))
    owner = np.repeat(np.arange(len(documents)), counts)[kept]
    offsets = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=len(documents)))])
    return LightCurves(
        ids=np.array([document["_id"] for document in documents], dtype=np.int64),
        offsets=offsets.astype(np.int64),
        time=time[kept] - HJD_OF_HMJD_ZERO,
        mag=mag[kept],
        magerr=magerr[kept],
        catflags=catflags[kept],
    )


def _column(points: Sequence[Document], name: str) -> npt.NDArray[np.float64]:
    """Return a value of all points, NaN where there is none or it is no number."""

    def number(point: Document) -> float:
        try:
            return float(point[name])
        except (KeyError, TypeError, ValueError):
            return np.nan

    return np.array([number(point) for point in points], dtype=np.float64)


def catalogue_table(documents: Sequence[Document], columns: Sequence[Column]) -> pa.Table:
    """Return documents of an external catalogue: ``ra``, ``dec`` (deg) and columns of it."""
    positions = np.array([position_of(document) for document in documents]).reshape(-1, 2)
    arrays = {"ra": pa.array(positions[:, 0]), "dec": pa.array(positions[:, 1])}
    for column in columns:
        convert = _CONVERT[column.dtype]
        values = [convert(document.get(column.name)) for document in documents]
        arrays[column.name] = pa.array(values, arrow_type(column.dtype))
    return pa.table(arrays)


def alerts_table(documents: Sequence[Document]) -> pa.Table:
    """Return alerts: ``ra``, ``dec`` (deg) and ``braai``, null where an alert has no score."""
    scores = [
        _number((document.get("classifications") or {}).get("braai")) for document in documents
    ]
    table = catalogue_table(documents, ())
    return table.append_column("braai", pa.array(scores, pa.float64()))


def requested(
    documents: Iterable[Document], ids: npt.NDArray[np.int64]
) -> tuple[list[Document], npt.NDArray[np.int64]]:
    """Return the documents of some ids, in the order of the ids, and the ids without one.

    `ids`: (n,) int64; those without one: (m,) int64.
    """
    by_id = {document["_id"]: document for document in documents}
    there = [by_id[number] for number in ids.tolist() if number in by_id]
    missing = [number for number in ids.tolist() if number not in by_id]
    return there, np.array(missing, dtype=np.int64)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _integer(value: Any) -> int | None:
    """Return an id or a flag, which some collections have as a text or a float."""
    if value is None or value != value:
        return None
    return int(value)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


_CONVERT: dict[str, Callable[[Any], Any]] = {
    "int64": _integer,
    "float64": _number,
    "string": _text,
}
