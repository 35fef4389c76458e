"""Sources, candidates and photometry."""

from __future__ import annotations

import math
import re
import uuid
from datetime import datetime
from typing import Any

from tests.services.fritz_stub.database import Row, now
from tests.services.fritz_stub.routes import Refusal, Request, page, route
from tests.services.fritz_stub.views import separation_deg

FILTERS = ("ztfg", "ztfr", "ztfi")
MOST_DAYS = 3650
UNIQUE = (
    "(psycopg.errors.UniqueViolation) duplicate key value violates unique constraint "
    '"sources_forward_ind"\nDETAIL:  Key (group_id, obj_id)=({group}, {name}) already exists.\n'
    "[SQL: INSERT INTO sources (group_id, obj_id, modified) VALUES (…)]\n"
    "(Background on this error at: https://sqlalche.me/e/20/gkpj)"
)
FOREIGN_KEY = (
    '(psycopg.errors.ForeignKeyViolation) insert or update on table "sources" violates foreign '
    'key constraint "sources_group_id_fkey"\nDETAIL:  Key (group_id)=({group}) is not present in '
    'table "groups".\n[SQL: INSERT INTO sources (group_id, obj_id, modified) SELECT …]\n'
    "(Background on this error at: https://sqlalche.me/e/20/gkpj)"
)


@route("POST", "/api/sources")
def save_source(request: Request) -> Any:
    request.may("Upload data")
    body, database = request.body, request.database
    name = body["id"]
    if " " in name or not re.fullmatch(r"[A-Za-z0-9_\-;:+.]+", name):
        raise Refusal(400, "Failed to post source: No spaces allowed in source ID")
    groups = body.get("group_ids") or request.own_groups
    if not set(groups) <= set(request.groups):
        raise Refusal(
            400,
            "Failed to post source: Invalid group_ids field. Please specify at least one valid "
            "group ID that you belong to.",
        )
    row = database.one("select * from objs where id = ?", name)
    if row is None:
        if body.get("ra") is None or body.get("dec") is None:
            raise Refusal(
                400, "Failed to post source: RA/Declination must not be null for a new Obj"
            )
        add_obj(request, body)
    elif body.get("ra") is not None:
        # the place stays, but the index of places follows what was sent
        database.run(
            "update objs set cone_ra = ?, cone_dec = ? where id = ?", body["ra"], body["dec"], name
        )
    for group in groups:
        _save_to(request, name, group)
    return {"id": name, "saved_to_groups": groups}


def _save_to(request: Request, name: str, group: int) -> None:
    """Save a source to a group; one that was saved there and taken away is there again."""
    database = request.database
    row = database.one("select * from sources where obj_id = ? and group_id = ?", name, group)
    if row is not None and not row["active"]:
        database.run("update sources set active = 1, requested = 0 where serial = ?", row["serial"])
    elif row is None:
        saved = {"active": 1, "saved_at": now(), "saved_by": request.user["id"]}
        database.insert("sources", obj_id=name, group_id=group, **saved)


def add_obj(request: Request, body: Row) -> None:
    time = now()
    request.database.insert(
        "objs",
        id=body["id"],
        ra=body["ra"],
        dec=body["dec"],
        cone_ra=body["ra"],
        cone_dec=body["dec"],
        origin=body.get("origin"),
        internal_key=str(uuid.uuid4()),
        created_at=time,
        modified=time,
    )


def find_obj(request: Request, name: str) -> Row | None:
    return request.database.one("select * from objs where id = ?", name)


@route("HEAD", "/api/sources/([^/]+)")
def has_source(request: Request, name: str) -> Any:
    if find_obj(request, name) is None:
        raise Refusal(404, "Source not found")
    return {}


@route("GET", "/api/sources/([^/]+)")
def one_source(request: Request, name: str) -> Any:
    row = find_obj(request, name)
    if row is None:
        raise Refusal(404, "Source not found")
    return request.views.one_source(row, request.groups, request.query)


