"""Objects that are shown by a picture: detections with stamps, spectra. What the desk asks of them.

A source of pictures gives a table, whose rows the desk filters, sorts and exports as it does stars,
and for each row what its page draws. `find_pictures` says which source a folder is.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from scope.desk.products import ROW_GROUP_ROWS, desk_folder
from scope.errors import InputError
from scope.io import TableWriter, read_metadata
from scope.provenance import hash_json

VERSION = 1
"""Rises whenever a table is made otherwise."""

OBJECT = "object"
"""Column with what the ledger of labels calls a row."""


class Pictures(Protocol):
    """A source of pictures.

    Attributes
    ----------
    task : str
        Of the ledger of labels.
    noun : str
        What the rows are, in the plural.
    name : str
        Of the table.
    folder : Path
        Beside which the table is kept.
    inputs : sequence of path
        Files that the table is made from.
    options : mapping
        What else the table depends on.
    classes : mapping of str to str
        Label of each class that people can say, by its tag.
    keys : mapping of str to str
        Key of each class.
    first : sequence of str
        Columns that are shown at first.
    in_table : bool
        Whether `thumbnails` has stamps for the rows of the table.
    graded : sequence of str
        Columns with scores from 0 (bogus) to 1 (real), which are coloured.
    round : int
        Of questions, to which labels answer; 0 before the first.
    """

    task: str
    noun: str
    name: str
    folder: Path
    inputs: Sequence[Path]
    options: Mapping[str, Any]
    classes: Mapping[str, str]
    keys: Mapping[str, str]
    first: Sequence[str]
    in_table: bool = False
    graded: Sequence[str] = ()
    round: int = 0

    def rows(self) -> pa.Table:
        """Return the table: ``object`` (what the ledger calls it), and what is known of each row.

        ``class`` and ``class_p`` are the class that is believed in and its probability.
        """
        ...

    def describe(self, row: Mapping[str, Any], scale: str) -> dict[str, Any]:
        """Return what the page of a row draws: ``stamps`` or ``spectrum``, and ``classes``."""
        ...

    def thumbnails(self, ids: Sequence[int]) -> dict[str, list[dict[str, str]]]:
        """Return the stamps that the table shows of some rows, by ``_id``."""
        return {}


def find_pictures(folder: str | Path, archive: str | Path | None = None) -> Pictures | None:
    """Return the source of pictures that a folder is; None if it is none.

    Parameters
    ----------
    archive : path, optional
        Alert packets, or spectra, that the products were made from.
    """
    from scope.desk.spectra import find_spectra
    from scope.desk.stamps import find_stamps

    found: Pictures | None = find_stamps(Path(folder), archive)
    return found or find_spectra(Path(folder), archive)


def prepare_pictures(pictures: Pictures) -> Path:
    """Return the table of a source, made now if it is not there or out of date.

    Raises
    ------
    InputError
        If the source has no row.
    """
    path = desk_folder(pictures.folder) / f"{pictures.name}.parquet"
    states = [[str(one), (s := os.stat(one)).st_size, s.st_mtime_ns] for one in pictures.inputs]
    made_from = hash_json([VERSION, pictures.task, dict(pictures.options), states])
    if path.is_file():
        try:
            if read_metadata(path).get("made_from") == made_from:
                return path
        except InputError:
            pass  # Truncated or foreign: it is made again.
    table = _whole(pictures.rows(), pictures.name)
    if not len(table):
        raise InputError(f"no {pictures.noun} to look at", value=str(pictures.folder))
    with TableWriter(
        path, table.schema, {"made_from": made_from}, ROW_GROUP_ROWS, compressed=False
    ) as writer:
        writer.write(table)
    return path


def _whole(table: pa.Table, name: str) -> pa.Table:
    """Return a table with the columns that those of stars have: target, row and ``_id``."""
    number = pa.array(np.arange(len(table)))
    columns = {"target": pa.array([name] * len(table), pa.string()), "row": number}
    columns["_id"] = table["_id"] if "_id" in table.column_names else number
    columns |= {one: table[one] for one in table.column_names if one != "_id"}
    return pa.table({one: _without_nan(column) for one, column in columns.items()})


def _without_nan(column: Any) -> Any:
    """Return a column whose NaN are nulls: the database sorts NaN above all numbers."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if not pa.types.is_floating(column.type):
        return column
    return pa.array(column.to_numpy(zero_copy_only=False), column.type, from_pandas=True)
