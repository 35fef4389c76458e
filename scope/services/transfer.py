"""Asking a web server for one file with `requests`, with a token that belongs to one host.

A token is sent to the origin (scheme, host and port) of the source that was named, and to no
other: not behind a redirection, and not over a connection that others can read. What is fetched
safely is not fetched unsafely behind a redirection either. `requests` itself compares hosts, and
lets a token go from http to https and to whatever a ~/.netrc names: these rules stay ours.
"""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

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
CERTIFICATES = "SSL_CERT_FILE"
"""Environment variable of OpenSSL: the certificates that are trusted."""
_MOVED_BYTES = 1 << 16

_PASSING = {408, 425, 429, 500, 502, 503, 504}
"""Answers after which a server is worth asking again."""


class PastTheEnd(Exception):
    """A server was asked for what lies behind the end of a file."""


class Stopped(Exception):
    """Nothing more is to be fetched, as something else has failed; never shown to users."""


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
        if not (secret.isascii() and secret.isprintable()):
            raise ConfigError(
                f"token that no server can be sent, in {TOKEN}",
                allowed="one line of ASCII characters",
                todo="set it again, without the end of the line of the file that it is from",
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

    Raises
    ------
    ConfigError
        If ``SSL_CERT_FILE`` names no certificates.
    """

    def __init__(self, address: str, token: Token | None, connections: int = 1) -> None:
        super().__init__()
        self.auth = token or _no_secret
        # A ~/.netrc would replace our header; of the environment only the way out is taken.
        self.trust_env = False
        self.proxies.update(get_environ_proxies(address))
        # A folder has no use for certificates, nor for a complaint about them.
        named = os.environ.get(CERTIFICATES) if "://" in address else None
        self.verify = named or True
        # Checksums and ranges are those of files, not of what a server packs for the way.
        self.headers.update({"User-Agent": "scope", "Accept-Encoding": "identity"})
        adapter = _SystemTrust(_trusted(named), connections)
        self.mount("https://", adapter)
        self.mount("http://", adapter)
        self._stopped = threading.Event()
        self.answers: set[requests.Response] = set()
        """Those that are being read."""

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

    def rebuild_proxies(
        self, prepared_request: requests.PreparedRequest, proxies: Mapping[str, str] | None
    ) -> dict[str, str]:
        """Return the way out to where a server sends us: not always that to the server."""
        way = get_environ_proxies(str(prepared_request.url))
        return dict(super().rebuild_proxies(prepared_request, way))

    def stop(self) -> None:
        """Let all threads that fetch something end soon."""
        self._stopped.set()
        for answer in list(self.answers):
            # It may have come to its end meanwhile.
            with suppress(RuntimeError, ValueError, OSError):
                answer.raw.shutdown()

    def pause(self, seconds: float) -> None:
        """Wait.

        Raises
        ------
        Stopped
            If `stop` was called.
        """
        if self._stopped.wait(seconds):
            raise Stopped


def _no_secret(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave a request as it is; without this, `requests` looks for secrets in its address."""
    return request


def _trusted(named: str | None) -> ssl.SSLContext:
    """Return what is needed to trust whom the machine trusts, and a file of certificates."""
    context = ssl.create_default_context()
    if named:
        try:
            context.load_verify_locations(cafile=named)
        except OSError as error:
            raise ConfigError(
                f"certificates that cannot be read, in {CERTIFICATES}",
                value=f"{named}: {error.strerror or error}",
                allowed="a PEM file",
                todo=f"correct or unset {CERTIFICATES}",
            ) from None
    return context


class _SystemTrust(HTTPAdapter):
    """Trusts whom the machine trusts, too; `requests` knows the certificates of certifi alone."""

    def __init__(self, trusted: ssl.SSLContext, connections: int) -> None:
        self._trusted = trusted
        super().__init__(pool_maxsize=connections)

    def init_poolmanager(self, *args: object, **keys: object) -> None:
        super().init_poolmanager(*args, ssl_context=self._trusted, **keys)  # type: ignore[arg-type]

    def proxy_manager_for(self, proxy: str, **keys: object) -> object:
        return super().proxy_manager_for(proxy, ssl_context=self._trusted, **keys)

    def send(self, request: requests.PreparedRequest, *args: Any, **keys: Any) -> requests.Response:
        answer = super().send(request, *args, **keys)
        if answer.is_redirect:
            # `requests` reads all that comes with a redirection, and it may have no end.
            with suppress(urllib3.exceptions.HTTPError):
                answer.raw.read(_MOVED_BYTES, decode_content=False)
            answer.raw.close()
        return answer


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
    Stopped
        If nothing more is to be fetched.
    """
    a_part = "Range" in (headers or {})
    try:
        answer = session.get(address, headers=headers, stream=True, timeout=TIMEOUT_SECONDS)
    except (requests.RequestException, ValueError) as error:
        raise _meaning(address, error) from None
    with answer:
        if a_part and answer.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise PastTheEnd
        # The others that `requests` calls good have no file, or not the one that was asked for.
        if answer.status_code not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT if a_part else 0):
            raise _refusal(address, answer.status_code)
        session.answers.add(answer)
        try:
            session.pause(0.0)
            yield answer
        finally:
            session.answers.discard(answer)


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
    if isinstance(error, requests.exceptions.InvalidProxyURL) or "SOCKS" in str(cause):
        return ConfigError(
            "proxy that cannot be used, in the environment",
            value=str(cause),
            allowed="http://… or https://…",
            todo="correct http_proxy and https_proxy, or name the host in no_proxy",
        )
    if isinstance(error, ValueError | requests.TooManyRedirects):
        return ServiceError("server that sends us to no address", value=f"{address}: {cause}")
    return TransientError(str(cause))


def _refusal(address: str, status: int) -> Exception:
    """Return what an answer that is no file means."""
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
