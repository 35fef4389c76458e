"""Points of light curves in one nested column: a struct of lists, or a list of structs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scope.errors import InputError


def list_columns(
    points: pa.ChunkedArray | pa.Array, names: Sequence[str], where: str
) -> dict[str, pa.Array]:
    """Return a column of lists for each part of the points.

    Parameters
    ----------
    points : (n,) struct of lists, or list of structs
        Null rows have no points.
    names : sequence of str
        Parts that are wanted.
    where : str
        What the column is called, for messages.

    Returns
    -------
    dict of str to (n,) list or large list

    Raises
    ------
    InputError
        If the column has another form, or lacks a part.
    """
    points = points.combine_chunks()
    if isinstance(points, pa.ChunkedArray):
        points = pa.concat_arrays(points.chunks)
    kind = points.type
    try:
        if pa.types.is_struct(kind):
            return {name: pc.struct_field(points, name) for name in names}
        inner = points.flatten()
        lengths = pc.fill_null(pc.list_value_length(points), 0).to_numpy()
        offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int64())
        return {
            name: pa.LargeListArray.from_arrays(offsets, pc.struct_field(inner, name))
            for name in names
        }
    except (
        pa.ArrowInvalid,
        pa.ArrowNotImplementedError,
        pa.ArrowKeyError,
        AttributeError,
    ) as error:
        raise InputError(
            f"{where} of another form",
            value=str(kind),
            allowed=f"a struct of lists, or a list of structs, with {', '.join(names)}",
        ) from error
