"""The products of an undisturbed run, against which disturbed ones are compared."""

from __future__ import annotations

from collections.abc import Callable

from ..conftest import ROOT
from .conftest import Run

TINY = ("--configfile", str(ROOT / "config" / "test" / "tiny.yaml"))
"""Options for a field that takes seconds: few simulated stars, few trial frequencies."""

_done: dict[tuple[str, ...], Run] = {}


def undisturbed(make_run: Callable[..., Run], settings: tuple[str, ...] = TINY) -> Run:
    """Return a finished run with `settings`, made once in a session; do not change it."""
    if settings not in _done:
        run = make_run("undisturbed")
        run.snakemake(*settings)
        _done[settings] = run
    return _done[settings]
