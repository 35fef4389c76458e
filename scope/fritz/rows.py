"""Rows of a table that is uploaded: positions, periods, names, and probabilities of classes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scope.errors import InputError, MissingColumnError, UsageError
from scope.fritz.taxonomy_map import Entry, TaxonomyMap
from scope.identifiers import exact_id

if TYPE_CHECKING:
    import pandas as pd

READ = "read"
"""In place of names of columns: all columns of the taxonomy map."""

SURVEY_IDS = ("Gaia_EDR3___id", "AllWISE___id", "PS1_DR1___id")
SURVEY_ID = "survey_id"
"""A column with one of these ids and its survey's name, ``Gaia_EDR3___123``."""

PERIOD = "period"


@dataclass(frozen=True)
class UploadRow:
    """One source of the table.

    Attributes
    ----------
    number : int
        From 0.
    ra, dec : float
        Degrees.
    obj_id : str or None
        Name on Fritz, where the table has one.
    period : float or None
        Days.
    survey_ids : tuple of str
        ``Gaia_EDR3___<id>`` and so on.
    classes : mapping of Entry to float
        Probabilities that are high enough to be posted, by class.
    """

    number: int
    ra: float
    dec: float
    obj_id: str | None = None
    period: float | None = None
    survey_ids: tuple[str, ...] = ()
    classes: dict[Entry, float] = field(default_factory=dict)


def class_columns(
    table: pd.DataFrame, classification: Sequence[str], mapper: TaxonomyMap
) -> list[str]:
    """Return the columns whose probabilities are uploaded.

    Raises
    ------
    MissingColumnError
        If the table lacks one that is named.
    UsageError
        If a name is not in the map, or no column of the map is in the table.
    """
    if list(classification) == [READ]:
        found = [name for name in mapper.wanted if name in table.columns]
        if not found:
            raise UsageError(
                "no column of the table is in the taxonomy map",
                value=", ".join(map(str, table.columns)),
                allowed=list(mapper.wanted),
            )
        return found
    for name in classification:
        if name not in table.columns:
            raise MissingColumnError(
                "no such column of probabilities", value=name, allowed=list(table.columns)
            )
        if name not in mapper:
            raise UsageError(
                "column that is not in the taxonomy map", value=name, allowed=list(mapper.wanted)
            )
    return [name for name in classification if mapper[name] is not None]


def upload_rows(
    table: pd.DataFrame,
    columns: Sequence[str],
    mapper: TaxonomyMap,
    *,
    p_threshold: float = 0.0,
    start: int = 0,
    stop: int | None = None,
    path: str | Path = "the table",
) -> list[UploadRow]:
    """Return the rows from `start` to `stop`, both included, counted from 0.

    A class is posted from `p_threshold` on; where that is 0, above 0. Of several columns
    that mean one class the highest probability counts.

    Raises
    ------
    MissingColumnError
        If there is no position.
    InputError
        If a position is none, a probability is not from 0 to 1, or an id of another survey is
        no whole number or was rounded.
    """
    for name in ("ra", "dec"):
        if name not in table.columns:
            raise MissingColumnError(f"no column in {path}", value=name, allowed="ra, dec")
    last = len(table) if stop is None else stop + 1
    rows = []
    for number in range(start, min(last, len(table))):
        # Cell by cell: a row of a table of numbers turns long ids into floats.
        cells: dict[str, Any] = {str(k): table[k].iat[number] for k in table.columns}
        ra, dec = float(cells["ra"]), float(cells["dec"])
        if not (math.isfinite(ra) and -90.0 <= dec <= 90.0):
            raise InputError(f"position in row {number} of {path}", value=f"ra {ra}, dec {dec}")
        rows.append(
            UploadRow(
                number,
                ra % 360.0,
                dec,
                _text(cells.get("obj_id")),
                _positive(cells.get(PERIOD)),
                _survey_ids(cells, f"row {number} of {path}"),
                _classes(cells, columns, mapper, p_threshold, f"row {number} of {path}"),
            )
        )
    return rows


def _classes(
    cells: Mapping[str, Any],
    columns: Sequence[str],
    mapper: TaxonomyMap,
    threshold: float,
    where: str,
) -> dict[Entry, float]:
    found: dict[Entry, float] = {}
    for name in columns:
        value = _number(cells[name])
        if value is None:
            continue
        if not 0.0 <= value <= 1.0:
            raise InputError(
                f"probability of {name!r} in {where}", value=value, allowed="from 0 to 1"
            )
        if value >= threshold if threshold > 0 else value > 0:
            entry = mapper.wanted[name]
            found[entry] = max(value, found.get(entry, 0.0))
    return found


def _survey_ids(cells: Mapping[str, Any], where: str) -> tuple[str, ...]:
    named = _text(cells.get(SURVEY_ID))
    if named is not None:
        return (named,)
    found = []
    for name in SURVEY_IDS:
        number = exact_id(cells.get(name), f"{name} in {where}")
        if number is not None and number > 0:
            found.append(f"{name.removesuffix('id')}{number}")
    return tuple(found)


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _positive(value: Any) -> float | None:
    number = _number(value)
    return number if number is not None and number > 0 else None


def _text(value: Any) -> str | None:
    text = "" if value is None else str(value).strip()
    return None if text in ("", "nan", "None", "<NA>") else text
