"""The aggregation pipeline: the stages that are seen in queries of Kowalski."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.services.kowalski_stub.language import (
    MISSING,
    Document,
    OperationFailure,
    matches,
    project,
    sort_documents,
    values_at,
)
from tests.services.kowalski_stub.points import plain

Lookup = Callable[[str], list[Document]]


def aggregate(documents: list[Document], pipeline: list[Document], lookup: Lookup) -> list[Any]:
    """Return what a pipeline makes of documents; `lookup` finds other collections."""
    for stage in pipeline:
        ((name, body),) = stage.items()
        if name == "$match":
            documents = [one for one in documents if matches(one, body)]
        elif name == "$project":
            documents = [_projected(one, body) for one in documents]
        elif name == "$group":
            documents = _grouped(documents, body)
        elif name == "$sort":
            documents = sort_documents(documents, [list(item) for item in body.items()])
        elif name == "$limit":
            documents = documents[:body]
        elif name == "$lookup":
            documents = [_looked_up(one, body, lookup) for one in documents]
        else:
            raise OperationFailure(
                f"{name} is not a valid operator for the aggregation pipeline. See "
                "http://docs.mongodb.org/manual/meta/aggregation-quick-reference/ for a "
                "complete list of valid operators.",
                238,
                "NotImplemented",
            )
    return [plain(one) for one in documents]


def _projected(document: Document, body: Document) -> Document:
    simple = {k: v for k, v in body.items() if isinstance(v, bool | int | float)}
    computed = {name: value for name, value in body.items() if name not in simple}
    if computed and not any(value for name, value in simple.items() if name != "_id"):
        result = {"_id": document["_id"]} if "_id" in document and simple.get("_id", 1) else {}
    else:
        result = project(document, simple)
    for name, expression in computed.items():
        value = evaluate(document, expression)
        if value is not MISSING:
            result[name] = value
    return result


def evaluate(document: Document, expression: Any) -> Any:
    """Return the value of an expression."""
    if isinstance(expression, str) and expression.startswith("$"):
        found = list(values_at(document, expression[1:]))
        if not found:
            return MISSING
        head = document.get(expression[1:].partition(".")[0])
        return found if isinstance(head, list) else found[0]
    if not isinstance(expression, dict):
        return expression
    ((name, argument),) = expression.items()
    if name == "$size":
        return len(evaluate(document, argument))
    if name == "$arrayElemAt":
        return evaluate(document, argument[0])[argument[1]]
    raise OperationFailure(f"Unrecognized expression '{name}'", 168, "InvalidPipelineOperator")


def _grouped(documents: list[Document], body: Document) -> list[Document]:
    groups: dict[Any, list[Document]] = {}
    for one in documents:
        key = None if body["_id"] is None else evaluate(one, body["_id"])
        groups.setdefault(None if key is MISSING else key, []).append(one)
    results = []
    for key, members in groups.items():
        result: Document = {"_id": key}
        for name, accumulator in body.items():
            if name != "_id":
                result[name] = _accumulated(members, accumulator)
        results.append(result)
    return results


def _accumulated(members: list[Document], accumulator: Document) -> Any:
    ((name, expression),) = accumulator.items()
    values = [evaluate(one, expression) for one in members]
    numbers = [value for value in values if isinstance(value, int | float)]
    if name == "$sum":
        return sum(numbers)
    if name == "$avg":
        return sum(numbers) / len(numbers) if numbers else None
    if name in ("$min", "$max"):
        return (min if name == "$min" else max)(numbers, default=None)
    raise OperationFailure(f"unknown group operator '{name}'", 15952, "Location15952")


def _looked_up(document: Document, body: Document, lookup: Lookup) -> Document:
    value = next(values_at(document, body["localField"]), None)
    found = [
        plain(one) for one in lookup(body["from"]) if matches(one, {body["foreignField"]: value})
    ]
    return {**document, body["as"]: found}
