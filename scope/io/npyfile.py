"""NumPy's files of one array, read as numbers: a pickle in one can hold a program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.errors import CorruptFileError, NotFoundError


def read_npy(
    path: str | Path, *, mapped: bool = False, todo: str = "make it again"
) -> npt.NDArray[Any]:
    """Read a ``.npy`` file.

    Parameters
    ----------
    path : path
    mapped : bool
        Leave the numbers in the file, and read those that are asked for.
    todo : str
        What to do where there is none, for the message.

    Returns
    -------
    array
        Of the shape (...) and dtype of the file.

    Raises
    ------
    NotFoundError
        If there is no such file.
    CorruptFileError
        If it is cut short, of another format, or holds objects, which would be unpickled.
    """
    try:
        found = np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
    except FileNotFoundError as error:
        raise NotFoundError("no such file of an array", value=str(path), todo=todo) from error
    except (ValueError, EOFError, OSError) as error:
        raise _unreadable(path, todo) from error
    if not isinstance(found, np.ndarray):
        # Several arrays, .npz.
        found.close()
        raise _unreadable(path, todo)
    return found


def _unreadable(path: str | Path, todo: str) -> CorruptFileError:
    return CorruptFileError(
        "file that is cut short, or no array of numbers",
        value=str(path),
        allowed=".npy without objects",
        todo=todo,
    )
