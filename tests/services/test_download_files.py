"""Fetching files: whole, checked, resumed; from a local server, a bucket and a folder."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from scope.errors import AccessError, InputError, NotFoundError, ServiceError
from scope.services.download_files import Fetched, fetch, location
from scope.services.retry import RetryPolicy

QUICK = RetryPolicy(0.001, 0.001, patience_seconds=0.2, least_attempts=2)


class Server(BaseHTTPRequestHandler):
    """Serves `files`; breaks off, refuses and forgets on request."""

    files: ClassVar[dict[str, bytes]] = {}
    breaks: ClassVar[list[int]] = []
    refuses: ClassVar[list[int]] = []
    ranges: ClassVar[bool] = True
    seen: ClassVar[list[tuple[str, str | None, str | None]]] = []

    def do_GET(self) -> None:
        path, wanted = self.path, self.headers.get("Range")
        self.seen.append((path, wanted, self.headers.get("Authorization")))
        if self.refuses:
            self.send_error(self.refuses.pop())
            return
        if path not in self.files:
            self.send_error(404)
            return
        content, start = self.files[path], 0
        if wanted and self.ranges:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(content):
                self.send_error(416)
                return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        stop = self.breaks.pop() if self.breaks and not path.endswith("SUMS") else len(content)
        self.wfile.write(content[start : start + stop])
        self.wfile.flush()
        self.close_connection = True

    def log_message(self, format: str, *values: object) -> None:
        """Stay silent."""


@pytest.fixture
def server() -> Iterator[str]:
    Server.files, Server.breaks, Server.refuses, Server.seen = {}, [], [], []
    Server.ranges = True
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


CONTENTS = {"dnn/ss23/a b.keras": bytes(range(256)) * 4000, "dnn/ss23/card.md": b"# card\n"}


def sums(contents: dict[str, bytes]) -> bytes:
    lines = (f"{hashlib.sha256(c).hexdigest()}  {name}\n" for name, c in contents.items())
    return "".join(lines).encode()


def serve(prefix: str = "/models") -> None:
    Server.files = {f"{prefix}/{n.replace(' ', '%20')}": c for n, c in CONTENTS.items()}
    Server.files[f"{prefix}/SHA256SUMS"] = sums(CONTENTS)


def get(source: str, folder: Path) -> Fetched:
    return fetch(source, folder, policy=QUICK)


def assert_whole(folder: Path) -> None:
    for name, content in CONTENTS.items():
        assert (folder / name).read_bytes() == content
    assert not list(folder.rglob("*.part"))


def test_files_come_whole_and_only_once(server: str, tmp_path: Path) -> None:
    serve()
    assert len(get(f"{server}/models/", tmp_path).new) == 2
    assert_whole(tmp_path)
    asked = len(Server.seen)
    assert get(f"{server}/models", tmp_path).new == ()
    assert len(Server.seen) == asked + 1  # the list alone


def test_a_broken_download_goes_on_where_it_ended(server: str, tmp_path: Path) -> None:
    serve()
    Server.breaks = [3000, 500_000]
    get(f"{server}/models", tmp_path)
    assert_whole(tmp_path)
    asked = [wanted for path, wanted, _ in Server.seen if path.endswith(".keras")]
    assert asked == [None, "bytes=500000-", "bytes=503000-"]


def test_what_a_killed_command_left_is_gone_on_with(server: str, tmp_path: Path) -> None:
    serve()
    part = tmp_path / "dnn" / "ss23" / "a b.keras.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENTS["dnn/ss23/a b.keras"][:1000])
    get(f"{server}/models", tmp_path)
    assert_whole(tmp_path)
    assert "bytes=1000-" in [wanted for _, wanted, _ in Server.seen]


@pytest.mark.parametrize("ranges", [True, False])
def test_a_part_of_another_file_does_not_get_in(server: str, tmp_path: Path, ranges: bool) -> None:
    serve()
    Server.ranges = ranges
    part = tmp_path / "dnn" / "ss23" / "card.md.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"something much longer than the card")
    get(f"{server}/models", tmp_path)
    assert_whole(tmp_path)


def test_a_server_that_is_busy_is_asked_again(server: str, tmp_path: Path) -> None:
    serve()
    Server.refuses = [503, 429]
    get(f"{server}/models", tmp_path)
    assert_whole(tmp_path)


def test_a_server_that_stays_away_is_an_error_and_the_part_is_kept(
    server: str, tmp_path: Path
) -> None:
    serve()
    Server.breaks = [0] * 1000 + [700]
    with pytest.raises(ServiceError, match="broke off after 0 of 1023300 bytes"):
        get(f"{server}/models", tmp_path)
    assert (tmp_path / "dnn" / "ss23" / "a b.keras.part").stat().st_size == 700
    assert not (tmp_path / "dnn" / "ss23" / "a b.keras").exists()
    with pytest.raises(ServiceError, match="no usable answer"):
        get("http://127.0.0.1:9/models", tmp_path)


def test_a_file_that_is_not_what_the_list_says_is_refused(server: str, tmp_path: Path) -> None:
    serve()
    Server.files["/models/dnn/ss23/card.md"] = b"# curd\n"
    with pytest.raises(InputError, match=r"not what the list .*card\.md"):
        get(f"{server}/models", tmp_path)
    assert not list((tmp_path / "dnn" / "ss23").glob("card*"))


@pytest.mark.parametrize("status", [401, 403])
def test_a_closed_source_says_how_to_open_it(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    serve()
    Server.refuses = [status]
    with pytest.raises(AccessError, match="SCOPE_DOWNLOAD_TOKEN"):
        get(f"{server}/models", tmp_path)
    monkeypatch.setenv("SCOPE_DOWNLOAD_TOKEN", "secret")
    get(f"{server}/models", tmp_path)
    assert Server.seen[-1][2] == "Bearer secret"


def test_what_is_not_there_is_named(server: str, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="/nothing/SHA256SUMS"):
        get(f"{server}/nothing", tmp_path)
    serve()
    del Server.files["/models/dnn/ss23/card.md"]
    with pytest.raises(NotFoundError, match=r"card\.md"):
        get(f"{server}/models", tmp_path)
    with pytest.raises(NotFoundError, match="SHA256SUMS"):
        get(str(tmp_path / "nowhere"), tmp_path)


@pytest.mark.parametrize("path", ["../outside", "/etc/outside", "a/../../outside"])
def test_a_list_cannot_write_outside(tmp_path: Path, path: str) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "SHA256SUMS").write_bytes(sums({path: b""}))
    with pytest.raises(InputError, match="cannot be understood"):
        get(str(source), tmp_path / "into")


def test_a_folder_is_a_source_too(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name, content in CONTENTS.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(content)
    (source / "SHA256SUMS").write_bytes(sums(CONTENTS))
    get(str(source), tmp_path / "a")
    assert_whole(tmp_path / "a")
    get(source.as_uri(), tmp_path / "b")
    assert_whole(tmp_path / "b")


def test_a_bucket_is_read_where_it_is(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve("/ztf-scope/models")
    # Google's clients find a bucket of a test by this variable.
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server)
    get("gs://ztf-scope/models", tmp_path)
    assert_whole(tmp_path)
    monkeypatch.delenv("STORAGE_EMULATOR_HOST")
    assert location("gs://ztf-scope/models") == "https://storage.googleapis.com/ztf-scope/models"
    assert location("s3://ztf-scope/m/") == "https://ztf-scope.s3.amazonaws.com/m"
    with pytest.raises(InputError, match="gs://<bucket>"):
        location("ftp://somewhere/models")


def test_the_command_fetches_a_bundle_and_checks_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], root: Path
) -> None:
    from scope.cli.main import main

    shipped = root / "models"
    names = [str(p.relative_to(shipped)) for p in sorted((shipped / "xgb" / "starter").iterdir())]
    contents = {name: (shipped / name).read_bytes() for name in names}
    source = tmp_path / "source" / "xgb" / "starter"
    source.mkdir(parents=True)
    for name, content in contents.items():
        (tmp_path / "source" / name).write_bytes(content)
    (tmp_path / "source" / "SHA256SUMS").write_bytes(sums({**contents, "other/file": b""}))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(f"downloads: {{models: {tmp_path / 'source'}}}\n")
    assert main(["fetch-models", "xgb"]) == 0
    assert "xgb/starter: 30 classes, whole" in capsys.readouterr().out
    assert main(["fetch-models", "--source", "nowhere"]) == 2
    assert main(["fetch-datasets"]) == 2
    assert "set downloads.datasets" in capsys.readouterr().err
    assert main(["fetch-datasets", "xgb/starter/card.md", "--source", "source"]) == 0
    assert (tmp_path / "data" / "xgb" / "starter" / "card.md").is_file()
