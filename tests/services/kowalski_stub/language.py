"""The part of MongoDB's query language that Kowalski's users meet."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tests.services.kowalski_stub.points import Points, plain

Document = dict[str, Any]

MISSING = object()


class OperationFailure(Exception):
    """An error of the database, in its own words."""

    def __init__(self, text: str, code: int, name: str) -> None:
        detail = {"ok": 0.0, "errmsg": text, "code": code, "codeName": name}
        super().__init__(f"{text}, full error: {detail}")


_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "$eq": operator.eq,
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}


def matches(document: Document, condition: Document) -> bool:
    """Whether a document meets a condition."""
    for name, wanted in condition.items():
        if name == "$and":
            good = all(matches(document, part) for part in wanted)
        elif name == "$or":
            good = any(matches(document, part) for part in wanted)
        elif name == "$nor":
            good = not any(matches(document, part) for part in wanted)
        elif name.startswith("$"):
            raise OperationFailure(f"unknown top level operator: {name}", 2, "BadValue")
        else:
            good = _field_matches(document, name, wanted)
        if not good:
            return False
    return True


def _field_matches(document: Document, path: str, wanted: Any) -> bool:
    if isinstance(wanted, dict) and any(key.startswith("$") for key in wanted):
        return all(_operator(document, path, name, value) for name, value in wanted.items())
    return _operator(document, path, "$eq", wanted)


def _operator(document: Document, path: str, name: str, value: Any) -> bool:
    found = list(values_at(document, path))
    if name == "$exists":
        return bool(found) == bool(value)
    if name == "$not":
        return not _field_matches(document, path, value)
    if name == "$ne":
        return not _operator(document, path, "$eq", value)
    if name == "$nin":
        return not _operator(document, path, "$in", value)
    if name == "$in":
        return any(_any(one, lambda item: _is_in(item, value)) for one in found or [None])
    if name == "$regex":
        return any(isinstance(one, str) and re.search(value, one) for one in found)
    if name not in _COMPARISONS:
        raise OperationFailure(f"unknown operator: {name}", 2, "BadValue")
    if name == "$eq" and value is None and not found:
        return True
    return any(_any(one, lambda item: _compare(name, item, value)) for one in found)


def _any(found: Any, test: Callable[[Any], Any]) -> bool:
    """Whether a value, or any item of a list, passes a test."""
    if isinstance(found, np.ndarray):
        return bool(np.any(test(found)))
    if isinstance(found, list) and any(_any(item, test) for item in found):
        return True
    return bool(test(found))


def _is_in(item: Any, choices: list[Any]) -> Any:
    if isinstance(item, np.ndarray):
        return np.isin(item, choices)
    return item in choices


def _compare(name: str, item: Any, value: Any) -> Any:
    """Compare as MongoDB does: only values of a kind; and nothing is above or below NaN."""
    if isinstance(item, np.ndarray):
        return _COMPARISONS[name](item, value)
    if name == "$eq":
        return item == value
    numbers = (int, float)
    alike = (isinstance(item, numbers) and isinstance(value, numbers)) or (
        type(item) is type(value)
    )
    return alike and item is not None and _COMPARISONS[name](item, value)


def values_at(document: Any, path: str) -> Iterator[Any]:
    """Yield the values at a dotted path; of lists, those of every item."""
    if not path:
        yield document
        return
    head, _, rest = path.partition(".")
    if isinstance(document, Points):
        if head in document.columns:
            yield document.columns[head]
    elif isinstance(document, list):
        for item in document:
            yield from values_at(item, path)
    elif isinstance(document, dict) and head in document:
        yield from values_at(document[head], rest)


def project(document: Document, projection: Document) -> Document:
    """Return the fields of a document that a projection asks for."""
    chosen = {path: bool(value) for path, value in projection.items() if path != "_id"}
    if len(set(chosen.values())) > 1:
        raise OperationFailure(
            "ValueError: You cannot currently mix including and excluding fields.",
            8,
            "UnknownError",
        )
    keep_id = projection.get("_id", 1)
    if not chosen and (not projection or not keep_id):
        result = plain(document)
    elif not chosen:
        return {"_id": document["_id"]}
    elif next(iter(chosen.values())):
        result = _including(document, list(chosen))
        if "_id" in document:
            result["_id"] = document["_id"]
    else:
        result = _excluding(document, list(chosen))
    if not keep_id:
        result.pop("_id", None)
    return result


def _including(value: Any, paths: list[str]) -> Any:
    if isinstance(value, Points):
        return value.records({path.partition(".")[0] for path in paths})
    if isinstance(value, list):
        return [_including(item, paths) for item in value if isinstance(item, dict)]
    result = {}
    for name, part in value.items():
        deeper = [path.partition(".")[2] for path in paths if path.partition(".")[0] == name]
        if "" in deeper:
            result[name] = plain(part)
        elif deeper and isinstance(part, dict | list | Points):
            result[name] = _including(part, deeper)
    return result


def _excluding(value: Any, paths: list[str]) -> Any:
    if isinstance(value, Points):
        gone = {path.partition(".")[0] for path in paths}
        return value.records(set(value.columns) - gone)
    if isinstance(value, list):
        return [_excluding(item, paths) for item in value]
    if not isinstance(value, dict):
        return value
    result = {}
    for name, part in value.items():
        deeper = [path.partition(".")[2] for path in paths if path.partition(".")[0] == name]
        if "" not in deeper:
            result[name] = _excluding(part, deeper) if deeper else plain(part)
    return result


def sort_documents(documents: list[Document], keys: list[list[Any]]) -> list[Document]:
    """Return documents by several keys, the first one most important; null comes first."""
    for path, direction in reversed(keys):
        if path == "$natural":
            documents = documents[::direction]
        else:
            documents = sorted(documents, key=lambda one: _key(one, path), reverse=direction < 0)
    return documents


def _key(document: Document, path: str) -> tuple[bool, Any]:
    value = next(values_at(document, path), None)
    return (value is not None, value if value is not None else 0)
