"""Which function answers which request, and how it says no."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.services.fritz_stub.database import Database, Row
from tests.services.fritz_stub.views import Views


class Refusal(Exception):
    """An error that the server answers with."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass
class Request:
    """A request by a known user."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    user: Row
    database: Database
    views: Views
    clock: Callable[[], float]
    extra: dict[str, Any] = field(default_factory=dict)

    def may(self, right: str) -> None:
        if right not in self.user["acls"]:
            raise Refusal(401, "HTTP 401: Unauthorized")

    @property
    def groups(self) -> list[int]:
        """The groups that the user is in, or for an administrator all."""
        if self.user["admin"]:
            return [row["id"] for row in self.database.all("select id from groups order by id")]
        rows = self.database.all(
            "select group_id from members where user_id = ? order by group_id", self.user["id"]
        )
        return [row["group_id"] for row in rows]

    @property
    def own_groups(self) -> list[int]:
        rows = self.database.all(
            "select group_id from members where user_id = ? order by group_id", self.user["id"]
        )
        return [row["group_id"] for row in rows]

    def only(self, model: set[str], required: set[str]) -> None:
        """Check a body as pydantic does with extra fields forbidden."""
        problems = [f"{name}: Field required" for name in sorted(required - set(self.body))]
        extra = [name for name in self.body if name not in model]
        problems += [f"{name}: Extra inputs are not permitted" for name in extra]
        if problems:
            raise Refusal(400, f"Invalid/missing parameters: {'; '.join(problems)}")


Handler = Callable[..., Any]

NAME = r"([0-9A-Za-z\-_.+]+)"
"""Names of sources in the routes of their annotations and comments: others can be saved."""

ROUTES: list[tuple[str, re.Pattern[str], Handler]] = []


def route(method: str, pattern: str) -> Callable[[Handler], Handler]:
    def add(function: Handler) -> Handler:
        ROUTES.append((method, re.compile(pattern), function))
        return function

    return add


def dispatch(request: Request) -> Any:
    """Return the data of the answer."""
    known = False
    for method, pattern, function in ROUTES:
        match = pattern.fullmatch(request.path)
        if match is None:
            continue
        known = True
        if method == request.method:
            return function(request, *match.groups())
    if known:
        raise Refusal(405, "HTTP 405: Method Not Allowed")
    # what answers here knows how to read, and nothing else
    if request.method != "GET":
        raise Refusal(405, "HTTP 405: Method Not Allowed")
    raise Refusal(400, "Invalid API endpoint")


def page(request: Request, usual: int, most: int) -> tuple[int, int]:
    """Return the number of the page and how many items it has."""
    try:
        number = int(request.query.get("pageNumber", 1))
    except ValueError:
        raise Refusal(400, "Invalid page number value.") from None
    if number < 1:
        raise Refusal(400, "Page number must be at least 1.")
    return number, min(int(request.query.get("numPerPage", usual)), most)
