"""The configuration: declared as pydantic models, read in layers, handed on as plain options."""

from scope.config.load import load_config
from scope.config.model import Config

__all__ = ["Config", "load_config"]
