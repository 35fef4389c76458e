"""Labelled sets: a table of detections and an array of their stamps, row by row.

data_labels.csv  the columns of `COLUMNS`; label 1 real, 0 bogus, -1 unknown
data_stamps.h5   PyTables array ``/src``, float64, (rows, size, size, layers)

The stamps are written first and the table last. Stamps that the table does not name are
left over from a writer that was killed; they are taken off by the next one.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scope.errors import CorruptFileError, DuplicateIdError, InputError, NotFoundError, few
from scope.io.atomic import atomic_path, write_bytes
from scope.io.user_tables import read_user_table
from scope.io.values import exact_numbers
from scope.schema import require_columns

LABELS_FILE = "data_labels.csv"
TEXTS = ("metalabel", "fits_filepath")
STAMPS_FILE = "data_stamps.h5"
NODE = "src"

COLUMNS = (
    "id",
    "image_id",
    "x",
    "y",
    "ra",
    "dec",
    "mag",
    "fwhm",
    "realbogus",
    "fits_filepath",
    "ut",
    "ncoadd",
    "label",
    "metalabel",
    "number",
)
LABELS = (1, 0, -1)

BLOCK_ROWS = 256
"""Stamps that are held at a time."""

Floats = npt.NDArray[np.float64]

_NAMESPACE = uuid.UUID("6a4b0a4e-6f0e-5d0e-9a55-0d5e2b0c7f11")


def detection_id(image_id: int, row: int, kind: str = "detection") -> str:
    """Return the id of a row: a UUID that follows from what it is, so that it comes again.

    Parameters
    ----------
    image_id : int
    row : int
        Number of the detection in the image's table, from 0.
    kind : str
        What is counted.
    """
    return str(uuid.uuid5(_NAMESPACE, f"{kind}:{int(image_id)}:{int(row)}"))


class StampWriter:
    """Append stamps to a new file, which appears when all are written.

    Parameters
    ----------
    path : path
    size, layers : int
    expected : int
        Rows to come, about.
    """

    def __init__(self, path: str | Path, size: int, layers: int, expected: int = 1000) -> None:
        self._path = Path(path)
        self._shape = (size, size, layers)
        self._expected = max(expected, 1)
        self.rows = 0
        self._context: Any = None
        self._file: Any = None
        self._array: Any = None

    def __enter__(self) -> StampWriter:
        import tables

        self._context = atomic_path(self._path)
        temporary = self._context.__enter__()
        temporary.unlink()
        self._file = tables.open_file(str(temporary), "w")
        self._array = self._file.create_earray(
            "/",
            NODE,
            atom=tables.Float64Atom(),
            shape=(0, *self._shape),
            filters=tables.Filters(complevel=1, complib="zlib", shuffle=True),
            # A row a chunk: rows are read by their numbers, and bytes depend on nothing else.
            chunkshape=(1, *self._shape),
            track_times=False,
        )
        return self

    def write(self, stamps: npt.NDArray[np.floating]) -> None:
        """Append stamps, (n, size, size, layers).

        Of `stamps`, (n, size, size, layers), NaN is kept; they are written as float64.
        """
        if stamps.shape[1:] != self._shape:
            raise InputError(
                "stamps of another shape", value=stamps.shape[1:], allowed=str(self._shape)
            )
        if len(stamps):
            self._array.append(np.asarray(stamps, dtype=np.float64))
            self.rows += len(stamps)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()
        self._context.__exit__(kind, error, traceback)


class Stamps:
    """An array of stamps in a file, read row by row.

    Parameters
    ----------
    path : path

    Raises
    ------
    NotFoundError, CorruptFileError
    """

    def __init__(self, path: str | Path) -> None:
        import h5py

        self.path = Path(path)
        try:
            self._file = h5py.File(self.path, "r")
        except FileNotFoundError as error:
            raise NotFoundError("no such stamps", value=str(path)) from error
        except OSError as error:
            raise CorruptFileError(
                "stamps that cannot be read, or not whole",
                value=f"{path}: {error}".splitlines()[0],
                todo="make the labelled set again",
            ) from error
        node = self._file.get(NODE)
        if not isinstance(node, h5py.Dataset) or node.ndim != 4 or node.dtype.kind != "f":
            self._file.close()
            raise CorruptFileError(
                "file without an array of stamps",
                value=str(path),
                allowed=f"/{NODE}, numbers, (rows, size, size, layers)",
            )
        self._node = node

    def __len__(self) -> int:
        return int(self._node.shape[0])

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns and layers of a stamp."""
        _, height, width, layers = self._node.shape
        return int(height), int(width), int(layers)

    def read(self, rows: npt.ArrayLike, layers: Any = None) -> Floats:
        """Return the stamps of row numbers, in their order.

        Parameters
        ----------
        rows : (n,) int
        layers : sequence of int, optional
            Which layers, in this order.

        Returns
        -------
        (n, size, size, layers) float64
        """
        rows = np.asarray(rows, dtype=np.int64)
        unique, back = np.unique(rows, return_inverse=True)
        try:
            # One call an unbroken run: picking rows one by one takes h5py far longer.
            runs = np.split(unique, np.flatnonzero(np.diff(unique) != 1) + 1)
            parts = [self._node[run[0] : run[-1] + 1] for run in runs if len(run)]
        except OSError as error:
            raise CorruptFileError(
                "stamps that are not whole", value=str(self.path), todo="make the set again"
            ) from error
        empty = np.empty((0, *self._node.shape[1:]))
        stamps = np.concatenate([empty, *parts])[back]
        return stamps if layers is None else stamps[..., list(layers)]

    def blocks(self, rows: int | None = None) -> Iterator[Floats]:
        """Yield stamps in the file's order, a block at a time; the first `rows` of them.

        Of each block (rows, size, size, layers) float64.
        """
        end = len(self) if rows is None else rows
        for start in range(0, end, BLOCK_ROWS):
            yield self.read(np.arange(start, min(start + BLOCK_ROWS, end)))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Stamps:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_labels(path: str | Path) -> pd.DataFrame:
    """Read a table of labels.

    Raises
    ------
    NotFoundError, CorruptFileError, MissingColumnError, InputError, DuplicateIdError
    """
    if not Path(path).is_file():
        raise NotFoundError("no such labels", value=str(path))
    table = read_user_table(path, text=TEXTS, names=("id",))
    table = table.assign(**{name: table[name].fillna("") for name in TEXTS if name in table})
    require_columns(list(table.columns), ("id", "label", "metalabel"), f" in {path}")
    if repeated := list(table["id"][table["id"].duplicated()]):
        raise DuplicateIdError(f"labels {path} with ids that stand twice", value=few(repeated))
    return in_row_order(table.assign(label=exact_labels(table["label"], path)), path)


