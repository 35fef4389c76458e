"""Tables to cross-match with, made of what archives hand out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.errors import InputError, MissingColumnError, few
from scope.features.crossmatch_catalogues import CATALOGUES, Catalogue
from scope.io.kinds import find_column
from scope.io.table_stream import TableStream, open_table_stream
from scope.io.values import exact_ids, exact_names, exact_numbers, positions
from scope.io.writer import TableWriter
from scope.schema import Column, arrow_schema
from scope.surveys.archive_columns import ARCHIVE_TABLES, ArchiveTable
from scope.surveys.matching import POSITION_COLUMNS

NEEDED = ("ra", "dec", "_id")
"""Without these a table is of no use."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CrossmatchTable:
    """Counts of the table that was made of the files of a catalogue.

    Attributes
    ----------
    path : Path
        The table.
    rows : int
    without_position : int
        Rows that were left out since they have no position.
    absent : tuple of str
        Columns that no file has; they are null.
    ra, dec : tuple of float
        Least and greatest, degrees; right ascensions around 0 are told from -180 to 180.
    """

    path: Path
    rows: int
    without_position: int
    absent: tuple[str, ...]
    ra: tuple[float, float]
    dec: tuple[float, float]


def make_crossmatch(
    name: str,
    files: Sequence[str | Path],
    output: str | Path,
    *,
    allow_missing: bool = False,
) -> CrossmatchTable:
    """Write the table of a catalogue as an archive's folder ``crossmatch`` holds it.

    Memory holds a piece of one file, whatever their size, unless their format knows no pieces
    (`scope.io.table_stream`).

    Parameters
    ----------
    name : {"Gaia_EDR3", "AllWISE", "PS1_DR1"}
    files : sequence of path
        Answers of an archive to queries around a position or in a box, with the archive's names of
        columns; all rows of all of them are taken, in their order. Rows that two of them share do
        no harm: a match is the nearest row.
    output : path
        Parquet file, written whole or not at all.
    allow_missing : bool
        Columns other than ids and positions may be absent, and are null.

    Raises
    ------
    NotFoundError, CorruptFileError
    MissingColumnError
        If a column is absent.
    InputError
        If a file is of another catalogue or release, a cell cannot be read, a unit does not fit,
        or no row has a position.
    """
    catalogue, layout = _known(name)
    columns = (*POSITION_COLUMNS, *catalogue.columns)
    readings = [_reading(Path(file), catalogue, layout, allow_missing) for file in files]
    absent = {c.name for c in columns if all(c.name not in reading.found for reading in readings)}
    metadata = {"catalogue": name, "reference": catalogue.reference, "absent": sorted(absent)}
    bounds = _Bounds()
    with TableWriter(output, arrow_schema(columns), metadata) as writer:
        for reading in readings:
            for piece in reading.pieces(columns):
                bounds.add(piece)
                writer.write(piece)
        if not writer.rows:
            raise InputError(
                f"files of {name} without a row that has a position",
                value=few(str(file) for file in files),
                todo="look at the answer of the archive: does it cover the field?",
            )
    left_out = sum(reading.without_position for reading in readings)
    return CrossmatchTable(
        Path(output), writer.rows, left_out, tuple(sorted(absent)), bounds.ra(), bounds.dec()
    )


def _known(name: str) -> tuple[Catalogue, ArchiveTable]:
    if name not in CATALOGUES:
        raise InputError("unknown catalogue to cross-match with", value=name, allowed=CATALOGUES)
    return CATALOGUES[name], ARCHIVE_TABLES[name]


def _reading(
    path: Path, catalogue: Catalogue, layout: ArchiveTable, allow_missing: bool
) -> _Reading:
    """Find the columns of a file, and refuse it where it is not of this catalogue."""
    stream = open_table_stream(path)
    found: dict[str, str] = {}
    for column, names in layout.names.items():
        there = find_column(stream.names, names)
        if there is not None:
            found[column] = there
    missing = [column for column in layout.names if column not in found]
    if any(column in missing for column in NEEDED) or (missing and not allow_missing):
        _refuse_missing(path, catalogue, layout, stream, missing)
    return _Reading(path, catalogue.name, layout, stream, found)


