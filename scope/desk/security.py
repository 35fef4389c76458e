"""Who may ask the desk: this machine, under its own name, with the token of this start.

Other pages in the same browser must not read it or write labels. A page of another site does not
know the token, which is part of every address; one whose name was bound anew to 127.0.0.1 (DNS
rebinding) sends its own name as host. What the pages show is text, never markup, and were it
markup, the content security policy would not run it.
"""

from __future__ import annotations

import hmac
import secrets

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing is loaded from elsewhere, no script or style stands in a page or a text."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}

HOSTS = ("127.0.0.1", "localhost")
MOST_BODY = 64 * 1024
"""Bytes of a request."""


def new_token() -> str:
    """Return a token that nobody can guess, safe in an address."""
    return secrets.token_urlsafe(24)


class Guard:
    """Let requests through that know the token; take it off their path.

    Parameters
    ----------
    app : ASGI application
        Sees paths without the token.
    token : str
    port : int
        Of the host that requests must name.
    """

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app = app
        self._token = token.encode()
        self._hosts = {f"{host}:{port}" for host in HOSTS}
        if port == 80:
            self._hosts |= set(HOSTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, _with_headers(send))
            return
        rest = scope["path"][len(self._token) + 1 :] or "/"
        inner = {**scope, "path": rest, "raw_path": rest.encode(), "root_path": ""}
        await self._app(inner, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        if headers.getlist("host") not in ([host] for host in self._hosts):
            return PlainTextResponse("this desk has another name\n", 421)
        first = scope["path"].removeprefix("/").partition("/")[0]
        if not hmac.compare_digest(first.encode(), self._token):
            return PlainTextResponse("the address of the desk ends in a token\n", 403)
        if scope["method"] not in ("GET", "HEAD") and not self._is_own(headers):
            return PlainTextResponse("only the pages of the desk may write\n", 403)
        if _length(headers) > MOST_BODY:
            return PlainTextResponse("too long\n", 413)
        return None

    def _is_own(self, headers: Headers) -> bool:
        """Whether a writing request comes from a page of the desk, as browsers tell."""
        origin = headers.get("origin")
        site = headers.get("sec-fetch-site", "same-origin")
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        return (
            kind == "application/json"
            and site == "same-origin"
            and (origin is None or origin in {f"http://{host}" for host in self._hosts})
        )


def _length(headers: Headers) -> int:
    text = headers.get("content-length", "0")
    if "transfer-encoding" in headers or not text.isdigit():
        return MOST_BODY + 1
    return int(text)


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
