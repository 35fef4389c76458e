"""Tables that people give to this package, in any of its formats: the one way to read them.

`read_user_table` gives the columns; `exact_ids`, `exact_names`, `exact_numbers` and `positions` of
`scope.io.values` say what is in them.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence, Sized
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from scope.errors import CorruptFileError, InputError, NotFoundError, few
from scope.io.csvfile import read_csv
from scope.io.frames import to_frame
from scope.io.hdf5 import read_hdf
from scope.io.kinds import DEC_NAMES, RA_NAMES, find_column
from scope.io.tables import metadata_of, read_table
from scope.io.values import exact_ids, exact_names, positions
from scope.jsontext import parse_json

if TYPE_CHECKING:
    import pandas as pd

FORMATS = (".parquet", ".h5", ".hdf5", ".csv")

_PANDAS_INDEX = re.compile(r"__index_level_\d+__")


def read_user_table(
    path: str | Path,
    *,
    text: Sequence[str] = (),
    known: Sequence[str] = (),
    ids: Sequence[str] = (),
    names: Sequence[str] = (),
    places: tuple[str, str] | None = None,
    first: int = 1,
) -> pd.DataFrame:
    """Read a table of any origin.

    What is not declared as an id, a name or a position keeps the type that it has; who needs
    it reads it by `scope.io.values`.

    Parameters
    ----------
    path : str or Path
        ``.csv``, ``.parquet``, ``.h5`` or ``.hdf5``.
    text : sequence of str, optional
        Columns of CSV files that stay as they are written.
    known : sequence of str, optional
        Columns that are found in any case, and get this spelling; as are the following.
    ids, names : sequence of str, optional
        Columns that are exact integers, and text, where they are there.
    places : tuple of str, optional
        Columns of right ascension and declination, which become degrees where they are there;
        those that are called otherwise (`scope.io.kinds`) get these names.
    first : int
        Number of the first row, for messages.

    Returns
    -------
    pandas.DataFrame
        Rows are numbered from 0: no column is an index. Text of fixed length and categories
        are plain text; integers with gaps are nullable. Metadata of this package are in
        ``attrs``. Columns of CSV files are numbers only where no digit is lost by that.

    Raises
    ------
    NotFoundError, CorruptFileError
    InputError
        If the format is unknown, a column name stands twice, or a declared column cannot be
        read; the message names the row.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise InputError("table of an unknown format", value=str(path), allowed=FORMATS)
    if not path.is_file():
        raise NotFoundError(
            "no such table",
            value=str(path),
            todo="check the path; a relative one starts at the working directory",
        )
    with warnings.catch_warnings():
        # Tables of other programs have no metadata of this package.
        warnings.simplefilter("ignore", UserWarning)
        if suffix == ".csv":
            frame = read_csv(path, text=(*text, *names))
        elif suffix == ".parquet":
            frame = _from_parquet(path)
        else:
            frame = _from_hdf(path)
    frame = _with_spellings(frame, [*known, *ids, *names])
    frame = _with_places(frame, places)
    return _declared(frame, path, ids, names, places, first)


def require_rows(table: Sized | int, path: str | Path) -> None:
    """Raise InputError if a table of which something is to be done has no rows."""
    if not (table if isinstance(table, int) else len(table)):
        raise InputError(
            "the table has no rows",
            value=str(path),
            todo="check that it is the right file, and that whatever wrote it came to its end",
        )


def _declared(
    frame: pd.DataFrame,
    path: Path,
    ids: Sequence[str],
    names: Sequence[str],
    places: tuple[str, str] | None,
    first: int,
) -> pd.DataFrame:
    import pandas as pd

    columns: dict[str, Any] = {}
    for name in (name for name in ids if name in frame):
        found = exact_ids(frame[name], name, path, first=first)
        columns[name] = found if found.isna().any() else found.astype("int64")
    for name in (name for name in names if name in frame):
        columns[name] = pd.array(exact_names(frame[name], name, path, first=first), dtype="str")
    if places is not None and set(places) <= set(frame.columns):
        ra, dec = places
        degrees = positions(frame[ra], frame[dec], path, first=first, names=places)
        columns[ra], columns[dec] = degrees
    return frame.assign(**columns) if columns else frame


