"""No client shows a secret to a stranger, reads without end, or trusts anybody's certificate."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from scope.cli.main import main
from scope.errors import ConfigError, ServiceError
from scope.services.credentials import Credentials
from scope.services.download_files import Limits, fetch
from scope.services.fritz import Fritz, FritzOptions
from scope.services.kowalski_host import KowalskiHost, KowalskiInstance
from scope.services.limiter import RateLimiter
from scope.services.origins import origin_of
from scope.services.retry import RetryPolicy
from scope.services.transfer import Token
from scope.surveys.download_archive import Wanted, download_archive
from tests.services.hostile_server import CERTIFICATE, HostileServer, sends, sends_without_end

QUICK = RetryPolicy(0.001, 0.001, patience_seconds=0.1, least_attempts=1)
SECRET = "a-secret-of-ours"
OURS = Credentials(token=SECRET)
MODEL = b"a model"
SUMS = f"{hashlib.sha256(MODEL).hexdigest()}  dnn/a.keras\n".encode()


def get(source: str, folder: Path, **options: Any) -> None:
    fetch(source, folder, policy=QUICK, **options)


def ask_fritz(server: HostileServer, folder: Path, answer_bytes: int = 10_000) -> Any:
    options = FritzOptions(
        host="127.0.0.1",
        port=server.port,
        protocol=server.scheme,
        retry=QUICK,
        answer_bytes=answer_bytes,
    )
    limiter = RateLimiter(folder / "limit", 1000.0)
    with Fritz(options, OURS, limiter=limiter) as fritz:
        return fritz.get("sources")


def ask_kowalski(
    server: HostileServer,
    folder: Path,
    answer_bytes: int = 10_000,
    credentials: Credentials = OURS,
) -> Any:
    host = KowalskiHost("kowalski", "127.0.0.1", server.port, server.scheme)
    instance = KowalskiInstance(host, credentials, timeout_seconds=5.0, answer_bytes=answer_bytes)
    return instance.collections()


def ask_archive(server: HostileServer, folder: Path, answer_bytes: int = 10_000) -> None:
    get(server.url, folder, limits=Limits(list_bytes=answer_bytes))


CLIENTS: dict[str, Callable[..., Any]] = {
    "downloads": ask_archive,
    "Fritz": ask_fritz,
    "Kowalski": ask_kowalski,
}


def serves(handler: BaseHTTPRequestHandler) -> None:
    """Serve a source of one model."""
    content = {"/SHA256SUMS": SUMS, "/dnn/a.keras": MODEL}.get(handler.path)
    sends(content or b"", 404 if content is None else 200)(handler)


def moves_to(address: str, status: int, handler: BaseHTTPRequestHandler) -> None:
    """Send who asks to the same path elsewhere."""
    sends(b"", status, Location=f"{address}{handler.path}")(handler)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_token_does_not_follow_to_another_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setenv("SCOPE_DOWNLOAD_TOKEN", SECRET)
    with HostileServer(serves) as other:
        with HostileServer(partial(moves_to, other.url, status)) as ours:
            get(ours.url, tmp_path)
            assert ours.secrets == [f"Bearer {SECRET}"] * 2
        assert other.secrets == [None, None]
    assert (tmp_path / "dnn" / "a.keras").read_bytes() == MODEL


def test_a_token_does_not_follow_to_another_name_of_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCOPE_DOWNLOAD_TOKEN", SECRET)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers["Host"].startswith("127.0.0.1"):
            moves_to(f"http://localhost:{server.port}", 302, handler)
        else:
            serves(handler)

    with HostileServer(answer) as server:
        get(server.url, tmp_path)
        assert server.secrets == [f"Bearer {SECRET}", None] * 2


def test_a_token_is_shown_again_where_it_belongs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server may move files about; and back from elsewhere the token is not lost."""
    monkeypatch.setenv("SCOPE_DOWNLOAD_TOKEN", SECRET)

    def ours_answers(handler: BaseHTTPRequestHandler) -> None:
        if handler.path.startswith("/here"):
            handler.path = handler.path.removeprefix("/here")
            serves(handler)
        else:
            moves_to(other.url, 302, handler)

    with HostileServer(ours_answers) as ours:
        with HostileServer(partial(moves_to, f"{ours.url}/here", 302)) as other:
            get(ours.url, tmp_path)
            assert other.secrets == [None, None]
        assert ours.secrets == [f"Bearer {SECRET}"] * 4


