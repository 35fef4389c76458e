"""What all sections of the configuration have in common."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from scope.errors import ConfigError
from scope.plugins import Registry


class Section(BaseModel):
    """A section: unknown keys are errors, values do not change, NaN is no number."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        validate_default=True,
    )

    @field_validator("*", mode="before")
    @classmethod
    def _as_meant(cls, value: object, info: ValidationInfo) -> object:
        """Take one value for a list of one, and words for what they mean.

        Inside of brackets, `--config` of Snakemake gives every value as a text.
        """
        annotation = cls.model_fields[str(info.field_name)].annotation
        # YAML reads `on` and `no` as true and false, and pydantic these as 1 and 0.
        items = value if isinstance(value, list | tuple) else [value]
        if any(isinstance(item, bool) for item in items) and "bool" not in str(annotation):
            raise ValueError("a value other than true and false")
        kinds = (annotation, *get_args(annotation))
        if value == "null" and type(None) in kinds:
            return None
        single = isinstance(value, str | int | float)
        if single and any(get_origin(kind) is tuple for kind in kinds):
            return (value,)
        return value


def key(default: Any, meaning: str, *, unit: str = "", **limits: Any) -> Any:
    """Declare a key: its default, what it means, its unit and what values it allows.

    A callable default is called for each new section; ``...`` makes the key required.
    """
    extra: Any = {"unit": unit} if unit else None
    if callable(default):
        limits["default_factory"] = default
    else:
        limits["default"] = default
    return Field(description=meaning, json_schema_extra=extra, **limits)


WHOLE = "whole"
"""Marks a map, as ``Annotated[dict[…], WHOLE]``, whose entries count by being there: one that is
given takes the place of the one before it, which could not be made smaller otherwise."""


def one_of(allowed: Iterable[str]) -> AfterValidator:
    """Return what checks that a name is among `allowed`."""
    names = list(allowed)

    def check(name: str) -> str:
        if name not in names:
            raise PydanticCustomError("unknown_name", "unknown name", {"allowed": names})
        return name

    return AfterValidator(check)


def registered(names: Registry) -> AfterValidator:
    """Return what checks that a name is in a registry, built in or added by then."""

    def check(name: str) -> str:
        if name not in names:
            raise PydanticCustomError("unknown_name", "unknown name", {"allowed": [*names]})
        return name

    return AfterValidator(check)


def matching(pattern: str, meaning: str) -> AfterValidator:
    """Return what checks that a text has a form; `meaning` describes it to people."""

    def check(text: str) -> str:
        if re.fullmatch(pattern, text, re.ASCII) is None:
            raise PydanticCustomError("unknown_form", "unknown form", {"expected": meaning})
        return text

    return AfterValidator(check)


def nearest(name: str, allowed: Iterable[str]) -> list[str]:
    """Return the allowed names most like `name`, best first; none if nothing is alike."""
    return difflib.get_close_matches(name, list(allowed), n=3, cutoff=0.6)


def unknown_name(what: str, name: str, allowed: Iterable[str]) -> ConfigError:
    """Return the error for a name that is not among `allowed`, with the nearest ones."""
    allowed = list(allowed)
    close = nearest(name, allowed)
    return ConfigError(
        what,
        value=name,
        allowed=close if close and len(allowed) > 30 else allowed,
        todo=f"did you mean {close[0]!r}?" if close else None,
    )
