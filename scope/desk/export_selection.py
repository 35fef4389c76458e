"""What is selected as a file: CSV, VOTable, or the ids for ``run-scope-local``."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.csv

from scope.desk.table import Question, StarTable
from scope.errors import UsageError

FORMATS = {
    "csv": ("text/csv; charset=utf-8", "csv"),
    "votable": ("application/x-votable+xml", "vot"),
    "ids": ("text/csv; charset=utf-8", "csv"),
}
"""Media type and ending, by format."""

MOST_VOTABLE = 300_000
"""Rows of a VOTable, which is made in memory."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export_rows(
    table: StarTable, question: Question, columns: Sequence[str], kind: str
) -> Iterator[bytes]:
    """Return a selection as a file, a piece at a time.

    Parameters
    ----------
    columns : sequence of str
        Of CSV and VOTable.
    kind : {"csv", "votable", "ids"}
        ``ids`` is a table that ``run-scope-local`` reads.

    Raises
    ------
    UsageError
        If the format is unknown, a column is not there, or a VOTable would be too long.
    """
    if kind not in FORMATS:
        raise UsageError("no such format of export", value=kind, allowed=FORMATS)
    if kind == "ids":
        return _ids(table, question)
    columns = table.check_columns(columns)
    if not columns:
        raise UsageError("export without columns", todo="choose at least one")
    if kind == "csv":
        return _csv(table, question, columns)
    if table.count(question) > MOST_VOTABLE:
        raise UsageError(
            "selection that is too long for a VOTable",
            value=f"{table.count(question):,} rows",
            allowed=f"{MOST_VOTABLE:,} rows",
            todo="narrow the selection, or export CSV",
        )
    return iter([_votable(table, question, columns)])


def _ids(table: StarTable, question: Question) -> Iterator[bytes]:
    """Return the ids of the light curves selected; of stars those of all their light curves."""
    table.where(question)

    def pieces() -> Iterator[bytes]:
        yield b"ztf_id\n"
        for batch in table.light_curves(question):
            yield "".join(f"{one}\n" for one in batch).encode()

    return pieces()


def _csv(table: StarTable, question: Question, columns: Sequence[str]) -> Iterator[bytes]:
    columns = table.check_columns(columns)
    table.where(question)  # Told before the first byte leaves.

    def pieces() -> Iterator[bytes]:
        options = pa.csv.WriteOptions(include_header=False)
        yield (",".join(columns) + "\n").encode()
        for batch in table.batches(question, columns):
            buffer = io.BytesIO()
            safe = pa.table({name: _no_formula(batch.column(name)) for name in columns})
            pa.csv.write_csv(safe, buffer, options)
            yield buffer.getvalue()

    return pieces()


def _no_formula(column: Any) -> Any:
    """Return texts that no spreadsheet takes for a formula: an apostrophe stands before them."""
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    texts = [
        f"'{text}" if text is not None and text.startswith(_FORMULA) else text
        for text in column.to_pylist()
    ]
    return pa.array(texts, pa.string())


def _votable(table: StarTable, question: Question, columns: Sequence[str]) -> bytes:
    from astropy.table import MaskedColumn, Table

    rows = pa.Table.from_batches(list(table.batches(question, columns)))
    about = {column["name"]: column for column in table.columns}
    result = Table()
    for name in columns:
        column = rows.column(name).combine_chunks() if rows.num_rows else rows.column(name)
        masked = MaskedColumn(
            _filled(column),
            mask=column.is_null().to_numpy(zero_copy_only=False),
            description=about[name]["text"] or None,
        )
        if about[name]["unit"]:
            masked.unit = about[name]["unit"]
        result[name] = masked
    buffer = io.BytesIO()
    result.write(buffer, format="votable", tabledata_format="binary2")
    return buffer.getvalue()


def _filled(column: Any) -> Any:
    """Return the values as an array, with something where there is none."""
    import numpy as np

    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return np.array([text or "" for text in column.to_pylist()], dtype=str)
    empty = pa.scalar(0, pa.int8()).cast(column.type)
    return column.fill_null(empty).to_numpy(zero_copy_only=False)
