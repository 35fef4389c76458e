"""The products of an undisturbed run, against which disturbed ones are compared."""

from __future__ import annotations

from collections.abc import Callable

from ..conftest import ROOT
from .conftest import Run

TINY = ("--configfile", str(ROOT / "config" / "test" / "tiny.yaml"))
"""Options for a field that takes seconds: few simulated stars, few trial frequencies."""

_done: dict[tuple[str, ...], dict[str, bytes]] = {}


def undisturbed(make_run: Callable[..., Run], settings: tuple[str, ...] = TINY) -> dict[str, bytes]:
    """Return the bytes of all products of a run with `settings`; made once in a session."""
    if settings not in _done:
        run = make_run("undisturbed")
        run.snakemake(*settings)
        _done[settings] = run.products()
    return _done[settings]