@route("GET", "/api/sources")
def list_sources(request: Request) -> Any:
    query, database = request.query, request.database
    number, size = page(request, 100, 500)
    names = _in_groups(request)
    rows = [row for row in database.all("select * from objs") if row["id"] in names]
    for keep in (_near, _classified, _in_localization, _detected):
        rows = keep(request, rows)
    rows.sort(key=lambda row: row["id"] if query.get("sortBy") == "id" else names[row["id"]])
    if query.get("sortOrder", "desc") == "desc":
        rows.reverse()
    part = rows[(number - 1) * size : number * size]
    if query.get("saveSummary") == "true":
        sources = [_summary(request, row) for row in part]
    else:
        sources = [request.views.source(row, request.groups, query) for row in part]
    found = {
        "totalMatches": len(rows),
        "sources": sources,
        "pageNumber": number,
        "numPerPage": size,
    }
    if query.get("group_ids", "").isdecimal():
        found["group_id"] = int(query["group_ids"])
    return found


def _in_groups(request: Request) -> dict[str, int]:
    """Sources that are saved to the groups asked for, and when they were saved last."""
    wanted = request.groups
    if "group_ids" in request.query:
        asked = [int(number) for number in request.query["group_ids"].split(",")]
        if not request.user["admin"] and not set(asked) <= set(wanted):
            raise Refusal(400, "Selected group(s) not all accessible to user.")
        wanted = asked
    rows = request.database.all("select * from sources where active order by serial")
    return {row["obj_id"]: row["serial"] for row in rows if row["group_id"] in wanted}


def _summary(request: Request, row: Row) -> Row:
    saved = request.database.one(
        "select * from sources where obj_id = ? and active order by serial", row["id"]
    )
    assert saved is not None
    return {
        "obj_id": row["id"],
        "id": saved["serial"],
        "modified": saved["saved_at"],
        "created_at": saved["saved_at"],
        "saved_at": saved["saved_at"],
        "requested": False,
        "unsaved_at": None,
        "group_id": saved["group_id"],
        "saved_by_id": saved["saved_by"],
        "active": True,
        "unsaved_by_id": None,
    }


def _near(request: Request, rows: list[Row]) -> list[Row]:
    query = request.query
    if not {"ra", "dec", "radius"} <= set(query):
        return rows
    ra, dec, radius = (float(query[name]) for name in ("ra", "dec", "radius"))
    return [
        row for row in rows if separation_deg(ra, dec, row["cone_ra"], row["cone_dec"]) <= radius
    ]


def _classified(request: Request, rows: list[Row]) -> list[Row]:
    for name, wanted in (("classifications", True), ("nonclassifications", False)):
        if name in request.query:
            parts = [part.strip() for part in request.query[name].split(":", 2)]
            least = float(parts[2].strip("{}").partition(">")[2]) if len(parts) > 2 else -1.0
            having = {
                row["obj_id"]
                for row in request.database.all(
                    "select * from classifications join taxonomies on taxonomies.id = taxonomy_id "
                    "where name = ? and classification = ?",
                    *parts[:2],
                )
                if (row["probability"] or 0.0) > least
            }
            rows = [row for row in rows if (row["id"] in having) is wanted]
    return rows


def _in_localization(request: Request, rows: list[Row]) -> list[Row]:
    query = request.query
    if "localizationDateobs" not in query:
        return rows
    if not {"startDate", "endDate"} <= set(query):
        raise Refusal(
            400,
            "must specify startDate and endDate when filtering by localizationDateobs or "
            "localizationName",
        )
    if _mjd(query["endDate"]) - _mjd(query["startDate"]) > MOST_DAYS:
        raise Refusal(
            400,
            "startDate and endDate must be less than 10 years apart when filtering by "
            "localizationDateobs or localizationName",
        )
    event = request.database.one(
        "select * from events where dateobs = ?", query["localizationDateobs"]
    )
    if event is None or event["error"] is None:
        when = query["localizationDateobs"].replace("T", " ")
        raise Refusal(
            400,
            "Cannot retrieve sources: Invalid localization query parameters (Localization "
            f"{when} not found)",
        )
    share = float(query.get("localizationCumprob", 0.95))
    radius = event["error"] * math.sqrt(-2.0 * math.log(1.0 - share))
    return [
        row
        for row in rows
        if separation_deg(event["ra"], event["dec"], row["ra"], row["dec"]) <= radius
    ]


