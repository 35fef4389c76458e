"""Small servers that answer as they are told, and remember which headers came."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

CERTIFICATE = Path(__file__).with_name("self_signed.pem")
"""Key and certificate of localhost, made by ``openssl req -x509``; nobody trusts it."""


class HostileServer:
    """A server on a port of its own.

    Parameters
    ----------
    answer : callable
        Gets the handler of a request, and answers.
    tls : bool
        Speak TLS, with `CERTIFICATE`.
    """

    def __init__(
        self, answer: Callable[[BaseHTTPRequestHandler], None], *, tls: bool = False
    ) -> None:
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        seen = self.seen

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                seen.append((self.path, dict(self.headers.items()), body))
                with suppress(ConnectionError, ssl.SSLError):
                    answer(self)
                self.close_connection = True

            do_POST = do_PUT = do_GET

            def log_message(self, format: str, *values: object) -> None:
                """Stay silent."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.scheme = "https" if tls else "http"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True)

    @property
    def port(self) -> int:
        return self._http.server_port

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def secrets(self) -> list[str | None]:
        """The Authorization of each request."""
        return [headers.get("Authorization") for _, headers, _ in self.seen]

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._http.shutdown()
        self._http.server_close()


def sends(
    content: bytes, status: int = 200, **headers: str
) -> Callable[[BaseHTTPRequestHandler], None]:
    """Return an answer of some bytes; underscores in names of headers are hyphens."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def sends_without_end(piece: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    """Return an answer that goes on until nobody listens."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(piece)

    return answer
