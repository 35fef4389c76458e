"""Which quadrants of a survey have sources, and how many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from scope.errors import NotFoundError
from scope.services.kowalski import Kowalski
from scope.services.kowalski_queries import find_query
from scope.surveys.base import Survey, parse_unit

PLACES = [(ccd, quad) for ccd in range(1, 17) for quad in range(1, 5)]
ALL_FIELDS = range(2000)
"""Where fields are looked for in a database, which has no list of them."""


class QuadrantCount(NamedTuple):
    """Number of sources of a quadrant.

    Attributes
    ----------
    field, ccd, quad : int
    sources : int
    """

    field: int
    ccd: int
    quad: int
    sources: int


class CountSource(Protocol):
    """Source that can be asked how many sources a quadrant has."""

    def counts(self, fields: Sequence[int] | None, min_epochs: int) -> Iterator[QuadrantCount]:
        """Yield the quadrants that have sources of at least so many epochs, in order.

        Without `fields`, those of the whole survey.
        """


class KowalskiCounts:
    """The quadrants of a collection of sources.

    Parameters
    ----------
    client : Kowalski
    catalog : str
        The collection.
    """

    def __init__(self, client: Kowalski, catalog: str) -> None:
        self._client, self._catalog = client, catalog

    def counts(self, fields: Sequence[int] | None, min_epochs: int) -> Iterator[QuadrantCount]:
        """Yield the quadrants that have sources, in order of field, detector and quadrant."""
        # One source is looked for first: most of 2,000 numbers are no fields.
        numbers = list(ALL_FIELDS if fields is None else fields)
        first = self._client.map(
            find_query(self._catalog, {"field": field}, {"_id": 1}, limit=1) for field in numbers
        )
        there = [field for field, found in zip(numbers, first, strict=True) if found]
        places = [(field, *place) for field in there for place in PLACES]
        found = self._client.map(self._count(*place, min_epochs) for place in places)
        for place, number in zip(places, found, strict=True):
            if number:
                yield QuadrantCount(*place, int(number))

    def _count(self, field: int, ccd: int, quad: int, min_epochs: int) -> dict[str, Any]:
        condition: dict[str, Any] = {"field": field, "ccd": ccd, "quad": quad}
        if min_epochs:
            condition["nobs"] = {"$gte": min_epochs}
        query = {"catalog": self._catalog, "filter": condition}
        return {"query_type": "count_documents", "query": query}


class ArchiveCounts:
    """The quadrants of an archive."""

    def __init__(self, archive: Survey) -> None:
        self._archive = archive

    def counts(self, fields: Sequence[int] | None, min_epochs: int) -> Iterator[QuadrantCount]:
        """Yield the quadrants that have sources, in order of field, detector and quadrant."""
        there = self._archive.fields()
        for field in there if fields is None else fields:
            for unit in self._archive.units(field) if field in there else ():
                listed = self._archive.sources(field, unit).column("n_listed")
                number = int((listed.fill_null(0).to_numpy() >= min_epochs).sum())
                if number:
                    yield QuadrantCount(field, *parse_unit(unit), number)


def check_quads(
    source: CountSource,
    fields: Sequence[int] | None = None,
    *,
    min_epochs: int = 0,
    count_sources: bool = False,
) -> dict[str, dict[str, Any]]:
    """Return which quadrants have sources.

    Parameters
    ----------
    source : CountSource
    fields : sequence of int, optional
        By default all fields of the survey.
    min_epochs : int
        Sources with fewer epochs do not count.
    count_sources : bool
        Count them.

    Returns
    -------
    dict
        ``{field: {ccd: [quad, …]}}``, or with counts ``{field: {ccd: {quad: number}}}``;
        fields and detectors without any are left out. Keys are strings, as in JSON.

    Raises
    ------
    NotFoundError
        If no quadrant of any field has such sources.
    """
    found: dict[str, dict[str, Any]] = {}
    for field, ccd, quad, number in source.counts(fields, min_epochs):
        of_ccd = found.setdefault(str(field), {})
        if count_sources:
            of_ccd.setdefault(str(ccd), {})[str(quad)] = number
        else:
            of_ccd.setdefault(str(ccd), []).append(quad)
    if not found:
        raise NotFoundError(
            "no quadrant with sources",
            value="any field" if fields is None else f"fields {', '.join(map(str, fields))}",
            todo="name other fields, or ask for fewer epochs",
        )
    return found
