"""CSV files cell by cell, as they are written: people, spreadsheets and programs make them.

Read are commas, semicolons or tabs; UTF-8 and UTF-16, with or without a byte order mark; any
ends of lines; comments above the names of the columns. A line that does not fit the names is
refused with its number: where cells shift, a declination becomes a right ascension.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa

from scope.errors import CorruptFileError, InputError, NotFoundError, few
from scope.jsontext import parse_json
from scope.schema import METADATA_KEY

SEPARATORS = (",", ";", "\t")
COMMENT = "#"

_BLOCK_ROWS = 20_000
"""Rows that are Python texts at a time; whole they would fill the memory."""

_MAX_CELL = 1 << 30
"""Python's own bound is less than a light curve or histogram in a cell."""


@dataclass(frozen=True)
class CsvTexts:
    """The cells of a CSV file.

    Attributes
    ----------
    header : dict
        What the leading comment of `scope.io.write_csv` says; empty in other files.
    table : pyarrow.Table
        Strings, null where a cell is empty. Blanks around cells are gone, but for files of
        `scope.io.write_csv`.
    """

    header: dict[str, Any]
    table: pa.Table


def read_texts(path: str | Path) -> CsvTexts:
    """Read the cells of a CSV file.

    Names of columns lose the blanks around them; a first column without a name, such as
    pandas' index, is called ``Unnamed: 0``. A separator at the end of lines is nothing if the
    line of names has it too.

    Raises
    ------
    NotFoundError
        If there is no such file.
    CorruptFileError
        If it is no text, has no names of columns, or a line does not fit them.
    InputError
        If a name stands twice.
    """
    try:
        with open(path, encoding=_encoding(path), newline="") as file:
            return _read(file, path)
    except FileNotFoundError as error:
        raise NotFoundError("no such file", value=str(path)) from error
    except IsADirectoryError as error:
        raise InputError("folder in place of a CSV file", value=str(path)) from error
    except PermissionError as error:
        raise InputError("file that may not be read", value=str(path)) from error
    except UnicodeError as error:
        raise _unreadable(path, f"save it as CSV in UTF-8 ({error})") from error


def _encoding(path: str | Path) -> str:
    """Return the encoding that the byte order mark says, UTF-8 without one."""
    with open(path, "rb") as file:
        start = file.read(4)
    wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return "utf-16" if wide else "utf-8-sig"


def _unreadable(path: str | Path, todo: str) -> CorruptFileError:
    return CorruptFileError(
        "truncated or foreign file, not readable as CSV", value=str(path), todo=todo
    )


class _Lines:
    """The lines of a file, counted; remembers the first one since it was last asked."""

    def __init__(self, file: TextIO, path: str | Path) -> None:
        self._file, self._path = file, path
        self.number = 0
        self.first: str | None = None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._file)
        self.number += 1
        if "\0" in line:
            raise _unreadable(self._path, f"line {self.number} holds zero bytes")
        if self.first is None:
            self.first = line
        return line


def _read(file: TextIO, path: str | Path) -> CsvTexts:
    lines = _Lines(file, path)
    header, names_line, separator = _above(lines, path)
    ours = bool(header)
    csv.field_size_limit(_MAX_CELL)
    reader = csv.reader(
        chain([names_line], lines), delimiter=separator, strict=True, skipinitialspace=not ours
    )
    try:
        names, width = _names(next(reader), path)
        blocks = _blocks(reader, lines, names, width, path, ours=ours)
        schema = pa.schema([(name, pa.string()) for name in names])
        return CsvTexts(header, pa.Table.from_batches(blocks, schema))
    except csv.Error as error:
        raise _unreadable(path, f"line {lines.number}: {error}") from error


def _above(lines: _Lines, path: str | Path) -> tuple[dict[str, Any], str, str]:
    """Return what the comments say, the line of names, and what separates cells."""
    header: dict[str, Any] = {}
    said = None
    for line in lines:
        text = line.strip()
        # A spreadsheet quotes a comment that holds quotes.
        if text.lstrip('"').startswith(COMMENT):
            header = _metadata(text) or header
        elif text.lower().startswith("sep=") and len(text) == 5 and said is None:
            said = text[4]
        elif text:
            return header, line, said or _separator(line)
    raise _unreadable(path, "it has no line with the names of columns")


def _metadata(comment: str) -> dict[str, Any]:
    """Return the object in a comment, as it was written or as a spreadsheet saved it."""
    candidates = [comment.rstrip("".join(SEPARATORS))]
    if comment.startswith('"'):
        for separator in SEPARATORS:
            cells = next(csv.reader([comment], delimiter=separator))
            candidates.append(separator.join(cells).rstrip(separator))
    for text in candidates:
        try:
            value = parse_json(text.removeprefix(COMMENT))
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and METADATA_KEY in value:
            return value
    return {}


def _separator(line: str) -> str:
    """Return the separator that stands most often between the names."""
    bare = "".join(line.split('"')[::2])
    return max(SEPARATORS, key=bare.count)


def _names(cells: list[str], path: str | Path) -> tuple[list[str], int]:
    """Return the names of the columns, and how many cells their line has."""
    names = [cell.strip() for cell in cells]
    width = len(names)
    while names and not names[-1]:
        names.pop()
    names = [name or f"Unnamed: {number}" for number, name in enumerate(names)]
    twice = [name for number, name in enumerate(names) if name in names[:number]]
    if not names:
        raise _unreadable(path, "it has no line with the names of columns")
    if twice:
        raise InputError(
            f"column name that stands twice in {path}",
            value=few(twice),
            todo="rename or drop columns",
        )
    return names, width


def _blocks(
    reader: Any, lines: _Lines, names: list[str], width: int, path: str | Path, *, ours: bool
) -> Iterator[pa.RecordBatch]:
    rows: list[list[str]] = []
    lines.first = None
    for cells in reader:
        start, lines.first = lines.first or "", None
        if not start.strip(" \r\n"):
            # A missing value of a table with one column is a pair of quotes.
            continue
        if start.startswith(COMMENT) and not ours:
            raise InputError(
                f"comment below the names of the columns, in line {lines.number} of {path}",
                value=start.strip()[:60],
                allowed="comments above the names",
                todo="move or remove the line; quote a cell that begins with #",
            )
        if not len(names) <= len(cells) <= width or any(map(str.strip, cells[len(names) :])):
            raise _misfit(cells, names, width, lines.number, path)
        rows.append(cells[: len(names)])
        if len(rows) == _BLOCK_ROWS:
            yield _batch(rows, names, ours=ours)
            rows = []
    if rows:
        yield _batch(rows, names, ours=ours)


def _batch(rows: list[list[str]], names: list[str], *, ours: bool) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    if ours:
        arrays = [pa.array([cell or None for cell in column], pa.string()) for column in columns]
    else:
        arrays = [
            pa.array([cell.strip() or None for cell in column], pa.string()) for column in columns
        ]
    return pa.RecordBatch.from_arrays(arrays, names=names)


def _misfit(
    cells: list[str], names: list[str], width: int, number: int, path: str | Path
) -> CorruptFileError:
    extra = len(cells) - len(names)
    if extra > 0 and not any(map(str.strip, cells[len(names) :])):
        todo = (
            "remove what ends the line, or end the line of names with the same"
            if width == len(names)
            else "remove what ends the line"
        )
    else:
        todo = "quote cells that hold the separator; the file may be cut short"
    return CorruptFileError(
        f"line {number} of {path} does not fit the names of the columns",
        value=f"{len(cells)} cells",
        allowed=f"{len(names)}: {few(names)}",
        todo=todo,
    )
