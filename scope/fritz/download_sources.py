"""Sources of Fritz with their classifications, periods and votes, as a table."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scope.cells import is_missing
from scope.errors import MissingColumnError, UsageError, few
from scope.fritz.sources import (
    OUR_PREFIX,
    Json,
    check_place,
    get_source,
    sources_around,
)
from scope.io.values import exact_names, positions
from scope.services.fritz import PAGE_ITEMS, Fritz

if TYPE_CHECKING:
    import pandas as pd

SEPARATOR = ";"
MATCH_RADIUS_ARCSEC = 2.0
CHECKPOINT_ROWS = 500

FOUND_COLUMNS = (
    *("obj_id", "ra", "dec", "classification", "taxonomy_id", "probability"),
    *("period_origin", "period", "ztf_id_origin", "ztf_id", "labellers", "sum_votes"),
)
JOINED_COLUMNS = tuple(name for name in FOUND_COLUMNS if name not in ("obj_id", "ra", "dec"))
"""Those in which several values stand in one text."""

COMPLETE = (
    *("obj_id", "classification", "probability", "period_origin", "period"),
    *("ztf_id_origin", "ztf_id"),
)
"""A table with these columns was downloaded before."""

_log = logging.getLogger(__name__)

Written = Callable[["pd.DataFrame"], None]


class Labellers:
    """Names of the people who marked sources as labelled.

    A list of sources has the rows of their labels, with numbers of people; only a source that
    is asked for by its name comes with people. One of each is asked for, and remembered.

    Parameters
    ----------
    fritz : Fritz
    """

    def __init__(self, fritz: Fritz) -> None:
        self._fritz = fritz
        self._names: dict[int, str] = {}

    def of(self, source: Mapping[str, Any]) -> list[str]:
        """Return the names of a source's labellers, each once; its number for one who is gone."""
        rows = source.get("labellers") or ()
        self._learn(row for row in rows if "username" in row)
        numbers = dict.fromkeys(int(row.get("labeller_id", row["id"])) for row in rows)
        if not set(numbers) <= set(self._names):
            whole = get_source(self._fritz, source["id"], includeLabellers=True) or {}
            self._learn(whole.get("labellers") or ())
        return [self._names.setdefault(number, str(number)) for number in numbers]

    def _learn(self, people: Iterable[Mapping[str, Any]]) -> None:
        self._names.update((int(one["id"]), str(one["username"])) for one in people)


def source_row(source: Mapping[str, Any], labellers: Iterable[str]) -> dict[str, Any]:
    """Return what is kept of a source.

    Several classifications, and several annotations with a period or an id of ZTF, stand in
    one text with semicolons, in their order; ``sum_votes`` has the votes of each
    classification, and a probability that nobody gave is empty.
    """
    classes = source["classifications"]
    row = {
        **{name: source[name] for name in ("id", "ra", "dec")},
        "classification": _joined(one["classification"] for one in classes),
        "taxonomy_id": _joined(one["taxonomy_id"] for one in classes),
        "probability": _joined(one["probability"] for one in classes),
        "labellers": _joined(labellers),
        "sum_votes": _joined(sum(vote["vote"] for vote in one["votes"]) for one in classes),
    }
    for key in ("period", "ztf_id"):
        notes = [note for note in source["annotations"] if key in note["data"]]
        row[f"{key}_origin"] = _joined(note["origin"] for note in notes)
        row[key] = _joined(note["data"][key] for note in notes)
    row["obj_id"] = row.pop("id")
    return {name: row[name] for name in FOUND_COLUMNS}


