"""A source whose address, answers or surroundings are wrong is told in one line, and soon."""

from __future__ import annotations

import threading
import time
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from scope.errors import ConfigError, InputError, NotFoundError, ServiceError
from tests.services.hostile_server import HostileServer, sends
from tests.services.test_hostile_servers import MODEL, SECRET, SUMS, get, serves


def test_a_password_in_an_address_is_sent_nowhere_and_not_shown(tmp_path: Path) -> None:
    with HostileServer(serves) as server:
        with pytest.raises(InputError, match="user name in the address of a source") as told:
            get(server.url.replace("://", f"://me:{SECRET}@"), tmp_path)
        get(f"{server.url}", tmp_path)
        assert server.secrets == [None, None]
    assert SECRET not in str(told.value)


@pytest.mark.parametrize("address", ["http://[::1", "https://a:b", "http://a:99999", "http://:80"])
def test_an_address_that_is_none_is_told(address: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="address of a source"):
        get(address, tmp_path)


@pytest.mark.parametrize("status", [204, 206, 300, 302, 304, 416])
def test_an_answer_without_the_file_is_no_file(status: int, tmp_path: Path) -> None:
    """An empty list would be a source without files, and that is none to complain about."""

    def answer(lost: str, handler: BaseHTTPRequestHandler) -> None:
        sends(b"", status)(handler) if handler.path == lost else serves(handler)

    for lost in ("/SHA256SUMS", "/dnn/a.keras"):
        told = f"not give a file: .*{lost}, status {status}"
        with (
            HostileServer(partial(answer, lost)) as server,
            pytest.raises(ServiceError, match=told),
        ):
            get(server.url, tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_redirection_is_not_read_without_end(tmp_path: Path) -> None:
    sent: list[int] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path != "/SHA256SUMS":
            serves(handler)
            return
        handler.send_response(302)
        handler.send_header("Location", f"{other.url}/SHA256SUMS")
        handler.end_headers()
        for _ in range(200):
            sent.append(handler.wfile.write(b"x" * (1 << 20)))

    with HostileServer(serves) as other, HostileServer(answer) as server:
        get(server.url, tmp_path)
    # What fits into the buffers of the connection, and not all of it.
    assert 0 < len(sent) < 100


def test_a_server_within_sends_us_to_one_outside_through_the_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And back: each address has its way out, by `no_proxy`."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    def through(handler: BaseHTTPRequestHandler) -> None:
        path = handler.path.removeprefix("http://outside.test")
        sends(b"", 302, Location=f"{inside.url}{path}")(handler)

    with HostileServer(serves) as inside, HostileServer(through) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        get("http://outside.test", tmp_path)
    assert [path for path, *_ in proxy.seen] == [
        "http://outside.test/SHA256SUMS",
        "http://outside.test/dnn/a.keras",
    ]
    assert [path for path, *_ in inside.seen] == ["/SHA256SUMS", "/dnn/a.keras"]


@pytest.mark.parametrize("secret", [f"{SECRET}\n", f"{SECRET}\rx", "\u2013"])
def test_a_token_that_is_no_line_is_told_and_not_shown(
    secret: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCOPE_DOWNLOAD_TOKEN", secret)
    with pytest.raises(ConfigError, match="token that no server can be sent") as told:
        get("https://127.0.0.1:1", tmp_path)
    assert secret not in str(told.value)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_certificates_that_are_none_are_told(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = tmp_path / "trusted.pem"
    if content is not None:
        named.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(named))
    with pytest.raises(ConfigError, match="certificates that cannot be read, in SSL_CERT_FILE"):
        get("https://127.0.0.1:1", tmp_path)


def test_a_failure_waits_for_no_other_file(tmp_path: Path) -> None:
    """Nor does Ctrl-C, which ends the threads in the same way."""
    begun, go_on = threading.Event(), threading.Event()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/SHA256SUMS":
            sends(SUMS.replace(b"dnn/a", b"dnn/b") + SUMS)(handler)
        elif handler.path == "/dnn/b.keras":
            begun.wait(20)
            sends(b"", 404)(handler)
        else:
            handler.send_response(200)
            handler.send_header("Content-Length", "1000000")
            handler.end_headers()
            handler.wfile.write(MODEL)
            begun.set()
            go_on.wait(20)

    with HostileServer(answer) as server:
        start = time.monotonic()
        with pytest.raises(NotFoundError, match=r"b\.keras"):
            get(server.url, tmp_path, workers=2)
        assert time.monotonic() - start < 10
        go_on.set()
    assert not (tmp_path / "dnn" / "a.keras").exists()
