"""Matching positions with tables of external catalogues and of alerts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.column_types import arrow_type
from scope.errors import InputError
from scope.features.crossmatch_catalogues import (
    ALERT_COLUMNS,
    ALERTS_SEARCHED,
    MEAN_BRAAI,
    N_ALERTS,
    Catalogue,
)
from scope.io.tables import iter_batches
from scope.lightcurves.sky import ARCSEC_PER_RADIAN, PositionTree, bounding_cap, unit_vectors
from scope.schema import Column

POSITION_COLUMNS = (
    Column("ra", "float64", "deg", False, "right ascension"),
    Column("dec", "float64", "deg", False, "declination"),
)
ALERT_TABLE_COLUMNS = (
    *POSITION_COLUMNS,
    Column("braai", "float64", "", True, "real-bogus score of the alert, 0 to 1"),
)

_ROWS = 65536


def read_region(
    path: Path,
    columns: tuple[Column, ...],
    ra: npt.ArrayLike,
    dec: npt.ArrayLike,
    margin_arcsec: float,
) -> pa.Table:
    """Read the rows of a table in the smallest cap around positions, widened by a margin.

    Parameters
    ----------
    path : Path
        Parquet file; it is streamed, so that memory holds the cap only.
    columns : tuple of Column
        What to read and the types wanted; ``ra`` and ``dec`` are among them.
    ra, dec : (n,) float
        Degrees.
    margin_arcsec : float

    Returns
    -------
    pyarrow.Table
        In the order of the file.

    Raises
    ------
    NotFoundError, CorruptFileError, MissingColumnError
    InputError
        If a column cannot be cast to its type.
    """
    centre, radius = bounding_cap(ra, dec)
    # One arcsec more costs nothing and covers the rounding of the centre.
    angle = min((radius + margin_arcsec + 1.0) / ARCSEC_PER_RADIAN, np.pi)
    chord = 2 * np.sin(angle / 2)
    schema = pa.schema([column.field.with_nullable(True) for column in columns])
    parts = [schema.empty_table()]
    for piece in iter_batches(path, schema.names, _ROWS):
        typed = _cast(piece, schema, path)
        vectors = unit_vectors(typed.column("ra").to_numpy(), typed.column("dec").to_numpy())
        # A row without a position has distance NaN, and is left out.
        near = np.linalg.norm(vectors - centre, axis=1) <= chord
        if near.any():
            parts.append(typed.filter(pa.array(near)))
    return pa.concat_tables(parts).combine_chunks()


def match_catalogue(
    catalogue: Catalogue,
    table: pa.Table | None,
    ra: npt.ArrayLike,
    dec: npt.ArrayLike,
    radius_arcsec: float,
) -> dict[str, pa.Array]:
    """Match positions with the nearest row of a catalogue.

    Parameters
    ----------
    catalogue : Catalogue
    table : pyarrow.Table or None
        ``ra``, ``dec`` (deg) and the catalogue's columns.
    ra, dec : (n,) float
        Degrees.
    radius_arcsec : float

    Returns
    -------
    dict of str to pyarrow.Array
        The catalogue's columns and its flag, n rows each; null where nothing is within the
        radius, or where there is no table.
    """
    size = len(np.atleast_1d(np.asarray(ra)))
    result: dict[str, pa.Array] = {}
    if table is None:
        for column in catalogue.product_columns():
            result[column.name] = pa.nulls(size, arrow_type(column.dtype))
    else:
        tree = PositionTree(table.column("ra").to_numpy(), table.column("dec").to_numpy())
        nearest, _ = tree.nearest(ra, dec, radius_arcsec)
        rows = pa.array(nearest, mask=nearest < 0)
        for native, column in zip(catalogue.columns, catalogue.product_columns(), strict=True):
            result[column.name] = _without_nan(table.column(native.name).take(rows))
    result[catalogue.searched] = pa.array(np.full(size, table is not None))
    return result


def match_alerts(
    table: pa.Table | None, ra: npt.ArrayLike, dec: npt.ArrayLike, radius_arcsec: float
) -> dict[str, pa.Array]:
    """Count alerts around positions and average their real-bogus scores.

    Parameters
    ----------
    table : pyarrow.Table or None
        ``ra``, ``dec`` (deg) and ``braai``; alerts whose score is null or NaN count, but
        do not enter the mean.
    ra, dec : (n,) float
        Degrees.
    radius_arcsec : float

    Returns
    -------
    dict of str to pyarrow.Array
        n rows each. The mean is 0 where there is no score to average. Both are null where
        there is no table.
    """
    size = len(np.atleast_1d(np.asarray(ra)))
    searched = pa.array(np.full(size, table is not None))
    if table is None:
        nulls = {c.name: pa.nulls(size, arrow_type(c.dtype)) for c in ALERT_COLUMNS}
        return {**nulls, ALERTS_SEARCHED: searched}
    tree = PositionTree(table.column("ra").to_numpy(), table.column("dec").to_numpy())
    pairs = tree.within(ra, dec, radius_arcsec)
    braai = table.column("braai").to_numpy()[pairs.found]
    scored = np.isfinite(braai)
    total = np.bincount(pairs.query[scored], weights=braai[scored], minlength=size)
    n_scored = np.bincount(pairs.query[scored], minlength=size)
    return {
        N_ALERTS: pa.array(np.bincount(pairs.query, minlength=size)),
        MEAN_BRAAI: pa.array(total / np.maximum(n_scored, 1)),
        ALERTS_SEARCHED: searched,
    }


def _cast(piece: pa.Table, schema: pa.Schema, path: Path) -> pa.Table:
    columns = []
    for field in schema:
        try:
            columns.append(piece.column(field.name).cast(field.type))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise InputError(
                f"column {field.name!r} of a wrong type in {path}",
                value=f"{piece.schema.field(field.name).type}: {str(error).splitlines()[0]}",
                allowed=f"values that fit {field.type}",
            ) from error
    return pa.Table.from_arrays(columns, schema=schema)


def _without_nan(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one array with null for NaN: "no value" is written in one way."""
    joined = column.combine_chunks()
    array = pa.concat_arrays(joined.chunks) if isinstance(joined, pa.ChunkedArray) else joined
    if not pa.types.is_floating(array.type):
        return array
    return pa.array(array.to_numpy(zero_copy_only=False), array.type, from_pandas=True)