def _detected(request: Request, rows: list[Row]) -> list[Row]:
    """Keep sources that have all their detections between two dates, unless told not to."""
    query = request.query
    dates = {name: _mjd(query[name]) for name in ("startDate", "endDate") if name in query}
    if not dates or query.get("requireDetections") == "false":
        return rows
    kept = []
    for row in rows:
        known = request.views.photstats(row["id"])
        first, last = known["first_detected_mjd"], known["last_detected_mjd"]
        if first is None or first < dates.get("startDate", first):
            continue
        if last <= dates.get("endDate", last):
            kept.append(row)
    return kept


def _mjd(text: str) -> float:
    return (datetime.fromisoformat(text) - datetime(1858, 11, 17)).total_seconds() / 86400.0


@route("POST", "/api/source_groups")
def source_groups(request: Request) -> Any:
    request.only({"objId", "inviteGroupIds", "unsaveGroupIds"}, {"objId", "inviteGroupIds"})
    body, database = request.body, request.database
    name, invited = body["objId"], body["inviteGroupIds"]
    seen = request.views.saved_groups(name, request.groups)
    for group in invited:
        if group in {one["id"] for one in seen if one["active"]}:
            raise Refusal(400, f"Source already saved to group w/ ID {group}")
    # all in one transaction
    for group in invited:
        if database.one("select 1 from groups where id = ?", group) is None:
            raise Refusal(500, FOREIGN_KEY.format(group=group))
        there = "select * from sources where obj_id = ? and group_id = ?"
        row = database.one(there, name, group)
        if row is not None and (row["active"] or row["requested"]):
            raise Refusal(500, UNIQUE.format(group=group, name=name))
    for group in invited:
        if group in request.groups:
            _save_to(request, name, group)
            continue
        # somebody of the group has to say yes
        asked = {"active": 0, "requested": 1, "saved_at": now(), "saved_by": request.user["id"]}
        database.insert("sources", obj_id=name, group_id=group, **asked)
    for group in body.get("unsaveGroupIds", []):
        database.run(
            "update sources set active = 0 where obj_id = ? and group_id = ?", body["objId"], group
        )
    return {}


@route("GET", "/api/sources/([^/]+)/groups")
def groups_of_source(request: Request, name: str) -> Any:
    saved = request.views.saved_groups(name, request.groups)
    return [request.views.group(row["id"]) for row in saved if row["active"]]


@route("POST", "/api/candidates")
def add_candidate(request: Request) -> Any:
    body = request.body
    if find_obj(request, body["id"]) is None:
        add_obj(request, body)
    ids = [
        request.database.insert(
            "candidates", obj_id=body["id"], filter_id=number, passed_at=body["passed_at"]
        )
        for number in body["filter_ids"]
    ]
    return {"ids": ids}


@route("GET", "/api/candidates")
def list_candidates(request: Request) -> Any:
    number, size = page(request, 25, 500)
    rows = request.database.all("select distinct obj_id from candidates order by id")
    if (number - 1) * size >= max(1, len(rows)):
        raise Refusal(400, "Page number out of range.")
    found = []
    for row in rows[(number - 1) * size : number * size]:
        obj = find_obj(request, row["obj_id"])
        assert obj is not None
        candidate = request.views.candidate(obj)
        found.append({**candidate, "is_source": False, "passing_group_ids": [4]})
    return {
        "queryID": str(uuid.uuid4()),
        "pageNumber": number,
        "numPerPage": size,
        "totalMatches": len(rows),
        "candidates": found,
    }


@route("HEAD", "/api/candidates/([^/]+)")
def has_candidate(request: Request, name: str) -> Any:
    return has_source(request, name)


@route("GET", "/api/candidates/([^/]+)")
def one_candidate(request: Request, name: str) -> Any:
    row = find_obj(request, name)
    if row is None:
        raise Refusal(400, "Invalid id")
    return request.views.candidate(row)


