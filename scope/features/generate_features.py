"""Features for any file of light curves, without a workflow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.errors import DuplicateIdError, InputError, MissingColumnError, few
from scope.features.compute_features import DEFAULT_ROWS, Summary, write_features
from scope.features.options import FeatureOptions
from scope.features.unit_rows import Rows
from scope.identifiers import resolve
from scope.io import check_output, count_rows, read_ids, read_metadata, read_schema
from scope.io.values import degrees, exact_ids, exact_names
from scope.lightcurves.cleaning import (
    CleaningOptions,
    clean_rows,
    emptied,
    is_dropped,
)
from scope.lightcurves.curves import LightCurves
from scope.lightcurves.files import iter_raw_lightcurves
from scope.lightcurves.identity import check_identity
from scope.lightcurves.left_out import LeftOut
from scope.provenance import record
from scope.schema import KEY_COLUMNS, arrow_schema

ACCEPTED: dict[str, tuple[str, ...]] = {
    "_id": ("_id", "objectid"),
    "time": ("hmjd", "hjd"),
    "mag": ("mag",),
    "magerr": ("magerr",),
    "catflags": ("catflags",),
    "ra": ("ra", "objra"),
    "dec": ("dec", "objdec"),
    "field": ("field", "fieldid"),
    "ccd": ("ccd",),
    "quad": ("quad",),
    "rc": ("rc", "rcid"),
    "filter": ("filter", "filterid"),
    "obj_id": ("obj_id",),
}
"""Names that a column may have; the first one found is taken."""

_REQUIRED = ("_id", "time", "mag", "magerr")
_PLACE = ("field", "ccd", "quad", "rc", "filter")


class _Layout(NamedTuple):
    """Which of the accepted names a file uses, by what they mean."""

    names: dict[str, str]

    @property
    def further(self) -> list[str]:
        """Columns beside the id and the lists."""
        lists = (*_REQUIRED, "catflags")
        return [name for meaning, name in self.names.items() if meaning not in lists]


def generate_features(
    lightcurve_file: str | Path,
    output: str | Path,
    *,
    cleaning: CleaningOptions | None = None,
    options: FeatureOptions | None = None,
    backend: str = "cpu",
    workers: int = 1,
    rows: int = DEFAULT_ROWS,
    facts: Mapping[str, Any] | None = None,
) -> Summary:
    """Clean the light curves of a file and write their features.

    Parameters
    ----------
    lightcurve_file : str or Path
        Parquet file with one light curve per row: an integer id (``_id`` or
        ``objectid``), lists of times (``hmjd`` or ``hjd``), ``mag`` and ``magerr``, and
        where present ``catflags``, positions, field, detector, filter and ``obj_id``
        (`ACCEPTED` has all names). In any order of rows.
    output : str or Path
        Parquet file with the columns of the workflow's files of features
        (`scope.features.registry.product_columns`), one row per light curve in ascending
        order of ``_id``. Nothing is cross-matched: those columns are null.
    cleaning : CleaningOptions, optional
    options : FeatureOptions, optional
    backend : str
        Who computes, see `scope.features.batch.compute_batch`; the file says who did.
    workers : int
        Threads.
    rows : int
        Light curves in memory at a time; no number depends on it.
    facts : mapping, optional
        What to record beside the options.

    Returns
    -------
    Summary

    Raises
    ------
    MissingColumnError
        If there is no column for the id, the times, the magnitudes or their errors.
    DuplicateIdError
        If an id stands twice.
    IdentifierError
        If an id contradicts its columns.
    NotFoundError, CorruptFileError, InputError
        If the file cannot be used.
    BackendError
        If the backend is not there.
    """
    cleaning, options = cleaning or CleaningOptions(), options or FeatureOptions()
    check_output(output, lightcurve_file)
    layout = _layout(lightcurve_file)
    _require_unique(lightcurve_file, layout.names["_id"])
    metadata = record(
        "features",
        read_metadata(lightcurve_file),
        **{
            **(facts or {}),
            **options.facts(),
            "backend": backend,
            **cleaning.facts(),
        },
    )
    left_out = LeftOut()

    def pieces() -> Iterator[Rows]:
        # The search of bands together reads everything twice.
        left_out.clear()
        return _pieces(lightcurve_file, layout, cleaning, rows, left_out)

    summary = write_features(
        pieces,
        output,
        options=options,
        backend=backend,
        workers=workers,
        metadata=metadata,
        total=count_rows(lightcurve_file),
    )
    left_out.warn(str(lightcurve_file))
    return summary._replace(left_out=dict(sorted(left_out.points.items())))


def _layout(path: str | Path) -> _Layout:
    """Find the columns of a file."""
    present = read_schema(path).names
    names = {}
    for meaning, accepted in ACCEPTED.items():
        found = [name for name in accepted if name in present]
        if found:
            names[meaning] = found[0]
        elif meaning in _REQUIRED:
            raise MissingColumnError(
                f"light-curve file {path} without a column",
                value=" or ".join(accepted),
                allowed="one of these names for each of id, times, mag and magerr",
                todo=f"the file has: {few(present)}",
            )
    return _Layout(names)


def _require_unique(path: str | Path, id_column: str) -> None:
    ids = np.sort(read_ids(path, id_column))
    twice = ids[1:][ids[1:] == ids[:-1]]
    if len(twice):
        raise DuplicateIdError(
            f"light-curve file {path} with repeated ids",
            value=f"{id_column} {twice[0]} ({len(np.unique(twice))} ids stand more than once)",
            allowed="each id once",
            todo="give each light curve (object and filter) an id of its own",
        )


def _pieces(
    path: str | Path, layout: _Layout, cleaning: CleaningOptions, rows: int, left_out: LeftOut
) -> Iterator[Rows]:
    """Read, clean and name the light curves of a file."""
    stream = iter_raw_lightcurves(
        path,
        id_column=layout.names["_id"],
        time_column=layout.names["time"],
        columns=layout.further,
        flags="catflags" in layout.names,
        rows=rows,
    )
    first = 1
    for table, raw in stream:
        keys, reasons = _keys(table, layout, raw, path, first)
        first += len(raw)
        cleaned = clean_rows(raw, cleaning)
        left_out.add(cleaned.left_out)
        already = is_dropped(reasons)
        yield Rows(
            keys,
            emptied(cleaned.lightcurves, already),
            cleaned.n_epochs,
            np.where(already, reasons, cleaned.reasons),
            None,
        )
    left_out.require_dates(str(path), cleaning.max_timestamp_hjd)


def _keys(
    table: pa.Table, layout: _Layout, raw: LightCurves, path: str | Path, first: int
) -> tuple[pa.Table, npt.NDArray[np.object_]]:
    """Return the identity columns, from the ids where they say it, else from the file.

    With them, what is impossible about each row; None where nothing is. `first` is the number of
    the first row, for messages.
    """
    names = layout.names
    place = {
        meaning: _integers(table.column(names[meaning]), names[meaning], path, first)
        for meaning in _PLACE
        if meaning in names
    }
    right, up = (
        _positions(table.column(names[kind]), kind, names[kind], path, first)
        if kind in names
        else None
        for kind in ("ra", "dec")
    )
    checked = check_identity(raw.ids, right, up, place)
    found: dict[str, Any] = {"_id": pa.array(raw.ids), "ra": checked.ra, "dec": checked.dec}
    found.update(resolve(raw.ids, checked.place)._asdict())
    if "obj_id" in layout.names:
        called = layout.names["obj_id"]
        stars = exact_names(table.column(called), called, path, first=first)
        found["obj_id"] = pa.chunked_array([pa.array(stars, pa.string())])
    schema = arrow_schema(KEY_COLUMNS)
    arrays = [
        _cast(found[field.name], field.type, layout.names.get(field.name, field.name))
        if field.name in found
        else pa.nulls(len(raw), field.type)
        for field in schema
    ]
    return pa.table(arrays, schema=schema), checked.reasons


def _positions(
    column: pa.ChunkedArray, kind: str, name: str, path: str | Path, first: int
) -> pa.ChunkedArray:
    """Return degrees, whether the column holds numbers or texts, null where it has no value."""
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        return _cast(column, pa.float64(), name)
    values = degrees(column, kind, name, path, first=first)
    return pa.chunked_array([pa.array(values, from_pandas=True)])


def _integers(
    column: pa.ChunkedArray, name: str, path: str | Path, first: int
) -> npt.NDArray[np.int64]:
    """Return a column with -1, which means unknown, in place of null."""
    if not pa.types.is_integer(column.type):
        column = pa.chunked_array([pa.array(exact_ids(column, name, path, first=first))])
    column = _cast(column, pa.int64(), name)
    return np.asarray(column.fill_null(-1).to_numpy(), dtype=np.int64)


def _cast(column: pa.ChunkedArray, dtype: pa.DataType, name: str) -> pa.ChunkedArray:
    try:
        return column.cast(dtype)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InputError(
            f"column {name!r} of a wrong type",
            value=f"{column.type}: {str(error).splitlines()[0]}",
            allowed=f"what can be read as {dtype}",
            todo="convert the column",
        ) from None
