"""Collections in memory and the queries that Kowalski answers from them."""

from __future__ import annotations

import ast
import random
import time
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.services.kowalski_stub.aggregation import aggregate
from tests.services.kowalski_stub.language import (
    Document,
    OperationFailure,
    matches,
    project,
    sort_documents,
)
from tests.services.kowalski_stub.points import plain

PROTECTED = ("users", "filters", "queries")
INFO_COMMANDS = ("catalog_names", "catalog_info", "index_info", "db_info")
RADIANS = {
    "arcsec": np.pi / 180 / 3600,
    "arcmin": np.pi / 180 / 60,
    "deg": np.pi / 180,
    "rad": 1.0,
}


class ExecutionTimeout(Exception):
    """The database gave a query up."""

    def __init__(self) -> None:
        super().__init__(
            "operation exceeded time limit, full error: {'ok': 0.0, 'errmsg': 'operation "
            "exceeded time limit', 'code': 50, 'codeName': 'MaxTimeMSExpired'}"
        )


class ValidationError(Exception):
    """A query of the wrong form."""

    def __init__(self, text: str) -> None:
        super().__init__(f"1 validation error for Query\n__root__\n  {text} (type=value_error)")


class Collection:
    """Documents with an index on ``_id`` and one on positions."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self.documents = list(documents)
        self._by_id = {self._hashable(one): one for one in self.documents if "_id" in one}
        numbers = [key for key in self._by_id if isinstance(key, int)]
        self._sorted = sorted(numbers) if len(numbers) == len(self._by_id) else None
        self._placed = [one for one in self.documents if _place(one) is not None]
        self._placed.sort(key=lambda one: _place(one)[1])
        lon, lat = np.array([_place(one) for one in self._placed]).reshape(-1, 2).T
        self._latitudes = np.radians(lat)
        self._vectors = _vectors(lon, lat)

    @staticmethod
    def _hashable(document: Document) -> Any:
        return document["_id"]

    def candidates(self, condition: Document) -> list[Document]:
        """Return the documents that the index on ``_id`` leaves to look at."""
        wanted = condition.get("_id")
        if isinstance(wanted, int | str):
            return [self._by_id[wanted]] if wanted in self._by_id else []
        if not isinstance(wanted, dict):
            return self.documents
        if "$in" in wanted:
            # Each once, in the collection's own order.
            known = {key for key in wanted["$in"] if key in self._by_id}
            if len(known) * 20 < len(self.documents):
                return [self._by_id[key] for key in sorted(known, key=str)]
            return [one for one in self.documents if one["_id"] in known]
        if self._sorted is None:
            return self.documents
        low = bisect_left(self._sorted, wanted["$gte"]) if "$gte" in wanted else 0
        high = bisect_left(self._sorted, wanted["$lt"]) if "$lt" in wanted else len(self._sorted)
        return [self._by_id[key] for key in self._sorted[low:high]]

    def around(
        self, ra: float, dec: float, low: float, high: float
    ) -> list[tuple[float, Document]]:
        """Return the documents between two distances (radians) of a place, and distances."""
        place = _vectors(np.array([ra - 180.0]), np.array([dec]))[0]
        near = np.radians(dec) + np.array([-1.001, 1.001]) * high
        start, stop = np.searchsorted(self._latitudes, near)
        chord = np.linalg.norm(self._vectors[start:stop] - place, axis=1)
        angle = 2 * np.arcsin(np.clip(chord / 2, 0, 1))
        rows = np.flatnonzero((angle >= low) & (angle <= high))
        return [(float(angle[row]), self._placed[start + row]) for row in rows]


class Database:
    """Collections by name.

    Parameters
    ----------
    collections : mapping
    shuffled : bool
        Return what nobody asked to sort in a random order, as a database may.
    """

    def __init__(
        self, collections: Mapping[str, Iterable[Document]], *, shuffled: bool = False
    ) -> None:
        self.collections = {name: Collection(parts) for name, parts in collections.items()}
        self._shuffled = shuffled
        self._random = random.Random(1)

    def run(self, request: Any, *, admin: bool, delay: float = 0.0) -> dict[str, Any]:
        """Return the data of a query, under the key ``data`` if there are any."""
        body = request.get("query")
        kwargs = request.get("kwargs", {}) or {}
        limit = kwargs.get("max_time_ms", 300_000)
        if not isinstance(limit, int) or limit < 1:
            raise ValueError("max_time_ms must be int >= 1")
        end = time.monotonic() + limit / 1000
        body.get("catalog")
        time.sleep(min(delay, limit / 1000))
        kind = request["query_type"]
        if kind not in _KINDS:
            raise ValidationError(f"query_type {kind} not in {sorted(_KINDS)}")
        if not admin and body.get("catalog") in PROTECTED:
            raise ValidationError("Protected collection")
        result: dict[str, Any] = getattr(self, f"_{kind}")(body, kwargs)
        if time.monotonic() > end:
            raise ExecutionTimeout
        return result

    def _of(self, name: str) -> Collection:
        return self.collections.get(name, Collection(()))

    def _selected(self, name: str, condition: Document) -> list[Document]:
        return [one for one in self._of(name).candidates(condition) if matches(one, condition)]

    def _shown(self, found: list[Document], kwargs: Document, projection: Any) -> list[Document]:
        if kwargs.get("sort"):
            found = sort_documents(found, kwargs["sort"])
        elif self._shuffled:
            found = self._random.sample(found, len(found))
        found = found[kwargs.get("skip") or 0 :]
        if kwargs.get("limit"):
            found = found[: kwargs["limit"]]
        return [project(one, projection) for one in found]

    def _find(self, body: Document, kwargs: Document) -> Document:
        found = self._selected(body["catalog"], _filter(body))
        return {"data": self._shown(found, kwargs, _literal(body.get("projection")) or {})}

    def _find_one(self, body: Document, kwargs: Document) -> Document:
        found = self._selected(body["catalog"], _filter(body))
        return {"data": plain(found[0])} if found else {}

    def _count_documents(self, body: Document, kwargs: Document) -> Document:
        if body["catalog"] == "users":
            return {"data": 1}
        return {"data": len(self._selected(body["catalog"], _filter(body)))}

    def _estimated_document_count(self, body: Document, kwargs: Document) -> Document:
        return {"data": len(self._of(body["catalog"]).documents)}

    def _aggregate(self, body: Document, kwargs: Document) -> Document:
        pipeline = _literal(body["pipeline"])
        if not pipeline:
            raise ValidationError("Pipeline must contain at least one stage")
        forbidden = {name for stage in pipeline for name in stage} & {
            "$unionWith",
            "$out",
            "$merge",
        }
        if forbidden:
            raise ValidationError(f"Pipeline uses forbidden stages: {forbidden}")
        documents = self._of(body["catalog"]).documents
        return {"data": aggregate(documents, pipeline, lambda name: self._of(name).documents)}

    def _cone_search(self, body: Document, kwargs: Document) -> Document:
        place = body["object_coordinates"]
        radius = place["cone_search_radius"] * RADIANS[place["cone_search_unit"]]
        return self._around(place["radec"], body["catalogs"], kwargs, (0.0, radius), False)

    def _near(self, body: Document, kwargs: Document) -> Document:
        unit = RADIANS[body.get("distance_units", "rad")]
        low = body.get("min_distance", 0) * unit
        high = body["max_distance"] * unit if "max_distance" in body else RADIANS["arcmin"]
        return self._around(body["radec"], body["catalogs"], kwargs, (low, high), True)

    def _around(
        self,
        radec: Any,
        catalogs: Document,
        kwargs: Document,
        distances: tuple[float, float],
        nearest_first: bool,
    ) -> Document:
        places = radec if isinstance(radec, dict) else {str(pair): pair for pair in radec}
        answer: Document = {}
        for name, wanted in catalogs.items():
            answer[name] = {}
            for key, (ra, dec) in places.items():
                pairs = self._of(name).around(ra, dec, *distances)
                condition = _literal(wanted.get("filter")) or {}
                pairs = [pair for pair in pairs if matches(pair[1], condition)]
                order = dict(kwargs)
                if nearest_first:
                    pairs.sort(key=lambda pair: pair[0])
                    order["sort"] = [["$natural", 1]]
                found = [document for _, document in pairs]
                projection = _literal(wanted.get("projection")) or {}
                answer[name][key.replace(".", "_")] = self._shown(found, order, projection)
        return {"data": answer}

    def _info(self, body: Document, kwargs: Document) -> Document:
        command = body["command"]
        if command not in INFO_COMMANDS:
            raise KeyError(f"command {command} not in {INFO_COMMANDS}")
        names = sorted((name for name in self.collections if name not in PROTECTED), reverse=True)
        if command == "catalog_names":
            return {"data": names}
        if command == "db_info":
            sizes = {"avgObjSize": 0.0, "dataSize": 0.0, "storageSize": 0.0, "indexSize": 0.0}
            counts = {"collections": len(names), "views": 0, "objects": 0, "indexes": 0}
            return {"data": {"db": "kowalski", **counts, **sizes, "ok": 1.0}}
        if command == "index_info":
            place = "coordinates.radec_geojson"
            return {
                "data": {
                    "_id_": {"v": 2, "key": [["_id", 1]]},
                    f"{place}_2dsphere__id_1": {"v": 2, "key": [[place, "2dsphere"], ["_id", 1]]},
                }
            }
        count = len(self._of(body["catalog"]).documents)
        sizes = {"size": count, "count": count, "avgObjSize": 1, "storageSize": count}
        index = {"_id_": 4096, "coordinates.radec_geojson_2dsphere__id_1": 4096}
        described = {"ns": f"kowalski.{body['catalog']}", **sizes, "nindexes": 2}
        return {"data": {**described, "indexSizes": index, "scaleFactor": 1, "ok": 1.0}}

    def _drop(self, body: Document, kwargs: Document) -> Document:
        self.collections.pop(body["catalog"], None)
        return {"message": "Successfully dropped collection"}


_KINDS = {name[1:] for name in vars(Database) if name.startswith("_")} & {
    "find",
    "find_one",
    "count_documents",
    "estimated_document_count",
    "aggregate",
    "cone_search",
    "near",
    "info",
    "drop",
}


def error_message(error: Exception) -> str:
    """Return the message that Kowalski makes of an exception."""
    return f"{type(error).__name__}: {error}"


def _place(document: Document) -> Any:
    return document.get("coordinates", {}).get("radec_geojson", {}).get("coordinates")


def _filter(body: Document) -> Document:
    condition = _literal(body.get("filter"))
    if not isinstance(condition, dict):
        raise ValidationError("Unsupported filter specification")
    return condition


def _literal(value: Any) -> Any:
    return ast.literal_eval(value) if isinstance(value, str) else value


def _vectors(lon: npt.NDArray[Any], lat: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    lon, lat = np.radians(lon), np.radians(lat)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


__all__ = ["Collection", "Database", "ExecutionTimeout", "OperationFailure", "error_message"]
