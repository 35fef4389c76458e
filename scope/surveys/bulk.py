"""Reading the Parquet files of a bulk archive, one by one and merged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scope.errors import DuplicateIdError, IdentifierError, InputError
from scope.identifiers import check_columns, resolve
from scope.io.sorting import read_ids
from scope.io.tables import iter_batches, read_schema, read_table
from scope.lightcurves.curves import LightCurves, value_type_of
from scope.lightcurves.files import iter_raw_lightcurves, lightcurves_of
from scope.lightcurves.identity import UNKNOWN, Integers, check_identity
from scope.schema import SOURCES, arrow_schema, require_columns
from scope.surveys.layout import ArchiveFile

ID = "objectid"
SCALARS = ("fieldid", "rcid", "filterid", "objra", "objdec", "nepochs")
LISTS = ("hmjd", "mag", "magerr", "catflags")


def check_schema(path: Path) -> pa.Schema:
    """Return the schema of a file that has every column of a bulk file.

    Raises
    ------
    CorruptFileError, MissingColumnError
    """
    schema = read_schema(path)
    require_columns(schema.names, [ID, *SCALARS, *LISTS], f" in {path}")
    return schema


def read_sources(file: ArchiveFile) -> pa.Table:
    """Return the light curves that a file lists, columns `SOURCES`, in file order.

    Raises
    ------
    CorruptFileError, MissingColumnError
    InputError
        If a column has another type than numbers.
    IdentifierError
        If ids, columns and file name disagree.
    """
    check_schema(file.path)
    ids = read_ids(file.path, ID)
    table = read_table(file.path, SCALARS)
    checked = check_identity(
        ids,
        cast_column(table, "objra", pa.float64(), file.path),
        cast_column(table, "objdec", pa.float64(), file.path),
        {
            name: cast_column(table, native, pa.int64(), file.path).fill_null(UNKNOWN).to_numpy()
            for name, native in (("field", "fieldid"), ("rc", "rcid"), ("filter", "filterid"))
        },
    )
    columns = checked.place
    said_by_name = {"field": file.field, "rc": file.rc, "filter": file.filter}
    try:
        placement = resolve(ids, columns)
        check_columns(ids, **said_by_name)
    except IdentifierError as error:
        raise IdentifierError(
            f"{error.what}, in {file.path}",
            value=error.value,
            allowed=f"ids and columns that agree with each other and with the file name, "
            f"{file.path.name}",
            todo="download the file again, or give it its right name",
        ) from error
    for name, expected in said_by_name.items():
        _check_against_name(file, ids, name, columns[name], expected)
    return pa.table(
        [
            pa.array(ids),
            checked.ra,
            checked.dec,
            *placement,
            pa.nulls(table.num_rows, pa.string()),
            cast_column(table, "nepochs", pa.int32(), file.path),
            pa.array(checked.reasons, pa.string()),
        ],
        schema=arrow_schema(SOURCES),
    )


def read_sources_by_id(files: Sequence[ArchiveFile]) -> pa.Table:
    """Return the light curves that files list, columns `SOURCES`, in ascending id order.

    Raises
    ------
    DuplicateIdError
        If an id stands twice.
    """
    parts = [read_sources(file) for file in files]
    table = pa.concat_tables(parts)
    ids = table.column("_id").to_numpy()
    order = np.argsort(ids, kind="stable")
    twice = np.flatnonzero(np.diff(ids[order]) == 0)
    if len(twice):
        first = ids[order[twice[0]]]
        raise _duplicate(
            int(first),
            [
                file.path
                for file, part in zip(files, parts, strict=True)
                if np.any(part.column("_id").to_numpy() == first)
            ],
        )
    return table.take(pa.array(order)).combine_chunks()


def read_positions(
    path: Path,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return ids and positions, in degrees, of the light curves that a file lists.

    (n,) int64, (n,) float64 and (n,) float64: id, right ascension and declination.

    Raises
    ------
    CorruptFileError, MissingColumnError
    """
    table = read_table(path, ["objra", "objdec"])
    ra, dec = (
        cast_column(table, name, pa.float64(), path).to_numpy() for name in ("objra", "objdec")
    )
    return read_ids(path, ID), ra, dec


