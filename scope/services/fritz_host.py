"""A SkyPortal server, asked once at a time, and what its failures mean.

`requests` carries everything; ours is which failures may have taken effect all the same: what
was perhaps posted is looked for before it is sent again.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from scope.errors import AccessError, ConfigError, NotFoundError, RefusedError, ServiceError
from scope.services.credentials import Credentials
from scope.services.limiter import RateLimiter
from scope.services.origins import warn_if_readable
from scope.services.retry import RetryPolicy, TransientError

if TYPE_CHECKING:
    import requests
    from requests.adapters import BaseAdapter

CONNECT_SECONDS = 10.0
"""A server that takes longer than this to accept a connection counts as absent."""

_NOT_REACHED = frozenset({405, 429})
"""Statuses of pages of HTML by which a proxy says that it did not pass a request on."""

SAFE = "/:+;"
"""What stands in paths as it is; names of sources have some of it."""

_PASSING = _NOT_REACHED | {408, 425}
"""Statuses from 400 to 499 that may be gone on another attempt."""

Json = dict[str, Any]


class LostAnswer(TransientError):
    """A request without a usable answer.

    Parameters
    ----------
    what : str
    may_have_landed : bool
        Whether the server may have done what it was asked.
    """

    def __init__(self, what: str, *, may_have_landed: bool) -> None:
        super().__init__(what)
        self.may_have_landed = may_have_landed


@dataclass(frozen=True)
class FritzOptions:
    """Address of the server, and how it is asked. It holds no secrets.

    Attributes
    ----------
    host, protocol : str
    port : int, optional
        By default that of the protocol.
    timeout_seconds : float
        Longest silence that is waited through; proxies give up after 60 s.
    retry : RetryPolicy
    requests_per_second : float
        Of all processes of this user; the server takes 5 of each token.
    settle_seconds : float
        How long a request whose answer was lost may still take effect.
    answer_bytes : int
        Longest answer that is read, unpacked.
    """

    host: str = "fritz.science"
    port: int | None = None
    protocol: str = "https"
    timeout_seconds: float = 90.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    requests_per_second: float = 4.0
    settle_seconds: float = 10.0
    answer_bytes: int = 128 << 20

    def __post_init__(self) -> None:
        if not self.timeout_seconds > 0:
            raise ConfigError("timeout of Fritz", value=self.timeout_seconds, allowed="above 0 s")

    @property
    def address(self) -> str:
        """The server's address, without a path."""
        port = f":{self.port}" if self.port else ""
        return f"{self.protocol}://{self.host}{port}"


