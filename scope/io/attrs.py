"""What the three formats of DataFrames have in common: metadata in ``attrs``."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scope.errors import InputError
from scope.jsontext import to_json

if TYPE_CHECKING:
    import pandas as pd


def checked_attrs(df: pd.DataFrame) -> dict[str, Any]:
    """Return the ``attrs`` of a DataFrame that can be written, as plain JSON values.

    Raises
    ------
    InputError
        If they are no JSON, or a column name stands twice.
    """
    if not df.columns.is_unique:
        twice = sorted({str(name) for name in df.columns[df.columns.duplicated()]})
        raise InputError(
            "DataFrame with a column name that stands twice",
            value=", ".join(twice),
            todo="rename or drop columns",
        )
    attrs: dict[str, Any] = json.loads(to_json(df.attrs))
    return attrs


def warn_without_metadata(path: str | Path) -> None:
    """Warn the caller of a reader that a file has no metadata."""
    warnings.warn(f"no metadata of this package in {path}", UserWarning, stacklevel=3)
