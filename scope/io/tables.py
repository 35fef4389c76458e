"""Parquet tables: reading, whole or in pieces, and their metadata."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from scope.errors import CorruptFileError, InputError, NotFoundError, few
from scope.jsontext import parse_json
from scope.schema import METADATA_KEY, require_columns

_BUFFER_BYTES = 1 << 16
"""Read-ahead per column: large row groups of foreign files are not loaded as a whole."""


def read_table(path: str | Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a Parquet file.

    Parameters
    ----------
    path : str or Path
    columns : sequence of str, optional
        What to read, in this order. All by default.

    Returns
    -------
    pyarrow.Table
        Its schema metadata is that of the file.

    Raises
    ------
    NotFoundError, CorruptFileError, MissingColumnError
    """
    with _opened(path) as file:
        names = _selected(file, columns, path)
        table = _with_texts_checked(file.read(columns=names))
    return table if names is None else table.select(names)


def iter_batches(
    path: str | Path,
    columns: Sequence[str] | None = None,
    rows: int = 4096,
    *,
    holding: npt.NDArray[np.bool_] | None = None,
) -> Iterator[pa.Table]:
    """Read a Parquet file in pieces, in file order, with memory for one piece only.

    Parameters
    ----------
    path : str or Path
    columns : sequence of str, optional
        What to read, in this order. All by default.
    rows : int
        Most rows of a piece.
    holding : (n,) bool, optional
        One per row of the file: only row groups that hold a true one are read.

    Yields
    ------
    pyarrow.Table
        With one chunk per column. Nothing is yielded for a file without rows.

    Raises
    ------
    NotFoundError, CorruptFileError, MissingColumnError
    """
    if rows < 1:
        raise InputError("rows of a piece", value=rows, allowed="1 or more")
    with _opened(path, buffer_size=_BUFFER_BYTES) as file:
        names = _selected(file, columns, path)
        groups = None if holding is None else _groups(file, holding)
        for batch in file.iter_batches(rows, groups, columns=names, use_threads=False):
            table = _with_texts_checked(pa.Table.from_batches([batch]))
            yield table if names is None else table.select(names)


def _with_texts_checked(table: pa.Table) -> pa.Table:
    """Return a table whose texts are texts: Parquet does not check the bytes of foreign files."""
    for column in table.columns:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            column.validate(full=True)
    return table


def _groups(file: pq.ParquetFile, holding: npt.NDArray[np.bool_]) -> list[int]:
    """Return the numbers of the row groups that hold a true row."""
    metadata = file.metadata
    sizes = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
    group = np.repeat(np.arange(len(sizes)), sizes)
    return np.unique(group[holding]).tolist()


def read_schema(path: str | Path) -> pa.Schema:
    """Return the Arrow schema of a Parquet file, without reading its rows."""
    with _opened(path) as file:
        return file.schema_arrow


def count_rows(path: str | Path) -> int:
    """Return the number of rows of a Parquet file, without reading them."""
    with _opened(path) as file:
        return int(file.metadata.num_rows)


def read_metadata(path: str | Path) -> dict[str, Any]:
    """Return the ``scope`` object of a Parquet file's metadata; empty where there is none.

    Raises
    ------
    NotFoundError
        If there is no such file.
    CorruptFileError
        If the file is no Parquet file or the metadata are no JSON object.
    """
    return metadata_of(read_schema(path), path)


def metadata_of(schema: pa.Schema, path: str | Path | None = None) -> dict[str, Any]:
    """Return the ``scope`` object of a schema's metadata; empty where there is none."""
    text = (schema.metadata or {}).get(METADATA_KEY.encode())
    if text is None:
        return {}
    try:
        value = parse_json(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise CorruptFileError(
            f"metadata that cannot be read, key {METADATA_KEY!r}",
            value=str(path) if path is not None else repr(text[:80]),
            allowed="a JSON object",
            todo="write the file again",
        )
    return value


@contextmanager
def _opened(path: str | Path, buffer_size: int = 0) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file; whatever is wrong with it, now or while it is read, names it."""
    try:
        with pq.ParquetFile(
            path,
            pre_buffer=False,
            buffer_size=buffer_size,
            page_checksum_verification=True,
        ) as file:
            # Names that are no text are found here, not where somebody first looks at them.
            _ = file.schema_arrow.names
            yield file
    except FileNotFoundError as error:
        raise NotFoundError("no such file", value=str(path)) from error
    except PermissionError as error:
        raise InputError("file that may not be read", value=str(path)) from error
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if Path(path).is_dir():
            raise InputError("folder in place of a Parquet file", value=str(path)) from error
        raise CorruptFileError(
            "truncated or foreign file, not readable as Parquet",
            value=str(path),
            todo=f"make or download it again ({str(error).splitlines()[0]})",
        ) from error


def _selected(
    file: pq.ParquetFile, columns: Sequence[str] | None, path: str | Path
) -> list[str] | None:
    names = file.schema_arrow.names
    count = Counter(names)
    twice = [name for name in (names if columns is None else columns) if count[name] > 1]
    if twice:
        raise InputError(
            f"column name that stands twice in {path}",
            value=few(twice),
            todo="rename or drop columns",
        )
    if columns is None:
        return None
    require_columns(names, columns, f" in {path}")
    return list(columns)
