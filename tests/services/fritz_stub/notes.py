"""Classifications, votes, labels, annotations and comments."""

from __future__ import annotations

import json
import re
import sqlite3
from typing import Any

from tests.services.fritz_stub.database import Row, now
from tests.services.fritz_stub.routes import NAME, Refusal, Request, page, route
from tests.services.fritz_stub.sources import find_obj

PUBLIC_GROUP = 1
WORDS = (True, False, "True", "False", "t", "f", "true", "false")


@route("POST", "/api/classification")
def post_classification(request: Request) -> Any:
    request.may("Classify")
    body = request.body
    try:
        if "classifications" in body:
            # one after the other: those before an error stay
            ids = [_classify(request, one) for one in body["classifications"]]
            return {"classification_ids": ids}
        return {"classification_id": _classify(request, body)}
    except Refusal as error:
        raise Refusal(400, f"Error posting classification: {error.message}") from None


def _classify(request: Request, one: Row) -> int:
    if "taxonomy_id" not in one:
        raise Refusal(400, "'taxonomy_id'")
    if find_obj(request, one["obj_id"]) is None:
        raise Refusal(400, f"Cannot find object with ID {one['obj_id']}.")
    taxonomy = request.database.one("select * from taxonomies where id = ?", one["taxonomy_id"])
    if taxonomy is None:
        raise Refusal(400, f"Cannot find a taxonomy with ID: {one['taxonomy_id']}.")
    if one["classification"] not in set(_classes(taxonomy["hierarchy"])):
        raise Refusal(
            400,
            f"That classification ({one['classification']}) is not in the allowed classes for the "
            f"chosen taxonomy (id={one['taxonomy_id']}",
        )
    probability = one.get("probability")
    if isinstance(probability, str):
        raise Refusal(400, "'<' not supported between instances of 'str' and 'int'")
    if probability is not None and not 0 <= probability <= 1:
        raise Refusal(
            400, f"That probability ({probability}) is outside the allowable range (0-1)."
        )
    ml = one.get("ml", False)
    if ml not in WORDS:
        raise Refusal(
            400,
            "If provided, ml must be one of True, False, 'True', 'False', 't', 'f', 'true', "
            f"'false' (got {ml})",
        )
    groups = one.get("group_ids")
    if not isinstance(groups, list) or not groups:
        groups = [PUBLIC_GROUP]
    _known_groups(request, groups)
    time = now()
    number = request.database.insert(
        "classifications",
        obj_id=one["obj_id"],
        classification=one["classification"],
        taxonomy_id=one["taxonomy_id"],
        probability=probability,
        origin=one.get("origin"),
        ml=ml in (True, "True", "t", "true"),
        author_id=request.user["id"],
        groups=groups,
        created_at=time,
        modified=time,
    )
    if one.get("vote", True):
        _vote(request, number, 1)
    if one.get("label", True):
        _label(request, one["obj_id"], groups)
    return number


def _known_groups(request: Request, groups: list[int]) -> None:
    """Check that groups exist; whether the user is in them nobody asks."""
    known = {row["id"] for row in request.database.all("select id from groups")}
    if not set(groups) <= known:
        raise Refusal(400, f"Cannot find one or more groups with IDs: {groups}.")


def _classes(node: Row) -> list[str]:
    below = [name for part in node.get("subclasses", []) for name in _classes(part)]
    return [node["class"], *below]


def _vote(request: Request, number: int, vote: int) -> None:
    user, database = request.user["id"], request.database
    database.run("delete from votes where classification_id = ? and voter_id = ?", number, user)
    time = now()
    database.insert(
        "votes",
        classification_id=number,
        voter_id=user,
        vote=vote,
        created_at=time,
        modified=time,
    )


def _label(request: Request, obj_id: str, groups: list[int]) -> None:
    for group in groups:
        request.database.run(
            "insert or ignore into labels (obj_id, group_id, user_id, created_at) "
            "values (?, ?, ?, ?)",
            *(obj_id, group, request.user["id"], now()),
        )


