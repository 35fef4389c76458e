"""Tables and places to write them to."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from scope.schema import arrow_schema

from . import COLUMNS

PRETENCE = """
import errno, os
bring = os.fsync
def fsync(handle):
    if os.fstat(handle).st_size > 1 << 20:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return bring(handle)
os.fsync = fsync
"""


@pytest.fixture
def table() -> pa.Table:
    """1,000 rows of every kind of column, ids out of order, with nulls."""
    rng = np.random.default_rng(1)
    n = 1000
    lengths = rng.integers(0, 9, n)
    some = rng.random(n) < 0.2
    columns = {
        "_id": pa.array(rng.permutation(n) + 10**13),
        "ra": pa.array(rng.random(n), mask=some),
        "score": pa.array(rng.random(n, dtype=np.float32)),
        "filter": pa.array(rng.integers(1, 4, n, dtype=np.int32), mask=~some),
        "flag": pa.array(rng.random(n) < 0.5, mask=some),
        "bits": pa.array(rng.integers(0, 2**63, n, dtype=np.uint64) * 2 + 1),
        "reason": pa.array(np.where(some, "bright_star", "no_period"), mask=rng.random(n) < 0.5),
        "mag": pa.array(
            [None if gone else rng.random(k) for k, gone in zip(lengths, some, strict=True)],
            pa.list_(pa.float64()),
        ),
        "dmdt": pa.FixedSizeListArray.from_arrays(pa.array(rng.random(n * 4, np.float32)), 4),
    }
    return pa.table(columns).cast(arrow_schema(COLUMNS))


@pytest.fixture
def on_a_full_disk() -> Callable[[str, Path], str]:
    """Run Python in a process whose folder is a disk of 1 MiB; return what it prints.

    The disk is a small file system in memory that only that process sees. Where the system
    allows no such thing, bringing data to the disk fails as on a full one, from 1 MiB on.
    """

    def run(code: str, folder: Path) -> str:
        mount = f"mount -t tmpfs -o size=1m scope-test {folder}"
        inside = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
        command = [*inside, f'{mount} && exec "$0" -c "$1"', sys.executable, code]
        try:
            subprocess.run([*inside, mount], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            command = [sys.executable, "-c", PRETENCE + code]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
