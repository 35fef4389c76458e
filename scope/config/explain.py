"""Turn what is wrong with a configuration into messages that say where and what instead."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, ValidationError

from scope.config.base import unknown_name
from scope.config.model import Config
from scope.config.renamed import replaced_keys
from scope.errors import ConfigError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from scope.config.load import Layer

Location = tuple[int | str, ...]


def replaced_error(layer: Layer) -> None:
    """Raise if a layer has a key of another version, naming what replaces it.

    Raises
    ------
    ConfigError
        For the first such key.
    """
    for dotted, message in replaced_keys(layer.values):
        raise ConfigError(
            f"configuration key that cannot be used, in {layer.name}",
            value=dotted,
            todo=f"it {message}; `scope import-config` translates a whole file of SCoPe's",
        )


def config_error(error: ValidationError, layers: Sequence[Layer]) -> ConfigError:
    """Return one error for all that pydantic found, each with the layer that set it."""
    details = error.errors()
    # A list that lost its bad item may be too short then; only the item is worth a word.
    causes = [
        detail
        for detail in details
        if not any(_inside(other["loc"], detail["loc"]) for other in details)
    ]
    problems = [_problem(detail, layers) for detail in causes]
    if len(problems) == 1:
        return problems[0]
    lines = "".join(f"\n  {problem}" for problem in problems)
    return ConfigError(f"{len(problems)} configuration keys that cannot be used:{lines}")


def _problem(detail: ErrorDetails, layers: Sequence[Layer]) -> ConfigError:
    location = tuple(part for part in detail["loc"] if part != "[key]")
    missing = detail["type"] == "missing"
    where = _origin(location[:-1] if missing else location, layers)
    dotted = ".".join(str(part) for part in location)
    if detail["type"] == "extra_forbidden":
        section = _section(location[:-1])
        names = section.model_fields if section is not None else {}
        return _unknown_key(where, location, names)
    if missing:
        return ConfigError(f"configuration key that is missing{where}", value=dotted, todo="set it")
    context = detail.get("ctx", {})
    if detail["type"] == "unknown_name":
        if detail["loc"][-1] == "[key]":
            return _unknown_key(where, location, context["allowed"])
        return unknown_name(
            f"configuration key {dotted}{where}", str(detail["input"]), context["allowed"]
        )
    allowed = context.get("expected") or _sentence(detail["msg"])
    return ConfigError(
        f"configuration key {dotted}{where}", value=_short(detail["input"]), allowed=str(allowed)
    )


def _unknown_key(where: str, location: Location, names: Iterable[str]) -> ConfigError:
    section = ".".join(str(part) for part in location[:-1])
    what = f"unknown key in section {section}{where}" if section else f"unknown key{where}"
    return unknown_name(what, str(location[-1]), names)


def _inside(location: Location, section: Location) -> bool:
    """Return whether a place lies in a section, or in a list."""
    return len(location) > len(section) and location[: len(section)] == section


def _origin(location: Location, layers: Sequence[Layer]) -> str:
    """Return ", in <layer>" for the last layer that set this key, empty if none did."""
    for layer in reversed(layers):
        if layer.name and _has(layer.values, location):
            return f", in {layer.name}"
    return ""


def _has(values: Any, location: Location) -> bool:
    """Return whether nested `values` hold a key; an index asks for the list that it is in."""
    for part in location:
        if isinstance(part, int):
            return True
        if not isinstance(values, Mapping) or part not in values:
            return False
        values = values[part]
    return True


def _section(location: Location) -> type[BaseModel] | None:
    """Return the section at a place in the tree of keys."""
    annotation: Any = Config
    for part in location:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            annotation = annotation.model_fields[str(part)].annotation
        elif arguments := get_args(annotation):
            annotation = arguments[-1]
    is_section = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return annotation if is_section else None


def _sentence(message: str) -> str:
    """Return pydantic's message in the words of a YAML file."""
    for opening in ("Value error, ", "Input should be ", "Tuple should have ", "String should "):
        message = message.removeprefix(opening)
    message = re.sub("a valid dictionary( or instance of .*)?", "a section of keys", message)
    return message.replace("a valid tuple", "a list").replace(" after validation", "")


def _short(value: object) -> str | object:
    text = repr(value)
    return value if len(text) <= 80 else text[:77] + "..."
