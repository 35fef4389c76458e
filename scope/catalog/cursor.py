"""Reading a table forwards, any number of rows at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from scope.errors import CorruptFileError
from scope.io import iter_batches, read_schema

PIECE_ROWS = 1024
"""Rows that a cursor holds at most beyond those asked for."""


class Cursor:
    """The rows of a Parquet file, taken in file order with bounded memory.

    Parameters
    ----------
    path : str or Path
    columns : sequence of str, optional
        What to read, in this order. All by default.
    """

    def __init__(self, path: str | Path, columns: Sequence[str] | None = None) -> None:
        self.path = path
        self._pieces = iter_batches(path, columns, PIECE_ROWS)
        self._rest: pa.Table | None = None
        self._empty = read_schema(path).empty_table()
        if columns is not None:
            self._empty = self._empty.select(list(columns))

    def take(self, rows: int) -> pa.Table:
        """Return the next `rows` rows.

        Raises
        ------
        CorruptFileError
            If the file ends before.
        """
        parts: list[pa.Table] = []
        missing = rows
        while missing:
            piece = self._rest if self._rest is not None else next(self._pieces, None)
            if piece is None:
                raise CorruptFileError(
                    "file with fewer rows than expected",
                    value=str(self.path),
                    todo="make it again",
                )
            parts.append(piece.slice(0, missing))
            self._rest = piece.slice(missing) if piece.num_rows > missing else None
            missing -= parts[-1].num_rows
        return pa.concat_tables(parts) if parts else self._empty
