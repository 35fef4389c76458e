"""Light-curve files: raw ones as surveys publish them, and cleaned ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.errors import CorruptFileError, InputError
from scope.io.sorting import sorted_by_id
from scope.io.tables import iter_batches
from scope.io.writer import TableWriter
from scope.lightcurves.curves import HJD_OF_HMJD_ZERO, LightCurves
from scope.schema import lightcurve_schema

DEFAULT_ROWS = 4096
"""Light curves in memory at a time."""


class CleanedLightCurves(NamedTuple):
    """A piece of a cleaned light-curve file.

    Attributes
    ----------
    lightcurves : LightCurves
        n light curves, HMJD, without flags; those with a reason have no points.
    n_epochs : (n,) int64
        Good epochs after decimation, also of those that were dropped for having few.
    reasons : (n,) object
        None, or why the light curve was dropped.
    """

    lightcurves: LightCurves
    n_epochs: npt.NDArray[np.int64]
    reasons: npt.NDArray[np.object_]


def iter_raw_lightcurves(
    path: str | Path,
    *,
    id_column: str = "objectid",
    time_column: str = "hmjd",
    columns: Iterable[str] = (),
    flags: bool = True,
    rows: int = DEFAULT_ROWS,
) -> Iterator[tuple[pa.Table, LightCurves]]:
    """Read light curves as observed, in ascending id order whatever the order of the file.

    Parameters
    ----------
    path : str or Path
        Parquet file with one light curve per row: lists of times, ``mag``, ``magerr``
        and, with `flags`, ``catflags``.
    id_column, time_column : str
        Names of the id and of the time column (``hmjd`` or ``hjd``).
    columns : iterable of str
        Further columns to read.
    flags : bool
        Whether the file has ``catflags``.
    rows : int
        Most light curves of a piece.

    Yields
    ------
    table : pyarrow.Table
        The id and the further columns.
    lightcurves : LightCurves

    Raises
    ------
    NotFoundError, CorruptFileError, MissingColumnError
    InputError
        If a column holds no lists of numbers; the message names the file.
    """
    lists = [time_column, "mag", "magerr", *(["catflags"] if flags else [])]
    scalars = [id_column, *columns]
    for table in sorted_by_id(path, id_column, rows, columns=[*scalars, *lists]):
        curves = lightcurves_of(
            table.select([id_column, *lists]), path, id_column=id_column, time_column=time_column
        )
        yield table.select(scalars), curves


def lightcurves_of(
    table: pa.Table, path: str | Path, *, id_column: str = "_id", time_column: str = "hmjd"
) -> LightCurves:
    """Wrap a table as `LightCurves.from_arrow` does; errors name the file at `path`.

    Raises
    ------
    MissingColumnError
    InputError
        If a column holds no lists of numbers.
    """
    try:
        return LightCurves.from_arrow(table, id_column=id_column, time_column=time_column)
    except InputError as error:
        raise type(error)(
            f"{error.what}, in {path}",
            value=error.value,
            allowed=error.allowed,
            todo=error.todo or "mend the file, or download it again",
        ) from error


def iter_lightcurve_file(
    path: str | Path, rows: int = DEFAULT_ROWS
) -> Iterator[CleanedLightCurves]:
    """Read a cleaned light-curve file, columns `scope.schema.lightcurve_schema`, in order.

    Raises
    ------
    NotFoundError, CorruptFileError, MissingColumnError
    """
    names = [column.name for column in lightcurve_schema()]
    for table in iter_batches(path, names, rows):
        curves = lightcurves_of(table.select(["_id", "hmjd", "mag", "magerr"]), path)
        if curves.faults is not None:
            raise CorruptFileError(
                "light curves with lists of unequal length in a cleaned file",
                value=str(path),
                todo="make it again",
            )
        yield CleanedLightCurves(
            curves,
            table.column("n_epochs").to_numpy().astype(np.int64),
            np.array(table.column("reason").to_pylist(), dtype=object),
        )


def write_lightcurve_file(
    pieces: Iterable[CleanedLightCurves], path: str | Path, metadata: Mapping[str, Any]
) -> None:
    """Write cleaned light curves, piece by piece; the sizes of the pieces leave no trace.

    Parameters
    ----------
    pieces : iterable of CleanedLightCurves
        Ids ascend. Magnitudes are of one type; the first piece says which.
    path : str or Path
    metadata : mapping
        Record of the product.

    Raises
    ------
    InputError
        If a later piece does not fit the type of the first.
    ScopeError
        If the disk is full.
    """
    stream = iter(pieces)
    first = next(stream, None)
    dtype = "float64" if first is None else _dtype_name(first.lightcurves)
    with TableWriter(path, lightcurve_schema(dtype), metadata) as writer:
        if first is not None:
            writer.write(cleaned_table(first))
        for piece in stream:
            writer.write(cleaned_table(piece))


def cleaned_table(piece: CleanedLightCurves) -> pa.Table:
    """Return the columns of a file of cleaned light curves, times in HMJD."""
    curves = piece.lightcurves
    table = LightCurves(
        ids=curves.ids,
        offsets=curves.offsets,
        time=curves.time + (curves.time_zero_hjd - HJD_OF_HMJD_ZERO),
        mag=curves.mag,
        magerr=curves.magerr,
    ).to_arrow()
    table = table.append_column("n_epochs", pa.array(piece.n_epochs.astype(np.int32)))
    return table.append_column("reason", pa.array(piece.reasons, type=pa.string()))


def _dtype_name(curves: LightCurves) -> str:
    narrow = curves.mag.dtype == curves.magerr.dtype == np.float32
    return "float32" if narrow else "float64"
