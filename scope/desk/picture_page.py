"""Pictures as one page that works from a file: no network, no server, the desk's own look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scope.desk.star_facts import picture_facts
from scope.desk.static_page import PICTURE_SCRIPTS, page_html
from scope.desk.table import Question, plain
from scope.errors import UsageError

if TYPE_CHECKING:
    from scope.desk.desk import Desk

MOST_PICTURES = 1000
"""Rows of a page; each takes some 10 kB."""


def picture_page(
    desk: Desk,
    title: str,
    question: Question | None = None,
    columns: Sequence[str] = (),
    *,
    sort: str | None = None,
    descending: bool = False,
) -> str:
    """Return the page of the rows asked for, in that order, with all that is seen of each.

    Parameters
    ----------
    title : str
    columns : sequence of str
        By default those that the desk shows first.

    Raises
    ------
    UsageError
        If there are none, or too many.
    """
    question = question or Question()
    count = desk.table.count(question)
    if not 1 <= count <= MOST_PICTURES:
        raise UsageError(
            f"page of no or too many {desk.noun}",
            value=f"{count:,}",
            allowed=f"1 to {MOST_PICTURES:,}",
            todo="narrow the selection",
        )
    about = {**desk.about(), "labelling": None}
    shown = list(columns) or about["first"]
    names = [name for name in dict.fromkeys([*desk.identity, *shown]) if name in desk.table.kinds]
    rows = desk.table.page(question, names, sort=sort, descending=descending, limit=MOST_PICTURES)
    keys = zip(rows["target"].to_pylist(), rows["_id"].to_pylist(), strict=True)
    data = {
        "about": about,
        "shown": shown,
        "title": title,
        "filter": question.filter,
        "rows": {name: plain(rows[name]) for name in rows.column_names},
        "stars": {f"{target}/{number}": _picture(desk, target, number) for target, number in keys},
    }
    return page_html(data, title, PICTURE_SCRIPTS)


def _picture(desk: Desk, target: str, number: int) -> dict[str, Any]:
    # Other scales of greys are not in the page.
    return {"star": {**picture_facts(desk, target, str(number), "zscale"), "scales": ["zscale"]}}
