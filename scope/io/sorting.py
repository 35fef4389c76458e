"""Parquet tables in ascending id order, with bounded memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.errors import InputError
from scope.io.atomic import full_disk_explained
from scope.io.tables import iter_batches, read_schema, read_table

_BUCKET_ROWS = 4096
_MAX_BUCKETS = 256
"""Open scratch files at most; with more rows the buckets grow instead."""


def sorted_by_id(
    path: str | Path,
    id_column: str = "_id",
    rows: int = 4096,
    columns: Sequence[str] | None = None,
    scratch: str | Path | None = None,
) -> Iterator[pa.Table]:
    """Read a Parquet file in ascending order of an integer column.

    A file that is in order already is streamed as it is. Any other is first dealt out to
    scratch files, each a range of ids small enough to be sorted in memory; only the ids
    themselves (8 bytes per row) are held for the whole file.

    Parameters
    ----------
    path : str or Path
    id_column : str
        Integer column without nulls. Equal ids stay in file order.
    rows : int
        Most rows of a piece.
    columns : sequence of str, optional
        What to read, in this order. All by default.
    scratch : str or Path, optional
        Folder for scratch files, as large as the columns read, uncompressed. The system's
        folder for temporary files by default.

    Yields
    ------
    pyarrow.Table
        At most `rows` rows, one chunk per column.

    Raises
    ------
    NotFoundError, CorruptFileError, MissingColumnError
    InputError
        If the id column is not integer or has nulls.
    """
    names = list(columns) if columns is not None else read_schema(path).names
    ids = read_ids(path, id_column)
    if len(ids) < 2 or np.all(ids[1:] >= ids[:-1]):
        yield from iter_batches(path, names, rows)
        return
    rank = np.empty(len(ids), dtype=np.int64)
    rank[np.argsort(ids, kind="stable")] = np.arange(len(ids))
    with tempfile.TemporaryDirectory(dir=scratch, prefix="scope-sort-") as folder:
        yield from _rebatched(_through_buckets(path, names, rank, Path(folder)), rows)


def read_ids(path: str | Path, id_column: str = "_id") -> npt.NDArray[np.int64]:
    """Return the integer id column of a Parquet file, (n,) int64.

    Raises
    ------
    InputError
        If the column is not integer, has nulls, or values beyond int64.
    """
    column = read_table(path, [id_column]).column(0)
    if not pa.types.is_integer(column.type) or column.null_count:
        raise InputError(
            f"column {id_column!r} that cannot serve as an id in {path}",
            value=f"{column.type}, {column.null_count} nulls",
            allowed="integers in every row",
            todo="write ids as 64-bit integers: a float keeps the first 16 digits only",
        )
    try:
        column = column.cast(pa.int64())
    except pa.ArrowInvalid as error:
        raise InputError(
            f"column {id_column!r} with ids that do not fit 64 signed bits in {path}",
            value=str(error),
        ) from error
    return np.asarray(column.to_numpy(), dtype=np.int64)


def _through_buckets(
    path: str | Path, names: list[str], rank: npt.NDArray[np.int64], folder: Path
) -> Iterator[pa.Table]:
    """Deal the rows out by rank, then give back bucket after bucket, sorted."""
    bucket_rows = max(_BUCKET_ROWS, -(-len(rank) // _MAX_BUCKETS))
    with full_disk_explained(folder):
        _deal_out(iter_batches(path, names, _BUCKET_ROWS), rank, bucket_rows, folder)
    for bucket in range(-(-len(rank) // bucket_rows)):
        file = folder / str(bucket)
        with pa.OSFile(str(file)) as source:
            table = pa.ipc.open_stream(source).read_all()
        file.unlink()
        order = np.argsort(table.column(0).to_numpy())
        yield table.remove_column(0).take(pa.array(order))


def _deal_out(
    pieces: Iterator[pa.Table], rank: npt.NDArray[np.int64], bucket_rows: int, folder: Path
) -> None:
    """Write each row, its rank before it, to the scratch file of its range of ranks."""
    start = 0
    with ExitStack() as stack:
        writers: dict[int, pa.RecordBatchStreamWriter] = {}
        for piece in pieces:
            ranks = rank[start : start + piece.num_rows]
            start += piece.num_rows
            for bucket in np.unique(ranks // bucket_rows).tolist():
                rows = np.flatnonzero(ranks // bucket_rows == bucket)
                part = piece.take(pa.array(rows)).add_column(0, "", pa.array(ranks[rows]))
                if bucket not in writers:
                    sink = stack.enter_context(pa.OSFile(str(folder / str(bucket)), "wb"))
                    writers[bucket] = stack.enter_context(pa.ipc.new_stream(sink, part.schema))
                writers[bucket].write_table(part)


def _rebatched(tables: Iterator[pa.Table], rows: int) -> Iterator[pa.Table]:
    """Cut a stream of tables into pieces of `rows` rows, the last one shorter."""
    pending: list[pa.Table] = []
    n_pending = 0
    for table in tables:
        pending.append(table)
        n_pending += table.num_rows
        if n_pending < rows:
            continue
        joined = pa.concat_tables(pending)
        whole = n_pending - n_pending % rows
        for start in range(0, whole, rows):
            yield joined.slice(start, rows).combine_chunks()
        pending, n_pending = [joined.slice(whole)], n_pending - whole
    if n_pending:
        yield pa.concat_tables(pending).combine_chunks()
