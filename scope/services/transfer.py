"""Asking a web server for one file, with a token that belongs to one host.

A token is sent to the origin (scheme, host and port) of the source that was named, and to no
other: not behind a redirection, and not over a connection that others can read. What is fetched
safely is not fetched unsafely behind a redirection either.
"""

from __future__ import annotations

import http.client
import os
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

from scope.errors import AccessError, ConfigError, NotFoundError, ServiceError
from scope.services.origins import Origin, origin_of
from scope.services.retry import TransientError

TOKEN = "SCOPE_DOWNLOAD_TOKEN"
"""Environment variable: sent as a bearer token to the source that a command names."""

TOKEN_HOST = "SCOPE_DOWNLOAD_HOST"
"""Environment variable: the host that the token is for; where it is set, no other gets it."""

TIMEOUT_SECONDS = 60.0

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


class _Redirections(urllib.request.HTTPRedirectHandler):
    """Follows a server elsewhere without what is meant for it alone."""

    def __init__(self, token: Token | None) -> None:
        self._token = token

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Return the request that follows; its Authorization is put on anew, or not at all."""
        before, after = origin_of(req.full_url), origin_of(newurl)
        if after.scheme not in ("http", "https") or (before.is_private and not after.is_private):
            raise ServiceError(
                "server that sends us from a safe address to an unsafe one",
                value=f"{req.full_url} -> {newurl}",
                allowed="https://…",
                todo="tell whoever keeps the source, or name another one",
            )
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None:
            _authorize(request, self._token)
        return request


def _authorize(request: urllib.request.Request, token: Token | None) -> None:
    """Put a token on a request to the host that it is for."""
    if token is not None and origin_of(request.full_url) == token.origin:
        # Of these headers the standard library takes none along to another address.
        request.add_unredirected_header("Authorization", f"Bearer {token.secret}")


@contextmanager
def opened(address: str, headers: Mapping[str, str], token: Token | None) -> Iterator[Any]:
    """Ask for a file and yield the answer.

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
    request = urllib.request.Request(address, headers={"User-Agent": "scope", **headers})
    _authorize(request, token)
    opener = urllib.request.build_opener(_Redirections(token))
    try:
        answer = opener.open(request, timeout=TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        error.close()
        raise _refusal(address, error.code) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _meaning(address, error) from None
    with answer:
        yield answer


def _meaning(address: str, error: Exception) -> Exception:
    """Return what a connection that failed means."""
    reason = getattr(error, "reason", error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return ServiceError(
            "server without a connection that can be trusted",
            value=f"{address}: {reason.verify_message}",
            todo="check the address; SSL_CERT_FILE names the certificates that are trusted",
        )
    if isinstance(error, ValueError):
        return ServiceError("server that sends us to no address", value=address)
    return TransientError(str(reason))


def _refusal(address: str, status: int) -> Exception:
    """Return what an answer that is no file means."""
    if status == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
        return PastTheEnd()
    if status in _PASSING:
        return TransientError(f"status {status}")
    if status in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
        return AccessError(
            "source that may not be read",
            value=f"{address}, status {status}",
            todo=f"set {TOKEN} to a token of somebody who may; it is sent to the host of the "
            "source alone, not to where that sends us on",
        )
    if status in (http.client.NOT_FOUND, http.client.GONE):
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
