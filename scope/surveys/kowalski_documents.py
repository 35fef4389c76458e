"""Documents of Kowalski as tables and light curves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.errors import InputError
from scope.identifiers import check_columns
from scope.lightcurves.curves import HJD_OF_HMJD_ZERO, LightCurves
from scope.schema import SOURCES, Column, arrow_schema, arrow_type

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
    place = document.get("coordinates", {}).get("radec_geojson", {}).get("coordinates")
    if place is None:
        return (np.nan, np.nan)
    longitude, latitude = place
    return ((longitude + 180.0) % 360.0, float(latitude))


def sources_table(documents: Sequence[Document]) -> pa.Table:
    """Return sources, columns `scope.schema.SOURCES`, in the order of the documents.

    Raises
    ------
    IdentifierError
        If an id disagrees with field, detector, quadrant or filter of its document.
    """
    ids = np.array([document["_id"] for document in documents], dtype=np.int64)
    positions = np.array([position_of(document) for document in documents]).reshape(-1, 2)
    columns = {
        name: pa.array([document.get(name) for document in documents], pa.int32())
        for name in ("field", "ccd", "quad", "filter")
    }
    check_columns(ids, **columns)
    n = len(documents)
    arrays = {
        "_id": pa.array(ids),
        "ra": pa.array(positions[:, 0]),
        "dec": pa.array(positions[:, 1]),
        **columns,
        "obj_id": pa.nulls(n, pa.string()),
        "n_listed": pa.array([document.get("nobs") for document in documents], pa.int32()),
        "reason": pa.nulls(n, pa.string()),
    }
    return pa.table([arrays[column.name] for column in SOURCES], schema=arrow_schema(SOURCES))


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
        If points lack a value that all should have, or dates are modified ones.
    """
    documents = list(documents)
    points = [document.get("data") or () for document in documents]
    counts = np.array([len(part) for part in points], dtype=np.int64)
    flat = [point for part in points for point in part]
    try:
        programs = np.array([point["programid"] for point in flat], dtype=np.int64)
        time = np.array([point["hjd"] for point in flat], dtype=np.float64)
        mag = np.array([point["mag"] for point in flat], dtype=np.float64)
        magerr = np.array([point["magerr"] for point in flat], dtype=np.float64)
    except (KeyError, TypeError) as error:
        raise InputError(
            f"points that lack a value in {collection}",
            value=str(error),
            allowed="hjd, mag, magerr, catflags and programid in every point",
            todo="set kowalski.collections.sources to a collection of ZTF_sources",
        ) from error
    if np.any(time < HJD_OF_HMJD_ZERO):
        raise InputError(
            f"dates in {collection} that are no heliocentric Julian dates",
            value=float(np.min(time)),
            allowed=f"above {HJD_OF_HMJD_ZERO}",
            todo="set kowalski.collections.sources to a collection of ZTF_sources",
        )
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
    """Return the documents of some ids, in the order of the ids, and the ids without one."""
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
