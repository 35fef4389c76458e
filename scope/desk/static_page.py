"""A selection as one page that works from a file: no network, no server, the same plots."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scope.desk.sql_text import plain
from scope.desk.star_facts import find_row, light_curves, star_facts
from scope.desk.star_features import features_of
from scope.desk.star_periodogram import periodogram
from scope.desk.table import Question
from scope.desk.why import reasons_of
from scope.errors import ScopeError, UsageError
from scope.lightcurves.points import POINT_REASONS

if TYPE_CHECKING:
    from scope.desk.desk import Desk

STATIC = Path(__file__).parent / "static"
SCRIPTS = ("dom.js", "plot.js", "star.js", "exported.js")
PICTURE_SCRIPTS = ("dom.js", "plot.js", "star.js", "picture.js", "exported.js")
MOST_STARS = 60
"""Stars of a page; each takes about a second and some 100 kB."""


def static_page(
    desk: Desk,
    question: Question,
    columns: Sequence[str],
    *,
    sort: str | None = None,
    descending: bool = False,
) -> str:
    """Return the page of the stars asked for, in that order.

    Raises
    ------
    UsageError
        If there are none, or too many.
    """
    count = desk.table.count(question)
    if not 1 <= count <= MOST_STARS:
        raise UsageError(
            "page of no or too many stars",
            value=f"{count:,}",
            allowed=f"1 to {MOST_STARS}",
            todo="narrow the selection",
        )
    wanted = [*desk.identity, "log_period", "log_amplitude", *columns]
    names = [name for name in dict.fromkeys(wanted) if name in desk.table.kinds]
    rows = desk.table.page(question, names, sort=sort, descending=descending, limit=MOST_STARS)
    keys = zip(rows["target"].to_pylist(), rows["_id"].to_pylist(), strict=True)
    stars = {f"{target}/{number}": _star(desk, target, str(number)) for target, number in keys}
    data = {
        "about": {**desk.about(), "labelling": None},
        "shown": list(columns),
        "filter": question.filter,
        "rows": {name: plain(rows[name]) for name in rows.column_names},
        "stars": stars,
    }
    return page_html(data)


def _star(desk: Desk, target: str, text: str) -> dict[str, Any]:
    """Return all that the page of a star asks for; what failed as the message."""
    row = find_row(desk, target, text)
    listed = light_curves(desk, target, row)
    curves = desk.curves.read(target, listed)
    found: dict[str, Any] = {"star": star_facts(desk, target, text)}
    found["curves"] = curves_of(desk, target, listed)
    tag = str(row.get("class") or "")
    options = desk.config.period_options()
    found["periodogram"] = _or_error(lambda: periodogram(curves, options))
    found["features"] = _or_error(lambda: features_of(desk, target, text, tag))
    found["why"] = _or_error(lambda: reasons_of(desk, target, text, tag))
    return found


def curves_of(desk: Desk, target: str, listed: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the points of light curves as the page of a star asks for them."""
    found = desk.curves.read(target, listed)
    return {
        "curves": [{**one, "id": str(one["id"])} for one in found],
        "reasons": POINT_REASONS,
    }


def _or_error(call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return call()
    except ScopeError as error:
        return {"error": str(error)}


def page_html(
    data: Mapping[str, Any], title: str = "Stars", scripts: Sequence[str] = SCRIPTS
) -> str:
    """Return a page that holds data of stars or pictures, and the scripts that draw them."""
    style = (STATIC / "style.css").read_text(encoding="utf-8")
    script = "\n".join((STATIC / name).read_text(encoding="utf-8") for name in scripts)
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    # "<" as an escape: no text of a product can end the element that it stands in.
    text = json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<style>{style}</style>
</head>
<body>
<header><h1><a href="#/">{escape(title)}</a></h1><p id="about"></p></header>
<main id="main" tabindex="-1"></main>
<script type="application/json" id="data">{text}</script>
<script>{script}</script>
</body>
</html>
"""


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
