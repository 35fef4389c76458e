"""Values between the desk and its database: ids, texts and files in SQL, columns as plain lists."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa


def row_id(text: str) -> int | None:
    """Return the ``_id`` that a text of an address is, None if it is none."""
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        return None
    return number if (number := int(text)) < 2**63 else None


def text_sql(value: str) -> str:
    """Return a text as SQL; for our own paths, never for what people write."""
    return "'" + value.replace("'", "''") + "'"


def files_sql(paths: Sequence[Path]) -> str:
    """Return some files of one kind as a table to select from."""
    names = ", ".join(text_sql(str(path.resolve())) for path in paths)
    return f"read_parquet([{names}], union_by_name = true)"


def plain(column: pa.ChunkedArray) -> list[Any]:
    """Return values as JSON has them: integers beyond 2^53 as text, float32 as they print."""
    type_ = column.type
    if pa.types.is_int64(type_) or pa.types.is_uint64(type_):
        return [
            None if v is None else v if -(2**53) <= v <= 2**53 else str(v)
            for v in column.to_pylist()
        ]
    if pa.types.is_float32(type_):
        values = column.to_numpy(zero_copy_only=False) if column.null_count else column.to_numpy()
        return [float(str(v)) if np.isfinite(v) else None for v in values.astype(np.float32)]
    if pa.types.is_floating(type_):
        return [v if v is not None and math.isfinite(v) else None for v in column.to_pylist()]
    return column.to_pylist()
