"""What every workflow script does around its one library call."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scope.errors import ScopeError


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
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(log, mode="w")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    except ScopeError as error:
        handler.stream.write(f"error: {error}\n")
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except BaseException:
        handler.stream.write(traceback.format_exc())
        raise
    finally:
        root.removeHandler(handler)
        handler.close()
