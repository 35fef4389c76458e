"""The web application: addresses, and what answers them."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from scope.desk.desk import Desk
from scope.desk.export_selection import FORMATS, export_rows
from scope.desk.label_mode import Labelling
from scope.desk.sql_text import plain
from scope.desk.star_facts import find_row, light_curves, picture_facts, stamps_of, star_facts
from scope.desk.star_features import features_of, neighbours
from scope.desk.star_periodogram import periodogram
from scope.desk.static_page import static_page
from scope.desk.table import Question
from scope.desk.why import reasons_of
from scope.errors import ScopeError, UsageError
from scope.lightcurves.points import POINT_REASONS

_log = logging.getLogger(__name__)

STATIC = Path(__file__).parent / "static"
MEDIA = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".svg": "image/svg+xml",
}
MOST_OFFSET = 2**40

Answer = Callable[[Request], Any]


def desk_app(desk: Desk) -> Starlette:
    """Return the application of a desk; `scope.desk.security.Guard` goes around it."""
    answers = {**TABLE_ANSWERS, **(STAR_ANSWERS if desk.pictures is None else PICTURE_ANSWERS)}
    routes = [Route("/", _file("index.html")), Route("/static/{name}", _static)]
    routes += [Route(f"/api/{name}", _answer(desk, call)) for name, call in answers.items()]
    routes.append(Route("/api/export", _answer(desk, _export)))
    if desk.labelling is not None:
        routes.append(Route("/api/next", _answer(desk, _next)))
        for name, write in (("label", _say), ("undo", _undo)):
            routes.append(Route(f"/api/{name}", _writing(desk, write), methods=["POST"]))
    return Starlette(routes=routes)


def _file(name: str) -> Callable[[Request], Response]:
    content = (STATIC / name).read_bytes()
    media = MEDIA[Path(name).suffix]

    def send(request: Request) -> Response:
        return Response(content, media_type=media)

    return send


_FILES = {path.name: _file(path.name) for path in sorted(STATIC.iterdir()) if path.suffix in MEDIA}


def _static(request: Request) -> Response:
    send = _FILES.get(request.path_params["name"])
    return PlainTextResponse("no such file\n", 404) if send is None else send(request)


def _answer(desk: Desk, call: Callable[[Desk, Request], Any]) -> Callable[[Request], Response]:
    """Return a view that answers JSON; mistakes are told with status 400."""

    def view(request: Request) -> Response:
        try:
            found = call(desk, request)
        except ScopeError as error:
            return JSONResponse({"error": str(error)}, 400)
        except Exception:
            _log.exception("the desk could not answer %s", request.url.path)
            text = "the desk failed; the terminal says where"
            return JSONResponse({"error": text}, 500)
        return found if isinstance(found, Response) else JSONResponse(found)

    return view


def _writing(
    desk: Desk, call: Callable[[Desk, dict[str, Any]], Any]
) -> Callable[[Request], Awaitable[Response]]:
    """Return a view of a request with a JSON object as its body."""

    async def view(request: Request) -> Response:
        body = await request.body()

        def call_it(desk: Desk, request: Request) -> Any:
            return call(desk, _object(body.decode(errors="replace")))

        return await run_in_threadpool(_answer(desk, call_it), request)

    return view


def asked(request: Request) -> dict[str, Any]:
    """Return the JSON object that a request carries as ``q``.

    Raises
    ------
    UsageError
        If it is none.
    """
    return _object(request.query_params.get("q", "{}"))


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UsageError("question that is no JSON object", value=text[:80])
    return found


def question_of(found: dict[str, Any]) -> Question:
    """Return which stars are asked for.

    Raises
    ------
    UsageError
        If that is not understood.
    """
    regions = found.get("regions", [])
    if not isinstance(regions, list) or len(regions) > 8:
        raise UsageError("regions of a question", allowed="at most 8")
    parts = []
    for region in regions:
        if not isinstance(region, dict):
            raise UsageError("region that is no object", value=str(region)[:80])
        parts.append((str(region.get("diagram")), region.get("corners")))
    return Question(str(found.get("filter") or ""), tuple(parts))  # type: ignore[arg-type]


def whole(found: dict[str, Any], name: str, default: int, most: int) -> int:
    """Return a whole number of a question, from 0 to `most`."""
    value = found.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise UsageError(f"{name} of a question", value=str(value)[:40], allowed=f"0 to {most}")
    return value


def names_of(found: dict[str, Any], name: str) -> list[str]:
    """Return a list of texts of a question."""
    value = found.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise UsageError(f"{name} of a question", allowed="a list of names")
    return value


def _rows(desk: Desk, request: Request) -> dict[str, Any]:
    found = asked(request)
    question = question_of(found)
    sort = found.get("sort")
    table = desk.table.page(
        question,
        [*desk.identity, *names_of(found, "columns")],
        sort=None if sort is None else str(sort),
        descending=bool(found.get("descending")),
        offset=whole(found, "offset", 0, MOST_OFFSET),
        limit=whole(found, "limit", 100, 1000),
    )
    columns = {name: plain(table[name]) for name in table.column_names}
    return {"count": desk.table.count(question), "total": desk.table.total, "rows": columns}


def _diagram(desk: Desk, request: Request) -> dict[str, Any]:
    found = asked(request)
    return desk.table.density(question_of(found), str(found.get("name")))


def _export(desk: Desk, request: Request) -> Response:
    found = asked(request)
    kind = str(found.get("format"))
    pieces = export_rows(desk.table, question_of(found), names_of(found, "columns"), kind)
    media, ending = FORMATS[kind]
    name = f"{'ids' if kind == 'ids' else 'stars'}.{ending}"
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(pieces, media_type=media, headers=disposition)


def _page(desk: Desk, request: Request) -> Response:
    found = asked(request)
    sort = found.get("sort")
    text = static_page(
        desk,
        question_of(found),
        names_of(found, "columns"),
        sort=None if sort is None else str(sort),
        descending=bool(found.get("descending")),
    )
    disposition = {"Content-Disposition": 'attachment; filename="stars.html"'}
    return Response(text, media_type="text/html", headers=disposition)


def _star(request: Request) -> tuple[str, str]:
    found = asked(request)
    return str(found.get("target")), str(found.get("id"))


def _tag(request: Request) -> str:
    return str(asked(request).get("class") or "")


def _points(desk: Desk, request: Request) -> list[dict[str, Any]]:
    target, text = _star(request)
    rows = light_curves(desk, target, find_row(desk, target, text))
    return desk.curves.read(target, rows)


def _curves(desk: Desk, request: Request) -> dict[str, Any]:
    found = _points(desk, request)
    for one in found:
        one["id"] = str(one["id"])
    return {"curves": found, "reasons": POINT_REASONS}


def _periodogram(desk: Desk, request: Request) -> dict[str, Any]:
    found = _points(desk, request)
    only = str(asked(request).get("only") or "")
    chosen = [one for one in found if not only or str(one["id"]) == only]
    return periodogram(chosen, desk.config.period_options())


def _picture(desk: Desk, request: Request) -> dict[str, Any]:
    scale = str(asked(request).get("scale") or "zscale")
    return picture_facts(desk, *_star(request), scale)


TABLE_ANSWERS: dict[str, Callable[[Desk, Request], Any]] = {
    "about": lambda desk, request: desk.about(),
    "rows": _rows,
    "diagram": _diagram,
}
STAR_ANSWERS: dict[str, Callable[[Desk, Request], Any]] = {
    "star": lambda desk, request: star_facts(desk, *_star(request)),
    "curves": _curves,
    "periodogram": _periodogram,
    "features": lambda desk, request: features_of(desk, *_star(request), _tag(request)),
    "neighbours": lambda desk, request: neighbours(desk, *_star(request)),
    "why": lambda desk, request: reasons_of(desk, *_star(request), _tag(request)),
    "page": _page,
}
PICTURE_ANSWERS: dict[str, Callable[[Desk, Request], Any]] = {
    "star": _picture,
    "stamps": lambda desk, request: stamps_of(desk, names_of(asked(request), "ids")),
}
"""What is answered, by the last part of the address."""


def _labelling(desk: Desk) -> Labelling:
    assert desk.labelling is not None  # Else the address is not there.
    return desk.labelling


def _next(desk: Desk, request: Request) -> dict[str, Any]:
    found = asked(request)
    return _labelling(desk).queue(desk, question_of(found), names_of(found, "skipped"))


def _say(desk: Desk, found: dict[str, Any]) -> dict[str, Any]:
    place = str(found.get("target")), str(found.get("id"))
    note = str(found.get("note") or "")
    _labelling(desk).say(desk, *place, str(found.get("label")), note)
    return {"said": found.get("label")}


def _undo(desk: Desk, found: dict[str, Any]) -> dict[str, Any]:
    place = str(found.get("target")), str(found.get("id"))
    return {"said": _labelling(desk).undo(desk, *place)}