@route("POST", "/api/photometry")
def post_photometry(request: Request) -> Any:
    points = _points(request)
    if any(_stored(request, point) for point in points):
        raise Refusal(
            400, 'Traceback (most recent call last):\n  File "<path>", line 1833, in post\n'
        )
    return {"ids": [_add(request, point) for point in points], "upload_id": str(uuid.uuid4())}


@route("PUT", "/api/photometry")
def put_photometry(request: Request) -> Any:
    return {"ids": [_stored(request, point) or _add(request, point) for point in _points(request)]}


def _points(request: Request) -> list[Row]:
    request.may("Upload data")
    body = request.body
    obj = find_obj(request, body["obj_id"])
    if obj is None:
        raise Refusal(400, f"Invalid object ID: {body['obj_id']}")
    groups = body.get("group_ids", [])
    n = len(body["mjd"])
    if n > 10_000:
        raise Refusal(400, "Maximum number of photometry rows exceeded: 10000")
    lists = {
        name: value if isinstance(value, list) else [value] * n
        for name, value in body.items()
        if name not in ("group_ids", "altdata")
    }
    if wrong := set(lists["filter"]) - set(FILTERS):
        raise Refusal(400, f"Filter(s) {wrong} is not allowed. Allowed filters are: {FILTERS}")
    points = []
    for k in range(n):
        one = {name: value[k] for name, value in lists.items()}
        flux, error = one.get("flux"), one.get("fluxerr")
        if one.get("mag") is not None:
            if one.get("magerr") is None or one.get("limiting_mag") is None:
                raise Refusal(400, "mag without magerr or limiting_mag")
            flux = 10 ** (0.4 * (23.9 - one["mag"]))
            error = flux * one["magerr"] * math.log(10) / 2.5
        elif "flux" not in one:
            if one.get("magerr") is not None or one.get("limiting_mag") is None:
                raise Refusal(400, "magerr must be null where mag is, and limiting_mag must not")
            error = 10 ** (0.4 * (23.9 - one["limiting_mag"])) / 5.0
        points.append(
            {
                "obj_id": one["obj_id"],
                "instrument_id": one["instrument_id"],
                "origin": str(one.get("origin")),
                "mjd": one["mjd"],
                "filter": one["filter"],
                "flux": flux,
                "fluxerr": error,
                "limiting_mag": one.get("limiting_mag"),
                "magsys": one["magsys"],
                "groups": groups,
                "ra": one.get("ra", obj["ra"]),
                "dec": one.get("dec", obj["dec"]),
            }
        )
    return points


def _stored(request: Request, point: Row) -> int | None:
    number = request.database.value(
        "select id from photometry where obj_id = ? and instrument_id = ? and origin = ? "
        "and mjd = ? and fluxerr is ? and flux is ?",
        *(point[key] for key in ("obj_id", "instrument_id", "origin", "mjd", "fluxerr", "flux")),
    )
    return None if number is None else int(number)


def _add(request: Request, point: Row) -> int:
    return request.database.insert("photometry", **point, created_at=now())


@route("GET", "/api/sources/([^/]+)/photometry")
def photometry_of_source(request: Request, name: str) -> Any:
    if find_obj(request, name) is None:
        raise Refusal(403, f"Insufficient permissions for User x to read Obj {name}")
    form = request.query.get("format", "mag")
    if form not in ("mag", "flux", "both"):
        raise Refusal(500, "Could not serialize phot_id: Invalid output format specified.")
    return request.views.photometry(name, form)


@route("GET", r"/api/photometry/(\d+)")
def one_point(request: Request, number: str) -> Any:
    row = request.database.one("select * from photometry where id = ?", int(number))
    if row is None:
        raise Refusal(403, "Insufficient permissions")
    return {**request.views.point(row, "mag"), "annotations": []}


@route("DELETE", r"/api/photometry/(\d+)")
def delete_point(request: Request, number: str) -> Any:
    request.database.run("delete from photometry where id = ?", int(number))
    return {}
