"""Options of algorithms that have no section of their own: ``training.options.<algorithm>``.

An algorithm declares them as a dataclass or a pydantic model. What a configuration gives is held
against it as soon as it is read: names, and the types that the fields are declared with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from scope.errors import ConfigError
from scope.plugins import ALGORITHMS


def option_names(options: type) -> tuple[str, ...]:
    """Return the names of the fields of a dataclass or a pydantic model."""
    if is_dataclass(options):
        return tuple(item.name for item in fields(options))
    return tuple(getattr(options, "model_fields", ()))


def read_options(options: type, settings: Mapping[str, Any], where: str) -> Any:
    """Return options made of settings by name, each as the type that its field is declared with.

    Parameters
    ----------
    options : type
        Dataclass or pydantic model.
    settings : mapping
    where : str
        How messages call them, such as ``training.options.hgb``.

    Raises
    ------
    ConfigError
        If a name is unknown, with the nearest that is not, or a value cannot be used.
    """
    # Here: every command loads this module, and few read options.
    from pydantic import TypeAdapter, ValidationError
    from pydantic.errors import PydanticSchemaGenerationError

    from scope.config.base import unknown_name

    known = option_names(options)
    for name in settings:
        if name not in known:
            raise unknown_name(f"option in {where} that the algorithm does not take", name, known)
    try:
        try:
            adapter: TypeAdapter[Any] = TypeAdapter(options)
        except PydanticSchemaGenerationError:
            # A field of a type that pydantic does not know: the class checks it by itself.
            return options(**settings)
        return adapter.validate_python(dict(settings))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(map(str, first["loc"]))
        raise ConfigError(
            f"value of {where}{f'.{name}' if name else ''} that cannot be used",
            value=repr(first["input"]),
            allowed=first["msg"].removeprefix("Value error, "),
            todo=f"correct {where}",
        ) from error
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"options of {where} that the algorithm does not take",
            value=str(dict(settings)),
            allowed=str(error).strip().splitlines()[0],
            todo=f"correct {where}",
        ) from error


def check_algorithm_options(options: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise ConfigError unless each algorithm is there and takes its options.

    Parameters
    ----------
    options : mapping of algorithm to mapping
        ``training.options`` of the configuration.
    """
    from scope.config.base import unknown_name

    for name, settings in options.items():
        if name not in ALGORITHMS:
            raise unknown_name("unknown algorithm in training.options", name, ALGORITHMS)
        algorithm = ALGORITHMS.get(name)
        if algorithm.section:
            raise ConfigError(
                "options of an algorithm that has a section of its own",
                value=f"training.options.{name}",
                todo=f"set them in training.{algorithm.section}",
            )
        read_options(algorithm.options, settings, f"training.options.{name}")
