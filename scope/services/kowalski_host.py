"""One Kowalski server, spoken to through penquins, and what its failures mean.

penquins and `requests` carry everything; ours is the table of which failures may pass.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scope.errors import AccessError, ServiceError
from scope.services.credentials import Credentials
from scope.services.origins import warn_if_readable
from scope.services.retry import TransientError

if TYPE_CHECKING:
    import penquins

CONNECT_SECONDS = 10.0
"""A server that takes longer than this to accept a connection counts as absent."""

ANSWER_BYTES = 512 << 20
"""Longest answer that is read, unpacked; light curves of 1000 ids have some 50 MB."""

SLOW_ATTEMPTS = 3
"""Attempts of a query that the server gave up for its length: each costs it minutes."""

_NAMES = {"query_type": "info", "query": {"command": "catalog_names"}}

_REFUSALS = ("token is invalid", "unauthorized", "forbidden")
"""Messages, in lower case, of a server that does not accept a token."""

_PASSING = {
    "autoreconnect",
    "connectionfailure",
    "cursornotfound",
    "networktimeout",
    "notprimaryerror",
    "serverselectiontimeouterror",
    "timeouterror",
    "waitqueuetimeouterror",
    "request timeout",
    "too many requests",
    "internal server error",
    "bad gateway",
    "service unavailable",
    "gateway timeout",
}
"""How messages of failures begin, in lower case, that come from the server's own troubles."""

_TOO_SLOW = "executiontimeout"


@dataclass(frozen=True)
class KowalskiHost:
    """Address of a Kowalski server.

    Attributes
    ----------
    name : str
        How it is called here; names of environment variables come from it.
    host : str
    port : int
    protocol : {"https", "http"}
    """

    name: str
    host: str
    port: int = 443
    protocol: str = "https"


