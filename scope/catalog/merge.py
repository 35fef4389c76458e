"""Join the scores of one algorithm to the rows of a target: the predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scope.catalog.cursor import Cursor
from scope.catalog.field_check import CheckOptions, FieldCheck
from scope.errors import InputError
from scope.io import (
    TableWriter,
    count_rows,
    iter_batches,
    read_metadata,
    read_schema,
    read_table,
)
from scope.plugins import ALGORITHMS
from scope.provenance import record
from scope.schema import PLACE_NAMES, SURVEY_ID_NAMES, require_columns
from scope.schema import PREDICTED_PLACE as PLACE

WINDOW_ROWS = 4096
"""Rows that are joined at a time."""

SURVEY_IDS = SURVEY_ID_NAMES
"""Ids in other surveys. Zero and not null stands for none, so that tables join on them."""

RESULT = (
    *("n_epochs", "significance", "log10_fap", "alias_trend", "reason", "imputed", "ood_p"),
    "provenance",
)
"""What a row tells about itself besides its place and its scores."""


def merge(
    gathered: str | Path,
    scores: Sequence[str | Path],
    output: str | Path,
    *,
    algorithm: str,
    nulls: str | Path | None = None,
    check: CheckOptions | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Write the predictions of one algorithm: every row, its keys, its scores.

    Columns: ``_id``, ``obj_id`` if any row has one, the survey ids (0 = none), ``ra``,
    ``dec``, ``period``, ``field``, ``ccd``, ``quad`` (where the survey has them), ``filter``;
    ``n_epochs``,
    ``significance``, ``log10_fap``, ``alias_trend``, ``reason``, ``imputed``, ``ood_p``,
    ``provenance``; then
    ``{tag}_{algorithm}``, float32 and not rounded, in the order of `scores`, null where
    ``reason`` says why.

    Parameters
    ----------
    gathered : path
        All rows of the target in order of `_id`.
    scores : sequence of path
        Files with `_id`, row by row the same as in `gathered`, and score columns.
    output : path
    algorithm : str
    nulls : path, optional
        Scored nulls of the target (`scope.catalog.score_nulls`). The record of `output`
        then says, under ``field_check``, how many of these reach which score.
    check : CheckOptions, optional
        What is counted, and what is too much.
    facts : mapping, optional
        Further facts for the record of `output`.

    Raises
    ------
    InputError
        If ids differ in a row, a class stands in two files, or a row has neither scores
        nor a reason, or both.
    """
    if algorithm not in ALGORITHMS:
        raise InputError("unknown algorithm", value=algorithm, allowed=ALGORITHMS)
    parts = [_score_fields(path, algorithm) for path in scores]
    classes = [[field.name for field in part] for part in parts]
    _check_distinct(classes, scores)
    fields = _key_fields(gathered)
    schema = pa.schema([*fields, *(field for part in parts for field in part)])
    upstream = [read_metadata(path) for path in (gathered, *scores)]
    own = dict(facts or {})
    if nulls is not None:
        own["field_check"] = _field_check(gathered, scores, classes, nulls, check)
    metadata = record("preds", upstream, **own)
    rows = _check_rows(gathered, scores)
    keys = Cursor(gathered, [field.name for field in fields])
    cursors = [Cursor(path, ["_id", *part]) for path, part in zip(scores, classes, strict=True)]
    with TableWriter(output, schema, metadata) as writer:
        for start in range(0, rows, WINDOW_ROWS):
            n = min(WINDOW_ROWS, rows - start)
            table = _with_zeros(keys.take(n))
            for cursor in cursors:
                part = cursor.take(n)
                check_same_ids(table, part, gathered, cursor.path)
                for field in part.schema.remove(0):
                    table = table.append_column(field.name, part.column(field.name))
            _check_complete(table, schema.names[len(fields) :], output)
            writer.write(table)


def _field_check(
    gathered: str | Path,
    scores: Sequence[str | Path],
    classes: Sequence[Sequence[str]],
    nulls: str | Path,
    check: CheckOptions | None,
) -> dict[str, Any]:
    """Return what the record says of the scores of nulls, beside those of all rows."""
    names = [name for part in classes for name in part]
    found = FieldCheck({n.rpartition("_")[0]: [n] for n in names}, check or CheckOptions())
    found.count_nulls(read_table(nulls, ["null", "reason", *names]))
    keys = Cursor(gathered, ["reason"])
    cursors = [Cursor(path, part) for path, part in zip(scores, classes, strict=True)]
    rows = count_rows(gathered)
    for start in range(0, rows, WINDOW_ROWS):
        table = keys.take(n := min(WINDOW_ROWS, rows - start))
        for cursor in cursors:
            for name, column in zip(*_columns(cursor.take(n)), strict=True):
                table = table.append_column(name, column)
        found.count("real", table)
    return found.facts()