class FritzHost:
    """A server and a token.

    Parameters
    ----------
    options : FritzOptions
    credentials : Credentials
        With a token.
    limiter : RateLimiter
        Waited for before each request.
    transport : requests.adapters.BaseAdapter, optional
        What carries requests, in place of sockets.
    """

    def __init__(
        self,
        options: FritzOptions,
        credentials: Credentials,
        limiter: RateLimiter,
        transport: BaseAdapter | None = None,
    ) -> None:
        self.options = options
        self.version: str | None = None
        self._credentials = credentials
        self._limiter = limiter
        self._session = _session(options, credentials, transport)

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def attempt(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> Any:
        """Send a request once and return the data of the answer.

        Raises
        ------
        LostAnswer
            If there is no usable answer; another attempt may get one.
        NotFoundError, AccessError, RefusedError, ServiceError
            If there never will be one.
        """
        text = None if body is None else as_json(body, path)
        self._limiter.wait()
        url = f"{self.options.address}/api/{quote(path, safe=SAFE)}"
        try:
            answer = self._session.request(
                method,
                url,
                params=_in_query(parameters or {}),
                data=text,
                timeout=(
                    min(CONNECT_SECONDS, self.options.timeout_seconds),
                    self.options.timeout_seconds,
                ),
                allow_redirects=False,
            )
        except OSError as error:
            raise self._meaning(error) from None
        return self._data(answer, path)

    def _data(self, answer: requests.Response, path: str) -> Any:
        """Return the data of an answer, or raise what it means."""
        status = answer.status_code
        if answer.request.method == "HEAD" and status in (200, 404):
            if status == 404:
                raise NotFoundError("not on Fritz", value=path)
            return {}
        envelope = _envelope(answer)
        if 300 <= status < 400:
            raise ServiceError(
                "Fritz sends us elsewhere",
                value=f"HTTP status {status} for {self.options.address}",
                todo="check fritz.host, fritz.port and fritz.protocol",
            )
        if envelope is None and 400 <= status < 500 and not (status in _PASSING or _is_cut(answer)):
            raise ServiceError(
                f"no answer of Fritz to /api/{path}, but of another server",
                value=f"HTTP status {status}{_title(answer)}",
                todo="check fritz.host; 413 is a request that is too large",
            )
        if envelope is None or status in (429, 502, 503, 504):
            reached = status not in _NOT_REACHED
            raise LostAnswer(f"HTTP status {status}{_title(answer)}", may_have_landed=reached)
        self.version = envelope.get("version", self.version)
        if status == 200 and envelope.get("status") == "success":
            return envelope.get("data")
        raise self._refusal(status, str(envelope.get("message", "")), path)

    def _refusal(self, status: int, message: str, path: str) -> Exception:
        # Errors of its database bring the statement and all its values.
        message = message.partition("\n[SQL")[0]
        message = self._credentials.redact(" ".join(message.split()))[:300]
        if status == 401:
            return AccessError(
                f"Fritz does not accept our token for /api/{path}",
                value=message,
                todo=f"check the token ({self._credentials.origin}), and on your Fritz profile "
                "which permissions it has",
            )
        if status == 404:
            return NotFoundError("not on Fritz", value=f"{path}, {message}")
        return RefusedError(f"Fritz refuses /api/{path}", value=f"{message} (HTTP {status})")

    def _meaning(self, error: OSError) -> Exception:
        """Return what an exception of requests means for us; its text may show the token."""
        from requests import exceptions

        if isinstance(error, exceptions.SSLError):
            return ServiceError(
                "Fritz without a connection that can be trusted",
                value=self.options.address,
                todo="check fritz.host, fritz.port and fritz.protocol",
            )
        if isinstance(error, exceptions.ConnectTimeout):
            return LostAnswer("no connection in time", may_have_landed=False)
        if isinstance(error, exceptions.Timeout):
            return LostAnswer("no answer in time", may_have_landed=True)
        if isinstance(error, exceptions.ConnectionError | exceptions.ChunkedEncodingError):
            refused = "NewConnectionError" in str(error) or "NameResolutionError" in str(error)
            told = "connection refused" if refused else "connection lost"
            return LostAnswer(told, may_have_landed=not refused)
        return ServiceError(
            "request that cannot be sent to Fritz",
            value=f"{type(error).__name__} for {self.options.address}",
            todo=f"check fritz.host and the token ({self._credentials.origin})",
        )


def _session(
    options: FritzOptions, credentials: Credentials, transport: BaseAdapter | None
) -> requests.Session:
    import requests
    from requests.adapters import HTTPAdapter
    from requests.utils import get_environ_proxies

    from scope.services.bounded import BoundedAdapter

    warn_if_readable(options.address, "the token of Fritz", "fritz.protocol")
    session = requests.Session()
    # A ~/.netrc would replace our header; of the environment only the way out is taken.
    session.trust_env = False
    session.proxies.update(get_environ_proxies(options.address))
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
    session.headers.update(
        {
            "Authorization": f"token {credentials.token}",
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
    )
    adapter = BoundedAdapter(transport or HTTPAdapter(), "Fritz", options.answer_bytes)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def as_json(body: Mapping[str, Any], path: str) -> str:
    """Return a body as it is sent; numbers that are not finite have no form."""
    try:
        return json.dumps(body, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ServiceError(
            f"request for /api/{path} that is no JSON",
            value=str(error),
            allowed="texts, finite numbers, true, false and null",
        ) from None


def _in_query(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return parameters as the server reads them; of a repeated one it takes the last alone."""
    texts = {}
    for name, value in parameters.items():
        if value is None:
            continue
        if isinstance(value, bool):
            texts[name] = "true" if value else "false"
        elif isinstance(value, Sequence) and not isinstance(value, str):
            texts[name] = ",".join(map(str, value))
        else:
            texts[name] = str(value)
    return texts


def _envelope(answer: requests.Response) -> Json | None:
    """Return the JSON object of an answer; None if it has none."""
    try:
        body = answer.json()
    except ValueError:
        return None
    except RecursionError:
        from scope.services.bounded import too_deep

        raise too_deep("Fritz") from None
    return body if isinstance(body, dict) and "status" in body else None


def _is_cut(answer: requests.Response) -> bool:
    """Whether an answer was to be JSON, and was lost on the way in part."""
    bare = answer.request.method == "HEAD"
    if bare or "json" not in answer.headers.get("Content-Type", ""):
        return False
    try:
        answer.json()
    except ValueError:
        return True
    return False  # An answer nested too deep was refused before.


def _title(answer: requests.Response) -> str:
    found = re.search(r"<title>([^<]*)</title>", answer.text[:2000], re.IGNORECASE)
    return f", a page {found[1].strip()!r}" if found else ""
