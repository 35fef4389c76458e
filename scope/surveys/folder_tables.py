"""One file of a described survey as points: whatever its columns, layout, ids and bands are."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scope.bands import BAND_NUMBERS, BANDS, band_name
from scope.errors import DuplicateIdError, InputError, few
from scope.io.csvtext import read_texts
from scope.io.tables import read_schema, read_table
from scope.io.values import exact_ids, exact_names, exact_numbers
from scope.lightcurves.nested import list_columns
from scope.lightcurves.times import TimeSystem
from scope.schema import require_columns

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

BANDS_PER_OBJECT = 8
"""Whole numbers of objects times this, and the number of the band, make an id."""

LARGEST_OBJECT = 2**63 // BANDS_PER_OBJECT - 1
"""Rubin's 18 digits fit."""

_STRIDE = 1000
"""Above the number of any band."""

NO_BAND = 0
"""In place of the number of a band that is to be left out."""

ROW_COLUMNS = ("id", "ra", "dec")
"""What belongs to a row; of flat files, whose rows are epochs, the first of an object counts."""

EPOCH_COLUMNS = ("time", "brightness", "error", "flags")


@dataclass(frozen=True)
class FolderLayout:
    """Layout of the files of a described survey; see `scope.config.surveys.SurveySection`.

    Attributes
    ----------
    layout : {"flat", "nested"}
    points : str or None
        Nested column that holds the points.
    columns : mapping of str to str
        ``id``, ``time``, ``brightness``, ``error`` and maybe ``ra``, ``dec``, ``band``, ``flags``
        -> what they are called in the files.
    ids : {"light_curve", "object", "name"}
    bands : mapping of str to (str or None)
        Value in the column of bands -> name of the band; None is left out. Empty: as it is.
    default_band : str or None
    time : TimeSystem
    zero_point_mag : float or None
        Magnitude of a flux of 1; None where there are magnitudes.
    """

    layout: str
    columns: Mapping[str, str]
    points: str | None = None
    ids: str = "object"
    bands: Mapping[str, str | None] = field(default_factory=dict)
    default_band: str | None = None
    time: TimeSystem = field(default_factory=TimeSystem)
    zero_point_mag: float | None = None

    def named(self, meanings: Sequence[str]) -> dict[str, str]:
        """Return those of some meanings that have a column, with its name."""
        return {name: self.columns[name] for name in meanings if name in self.columns}


class Points(NamedTuple):
    """The points of a file, those of a light curve one after another, by id.

    Attributes
    ----------
    ids : (n,) int64
        Light curves, ascending.
    offsets : (n + 1,) int64
    row : (n,) int64
        Row of the table that tells where it lies and what it is called.
    bands : (n,) int64
        Numbers of `scope.bands`.
    names : (n,) object
        What the survey calls the object.
    ra, dec : (n,) float64
        Degrees, NaN where unknown.
    epochs : dict of str to (points,) array
        ``time``, ``brightness``, ``error`` as the file has them, and ``flags``, 0 is good.
    """

    ids: Ints
    offsets: Ints
    bands: Ints
    names: npt.NDArray[np.object_]
    ra: Floats
    dec: Floats
    epochs: dict[str, npt.NDArray[Any]]


def read_points(path: Path, layout: FolderLayout) -> Points:
    """Return the points of a file; memory holds all of it.

    Raises
    ------
    NotFoundError, CorruptFileError, MissingColumnError
    InputError
        If a column has another form or type, or a band is unknown.
    DuplicateIdError
        If a light curve stands in two rows, or two get one id.
    """
    table = _read(path, layout)
    columns, row = _exploded(table, layout, path)
    rows = {name: table.column(layout.columns[name]) for name in layout.named(ROW_COLUMNS)}
    band = _band_numbers(columns.get("band"), layout, len(row), path)
    keys, objects = _objects(rows["id"], layout, path)
    of_point = objects[row]
    kept = band != NO_BAND
    ids = _ids(keys, of_point, band, kept, layout, path)
    order = np.flatnonzero(kept)[np.argsort(ids[kept], kind="stable")]
    found, starts = np.unique(ids[order], return_index=True)
    first = order[starts]
    _check_alone(found, starts, order, of_point, band, row, layout, path)
    epochs = {name: columns[name][order] for name in EPOCH_COLUMNS if name in columns}
    return Points(
        found,
        np.append(starts, len(order)).astype(np.int64),
        band[first],
        np.array([str(keys[one]) for one in of_point[first]], dtype=object),
        _degrees(rows.get("ra"), layout, "ra", path, row[first]),
        _degrees(rows.get("dec"), layout, "dec", path, row[first]),
        epochs,
    )


