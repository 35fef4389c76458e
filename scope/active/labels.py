"""Labels: what somebody said of an object, and the tables in which they come."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date as Date
from datetime import datetime
from pathlib import Path
from typing import Any

from scope.cells import RefusedCell, parse_name
from scope.errors import InputError, few
from scope.schema import Column, require_columns

SOURCES = ("human", "catalogue", "minor_planet", "random", "synthetic", "residual")
"""Where a label may come from."""

COLUMNS = (
    Column("object", "string", nullable=False, description="What was labelled, as the task's id"),
    Column("task", "string", nullable=False, description="variables, stamps, spectra, …"),
    Column("label", "string", nullable=False, description="Class"),
    Column("weight", "float64", nullable=False, description="0: not this class; 1: sure"),
    Column("source", "string", nullable=False, description=", ".join(SOURCES)),
    Column("labeller", "string", nullable=False, description="Who; empty for a program"),
    Column("round", "int32", nullable=False, description="Round of questions; 0 before the first"),
    Column("date", "string", nullable=False, description="Day, or time (ISO 8601, UTC)"),
    Column("note", "string", nullable=False, description="Anything"),
)

WITHDRAWN = "withdrawn"
"""Note of a label that takes back what its labeller said of an object: it counts as never said."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Label:
    """A label: what somebody, or a program, said of an object.

    Attributes
    ----------
    object : str
        Id as the task has it; whole numbers are written out.
    task, label : str
    weight : float
        From 0 (not of this class) to 1 (sure).
    source : str
        One of `SOURCES`.
    labeller : str
        Who said it; needed where the source is ``human``.
    round : int
    date : str
        ISO day or time; today where it is empty.
    note : str
    """

    object: str
    task: str
    label: str
    weight: float = 1.0
    source: str = "human"
    labeller: str = ""
    round: int = 0
    date: str = ""
    note: str = ""

    @property
    def place(self) -> tuple[str, str, str, str, int]:
        """Origin of the label: who said it of what, and when it was asked."""
        return (self.task, self.object, self.source, self.labeller, self.round)

    @property
    def said(self) -> tuple[str, float, str]:
        """Content of the label, on whatever day it was given."""
        return (self.label, self.weight, self.note)


NAMES = tuple(field.name for field in fields(Label))


def read_labels(
    path: str | Path, allowed: tuple[str, ...] | None = None, /, **defaults: Any
) -> list[Label]:
    """Return the labels of a table of a user; missing columns from `defaults`.

    Rows without a label are left out: they were not answered.

    Parameters
    ----------
    path : path
    allowed : tuple of str, optional
        What labels may be; any by default.

    Raises
    ------
    MissingColumnError
        If there is no object, task or label.
    InputError
        If a cell cannot be read.
    """
    from scope.io.user_tables import read_user_table
    from scope.io.values import exact_names, exact_numbers

    frame = read_user_table(path, text=("object", "label", "note", "labeller", "date"), known=NAMES)
    needed = [name for name in ("object", "task", "label") if name not in defaults]
    require_columns(list(frame.columns), needed, f" in {path}")
    columns: dict[str, list[Any]] = {}
    for name in NAMES:
        if name not in frame.columns:
            continue
        if name in ("weight", "round"):
            columns[name] = list(exact_numbers(frame[name], name, path))
        else:
            columns[name] = exact_names(frame[name], name, path)
    found = []
    for number in range(len(frame)):
        cells = {name: values[number] for name, values in columns.items()}
        given = {k: v for k, v in cells.items() if v is not None and v == v}
        if "label" not in given:
            continue
        row = {**defaults, **given}
        found.append(checked_label(row, number + 1, allowed, f" of {path}", "row"))
    return found


def checked_label(
    item: Label | Mapping[str, Any],
    number: int,
    allowed: tuple[str, ...] | None,
    where: str = "",
    what: str = "label",
) -> Label:
    row = f"{what} {number}{where}"
    values = asdict(item) if isinstance(item, Label) else dict(item)
    if unknown := sorted(set(values) - set(NAMES)):
        raise InputError(f"{row} with unknown keys", value=few(unknown), allowed=NAMES)
    for name in ("object", "task", "label"):
        if values.get(name) in (None, ""):
            raise InputError(f"{row} without {name}", allowed="a value")
    label = Label(
        object=checked_object(values["object"], f"object of {row}"),
        task=checked_task(values["task"]),
        label=_text(values["label"], f"class of {row}"),
        weight=_weight(values.get("weight", 1.0), row),
        source=str(values.get("source", "human")),
        labeller=_text(values.get("labeller", ""), f"labeller of {row}"),
        round=_round(values.get("round", 0), row),
        date=_date(values.get("date", ""), row),
        note=_text(values.get("note", ""), f"note of {row}"),
    )
    if label.source not in SOURCES:
        raise InputError(f"source of {row}", value=label.source, allowed=SOURCES)
    if label.source == "human" and not label.labeller:
        raise InputError(f"{row} that nobody gave", allowed="a labeller, where the source is human")
    if allowed is not None and label.label not in allowed:
        raise InputError(
            f"{row}, of object {label.object}, with an unknown label",
            value=label.label,
            allowed=allowed,
            todo="correct the label",
        )
    return label


def checked_object(value: object, what: str) -> str:
    try:
        name = parse_name(value)
    except RefusedCell as error:
        allowed = "text or a whole number, all digits"
        raise InputError(what, value=str(value), allowed=allowed) from error
    if name is None or isinstance(value, float):
        raise InputError(what, value=str(value), allowed="text or a whole number, all digits")
    return _text(name, what)


def _text(value: object, what: str) -> str:
    text = str(value if value is not None else "").strip()
    if any(not sign.isprintable() for sign in text):
        raise InputError(what, value=text, allowed="text on one line")
    return text


def checked_task(value: object) -> str:
    if not _NAME.fullmatch(str(value)):
        raise InputError("name of a task", value=str(value), allowed="small letters and digits")
    return str(value)


def _weight(value: object, row: str) -> float:
    try:
        weight = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        weight = math.nan
    if not 0 <= weight <= 1:
        raise InputError(f"weight of {row}", value=str(value), allowed="0 to 1")
    return weight


def _round(value: object, row: str) -> int:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if not (number >= 0 and number == int(number) and number < 2**31):
        raise InputError(f"round of {row}", value=str(value), allowed="a whole number, 0 or more")
    return int(number)


def _date(value: object, row: str) -> str:
    text = str(value or "").strip() or Date.today().isoformat()
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"date of {row}", value=text, allowed="a day or time of ISO 8601, such as 2025-01-31"
        ) from None
    return text
