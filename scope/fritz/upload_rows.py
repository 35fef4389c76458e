"""Rows of a table that is uploaded: positions, periods, names, and probabilities of classes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scope.cells import RefusedCell
from scope.errors import InputError, MissingColumnError, UsageError
from scope.fritz.taxonomy_map import Entry, TaxonomyMap
from scope.io.kinds import MATCH_IDS as SURVEY_IDS
from scope.io.values import each_cell, exact_ids, exact_names, exact_numbers, positions

if TYPE_CHECKING:
    import pandas as pd

READ = "read"
"""In place of names of columns: all columns of the taxonomy map."""

SURVEY_ID = "survey_id"
"""A column with one of these ids and its survey's name, ``Gaia_EDR3___123``."""

SURVEY_ID_FORM = "the survey and its id with all digits, such as Gaia_EDR3___4295806720"
NUMBERED = re.compile(r"[+-]?[0-9.]+([eE][+-]?[0-9]+)?")

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
        If a position is none, a probability is not from 0 to 1, or a name or an id of another
        survey may have lost digits; the message names the row.
    """
    for name in ("ra", "dec"):
        if name not in table.columns:
            raise MissingColumnError(f"no column in {path}", value=name, allowed="ra, dec")
    part = table.iloc[start : None if stop is None else stop + 1]
    if len(table) and not len(part):
        raise UsageError(
            f"no row of {path} between --start and --stop",
            value=f"{start} to {len(table) - 1 if stop is None else stop}",
            allowed=f"0 to {len(table) - 1}",
        )
    ra, dec = positions(part["ra"], part["dec"], path, first=start)
    unknown = np.flatnonzero(np.isnan(ra) | np.isnan(dec))
    if len(unknown):
        row = int(unknown[0])
        raise InputError(
            f"no position in row {row + start} of {path}",
            value=f"{len(unknown)} such rows",
            allowed="ra and dec in every row",
            todo="fill them in, or leave such rows out of the table",
        )
    names = _optional(exact_names, part, "obj_id", path, start)
    periods = _optional(exact_numbers, part, PERIOD, path, start)
    survey_ids = _survey_ids(part, path, start)
    scores = {
        name: exact_numbers(part[name], f"probability of {name!r}", path, first=start)
        for name in columns
    }
    return [
        UploadRow(
            row + start,
            float(ra[row]),
            float(dec[row]),
            names[row],
            _positive(periods[row]),
            survey_ids[row],
            _classes(
                {name: float(values[row]) for name, values in scores.items()},
                mapper,
                p_threshold,
                f"row {row + start} of {path}",
            ),
        )
        for row in range(len(part))
    ]


def _optional(
    read: Callable[..., Any], part: pd.DataFrame, name: str, path: str | Path, first: int
) -> Sequence[Any]:
    """Return a column as `read` reads it; None in every row where there is none."""
    if name not in part:
        return [None] * len(part)
    found: Sequence[Any] = read(part[name], name, path, first=first)
    return found


def _classes(
    values: Mapping[str, float], mapper: TaxonomyMap, threshold: float, where: str
) -> dict[Entry, float]:
    found: dict[Entry, float] = {}
    for name, value in values.items():
        if math.isnan(value):
            continue
        if not 0.0 <= value <= 1.0:
            raise InputError(
                f"probability of {name!r} in {where}", value=value, allowed="from 0 to 1"
            )
        if value >= threshold if threshold > 0 else value > 0:
            entry = mapper.wanted[name]
            found[entry] = max(value, found.get(entry, 0.0))
    return found


def _survey_ids(part: pd.DataFrame, path: str | Path, first: int) -> list[tuple[str, ...]]:
    """Return the ids of each row in other surveys; none of them is 0 or less."""
    named = _optional(exact_names, part, SURVEY_ID, path, first)
    if SURVEY_ID in part:
        each_cell(_checked_survey_id, named, SURVEY_ID, path, first)
    numbers = {
        name.removesuffix("id"): exact_ids(part[name], name, path, first=first).to_numpy(
            dtype=np.int64, na_value=0
        )
        for name in SURVEY_IDS
        if name in part
    }
    found: list[tuple[str, ...]] = []
    for row, given in enumerate(named):
        cells = ((prefix, ids[row]) for prefix, ids in numbers.items())
        own = tuple(f"{prefix}{cell}" for prefix, cell in cells if cell > 0)
        found.append(own if given is None else (given,))
    return found


def _checked_survey_id(name: str | None) -> None:
    """Refuse an id that lost its survey or its digits."""
    if name is None:
        return
    survey, _, number = name.rpartition("_")
    if NUMBERED.fullmatch(number):
        if not survey:
            raise RefusedCell("without the name of its survey", name, SURVEY_ID_FORM)
        if not number.isdecimal():
            raise RefusedCell("that was rounded", name, SURVEY_ID_FORM)


def _positive(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) or value <= 0 else float(value)
