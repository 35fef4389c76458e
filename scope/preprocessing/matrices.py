"""Columns of a table as matrices: features, and magnitude-time histograms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.errors import InputError, MissingColumnError, few

if TYPE_CHECKING:
    import pandas as pd

Columns: TypeAlias = "pa.Table | pa.RecordBatch | pd.DataFrame | Mapping[str, npt.ArrayLike]"
Floats = npt.NDArray[np.float64]

BINS = 26
CELLS = BINS * BINS


def feature_matrix(columns: Columns, features: Sequence[str]) -> Floats:
    """Return columns as one matrix, nulls as NaN.

    Returns
    -------
    (n, k) float64

    Raises
    ------
    MissingColumnError
        If a feature is not among the columns.
    """
    names = columns.schema.names if isinstance(columns, pa.Table | pa.RecordBatch) else columns
    missing = [name for name in features if name not in names]
    if missing:
        raise MissingColumnError(
            "feature table without columns that the models need",
            value=few(missing),
            todo=f"the table has: {few(map(str, names), 40) or 'no columns'}; compute the "
            "features with the period search and groups that the models were trained on",
        )
    return np.column_stack([_floats(columns[name], name) for name in features])


def _floats(column: Any, name: str) -> Floats:
    try:
        if isinstance(column, pa.Array | pa.ChunkedArray):
            return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False))
        if hasattr(column, "to_numpy"):
            return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
        return np.asarray(column, dtype=np.float64)
    except (TypeError, ValueError, pa.ArrowException) as error:
        raise InputError(
            f"feature {name} that is not numeric", value=str(error), allowed="numbers and nulls"
        ) from error


def histogram_matrix(
    column: pa.ChunkedArray | pa.Array,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Return the column ``dmdt`` as a matrix.

    Parameters
    ----------
    column : Arrow array
        Lists of 676 numbers, or 26 lists of 26: rows are magnitude differences.

    Returns
    -------
    values : (n, 676) float32
        Zeros where there is no histogram.
    defined : (n,) bool
        False where a histogram is null or holds a value that is not finite.

    Raises
    ------
    InputError
        If a histogram has another size.
    """
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks)
    present = np.asarray(column.is_valid())
    flat: Any = column.drop_null()
    n_present = len(flat)
    while pa.types.is_nested(flat.type):
        flat = flat.flatten()
    if len(flat) != n_present * CELLS:
        raise InputError(
            "histograms (column dmdt) of another size",
            value=f"{len(flat)} values in {n_present} rows",
            allowed=f"{BINS} x {BINS} per row",
            todo="compute them with 27 edges in each direction",
        )
    values = np.zeros((len(column), CELLS), dtype=np.float32)
    values[present] = flat.cast(pa.float32()).to_numpy(zero_copy_only=False).reshape(-1, CELLS)
    finite = np.isfinite(values).all(axis=1)
    values[~finite] = 0.0
    return values, present & finite
