"""Read the configuration: layers of YAML files and options, merged key by key."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from scope.checkout import CHECKOUT
from scope.config.algorithm_options import check_algorithm_options
from scope.config.base import WHOLE
from scope.config.explain import config_error, replaced_error
from scope.config.model import Config
from scope.errors import ConfigError, NotFoundError, reason_of
from scope.io.yamltext import OnceLoader, check_nesting
from scope.plugins import ALGORITHMS, DEFAULT_ALGORITHMS, TASKS

CONFIG_FILES = ("config.yaml", "features.yaml", "classes.yaml")
"""The files of a config/ folder. Each is a part of one tree of keys."""

OVERRIDES = "--config or --configfile"
"""How messages call the layer of the command line, by the names of Snakemake's options."""


@dataclass(frozen=True)
class Layer:
    """Some keys and where they were set; the built-in defaults have no name."""

    name: str
    values: Mapping[str, Any]


def load_config(
    *,
    overrides: Mapping[str, Any] | None = None,
    config_path: str | Path | None = None,
    root: str | Path | None = None,
    run_folder: str | Path = ".",
    origin: str = OVERRIDES,
) -> Config:
    """Read the configuration.

    Later layers win, key by key: the built-in defaults; ``config/*.yaml`` of the
    checkout; ``config/*.yaml`` and ``config.yaml`` of the run folder, or instead of
    these `config_path`; `overrides`.

    Parameters
    ----------
    overrides : mapping, optional
        Nested keys as in the files, such as Snakemake's ``config``.
    config_path : path, optional
        A file to use instead of those of the run folder.
    root : path, optional
        The checkout; by default where this package lies. Its ``config`` may be absent.
    run_folder : path
        The working directory of the run.
    origin : str
        How messages call where `overrides` were given.

    Raises
    ------
    NotFoundError
        If there is no `config_path`.
    ConfigError
        If a file is no YAML, a key is unknown or a value cannot be used.
    """
    root = CHECKOUT if root is None else Path(root)
    layers = [Layer("", Config().model_dump())]
    layers += [read_layer(path) for path in config_files(root, Path(run_folder), config_path)]
    layers.append(Layer(origin, overrides or {}))
    return build_config(layers)


def build_config(layers: Sequence[Layer]) -> Config:
    """Merge `layers`, the last one strongest, and check the result.

    Raises
    ------
    ConfigError
        If a key is unknown or a value cannot be used; it names the layer.
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        replaced_error(layer)
        merged = merge(merged, layer.values)
    added = merged.get("algorithms")
    if isinstance(added, Mapping) and all(isinstance(place, str) for place in added.values()):
        # Before the check: other keys name them.
        ALGORITHMS.add(added)
    try:
        config = Config.model_validate(merged)
    except ValidationError as error:
        raise config_error(error, layers) from None
    _check_inputs(config.inference.algorithms)
    check_algorithm_options(config.training.options)
    return config


def _check_inputs(algorithms: Sequence[str]) -> None:
    """Raise ConfigError for algorithms that look at something that light curves do not have."""
    # Those that come with the project are not loaded for this.
    others = [name for name in algorithms if name not in DEFAULT_ALGORITHMS]
    if not others:
        return
    task = TASKS.get("variables")
    wrong = [name for name in others if name not in task.algorithms]
    if wrong:
        raise ConfigError(
            "algorithms that cannot score light curves (inference.algorithms)",
            value=", ".join(wrong),
            allowed=task.algorithms,
        )


def merge(
    base: Mapping[str, Any],
    values: Mapping[str, Any],
    section: type[BaseModel] | None = Config,
) -> dict[str, Any]:
    """Return `base` with `values` on top: sections are merged, all else is replaced.

    A section that is null (an empty heading in a file) changes nothing. Maps that `section`
    marks as `scope.config.base.WHOLE` are replaced.
    """
    result = dict(base)
    fields = {} if section is None else section.model_fields
    for name, value in values.items():
        old = result.get(name)
        field = fields.get(name)
        whole = field is not None and WHOLE in field.metadata
        if isinstance(old, Mapping) and isinstance(value, Mapping) and not whole:
            result[name] = merge(old, value, _section(field))
        elif not (isinstance(old, Mapping) and value is None):
            result[name] = copy.deepcopy(value)
    return result


def _section(field: FieldInfo | None) -> type[BaseModel] | None:
    """Return the section that a key holds, None if it holds another value."""
    inner: Any = None if field is None else field.annotation
    return inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None


def read_layer(path: Path) -> Layer:
    """Read one YAML file; an empty one has no keys.

    Raises
    ------
    NotFoundError
        If there is no such file.
    ConfigError
        If it is no YAML, a key stands twice, or it is not a table of keys.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotFoundError("no such configuration file", value=str(path)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"configuration file that cannot be read, {path}", value=reason_of(error)
        ) from None
    try:
        check_nesting(text)
        values = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise _yaml_error(error, path) from None
    if values is None:
        values = {}
    if not isinstance(values, dict):
        raise ConfigError(
            f"configuration file without keys, {path}",
            value=type(values).__name__,
            allowed="lines like `key: value`",
        )
    return Layer(str(path), values)


def config_files(root: Path, run_folder: Path, config_path: str | Path | None) -> list[Path]:
    """Return the files that the configuration is read from, weakest first.

    Parameters
    ----------
    root, run_folder : path
        The checkout, and the working directory of the run.
    config_path : path or None
        Stands in for the files of the run folder; listed also where it is not there.
    """
    files = [root / "config" / name for name in CONFIG_FILES]
    if config_path is None:
        files += [run_folder / "config" / name for name in CONFIG_FILES]
        files.append(run_folder / "config.yaml")
    found: dict[Path, Path] = {}
    for path in files:
        if path.is_file():
            found.setdefault(path.resolve(), path)
    return [*found.values(), *([] if config_path is None else [Path(config_path)])]


class _Loader(OnceLoader):
    """A loader to which a key that stands twice, or is no text, is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[str, Any]:
        mapping = super().construct_mapping(node, deep=deep)
        for name in mapping:
            if not isinstance(name, str):
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {name!r} is no text; put it in quotes", node.start_mark
                )
        return mapping


def _yaml_error(error: yaml.YAMLError, path: Path) -> ConfigError:
    """Say in one line where a file stops being YAML."""
    where, problem = str(path), str(error).splitlines()[0]
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        if mark is not None:
            where = f"{path}, line {mark.line + 1}, column {mark.column + 1}"
        problem = error.problem or problem
    return ConfigError(
        f"configuration file that is no YAML, {where}",
        value=problem,
        todo="check indentation, colons, brackets and quotes there",
    )
