"""Columns of a table as ids, names, numbers or positions; what cannot be read names its row.

The one way in which this package reads them, whatever the format of the table: see
`scope.cells` for what a cell may say. Rows are counted from `first`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.cells import (
    LARGEST_EXACT_FLOAT,
    POSITIONS_ALLOWED,
    RefusedCell,
    floats_for_names,
    is_missing,
    on_the_sky,
    parse_degrees,
    parse_id,
    parse_name,
    parse_number,
    zeros_for_digits,
)
from scope.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

Column = Any
"""A pandas column, an Arrow array, or a sequence of cells."""

UNUSED_BITS = 7
"""Gaia's ids have 7 last bits for the parts of a star, which are zero for single ones."""

CHANCE_BITS = 20
"""One table in a million has so many zero bits by chance."""

Floats = npt.NDArray[np.float64]
T = TypeVar("T")


def exact_ids(column: Column, name: str, path: str | Path, *, first: int = 1) -> Any:
    """Return ids, (n,) pandas ``Int64`` array, missing where a cell is empty.

    Parameters
    ----------
    column : pandas.Series, Arrow array or sequence
    name, path : str
        What the column and the table are called, for messages.
    first : int
        Number of the first row, for messages.

    Raises
    ------
    InputError
        If an id is no whole number or may have lost digits; the message names the row. If all
        ids look as if they had been floats before they were integers.
    """
    import pandas as pd

    dtype = getattr(column, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind == "i":
        found: Any = pd.array(column, dtype="Int64")
    else:
        ids = each_cell(parse_id, column, name, path, first)
        check_digits(column, name, path)
        found = pd.array(ids, dtype="Int64")
    _check_bits(found.to_numpy(dtype=np.int64, na_value=0), name, path)
    return found


def light_curve_ids(column: Column, name: str, path: str | Path, *, first: int = 1) -> Any:
    """Return ids of light curves, none of which is below 0; else as `exact_ids`."""
    ids = exact_ids(column, name, path, first=first)
    wrong = np.flatnonzero(ids.to_numpy(dtype=np.int64, na_value=0) < 0)
    if len(wrong):
        raise InputError(
            f"{name} below 0, in row {wrong[0] + first} of {path}",
            value=int(ids[wrong[0]]),
            allowed="ids of light curves, such as 10297581009946; empty where a row has none",
        )
    return ids


def exact_names(column: Column, name: str, path: str | Path, *, first: int = 1) -> list[str | None]:
    """Return names, None where a cell is empty; parameters as of `exact_ids`.

    Raises
    ------
    InputError
        If a name is a number that may have lost digits; the message names the row.
    """
    names = each_cell(parse_name, column, name, path, first)
    check_digits(column, name, path)
    if floats_for_names(names):
        raise InputError(
            f"column {name!r} of {path} in which a program wrote names as floats",
            value=next(name for name in names if name is not None),
            allowed="names as they are: text, or whole numbers",
            todo="write the column as text, or in pandas as Int64, which has missing values",
        )
    return names


def exact_numbers(column: Column, name: str, path: str | Path, *, first: int = 1) -> Floats:
    """Return numbers, (n,) float64, NaN where there is none; parameters as of `exact_ids`.

    Raises
    ------
    InputError
        If a cell is no number; the message names the row.
    """
    numbers = _plain_numbers(column)
    if numbers is None:
        numbers = np.array(each_cell(parse_number, column, name, path, first), dtype=np.float64)
    return numbers


def positions(
    ra: Column,
    dec: Column,
    path: str | Path,
    *,
    first: int = 1,
    names: tuple[str, str] = ("ra", "dec"),
    halves: bool = False,
) -> tuple[Floats, Floats]:
    """Return right ascensions and declinations in degrees, (n,) float64 each, NaN where empty.

    Cells are degrees, or hours (degrees) minutes seconds with colons, blanks or letters. With
    `halves`, half of a position is none, for tables whose rows have an outcome each.

    Raises
    ------
    InputError
        If a cell is neither, a position is not on the sphere (see `scope.cells.on_the_sky`), or
        only half of one is there.
    """
    places = (
        degrees(column, kind, name, path, first=first)
        for column, kind, name in ((ra, "ra", names[0]), (dec, "dec", names[1]))
    )
    right, up = places
    if halves:
        nowhere = np.isnan(right) | np.isnan(up)
        right, up = np.where(nowhere, np.nan, right), np.where(nowhere, np.nan, up)
    turned, wrong = on_the_sky(right, up)
    if wrong.any():
        row = int(np.argmax(wrong))
        half = np.isnan(right[row]) or np.isnan(up[row])
        raise InputError(
            f"{'half of a position' if half else 'position that is not on the sphere,'} "
            f"in row {row + first} of {path}",
            value=f"{names[0]} {right[row]:.15g}, {names[1]} {up[row]:.15g}".replace(
                "nan", "empty"
            ),
            allowed="both of them, or neither" if half else POSITIONS_ALLOWED,
        )
    return turned, up


def bool_values(column: Column, name: str, path: str | Path) -> pd.Series[Any]:
    """Return texts ``True`` and ``False`` as a nullable Boolean column."""
    import pandas as pd

    def parse(cell: Any) -> bool | None:
        if is_missing(cell):
            return None
        if str(cell).strip().lower() not in ("true", "false"):
            raise RefusedCell("that is neither true nor false", cell, "True, False")
        return str(cell).strip().lower() == "true"

    return pd.Series(each_cell(parse, column, name, path), dtype="boolean")


def _check_bits(ids: npt.NDArray[np.int64], name: str, path: str | Path) -> None:
    """Raise InputError if long ids all end in as many zero bits as a float would have left them.

    A float of 64 bits keeps 53: an id below 2^(53 + k) that was one is a multiple of 2^k, whatever
    reads it afterwards. One such id is chance; together they are not.
    """
    lost = lost_bits(ids)
    if lost > CHANCE_BITS:
        raise InputError(
            f"column {name!r} of {path} in which a program made floats of ids, and integers again",
            value=int(np.max(ids)),
            allowed="whole numbers with all digits",
            todo=f"take the ids from where they came from: all end in the zero bits of a float, by "
            f"chance once in 2^{lost} such tables",
        )


def lost_bits(ids: npt.NDArray[np.int64]) -> int:
    """Return in how many bits that no float keeps all ids are zero, 0 if one of them is not.

    Parameters
    ----------
    ids : (n,) int64
        Each value counts once. Bits that many surveys leave zero on purpose (`UNUSED_BITS`) do
        not count.
    """
    long = np.unique(ids[np.abs(ids) > LARGEST_EXACT_FLOAT])
    if not len(long):
        return 0
    # Of a float between 2^(e-1) and 2^e the last bit is worth 2^(e-53).
    n_bits = np.frexp(np.abs(long).astype(np.float64))[1] - 53
    if (np.abs(long) & ((np.int64(1) << n_bits) - 1)).any():
        return 0
    return int(np.maximum(n_bits - UNUSED_BITS, 0).sum())


def degrees(column: Column, kind: str, name: str, path: str | Path, *, first: int = 1) -> Floats:
    """Return right ascensions (`kind` ``ra``) or declinations (``dec``), (n,) float64, as written.

    Degrees; NaN where empty. Whether they are on the sphere `scope.cells.on_the_sky` says.

    Raises
    ------
    InputError
        If a cell is neither degrees nor sexagesimal; the message names the row.
    """
    truths = getattr(getattr(column, "dtype", None), "kind", "O") == "b"
    numbers = None if truths else _plain_numbers(column)
    if numbers is not None and not np.isinf(numbers).any():
        return numbers

    def parse(cell: Any) -> float:
        return parse_degrees(cell, kind)

    return np.array(each_cell(parse, column, name, path, first), dtype=np.float64)


def _plain_numbers(column: Column) -> Floats | None:
    """Return a column of numbers, or of texts of plain numbers; None for any other."""
    if not isinstance(column, pa.Array | pa.ChunkedArray):
        dtype = getattr(column, "dtype", None)
        if dtype is not None and getattr(dtype, "kind", "O") in "iufb":
            if hasattr(column, "to_numpy"):
                return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
            return np.asarray(column, dtype=np.float64)
        try:
            column = pa.array(column, from_pandas=True)
        except (pa.ArrowException, TypeError, ValueError):
            # Complex numbers too: Arrow has none.
            return None
    kind = column.type
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if not (text or pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        return None
    try:
        return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False))
    except (pa.ArrowInvalid, TypeError):
        # Integers beyond what floats hold, or texts that are no plain numbers.
        return None


