"""DataFrames in files; their ``attrs`` travel along as metadata."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from scope.errors import InputError
from scope.io.attrs import checked_attrs, warn_without_metadata
from scope.io.csvfile import read_csv, write_csv
from scope.io.hdf5 import read_hdf, write_hdf
from scope.io.readers import UNITS, units_of, with_units
from scope.io.tables import metadata_of, read_table
from scope.io.writer import write_table

if TYPE_CHECKING:
    import pandas as pd


_INTEGERS = tuple(f"{kind}{size}" for kind in ("int", "uint") for size in (8, 16, 32, 64))


def read_parquet(path: str | Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a Parquet file into a DataFrame, its metadata into ``attrs``.

    The units of the columns are under the key ``units``, by name.

    Parameters
    ----------
    path : str or Path
    columns : sequence of str, optional
        What to read, in this order. All by default.

    Returns
    -------
    pandas.DataFrame
        Integer and Boolean columns that have nulls get a nullable type (``Int64``, …), so
        that 64-bit ids stay exact; lists are arrays. A warning says so where the file has no
        metadata of this package.

    Raises
    ------
    NotFoundError, CorruptFileError, MissingColumnError
    """
    table = read_table(path, columns)
    frame = to_frame(table)
    metadata = metadata_of(table.schema, path)
    if metadata:
        frame.attrs.update(metadata)
    else:
        warn_without_metadata(path)
    if units := units_of(table.schema):
        frame.attrs[UNITS] = units
    return frame


def write_parquet(df: pd.DataFrame, path: str | Path) -> None:
    """Write a DataFrame to a Parquet file, its ``attrs`` as metadata.

    Parameters
    ----------
    df : pandas.DataFrame
        Columns may hold lists, arrays of any dimension and dictionaries.
    path : str or Path
        Written whole or not at all; the folder is made where it does not exist.

    Raises
    ------
    InputError
        If ``attrs`` are no JSON, a column mixes types, or a name stands twice.
    """
    attrs = checked_attrs(df)
    table, units = from_frame(df), attrs.get(UNITS)
    if isinstance(units, dict) and all(isinstance(unit, str) for unit in units.values()):
        # Units belong to the columns; the record says what made the table.
        attrs = {key: value for key, value in attrs.items() if key != UNITS}
        table = table.cast(with_units(table.schema, units))
    write_table(table, path, attrs)


def read_dataframe(path: str | Path) -> pd.DataFrame:
    """Read a ``.parquet``, ``.h5`` or ``.csv`` file, metadata into ``attrs``.

    Raises
    ------
    InputError
        If the extension is none of these.
    """
    return _by_extension(path, _READERS)(path)


def write_dataframe(df: pd.DataFrame, path: str | Path) -> None:
    """Write a ``.parquet``, ``.h5`` or ``.csv`` file, ``attrs`` as metadata.

    Raises
    ------
    InputError
        If the extension is none of these.
    """
    _by_extension(path, _WRITERS)(df, path)


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Return a table as a DataFrame in which integers with nulls stay integers."""
    import pandas as pd

    nullable: dict[pa.DataType, Any] = {
        pa.int8(): pd.Int8Dtype(),
        pa.int16(): pd.Int16Dtype(),
        pa.int32(): pd.Int32Dtype(),
        pa.int64(): pd.Int64Dtype(),
        pa.uint8(): pd.UInt8Dtype(),
        pa.uint16(): pd.UInt16Dtype(),
        pa.uint32(): pd.UInt32Dtype(),
        pa.uint64(): pd.UInt64Dtype(),
        pa.bool_(): pd.BooleanDtype(),
    }
    holed = [
        name
        for name, column in zip(table.schema.names, table.columns, strict=True)
        if column.null_count and column.type in nullable
    ]
    if not holed:
        return table.to_pandas()
    # pyarrow would make them floats, which hold integers up to 2^53 only. Its own mapping of
    # types would make all columns of the type nullable, those without nulls as well.
    plain = table.drop_columns(holed).to_pandas()
    frame = plain if len(plain) == table.num_rows else pd.DataFrame(index=range(table.num_rows))
    added = {name: table.column(name).to_pandas(types_mapper=nullable.get).array for name in holed}
    frame = pd.concat([frame, pd.DataFrame(added, index=frame.index)], axis=1)
    return frame[[name for name in table.schema.names if name in frame.columns]]


def nullable_integers(df: pd.DataFrame) -> pd.DataFrame:
    """Return a DataFrame whose integers stay exact where a join or union leaves gaps."""
    kinds = {name: dtype.name for name, dtype in df.dtypes.items()}
    return df.astype(
        {
            name: kind.replace("u", "U").replace("i", "I")
            for name, kind in kinds.items()
            if kind in _INTEGERS
        }
    )


def plain_integers(df: pd.DataFrame) -> pd.DataFrame:
    """Return a DataFrame whose nullable integers without gaps are ordinary ones."""
    kinds = {name: dtype.name for name, dtype in df.dtypes.items()}
    return df.astype(
        {
            name: kind.lower()
            for name, kind in kinds.items()
            if kind not in _INTEGERS and kind.lower() in _INTEGERS and df[name].notna().all()
        }
    )


def from_frame(df: pd.DataFrame) -> pa.Table:
    """Return a DataFrame as a table; arrays in cells become nested lists."""
    frame = df.copy(deep=False)
    frame.attrs = {}
    for name in (name for name, dtype in df.dtypes.items() if str(dtype) == "object"):
        frame[name] = [_as_lists(cell) for cell in frame[name]]
    try:
        return pa.Table.from_pandas(frame)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise InputError(
            "DataFrame that does not fit a table", value=" ".join(str(part) for part in error.args)
        ) from error


def _as_lists(cell: Any) -> Any:
    """Turn an array of several dimensions into nested lists; leave the rest."""
    if isinstance(cell, np.ndarray) and cell.ndim > 1:
        return [_as_lists(row) for row in cell]
    return cell


def _by_extension(path: str | Path, functions: Mapping[str, Callable[..., Any]]) -> Any:
    suffix = Path(path).suffix.lower()
    if suffix not in functions:
        raise InputError("table of an unknown format", value=str(path), allowed=functions)
    return functions[suffix]


_READERS: dict[str, Callable[..., Any]] = {
    ".parquet": read_parquet,
    ".h5": read_hdf,
    ".hdf5": read_hdf,
    ".csv": read_csv,
}
_WRITERS: dict[str, Callable[..., Any]] = {
    ".parquet": write_parquet,
    ".h5": write_hdf,
    ".hdf5": write_hdf,
    ".csv": write_csv,
}
