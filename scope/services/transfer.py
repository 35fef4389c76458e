"""Asking a web server for one file with `requests`, with a token that belongs to one host.

A token is sent to the origin (scheme, host and port) of the source that was named, and to no
other: not behind a redirection, and not over a connection that others can read. What is fetched
safely is not fetched unsafely behind a redirection either. `requests` itself compares hosts, and
lets a token go from http to https and to whatever a ~/.netrc names: these rules stay ours.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from scope.errors import AccessError, ConfigError, NotFoundError, ServiceError
from scope.services.origins import Origin, origin_of
from scope.services.retry import TransientError

TOKEN = "SCOPE_DOWNLOAD_TOKEN"
"""Environment variable: sent as a bearer token to the source that a command names."""

TOKEN_HOST = "SCOPE_DOWNLOAD_HOST"
"""Environment variable: the host that the token is for; where it is set, no other gets it."""

TIMEOUT_SECONDS = 60.0
PIECE = 1 << 20

_PASSING = {408, 425, 429, 500, 502, 503, 504}
"""Answers after which a server is worth asking again."""


class PastTheEnd(Exception):
    """A server was asked for what lies behind the end of a file."""


@dataclass(frozen=True)
class Token:
    """A secret, and whom it is for.

    Attributes
    ----------
    secret : str
    origin : Origin
    """

    secret: str
    origin: Origin

    def __repr__(self) -> str:
        return f"<Token for {self.origin.host}>"

    @classmethod
    def for_source(cls, address: str) -> Token | None:
        """Return the token of the environment if it is for the host of an address.

        Raises
        ------
        ConfigError
            If others could read it on the way.
        """
        secret, host = os.environ.get(TOKEN), os.environ.get(TOKEN_HOST)
        origin = origin_of(address)
        if not secret or (
            host and host.lower() not in (origin.host, f"{origin.host}:{origin.port}")
        ):
            return None
        if not origin.is_private:
            raise ConfigError(
                "token that anybody on the way could read",
                value=address,
                allowed="https://… where a token is set",
                todo=f"name the source with https://, or unset {TOKEN}",
            )
        return cls(secret, origin)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the token on a request to the host that it is for, and take it off any other."""
        request.headers.pop("Authorization", None)
        if origin_of(str(request.url)) == self.origin:
            request.headers["Authorization"] = f"Bearer {self.secret}"
        return request


class SourceSession(requests.Session):
    """Connections to a source, and to where it sends us on.

    Parameters
    ----------
    address : str
        Of the source.
    token : Token or None
    connections : int
        Kept open.
    """

    def __init__(self, address: str, token: Token | None, connections: int = 1) -> None:
        super().__init__()
        self.auth = token
        # A ~/.netrc would replace our header; of the environment only the way out is taken.
        self.trust_env = False
        self.proxies.update(get_environ_proxies(address))
        self.verify = os.environ.get("SSL_CERT_FILE") or True
        # Checksums and ranges are those of files, not of what a server packs for the way.
        self.headers.update({"User-Agent": "scope", "Accept-Encoding": "identity"})
        adapter = _SystemTrust(pool_maxsize=connections)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def rebuild_auth(
        self, prepared_request: requests.PreparedRequest, response: requests.Response
    ) -> None:
        """Follow a server elsewhere without what is meant for it alone."""
        address = str(prepared_request.url)
        before, after = origin_of(response.url), origin_of(address)
        if after.scheme not in ("http", "https") or (before.is_private and not after.is_private):
            raise ServiceError(
                "server that sends us from a safe address to an unsafe one",
                value=f"{response.url} -> {address}",
                allowed="https://…",
                todo="tell whoever keeps the source, or name another one",
            )
        if isinstance(self.auth, Token):
            self.auth(prepared_request)


class _SystemTrust(HTTPAdapter):
    """Trusts whom the machine trusts, too; `requests` knows the certificates of certifi alone."""

    def init_poolmanager(self, *args: object, **keys: object) -> None:
        super().init_poolmanager(*args, ssl_context=ssl.create_default_context(), **keys)  # type: ignore[arg-type]


@contextmanager
def opened(
    session: SourceSession, address: str, headers: Mapping[str, str] | None = None
) -> Iterator[requests.Response]:
    """Ask for a file and yield the answer, its body still to be read.

    Raises
    ------
    NotFoundError, AccessError
        If the server has no such file, or will not give it.
    ServiceError
        If it answers with something else, cannot be trusted, or sends us where it is unsafe.
    TransientError
        If another attempt may succeed.
    PastTheEnd
        If it is asked for a part that a file does not have.
    """
    try:
        answer = session.get(address, headers=headers, stream=True, timeout=TIMEOUT_SECONDS)
    except (requests.RequestException, ValueError) as error:
        raise _meaning(address, error) from None
    with answer:
        if not answer.ok:
            raise _refusal(address, answer.status_code)
        yield answer


def body(answer: requests.Response) -> Iterator[bytes]:
    """Yield what a server sends piece by piece, as it is sent.

    Raises
    ------
    TransientError
        If it is cut short, once all that came was given.
    """
    try:
        yield from answer.raw.stream(PIECE, decode_content=False)
    except urllib3.exceptions.HTTPError as error:
        cut = _first_cause(error)
        told = f": {cut}"
        if isinstance(cut, urllib3.exceptions.IncompleteRead) and cut.expected is not None:
            told = f" after {cut.partial} of {cut.partial + cut.expected} bytes"
        raise TransientError(f"the connection broke off{told}") from None


def _first_cause(error: BaseException) -> BaseException:
    """Return what all the others came of; its text is the shortest."""
    while error.__context__ is not None:
        error = error.__context__
    return error


def _meaning(address: str, error: Exception) -> Exception:
    """Return what a connection that failed means."""
    cause = _first_cause(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return ServiceError(
            "server without a connection that can be trusted",
            value=f"{address}: {cause.verify_message}",
            todo="check the address; SSL_CERT_FILE names the certificates that are trusted",
        )
    if isinstance(error, ValueError | requests.TooManyRedirects):
        return ServiceError("server that sends us to no address", value=address)
    return TransientError(str(cause))


def _refusal(address: str, status: int) -> Exception:
    """Return what an answer that is no file means."""
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        return PastTheEnd()
    if status in _PASSING:
        return TransientError(f"status {status}")
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return AccessError(
            "source that may not be read",
            value=f"{address}, status {status}",
            todo=f"set {TOKEN} to a token of somebody who may; it is sent to the host of the "
            "source alone, not to where that sends us on",
        )
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return absent(address)
    return ServiceError("server that does not give a file", value=f"{address}, status {status}")


def absent(what: object) -> NotFoundError:
    """Return the error for a file that a source lacks."""
    return NotFoundError(
        "source without a file",
        value=str(what),
        allowed="a source with a list of checksums, and the files that it lists",
        todo="correct downloads in the configuration, or the source that you named",
    )
