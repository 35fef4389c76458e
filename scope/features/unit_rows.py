"""Rows of a product before their features are known, joined from the files of a unit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.errors import InputError
from scope.features.crossmatch_catalogues import crossmatch_columns
from scope.io import iter_batches, read_schema
from scope.lightcurves.cleaning import is_dropped
from scope.lightcurves.curves import LightCurves
from scope.lightcurves.files import iter_lightcurve_file
from scope.schema import key_columns


class Rows(NamedTuple):
    """Some rows of a product before their features are known.

    Attributes
    ----------
    keys : pyarrow.Table
        n rows of `scope.schema.key_columns`.
    lightcurves : LightCurves
        Cleaned; n curves in the same order, empty where there is a reason.
    n_epochs : (n,) int64
        Good epochs, also of those dropped for having few.
    reasons : (n,) object
        None, or why the light curve was dropped.
    crossmatch : pyarrow.Table or None
        n rows of `scope.features.crossmatch_catalogues.crossmatch_columns`.
    """

    keys: pa.Table
    lightcurves: LightCurves
    n_epochs: npt.NDArray[np.int64]
    reasons: npt.NDArray[np.object_]
    crossmatch: pa.Table | None


def joined_rows(
    lightcurves: str | Path, sources: str | Path, crossmatch: str | Path | None, rows: int
) -> Iterator[Rows]:
    """Join the files of a unit, `rows` rows at a time.

    All of them hold every id of the unit in ascending order, so a join is a comparison;
    the ids decide, never the position.

    Parameters
    ----------
    lightcurves, sources : str or Path
        Files of the cleaned light curves and of the sources.
    crossmatch : str or Path or None
        File of the cross-matches.
    rows : int
        Rows of a piece.

    Yields
    ------
    Rows

    Raises
    ------
    InputError
        If the files do not have the same ids in the same order.
    NotFoundError, CorruptFileError, MissingColumnError
        If a file cannot be used.
    """
    keys = [column.name for column in key_columns(read_schema(sources).names)]
    listed = _Stream(sources, [*keys, "reason"], rows)
    matched = None
    if crossmatch is not None:
        names = [column.name for column in crossmatch_columns()]
        matched = _Stream(crossmatch, ["_id", *names], rows)
    for curves, n_epochs, reasons in iter_lightcurve_file(lightcurves, rows):
        source = listed.take(curves.ids, lightcurves)
        already = np.asarray(source.column("reason").to_numpy(zero_copy_only=False))
        yield Rows(
            source.select(keys),
            curves,
            n_epochs,
            np.where(is_dropped(reasons), reasons, already),
            None if matched is None else matched.take(curves.ids, lightcurves),
        )
    for stream in (listed, matched):
        if stream is not None:
            stream.require_end(lightcurves)


class _Stream:
    """Rows of a file, as many at a time as another file has."""

    def __init__(self, path: str | Path, columns: list[str], rows: int) -> None:
        self._path = path
        self._tables = iter_batches(path, columns, rows)
        first = next(self._tables, None)
        if first is None:
            first = read_schema(path).empty_table().select(columns)
        self._pending = first

    def take(self, ids: npt.NDArray[np.int64], other: str | Path) -> pa.Table:
        """Return the next rows, which must have these ids."""
        self._read(len(ids))
        found = self._pending.column("_id").to_numpy()[: len(ids)]
        differs = np.flatnonzero(ids[: len(found)] != found)
        if len(differs):
            row = differs[0]
            raise _mismatch(f"{ids[row]} of {other} stands beside {found[row]} of {self._path}")
        if len(found) < len(ids):
            raise _mismatch(f"{ids[len(found)]} of {other} is not in {self._path}")
        taken = self._pending.slice(0, len(ids)).combine_chunks()
        self._pending = self._pending.slice(len(ids))
        return taken

    def require_end(self, other: str | Path) -> None:
        """Raise if there are rows left."""
        self._read(1)
        if self._pending.num_rows:
            left_over = self._pending.column("_id")[0].as_py()
            raise _mismatch(f"{left_over} of {self._path} is not in {other}")

    def _read(self, n: int) -> None:
        """Read until `n` rows are pending or the file ends."""
        while self._pending.num_rows < n and (more := next(self._tables, None)) is not None:
            self._pending = pa.concat_tables([self._pending, more])


def _mismatch(value: str) -> InputError:
    return InputError(
        "files of one unit with different ids",
        value=value,
        allowed="the same ids in ascending order in each",
        todo="make these files again, sources first",
    )
