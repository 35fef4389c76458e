"""What takes long to make is made once in a session, by whichever process of it comes first."""

from __future__ import annotations

import fcntl
import functools
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

_folder: Path | None = None


@functools.cache
def _own_folder() -> tempfile.TemporaryDirectory[str]:
    """Where there is no session: of benchmarks, which use what tests use."""
    return tempfile.TemporaryDirectory(prefix="scope-tests-")


def share_below(factory: pytest.TempPathFactory, worker: bool) -> None:
    """Say where the processes of this session find what others of them have made."""
    global _folder
    base = factory.getbasetemp()
    _folder = (base.parent if worker else base) / "once"
    _folder.mkdir(exist_ok=True)


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder that `make` has filled, in this process or in another; do not change it."""
    base = _folder or Path(_own_folder().name)
    folder, done = base / name, base / f"{name}.done"
    with (base / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            # Of one that failed in another process.
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder
