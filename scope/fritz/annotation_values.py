"""What annotations are given: numbers and texts, from a table or a command line."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from scope.cells import LARGEST_EXACT_FLOAT, MISSING_WORDS, RefusedCell, is_missing, too_long
from scope.io.kinds import ID_COLUMNS
from scope.io.values import check_digits, each_cell, exact_ids

_WHOLE = re.compile(r"[+-]?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(
    r"[+-]?((0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?[1-9][0-9]*[eE][+-][0-9]+"
)
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.I)
_SHORTENED = re.compile(r"[0-9](\.[0-9]+)?[eE]\+([0-9]{2,3})")
_SPREADSHEET = re.compile(
    r"'[+-]?[0-9.]+|=\"?[+-]?[0-9.]+\"?|[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?|[+-]?[0-9]+,[0-9]+"
)
"""Marks that cells are texts, separators of thousands, decimal commas: meant as numbers."""

_LONG_POWER = 6
"""From here on a number in scientific notation may be an id that a spreadsheet shortened."""


def parsed_value(text: str) -> Any:
    """Return the number that a text is, as programs write numbers; else the text.

    Texts are zeros in front (``0012``) and powers without sign or point (``2019E5``).
    """
    if _WHOLE.fullmatch(text):
        return text if too_long(text) else int(text)
    if not _DECIMAL.fullmatch(text):
        return text
    number = float(text)
    # JSON has no infinity.
    return number if np.isfinite(number) else text


def column_values(column: Any, key: str, path: str | Path) -> list[Any]:
    """Return the cells of a column as JSON has them, None where one is empty.

    Columns of ids (`scope.io.kinds`) are exact integers; of others, texts that are numbers
    become numbers, see `parsed_value`, and words such as ``NaN`` next to numbers are empty.

    Raises
    ------
    InputError
        If a value may have lost digits or is no number or text; the message names the row.
    """
    if key in ID_COLUMNS:
        return list(exact_ids(column, key, path).to_numpy(dtype=object, na_value=None))
    values = each_cell(_value, column, key, path)
    check_digits(column, key, path)
    if any(isinstance(value, int | float) for value in values):
        # Among numbers the words of programs for no number are none.
        return each_cell(_among_numbers, values, key, path)
    return values


def _among_numbers(value: Any) -> Any:
    if isinstance(value, str):
        if value.lower() in MISSING_WORDS:
            return None
        if _INFINITE.fullmatch(value):
            raise RefusedCell("that is not finite", value, "numbers and texts")
    return value


def _value(cell: Any) -> Any:
    if is_missing(cell):
        return None
    if isinstance(cell, str):
        text = cell.strip()
        short = _SHORTENED.fullmatch(text)
        if short and int(short[2]) >= _LONG_POWER:
            raise _rounded(text)
        if _SPREADSHEET.fullmatch(text):
            raise RefusedCell(
                "that is no number as programs write it",
                text,
                "numbers with a decimal point, without separators and marks; texts",
            )
        return parsed_value(text)
    plain = cell.item() if isinstance(cell, np.generic) else cell
    if isinstance(plain, Decimal):
        # As databases write numbers into Parquet.
        whole = plain.is_finite() and plain == int(plain)
        plain = int(plain) if whole else float(plain)
    if isinstance(plain, float):
        if plain.is_integer() and abs(plain) > LARGEST_EXACT_FLOAT:
            raise _rounded(plain)
        if not np.isfinite(plain):
            raise RefusedCell("that is not finite", plain, "numbers and texts")
    elif not isinstance(plain, int | bool):
        raise RefusedCell("that is no value of an annotation", plain, "numbers and texts")
    return plain


def _rounded(value: object) -> RefusedCell:
    return RefusedCell(
        "that was rounded",
        value,
        "numbers with all digits",
        "write long numbers as integers or text, not in scientific notation",
    )
