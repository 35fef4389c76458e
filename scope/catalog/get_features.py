"""Files of features for a list of ids: downloaded from Kowalski, or computed from an archive."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.errors import InputError
from scope.io import (
    read_ids,
    read_metadata,
    read_parquet,
    read_table,
    to_frame,
    write_csv,
    write_table,
)
from scope.provenance import record

if TYPE_CHECKING:
    import pandas as pd

_log = logging.getLogger(__name__)

Impute = Callable[["pd.DataFrame"], "pd.DataFrame"]
"""Returns the rows in which nothing is missing any more, see
`scope.preprocessing.impute_features`."""

UNDEFINED = "undefined_feature"


class FeatureSource(Protocol):
    """Source of the features of light curves: files, a database, or the computation."""

    def facts(self) -> dict[str, Any]:
        """Return what products record of it."""

    def read(self, ids: npt.NDArray[np.int64]) -> tuple[pa.Table, dict[str, Any]]:
        """Return a row for each id, in ascending order, and the record of these rows.

        The column ``reason`` is null where there are features.

        `ids`: (n,) int64.
        """


class FeatureFile(NamedTuple):
    """A file of features.

    Attributes
    ----------
    path : Path
    rows : int
    without : int
        Rows that have a reason for having no features.
    kept : bool
        Whether the file was there already.
    """

    path: Path
    rows: int
    without: int
    kept: bool


def get_features(
    source: FeatureSource,
    ids: npt.NDArray[np.int64],
    stem: str | Path,
    *,
    max_sources: int = 100_000,
    start: int = 0,
    end: int | None = None,
    restart: bool = False,
    impute: Impute | None = None,
    csv: bool = False,
    write: bool = True,
    facts: Mapping[str, Any] | None = None,
) -> list[FeatureFile]:
    """Write the features of light curves, so many to a file, in ascending order of ``_id``.

    A file that holds the ids of its turn already, made with the same settings, is left
    as it is: what was interrupted goes on where it stopped.

    Parameters
    ----------
    source : FeatureSource
    ids : (n,) int64
        In any order; ids that stand twice count once.
    stem : path
        Files are ``<stem>_iter_<k>.parquet``, k from 0.
    max_sources : int
        Light curves of a file.
    start, end : int
        Places among the ids, in ascending order: only these light curves. From a multiple of
        `max_sources` on they go into the files that a download of all would write, so that
        several can share the work.
    restart : bool
        Make all files again.
    impute : callable, optional
        Fills missing features of the rows of a file. Rows in which something stays
        undefined keep their row, with the reason ``undefined_feature``.
    csv : bool
        Write ``.csv`` files too.
    write : bool
        False only reads, to try a source.
    facts : mapping, optional
        Further settings to record; files made with others are made again.

    Returns
    -------
    list of FeatureFile

    Raises
    ------
    InputError
        If the part that is asked for is empty.
    ScopeError
        As of the source.
    """
    unique = np.unique(ids)
    if len(unique) < len(ids):
        _log.warning("%d ids stand twice; each counts once", len(ids) - len(unique))
    settings = {
        **(facts or {}),
        **source.facts(),
        "features_imputed": impute is not None,
    }
    files = []
    last = len(unique) if end is None else min(end, len(unique))
    if start and start >= last:
        raise InputError(
            "no light curves between --start and --end",
            value=f"{start} to {last}",
            allowed=f"0 to {len(unique)}, and --end above --start",
        )
    for place in range(start, max(last, 1), max_sources):
        path = part_path(stem, place // max_sources)
        part = unique[place : min(place + max_sources, last)]
        if write and not restart and _is_done(path, part, settings):
            file = FeatureFile(path, len(part), _without(path), True)
        else:
            file = _make(source, part, path, impute, csv, write, settings)
        _log.info("%d light curves, %s; %d of %d", len(part), path, place + len(part), last)
        files.append(file)
    _warn_of_leftovers(Path(stem), max(-(-len(unique) // max_sources), 1))
    return files


def part_path(stem: str | Path, number: int) -> Path:
    """Return the path of a file of features, by the number that it has among those of a list."""
    return Path(f"{stem}_iter_{number}.parquet")


def split_part(path: Path) -> tuple[str, int] | None:
    """Return the name of the list and the number of a file, of `part_path`; else None."""
    name, found, number = path.stem.rpartition("_iter_")
    return (name, int(number)) if found and number.isdecimal() else None


def _make(
    source: FeatureSource,
    ids: npt.NDArray[np.int64],
    path: Path,
    impute: Impute | None,
    csv: bool,
    write: bool,
    settings: Mapping[str, Any],
) -> FeatureFile:
    table, made_by = source.read(ids)
    if impute is not None:
        table = _imputed(table, impute)
    if write:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_table(table, path, record("features", made_by, **settings))
        if csv:
            write_csv(read_parquet(path), path.with_suffix(".csv"))
    without = table.num_rows - table.column("reason").null_count
    return FeatureFile(path, table.num_rows, without, False)


def _imputed(table: pa.Table, impute: Impute) -> pa.Table:
    """Return a table with missing features filled; no row is dropped."""
    reason = np.array(table.column("reason").to_pylist(), dtype=object)
    there = np.flatnonzero([one is None for one in reason])
    if not len(there):
        return table
    numeric = [
        field.name
        for field in table.schema
        if pa.types.is_floating(field.type) or pa.types.is_integer(field.type)
    ]
    frame = to_frame(table.select(numeric).take(pa.array(there)))
    filled = impute(frame)
    rows = there[np.searchsorted(frame["_id"].to_numpy(), filled["_id"].to_numpy())]
    reason[np.setdiff1d(there, rows)] = UNDEFINED
    for name in filled.columns:
        old = table.column(name)
        # Ids are never filled, and have more digits than a float.
        if name.endswith("_id") or (pa.types.is_integer(old.type) and not old.null_count):
            continue
        values = old.to_numpy(zero_copy_only=False).astype(np.float64)
        values[rows] = filled[name].to_numpy(dtype=np.float64, na_value=np.nan)
        new = pa.array(values, from_pandas=True).cast(old.type)
        table = table.set_column(table.schema.get_field_index(name), name, new)
    column = pa.array(reason, pa.string())
    return table.set_column(table.schema.get_field_index("reason"), "reason", column)


def _is_done(path: Path, ids: npt.NDArray[np.int64], settings: Mapping[str, Any]) -> bool:
    """Return whether a file holds these ids, made with these settings."""
    if not path.is_file():
        return False
    try:
        made_with = read_metadata(path)
        same = all(made_with.get(name) == value for name, value in settings.items())
        return same and np.array_equal(read_ids(path), ids)
    except InputError:
        # Truncated, or none of ours: made again.
        return False


def _without(path: Path) -> int:
    column = read_table(path, ["reason"]).column("reason")
    return len(column) - column.null_count


def _warn_of_leftovers(stem: Path, count: int) -> None:
    """Say which files of an earlier, longer list are still there."""
    left = []
    for path in stem.parent.glob(f"{stem.name}_iter_*.parquet"):
        part = split_part(path)
        if part is not None and part[0] == stem.name and part[1] >= count:
            left.append(path.name)
    if left:
        _log.warning(
            "files of an earlier, longer list are still there: %s", ", ".join(sorted(left))
        )
