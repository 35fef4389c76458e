"""Some sources of a survey, listed in a file, in units of whole objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.errors import NotFoundError, UsageError
from scope.io.tables import read_metadata, read_schema, read_table
from scope.lightcurves.curves import LightCurves
from scope.lightcurves.files import DEFAULT_ROWS
from scope.provenance import RESERVED
from scope.schema import source_columns
from scope.surveys.base import NO_FIELD, Survey

CHUNK = "chunk_"


def chunk_names(parts: int) -> list[str]:
    """Return the names of units, ``chunk_<KKK>``."""
    return [f"{CHUNK}{part:03d}" for part in range(parts)]


class ListedSources:
    """The sources that a file lists, of a survey, see `scope.surveys.base.Survey`.

    Parameters
    ----------
    survey : Survey
        Where light curves, positions and catalogues are.
    path : path
        File of `scope.targets.fetch_list.fetch_list`: columns `scope.schema.SOURCES`, by
        ``_id``. It need not exist before sources are asked for.
    parts : int
        Units of about as many ids. All ids of an object are in one; objects follow each
        other by their first ids.
    """

    def __init__(self, survey: Survey, path: str | Path, parts: int) -> None:
        self._survey = survey
        self._path = Path(path)
        self._parts = parts

    @property
    def release(self) -> str:
        """The data release of the survey."""
        return self._survey.release

    @property
    def place(self) -> str:
        """Place of the survey."""
        return self._survey.place

    def facts(self, field: int = NO_FIELD, unit: str = "") -> dict[str, Any]:
        """Return what products of a unit record of the survey and of the list."""
        said = read_metadata(self._path)
        return {name: value for name, value in said.items() if name not in RESERVED}

    def fields(self) -> list[int]:
        """Return the numbers of the fields of the survey."""
        return self._survey.fields()

    def units(self, field: int = NO_FIELD) -> list[str]:
        """Return the names of the units."""
        return chunk_names(self._parts)

    def files(self, field: int, unit: str) -> list[Path]:
        """Return the file of the list."""
        return [self._path]

    def paths(self) -> list[Path]:
        """Return the file of the list."""
        return [self._path]

    def crossmatch_files(self) -> dict[str, Path]:
        """Return the tables to match with, by name, of the survey."""
        return self._survey.crossmatch_files()

    def total_rows(self) -> int | None:
        """Return how many light curves are listed."""
        return self._table.num_rows

    def sources(self, field: int, unit: str) -> pa.Table:
        """Return the sources of a unit, columns `scope.schema.SOURCES`, by ``_id``."""
        return self._table.take(pa.array(np.flatnonzero(self._part_of_row == self._part(unit))))

    def iter_lightcurves(
        self, field: int, unit: str, rows: int = DEFAULT_ROWS
    ) -> Iterator[LightCurves]:
        """Yield the light curves of a unit as observed, at most `rows` at a time, by id.

        A unit is small: its light curves are read in one go.
        """
        ids = self.sources(field, unit).column("_id").to_numpy()
        curves = self._survey.lightcurves(ids)
        yield from curves.batches(rows)

    def lightcurves(self, ids: npt.NDArray[np.int64]) -> LightCurves:
        """Return light curves of the survey as observed, one per id in that order.

        `ids`: (n,) int64.
        """
        return self._survey.lightcurves(ids)

    def sources_by_id(self, ids: npt.NDArray[np.int64]) -> pa.Table:
        """Return the sources of the survey with these ids.

        `ids`: (n,) int64.
        """
        return self._survey.sources_by_id(ids)

    def cone(self, ra: npt.ArrayLike, dec: npt.ArrayLike, radius_arcsec: float) -> pa.Table:
        """Find light curves of the survey around positions in degrees."""
        return self._survey.cone(ra, dec, radius_arcsec)

    def catalogue(
        self,
        name: str,
        ra: npt.ArrayLike,
        dec: npt.ArrayLike,
        margin_arcsec: float,
        limits: Mapping[str, float] | None = None,
    ) -> pa.Table | None:
        """Return the rows of an external catalogue around positions in degrees."""
        return self._survey.catalogue(name, ra, dec, margin_arcsec, limits)

    def crossmatch(self, ra: npt.ArrayLike, dec: npt.ArrayLike, radius_arcsec: float) -> pa.Table:
        """Match positions in degrees with the nearest entry of each external catalogue."""
        return self._survey.crossmatch(ra, dec, radius_arcsec)

    def alerts(self, ra: npt.ArrayLike, dec: npt.ArrayLike, radius_arcsec: float) -> pa.Table:
        """Count the alerts around positions in degrees."""
        return self._survey.alerts(ra, dec, radius_arcsec)

    @cached_property
    def _table(self) -> pa.Table:
        names = read_schema(self._path).names
        return read_table(self._path, [column.name for column in source_columns(names)])

    @cached_property
    def _part_of_row(self) -> npt.NDArray[np.int64]:
        """The number of the unit of each row."""
        rows = self._table.num_rows
        names = self._table.column("obj_id").to_pylist()
        first: dict[str, int] = {}
        # A row without a name is an object of its own.
        named = [row if n is None else first.setdefault(n, row) for row, n in enumerate(names)]
        objects = np.array(named, dtype=np.int64)
        before = np.searchsorted(np.sort(objects), objects)
        starts = rows * np.arange(self._parts) // self._parts
        return np.asarray(np.searchsorted(starts, before, side="right") - 1)

    def _part(self, unit: str) -> int:
        number = unit.removeprefix(CHUNK)
        if not (unit.startswith(CHUNK) and number.isdecimal()):
            raise UsageError("unknown unit of a list", value=unit, allowed=f"{CHUNK}<KKK>")
        if int(number) >= self._parts:
            raise NotFoundError(
                f"no such unit of {self._path}", value=unit, allowed=chunk_names(self._parts)
            )
        return int(number)
