"""Tables as astronomers publish them: CDS and AAS fixed-width text, VizieR, VOTable, FITS, ours.

`read_published_table` gives columns and the units that the file states. What a cell says is then
read by `scope.io.values`, as of any table.
"""

from __future__ import annotations

import csv
import gzip
import re
import warnings
import zlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from scope.errors import CorruptFileError, InputError, NotFoundError
from scope.io.user_tables import FORMATS as OWN_FORMATS
from scope.io.user_tables import read_user_table, require_rows

if TYPE_CHECKING:
    import pandas as pd

TEXT_FORMATS = (".txt", ".dat", ".mrt", ".tsv", ".csv", ".tbl", ".asc")
VOTABLE_FORMATS = (".vot", ".votable", ".xml")
FITS_FORMATS = (".fits", ".fit")
PUBLISHED_FORMATS = (
    *dict.fromkeys((*OWN_FORMATS, *TEXT_FORMATS, *VOTABLE_FORMATS, *FITS_FORMATS)),
)
"""Suffixes that are read; text may be compressed (``.gz``)."""

README = "ReadMe"
"""The description beside a table of CDS that has none of its own."""

_BYTE_BY_BYTE = re.compile(r"^\s*Byte-by-byte Description", re.IGNORECASE | re.MULTILINE)
_VIZIER = re.compile(r"^#\s*(?:VizieR|#RESOURCE|#Name:|#Title:|#Table)", re.MULTILINE)
_VIZIER_END = re.compile(r"^#END#", re.MULTILINE)
DASHES = re.compile(r"^[-\s]+$")
_DELIMITERS = ("\t", ";", "|", ",")
_MAX_RATIO = 100
"""Text of numbers packs to a third or a tenth; of a file of zeros 1,000 times as much comes."""

_SMALL_BYTES = 1 << 28
_HEAD = 100_000
"""Characters in which the description of a table begins."""


class PublishedTable(NamedTuple):
    """A table as it was published.

    Attributes
    ----------
    frame : pandas.DataFrame
        Rows numbered from 0. Columns are texts where the format does not say their types.
    units : dict of str to str
        What the file says, by column, of those with a unit.
    """

    frame: pd.DataFrame
    units: dict[str, str]


def read_published_table(path: str | Path) -> PublishedTable:
    """Read a table in one of the formats in which catalogues are published.

    Parameters
    ----------
    path : str or Path
        Fixed-width text with its byte-by-byte description (CDS and AAS; or a file ``ReadMe``
        beside it), text with delimiters as VizieR writes it, VOTable, FITS, or any table that
        `read_user_table` reads.

    Returns
    -------
    PublishedTable

    Raises
    ------
    NotFoundError
        If there is no such file.
    CorruptFileError
        If it is truncated or does not fit its description.
    InputError
        If the format is unknown, the table has no rows, or the server cut it.
    """
    path = Path(path)
    suffix = _suffix(path)
    if suffix not in PUBLISHED_FORMATS:
        raise InputError("table of an unknown format", value=str(path), allowed=PUBLISHED_FORMATS)
    if not path.is_file():
        raise NotFoundError(
            "no such table",
            value=str(path),
            todo="check the path; a relative one starts at the working directory",
        )
    table = _read(path, suffix)
    require_rows(table.frame, path)
    return table


def _read(path: Path, suffix: str) -> PublishedTable:
    if suffix in VOTABLE_FORMATS:
        return _from_votable(path)
    if suffix in FITS_FORMATS:
        return _by_astropy(path, str(path), "fits")
    if suffix in TEXT_FORMATS:
        text = _text_of(path)
        readme = path.parent / README
        if _BYTE_BY_BYTE.search(text[:_HEAD]):
            return _fixed_width(path, text, None)
        if suffix != ".csv" and readme.is_file() and path.name in readme.read_text(errors="ignore"):
            return _fixed_width(path, text, readme)
        if suffix != ".csv" or path.suffix == ".gz" or _is_vizier(text):
            return _delimited(path, text)
    return PublishedTable(read_user_table(path), {})


