"""How a published catalogue of variable stars is read: its columns, its epoch, its classes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from scope.errors import ConfigError, reason_of
from scope.io.yamltext import parse_yaml
from scope.surveys.label_map import KEYS, LABELS, Labelling, LabelMap

PLAIN, GCVS = "plain", "gcvs"
COLUMNS = (
    *("id", "ra", "dec", "class", "class_parts", "period", "mag", "pmra", "pmdec", "ref_epoch"),
)
"""What columns may be for; each with the names that the catalogue is known to give it."""

CLASS_LEFT_OUT = "class_left_out"
UNCERTAIN = "uncertain_class"
NO_CLASS = "no_class"
UNKNOWN_CLASS = "unknown_class"


@dataclass(frozen=True)
class CatalogueMap:
    """Description of a catalogue: its columns, classes and positions.

    Attributes
    ----------
    name : str
    columns : mapping of str to tuple of str
        Names that a column of a kind (`COLUMNS`) may have; the first that is there is used.
    classes : mapping of str to Labelling
    leave_out : frozenset of str
        Classes that say too little.
    grammar : {"plain", "gcvs"}
        How classes are put together, see `of`.
    others : {"error", "leave_out"}
        What classes are that stand neither in `classes` nor in `leave_out`.
    epoch : float
        Julian year of the positions, where no column ``ref_epoch`` says it.
    flags_leave_out, flags_inexact_period : mapping of str to tuple of str
        Column -> letters of a row that is not used, or whose period judges nothing.
    reference : str
    """

    name: str
    columns: Mapping[str, tuple[str, ...]]
    classes: Mapping[str, Labelling]
    leave_out: frozenset[str] = frozenset()
    grammar: str = PLAIN
    others: str = "error"
    epoch: float = 2000.0
    flags_leave_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    flags_inexact_period: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reference: str = ""

    @classmethod
    def load(
        cls,
        path: str | Path,
        known: LabelMap,
        labels: Sequence[str] = LABELS,
    ) -> CatalogueMap:
        """Read a YAML file such as ``config/catalogues/csdr1.yaml``.

        Parameters
        ----------
        path : str or Path
        known : LabelMap
            Classes that it may name, of ``config/labels.yaml``.
        labels : sequence of str
            Labels that there are.

        Raises
        ------
        ConfigError
            If it is no such file, or names classes or labels that there are not.
        """
        try:
            content = parse_yaml(Path(path).read_text(encoding="utf-8"))
            if not isinstance(content, dict):
                raise ValueError("it has no keys")
            return cls(**_settings(content, known, labels))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
            raise ConfigError(
                f"map of a catalogue that cannot be used, {path}",
                value=reason_of(error),
                allowed="name, columns, classes, and those keys that config/catalogues/README.md "
                "describes",
                todo="correct it; config/catalogues/csdr1.yaml is one",
            ) from error

    def of(self, text: str | None) -> Labelling | str:
        """Return what follows from a class, or why nothing does.

        With the grammar ``gcvs``: a colon or a question mark is doubt; ``A|B`` is one of both,
        and only what both have is known; ``A+B`` has what each has; of ``A/B`` and ``A(B)`` the
        first counts where the whole is no class of its own, and what B has is not known.
        """
        if text is None:
            return NO_CLASS
        found = self._plain(text)
        if found == UNKNOWN_CLASS and self.grammar == GCVS:
            found = self._composed(text)
        if found == UNKNOWN_CLASS and self.others == "leave_out":
            return CLASS_LEFT_OUT
        return found

    def _plain(self, text: str) -> Labelling | str:
        if text in self.classes:
            return self.classes[text]
        return CLASS_LEFT_OUT if text in self.leave_out else UNKNOWN_CLASS

    def _composed(self, text: str) -> Labelling | str:
        if ":" in text or "?" in text:
            return UNCERTAIN
        for sign, join in (("|", either), ("+", both)):
            if sign in text:
                parts = [self.of(part.strip()) for part in text.split(sign)]
                why = next((part for part in parts if isinstance(part, str)), None)
                return why or join(part for part in parts if isinstance(part, Labelling))
        shorter = re.sub(r"\([^)]*\)", "", text).strip()
        rest = ""
        if shorter == text and "/" in text:
            shorter, rest = (part.strip() for part in text.rsplit("/", 1))
        if shorter in (text, ""):
            return UNKNOWN_CLASS
        found = self.of(shorter)
        also = self._plain(rest)
        if isinstance(found, str) or isinstance(also, str):
            return found
        # ``EA/RS``: an eclipsing star that may be of the other class too, and not surely none.
        possible = {*found.unknown, *also.labels, *also.unknown}
        return _ordered(set(found.labels), possible - set(found.labels))


def either(parts: Iterable[Labelling]) -> Labelling:
    """Return what is known of a star of one of several classes."""
    lists = list(parts)
    labels = set.intersection(*(set(item.labels) for item in lists))
    possible = {name for item in lists for name in (*item.labels, *item.unknown)}
    return _ordered(labels, possible - labels)


def both(parts: Iterable[Labelling]) -> Labelling:
    """Return what is known of a star of several classes at once."""
    lists = list(parts)
    labels = {name for item in lists for name in item.labels}
    return _ordered(labels, {name for item in lists for name in item.unknown} - labels)


def _ordered(labels: set[str], unknown: set[str]) -> Labelling:
    return Labelling(
        tuple(name for name in LABELS if name in labels),
        tuple(name for name in LABELS if name in unknown),
    )


_SIMPLE = ("name", "grammar", "others", "epoch", "reference")
_FLAGS = ("flags_leave_out", "flags_inexact_period")


def _settings(content: Mapping[str, Any], known: LabelMap, labels: Sequence[str]) -> dict[str, Any]:
    strange = [
        key for key in content if key not in (*_SIMPLE, *_FLAGS, "columns", "classes", "leave_out")
    ]
    if strange:
        raise ValueError(f"key {strange[0]!r} that there is not")
    columns = {kind: tuple(map(str, names)) for kind, names in content["columns"].items()}
    strange = [kind for kind in columns if kind not in COLUMNS]
    if strange:
        raise ValueError(f"columns for {strange[0]!r}: there are {', '.join(COLUMNS)}")
    settings: dict[str, Any] = {name: content[name] for name in _SIMPLE if name in content}
    for name, choices in (("grammar", (PLAIN, GCVS)), ("others", ("error", "leave_out"))):
        if settings.get(name, choices[0]) not in choices:
            raise ValueError(f"{name} {settings[name]!r}: there are {', '.join(choices)}")
    settings["epoch"] = float(settings.get("epoch", 2000.0))
    for name in _FLAGS:
        settings[name] = {
            column: tuple(map(str, letters)) for column, letters in content.get(name, {}).items()
        }
    classes: dict[str, Labelling] = {}
    for name, entry in content["classes"].items():
        classes[str(name)] = _labelling(str(name), entry, known, labels)
    leave_out = frozenset(map(str, content.get("leave_out", ())))
    both_ways = sorted(leave_out & set(classes))
    if both_ways:
        raise ValueError(f"class {both_ways[0]} that is used and left out")
    return {**settings, "columns": columns, "classes": classes, "leave_out": leave_out}


def _labelling(name: str, entry: Any, known: LabelMap, labels: Sequence[str]) -> Labelling:
    """Return what a class says: as a class of the label map does, or by lists of its own."""
    if isinstance(entry, str):
        if entry not in known.classes:
            raise ValueError(f"class {name}: {entry!r} is no class of the label map")
        found = known.classes[entry]
    else:
        strange = [key for key in entry if key not in KEYS[:2]]
        if strange:
            raise ValueError(f"{strange[0]} of class {name}")
        found = Labelling(tuple(entry["is"]), tuple(entry.get("unknown", ())))
    wrong = [label for label in (*found.labels, *found.unknown) if label not in labels]
    wrong += [label for label in found.labels if label in found.unknown]
    if wrong:
        raise ValueError(f"class {name}: {wrong[0]!r} is no label, or stands twice")
    return found