def in_row_order(table: pd.DataFrame, path: str | Path) -> pd.DataFrame:
    """Return labels in the order of their stamps, as ``number`` has it.

    A program that sorts tables may have written them. In sets of the first gotorb ``number``
    begins anew with each part, and the order is that of the file.

    Raises
    ------
    InputError
        If ``number`` says neither.
    """
    if "number" not in table:
        return table
    number = exact_numbers(table["number"], "number", path)
    n = len(number)
    if np.array_equal(np.sort(number), np.arange(n)):
        return table.iloc[np.argsort(number)].reset_index(drop=True)
    follows = np.diff(number, prepend=-1) == 1
    if (follows | (number == 0)).all():
        return table
    raise InputError(
        f"labels {path} of which nobody knows the stamps",
        value=f"number {number[np.flatnonzero(~follows & (number != 0))[0]]:g} out of turn",
        allowed="0, 1, 2, … in any order, or in parts that begin with 0",
        todo="make the set again",
    )


def exact_labels(column: pd.Series[Any], path: str | Path) -> npt.NDArray[np.int64]:
    """Return labels, (n,) int64, each one of `LABELS`.

    Raises
    ------
    InputError
        If one is another number, or none.
    """
    found = exact_numbers(column, "label", path)
    if wrong := np.unique(found[~np.isin(found, LABELS)]).tolist():
        raise InputError(f"label in {path}", value=few(wrong), allowed=LABELS)
    return found.astype(np.int64)