def test_the_public_archive_gets_no_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCOPE_DOWNLOAD_TOKEN", SECRET)
    with HostileServer(sends(b"")) as archive, pytest.raises(Exception, match="no files"):
        download_archive(Wanted([202], 5), tmp_path, url=archive.url, policy=QUICK)
    assert archive.secrets == [None]


def test_a_token_can_be_bound_to_a_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCOPE_DOWNLOAD_TOKEN", SECRET)
    with HostileServer(serves) as server:
        for host in ("models.example.org", "127.0.0.1", f"127.0.0.1:{server.port}", "127.0.0.1:1"):
            monkeypatch.setenv("SCOPE_DOWNLOAD_HOST", host)
            get(server.url, tmp_path)
        sent = [secret is not None for secret in server.secrets]
    assert sent == [False, False, True, True, False]


def test_a_token_does_not_go_where_anybody_could_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SCOPE_DOWNLOAD_TOKEN", SECRET)
    for source in ("http://models.example.org/a", "http://127.0.0.1.example.org/"):
        with pytest.raises(ConfigError, match="token that anybody on the way could read"):
            get(source, tmp_path)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://buckets.example.org")
    assert main(["fetch-models", "--source", "gs://bucket/models"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert SECRET not in told
    assert SECRET not in repr(Token.for_source("https://models.example.org"))


def test_no_safe_source_sends_us_to_an_unsafe_one(tmp_path: Path) -> None:
    with (
        HostileServer(partial(moves_to, "http://models.example.org", 302)) as server,
        pytest.raises(ServiceError, match="from a safe address to an unsafe one"),
    ):
        get(server.url, tmp_path)
    with (
        HostileServer(partial(moves_to, "file://", 302)) as server,
        pytest.raises(ServiceError),
    ):
        get(server.url, tmp_path)


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("http://LOCALHOST:80/a", True),
        ("http://127.8.0.1", True),
        ("http://[::1]:8000", True),
        ("https://a.example.org", True),
        ("http://a.example.org", False),
        ("http://localhost.example.org", False),
        ("http://127.0.0.1@example.org/", False),
        ("http://0x7f.example.org", False),
    ],
)
def test_who_can_read_what_is_sent(address: str, private: bool) -> None:
    assert origin_of(address).is_private is private
    assert origin_of("https://a:443/x") == origin_of("HTTPS://A/y")
    assert origin_of("https://a:444/x") != origin_of("https://a/x")
    assert origin_of("http://a/x") != origin_of("https://a/x")


@pytest.mark.parametrize("client", ["Fritz", "Kowalski"])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_service_that_sends_us_elsewhere_is_refused(
    tmp_path: Path, client: str, status: int
) -> None:
    with HostileServer(sends(b"{}")) as other:
        with HostileServer(partial(moves_to, other.url, status)) as ours:
            with pytest.raises(ServiceError, match="sends us elsewhere"):
                CLIENTS[client](ours, tmp_path)
            assert [SECRET in str(secret) for secret in ours.secrets] == [True]
        assert other.seen == []


def test_a_password_does_not_follow_either(tmp_path: Path) -> None:
    credentials = Credentials(username="somebody", password=SECRET)
    with HostileServer(sends(b"{}")) as other:
        with HostileServer(partial(moves_to, other.url, 307)) as ours:
            with pytest.raises(ServiceError, match="sends us elsewhere"):
                ask_kowalski(ours, tmp_path, credentials=credentials)
            assert [SECRET.encode() in body for *_, body in ours.seen] == [True]
        assert other.seen == []


