"""Uploads against a stub of Fritz, and a child process that can be killed."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from scope.fritz.journal import Journal
from scope.fritz.taxonomy_map import Entry
from scope.fritz.upload import Upload, UploadOptions
from scope.fritz.upload_rows import UploadRow
from scope.services.credentials import Credentials
from scope.services.fritz import Fritz, FritzOptions, RetryPolicy
from scope.services.limiter import RateLimiter
from tests.services.fritz_sky import GROUP, SCALE
from tests.services.fritz_stub import StubFritz

CLASSES = ("variable", "periodic", "flaring", "RR Lyrae")


def star_rows(sources: int, classes: int) -> list[UploadRow]:
    """Return rows of sources on a grid, each with some classes of taxonomy 1."""
    return [
        UploadRow(
            k,
            10.0 + 0.01 * k,
            20.0,
            f"star{k:05d}",
            classes={Entry(name, 1): 0.9 for name in CLASSES[:classes]},
        )
        for k in range(sources)
    ]


def upload_stars(
    address: tuple[str, int],
    token: str,
    folder: Path,
    sources: int,
    classes: int,
    batch: int,
    scale: float = SCALE,
) -> None:
    """Upload rows of a grid; the limiter and all waits are as much faster as the stub."""
    retry = RetryPolicy(first_wait_seconds=1 / scale, longest_wait_seconds=30 / scale)
    options = FritzOptions(
        address[0],
        address[1],
        "http",
        timeout_seconds=10.0,
        retry=retry,
        requests_per_second=4.0 * scale,
        settle_seconds=10 / scale,
    )
    limiter = RateLimiter(folder / "limit", options.requests_per_second)
    fritz = Fritz(options, Credentials(token=token), limiter=limiter)
    what = UploadOptions((GROUP,), use_existing_obj_id=True, skip_phot=True, batch=batch)
    with Journal(folder / "journal.jsonl", options.address) as journal:
        Upload(fritz, journal, what, None).run(star_rows(sources, classes))


def start_child(stub: StubFritz, folder: Path, *what: float) -> subprocess.Popen[bytes]:
    """Start an upload in a process of its own."""
    arguments = [str(stub.port), stub.admin, str(folder), *map(str, what)]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.fritz.uploading", *arguments],
        stderr=(folder / "child.err").open("ab"),
        cwd=Path(__file__).parents[2],
    )


def posted(stub: StubFritz) -> Counter[tuple[Any, ...]]:
    """Count what is on the server, each classification with all that makes it another one."""
    rows = stub.database.all("select * from classifications")
    return Counter(
        (row["obj_id"], row["classification"], row["taxonomy_id"], tuple(row["groups"]))
        for row in rows
    )


def wait_for_posts(stub: StubFritz, number: int, child: subprocess.Popen[bytes]) -> None:
    """Return when so many requests with classifications have come, or the child has ended."""
    import time

    while len(stub.written("/api/classification")) < number and child.poll() is None:
        time.sleep(0.002)


if __name__ == "__main__":
    port, token, folder, *numbers = sys.argv[1:]
    sources, classes, batch = map(int, numbers[:3])
    scale = float(numbers[3]) if len(numbers) > 3 else SCALE
    upload_stars(("127.0.0.1", int(port)), token, Path(folder), sources, classes, batch, scale)