def _refuse_missing(
    path: Path,
    catalogue: Catalogue,
    layout: ArchiveTable,
    stream: TableStream,
    missing: Sequence[str],
) -> None:
    other = next(
        (
            name
            for name, table in ARCHIVE_TABLES.items()
            if name != catalogue.name
            and all(find_column(stream.names, names) for names in table.names.values())
        ),
        None,
    )
    if other is not None:
        raise InputError(
            f"file that is not of {catalogue.name}",
            value=f"{path} has the columns of {other}",
            allowed=layout.query,
        )
    optional = not any(column in missing for column in NEEDED)
    raise MissingColumnError(
        f"file of {catalogue.name} without columns of it, {path}",
        value=few((" or ".join(layout.names[column]) for column in missing), 20),
        allowed=f"all of them; the file has {few(stream.names)}",
        todo=f"ask for {layout.query}"
        + (
            "; with --allow-missing they are null, and filled in as at training" if optional else ""
        ),
    )


class _Reading:
    """A file whose columns are known."""

    def __init__(
        self,
        path: Path,
        name: str,
        layout: ArchiveTable,
        stream: TableStream,
        found: Mapping[str, str],
    ) -> None:
        self.path, self.name, self.layout, self.stream = path, name, layout, stream
        self.found = found
        self.without_position = 0
        self._signs = {
            there: signs
            for column, signs in layout.signs.items()
            if (there := find_column(stream.names, (column,))) is not None
        }
        epoch = find_column(stream.names, ("ref_epoch",)) if layout.epoch is not None else None
        self._epoch = epoch

    def pieces(self, columns: Sequence[Column]) -> Iterator[pa.Table]:
        """Yield rows with a position, under the names and in the units of a cross-match."""
        wanted = [*self.found.values(), *self._signs, *([self._epoch] if self._epoch else [])]
        factors = {
            column.name: self._factor(column)
            for column in columns
            if column.unit and column.name in self.found
        }
        first = 1
        for piece in self.stream.pieces(list(dict.fromkeys(wanted))):
            self._require_release(piece, first)
            yield self._rows(piece, columns, factors, first)
            first += piece.num_rows

    def _rows(
        self,
        piece: pa.Table,
        columns: Sequence[Column],
        factors: Mapping[str, float],
        first: int,
    ) -> pa.Table:
        ra, dec = (self._numbers(piece, kind, first, factors.get(kind, 1.0)) for kind in NEEDED[:2])
        right, up = positions(
            ra,
            dec,
            self.path,
            first=first,
            names=(self.found["ra"], self.found["dec"]),
        )
        there = np.isfinite(right) & np.isfinite(up)
        self.without_position += int(np.count_nonzero(~there))
        arrays: dict[str, Any] = {"ra": pa.array(right), "dec": pa.array(up)}
        for column in columns[2:]:
            arrays[column.name] = self._column(piece, column, factors, first)
        return pa.table(arrays, schema=arrow_schema(columns)).filter(pa.array(there))

    def _column(
        self, piece: pa.Table, column: Column, factors: Mapping[str, float], first: int
    ) -> pa.Array:
        if column.name not in self.found:
            return pa.nulls(piece.num_rows, column.field.type)
        name = self.found[column.name]
        cells = piece.column(name)
        if column.dtype == "string":
            return pa.array(exact_names(cells, name, self.path, first=first), pa.string())
        if column.dtype == "int64":
            return self._integers(cells, name, first)
        values = self._numbers(piece, column.name, first, factors.get(column.name, 1.0))
        return pa.array(np.where(np.isfinite(values), values, np.nan), from_pandas=True)

    def _integers(self, cells: pa.ChunkedArray, name: str, first: int) -> pa.Array:
        integers = _plain_integers(cells)
        if integers is None:
            integers = pa.array(exact_ids(cells, name, self.path, first=first))
        integers = integers.cast(pa.int64())
        if self.layout.nothing is None:
            return integers
        import pyarrow.compute as pc

        none = pa.scalar(None, pa.int64())
        return pc.if_else(pc.equal(integers, int(self.layout.nothing)), none, integers)

    def _numbers(self, piece: pa.Table, column: str, first: int, factor: float) -> Floats:
        name = self.found[column]
        values = exact_numbers(piece.column(name), name, self.path, first=first)
        if self.layout.nothing is not None:
            values = np.where(values == self.layout.nothing, np.nan, values)
        return values if factor == 1.0 else values * factor

    def _factor(self, column: Column) -> float:
        """Return what turns the file's unit into that of a cross-match; 1 where it says none."""
        name = self.found[column.name]
        said = self.stream.units.get(name)
        if said is None or said == column.unit:
            return 1.0
        from astropy import units

        try:
            unit = units.Unit(_SPELLINGS.get(said, said))
            return float(unit.to(units.Unit(column.unit)))
        except (units.UnitConversionError, ValueError, TypeError) as error:
            raise InputError(
                f"column {name!r} of {self.path} in a unit that does not fit",
                value=said,
                allowed=f"what can become {column.unit}",
                todo=f"is this a file of {self.name}? Ask for {self.layout.query}",
            ) from error

    def _require_release(self, piece: pa.Table, first: int) -> None:
        for name, signs in self._signs.items():
            for row, text in enumerate(piece.column(name).to_pylist(), first):
                if text is not None and not any(sign in str(text) for sign in signs):
                    self._refuse_release(name, row, text, " or ".join(signs))
        if self._epoch is not None:
            epochs = exact_numbers(piece.column(self._epoch), self._epoch, self.path, first=first)
            wrong = np.flatnonzero(np.isfinite(epochs) & (epochs != self.layout.epoch))
            if len(wrong):
                row = int(wrong[0])
                self._refuse_release(self._epoch, row + first, epochs[row], str(self.layout.epoch))

    def _refuse_release(self, column: str, row: int, value: object, allowed: str) -> None:
        raise InputError(
            f"file that is not of {self.name}, by row {row} of {self.path}",
            value=f"{column}: {value}",
            allowed=allowed,
            todo=f"ask for {self.layout.query}",
        )


