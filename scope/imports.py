"""Imports that are made quicker in processes that are this package's own."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_own_process = False


def this_process_is_ours() -> None:
    """Say that nobody else's code runs in this process: it is a job of the workflow."""
    global _own_process
    _own_process = True


@contextmanager
def quick_import_of_xgboost() -> Iterator[None]:
    """Let XGBoost be imported without its estimators, where the process is our own.

    They build on scikit-learn, which XGBoost imports wherever it is installed: three of the four
    seconds of its import, in each job, for classes that nothing here uses. In other people's
    processes, who may use them, XGBoost is imported as it is.
    """
    # An algorithm of one's own may be built on them.
    ours = _own_process and not os.environ.get("SCOPE_ALGORITHMS")
    hide = ours and not {"xgboost", "sklearn"} & set(sys.modules)
    if hide:
        sys.modules["sklearn"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if hide:
            del sys.modules["sklearn"]