@route("GET", "/api/classification")
def list_classifications(request: Request) -> Any:
    number, size = page(request, 100, 500)
    rows = request.database.all("select * from classifications")
    part = rows[(number - 1) * size : number * size]
    return {
        "classifications": [request.views.classification(row) for row in part],
        "totalMatches": len(rows),
    }


@route("GET", "/api/classification/sources")
def classified_sources(request: Request) -> Any:
    rows = request.database.all("select distinct obj_id from classifications")
    return [row["obj_id"] for row in rows]


@route("GET", r"/api/classification/(\d+)")
def one_classification(request: Request, number: str) -> Any:
    row = request.database.one("select * from classifications where id = ?", int(number))
    if row is None:
        raise Refusal(400, f"Cannot find classification with ID: {number}.")
    return request.views.classification(row)


@route("GET", r"/api/classification/(\D+)")
def no_number(request: Request, name: str) -> Any:
    raise Refusal(400, "classification_id must be an integer")


def _own(request: Request, number: str) -> Row:
    row = request.database.one("select * from classifications where id = ?", int(number))
    if row is None or not (request.user["admin"] or row["author_id"] == request.user["id"]):
        raise Refusal(400, f"Cannot find a classification with ID: {number}.")
    return row


@route("PUT", r"/api/classification/(\d+)")
def put_classification(request: Request, number: str) -> Any:
    request.may("Classify")
    row, body = _own(request, number), request.body
    groups = body.get("group_ids", row["groups"])
    _known_groups(request, groups)
    request.database.run(
        "update classifications set groups = ?, classification = ?, probability = ?, ml = ?, "
        "modified = ? where id = ?",
        json.dumps(groups),
        body.get("classification", row["classification"]),
        body.get("probability", row["probability"]),
        # what is not sent becomes false
        bool(body.get("ml", False)),
        now(),
        int(number),
    )
    return {}


@route("DELETE", r"/api/classification/(\d+)")
def delete_classification(request: Request, number: str) -> Any:
    request.may("Classify")
    row = _own(request, number)
    _remove(request, row)
    return {}


def _remove(request: Request, row: Row) -> None:
    request.database.run("delete from classifications where id = ?", row["id"])
    request.database.run("delete from votes where classification_id = ?", row["id"])
    if (request.body or {}).get("label", True):
        _label(request, row["obj_id"], row["groups"])


@route("GET", "/api/sources/([^/]+)/classifications")
def classifications_of_source(request: Request, name: str) -> Any:
    return request.views.classifications(name, request.groups)


@route("DELETE", "/api/sources/([^/]+)/classifications")
def delete_classifications(request: Request, name: str) -> Any:
    for row in request.database.all("select * from classifications where obj_id = ?", name):
        if request.user["admin"] or row["author_id"] == request.user["id"]:
            _remove(request, row)
    return {}


@route("POST", r"/api/classification/votes/(\d+)")
def post_vote(request: Request, number: str) -> Any:
    if "vote" not in request.body:
        raise Refusal(400, "Missing required parameter: `vote`")
    try:
        _vote(request, int(number), int(request.body["vote"]))
    except ValueError as error:
        raise Refusal(500, str(error)) from None
    return {}


@route("DELETE", r"/api/classification/votes/(\d+)")
def delete_vote(request: Request, number: str) -> Any:
    request.database.run(
        "delete from votes where classification_id = ? and voter_id = ?",
        int(number),
        request.user["id"],
    )
    return {}


@route("POST", "/api/sources/([^/]+)/labels")
def post_labels(request: Request, name: str) -> Any:
    request.only({"groupIds"}, {"groupIds"})
    if find_obj(request, name) is None:
        raise Refusal(400, "Invalid objId")
    _label(request, name, request.body["groupIds"])
    return {}


@route("DELETE", "/api/sources/([^/]+)/labels")
def delete_labels(request: Request, name: str) -> Any:
    request.database.run("delete from labels where obj_id = ?", name)
    return {}