class KowalskiInstance:
    """A server that is contacted when it is first asked something.

    Parameters
    ----------
    host : KowalskiHost
    credentials : Credentials
    timeout_seconds : float
        Longest silence of the server that is waited through.
    connections : int
        Connections that are kept open.
    answer_bytes : int
        Longest answer that is read, unpacked.
    """

    def __init__(
        self,
        host: KowalskiHost,
        credentials: Credentials,
        *,
        timeout_seconds: float = 300.0,
        connections: int = 1,
        answer_bytes: int = ANSWER_BYTES,
    ) -> None:
        self.name = host.name
        self.under_way = 0
        self.failures = 0
        self._host = host
        self._credentials = credentials
        self._timeout = (min(CONNECT_SECONDS, timeout_seconds), timeout_seconds)
        self._connections = connections
        self._answer_bytes = answer_bytes
        self._lock = threading.Lock()
        self._connected: penquins.Kowalski | None = None

    def __repr__(self) -> str:
        host = self._host
        return f"<Kowalski {self.name} at {host.protocol}://{host.host}:{host.port}>"

    @property
    def connected(self) -> bool:
        """Whether the server has answered before."""
        return self._connected is not None

    def collections(self) -> frozenset[str]:
        """Return the names of the collections, as they were when we first connected.

        Raises
        ------
        TransientError
            If the server does not answer.
        AccessError
            If it does not accept the credentials.
        """
        client = self._client()
        return frozenset(client.instances[self.name]["catalogs"] or ())

    def refresh(self) -> frozenset[str]:
        """Ask for the names of the collections again."""
        client = self._client()
        names = self._ask(client, _NAMES)
        client.instances[self.name]["catalogs"] = list(names or ())
        return self.collections()

    def ask(self, query: Mapping[str, Any]) -> Any:
        """Send a query once and return its data; None where the answer has none.

        Raises
        ------
        TransientError
            If the failure may be gone on another attempt.
        AccessError
            If the server does not accept the credentials.
        ServiceError
            If the server refuses the query.
        """
        return self._ask(self._client(), query)

    def _client(self) -> penquins.Kowalski:
        with self._lock:
            if self._connected is None:
                self._connected = self._connect()
            return self._connected

    def _connect(self) -> penquins.Kowalski:
        from scope.services.penquins_client import BoundedKowalski

        credentials, host = self._credentials, self._host
        address = f"{host.protocol}://{host.host}:{host.port}"
        warn_if_readable(address, f"the token of {self.name}", "kowalski.protocol")
        settings = {
            "protocol": host.protocol,
            "host": host.host,
            "port": host.port,
            "token": credentials.token,
            "username": credentials.username,
            "password": credentials.password,
        }
        try:
            client = BoundedKowalski(
                instances={self.name: settings},
                timeout=self._timeout,
                pool_maxsize=self._connections,
                answer_bytes=self._answer_bytes,
                moved=self._moved,
            )
        except RecursionError:
            raise self._too_deep() from None
        except ValueError as error:
            raise self._meaning(error.__cause__ or error) from None
        if not client.instances[self.name]["catalogs"]:
            # A wrong token leaves no trace but this; asking again gets the reason.
            client.instances[self.name]["catalogs"] = self._ask(client, _NAMES)
        return client

    def _moved(self, status: int) -> ServiceError:
        return ServiceError(
            f"Kowalski ({self.name}) sends us elsewhere, where its credentials do not go",
            value=f"HTTP status {status} for {self._host.host}",
            todo="check the host, the port and the protocol",
        )

    def _too_deep(self) -> ServiceError:
        from scope.services.bounded import too_deep

        return too_deep(f"Kowalski ({self.name})")

    def _ask(self, client: penquins.Kowalski, query: Mapping[str, Any]) -> Any:
        try:
            answer = client.query(query=dict(query), name=self.name)[self.name]
        except RecursionError:
            raise self._too_deep() from None
        except (OSError, ValueError) as error:
            raise self._meaning(error) from None
        return self._data(answer)

    def _data(self, answer: Any) -> Any:
        if not isinstance(answer, Mapping) or "status" not in answer:
            raise TransientError(f"{self.name}: an answer of an unknown form")
        if answer["status"] == "success":
            return answer.get("data")
        message = str(answer.get("message", ""))
        opening = message.partition(":")[0].strip().lower()
        if opening in _REFUSALS:
            raise self._refused(message)
        if opening == _TOO_SLOW:
            raise TransientError(f"{self.name}: the query takes the server too long", SLOW_ATTEMPTS)
        if opening in _PASSING:
            raise TransientError(f"{self.name}: {_shortened(message)}")
        raise ServiceError(
            f"Kowalski ({self.name}) refuses a query",
            value=self._credentials.redact(_shortened(message)),
        )

    def _meaning(self, error: BaseException) -> Exception:
        """Return what an exception of penquins means for us."""
        import requests

        if isinstance(error, json.JSONDecodeError):
            return self._no_json(error.doc)
        exceptions = requests.exceptions
        wrong = (exceptions.InvalidHeader, exceptions.InvalidURL, exceptions.InvalidJSONError)
        if isinstance(error, wrong):
            return ServiceError(
                f"query that cannot be sent to Kowalski ({self.name})",
                # Its text shows the header, and so the token, in several spellings.
                value=type(error).__name__,
                todo=f"check the address and the credentials ({self._credentials.origin})",
            )
        if isinstance(error, exceptions.SSLError):
            return ServiceError(
                f"Kowalski ({self.name}) without a connection that can be trusted",
                value=_shortened(str(error)),
                todo="check the host, the port and the protocol",
            )
        if isinstance(error, exceptions.RequestException):
            return TransientError(f"{self.name}: {_network_failure(error)}")
        text = str(error)
        if "Authentication failed" in text:
            said = re.search(r"'message': [\"']([^\"']*)", text)
            return self._refused(said[1] if said else "no reason given")
        return ServiceError(
            f"Kowalski ({self.name}) cannot be used",
            value=self._credentials.redact(f"{type(error).__name__}: {_shortened(text)}"),
        )

    def _no_json(self, text: str) -> Exception:
        """Return what an answer that is no JSON means; the text may hold a token."""
        if text.startswith("Maximum request body size"):
            return ServiceError(
                f"query that is too large for Kowalski ({self.name})",
                value=_shortened(text),
                todo="lower kowalski.ids_per_query",
            )
        title = re.search(r"<title>([^<]*)</title>", text, re.IGNORECASE)
        if title is not None:
            return TransientError(f"{self.name}: a page instead of an answer, {title[1].strip()!r}")
        return TransientError(f"{self.name}: an incomplete answer of {len(text)} characters")

    def _refused(self, message: str) -> AccessError:
        return AccessError(
            f"Kowalski ({self.name}) does not accept our credentials",
            value=self._credentials.redact(_shortened(message)),
            todo=f"check {self._credentials.origin}",
        )


def _network_failure(error: Exception) -> str:
    """Say in a few words what requests says in many."""
    text = str(error)
    if status := re.search(r"too many (\d{3}) error responses", text):
        return f"HTTP status {status[1]}"
    for sign, meaning in (
        ("refused", "connection refused"),
        ("timed out", "no answer in time"),
        ("Failed to resolve", "unknown host name"),
        ("Name or service not known", "unknown host name"),
    ):
        if sign in text:
            return meaning
    return "connection lost"


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else f"{line[:199]}…"
