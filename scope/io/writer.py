"""Parquet tables: writing, with the same bytes however the rows arrive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from scope.errors import InputError
from scope.io.atomic import atomic_path
from scope.io.readers import for_other_readers
from scope.io.values import exact_ids
from scope.schema import Column, arrow_schema, require_columns, with_scope_metadata

ROW_GROUP_ROWS = 4096


class TableWriter:
    """Write a Parquet file piece by piece; it appears under its name when all is written.

    The rows are buffered into row groups of a fixed size, so that the file does not depend on
    the sizes of the pieces. An error inside the ``with`` block leaves no file.

    Parameters
    ----------
    path : str or Path
        The product. Its folder is made where it does not exist.
    schema : pyarrow.Schema or iterable of Column
        Every piece must have these columns; order and compatible types are put right.
    metadata : mapping, optional
        JSON object for the schema metadata key ``scope``.
    row_group_rows : int
        Rows of a row group. Part of what decides the bytes.
    compressed : bool
        Without, single rows are read three times as fast, from a file a quarter larger.

    Raises
    ------
    InputError
        If a piece has other columns, values that its types cannot hold, or nulls where none
        may be.
    ScopeError
        If the disk is full.

    Examples
    --------
    >>> with TableWriter(path, SOURCES, record("sources")) as writer:  # doctest: +SKIP
    ...     for piece in pieces:
    ...         writer.write(piece)
    """

    def __init__(
        self,
        path: str | Path,
        schema: pa.Schema | Iterable[Column],
        metadata: Mapping[str, Any] | None = None,
        row_group_rows: int = ROW_GROUP_ROWS,
        *,
        compressed: bool = True,
    ) -> None:
        if row_group_rows < 1:
            raise InputError("rows of a row group", value=row_group_rows, allowed="1 or more")
        schema = schema if isinstance(schema, pa.Schema) else arrow_schema(schema)
        self.path = Path(path)
        schema = schema if metadata is None else with_scope_metadata(schema, metadata)
        self.schema = for_other_readers(schema)
        self.row_group_rows = row_group_rows
        self.compressed = compressed
        self.rows = 0
        self._pending: list[pa.Table] = []
        self._pending_rows = 0
        self._stack = ExitStack()
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> TableWriter:
        with ExitStack() as stack:
            temporary = stack.enter_context(atomic_path(self.path))
            self._writer = _parquet_writer(temporary, self.schema, self.compressed)
            stack.push(self._finish)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, traceback)

    def write(self, piece: pa.Table | pa.RecordBatch) -> None:
        """Append rows; any number at a time."""
        if self._writer is None:
            raise RuntimeError("TableWriter.write outside of its with block")
        if isinstance(piece, pa.RecordBatch):
            piece = pa.Table.from_batches([piece])
        piece = conform(piece, self.schema, self.path)
        if piece.num_rows == 0:
            return
        self._pending.append(piece)
        self._pending_rows += piece.num_rows
        self.rows += piece.num_rows
        if self._pending_rows >= self.row_group_rows:
            self._drain()

    def _drain(self) -> None:
        """Write the full row groups that are pending, keep the rest."""
        table = pa.concat_tables(self._pending)
        start = 0
        while table.num_rows - start >= self.row_group_rows:
            self._write_group(table.slice(start, self.row_group_rows))
            start += self.row_group_rows
        rest = table.slice(start)
        self._pending = [rest] if rest.num_rows else []
        self._pending_rows = rest.num_rows

    def _write_group(self, table: pa.Table) -> None:
        assert self._writer is not None
        # One chunk per column: the writer cuts pages at chunk borders.
        self._writer.write_table(table.combine_chunks(), row_group_size=self.row_group_rows)

    def _finish(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file; the temporary name is renamed or removed after this."""
        assert self._writer is not None
        try:
            if kind is None and self._pending:
                self._write_group(pa.concat_tables(self._pending))
        except BaseException:
            self._abandon()
            raise
        if kind is None:
            self._writer.close()
        else:
            self._abandon()
        self._writer, self._pending = None, []

    def _abandon(self) -> None:
        """Close a file that will be removed; a second error would hide the first."""
        if self._writer is not None:
            with suppress(Exception):
                self._writer.close()


def write_table(
    table: pa.Table,
    path: str | Path,
    metadata: Mapping[str, Any] | None = None,
    row_group_rows: int = ROW_GROUP_ROWS,
) -> None:
    """Write a whole table, see `TableWriter`.

    Without `metadata`, the schema metadata of the table are kept.
    """
    with TableWriter(path, table.schema, metadata, row_group_rows) as writer:
        writer.write(table)


def conform(table: pa.Table, schema: pa.Schema, path: str | Path) -> pa.Table:
    """Return `table` with exactly the columns, order and types of `schema`.

    Raises
    ------
    MissingColumnError
        If a column is missing.
    InputError
        If there are further columns, a value does not fit the type, or a null stands where
        none may be.
    """
    where = f" for {path}"
    names = schema.names
    require_columns(table.schema.names, names, where)
    if extra := sorted(set(table.schema.names) - set(names)):
        raise InputError(f"unexpected columns{where}", value=", ".join(extra), allowed=names)
    columns = []
    for field in schema:
        column = table.column(field.name)
        if not column.type.equals(field.type):
            column = _cast(column, field, where)
        if column.null_count and not field.nullable:
            raise InputError(
                f"column {field.name!r} with missing values{where}",
                value=f"{column.null_count} nulls",
                allowed="a value in every row",
            )
        columns.append(column)
    return pa.Table.from_arrays(columns, schema=schema)


def _cast(column: pa.ChunkedArray, field: pa.Field, where: str) -> pa.ChunkedArray:
    exact = pa.types.is_integer(field.type) or pa.types.is_string(field.type)
    if pa.types.is_floating(column.type) and exact:
        # Arrow would take a rounded id for an id, and write the name 12 as ``12.0``.
        whole = pa.array(exact_ids(column, field.name, where.removeprefix(" for ")))
        column = pa.chunked_array([whole])
    try:
        return column.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InputError(
            f"column {field.name!r} that does not fit its type{where}",
            value=f"{column.type}: {str(error).splitlines()[0]}",
            allowed=str(field.type),
        ) from error


def _parquet_writer(path: Path, schema: pa.Schema, compressed: bool) -> pq.ParquetWriter:
    """Open a writer with every setting that shapes the bytes pinned."""
    strings = [field.name for field in schema if pa.types.is_string(field.type)]
    return pq.ParquetWriter(
        path,
        schema,
        version="2.6",
        data_page_version="1.0",
        compression="zstd" if compressed else "none",
        compression_level=3 if compressed else None,
        use_dictionary=strings,
        write_statistics=True,
        write_page_index=False,
        write_page_checksum=True,
        use_compliant_nested_type=True,
        store_schema=True,
    )
