"""DataFrames in CSV files; a comment in the first line holds metadata and types."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scope.errors import CorruptFileError
from scope.io.atomic import atomic_path
from scope.io.attrs import checked_attrs, warn_without_metadata
from scope.io.csvtext import read_texts
from scope.io.csvtypes import NESTED, guessed, typed
from scope.jsontext import to_json
from scope.schema import METADATA_KEY

if TYPE_CHECKING:
    import pandas as pd

_TYPES_KEY = "dtypes"


def read_csv(path: str | Path, *, text: Sequence[str] = ()) -> pd.DataFrame:
    """Read a CSV file; metadata and types from its first line where `write_csv` made it.

    Parameters
    ----------
    path : str or Path
    text : sequence of str, optional
        Columns that are texts where the file does not say the types, in any case.

    Returns
    -------
    pandas.DataFrame
        Same columns and types as were written, metadata in ``attrs``. Without such a first
        line a column is numbers if no digit of it is lost by that, and text otherwise: names
        (`scope.io.kinds`) always are text, and ids integers. A warning then says that there are
        no metadata.

    Raises
    ------
    NotFoundError
        If there is no such file.
    CorruptFileError
        If it cannot be parsed, a line does not fit the names of the columns, or these are not
        those of its first line.
    InputError
        If a cell does not have the type that the first line says; ids that a spreadsheet
        rounded are such.
    """
    import pandas as pd

    found = read_texts(path)
    columns = dict(zip(found.table.schema.names, found.table.columns, strict=True))
    types = found.header.get(_TYPES_KEY)
    if types is None:
        warn_without_metadata(path)
        texts = {name.casefold() for name in text}
        frame = pd.DataFrame(
            {
                name: guessed(column, name, text=name.casefold() in texts)
                for name, column in columns.items()
            },
            index=pd.RangeIndex(found.table.num_rows),
        )
    else:
        if list(columns) != list(types):
            raise CorruptFileError(
                "truncated or foreign file, not readable as CSV",
                value=str(path),
                todo="its columns are not those of its first line; correct or remove that line",
            )
        frame = pd.DataFrame(
            {name: typed(columns[name], kind, name, path) for name, kind in types.items()},
            index=pd.RangeIndex(found.table.num_rows),
        )
    frame.attrs = found.header.get(METADATA_KEY, {})
    return frame


def write_csv(df: pd.DataFrame, path: str | Path) -> None:
    """Write a DataFrame to a CSV file.

    The first line is ``# {"scope": …, "dtypes": …}``: the ``attrs`` and the types of the
    columns, in order. Readers that skip lines with ``#`` see a plain CSV file. Numbers are
    written so that they come back exactly, arrays as JSON, missing values as empty cells (as
    are empty texts). A named index becomes columns, an unnamed one is not written.

    Parameters
    ----------
    df : pandas.DataFrame
    path : str or Path
        Written whole or not at all; the folder is made where it does not exist.

    Raises
    ------
    InputError
        If ``attrs`` are no JSON, or a column name stands twice.
    """
    if any(name is not None for name in df.index.names):
        df = df.reset_index()
    attrs = checked_attrs(df)
    frame = df.copy(deep=False)
    types = {str(name): _kind(dtype) for name, dtype in df.dtypes.items()}
    for name in (name for name, kind in types.items() if kind == NESTED):
        frame[name] = [_to_json(cell) for cell in df[name]]
    header = f'# {{"{METADATA_KEY}":{to_json(attrs)},"{_TYPES_KEY}":{json.dumps(types)}}}\n'
    with (
        atomic_path(path) as temporary,
        open(temporary, "w", encoding="utf-8", newline="") as file,
    ):
        file.write(header)
        frame.to_csv(file, index=False, lineterminator="\n")


def _kind(dtype: Any) -> str:
    """Return the type to read a column as; arrays and other objects are JSON."""
    return NESTED if str(dtype) == "object" else str(dtype)


def _to_json(cell: Any) -> str | None:
    if isinstance(cell, np.ndarray):
        cell = cell.tolist()
    elif cell is None or (np.isscalar(cell) and cell != cell):
        return None
    return json.dumps(cell, default=_plain)


def _plain(value: Any) -> Any:
    """Turn NumPy values inside a cell into ones that JSON knows."""
    return value.tolist()
