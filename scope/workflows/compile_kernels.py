"""Compile for this machine, so that the first run does not wait for it."""

from __future__ import annotations

import time
from collections.abc import Callable


def compile_missing(report: Callable[[str], None]) -> None:
    """Compile the kernels of the configured search that are not compiled yet."""
    from scope.features.compiled import MESSAGE, compile_kernels, needs_compiling

    if not needs_compiling():
        return
    report(f"{MESSAGE[0].upper()}{MESSAGE[1:]}")
    from scope.config.load import load_config

    start = time.monotonic()
    compile_kernels(load_config().feature_options())
    report(f"Compiled in {time.monotonic() - start:.0f} s.")
