"""Put the units of a target into one file, in order of `_id`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.catalog.cursor import Cursor
from scope.errors import DuplicateIdError, InputError
from scope.io import TableWriter, metadata_of, read_ids, read_schema
from scope.jsontext import to_json
from scope.provenance import record
from scope.schema import PROVENANCE

WINDOW_ROWS = 4096
"""Rows of the result that are put together at a time."""


@dataclass(frozen=True)
class _Unit:
    """One input: its ids in ascending order, and the number of its provenance entry."""

    path: Path
    ids: npt.NDArray[np.int64]
    provenance: int


def gather(
    unit_paths: Sequence[str | Path],
    output: str | Path,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Concatenate the files of all units so that `_id` ascends over the whole.

    Memory holds the ids of all rows, a window of the result and a piece of each unit that
    is being read. The result does not depend on the order of `unit_paths`.

    Parameters
    ----------
    unit_paths : sequence of path
        Files with the same columns, each in ascending order of `_id`.
    output : path
        Gets their columns and ``provenance`` (int32): the number of the row's entry in the
        list ``provenance`` of the metadata, which holds the distinct records of the units.
    facts : mapping, optional
        Further facts for the record of `output`.

    Raises
    ------
    InputError
        If there is no unit, columns differ, or a unit is not in order.
    DuplicateIdError
        If an id stands twice, in one unit or in two.
    """
    if not unit_paths:
        raise InputError("gathering of no units", allowed="at least one file")
    paths = [Path(path) for path in unit_paths]
    schema = _common_schema(paths)
    records = [metadata_of(read_schema(path), path) for path in paths]
    table = sorted({to_json(entry): entry for entry in records}.items())
    numbers = {text: number for number, (text, _) in enumerate(table)}
    units = [
        _Unit(path, _ascending_ids(path), numbers[to_json(entry)])
        for path, entry in zip(paths, records, strict=True)
    ]
    facts = {**(facts or {}), "provenance": [entry for _, entry in table]}
    metadata = record("gathered", _agreed([entry for _, entry in table]), **facts)
    with TableWriter(output, schema.append(PROVENANCE.field), metadata) as writer:
        for window in _windows(units):
            writer.write(window)


def _windows(units: Sequence[_Unit]) -> Iterator[pa.Table]:
    """Yield the rows of all units in ascending order of their ids."""
    ids = np.concatenate([unit.ids for unit in units])
    owner = np.repeat(np.arange(len(units), dtype=np.int32), [len(unit.ids) for unit in units])
    order = np.argsort(ids, kind="stable")
    ids, owner = ids[order], owner[order]
    _check_unique(ids, owner, units)
    cursors = [Cursor(unit.path) for unit in units]
    for start in range(0, len(owner), WINDOW_ROWS):
        owners = owner[start : start + WINDOW_ROWS]
        counts = np.bincount(owners, minlength=len(units))
        present = np.flatnonzero(counts).tolist()
        parts = [cursors[unit].take(int(counts[unit])) for unit in present]
        keys = np.repeat([units[unit].provenance for unit in present], counts[present])
        table = pa.concat_tables(parts, promote_options="default")
        table = table.append_column(PROVENANCE.field, pa.array(keys, pa.int32()))
        # Each unit's rows are together; a stable sort of the owners says where each belongs.
        positions = np.empty(len(owners), dtype=np.int64)
        positions[np.argsort(owners, kind="stable")] = np.arange(len(owners))
        table = table if len(present) == 1 else table.take(pa.array(positions))
        if not np.array_equal(table.column("_id").to_numpy(), ids[start : start + WINDOW_ROWS]):
            raise InputError(
                "units that changed while they were read",
                value=", ".join(str(units[unit].path) for unit in present),
                todo="run again when nothing else writes to them",
            )
        yield table


def _common_schema(paths: Sequence[Path]) -> pa.Schema:
    """Return the schema that all files share, without its metadata."""
    first = read_schema(paths[0]).remove_metadata()
    for path in paths[1:]:
        other = read_schema(path)
        for position in range(max(len(first), len(other))):
            have = [
                f"{schema.field(position).name} {schema.field(position).type}"
                if position < len(schema)
                else "no column"
                for schema in (first, other)
            ]
            if have[0] != have[1]:
                raise InputError(
                    f"units with different columns, first at column {position + 1} of {path}",
                    value=have[1],
                    allowed=f"{have[0]}, as in {paths[0]}",
                    todo="make the units again with one version and one configuration",
                )
    return first


def _ascending_ids(path: Path) -> npt.NDArray[np.int64]:
    """Return the ids of a unit, checked to rise."""
    ids = read_ids(path)
    steps = np.diff(ids)
    if np.any(steps < 0):
        row = int(np.argmax(steps < 0)) + 1
        raise InputError(
            f"unit that is not in ascending order of _id, {path}",
            value=f"{ids[row]} after {ids[row - 1]} in row {row}",
            todo="make it again",
        )
    if np.any(steps == 0):
        raise DuplicateIdError(
            f"id that stands twice in {path}", value=int(ids[int(np.argmax(steps == 0))])
        )
    return ids


def _check_unique(
    ids: npt.NDArray[np.int64], owner: npt.NDArray[np.int32], units: Sequence[_Unit]
) -> None:
    """Raise if two units share an id; `ids` are sorted, `owner` says which unit has them."""
    same = ids[1:] == ids[:-1]
    if same.any():
        row = int(np.argmax(same))
        raise DuplicateIdError(
            "id that stands in two units",
            value=f"{ids[row]} in {units[owner[row]].path} and {units[owner[row + 1]].path}",
            allowed=f"each id once ({int(same.sum())} stand twice)",
            todo="see that no file of the survey is there twice under two names",
        )


def _agreed(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what all records say alike, and the stage versions that they share."""
    first = records[0]
    agreed = {
        name: value
        for name, value in first.items()
        if name != "stages" and all(entry.get(name) == value for entry in records)
    }
    stages = [entry.get("stages", {}) for entry in records]
    agreed["stages"] = {
        name: version
        for name, version in stages[0].items()
        if all(entry.get(name) == version for entry in stages)
    }
    return agreed
