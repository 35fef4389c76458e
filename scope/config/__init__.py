"""The configuration: declared as pydantic models, read in layers, handed on as plain options."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scope.config.load import load_config
    from scope.config.model import Config

__all__ = ["Config", "load_config"]


def __getattr__(name: str) -> Any:
    # Jobs of the workflow are given plain options, and need only small parts of this package.
    if name in __all__:
        return getattr(import_module(f"scope.config.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


_MODULES = {"Config": "model", "load_config": "load"}
