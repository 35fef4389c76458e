"""Groups, instruments, taxonomies and events."""

from __future__ import annotations

from typing import Any

from tests.services.fritz_stub.database import now
from tests.services.fritz_stub.routes import Refusal, Request, page, route

SITEWIDE_GROUP = 2


@route("GET", "/api/sysinfo")
def sysinfo(request: Request) -> Any:
    return {"gitlog": [], "invitationsEnabled": False}


@route("POST", "/api/groups")
def add_group(request: Request) -> Any:
    name = request.body["name"]
    if request.database.one("select id from groups where name = ?", name):
        raise Refusal(400, f"Group with name {name} already exists. Please select a new one.")
    number = request.database.insert("groups", name=name, single=0, created_at=now())
    return {"id": number}


@route("GET", "/api/groups")
def list_groups(request: Request) -> Any:
    views = request.views
    if "name" in request.query:
        rows = request.database.all("select id from groups where name = ?", request.query["name"])
        return [views.group(row["id"]) for row in rows]
    rows = request.database.all("select id from groups where not single order by id")
    every = [{**views.group(row["id"]), "streams": []} for row in rows]
    own = [views.group(number) for number in request.own_groups]
    mine = [one for one in every if one["id"] in request.groups]
    return {"user_groups": own, "user_accessible_groups": mine, "all_groups": every}


@route("GET", r"/api/groups/(\d+)")
def one_group(request: Request, number: str) -> Any:
    if int(number) not in request.groups:
        raise Refusal(400, f"Cannot find Group with id {number}")
    lists = ("group_users", "streams", "filters", "users")
    return {**request.views.group(int(number)), **{name: [] for name in lists}}


@route("POST", r"/api/groups/(\d+)/streams")
def group_stream(request: Request, number: str) -> Any:
    return {"group_id": int(number), "stream_id": request.body["stream_id"]}


@route("POST", "/api/streams")
def add_stream(request: Request) -> Any:
    return {"id": request.database.insert("streams", name=request.body["name"])}


@route("POST", "/api/filters")
def add_filter(request: Request) -> Any:
    body = request.body
    return {"id": request.database.insert("filters", name=body["name"], group_id=body["group_id"])}


@route("POST", "/api/telescope")
def add_telescope(request: Request) -> Any:
    return {"id": request.database.insert("telescopes", name=request.body["name"])}


@route("POST", "/api/instrument")
def add_instrument(request: Request) -> Any:
    body = request.body
    number = request.database.insert("instruments", name=body["name"], filters=body["filters"])
    return {"id": number}


@route("GET", "/api/instrument")
def list_instruments(request: Request) -> Any:
    return request.database.all("select * from instruments")


@route("POST", "/api/taxonomy")
def add_taxonomy(request: Request) -> Any:
    request.may("Post taxonomy")
    body, database = request.body, request.database
    if "class" not in body["hierarchy"]:
        raise Refusal(400, "Hierarchy does not validate against the schema.")
    database.run("update taxonomies set isLatest = 0 where name = ?", body["name"])
    number = database.insert(
        "taxonomies",
        name=body["name"],
        version=body["version"],
        provenance=body.get("provenance"),
        hierarchy=body["hierarchy"],
        isLatest=1,
        # groups that the user is not in are left out, and nothing is said
        groups=[g for g in body.get("group_ids") or [SITEWIDE_GROUP] if g in request.groups],
        created_at=now(),
    )
    return {"taxonomy_id": number}


@route("GET", "/api/taxonomy")
def list_taxonomies(request: Request) -> Any:
    rows = request.database.all("select * from taxonomies")
    seen = set(request.groups)
    return [_taxonomy(request, row, groups=True) for row in rows if seen & set(row["groups"])]


@route("GET", r"/api/taxonomy/(\d+)")
def one_taxonomy(request: Request, number: str) -> Any:
    row = request.database.one("select * from taxonomies where id = ?", int(number))
    if row is None or not set(request.groups) & set(row["groups"]):
        raise Refusal(400, "Taxonomy does not exist or is not available to user.")
    return _taxonomy(request, row, groups=False)


def _taxonomy(request: Request, row: dict[str, Any], *, groups: bool) -> dict[str, Any]:
    numbers = row.pop("groups")
    found = {**row, "modified": row["created_at"]}
    if groups:
        found["groups"] = [request.views.group(number) for number in numbers]
    return found


@route("POST", "/api/gcn_event")
def add_event(request: Request) -> Any:
    body = request.body
    # without one there is no localization, or none yet
    sky = body.get("skymap") or dict.fromkeys(("ra", "dec", "error"))
    number = request.database.insert(
        "events",
        dateobs=body["dateobs"],
        tags=body.get("tags", []),
        ra=sky["ra"],
        dec=sky["dec"],
        error=sky["error"],
        created_at=now(),
    )
    return {"gcnevent_id": number, "dateobs": body["dateobs"], "notice_id": None}


@route("GET", "/api/gcn_event")
def list_events(request: Request) -> Any:
    number, size = page(request, 10, 1000)
    query = request.query
    rows = [
        row
        for row in request.database.all("select * from events order by dateobs desc")
        if query.get("startDate", "") <= row["dateobs"] <= query.get("endDate", "9999")
        and set(query.get("gcnTagKeep", "").split(",")) - {""} <= set(row["tags"])
    ]
    part = rows[(number - 1) * size : number * size]
    events = [request.views.event(row, whole=False) for row in part]
    return {"events": events, "totalMatches": len(rows)}


@route("GET", "/api/gcn_event/(.+)")
def one_event(request: Request, dateobs: str) -> Any:
    row = request.database.one("select * from events where dateobs = ?", dateobs)
    if row is None:
        raise Refusal(404, "GCN event not found")
    return request.views.event(row, whole=True)
