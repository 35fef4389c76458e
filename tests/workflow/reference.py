"""The products of an undisturbed run, against which disturbed ones are compared."""

from __future__ import annotations

from ..conftest import ROOT
from .conftest import undisturbed

TINY = ("--configfile", str(ROOT / "config" / "test" / "tiny.yaml"))
"""Options for a field that takes seconds: few simulated stars, few trial frequencies."""

__all__ = ["TINY", "undisturbed"]
