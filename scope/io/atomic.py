"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from scope.errors import ScopeError, UsageError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_KEPT = ContextVar("kept", default=True)


def check_output(output: str | Path, *inputs: str | Path, suffix: str = ".parquet") -> None:
    """Refuse an output that would replace an input, or whose name says another format.

    Raises
    ------
    UsageError
        If `output` is one of `inputs`, or does not end with `suffix`.
    """
    output = Path(output)
    if output.suffix != suffix:
        raise UsageError(
            "output whose name says another format", value=str(output), allowed=f"*{suffix}"
        )
    check_writable(output)
    for path in inputs:
        if output.exists() and Path(path).exists() and output.samefile(path):
            raise UsageError(
                "output that would replace the input", value=str(output), todo="name another file"
            )


def check_writable(path: str | Path, kind: object = None) -> None:
    """Refuse an output, file or folder, that cannot be written to, before any work is done.

    Nothing is left behind: a folder that does not exist is made when it is written to.

    Parameters
    ----------
    path : str or Path
    kind : str, optional
        ``FILE`` or ``FOLDER``, if it has to be one of them.

    Raises
    ------
    UsageError
        If the nearest folder that exists cannot be written to, or is a file, or the name is
        no name; or if it is there, and of the other kind.
    """
    path = Path(path)
    try:
        folder = path if path.is_dir() else path.absolute().parent
        path.exists()
        while not os.path.lexists(folder):
            folder = folder.parent
        if not folder.is_dir() or (kind == "FOLDER" and path.exists() and not path.is_dir()):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
        if kind == "FILE" and path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        with full_disk_explained(folder), tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(
            "output that cannot be written",
            value=str(path),
            todo=f"choose a place that you may write to ({said})",
        ) from None


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a temporary path that becomes `path` when the block ends without an error.

    The temporary file lies in the same folder under the name ``.{name}.{random}.tmp``. It is
    brought to disk and renamed on success, removed on an error. What a killed process left
    behind is removed by the next writer of the same path.

    Parameters
    ----------
    path : str or Path
        The product. Its folder is made where it does not exist.

    Yields
    ------
    Path
        An empty file to write to; rewrite it in place or replace it.

    Raises
    ------
    ScopeError
        If the disk is full, or the folder cannot be written to.
    """
    path = Path(path)
    temporary, handle = _begin(path)
    try:
        with full_disk_explained(path):
            yield temporary
            _sync(temporary)
            os.replace(temporary, path)
            _sync(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)


def write_bytes(content: bytes, path: str | Path) -> None:
    """Write a whole file atomically, see `atomic_path`."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


@contextmanager
def full_disk_explained(path: Path) -> Iterator[None]:
    """Turn the error of a full disk into one that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise ScopeError(
            "no space left on the disk",
            value=str(path),
            todo="free some space, or write to another folder, and run again; "
            "no partial file was left",
        ) from error


def _begin(path: Path) -> tuple[Path, int]:
    """Make the folder and, in it, the temporary file."""
    if path.is_dir():
        raise ScopeError(
            "cannot write file", value=str(path), todo="it is a folder; give the name of a file"
        )
    try:
        with full_disk_explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            _remove_abandoned(path)
            return _create(path)
    except OSError as error:
        raise ScopeError(
            "cannot write file",
            value=str(path),
            todo=f"{error.strerror} ({error.filename}); choose a folder that you may write to",
        ) from error


def _create(path: Path) -> tuple[Path, int]:
    """Create the temporary file and hold a lock on it for as long as we live."""
    while True:
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
        handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            _lock(handle)
            # Before the lock another writer may have taken the file for abandoned.
            if os.fstat(handle).st_nlink:
                return temporary, handle
        except BlockingIOError:
            temporary.unlink(missing_ok=True)
        except OSError:
            # No locks on this file system: nobody clears up, nothing is lost.
            return temporary, handle
        os.close(handle)


def _remove_abandoned(path: Path) -> None:
    """Remove temporary files of `path` whose writer is no longer there to hold its lock."""
    mine = re.compile(re.escape(f".{path.name}.") + r"[0-9a-f]{16}\.tmp")
    for entry in path.parent.iterdir():
        if not mine.fullmatch(entry.name):
            continue
        with suppress(OSError):
            handle = os.open(entry, os.O_RDWR)
            try:
                _lock(handle)
                entry.unlink()
            finally:
                os.close(handle)


def _lock(handle: int) -> None:
    """Lock an open file without waiting.

    The lock belongs to this opening of the file: it ends with the process, not when another
    library closes the same file, and the locks that HDF5 takes do not collide with it.

    Raises
    ------
    BlockingIOError
        If another opening of the file holds the lock.
    OSError
        If the system has no such locks.
    """
    if not hasattr(fcntl, "F_OFD_SETLK"):
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
    # struct flock of Linux: type, whence, start, length (0: the whole file), process.
    whole_file = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    fcntl.fcntl(handle, fcntl.F_OFD_SETLK, whole_file)


@contextmanager
def not_kept() -> Iterator[None]:
    """Within it, files are not brought to disk: they lie in a folder that is then removed."""
    token = _KEPT.set(False)
    try:
        yield
    finally:
        _KEPT.reset(token)


def _sync(path: Path) -> None:
    """Bring a file or folder to disk, so that a name never outlives its content."""
    if not _KEPT.get():
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some file systems cannot sync a folder; a full disk may show only now.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)
