"""Tables of any size as archives hand them out, in pieces.

Text, Parquet and FITS are read piece by piece. VOTable, IPAC tables and compressed FITS can only
be read whole, so that their size is bounded.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
from pyarrow import csv as arrow_csv

from scope.errors import InputError, NotFoundError
from scope.io.published import (
    DASHES,
    FITS_FORMATS,
    VOTABLE_FORMATS,
    corrupt,
    frame_of,
    read_published_table,
)
from scope.io.readers import units_of
from scope.io.tables import iter_batches, read_schema

ROWS = 65536
"""Rows of a piece."""

WHOLE_BYTES = 1 << 30
"""Files that must be read whole may be so large."""

TEXT = (".csv", ".tsv", ".txt", ".tbl")
PARQUET = (".parquet",)
STREAMED_FORMATS = (*TEXT, *PARQUET, *FITS_FORMATS, *VOTABLE_FORMATS)

_MISSING = ["", "null", "NULL", "NaN", "nan", "NA", "None", "--", "\\N"]
_DELIMITERS = (",", "\t", ";", "|")
_LINE_BYTES = 1 << 20
"""Longest line: a file without line ends is not read into memory as one."""


@dataclass(frozen=True)
class TableStream:
    """A table that is read in pieces.

    Attributes
    ----------
    names : tuple of str
        Its columns.
    units : dict of str to str
        What the file says, by column, of those with a unit.
    pieces : function of a sequence of names
        Yields these columns as `pyarrow.Table`, at most `ROWS` rows at a time, in file order.
        Texts are null where a cell is empty or says that there is nothing.
    """

    names: tuple[str, ...]
    units: dict[str, str]
    pieces: Callable[[Sequence[str]], Iterator[pa.Table]]


def open_table_stream(path: str | Path) -> TableStream:
    """Look at the head of a table.

    Parameters
    ----------
    path : str or Path
        Text with delimiters (``.csv``, ``.tsv``, ``.txt``, with lines of units and dashes as
        VizieR writes them, or not), an IPAC table, Parquet, FITS or VOTable; text and VOTable may
        be compressed (``.gz``).

    Raises
    ------
    NotFoundError, CorruptFileError
    InputError
        If the format is unknown, a column name stands twice, or a file that can only be read
        whole is too large.
    """
    path = Path(path)
    suffixes = [part.lower() for part in path.suffixes]
    packed = suffixes[-1:] == [".gz"]
    suffix = suffixes[-2] if packed and len(suffixes) > 1 else suffixes[-1] if suffixes else ""
    if suffix not in STREAMED_FORMATS or (packed and suffix in PARQUET):
        raise InputError("table of an unknown format", value=str(path), allowed=STREAMED_FORMATS)
    if not path.is_file():
        raise NotFoundError("no such table", value=str(path), todo="check the path")
    if suffix in PARQUET:
        schema = read_schema(path)
        return TableStream(
            tuple(schema.names), units_of(schema), lambda names: iter_batches(path, names, ROWS)
        )
    if suffix in VOTABLE_FORMATS:
        return _whole(path, lambda: tuple(read_published_table(path)))
    if suffix in FITS_FORMATS:
        return _whole(path, lambda: _astropy(path, "fits")) if packed else _fits(path)
    if _is_ipac(path):
        return _whole(path, lambda: _astropy(path, "ascii.ipac"))
    return _text(path)


def _whole(path: Path, read: Callable[[], Any]) -> TableStream:
    """Return the pieces of a table of a format that knows no pieces."""
    size = path.stat().st_size
    if size > WHOLE_BYTES:
        raise InputError(
            "table that can only be read whole, and is too large for that",
            value=f"{path}, {size / 1e9:.1f} GB",
            allowed=f"{WHOLE_BYTES / 1e9:.1f} GB",
            todo="ask for it as CSV, Parquet or FITS without compression, or in parts",
        )
    frame, units = read()

    def pieces(names: Sequence[str]) -> Iterator[pa.Table]:
        chosen = frame[list(names)]
        for start in range(0, len(frame), ROWS):
            yield pa.Table.from_pandas(chosen.iloc[start : start + ROWS], preserve_index=False)

    return TableStream(tuple(frame.columns), units, pieces)


def _astropy(path: Path, form: str) -> Any:
    return tuple(frame_of(_read_astropy(path, form)))


def _read_astropy(path: Path, form: str, **options: Any) -> Any:
    import warnings

    from astropy.table import Table

    if form.startswith("ascii"):
        options["guess"] = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Table.read(str(path), format=form, **options)
    # Its readers raise what their parsers raise, which is of many types.
    except Exception as error:
        raise corrupt(path, form, str(error)) from error


def _fits(path: Path) -> TableStream:
    # Mapped, not read; a mask of what is no number would be a copy of every column.
    table = _read_astropy(path, "fits", memmap=True, mask_invalid=False)
    units = {name: str(table[name].unit) for name in table.colnames if table[name].unit is not None}

    def pieces(names: Sequence[str]) -> Iterator[pa.Table]:
        chosen = table[list(names)]
        for start in range(0, len(table), ROWS):
            frame, _ = frame_of(chosen[start : start + ROWS])
            yield pa.Table.from_pandas(frame, preserve_index=False)

    return TableStream(tuple(table.colnames), units, pieces)


@dataclass(frozen=True)
class _Head:
    """What stands above the rows of a text."""

    delimiter: str
    names: list[str]
    units: dict[str, str]
    lines: int


def _text(path: Path) -> TableStream:
    lines = _lines(path)
    try:
        head = _head(list(islice(lines, 3)), path)
    finally:
        lines.close()

    def pieces(names: Sequence[str]) -> Iterator[pa.Table]:
        rows = islice(_lines(path), head.lines, None)
        while some := list(islice(rows, ROWS)):
            yield _parsed(some, head, names, path)

    return TableStream(tuple(head.names), head.units, pieces)


def _lines(path: Path) -> Generator[bytes, None, None]:
    """Yield the lines of a text that are neither empty nor comments, as bytes."""
    vizier = ended = False
    try:
        with _opened(path) as file:
            while line := file.readline(_LINE_BYTES):
                if len(line) == _LINE_BYTES:
                    raise corrupt(path, "a table of text", f"a line of over {_LINE_BYTES} bytes")
                if line.startswith(b"#"):
                    vizier |= b"VizieR" in line
                    ended |= line.startswith(b"#END#")
                elif line.strip():
                    yield line if line.endswith(b"\n") else line + b"\n"
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise corrupt(path, "a compressed table", str(error)) from error
    except OSError as error:
        raise InputError("table that cannot be read", value=f"{path} ({error})") from error
    if vizier and not ended:
        raise corrupt(path, "a table of VizieR", "the line #END# is not there")


def _opened(path: Path) -> BinaryIO:
    file = open(path, "rb")  # noqa: SIM115
    start = file.read(2)
    file.seek(0)
    # By its first bytes: servers and browsers pack and unpack without changing the name.
    return gzip.GzipFile(fileobj=file) if start == b"\x1f\x8b" else file  # type: ignore[return-value]


def _is_ipac(path: Path) -> bool:
    return next(iter(_lines(path)), b"")[:1] in (b"\\", b"|")


def _head(lines: list[bytes], path: Path) -> _Head:
    if not lines:
        raise InputError("table without rows", value=str(path), allowed="at least one row")
    texts = [line.decode("utf-8-sig", "replace").strip("\r\n") for line in lines]
    delimiter = max(_DELIMITERS, key=texts[0].count)
    first, *below = (
        [cell.strip() for cell in row] for row in csv.reader(texts, delimiter=delimiter)
    )
    twice = [name for name, count in Counter(first).items() if count > 1]
    if twice:
        raise InputError(f"column name that stands twice in {path}", value=twice[0])
    dashes = next(
        (
            n
            for n, row in enumerate(below, 1)
            if all(DASHES.fullmatch(c) for c in row if c) and any(row)
        ),
        0,
    )
    units = dict(zip(first, below[0], strict=False)) if dashes == 2 else {}
    return _Head(delimiter, first, {n: unit for n, unit in units.items() if unit}, dashes + 1)


def _parsed(lines: list[bytes], head: _Head, names: Sequence[str], path: Path) -> pa.Table:
    try:
        table = arrow_csv.read_csv(
            io.BytesIO(b"".join(lines)),
            arrow_csv.ReadOptions(column_names=head.names, use_threads=False),
            arrow_csv.ParseOptions(delimiter=head.delimiter, newlines_in_values=False),
            arrow_csv.ConvertOptions(
                include_columns=list(names), column_types=dict.fromkeys(names, pa.string())
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise corrupt(path, "text with delimiters", str(error)) from error
    return pa.table({name: _stripped(table.column(name)) for name in names})


def _stripped(column: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.is_in(trimmed, pa.array(_MISSING)), pa.scalar(None, pa.string()), trimmed)