def plain_table(table: pa.Table) -> pa.Table:
    """Return a table without the codes of dictionaries, bytes in place of text, and pandas' index.

    A named index of pandas is a column like any other.
    """
    names = [name for name in table.schema.names if not _PANDAS_INDEX.fullmatch(name)]
    _refuse_twice(names)
    metadata = {k: v for k, v in (table.schema.metadata or {}).items() if k != b"pandas"}
    columns = {name: _plain(table.column(name)) for name in names}
    counted = {n: v for n, v in _counted_indexes(table).items() if n not in columns}
    return pa.table({**counted, **columns}).replace_schema_metadata(metadata or None)


def _counted_indexes(table: pa.Table) -> dict[str, pa.Array]:
    """Return named indexes that pandas did not write, since their numbers are evenly spaced."""
    try:
        said = parse_json((table.schema.metadata or {}).get(b"pandas", b"{}"))
        ranges = [item for item in said.get("index_columns", ()) if isinstance(item, dict)]
        return {
            str(item["name"]): pa.array(
                range(item["start"], item["stop"], item["step"]), pa.int64()
            )
            for item in ranges
            if item.get("name") is not None
        }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CorruptFileError(
            "table with an index that cannot be read", value=str(error)
        ) from error


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain(column.cast(kind.value_type))
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return _decoded(column)
    return _decoded(column) if pa.types.is_fixed_size_binary(kind) else column


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    cells = [None if cell is None else _text(cell) for cell in column.to_pylist()]
    return pa.chunked_array([pa.array(cells, pa.string())])


def _text(value: bytes) -> str:
    """Return text of fixed length without what fills it up."""
    return value.decode("utf-8", "replace").rstrip("\0 ")


def _refuse_twice(names: Sequence[str]) -> None:
    twice = [name for number, name in enumerate(names) if name in names[:number]]
    if twice:
        raise InputError(
            "column name that stands twice", value=few(twice), todo="rename or drop columns"
        )


def _from_parquet(path: Path) -> pd.DataFrame:
    table = plain_table(read_table(path))
    frame = to_frame(table)
    frame.attrs.update(metadata_of(table.schema, path))
    return frame


def _from_hdf(path: Path) -> pd.DataFrame:
    import pandas as pd

    frame = read_hdf(path)
    attrs = frame.attrs
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    else:
        frame = frame.reset_index(drop=True)
    frame.columns = [_text(n) if isinstance(n, bytes) else str(n) for n in frame.columns]
    _refuse_twice(list(frame.columns))
    for name, dtype in list(frame.dtypes.items()):
        if isinstance(dtype, pd.CategoricalDtype):
            frame[name] = frame[name].astype(object)
        elif isinstance(dtype, np.dtype) and dtype.kind == "O":
            frame[name] = pd.Series([_decoded_cell(c) for c in frame[name]], dtype=object)
    frame.attrs = attrs
    return frame


def _decoded_cell(cell: Any) -> Any:
    return _text(cell) if isinstance(cell, bytes) else cell


def _with_spellings(frame: pd.DataFrame, known: Sequence[str]) -> pd.DataFrame:
    """Return a table whose columns are spelled as is asked for, where they differ in case only."""
    found = {find_column(frame.columns, (name,)): name for name in known}
    renamed = {old: new for old, new in found.items() if old is not None and old != new}
    return frame.rename(columns=renamed) if renamed else frame


def _with_places(frame: pd.DataFrame, places: tuple[str, str] | None) -> pd.DataFrame:
    """Return a table whose columns of positions have some names, if there are both."""
    if places is None:
        return frame
    found = [
        find_column(frame.columns, (name, *usual))
        for name, usual in zip(places, (RA_NAMES, DEC_NAMES), strict=True)
    ]
    if None in found:
        return frame
    return frame.rename(columns=dict(zip(found, places, strict=True)))
