"""The stub behind real sockets, with the proxy in front of the real server.

It behaves as SkyPortal 1.4.0 (August 2026): the proxy takes five requests a second of each
token and a burst of ten, and says no with a page of HTML; errors of the application are
JSON with empty data, nearly all with status 400.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

# the modules that add routes
from tests.services.fritz_stub import notes, places, sources  # noqa: F401
from tests.services.fritz_stub.database import Database, Row, now
from tests.services.fritz_stub.faults import EVERY_KIND, Fault
from tests.services.fritz_stub.places import SITEWIDE_GROUP
from tests.services.fritz_stub.routes import Refusal, Request, dispatch
from tests.services.fritz_stub.views import Views
from tests.services.stub_server import Faults, StubHandler, StubServer

VERSION = "1.4.0"
PER_SECOND, BURST = 5.0, 10
DOWN_SECONDS = 20.0
JSON_TYPE, JSON_ERROR = "application/json", "application/json; charset=UTF-8"
HTML_TYPE = "text/html; charset=UTF-8"
RIGHTS = ["Classify", "Upload data", "Annotate", "Comment", "Post taxonomy"]
MALFORMED = (
    'HTTP 401: Unauthorized (Credentials malformed; expected form "Authorization: token abc123")'
)


class StubFritz(StubServer):
    """A server in a thread of this process.

    Parameters
    ----------
    scale : float
        How many times faster than the real one time passes: its limit, and how long it is
        away after a request that took too long.
    limited : bool
        Whether the proxy counts requests.
    """

    def __init__(self, *, scale: float = 1.0, limited: bool = True, path: str = ":memory:") -> None:
        super().__init__(Faults(EVERY_KIND))
        self.scale = scale
        self.limited = limited
        self.database = Database(path)
        self.views = Views(self.database)
        self.requests: list[tuple[str, str, Any]] = []
        self.limit_hits = 0
        self.down_until = 0.0
        self._excess: dict[str, tuple[float, float]] = {}
        for name, single in (("public", 0), ("Sitewide Group", 0), ("provisioned-admin", 1)):
            self.database.insert("groups", name=name, single=single, created_at=now())
        self.add_user("nobody", acls=[])
        self.admin = self.add_user("provisioned-admin", admin=True, groups=(2, 3))

    def add_user(
        self,
        name: str,
        *,
        admin: bool = False,
        acls: list[str] | None = None,
        groups: tuple[int, ...] = (),
    ) -> str:
        """Add a user and return the token."""
        token = str(uuid.uuid4())
        rights = RIGHTS if acls is None else acls
        number = self.database.insert(
            "users", username=name, token=token, acls=rights, admin=int(admin)
        )
        for group in sorted({SITEWIDE_GROUP, *groups}):
            self.database.insert("members", group_id=group, user_id=number)
        return token

    def call(self, method: str, path: str, body: Any = None, token: str | None = None) -> Any:
        """Do what a request asks for, without sockets, and return the data."""
        parts = urlsplit(path)
        with self._lock:
            user = self.user_of(f"token {token or self.admin}")
            assert user is not None
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            return dispatch(self._request(method, parts.path, query, body, user))

    def _request(
        self, method: str, path: str, query: dict[str, str], body: Any, user: Row
    ) -> Request:
        return Request(
            method, unquote(path), query, body, user, self.database, self.views, time.monotonic
        )

    def handle(self, method: str, path: str, query: dict[str, str], body: Any, user: Row) -> Any:
        with self._lock:
            return dispatch(self._request(method, path, query, body, user))

    def user_of(self, header: str | None) -> Row | None:
        """Return the user of an ``Authorization`` header."""
        token = (header or "").removeprefix("token ")
        return self.database.one("select * from users where token = ?", token)

    def written(self, path: str = "") -> list[tuple[str, str, Any]]:
        """Return the requests that came to write below a path, in order."""
        with self._lock:
            return [
                one for one in self.requests if one[0] not in ("GET", "HEAD") and path in one[1]
            ]

    def admit(self, token: str, request: tuple[str, str, Any]) -> bool:
        """Count a request as nginx does, and say whether it is let in."""
        with self._lock:
            self.requests.append(request)
            if not self.limited:
                return True
            time_now = time.monotonic()
            rate = PER_SECOND * self.scale
            excess, last = self._excess.get(token, (-1.0, time_now))
            excess = max(0.0, excess - rate * (time_now - last) + 1.0)
            if excess > BURST:
                self.limit_hits += 1
                return False
            self._excess[token] = (excess, time_now)
            return True

    def go_down(self) -> None:
        """Be marked as away by the proxy, as after a request that took too long."""
        self.down_until = time.monotonic() + DOWN_SECONDS / self.scale


class _Handler(StubHandler):
    def _serve(self) -> None:
        stub = self.server.stub
        raw = self.body()
        parts = urlsplit(self.path)
        try:
            body = json.loads(raw) if raw else None
        except ValueError:
            body = ValueError
        header = self.headers.get("Authorization")
        if not stub.admit(header or "", (self.command, self.path, body)):
            self.page(429, "429 Too Many Requests")
            return
        if time.monotonic() < stub.down_until:
            self._away()
            return
        fault = stub.faults.draw(f"{self.command} {self.path}")
        if fault is not None and fault.kind in ("page", "drop"):
            self._fail(fault)
            return
        if fault is not None and fault.kind == "gateway":
            self.answer(fault.status, '{"message": "Forbidden"}', JSON_TYPE)
            return
        if fault is not None and fault.kind == "hang":
            time.sleep(fault.seconds)
        if fault is not None and fault.kind == "late":
            work = (parts, body, header)
            threading.Timer(fault.seconds, self._answer_to, work).start()
            self.page(fault.status, f"{fault.status} Gateway Time-out")
            return
        status, text = self._answer_to(parts, body, header)
        if fault is not None and fault.kind in ("done", "cut", "down"):
            if fault.kind == "down":
                stub.go_down()
            self._fail(fault)
            return
        if fault is not None and fault.kind == "half":
            text = text[: len(text) // 2]
        kind = JSON_TYPE if status == 200 else HTML_TYPE if self.command == "HEAD" else JSON_ERROR
        self.answer(status, text, kind)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = _serve

    def _answer_to(self, parts: Any, body: Any, header: str | None) -> tuple[int, str]:
        """Do what is asked for and return the status and the JSON of the answer."""
        stub = self.server.stub
        try:
            if header is None or not header.startswith("token "):
                raise Refusal(401, MALFORMED)
            user = stub.user_of(header)
            if user is None:
                raise Refusal(401, "HTTP 401: Unauthorized")
            if body is ValueError:
                raise Refusal(
                    500,
                    f"JSON decode of request body failed on {parts.path}. Please ensure all "
                    "requests are of type application/json.",
                )
            if body is not None and not isinstance(body, dict):
                raise Refusal(500, "Please ensure posted data is of type application/json")
            # of a repeated parameter the last one counts
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            data = stub.handle(self.command, parts.path, query, body, user)
            envelope = {"status": "success", "data": data}
            status = 200
        except Refusal as error:
            status = error.status
            envelope = {"status": "error", "message": error.message, "data": {}}
        except Exception as error:
            # as the real server does, with its traceback
            status = 500
            envelope = {
                "status": "error",
                "message": f"{type(error).__name__}: {error}",
                "data": {},
            }
        return status, json.dumps({**envelope, "version": VERSION})

    def _away(self) -> None:
        """Answer as what stands in for the application while it is away."""
        if self.command == "GET":
            text = json.dumps({"status": "error", "message": "System provisioning", "data": {}})
            self.answer(503, text, JSON_TYPE)
        elif self.command == "HEAD":
            self.page(503, "503 Service Temporarily Unavailable")
        else:
            self.page(405, "405 Method Not Allowed")

    def _fail(self, fault: Fault) -> None:
        if fault.kind in ("drop", "cut"):
            self.drop()
        else:
            title = "Gateway Time-out" if fault.status == 504 else "Busy"
            self.page(fault.status, f"{fault.status} {title}")


StubFritz.handler = _Handler
