"""Where the features of light curves around sources come from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.lightcurves.sky import separation_arcsec, unit_vectors
from scope.services.kowalski import Kowalski
from scope.services.kowalski_queries import cone_query, find_query
from scope.surveys.base import Survey
from scope.surveys.computed_features import ListedFeatures
from scope.surveys.stored_features import KowalskiFeatures

Degrees = npt.NDArray[np.float64]


class MatchedFeatures(Protocol):
    """Light curves around positions, and their features."""

    @property
    def name(self) -> str:
        """Name of where the features are from, for messages."""

    def facts(self) -> dict[str, Any]:
        """Return what products record of the source."""

    def around(
        self, ra: Degrees, dec: Degrees, radius_arcsec: float
    ) -> Iterator[tuple[int, int, float]]:
        """Yield index of the position, id and separation [arcsec] of all light curves.

        `ra` and `dec`: (n,) float64, degrees.
        """

    def features(self, ids: npt.NDArray[np.int64]) -> pa.Table:
        """Return the features of light curves, by id: ``_id``, ``reason`` and so on.

        `ids`: (n,) int64.
        """


class CollectionFeatures:
    """The features of a collection of Kowalski.

    Parameters
    ----------
    client : Kowalski
    catalog : str
        The collection.
    limit : int
        Positions and ids that are asked for at a time.
    filters_catalog : str, optional
        Collection of light curves from which the column ``filter`` is taken.
    """

    def __init__(
        self, client: Kowalski, catalog: str, *, limit: int, filters_catalog: str | None = None
    ) -> None:
        self.name = catalog
        self._client = client
        self._limit = limit
        self._filters_catalog = filters_catalog

    def facts(self) -> dict[str, Any]:
        """Return what products record of the collection."""
        return {"features_catalog": self.name}

    def around(
        self, ra: Degrees, dec: Degrees, radius_arcsec: float
    ) -> Iterator[tuple[int, int, float]]:
        """Yield index of the position, id and separation [arcsec] of all light curves.

        `ra` and `dec`: (n,) float64, degrees.
        """
        projection = {"_id": 1, "ra": 1, "dec": 1, "coordinates.radec_geojson": 1}
        for start in range(0, len(ra), self._limit):
            rows = range(start, min(start + self._limit, len(ra)))
            places = {str(row): (float(ra[row]), float(dec[row])) for row in rows}
            query = cone_query(self.name, places, radius_arcsec, projection)
            answer = self._client.query(query) or {}
            for row, documents in answer.get(self.name, {}).items():
                for document in documents:
                    apart = _separation(document, ra[int(row)], dec[int(row)])
                    yield int(row), document["_id"], apart

    def features(self, ids: npt.NDArray[np.int64]) -> pa.Table:
        """Return the features of light curves, by id.

        `ids`: (n,) int64.
        """
        found, _ = KowalskiFeatures(self._client, self.name, ids_per_query=self._limit).read(ids)
        if self._filters_catalog is None:
            return found
        bands = self._filters(self._filters_catalog, ids)
        column = pa.array([bands.get(number) for number in ids.tolist()], pa.int32())
        return found.set_column(found.schema.get_field_index("filter"), "filter", column)

    def _filters(self, catalog: str, ids: npt.NDArray[np.int64]) -> dict[int, int]:
        starts = range(0, len(ids), self._limit)
        chunks = [ids[start : start + self._limit].tolist() for start in starts]
        queries = [find_query(catalog, {"_id": {"$in": part}}, {"filter": 1}) for part in chunks]
        answers = self._client.map(queries)
        return {document["_id"]: document["filter"] for part in answers for document in part}


class ArchiveFeatures:
    """The features of light curves of an archive, computed as configured.

    Parameters
    ----------
    archive : Survey
    computed : ListedFeatures
        Of that archive.
    """

    def __init__(self, archive: Survey, computed: ListedFeatures) -> None:
        self._archive = archive
        self._computed = computed
        self.name = archive.place

    def facts(self) -> dict[str, Any]:
        """Return what products record of the archive and of the settings."""
        return self._computed.facts()

    def around(
        self, ra: Degrees, dec: Degrees, radius_arcsec: float
    ) -> Iterator[tuple[int, int, float]]:
        """Yield index of the position, id and separation [arcsec] of all light curves.

        `ra` and `dec`: (n,) float64, degrees.
        """
        found = self._archive.cone(ra, dec, radius_arcsec)
        columns = (found.column(name) for name in ("query", "_id", "separation_arcsec"))
        yield from zip(*(column.to_pylist() for column in columns), strict=True)

    def features(self, ids: npt.NDArray[np.int64]) -> pa.Table:
        """Return the features of light curves, by id.

        `ids`: (n,) int64.
        """
        return self._computed.read(ids)[0]


def _separation(document: dict[str, Any], ra: float, dec: float) -> float:
    from scope.surveys.kowalski_documents import position_of

    place = (document["ra"], document["dec"]) if "ra" in document else position_of(document)
    vectors = [unit_vectors(np.array([a]), np.array([d])) for a, d in (place, (ra, dec))]
    return float(separation_arcsec(*vectors)[0])
