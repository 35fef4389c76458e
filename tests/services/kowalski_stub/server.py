"""A stub of Kowalski: real sockets, answers computed from collections, faults on demand.

It behaves as the server does (Kowalski 51d0078, August 2025, with penquins 2.4.2): a bad
token is answered with 400 and a missing one with 401; a body above 1 MiB with 413 in plain
text; ``data`` is absent where `find_one` finds nothing; keywords that it does not know are
dropped; NaN comes as extended JSON; what is not sorted comes in any order.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from typing import Any

from bson import json_util

from tests.services.kowalski_stub.database import Database, ExecutionTimeout, error_message
from tests.services.kowalski_stub.faults import EVERY_KIND, Fault
from tests.services.stub_server import Faults, StubHandler, StubServer

MAX_BODY = 1048576
JSON_TYPE = "application/json; charset=utf-8"
TEXT_TYPE = "text/plain; charset=utf-8"
PENQUINS = {"2.0.0", "2.1.0", "2.2.0", "2.3.0", "2.4.0", "2.4.1", "2.4.2"}
REASONS = {401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed"}


class StubKowalski(StubServer):
    """A server in a thread of this process.

    Parameters
    ----------
    collections : mapping of str to iterable of dict
    users : mapping of str to str
        Passwords; the user ``admin`` is the administrator.
    shuffled : bool
        See `tests.services.kowalski_stub.database.Database`.
    """

    def __init__(
        self,
        collections: Mapping[str, Iterable[dict[str, Any]]],
        *,
        users: Mapping[str, str] | None = None,
        shuffled: bool = True,
    ) -> None:
        super().__init__(Faults(EVERY_KIND))
        self.database = Database(collections, shuffled=shuffled)
        self.users = dict(users or {"admin": "admin", "joe": "joe-secret"})
        self.requests: list[dict[str, Any]] = []
        self.sizes: list[int] = []
        self.most_under_way = 0
        self._under_way = 0

    def token(self, user: str = "admin") -> str:
        """Return the token of a user, which never expires."""
        return f"eyJ.{user}.stub"

    def queries(self, kind: str | None = None) -> list[dict[str, Any]]:
        """Return the queries that came, in order, those of a type only if asked."""
        with self._lock:
            return [one for one in self.requests if kind in (None, one.get("query_type"))]

    def user_of(self, header: str | None) -> str | None:
        """Return the user that an ``Authorization`` header is of."""
        token = (header or "").removeprefix("Bearer ")
        return next((user for user in self.users if self.token(user) == token), None)

    def begin(self, request: Any, size: int) -> None:
        """Note that a query came."""
        with self._lock:
            self.requests.append(request if isinstance(request, dict) else {})
            self.sizes.append(size)
            self._under_way += 1
            self.most_under_way = max(self.most_under_way, self._under_way)

    def end(self) -> None:
        """Note that a query is done."""
        with self._lock:
            self._under_way -= 1


class _Handler(StubHandler):
    def do_GET(self) -> None:
        if self.path == "/":
            if self._user() is not None:
                self._success(message="greetings from Kowalski!")
        elif self.path == "/api/queries" or self.path.startswith("/api/users/"):
            self._answer(405, "405: Method Not Allowed", TEXT_TYPE)
        else:
            self._error(404)

    def do_POST(self) -> None:
        body = self.body()
        if len(body) > MAX_BODY:
            text = f"Maximum request body size {MAX_BODY} exceeded, actual body size {len(body)}"
            self._answer(413, text, TEXT_TYPE)
        elif self.path == "/api/auth":
            self._authenticate(body)
        elif self.path == "/api/queries":
            self._queries(body)
        elif self.path == "/api/users":
            user = self._user()
            if user is not None:
                self._error(403 if user != "admin" else 400)
        else:
            self._error(404)

    def _authenticate(self, body: bytes) -> None:
        values = json.loads(body)
        version = values.get("penquins.__version__")
        for name in ("username", "password"):
            if not values.get(name):
                self._error(400, f"missing {name}")
                return
        if version is not None and version not in PENQUINS:
            self._error(400, f"unsupported version of penquins: {version}")
        elif self.server.stub.users.get(values["username"]) != values["password"]:
            self._error(401)
        else:
            token = self.server.stub.token(values["username"])
            self._answer(200, json.dumps({"status": "success", "token": token}))

    def _user(self) -> str | None:
        header = self.headers.get("Authorization")
        user = self.server.stub.user_of(header)
        if user is None:
            self._error(401) if header is None else self._error(400, "token is invalid")
        return user

    def _queries(self, body: bytes) -> None:
        user = self._user()
        if user is None:
            return
        stub = self.server.stub
        try:
            request = json.loads(body)
        except ValueError as error:
            self._error(400, error_message(error))
            return
        stub.begin(request, len(body))
        try:
            self._run(request, user, stub.faults.draw())
        finally:
            stub.end()

    def _run(self, request: Any, user: str, fault: Fault | None) -> None:
        if fault is not None and fault.kind in ("status", "page", "drop"):
            self._fail(fault)
            return
        if fault is not None and fault.kind == "hang":
            time.sleep(fault.seconds)
        if fault is not None and fault.kind == "slow":
            self._error(400, error_message(ExecutionTimeout()))
            return
        delay = fault.seconds if fault is not None and fault.kind == "delay" else 0.0
        try:
            result = self.server.stub.database.run(request, admin=user == "admin", delay=delay)
        except Exception as error:
            self._error(400, error_message(error))
            return
        text = _to_json({"status": "success", "message": "Successfully executed query", **result})
        if fault is not None and fault.kind in ("truncate", "empty"):
            text = text[: len(text) // 2] if fault.kind == "truncate" else ""
        self._answer(200, text)

    def _fail(self, fault: Fault) -> None:
        if fault.kind == "drop":
            self.drop()
        elif fault.kind == "page":
            self.page(fault.status, "504 Gateway Time-out")
        else:
            headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            self.answer(fault.status, "busy", TEXT_TYPE, headers)

    def _success(self, **values: Any) -> None:
        self._answer(200, _to_json({"status": "success", **values}))

    def _error(self, status: int, message: str | None = None) -> None:
        message = REASONS.get(status, "") if message is None else message
        self._answer(status, json.dumps({"status": "error", "message": message}))

    def _answer(self, status: int, text: str, content_type: str = JSON_TYPE) -> None:
        self.answer(status, text, content_type)


StubKowalski.handler = _Handler


def _to_json(value: Any) -> str:
    """Return extended JSON; the quick way where nothing needs it."""
    try:
        return json.dumps(value, allow_nan=False, default=json_util.default)
    except ValueError:
        return json_util.dumps(value, json_options=json_util.RELAXED_JSON_OPTIONS)
