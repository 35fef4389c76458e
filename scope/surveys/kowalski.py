"""The survey as Kowalski holds it: collections of sources, alerts and external catalogues."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.errors import ServiceError
from scope.features.crossmatch_catalogues import CATALOGUES
from scope.identifiers import encode_kowalski
from scope.lightcurves.align import aligned
from scope.lightcurves.curves import LightCurves
from scope.lightcurves.files import DEFAULT_ROWS
from scope.lightcurves.sky import PositionTree, bounding_cap
from scope.services.kowalski import Document, Kowalski
from scope.services.kowalski_queries import cone_query, find_query
from scope.surveys.base import NO_FIELD, parse_unit
from scope.surveys.kowalski_documents import (
    POINT_PROJECTION,
    POSITION,
    SOURCE_PROJECTION,
    alerts_table,
    catalogue_table,
    light_curves,
    requested,
    sources_table,
)
from scope.surveys.kowalski_settings import KowalskiSettings
from scope.surveys.matching import match_alerts, match_catalogue

MAX_PER_QUERY = 10_000
"""Ids or positions of a query, at most: the server takes requests up to 1 MiB."""

LISTED_PER_QUERY = 10_000
"""Sources of a page of a list."""

WIDEST_CAP_ARCSEC = 2 * 3600.0
"""Positions within this radius are looked around in one go, others one by one."""

_MARGIN_ARCSEC = 0.01
"""The server rounds; what lies just inside a radius is decided here."""

_log = logging.getLogger(__name__)


class KowalskiSurvey:
    """A survey in Kowalski, see `scope.surveys.base.Survey`.

    Making one contacts no server. Queries are repeated until they succeed, see
    `scope.services.kowalski.Kowalski`, which also says what is raised where they do not.

    Parameters
    ----------
    settings : KowalskiSettings
    client : Kowalski, optional
        By default one that the settings describe, made when it is needed.
    """

    def __init__(self, settings: KowalskiSettings, client: Kowalski | None = None) -> None:
        self.settings = settings
        self._made = client

    @property
    def client(self) -> Kowalski:
        """The client; making it looks for credentials."""
        if self._made is None:
            self._made = Kowalski(self.settings.client)
        return self._made

    @property
    def release(self) -> str:
        """The data release: as configured, or what the collection's name ends with."""
        return self.settings.release or self._sources.rpartition("_")[2]

    @property
    def place(self) -> str:
        """The collection of sources."""
        return self._sources

    def facts(self, field: int = NO_FIELD, unit: str = "") -> dict[str, Any]:
        """Return what products of a unit record of the survey; the same for all."""
        names = self.settings.collections
        return {
            "data_release": self.release,
            "min_listed_epochs": self.settings.min_epochs,
            "programids": list(self.settings.programids),
            "collections": {
                "sources": names.sources,
                "alerts": names.alerts,
                **{name: names.catalogue(name) for name in CATALOGUES},
            },
        }

    def fields(self) -> list[int]:
        """Return the numbers of the fields that have sources, ascending; a query for each."""
        found: list[int] = []
        while True:
            condition = {"field": {"$gt": found[-1] if found else 0}}
            first = self.client.find(
                self._sources, condition, {"field": 1}, limit=1, sort=[("field", 1)]
            )
            if not first:
                return found
            found.append(int(first[0]["field"]))

    def units(self, field: int) -> list[str]:
        """Return the names of the configured quadrants, whether they have sources or not."""
        return sorted(self.settings.units)

    def files(self, field: int, unit: str) -> list[Path]:
        """Return no files: it is a database."""
        return []

    def paths(self) -> list[Path]:
        """Return no files: it is a database."""
        return []

    def crossmatch_files(self) -> dict[str, Path]:
        """Return no files: it is a database."""
        return {}

    def total_rows(self) -> int | None:
        """Return None: counting them would take the server minutes."""
        return None

    def sources(self, field: int, unit: str) -> pa.Table:
        """Return the light curves of a unit, columns `scope.schema.SOURCES`, by ``_id``.

        Those with fewer listed epochs than `KowalskiSettings.min_epochs` are left out by
        the server: they are many, and none could have enough good epochs.

        Raises
        ------
        UsageError
            If the unit's name cannot be one.
        IdentifierError
            If ids disagree with their documents.
        """
        pages = list(self._pages(field, unit, SOURCE_PROJECTION))
        return sources_table([document for page in pages for document in page])

    def iter_lightcurves(
        self, field: int, unit: str, rows: int = DEFAULT_ROWS
    ) -> Iterator[LightCurves]:
        """Yield the light curves of a unit as observed, at most `rows` at a time, by id.

        Raises
        ------
        UsageError
            If the unit's name cannot be one.
        InputError
            If points lack values.
        """
        pages = self._pages(field, unit, {})
        ids = [document["_id"] for page in pages for document in page]
        size = min(rows, self.settings.ids_per_query, MAX_PER_QUERY)
        yield from self._light_curves(np.array(ids, dtype=np.int64), size)

    def lightcurves(self, ids: npt.ArrayLike) -> LightCurves:
        """Return light curves as observed, one per id in that order, empty where there is none.

        Raises
        ------
        InputError
            If points lack values.
        """
        ids = np.asarray(ids, dtype=np.int64)
        size = min(self.settings.ids_per_query, MAX_PER_QUERY)
        parts = list(self._light_curves(np.unique(ids), size))
        empty = light_curves((), self.settings.programids, self._sources)
        return aligned(LightCurves.concatenate([empty, *parts]), ids)

    def sources_by_id(self, ids: npt.ArrayLike) -> pa.Table:
        """Return those of some sources that there are, see `scope.surveys.base.Survey`."""
        wanted = np.unique(np.asarray(ids, dtype=np.int64))
        size = min(self.settings.ids_per_query, MAX_PER_QUERY)
        queries = (
            find_query(
                self._sources,
                {"_id": {"$in": wanted[start : start + size].tolist()}},
                SOURCE_PROJECTION,
            )
            for start in range(0, len(wanted), size)
        )
        answers = self.client.map(queries)
        return sources_table([document for answer in answers for document in answer])

    def cone(self, ra: npt.ArrayLike, dec: npt.ArrayLike, radius_arcsec: float) -> pa.Table:
        """Find light curves around positions, see `scope.surveys.base.Survey.cone`."""
        found = self._around(self._sources, ra, dec, radius_arcsec, SOURCE_PROJECTION)
        sources = sources_table(found)
        tree = PositionTree(sources.column("ra").to_numpy(), sources.column("dec").to_numpy())
        pairs = tree.within(ra, dec, radius_arcsec)
        table = sources.take(pa.array(pairs.found))
        table = table.add_column(0, "separation_arcsec", pa.array(pairs.separation_arcsec))
        table = table.add_column(0, "query", pa.array(pairs.query))
        keys = ["query", "separation_arcsec", "_id"]
        return table.sort_by([(key, "ascending") for key in keys])

    def catalogue(
        self,
        name: str,
        ra: npt.ArrayLike,
        dec: npt.ArrayLike,
        margin_arcsec: float,
        limits: Mapping[str, float] | None = None,
    ) -> pa.Table | None:
        """Return the rows of an external catalogue around positions, by ``_id``.

        See `scope.surveys.base.Survey.catalogue`.
        """
        collection = self.settings.collections.catalogue(name)
        if collection is None:
            return None
        columns = CATALOGUES[name].columns
        if not np.size(ra):
            return catalogue_table((), columns)
        projection = {POSITION: 1, **{column.name: 1 for column in columns}}
        condition = {column: {"$lt": limit} for column, limit in (limits or {}).items()}
        centre, radius = bounding_cap(ra, dec)
        if radius <= WIDEST_CAP_ARCSEC:
            x, y, z = centre
            ra, dec = [np.degrees(np.arctan2(y, x)) % 360.0], [np.degrees(np.arcsin(z))]
            margin_arcsec += radius
        found = self._around(collection, ra, dec, margin_arcsec, projection, condition)
        return catalogue_table(found, columns)

    def crossmatch(self, ra: npt.ArrayLike, dec: npt.ArrayLike, radius_arcsec: float) -> pa.Table:
        """Match positions with the nearest entry of each external catalogue.

        See `scope.surveys.base.Survey.crossmatch`.
        """
        columns: dict[str, pa.Array] = {}
        for name, catalogue in CATALOGUES.items():
            collection = self.settings.collections.catalogue(name)
            table = None
            if collection is not None:
                projection = {POSITION: 1, **{column.name: 1 for column in catalogue.columns}}
                found = self._around(collection, ra, dec, radius_arcsec, projection)
                table = catalogue_table(found, catalogue.columns)
            columns.update(match_catalogue(catalogue, table, ra, dec, radius_arcsec))
        return pa.table(columns)

    def alerts(self, ra: npt.ArrayLike, dec: npt.ArrayLike, radius_arcsec: float) -> pa.Table:
        """Count the alerts around positions, see `scope.surveys.base.Survey.alerts`."""
        collection = self.settings.collections.alerts
        table = None
        if collection is not None:
            # Most of an alert are its pictures; they are not asked for.
            projection = {POSITION: 1, "classifications.braai": 1}
            table = alerts_table(self._around(collection, ra, dec, radius_arcsec, projection))
        return pa.table(match_alerts(table, ra, dec, radius_arcsec))

    @property
    def _sources(self) -> str:
        return self.settings.collections.sources

    def _pages(
        self, field: int, unit: str, projection: Mapping[str, int]
    ) -> Iterator[list[Document]]:
        """Yield the sources of a unit page by page, by id."""
        ccd, quad = parse_unit(unit)
        condition = {
            "field": field,
            "ccd": ccd,
            "quad": quad,
            "nobs": {"$gte": self.settings.min_epochs},
        }
        first, last = encode_kowalski(field, ccd, quad, [1, 3], [0, 10**6 - 1]).tolist()
        return self.client.pages(
            self._sources, condition, projection, ids=(first, last + 1), rows=LISTED_PER_QUERY
        )

    def _light_curves(self, ids: npt.NDArray[np.int64], size: int) -> Iterator[LightCurves]:
        """Yield the light curves of ascending ids, a query's worth at a time."""
        chunks = [ids[start : start + size] for start in range(0, len(ids), size)]
        answers = self.client.map(self._points_query(chunk) for chunk in chunks)
        for chunk, answer in zip(chunks, answers, strict=True):
            found, missing = requested(answer, chunk)
            if len(missing):
                again = self.client.query(self._points_query(missing))
                found, missing = requested([*found, *again], chunk)
            if len(missing):
                _log.warning(
                    "%s has none of %d light curves, such as %d",
                    self._sources,
                    len(missing),
                    missing[0],
                )
            curves = light_curves(found, self.settings.programids, self._sources)
            if len(curves):
                yield curves

    def _points_query(self, ids: npt.NDArray[np.int64]) -> dict[str, Any]:
        condition = {"_id": {"$in": ids.tolist()}}
        return find_query(self._sources, condition, POINT_PROJECTION)

    def _around(
        self,
        collection: str,
        ra: npt.ArrayLike,
        dec: npt.ArrayLike,
        radius_arcsec: float,
        projection: Mapping[str, int],
        condition: Mapping[str, Any] | None = None,
    ) -> list[Document]:
        """Return the documents around positions, each once, by ``_id``.

        Positions that are not finite have none.
        """
        ra = np.atleast_1d(np.asarray(ra, float)) % 360.0
        dec = np.atleast_1d(np.asarray(dec, float))
        rows = np.flatnonzero(np.isfinite(ra) & np.isfinite(dec))
        size = min(self.settings.positions_per_query, MAX_PER_QUERY)
        chunks = [rows[start : start + size] for start in range(0, len(rows), size)]
        queries = [
            cone_query(
                collection,
                {str(row): (float(ra[row]), float(dec[row])) for row in chunk},
                radius_arcsec + _MARGIN_ARCSEC,
                projection,
                condition,
            )
            for chunk in chunks
        ]
        found: dict[Any, Document] = {}
        for chunk, answer in zip(chunks, self.client.map(queries), strict=True):
            for documents in _complete(answer, collection, chunk):
                found.update((document["_id"], document) for document in documents)
        return [found[key] for key in sorted(found)]


def _complete(
    answer: Any, collection: str, chunk: npt.NDArray[np.int64]
) -> Iterable[Sequence[Document]]:
    """Return the documents of each position asked for; all must be there."""
    by_name = (answer or {}).get(collection, {})
    missing = [str(row) for row in chunk if str(row) not in by_name]
    if missing:
        raise ServiceError(
            f"incomplete answer of Kowalski, collection {collection}",
            value=f"{len(missing)} of {len(chunk)} positions are not in it",
            todo="try again",
        )
    parts: Iterable[Sequence[Document]] = by_name.values()
    return parts