def _columns(table: pa.Table) -> tuple[list[str], list[pa.ChunkedArray]]:
    return table.column_names, table.columns


def _key_fields(gathered: str | Path) -> list[pa.Field]:
    """Return the columns of a prediction file before the scores, as `gathered` has them."""
    schema = read_schema(gathered)
    has_places = not set(PLACE_NAMES).isdisjoint(schema.names)
    places = [name for name in PLACE if has_places or name not in PLACE_NAMES]
    names = ["_id", "obj_id", *SURVEY_IDS, *places, *RESULT]
    require_columns(schema.names, names, f" in {gathered}")
    if not _any_value(gathered, "obj_id"):
        names.remove("obj_id")
    return [
        _with_zero(schema.field(name)) if name in SURVEY_IDS else schema.field(name)
        for name in names
    ]


def _with_zero(field: pa.Field) -> pa.Field:
    """Return the column of survey ids that has 0 in place of null."""
    metadata = dict(field.metadata or {})
    metadata[b"description"] = metadata.get(b"description", b"Survey id") + b", 0 if none"
    return field.with_nullable(False).with_metadata(metadata)


def _any_value(path: str | Path, column: str) -> bool:
    """Return whether any row of a column has a value."""
    return any(
        piece.column(0).null_count < piece.num_rows for piece in iter_batches(path, [column])
    )


def _with_zeros(table: pa.Table) -> pa.Table:
    """Return a table with 0 in place of null survey ids."""
    for name in SURVEY_IDS:
        position = table.schema.get_field_index(name)
        filled = pc.fill_null(table.column(position).cast(pa.int64()), 0)
        table = table.set_column(position, name, filled)
    return table


def _score_fields(path: str | Path, algorithm: str) -> list[pa.Field]:
    """Return the score columns of a file."""
    fields = [field for field in read_schema(path) if field.name != "_id"]
    for field in fields:
        if not field.name.endswith(f"_{algorithm}") or field.type != pa.float32():
            raise InputError(
                f"column that holds no scores in {path}",
                value=f"{field.name} {field.type}",
                allowed=f"<class>_{algorithm}, float32",
            )
    if not fields:
        raise InputError("file without scores", value=str(path), todo="score at least one class")
    return fields


def _check_distinct(classes: Sequence[Sequence[str]], scores: Sequence[str | Path]) -> None:
    """Raise if there are no files or a class stands in two."""
    if not scores:
        raise InputError("merging of no scores", allowed="at least one file")
    seen: dict[str, str | Path] = {}
    for path, names in zip(scores, classes, strict=True):
        for name in names:
            if name in seen:
                raise InputError(
                    "class with scores in two files",
                    value=f"{name} in {seen[name]} and {path}",
                    allowed="each class once",
                )
            seen[name] = path


def _check_rows(gathered: str | Path, scores: Sequence[str | Path]) -> int:
    """Return the number of rows that all files have."""
    rows = count_rows(gathered)
    for path in scores:
        if (found := count_rows(path)) != rows:
            raise InputError(
                f"scores of another number of rows, {path}",
                value=found,
                allowed=f"{rows}, as in {gathered}",
                todo="score this target again",
            )
    return rows


def check_same_ids(
    left: pa.Table, right: pa.Table, left_path: str | Path, right_path: str | Path
) -> None:
    """Raise unless two tables have the same ids row by row."""
    ids, others = left.column("_id").to_numpy(), right.column("_id").to_numpy()
    if not np.array_equal(ids, others):
        row = int(np.argmax(ids != others))
        raise InputError(
            f"rows that do not belong together in {left_path} and {right_path}",
            value=f"_id {ids[row]} and {others[row]}",
            allowed="the same ids in the same order",
            todo="make both again from the same features",
        )


def _check_complete(table: pa.Table, names: Sequence[str], output: str | Path) -> None:
    """Raise unless each row has either all scores, finite, or a reason for having none."""
    without_reason = pc.is_null(table.column("reason"))
    for name in names:
        has_score = pc.fill_null(pc.is_finite(table.column(name)), False)
        wrong = pc.xor(has_score, without_reason)
        if pc.any(wrong).as_py():
            row = pc.index(wrong, True).as_py()
            raise InputError(
                f"row that has neither a score nor a reason, or both, for {output}",
                value=f"_id {table.column('_id')[row]}, {name} {table.column(name)[row]}, "
                f"reason {table.column('reason')[row]}",
                allowed="a finite score, or a null score and a reason",
            )