def _cells(column: Column) -> Sequence[Any]:
    if isinstance(column, pa.Array | pa.ChunkedArray):
        if pa.types.is_floating(column.type):
            # As NumPy's numbers, which know how exact they are.
            return list(column.to_numpy(zero_copy_only=False))
        return column.to_pylist()
    dtype = getattr(column, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind == "f":
        return list(np.asarray(column))
    return column.tolist() if hasattr(column, "tolist") else list(column)


def each_cell(
    parse: Callable[[Any], T], column: Column, name: str, path: str | Path, first: int = 1
) -> list[T]:
    """Return what a function of one cell says of each cell of a column.

    Raises
    ------
    InputError
        If it raises `RefusedCell`; the message names the row.
    """
    cells = _cells(column)
    found: list[T] = []
    try:
        found.extend(map(parse, cells))
    except RefusedCell as refused:
        # The number of what went well is lost in `extend`; it is looked for once.
        row = next(row for row, cell in enumerate(cells) if _refuses(parse, cell))
        raise refused.error(name, f"row {row + first} of {path}") from None
    return found


def _refuses(parse: Callable[[Any], Any], cell: Any) -> bool:
    try:
        parse(cell)
    except RefusedCell:
        return True
    return False


def check_digits(column: Column, name: str, path: str | Path) -> None:
    """Raise InputError if texts of digits end in the zeros of a spreadsheet.

    Integers of other formats have all digits.
    """
    texts = [cell.strip() for cell in _cells(column) if isinstance(cell, str)]
    digits = [text for text in texts if text.isdecimal()]
    if zeros_for_digits(digits):
        raise InputError(
            f"column {name!r} of {path} in which a spreadsheet put zeros for digits",
            value=max(digits, key=len),
            allowed="whole numbers with all digits",
            todo="import the column as text into the spreadsheet, or take the table from where it "
            "came from; give it as Parquet if these are the ids",
        )
