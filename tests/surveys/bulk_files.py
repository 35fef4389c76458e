"""Small files in the layout of the public bulk archive."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from scope.identifiers import encode_data_release
from scope.surveys.layout import FILTERS, file_name


def bulk_table(
    ids: Sequence[int],
    lengths: Sequence[int],
    *,
    field: int,
    ccd: int,
    quad: int,
    band: str,
    time_type: pa.DataType | None = None,
    mag_type: pa.DataType | None = None,
) -> pa.Table:
    """Light curves with an epoch a day; their positions are 0.01 deg apart."""
    n = len(ids)
    floats = mag_type or pa.float32()
    return pa.table(
        {
            "objectid": pa.array(list(ids), pa.int64()),
            "filterid": pa.array([FILTERS[band]] * n, pa.uint8()),
            "fieldid": pa.array([field] * n, pa.int16()),
            "rcid": pa.array([4 * (ccd - 1) + quad - 1] * n, pa.uint8()),
            "objra": pa.array(100 + 0.01 * np.arange(n), pa.float64()),
            "objdec": pa.array(np.full(n, 20.0), pa.float64()),
            "nepochs": pa.array(list(lengths), pa.int64()),
            "hmjd": _lists([58000.25 + np.arange(k) for k in lengths], time_type or pa.float64()),
            "mag": _lists([np.linspace(15, 16, k) for k in lengths], floats),
            "magerr": _lists([np.full(k, 0.1) for k in lengths], floats),
            "clrcoeff": _lists([np.zeros(k) for k in lengths], pa.float32()),
            "catflags": _lists([np.zeros(k, int) for k in lengths], pa.uint16()),
        }
    )


def write_bulk(
    folder: Path,
    lengths: Sequence[int],
    *,
    ids: Sequence[int] | None = None,
    field: int = 300,
    ccd: int = 2,
    quad: int = 3,
    band: str = "g",
    release: int = 5,
    **types: Any,
) -> Path:
    """Write a file with one light curve per length; ids are of the data release by default."""
    if ids is None:
        ids = encode_data_release(field, FILTERS[band], ccd, quad, np.arange(len(lengths))).tolist()
    table = bulk_table(ids, lengths, field=field, ccd=ccd, quad=quad, band=band, **types)
    path = folder / file_name(field, ccd, quad, band, release)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    return path


def change(path: Path, **columns: Any) -> None:
    """Replace columns of a file, or remove those given as None."""
    table = pq.read_table(path)
    for name, values in columns.items():
        index = table.schema.get_field_index(name)
        table = table.remove_column(index)
        if values is not None:
            table = table.add_column(index, name, values)
    pq.write_table(table, path)


def _lists(values: Sequence[np.ndarray], dtype: pa.DataType) -> pa.Array:
    return pa.array([list(v) for v in values], pa.list_(dtype))
