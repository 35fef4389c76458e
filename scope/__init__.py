"""From survey light curves to a catalogue of variable-source classifications."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # Light curves to probabilities; what it needs takes seconds to import, and `import scope`
    # stays quick.
    if name == "classify":
        return import_module("scope.catalog.classify_lightcurves").classify
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