def _read(path: Path, layout: FolderLayout) -> pa.Table:
    """Return the columns of a file that are needed; those of CSV files are texts."""
    names = list(layout.columns.values())
    if layout.points is not None:
        # What is not a column of the table is a part of its points.
        names = [*layout.named(ROW_COLUMNS).values(), layout.points]
        band = layout.columns.get("band")
        if band is not None and band in read_schema(path).names:
            names.append(band)
    names = list(dict.fromkeys(names))
    if path.suffix.lower() == ".parquet":
        return read_table(path, names)
    table = read_texts(path).table
    require_columns(table.schema.names, names, f" in {path}")
    return table.select(names)


def _exploded(
    table: pa.Table, layout: FolderLayout, path: Path
) -> tuple[dict[str, npt.NDArray[Any]], Ints]:
    """Return the columns of the epochs, (points,) each, and the row that each is of."""
    wanted = {name: layout.columns[name] for name in EPOCH_COLUMNS if name in layout.columns}
    band = layout.columns.get("band")
    if layout.layout == "flat":
        arrays = {name: _numbers(table.column(of), name, of, path) for name, of in wanted.items()}
        row = np.arange(table.num_rows)
        return arrays | ({} if band is None else {"band": _texts(table.column(band))}), row
    inside = dict(wanted)
    if band is not None and (layout.points is not None) and band not in table.schema.names:
        inside["band"] = band
    if layout.points is None:
        lists = {of: table.column(of) for of in inside.values()}
    else:
        where = f"column {layout.points!r} of {path}"
        lists = list_columns(table.column(layout.points), list(inside.values()), where)
    if band is not None and band in table.schema.names:
        column = table.column(band)
        if _is_list(column.type):
            inside["band"], lists[band] = band, column
    return _flattened(table, inside, lists, layout, path)


def _flattened(
    table: pa.Table,
    inside: Mapping[str, str],
    lists: Mapping[str, pa.ChunkedArray | pa.Array],
    layout: FolderLayout,
    path: Path,
) -> tuple[dict[str, npt.NDArray[Any]], Ints]:
    """Return the values of lists one after another, and the row that each is of."""
    values: dict[str, npt.NDArray[Any]] = {}
    lengths: Ints | None = None
    for name, of in inside.items():
        column = lists[of]
        if not _is_list(column.type):
            raise InputError(
                f"column {of!r} of {path} that holds no lists",
                value=str(column.type),
                allowed="a list for each row, in a nested layout",
                todo="set layout: flat where each row is an epoch",
            )
        column = _whole(column)
        counts = _plain(pc.fill_null(pc.list_value_length(column), 0))
        if lengths is not None and not np.array_equal(counts, lengths):
            bad = int(np.argmax(counts != lengths))
            raise InputError(
                f"lists of unequal length in row {bad + 1} of {path}",
                value=f"{of}: {counts[bad]} values, others {lengths[bad]}",
                allowed="as many times as brightnesses, errors, bands and flags",
            )
        lengths = counts.astype(np.int64)
        flat = column.flatten()
        values[name] = _texts(flat) if name == "band" else _numbers(flat, name, of, path)
    assert lengths is not None
    row = np.repeat(np.arange(table.num_rows), lengths)
    band = layout.columns.get("band")
    if band is not None and "band" not in values:
        values["band"] = _texts(table.column(band))[row]
    return values, row


def _whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    if not isinstance(column, pa.ChunkedArray):
        return column
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.nulls(0, column.type)


