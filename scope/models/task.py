"""Interface of a task: what differs between light curves, stamps and spectra."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from scope.errors import ConfigError
from scope.models.algorithm import InputSpec, algorithms_for
from scope.plugins import TASKS

if TYPE_CHECKING:
    from pathlib import Path

    from scope.models.bundle import Bundle


class Task:
    """Task of learning: one object, in ``scope/tasks/<name>/`` (``TASK`` in its ``__init__``).

    Attributes
    ----------
    name : str
        First folder below ``models/``.
    title : str
        As pages call it.
    inputs : tuple of InputSpec
        What its rows consist of. Sizes that follow from a training are None.
    old_places : tuple of str
        Where bundles of this task lay before there were tasks, relative to a folder of models,
        with ``{algorithm}`` and ``{group}``.
    """

    name: str
    title: str
    inputs: tuple[InputSpec, ...]
    old_places: tuple[str, ...] = ()

    @property
    def algorithms(self) -> tuple[str, ...]:
        """Names of the algorithms that serve it: those whose inputs it has."""
        return algorithms_for([item.name for item in self.inputs])

    def check_bundle(self, bundle: Bundle) -> None:
        """Raise BundleError unless a bundle can score this task's rows.

        Called on load, after the hashes. The place to compare what `Bundle.preparation` says
        (order of features, size of padding, constants of a normalisation) with what the task
        does to rows: a bundle whose rows would be prepared otherwise must not score.
        """

    def import_models(self, source: Path, output: Path, algorithm: str) -> Bundle:
        """Write a bundle of models that others published, or that another program trained.

        Raises
        ------
        ConfigError
            If the task has no such models.
        """
        raise ConfigError("import of models of a task of which none are published", value=self.name)

    def preparation(self, **facts: Any) -> Mapping[str, Any]:
        """Return the facts that training states and `check_bundle` compares; JSON."""
        return facts


def find_task(name: str) -> Task:
    """Return a registered task.

    Raises
    ------
    ConfigError
        If it is unknown or is none.
    """
    found = TASKS.get(name)
    if not isinstance(found, Task):
        raise ConfigError(
            f"task {name!r} that is none",
            value=type(found).__name__,
            allowed="an object of a class that builds on scope.models.Task",
        )
    return found
