"""A folder that appears whole or not at all."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from scope.errors import InputError, ScopeError
from scope.io.atomic import full_disk_explained
from scope.io.folders import place_folder, place_of


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Give a hidden folder that becomes `folder` when the block ends without an error.

    It lies beside `folder` and is removed on an error. What a killed process left behind
    is removed by the next one that makes the same folder.

    Raises
    ------
    InputError
        If `folder` is a file or holds something, at the end too.
    ScopeError
        If the disk is full, or the place cannot be written to.
    """
    folder = place_of(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            "folder for a simulation that is not empty",
            value=str(folder),
            allowed="a folder that does not exist yet",
            todo="choose another one, or remove it",
        )
    temporary, handle = _begin(folder)
    try:
        with full_disk_explained(folder):
            yield temporary
            place_folder(temporary, folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    finally:
        os.close(handle)


def _begin(folder: Path) -> tuple[Path, int]:
    """Make the hidden folder and hold a lock on it for as long as we live."""
    try:
        with full_disk_explained(folder):
            folder.parent.mkdir(parents=True, exist_ok=True)
            _remove_abandoned(folder)
            name = tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".tmp", dir=folder.parent)
            handle = os.open(name, os.O_RDONLY)
            _try_lock(handle)
            # Made for its owner only; the product is for all, as the umask allows.
            umask = os.umask(0)
            os.umask(umask)
            os.chmod(name, 0o777 & ~umask)
            return Path(name), handle
    except (PermissionError, FileExistsError, NotADirectoryError) as error:
        raise ScopeError(
            "cannot write simulation",
            value=str(folder),
            todo=f"{error.strerror} ({error.filename}); choose a folder that you may write to",
        ) from error


def _remove_abandoned(folder: Path) -> None:
    for path in folder.parent.glob(f".{folder.name}.*.tmp"):
        with suppress(OSError):
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            try:
                if _try_lock(handle):
                    shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(handle)


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