def _is_list(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def _numbers(column: Any, name: str, called: str, path: Path) -> npt.NDArray[Any]:
    """Return numbers; float32 stays so, where it is what the survey gives."""
    kind = column.type
    if pa.types.is_boolean(kind):
        column = column.cast(pa.int8())
    if name in ("brightness", "error") and pa.types.is_float32(kind):
        return _plain(column)
    values = exact_numbers(column, called, path)
    if name != "flags":
        return values
    # No flag is no fault; what the flags mean is the survey's business, 0 is good everywhere.
    return (np.nan_to_num(values) != 0).astype(np.uint16)


def _texts(column: pa.ChunkedArray | pa.Array) -> npt.NDArray[np.object_]:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return _plain(column.cast(pa.string())).astype(object)


def _plain(column: pa.ChunkedArray | pa.Array) -> npt.NDArray[Any]:
    """Return the values of a column; numbers that are missing are NaN, texts None."""
    if isinstance(column, pa.ChunkedArray):
        return np.asarray(column.to_numpy())
    return np.asarray(column.to_numpy(zero_copy_only=False))


def _band_numbers(
    texts: npt.NDArray[np.object_] | None, layout: FolderLayout, n: int, path: Path
) -> Ints:
    """Return the number of the band of each point, `NO_BAND` where it is left out."""
    if texts is None:
        assert layout.default_band is not None
        return np.full(n, BAND_NUMBERS[layout.default_band], dtype=np.int64)
    known: dict[str, str | None] = dict(layout.bands) or {name: name for name in BAND_NUMBERS}
    coded = pa.array(texts, pa.string()).dictionary_encode()
    values = [str(value).strip() for value in coded.dictionary.to_pylist()]
    unknown = [value for value in values if value not in known]
    if unknown or coded.null_count:
        raise InputError(
            f"band that is not known, in {path}",
            value=few(unknown) if unknown else f"{coded.null_count} points without a band",
            allowed=few(list(known), 40),
            todo="name it under bands of the survey, with null to leave its points out",
        )
    names = [known[value] for value in values]
    numbers = [NO_BAND if name is None else BAND_NUMBERS[name] for name in names]
    return np.array(numbers, dtype=np.int64)[coded.indices.to_numpy()]


def _objects(column: pa.ChunkedArray, layout: FolderLayout, path: Path) -> tuple[list[Any], Ints]:
    """Return the ids of the objects, each once, and the number of the object of each row."""
    called = layout.columns["id"]
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    coded = _whole(column).dictionary_encode()
    if coded.null_count:
        raise InputError(
            f"row without an id, column {called!r} of {path}",
            value=f"{coded.null_count} of {len(coded)} rows",
            allowed="an id in each row",
        )
    read = exact_names if layout.ids == "name" else exact_ids
    keys = list(read(coded.dictionary, called, path))
    return keys, np.asarray(coded.indices.to_numpy(), dtype=np.int64)


def _ids(
    keys: list[Any],
    of_point: Ints,
    band: Ints,
    kept: npt.NDArray[np.bool_],
    layout: FolderLayout,
    path: Path,
) -> Ints:
    """Return the id of the light curve of each point."""
    if layout.ids == "name":
        pairs, place = np.unique(of_point * _STRIDE + band, return_inverse=True)
        split = [divmod(pair, _STRIDE) for pair in pairs.tolist()]
        made = [_hashed(str(keys[one]), number) for one, number in split]
        return np.array(made, dtype=np.int64)[place]
    largest = LARGEST_OBJECT if layout.ids == "object" else 2**63 - 1
    bad = [one for one in keys if not 0 <= one <= largest]
    if bad:
        raise InputError(
            f"id that cannot be kept, column {layout.columns['id']!r} of {path}",
            value=bad[0],
            allowed=f"whole numbers from 0 to {largest}",
            todo="set ids: name, which takes any",
        )
    numbers = np.array(keys, dtype=np.int64)[of_point]
    if layout.ids != "object":
        return numbers
    if band[kept].max(initial=0) >= BANDS_PER_OBJECT:
        raise InputError(
            f"band whose number does not fit beside that of an object, in {path}",
            value=band_name(int(band[kept].max())),
            allowed=[one.name for one in BANDS if one.number < BANDS_PER_OBJECT],
            todo="set ids: name, which takes any",
        )
    return numbers * BANDS_PER_OBJECT + band


def _hashed(name: str, band: int) -> int:
    """Return 63 bits that an object's name and a band always give."""
    digest = hashlib.sha256(f"{name}/{band}".encode()).digest()
    return int.from_bytes(digest[:8]) >> 1


def _check_alone(
    found: Ints,
    starts: Ints,
    order: Ints,
    of_point: Ints,
    band: Ints,
    row: Ints,
    layout: FolderLayout,
    path: Path,
) -> None:
    """Raise where one id is of two objects or bands, or of two rows of a nested file."""
    first = np.repeat(order[starts], np.diff(np.append(starts, len(order))))
    wrong = (of_point[order] != of_point[first]) | (band[order] != band[first])
    why = "light curve in two bands: set ids: object, or leave a band out"
    if not wrong.any() and layout.layout == "nested":
        wrong = row[order] != row[first]
        why = "put all points of an object in a band into one row"
    if wrong.any():
        at = int(np.argmax(wrong))
        where = int(found[np.searchsorted(starts, at, side="right") - 1])
        raise DuplicateIdError(
            f"light curve that stands twice in {path}",
            value=f"id {where}, rows {row[first[at]] + 1} and {row[order[at]] + 1}",
            allowed="one object and one band for each id",
            todo=why,
        )


def _degrees(
    column: pa.ChunkedArray | None, layout: FolderLayout, name: str, path: Path, rows: Ints
) -> Floats:
    if column is None:
        return np.full(len(rows), np.nan)
    return exact_numbers(column.take(pa.array(rows)), layout.columns[name], path)