_SPELLINGS = {
    "mas.yr**-1": "mas/yr",
    "mas.yr-1": "mas/yr",
    "degrees": "deg",
    "degree": "deg",
    "magnitude": "mag",
    "magnitudes": "mag",
    "Vega mag": "mag",
    "AB mag": "mag",
    "mag(AB)": "mag",
    "[mag]": "mag",
}
"""Units as archives write them where astropy reads something else, or nothing."""


def _plain_integers(cells: pa.ChunkedArray) -> pa.Array | None:
    """Return texts of digits, or integers, as they are; None for others, which need a look."""
    if not (pa.types.is_string(cells.type) or pa.types.is_signed_integer(cells.type)):
        return None
    try:
        return pa.concat_arrays(cells.cast(pa.int64()).chunks)
    except (pa.ArrowInvalid, ValueError):
        return None


class _Bounds:
    """Where on the sky the rows of a table are."""

    def __init__(self) -> None:
        self._plain, self._around = [np.inf, -np.inf], [np.inf, -np.inf]
        self._height = [np.inf, -np.inf]

    def add(self, piece: pa.Table) -> None:
        """Take rows into account."""
        if not piece.num_rows:
            return
        ra, dec = (piece.column(name).to_numpy() for name in NEEDED[:2])
        around = (ra + 180) % 360 - 180
        for bounds, values in ((self._plain, ra), (self._around, around), (self._height, dec)):
            bounds[:] = [min(bounds[0], values.min()), max(bounds[1], values.max())]

    def ra(self) -> tuple[float, float]:
        """Return right ascensions, the narrower way round."""
        narrow = min((self._plain, self._around), key=lambda one: one[1] - one[0])
        return narrow[0], narrow[1]

    def dec(self) -> tuple[float, float]:
        """Return declinations."""
        return self._height[0], self._height[1]
