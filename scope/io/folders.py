"""Folders that appear whole, where two programs may write the same one at a time."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from scope.errors import InputError

_TAKEN = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR)


def place_of(folder: Path) -> Path:
    """Return the folder that a link leads to, which is the one that is meant; else the same.

    Links to a larger disk are usual; a folder that appears whole is made beside its place, and
    would replace the link, or could not.
    """
    return folder.resolve() if folder.is_symlink() else folder


def identity(folder: Path) -> tuple[int, int] | None:
    """Return what tells a folder from another that takes its place later; None if there is none."""
    try:
        found = folder.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def check_unchanged(folder: Path, before: tuple[int, int] | None) -> None:
    """Make sure that nobody has put another folder in the place of one.

    Raises
    ------
    InputError
        If it is another one than `identity` told.
    """
    if identity(folder) != before:
        raise _written_meanwhile(folder)


def place_folder(staged: Path, folder: Path) -> None:
    """Give a folder its name, which no other has, or an empty one.

    Raises
    ------
    InputError
        If another program was faster.
    """
    try:
        os.replace(staged, folder)
    except OSError as error:
        if error.errno not in _TAKEN:
            raise
        raise _written_meanwhile(folder) from None


def _written_meanwhile(folder: Path) -> InputError:
    return InputError(
        "folder that another program has written meanwhile",
        value=str(folder),
        todo="run again when that one has ended, or name another folder",
    )
