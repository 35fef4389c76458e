"""DataFrames in CSV files; a comment in the first line holds metadata and types."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scope.errors import CorruptFileError, NotFoundError
from scope.identifiers import LARGEST_EXACT_FLOAT
from scope.io.atomic import atomic_path
from scope.io.attrs import checked_attrs, warn_without_metadata
from scope.schema import METADATA_KEY, to_json

if TYPE_CHECKING:
    import pandas as pd

_TYPES_KEY = "dtypes"
_NESTED = "json"


def read_csv(path: str | Path, *, text: Sequence[str] = ()) -> pd.DataFrame:
    """Read a CSV file; metadata and types from its first line where `write_csv` made it.

    Parameters
    ----------
    path : str or Path
    text : sequence of str, optional
        Columns that are texts where the file does not say the types.

    Returns
    -------
    pandas.DataFrame
        Same columns and types as were written, metadata in ``attrs``. Without such a first
        line pandas guesses the types, but whole numbers beyond 2^53 with gaps are nullable
        integers, and a warning says that there are no metadata.

    Raises
    ------
    NotFoundError
        If there is no such file.
    CorruptFileError
        If it cannot be parsed, or its columns are not those of its first line.
    """
    import pandas as pd

    try:
        with open(path, encoding="utf-8") as file:
            header, n_comments = _read_header(file)
        types = header.get(_TYPES_KEY)
        if types is None:
            plain = pd.read_csv(path, skiprows=n_comments, dtype=dict.fromkeys(text, str))
            warn_without_metadata(path)
            return _with_exact_ids(plain, path, n_comments)
        frame = pd.read_csv(
            path,
            skiprows=n_comments,
            dtype={name: str if kind == _NESTED else kind for name, kind in types.items()},
            # Only an empty cell is missing: a text such as NA is a text.
            keep_default_na=False,
            na_values=[""],
        )
        if list(frame.columns) != list(types):
            raise ValueError("its columns are not those of its first line")
    except FileNotFoundError as error:
        raise NotFoundError("no such file", value=str(path)) from error
    except (ValueError, UnicodeDecodeError) as error:
        raise CorruptFileError(
            "truncated or foreign file, not readable as CSV", value=str(path), todo=str(error)
        ) from error
    for name in (name for name, kind in types.items() if kind == _NESTED):
        frame[name] = pd.Series([_from_json(cell) for cell in frame[name]], dtype=object)
    frame.attrs = header.get(METADATA_KEY, {})
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
    for name in (name for name, kind in types.items() if kind == _NESTED):
        frame[name] = [_to_json(cell) for cell in df[name]]
    header = f'# {{"{METADATA_KEY}":{to_json(attrs)},"{_TYPES_KEY}":{json.dumps(types)}}}\n'
    with (
        atomic_path(path) as temporary,
        open(temporary, "w", encoding="utf-8", newline="") as file,
    ):
        file.write(header)
        frame.to_csv(file, index=False, lineterminator="\n")


def _read_header(file: Any) -> tuple[dict[str, Any], int]:
    """Return what the leading comment says and how many lines it has."""
    header: dict[str, Any] = {}
    n_comments = 0
    for line in file:
        if not line.startswith("#"):
            break
        n_comments += 1
        try:
            value = json.loads(line[1:])
        except ValueError:
            continue
        if isinstance(value, dict) and METADATA_KEY in value:
            header = value
    return header, n_comments


def _with_exact_ids(frame: pd.DataFrame, path: str | Path, n_comments: int) -> pd.DataFrame:
    """Return a DataFrame whose long ids are those of the file: a gap makes pandas round them."""
    import pandas as pd

    names = [
        name
        for name, dtype in frame.dtypes.items()
        if dtype == "float64" and frame[name].abs().max() > LARGEST_EXACT_FLOAT
    ]
    if not names:
        return frame
    texts = pd.read_csv(path, skiprows=n_comments, usecols=names, dtype=str)
    for name in names:
        cells = [None if cell != cell else str(cell).strip() for cell in texts[name]]
        if all(cell is None or cell.removeprefix("-").isdecimal() for cell in cells):
            numbers = [None if cell is None else int(cell) for cell in cells]
            if all(number is None or abs(number) < 2**63 for number in numbers):
                frame[name] = pd.array(numbers, dtype="Int64")
    return frame


def _kind(dtype: Any) -> str:
    """Return the type to read a column as; arrays and other objects are JSON."""
    return _NESTED if str(dtype) == "object" else str(dtype)


def _to_json(cell: Any) -> str | None:
    if isinstance(cell, np.ndarray):
        cell = cell.tolist()
    elif cell is None or (np.isscalar(cell) and cell != cell):
        return None
    return json.dumps(cell, default=_plain)


def _plain(value: Any) -> Any:
    """Turn NumPy values inside a cell into ones that JSON knows."""
    return value.tolist()


def _from_json(cell: Any) -> Any:
    if not isinstance(cell, str):
        return None
    value = json.loads(cell)
    return np.array(value) if isinstance(value, list) else value