def read_lightcurves(path: Path, ids: npt.NDArray[np.int64], rows: int) -> Iterator[LightCurves]:
    """Yield those light curves of a file that are among `ids`, as observed.

    Only row groups that hold any are read.

    Parameters
    ----------
    path : Path
    ids : (n,) int64
    rows : int
        Light curves of the file in memory at a time.

    Raises
    ------
    CorruptFileError, MissingColumnError, InputError
    """
    check_schema(path)
    hit = np.isin(read_ids(path, ID), ids)
    if not hit.any():
        return
    wanted = pa.array(ids)
    for table in iter_batches(path, [ID, *LISTS], rows, holding=hit):
        found = pc.is_in(table.column(ID).cast(pa.int64()), wanted)
        if pc.any(found).as_py():
            yield lightcurves_of(table.filter(found), path, id_column=ID)


def iter_file(file: ArchiveFile, rows: int) -> Iterator[LightCurves]:
    """Yield the light curves of a file as observed, at most `rows` at a time, by id."""
    for _, curves in iter_raw_lightcurves(file.path, id_column=ID, rows=rows):
        yield curves


def iter_files_by_id(files: Sequence[ArchiveFile], rows: int) -> Iterator[LightCurves]:
    """Yield the light curves of several files as observed, merged in ascending id order.

    Parameters
    ----------
    files : sequence of ArchiveFile
    rows : int
        Light curves of each file in memory at a time.

    Yields
    ------
    LightCurves
        Of no fixed size. Magnitudes are float32 where all files have float32, else float64.

    Raises
    ------
    DuplicateIdError
        If an id stands twice.
    """
    dtype = _magnitude_type(files)
    streams = {file.path: iter_file(file, rows) for file in files}
    heads = {path: head for path, stream in streams.items() if (head := next(stream, None))}
    last = None
    while heads:
        bound = min(head.ids[-1] for head in heads.values())
        parts = {}
        for path, head in list(heads.items()):
            size = int(np.searchsorted(head.ids, bound, side="right"))
            if size:
                parts[path] = head[:size]
                rest = head[size:] if size < len(head) else next(streams[path], None)
                if rest is None:
                    del heads[path]
                else:
                    heads[path] = rest
        piece = _sorted(list(parts.values()))
        _check_ascending(piece, last, parts)
        last = int(piece.ids[-1])
        yield replace(
            piece,
            mag=piece.mag.astype(dtype, copy=False),
            magerr=piece.magerr.astype(dtype, copy=False),
        )


def _magnitude_type(files: Sequence[ArchiveFile]) -> type[np.floating]:
    """Return float32 where all magnitudes and errors of all files are float32, else float64."""
    schemas = [check_schema(file.path) for file in files]
    types = {schema.field(name).type for schema in schemas for name in ("mag", "magerr")}
    narrow = all(value_type_of(dtype) == pa.float32() for dtype in types)
    return np.float32 if narrow else np.float64


def _sorted(parts: list[LightCurves]) -> LightCurves:
    if len(parts) == 1:
        return parts[0]
    joined = LightCurves.concatenate(parts)
    return joined.take(np.argsort(joined.ids, kind="stable"))


def _check_ascending(piece: LightCurves, last: int | None, parts: dict[Path, LightCurves]) -> None:
    ids = piece.ids
    again = np.flatnonzero(np.diff(ids) == 0)
    if len(again) or ids[0] == last:
        twice = ids[again[0]] if len(again) else ids[0]
        raise _duplicate(int(twice), [path for path, part in parts.items() if twice in part.ids])


def _duplicate(objectid: int, paths: list[Path]) -> DuplicateIdError:
    return DuplicateIdError(
        f"light curve listed twice, in {' and '.join(str(path) for path in paths)}",
        value=f"{ID} {objectid}",
        allowed="each id once",
        todo="remove one of the two, or download the file again",
    )


def _check_against_name(
    file: ArchiveFile, ids: np.ndarray, name: str, column: Integers, expected: int
) -> None:
    """Check a column against the file name; ids of no scheme leave only this."""
    wrong = np.flatnonzero((column >= 0) & (column != expected))
    if len(wrong):
        raise IdentifierError(
            f"{name} in a column that disagrees with the file name, in {file.path}",
            value=f"{ID} {ids[wrong[0]]}: {column[wrong[0]]} ({len(wrong)} rows disagree)",
            allowed=f"{expected}, as {file.path.name} says",
            todo="download the file again, or give it its right name",
        )


def cast_column(table: pa.Table, name: str, dtype: pa.DataType, path: Path) -> pa.ChunkedArray:
    """Return a column of a file with another type; values that do not fit are an error.

    Raises
    ------
    InputError
    """
    try:
        return table.column(name).cast(dtype)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InputError(
            f"column {name!r} of a wrong type in {path}",
            value=f"{table.schema.field(name).type}: {str(error).splitlines()[0]}",
            allowed=f"values that fit {dtype}",
        ) from error