@route("POST", f"/api/sources/{NAME}/annotations")
def post_annotation(request: Request, name: str) -> Any:
    request.may("Annotate")
    request.only({"origin", "data", "group_ids"}, {"origin", "data"})
    _check_annotation(request)
    if find_obj(request, name) is None:
        raise Refusal(404, f"Cannot find object with ID {name}")
    time = now()
    try:
        number = request.database.insert(
            "annotations",
            obj_id=name,
            origin=request.body["origin"],
            data=request.body["data"],
            author_id=request.user["id"],
            groups=request.body.get("group_ids") or request.groups,
            created_at=time,
            modified=time,
        )
    except sqlite3.IntegrityError:
        raise Refusal(
            400,
            "Annotation already exists: (psycopg.errors.UniqueViolation) duplicate key value "
            'violates unique constraint "annotations_obj_id_origin_key"',
        ) from None
    return {"annotation_id": number}


def _check_annotation(request: Request) -> None:
    if not re.match(r"^\w+", str(request.body.get("origin", "x"))):
        raise Refusal(
            400, r"Invalid/missing parameters: origin: String should match pattern '^\w+'"
        )
    try:
        json.dumps(request.body.get("data"), allow_nan=False)
    except ValueError:
        raise Refusal(
            500, "(psycopg.errors.InvalidTextRepresentation) invalid input syntax for type json"
        ) from None


@route("GET", f"/api/sources/{NAME}/annotations")
def annotations_of_source(request: Request, name: str) -> Any:
    return request.views.annotations(name)


@route("PUT", rf"/api/sources/{NAME}/annotations/(\d+)")
def put_annotation(request: Request, name: str, number: str) -> Any:
    request.may("Annotate")
    request.only({"origin", "data", "group_ids"}, set())
    _check_annotation(request)
    _own_annotation(request, number)
    request.database.run(
        "update annotations set data = ?, modified = ? where id = ?",
        json.dumps(request.body["data"]),
        now(),
        int(number),
    )
    return {}


@route("DELETE", rf"/api/sources/{NAME}/annotations/(\d+)")
def delete_annotation(request: Request, name: str, number: str) -> Any:
    request.may("Annotate")
    _own_annotation(request, number)
    request.database.run("delete from annotations where id = ?", int(number))
    return {}


def _own_annotation(request: Request, number: str) -> None:
    row = request.database.one("select * from annotations where id = ?", int(number))
    if row is None or not (request.user["admin"] or row["author_id"] == request.user["id"]):
        raise Refusal(403, "Could not find any accessible annotations.")


@route("POST", f"/api/sources/{NAME}/comments")
def post_comment(request: Request, name: str) -> Any:
    request.may("Comment")
    body = request.body
    if not body.get("text"):
        raise Refusal(
            400,
            f"Error posting comment for sources {name}: 'NoneType' object has no attribute "
            "'replace'",
        )
    attachment = body.get("attachment") or {}
    number = request.database.insert(
        "comments",
        obj_id=name,
        text=body["text"],
        author_id=request.user["id"],
        groups=body.get("group_ids") or request.groups,
        attachment_name=attachment.get("name"),
        attachment=attachment.get("body"),
        created_at=now(),
    )
    return {"comment_id": number}


@route("GET", f"/api/sources/{NAME}/comments")
def comments_of_source(request: Request, name: str) -> Any:
    return request.views.comments(name)


@route("GET", rf"/api/sources/{NAME}/comments/(\d+)")
def one_comment(request: Request, name: str, number: str) -> Any:
    row = request.database.one("select * from comments where id = ?", int(number))
    if row is None:
        raise Refusal(403, "Insufficient permissions")
    return request.views.comment(row)


@route("DELETE", rf"/api/sources/{NAME}/comments/(\d+)")
def delete_comment(request: Request, name: str, number: str) -> Any:
    request.database.run("delete from comments where id = ?", int(number))
    return {}