@pytest.mark.parametrize("client", CLIENTS)
def test_an_answer_without_end_is_an_error(tmp_path: Path, client: str) -> None:
    line = b"0" * 64 + b"  a/file\n"
    with (
        HostileServer(sends_without_end(line * 100)) as server,
        pytest.raises(ServiceError, match="at most 10000"),
    ):
        CLIENTS[client](server, tmp_path)


@pytest.mark.parametrize("client", ["Fritz", "Kowalski"])
@pytest.mark.parametrize("status", [200, 302, 500])
def test_a_packed_answer_is_not_unpacked_beyond_the_limit(
    tmp_path: Path, client: str, status: int
) -> None:
    # 100 MB in 100 kB.
    bomb = gzip.compress(b'{"status": "success", "data": "' + b"0" * 100_000_000, 9)
    answer = sends(bomb, status, Content_Encoding="gzip", Location="/", Content_Type="text/json")
    import tracemalloc

    tracemalloc.start()
    try:
        with HostileServer(answer) as server, pytest.raises(Exception) as caught:
            CLIENTS[client](server, tmp_path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "\n" not in str(caught.value)
    assert peak < 30_000_000


def test_a_packed_answer_within_the_limit_is_read(tmp_path: Path) -> None:
    body = json.dumps({"status": "success", "data": {"a": "b" * 5000}}).encode()
    answer = sends(gzip.compress(body), Content_Encoding="gzip", Content_Type="application/json")
    with HostileServer(answer) as server:
        assert ask_fritz(server, tmp_path) == {"a": "b" * 5000}


@pytest.mark.parametrize("client", ["Fritz", "Kowalski"])
@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_an_answer_that_is_nested_too_deep_is_an_error(
    tmp_path: Path, client: str, opening: bytes
) -> None:
    body = b'{"status": "success", "data": ' + opening * 200_000
    with (
        HostileServer(sends(body, Content_Type="application/json")) as server,
        pytest.raises(ServiceError, match="nested too deep"),
    ):
        CLIENTS[client](server, tmp_path, 10_000_000)


def test_a_file_without_end_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        (sends(SUMS) if handler.path == "/SHA256SUMS" else sends_without_end(b"0" * 65536))(handler)

    with (
        HostileServer(answer) as server,
        pytest.raises(ServiceError, match=r"a\.keras.*at most 100000 bytes"),
    ):
        get(server.url, tmp_path, limits=Limits(file_bytes=100_000))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_certificate_that_nobody_signed_is_refused(tmp_path: Path, client: str) -> None:
    with (
        HostileServer(sends(SUMS), tls=True) as server,
        pytest.raises(ServiceError, match="without a connection that can be trusted"),
    ):
        CLIENTS[client](server, tmp_path)
    assert server.seen == []


def test_a_certificate_that_we_are_told_to_trust_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test above could fail."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    monkeypatch.setenv("SCOPE_DOWNLOAD_TOKEN", SECRET)
    with HostileServer(serves, tls=True) as server:
        get(server.url, tmp_path)
        assert server.secrets == [f"Bearer {SECRET}"] * 2
    body = b'{"status": "success", "data": 1}'
    with HostileServer(sends(body, Content_Type="application/json"), tls=True) as server:
        assert ask_fritz(server, tmp_path) == 1


def test_a_list_that_was_cut_short_is_asked_for_again(tmp_path: Path) -> None:
    """Cut at the end of a line it would look whole, with files missing."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path != "/SHA256SUMS" or server.seen[1:]:
            serves(handler)
            return
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(SUMS)))
        handler.end_headers()

    with HostileServer(answer) as server:
        get(server.url, tmp_path)
        assert [path for path, *_ in server.seen] == ["/SHA256SUMS"] * 2 + ["/dnn/a.keras"]
    assert (tmp_path / "dnn" / "a.keras").read_bytes() == MODEL