def download_groups(
    fritz: Fritz, groups: Sequence[int], *, first_page: int = 1, written: Written
) -> pd.DataFrame:
    """Return all sources of groups, by id, and hand over the table after each page."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    labellers = Labellers(fritz)
    pages = fritz.pages(
        "sources",
        "sources",
        first=first_page,
        size=PAGE_ITEMS,
        group_ids=list(groups) or None,
        includeLabellers=True,
        sortBy="id",
        sortOrder="asc",
    )
    for page in pages:
        rows += [source_row(source, labellers.of(source)) for source in page]
        written(pd.DataFrame(rows, columns=list(FOUND_COLUMNS)))
    return pd.DataFrame(rows, columns=list(FOUND_COLUMNS))


def download_table(
    fritz: Fritz,
    table: pd.DataFrame,
    *,
    start: int = 0,
    path: str | Path = "the table",
    written: Written,
) -> pd.DataFrame:
    """Return the rows of a table from `start` on with what Fritz has of their sources.

    Sources are found by ``obj_id``, else around ``ra`` and ``dec`` [deg]: the newest that
    SCoPe named, else the newest. Rows without a source keep empty cells, and so do those whose
    name is that of a source more than 2 arcsec from the row's position: a warning names both.
    The table is handed over after every 500 rows.

    Raises
    ------
    MissingColumnError
        If there are neither names nor positions.
    InputError
        If a name or position cannot be read, or half of a position is missing.
    """
    has_name, has_place = "obj_id" in table, {"ra", "dec"} <= set(table.columns)
    if not has_name and not has_place:
        raise MissingColumnError(
            "neither names nor positions of sources",
            value=", ".join(map(str, table.columns)),
            allowed="obj_id, or ra and dec",
        )
    part = _readable(table.iloc[start:].reset_index(drop=True), start, path)
    _say_unfindable(part, start, path)
    found: list[dict[str, Any]] = []
    labellers = Labellers(fritz)
    for number in range(len(part)):
        name = part["obj_id"].iat[number] if has_name else None
        place = _place(part, number) if has_place else None
        if is_missing(name):
            source = None if place is None else _nearby(fritz, place)
        else:
            source = _named(fritz, str(name), place, number + start)
        found.append({} if source is None else source_row(source, labellers.of(source)))
        if (number + 1) % CHECKPOINT_ROWS == 0:
            written(_beside(part.iloc[: number + 1], found))
    result = _beside(part, found)
    written(result)
    return result


def _say_unfindable(table: pd.DataFrame, first: int, path: str | Path) -> None:
    """Warn of rows with neither a name nor a position, which stay as they are."""
    nameless = table["obj_id"].isna() if "obj_id" in table else True
    nowhere = table["ra"].isna() if {"ra", "dec"} <= set(table.columns) else True
    rows = np.flatnonzero(np.broadcast_to(nameless & nowhere, len(table))) + first
    if len(rows):
        _log.warning(
            "%s: %d rows have neither a name nor a position: %s", path, len(rows), few(rows)
        )


def _readable(table: pd.DataFrame, first: int, path: str | Path) -> pd.DataFrame:
    """Return a table whose names are text and whose positions are degrees."""
    import pandas as pd

    columns: dict[str, Any] = {}
    if "obj_id" in table:
        names = exact_names(table["obj_id"], "obj_id", path, first=first)
        columns["obj_id"] = pd.array(names, dtype="str")
    if {"ra", "dec"} <= set(table.columns):
        columns["ra"], columns["dec"] = positions(table["ra"], table["dec"], path, first=first)
    return table.assign(**columns)


def is_downloaded(table: pd.DataFrame) -> bool:
    """Whether a table has all that a download would give."""
    return set(COMPLETE) <= set(table.columns)


def split_cells(row: Mapping[str, Any], name: str) -> list[str]:
    """Return the parts of a text with semicolons; none where there is none.

    Where no row has two values, another program may have made numbers of them.
    """
    value = row.get(name)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = "" if value is None or value != value else str(value)
    return text.split(SEPARATOR) if text else []


def _place(table: pd.DataFrame, number: int) -> tuple[float, float] | None:
    """Return the position of a row, in degrees; None where it has none."""
    ra, dec = (float(table[name].to_numpy(dtype=float)[number]) for name in ("ra", "dec"))
    return None if math.isnan(ra) else (ra, dec)


def _named(fritz: Fritz, name: str, place: tuple[float, float] | None, row: int) -> Json | None:
    """Return the source of a name; None if unknown, or not where the row says that it is."""
    source = get_source(fritz, name, includeLabellers=True)
    if source is not None and place is not None:
        try:
            check_place(source, *place, MATCH_RADIUS_ARCSEC)
        except UsageError as error:
            _log.warning("row %d is left without its source: %s", row, error)
            return None
    return source


def _nearby(fritz: Fritz, place: tuple[float, float]) -> Json | None:
    around = sources_around(fritz, *place, MATCH_RADIUS_ARCSEC)
    ours = [source for source in around if source["id"].startswith(OUR_PREFIX)]
    if not around:
        return None
    return get_source(fritz, (ours or around)[-1]["id"], includeLabellers=True)


def _beside(table: pd.DataFrame, found: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return a table with the columns of what was found; its own names and places stay."""
    result = table.copy()
    for name in FOUND_COLUMNS:
        values = [row.get(name) for row in found]
        if name in ("obj_id", "ra", "dec") and name in table:
            old = table[name].tolist()
            values = [b if a != a or a is None else a for a, b in zip(old, values, strict=True)]
        result[name] = values
    return result


def _joined(values: Iterable[Any]) -> str:
    return SEPARATOR.join("" if value is None else str(value) for value in values)
