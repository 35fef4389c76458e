"""What can be named in a configuration and added to: algorithms, tasks.

Each of them is one module in a package, called as people name it, or an object anywhere that
a line of the configuration points to (``algorithms: {hgb: "my_module:HGB"}``). Nothing is
imported before it is used, and nothing else in the library quotes their names.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from scope.errors import ConfigError

_NAME = re.compile(r"[a-z][a-z0-9]*")
_PLACE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


class Registry:
    """Names of one kind of things, and where each of them is.

    Parameters
    ----------
    kind : str
        What they are, for messages.
    package : str
        Package whose modules (or packages) are the built-in ones: the module's name is the
        thing's name. Those with a leading underscore are none.
    attribute : str
        What such a module calls the thing.
    reserved : collection of str
        Names that mean something else.
    """

    def __init__(
        self, kind: str, package: str, attribute: str, reserved: Collection[str] = ()
    ) -> None:
        self.kind, self._package, self._attribute = kind, package, attribute
        self._reserved = frozenset(reserved)
        self._loaded: dict[str, Any] = {}
        self._found: list[str] | None = None

    @property
    def _variable(self) -> str:
        """Environment variable by which processes that are started know what was added."""
        return f"SCOPE_{self.kind.upper()}S"

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    @property
    def names(self) -> tuple[str, ...]:
        """All names: the built-in ones in the order of the alphabet, then those added."""
        return tuple(dict.fromkeys([*self._built_in(), *self._added()]))

    def _built_in(self) -> list[str]:
        if self._found is not None:
            return self._found
        found = find_spec(self._package)
        folders = [] if found is None else found.submodule_search_locations or []
        paths = [path for folder in folders for path in Path(folder).iterdir()]
        modules = [path.stem for path in paths if path.suffix == ".py"]
        modules += [path.name for path in paths if (path / "__init__.py").is_file()]
        self._found = sorted(name for name in modules if not name.startswith("_"))
        return self._found

    def _added(self) -> dict[str, str]:
        lines = os.environ.get(self._variable, "").split(",")
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def add(self, places: Mapping[str, str]) -> None:
        """Add things by name, each with its place, ``module:object``.

        Processes that this one starts know them too. The module is found on ``sys.path``; the
        working directory counts.

        Raises
        ------
        ConfigError
            If a name is taken or cannot be one, or a place is none.
        """
        for name, place in places.items():
            if not _NAME.fullmatch(name):
                raise ConfigError(
                    f"{self.kind} with a name that cannot be used",
                    value=name,
                    allowed="small letters and digits, a letter first: it ends column names",
                )
            if not _PLACE.fullmatch(place):
                raise ConfigError(
                    f"{self.kind} {name!r} whose place is none",
                    value=place,
                    allowed="module:object, such as my_module:HGB",
                )
            taken = name in self._built_in() or name in self._reserved
            if taken or self._added().get(name, place) != place:
                raise ConfigError(
                    f"{self.kind} whose name is taken", value=name, todo="choose another name"
                )
            added = {**self._added(), name: place}
            os.environ[self._variable] = ",".join(f"{one}={at}" for one, at in added.items())

    def get(self, name: str) -> Any:
        """Return the thing of a name.

        Raises
        ------
        ConfigError
            If there is none, or its module cannot be imported or lacks it.
        """
        if name not in self.names:
            raise ConfigError(f"unknown {self.kind}", value=name, allowed=self.names)
        place = self._added().get(name, f"{self._package}.{name}:{self._attribute}")
        if place not in self._loaded:
            self._loaded[place] = self._load(name, place)
        return self._loaded[place]

    def _load(self, name: str, place: str) -> Any:
        module, _, attribute = place.partition(":")
        if os.getcwd() not in sys.path:
            # Last, so that a file of the run folder hides no library.
            sys.path.append(os.getcwd())
        try:
            found = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise ConfigError(
                f"{self.kind} {name!r} that cannot be loaded",
                value=f"{place}: {error}",
                allowed="an object in a module that Python finds",
                todo="correct its line in the configuration, or put its folder on PYTHONPATH",
            ) from error
        made = found() if isinstance(found, type) else found
        if getattr(made, "name", None) != name:
            raise ConfigError(
                f"{self.kind} that calls itself otherwise than it is registered",
                value=f"{place}: {getattr(made, 'name', None)!r}",
                allowed=name,
            )
        return made


ALGORITHMS = Registry(
    "algorithm",
    "scope.models.algorithms",
    "ALGORITHM",
    # Ends of other columns of a catalogue, and what several algorithms together are called.
    reserved=("p", "set", "fused", "field", "train", "mean", "stars"),
)
"""What learns: `scope.models.algorithm.Algorithm`."""

DEFAULT_ALGORITHMS: tuple[str, str] = ("dnn", "xgb")
"""Whose models come with the project: what scores light curves where nothing else is configured."""

TASKS = Registry("task", "scope.tasks", "TASK")
"""What is learnt: `scope.models.task.Task`."""
