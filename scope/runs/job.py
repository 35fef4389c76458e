"""What every workflow script does around its one library call."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from scope.errors import USER_ERROR, ScopeError
from scope.imports import this_process_is_ours


@contextmanager
def job(log: str | os.PathLike[str]) -> Iterator[None]:
    """Run the body of a workflow script with its messages in `log` and on stderr.

    A user's mistake is printed as one line, ``error: …``, and ends the script with
    status 2; anything else is a bug and leaves its traceback in the log.

    Parameters
    ----------
    log : path
        The rule's log file; its folder is made where it is missing.
    """
    this_process_is_ours()
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    with Path(log).open("w", encoding="utf-8") as stream, _logging_to(stream):
        try:
            yield
        except ScopeError as error:
            print(f"error: {error}", file=stream)
            print(f"error: {error}", file=sys.stderr)
            raise SystemExit(USER_ERROR) from None
        except OSError as error:
            # Files, folders and disks are the outside world; the log keeps where it was.
            traceback.print_exc(file=stream)
            where = f"{error.filename!r}: " if error.filename else ""
            print(f"error: {where}{error.strerror or error}", file=stream)
            print(f"error: {where}{error.strerror or error}", file=sys.stderr)
            raise SystemExit(USER_ERROR) from None
        except BaseException:
            traceback.print_exc(file=stream)
            raise


@contextmanager
def _logging_to(stream: TextIO) -> Iterator[None]:
    """Send the messages of the library to `stream`."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