def open_set(folder: str | Path, prefix: str = "") -> tuple[pd.DataFrame, Stamps]:
    """Return the labels and the open stamps of a labelled set.

    Parameters
    ----------
    folder : path
    prefix : str
        Of the file names, as the cleaning steps write them.

    Raises
    ------
    InputError
        If the labels and the stamps do not belong together.
    """
    folder = Path(folder)
    labels = read_labels(folder / f"{prefix}{LABELS_FILE}")
    stamps = Stamps(folder / f"{prefix}{STAMPS_FILE}")
    if len(labels) != len(stamps):
        stamps.close()
        raise InputError(
            f"labelled set {folder} whose stamps are not those of its labels",
            value=f"{len(labels)} labels, {len(stamps)} stamps",
            todo="if adding to it was interrupted, add again; else make it again",
        )
    return labels, stamps


def write_labels(labels: pd.DataFrame, path: str | Path) -> None:
    """Write a table of labels, whole or not at all; `number` counts its rows."""
    table = labels.assign(number=np.arange(len(labels)))
    write_bytes(table[list(COLUMNS)].to_csv(index=False).encode(), path)


def append(folder: Path, labels: pd.DataFrame, blocks: Iterator[Floats]) -> None:
    """Add rows at the end of a labelled set.

    The files are written anew beside the old ones. After a kill between the two the next
    call takes off the stamps that have no label.

    Parameters
    ----------
    labels : DataFrame
        The columns of `COLUMNS`; ids that are there already are refused.
    blocks : iterator of (n, size, size, layers) float
        Their stamps.
    """
    old = read_labels(folder / LABELS_FILE)
    if again := sorted(set(old["id"]) & set(labels["id"])):
        raise DuplicateIdError(
            f"detections that {folder} has already", value=few(again), todo="leave them out"
        )
    with Stamps(folder / STAMPS_FILE) as stamps:
        size, _, layers = stamps.shape
        with StampWriter(folder / STAMPS_FILE, size, layers, len(old) + len(labels)) as writer:
            for block in stamps.blocks(len(old)):
                writer.write(block)
            for block in blocks:
                writer.write(block)
            if writer.rows != len(old) + len(labels):
                raise InputError(
                    "stamps that are not as many as labels",
                    value=writer.rows - len(old),
                    allowed=str(len(labels)),
                )
    write_labels(pd.concat([old, labels], ignore_index=True), folder / LABELS_FILE)


def write_selection(folder: Path, keep: npt.NDArray[np.bool_], source: str, prefix: str) -> Path:
    """Write some rows of a set as a new pair of files with a prefix.

    Parameters
    ----------
    folder : path
    keep : (n,) bool
        One per row of the set.
    source, prefix : str
        Where the set is from, and how the new names begin.

    Returns
    -------
    Path
        The new table.
    """
    labels, stamps = open_set(folder, source)
    with stamps:
        size, _, layers = stamps.shape
        rows = np.flatnonzero(keep)
        target = folder / f"{prefix}{STAMPS_FILE}"
        with StampWriter(target, size, layers, len(rows)) as writer:
            for start in range(0, len(rows), BLOCK_ROWS):
                writer.write(stamps.read(rows[start : start + BLOCK_ROWS]))
    path = folder / f"{prefix}{LABELS_FILE}"
    write_labels(labels[keep].reset_index(drop=True), path)
    return path
