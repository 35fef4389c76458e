"""What the stubs of Kowalski and of Fritz have in common: sockets, pages, planned faults."""

from __future__ import annotations

import random
import socket
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Self


class Faults:
    """Which of the coming requests fail, and how.

    Parameters
    ----------
    every_kind : tuple
        Faults that `at_random` draws from by default: anything with a ``kind``, and a ``status``
        of the answer.
    """

    def __init__(self, every_kind: tuple[Any, ...]) -> None:
        self.injected: Counter[str] = Counter()
        self._every_kind = every_kind
        self._lock = threading.Lock()
        self._next: list[tuple[str, Any]] = []
        self._rate = 0.0
        self._kinds = every_kind
        self._random = random.Random(0)

    def next(self, *faults: Any, of: str = "") -> None:
        """Let the coming requests fail in this way; None lets one pass.

        `of` is how their method and path begin, such as ``POST /api/classification``.
        """
        with self._lock:
            self._next.extend((of, fault) for fault in faults)

    def at_random(self, rate: float, kinds: tuple[Any, ...] | None = None, seed: int = 0) -> None:
        """Let a share of all requests fail."""
        with self._lock:
            self._rate, self._random = rate, random.Random(seed)
            self._kinds = self._every_kind if kinds is None else kinds

    def clear(self) -> None:
        """Let all requests pass."""
        with self._lock:
            self._next.clear()
            self._rate = 0.0

    def draw(self, request: str = "") -> Any:
        """Return what happens to a request, None if it passes."""
        with self._lock:
            fault = None
            planned = next(
                (n for n, (of, _) in enumerate(self._next) if request.startswith(of)), None
            )
            if planned is not None:
                fault = self._next.pop(planned)[1]
            elif self._rate and self._random.random() < self._rate:
                fault = self._random.choice(self._kinds)
            if fault is not None:
                self.injected[f"{fault.kind} {fault.status}"] += 1
            return fault


class StubHandler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def handle(self) -> None:
        with suppress(ConnectionError):
            super().handle()

    def body(self) -> bytes:
        """Read what was sent."""
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(
        self, status: int, text: str, content_type: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """Answer with a text."""
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def page(self, status: int, title: str) -> None:
        """Answer with a page of the proxy in front of the server."""
        text = (
            f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
            f"<center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n"
            "</body>\r\n</html>\r\n"
        )
        self.answer(status, text, "text/html")

    def drop(self) -> None:
        """Cut the connection without an answer."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


class StubServer:
    """A server in a thread of this process.

    Parameters
    ----------
    faults : Faults
    """

    handler: ClassVar[type[StubHandler]]

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.port = 0
        self._lock = threading.Lock()
        self._server: _Server | None = None

    def start(self) -> Self:
        """Listen on a port, the same one again after `stop`."""
        self._server = _Server(("127.0.0.1", self.port), self)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Cut all connections and stop listening."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server.cut()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], stub: StubServer) -> None:
        super().__init__(address, stub.handler)
        self.stub: Any = stub
        self._sockets: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._sockets.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._sockets.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away."""

    def cut(self) -> None:
        for one in list(self._sockets):
            super().shutdown_request(one)