def _suffix(path: Path) -> str:
    names = [part.lower() for part in path.suffixes]
    if names[-1:] == [".gz"]:
        # What is compressed is text; other formats compress themselves.
        return names[-2] if len(names) > 1 and names[-2] in TEXT_FORMATS else ".gz"
    return names[-1] if names else ""


def _text_of(path: Path) -> str:
    try:
        content = _unpacked(path) if path.suffix.lower() == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise corrupt(path, "a compressed table", str(error)) from error
    # Explanations of old tables are in Latin-1 at times; the table itself is ASCII.
    return content.decode("utf-8-sig", "replace").replace("\r\n", "\n")


def _unpacked(path: Path) -> bytes:
    """Return what a compressed table holds, if that is not far more than its size.

    Raises
    ------
    InputError
    """
    most = max(_SMALL_BYTES, _MAX_RATIO * path.stat().st_size)
    with gzip.open(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise InputError(
            "compressed table that unpacks to far more than its size",
            value=str(path),
            allowed=f"up to {_MAX_RATIO} times its size",
            todo="unpack it, if you trust it, and give the table itself",
        )
    return content


def corrupt(path: Path, kind: str, why: str) -> CorruptFileError:
    """Return the error of a file that is not whole, or no `kind`."""
    reason = why.strip().splitlines()[0] if why.strip() else "it ends too early"
    return CorruptFileError(
        f"truncated or foreign file, not readable as {kind}",
        value=f"{path} ({reason})",
        todo="download it again, whole",
    )


def _fixed_width(path: Path, text: str, readme: Path | None) -> PublishedTable:
    """Read fixed-width text by its description."""
    kind = "text with a byte-by-byte description"
    _require_whole_lines(path, text, kind, _records(path, readme))
    if readme is None:
        return _by_astropy(path, text.rstrip("\n").split("\n"), "ascii.mrt", kind)
    # Astropy looks the name up in the description.
    return _by_astropy(path, str(path), "ascii.cds", kind, readme=str(readme))


def _records(path: Path, readme: Path | None) -> int | None:
    """Return how many rows the description says that a table has."""
    if readme is None:
        return None
    name = re.escape(path.name.removesuffix(".gz"))
    said = re.search(
        rf"^\s*{name}\s+\d+\s+(\d+)\s", readme.read_text(errors="ignore"), re.MULTILINE
    )
    return int(said[1]) if said else None


def _require_whole_lines(path: Path, text: str, kind: str, records: int | None) -> None:
    """Refuse a table whose last line was cut, or that has fewer rows than its description says.

    A cut at the end of a line cannot be seen where the description counts no rows.
    """
    lines = text.rstrip("\n").split("\n")
    last = next(
        (n for n, line in enumerate(reversed(lines)) if line.startswith("-----")), len(lines)
    )
    rows = [line for line in lines[len(lines) - last :] if line.strip()]
    if records is not None and len(rows) != records:
        raise corrupt(path, kind, f"{len(rows)} rows, and {records} in its description")
    lengths = [len(line) for line in rows[:-1]]
    if lengths and not text.endswith("\n") and len(rows[-1]) < min(lengths):
        raise corrupt(path, kind, f"its last line is cut: {rows[-1]!r}")


def _by_astropy(
    path: Path, source: Any, form: str, kind: str = "", **options: str
) -> PublishedTable:
    from astropy.table import Table

    if form.startswith("ascii"):
        options = {**options, "guess": False}  # type: ignore[dict-item]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = Table.read(source, format=form, **options)
    # Its readers raise what their parsers raise, which is of many types.
    except Exception as error:
        raise corrupt(path, kind or form, str(error)) from error
    return frame_of(table)


def frame_of(table: Any) -> PublishedTable:
    """Return the columns of an astropy table that hold one value a row, and their units."""
    import pandas as pd

    columns: dict[str, Any] = {}
    units: dict[str, str] = {}
    for name in table.colnames:
        column = table[name]
        if getattr(column, "ndim", 1) != 1:
            continue
        columns[str(name)] = _pandas_column(column)
        if column.unit is not None:
            units[str(name)] = str(column.unit)
    return PublishedTable(pd.DataFrame(columns, index=pd.RangeIndex(len(table))), units)


def _pandas_column(column: Any) -> Any:
    """Return a column of astropy with None for what is masked, and integers as integers."""
    import numpy as np
    import pandas as pd

    mask = np.broadcast_to(np.asarray(getattr(column, "mask", False)), len(column))
    values = np.asarray(column.filled() if hasattr(column, "filled") else column)
    if values.dtype.kind in "iu":
        return pd.arrays.IntegerArray(values.astype(np.int64), mask.copy())
    if values.dtype.kind == "f":
        return np.where(mask, np.nan, values.astype(np.float64))
    cells = [
        None if hidden else cell.decode("utf-8", "replace") if isinstance(cell, bytes) else cell
        for cell, hidden in zip(values.tolist(), mask, strict=True)
    ]
    return pd.Series(cells, dtype=object)


def _from_votable(path: Path) -> PublishedTable:
    from astropy.io.votable import parse

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            document = parse(str(path))
            table = document.get_first_table()
            infos = [*document.infos]
            for resource in document.resources:
                infos += [*resource.infos]
            infos += [*table.infos]
            found = frame_of(table.to_table(use_names_over_ids=True))
    except Exception as error:
        raise corrupt(path, "VOTable", str(error)) from error
    if any(info.name == "QUERY_STATUS" and info.value == "OVERFLOW" for info in infos):
        raise InputError(
            "table that the server cut at its limit of rows",
            value=f"{path}, {len(found.frame)} rows",
            todo="ask the server for all rows",
        )
    return found


def _is_vizier(text: str) -> bool:
    return _VIZIER.search(text[:_HEAD]) is not None or any(
        line and DASHES.fullmatch(line.replace(";", " ").replace(",", " ").replace("|", " "))
        for line in text[:_HEAD].split("\n")[:200]
    )


def _delimited(path: Path, text: str) -> PublishedTable:
    """Read text with delimiters; VizieR has lines of units and of dashes below the names."""
    import pandas as pd

    if _VIZIER.search(text[:_HEAD]) and "VizieR" in text[:_HEAD] and not _VIZIER_END.search(text):
        raise corrupt(path, "a table of VizieR", "the line #END# is not there")
    lines = [
        (number, line)
        for number, line in enumerate(text.split("\n"), 1)
        if line.strip() and not line.startswith("#")
    ]
    require_rows(lines, path)
    delimiter = max(_DELIMITERS, key=lines[0][1].count)
    rows = list(csv.reader([line for _, line in lines], delimiter=delimiter))
    names = [name.strip() for name in rows[0]]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(f"column name that stands twice in {path}", value=twice[0])
    for (number, _), row in zip(lines, rows, strict=True):
        if len(row) != len(names):
            raise corrupt(
                path,
                "text with delimiters",
                f"line {number} has {len(row)} columns, its first line {len(names)}",
            )
    dashes = next((n for n in (1, 2) if n < len(rows) and _is_dashes(rows[n])), 0)
    units = dict(zip(names, rows[1], strict=True)) if dashes == 2 else {}
    cells = zip(*rows[dashes + 1 :], strict=True)
    columns = {
        n: [c.strip() or None for c in column] for n, column in zip(names, cells, strict=False)
    }
    frame = pd.DataFrame(columns, columns=names, dtype=object)
    return PublishedTable(frame, {n: unit.strip() for n, unit in units.items() if unit.strip()})


def _is_dashes(row: list[str]) -> bool:
    return any(row) and all(DASHES.fullmatch(cell) or not cell for cell in row)
