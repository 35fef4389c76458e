"""Texts of a CSV column as values: of a type that is known, or of one that loses nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scope.cells import LARGEST_EXACT_FLOAT, MISSING_WORDS, too_long, zeros_for_digits
from scope.errors import InputError
from scope.io.kinds import ID_COLUMNS, is_name
from scope.io.values import bool_values, exact_ids, exact_numbers
from scope.jsontext import parse_json

if TYPE_CHECKING:
    import pandas as pd

NESTED = "json"
"""Type of columns of arrays and other objects."""

_INTEGER = r"^-?(0|[1-9][0-9]*)$"
_FLOAT = r"^[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|(?i:inf|infinity))$"
_PADDED = r"^[+-]?0[0-9]"
"""Zeros in front are of names: ``0012``."""

_UNSIGNED_POWER = r"^[0-9]+[eE][0-9]+$"
"""A name, such as ``2019E5``, unless its column has numbers with a point."""

_LONG_WHOLE = r"^[+-]?[0-9]{16,}\.?0*$"
_TRUE_OR_FALSE = r"^(?i:true|false)$"


def typed(column: pa.ChunkedArray, kind: str, name: str, path: str | Path) -> Any:
    """Return texts as a pandas column of the type that `scope.io.write_csv` noted.

    Raises
    ------
    InputError
        If a cell does not have that type.
    """
    import pandas as pd

    if kind == NESTED:
        cells = [_from_json(cell, name, path) for cell in column.to_pylist()]
        return pd.Series(cells, dtype=object)
    lower = kind.lower()
    if lower.startswith(("int", "uint")):
        return _integers(column, kind, name, path)
    if lower.startswith("float"):
        numbers: Any = pd.Series(exact_numbers(column, name, path))
        return numbers.astype(kind)
    if lower in ("bool", "boolean"):
        return _booleans(column, kind, name, path)
    texts = column.to_pandas()
    try:
        return texts.astype(kind)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"column {name!r} of {path} that is not of the type in its first line",
            value=str(error),
            allowed=kind,
        ) from error


def _booleans(column: pa.ChunkedArray, kind: str, name: str, path: str | Path) -> Any:
    values: Any = bool_values(column, name, path)
    _refuse_gaps(values, kind, name, path)
    return values.astype(kind)


def _refuse_gaps(values: Any, kind: str, name: str, path: str | Path) -> None:
    """Raise if a cell is empty where the type has no missing value."""
    if values.isna().any() and kind.islower() and kind != "boolean":
        raise InputError(
            f"empty cell of {name!r}, in row {int(np.argmax(values.isna())) + 1} of {path}",
            value="",
            allowed=kind,
        )


def _integers(column: pa.ChunkedArray, kind: str, name: str, path: str | Path) -> Any:
    import pandas as pd

    if kind.lower() == "uint64":
        try:
            unsigned: Any = pd.Series(column.cast(pa.uint64()).to_pylist(), dtype="UInt64")
            _refuse_gaps(unsigned, kind, name, path)
            return unsigned.astype(kind)
        except (pa.ArrowInvalid, ValueError) as error:
            raise InputError(
                f"column {name!r} of {path} that is not of the type in its first line",
                value=str(error),
                allowed="whole numbers from 0 to 2^64 - 1",
            ) from error
    values: Any = pd.Series(exact_ids(column, name, path))
    _refuse_gaps(values, kind, name, path)
    return values.astype(kind)


def _from_json(cell: str | None, name: str, path: str | Path) -> Any:
    if cell is None:
        return None
    try:
        value = parse_json(cell)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"cell of {name!r} in {path} that is no JSON", value=cell[:60], todo=str(error)
        ) from error
    return np.array(value) if isinstance(value, list) else value


def guessed(column: pa.ChunkedArray, name: str, *, text: bool = False) -> pd.Series[Any]:
    """Return texts as numbers where that loses nothing, else as they are.

    Columns of names stay text; of ids, whole numbers become integers, and others stay text
    for whoever needs them to refuse. Whole numbers become ``int64``, with gaps ``float64``
    (``Int64`` of ids and where a float would round), other numbers ``float64``, ``True`` and
    ``False`` Boolean. Text stay zeros in front, whole numbers of which digits are lost in a
    float, and ``2019E5`` where no number has a point.
    """
    import pandas as pd

    filled = column.drop_null()
    if text or is_name(name):
        return column.to_pandas().astype("str")
    if not len(filled):
        return pd.Series(np.full(len(column), np.nan))
    if _all(filled, _INTEGER):
        integers = _guessed_integers(column, filled, exact=name in ID_COLUMNS)
        return column.to_pandas().astype("str") if integers is None else integers
    if name in ID_COLUMNS:
        return column.to_pandas().astype("str")
    if _all(filled, _TRUE_OR_FALSE):
        values = bool_values(column, name, "")
        return values if values.isna().any() else values.astype(bool)
    if _is_float(filled):
        return pd.Series(exact_numbers(column, name, ""))
    return column.to_pandas().astype("str")


def _guessed_integers(
    column: pa.ChunkedArray, filled: pa.ChunkedArray, *, exact: bool
) -> pd.Series[Any] | None:
    import pandas as pd

    try:
        numbers = column.cast(pa.int64())
    except pa.ArrowInvalid:
        return None
    long = filled.filter(pc.match_substring_regex(filled, _LONG_WHOLE))
    if len(long) and zeros_for_digits(long.to_pylist()):
        return None
    if not column.null_count:
        return pd.Series(numbers.to_numpy())
    if exact or len(long):
        return numbers.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    return pd.Series(numbers.cast(pa.float64()).to_numpy())


def _is_float(filled: pa.ChunkedArray) -> bool:
    words = pc.is_in(pc.utf8_lower(filled), value_set=pa.array(sorted(MISSING_WORDS)))
    numbers = filled.filter(pc.invert(words))
    if not len(numbers):
        # All that is there are words: as numbers they are all missing if they say NaN.
        return bool(pc.all(pc.equal(pc.utf8_lower(filled), "nan")).as_py())
    if not _all(numbers, _FLOAT) or _any(numbers, _PADDED):
        return False
    long = numbers.filter(pc.match_substring_regex(numbers, _LONG_WHOLE))
    if len(long) and any(
        too_long(t) or abs(int(t.partition(".")[0])) > LARGEST_EXACT_FLOAT for t in long.to_pylist()
    ):
        return False
    return not _any(numbers, _UNSIGNED_POWER) or _any(numbers, r"\.")


def _all(texts: pa.ChunkedArray, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(texts, pattern)).as_py())


def _any(texts: pa.ChunkedArray, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(texts, pattern)).as_py())
