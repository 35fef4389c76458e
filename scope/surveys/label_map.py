"""What the classes of labelled light curves say about the labels of a training set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from scope.config.classes import CLASSES
from scope.errors import ConfigError, InputError, reason_of
from scope.io.yamltext import parse_yaml

NOT_VARIABLE = "non-variable"
SIMULATION = "simulation"
"""What a truth table says of where simulated stars are from."""

LABELS: tuple[str, ...] = (*(item.label for item in CLASSES), NOT_VARIABLE)
"""Label columns of a training set."""

KEYS = ("is", "unknown", "same_as")


@dataclass(frozen=True)
class Labelling:
    """Consequences of a class: the labels that are true, false and unknown.

    Attributes
    ----------
    labels : tuple of str
        That such a star has.
    unknown : tuple of str
        That it may have or not. All others it has not.
    """

    labels: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class LabelMap:
    """The classes of labelled sets.

    Attributes
    ----------
    classes : dict of str to Labelling
        By the name of the class in a set.
    leave_out : frozenset of str
        Classes whose stars are not used.
    """

    classes: Mapping[str, Labelling]
    leave_out: frozenset[str]

    @classmethod
    def load(cls, path: str | Path) -> LabelMap:
        """Read a YAML file such as ``config/labels.yaml``, which explains its keys.

        Raises
        ------
        ConfigError
            If it is no such file, or names labels that no training set has.
        """
        try:
            content = parse_yaml(Path(path).read_text(encoding="utf-8"))
            if not isinstance(content, dict):
                raise ValueError("it has no keys")
            classes: dict[str, Labelling] = {}
            for name, entry in content["classes"].items():
                for alias in (name, *entry.get("same_as", ())):
                    if alias in classes:
                        raise ValueError(f"class {alias} stands twice")
                    classes[alias] = _labelling(name, entry)
            return cls(classes, frozenset(content.get("leave_out", ())))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
            raise ConfigError(
                f"label map {path} cannot be used",
                value=reason_of(error),
                allowed=f"classes, each with {', '.join(KEYS)}, and leave_out; labels are "
                + ", ".join(LABELS),
                todo="correct it; config/labels.yaml is one",
            ) from error

    def of(self, name: str) -> Labelling | None:
        """Return what follows from a class; None if its stars are left out.

        Raises
        ------
        InputError
            If nothing is said about it.
        """
        if name in self.leave_out:
            return None
        if name not in self.classes:
            raise InputError(
                "class of light curves that the label map does not know",
                value=name,
                allowed=[*self.classes, *sorted(self.leave_out)],
                todo="add it to the classes of the label map, or to its leave_out",
            )
        return self.classes[name]


def _labelling(name: str, entry: Mapping[str, Any]) -> Labelling:
    labels, unknown = tuple(entry["is"]), tuple(entry.get("unknown", ()))
    wrong = [key for key in entry if key not in KEYS]
    wrong += [label for label in (*labels, *unknown) if label not in LABELS]
    wrong += [label for label in labels if label in unknown]
    if wrong:
        raise ValueError(f"{wrong[0]} of class {name}")
    return Labelling(labels, unknown)
