"""Queries as Kowalski takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scope.errors import ServiceError

ANY_ORDER: tuple[tuple[str, int], ...] = ()


def find_query(
    collection: str,
    condition: Mapping[str, Any],
    projection: Mapping[str, int],
    *,
    limit: int | None = None,
    sort: Sequence[tuple[str, int]] = ANY_ORDER,
) -> dict[str, Any]:
    """Return the query for the documents that meet a condition.

    Parameters
    ----------
    collection : str
    condition : mapping
        In the language of MongoDB. A condition on a field of a list of points selects
        documents with *any* such point, and returns all their points.
    projection : mapping
        Fields to return; empty returns all.
    limit : int, optional
    sort : sequence of (str, int), optional
        Without it documents come in no order.
    """
    kwargs: dict[str, Any] = {} if limit is None else {"limit": limit}
    if sort:
        kwargs["sort"] = [list(key) for key in sort]
    query = {"catalog": collection, "filter": dict(condition), "projection": dict(projection)}
    return {"query_type": "find", "query": query, "kwargs": kwargs}


def cone_query(
    collection: str,
    positions: Mapping[str, tuple[float, float]],
    radius_arcsec: float,
    projection: Mapping[str, int],
    condition: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the query for the documents around positions.

    Parameters
    ----------
    collection : str
    positions : mapping of str to (float, float)
        Right ascension and declination in degrees. The server answers under these names,
        so they have no dots, which it would change.
    radius_arcsec : float
    projection, condition : mapping
        As of `find_query`.
    """
    return {
        "query_type": "cone_search",
        "query": {
            "object_coordinates": {
                "radec": {name: list(position) for name, position in positions.items()},
                "cone_search_radius": radius_arcsec,
                "cone_search_unit": "arcsec",
            },
            "catalogs": {
                collection: {"filter": dict(condition or {}), "projection": dict(projection)}
            },
        },
    }


def collection_of(query: Mapping[str, Any]) -> str:
    """Return the one collection that a query is about."""
    body = query["query"]
    names = [body["catalog"]] if "catalog" in body else list(body.get("catalogs", ()))
    if len(names) != 1:
        raise ServiceError("query of Kowalski", value=names, allowed="one collection at a time")
    return str(names[0])
