"""Files of the public archive from a local server that is laid out as it is."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from scope.cli.main import main
from scope.errors import CorruptFileError, InputError, NotFoundError
from scope.services.download_files import PART
from scope.services.retry import RetryPolicy
from scope.surveys.archive import Archive
from scope.surveys.checksums import PublishedSums
from scope.surveys.download_archive import Wanted, download_archive
from tests.surveys.bulk_files import write_bulk

QUICK = RetryPolicy(0.001, 0.001, patience_seconds=0.2, least_attempts=2)


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder, with ranges; counts what is asked for and how much at a time."""

    asked: ClassVar[list[tuple[str, str | None]]] = []
    under_way: ClassVar[list[int]] = [0, 0]
    lock: ClassVar[threading.Lock] = threading.Lock()
    slow: ClassVar[threading.Event] = threading.Event()

    def do_GET(self) -> None:
        with self.lock:
            self.asked.append((self.path, self.headers.get("Range")))
            self.under_way[0] += 1
            self.under_way[1] = max(self.under_way)
        self.slow.wait(0.02)
        with self.lock:
            # Before the answer: whoever has it may ask for the next file at once.
            self.under_way[0] -= 1
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        content, start = path.read_bytes(), 0
        if wanted := self.headers.get("Range"):
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start:])

    def log_message(self, format: str, *values: object) -> None:
        """Stay silent."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of an archive with two releases, and its folder."""
    root = tmp_path / "site"
    for release, place, sums in (
        (20, "field000300", "checksum.md5"),
        (5, "field0300", "checksums.md5"),
    ):
        base = root / f"lc_dr{release}"
        for field, grid in ((300, "0"), (1300, "1")):
            folder = base / grid / place.replace("300", str(field)[-4:].zfill(3), 1)
            for quad in (1, 2):
                for band in "gr":
                    write_bulk(folder, [3], field=field, quad=quad, band=band, release=release)
        lines = [
            f"{hashlib.md5(path.read_bytes()).hexdigest()}  ./{path.relative_to(base)}\n"
            for path in sorted(base.rglob("*.parquet"))
        ]
        (base / sums).write_text("".join(lines))
    Handler.asked.clear()
    Handler.under_way[:] = [0, 0]
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(root)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/lc_dr{{release}}", root
    server.shutdown()


def test_a_field_is_an_archive_when_it_has_been_fetched(site, tmp_path, capsys) -> None:
    url, _ = site
    output = tmp_path / "archive"
    command = ["download-archive", "--field", "300", "--release", "DR20", "--url", url]
    command += ["--output", str(output)]
    assert main(command) == 0
    assert "4 files in" in capsys.readouterr().out
    archive = Archive(output)
    assert archive.release == "DR20"
    assert archive.units(300) == ["ccd_02_quad_1", "ccd_02_quad_2"]
    assert archive.fields() == [300]
    Handler.asked.clear()
    assert main(command) == 0
    assert "0 new" in capsys.readouterr().out
    assert [path for path, _ in Handler.asked] == ["/lc_dr20/checksum.md5"]


def test_the_checksums_are_kept_and_a_bit_that_flips_later_is_found(site, tmp_path) -> None:
    url, root = site
    output = tmp_path / "archive"
    for quads in ([1], [2]):
        download_archive(Wanted([300], 20, quads=quads), output, url=url, policy=QUICK)
    published = (root / "lc_dr20" / "checksum.md5").read_text().replace("./", "").splitlines()
    ours = (output / "checksum.md5").read_text().splitlines()
    assert sorted(ours) == sorted(line for line in published if "000300" in line)
    archive = Archive(output)
    assert archive.sources(300, "ccd_02_quad_1").num_rows == 2
    (path,) = output.rglob("ztf_000300_zg_c02_q1_*.parquet")
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)
    with pytest.raises(CorruptFileError, match="not as it was published"):
        Archive(output).sources(300, "ccd_02_quad_1")
    # what is there and not whole is fetched again
    again = download_archive(Wanted([300], 20), output, url=url, policy=QUICK)
    assert again.new == (path,)
    assert Archive(output).sources(300, "ccd_02_quad_1").num_rows == 2


def test_lists_of_two_releases_are_both_used(site, tmp_path) -> None:
    url, _ = site
    for release in (5, 20):
        download_archive(Wanted([300], release), tmp_path / "a", url=url, policy=QUICK)
    names = {path.name for path in (tmp_path / "a").glob("*.md5")}
    assert names == {"checksum.md5", "checksums.md5"}
    sums = PublishedSums(tmp_path / "a", [])
    for path in (tmp_path / "a").rglob("*.parquet"):
        sums.check(path)
        path.write_bytes(b"x")
        with pytest.raises(CorruptFileError):
            sums.check(path)


def test_quadrants_and_bands_can_be_chosen_of_any_release(site, tmp_path) -> None:
    url, _ = site
    wanted = Wanted([300, 1300], 5, bands="g", quads=[2])
    found = download_archive(wanted, tmp_path / "a", url=url, policy=QUICK)
    assert sorted(path.name for path in found.new) == [
        "ztf_000300_zg_c02_q2_dr5.parquet",
        "ztf_001300_zg_c02_q2_dr5.parquet",
    ]


def test_a_file_that_broke_off_is_gone_on_with(site, tmp_path) -> None:
    url, root = site
    (source,) = root.glob("lc_dr20/0/*/ztf_000300_zg_c02_q1_*")
    target = tmp_path / "a" / source.relative_to(root / "lc_dr20")
    target.parent.mkdir(parents=True)
    target.with_name(target.name + PART).write_bytes(source.read_bytes()[:500])
    wanted = Wanted([300], 20, bands="g", quads=[1])
    download_archive(wanted, tmp_path / "a", url=url, policy=QUICK)
    assert target.read_bytes() == source.read_bytes()
    assert Handler.asked[-1][1] == "bytes=500-"


def test_a_file_that_is_not_what_the_list_says_takes_no_place(site, tmp_path) -> None:
    url, root = site
    (source,) = root.glob("lc_dr20/0/*/ztf_000300_zg_c02_q1_*")
    source.write_bytes(b"something else")
    with pytest.raises(InputError, match="md5"):
        download_archive(Wanted([300], 20), tmp_path / "a", url=url, policy=QUICK)
    assert not list((tmp_path / "a").rglob(f"{source.name}*"))


@pytest.mark.parametrize("workers", [1, 3])
def test_no_more_files_at_a_time_than_asked_for(site, tmp_path, workers) -> None:
    url, _ = site
    wanted = Wanted([300, 1300], 20)
    download_archive(wanted, tmp_path / "a", url=url, policy=QUICK, workers=workers)
    assert Handler.under_way[1] <= workers
    assert len(Handler.asked) == 9


def test_what_is_not_there_is_named(site, tmp_path, capsys) -> None:
    url, _ = site
    with pytest.raises(NotFoundError, match=r"data release 20: 'field 777'"):
        download_archive(Wanted([777], 20), tmp_path, url=url, policy=QUICK)
    with pytest.raises(NotFoundError, match="checksum"):
        download_archive(Wanted([300], 21), tmp_path, url=url, policy=QUICK)
    assert main(["download-archive", "--field", "1", "--release", "20", "--bands", "x"]) == 2
    assert "some of g, r and i" in capsys.readouterr().err
