"""Reading a table forwards, any number of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from scope.errors import CorruptFileError
from scope.io import count_rows, iter_batches, read_schema

PIECE_ROWS = 256
"""Rows that a cursor holds at most beyond those asked for."""


class Cursor:
    """The rows of a Parquet file, taken in file order with bounded memory.

    The file is open from the first row taken to the last.

    Parameters
    ----------
    path : str or Path
    columns : sequence of str, optional
        What to read, in this order. All by default.
    """

    def __init__(self, path: str | Path, columns: Sequence[str] | None = None) -> None:
        self.path = path
        self._left = count_rows(path)
        self._pieces: Iterator[pa.Table] = iter_batches(path, columns, PIECE_ROWS)
        self._rest: pa.Table | None = None
        empty = read_schema(path).empty_table()
        self._empty = empty if columns is None else empty.select(list(columns))

    def take(self, rows: int) -> pa.Table:
        """Return the next `rows` rows.

        Raises
        ------
        CorruptFileError
            If the file ends before.
        """
        if rows > self._left:
            raise CorruptFileError(
                "file with fewer rows than expected",
                value=f"{self.path}: {self._left} rows left, {rows} wanted",
                todo="make it again",
            )
        parts: list[pa.Table] = []
        missing = rows
        while missing:
            piece = self._rest if self._rest is not None else next(self._pieces)
            parts.append(piece.slice(0, missing))
            self._rest = piece.slice(missing) if piece.num_rows > missing else None
            missing -= parts[-1].num_rows
        self._left -= rows
        if not self._left:
            # A generator that waits after its last piece would keep that piece and the file.
            self._pieces = iter(())
        return pa.concat_tables(parts) if parts else self._empty
