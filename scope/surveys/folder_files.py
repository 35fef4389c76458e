"""What all surveys in folders share: look-ups by id and by position, and tables to match with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scope.errors import DuplicateIdError
from scope.features.crossmatch_catalogues import CATALOGUES
from scope.io.tables import count_rows
from scope.lightcurves.align import aligned
from scope.lightcurves.curves import LightCurves
from scope.lightcurves.files import DEFAULT_ROWS
from scope.lightcurves.sky import PositionTree
from scope.schema import SOURCES, Column, arrow_schema
from scope.surveys.base import NO_FIELD
from scope.surveys.index import ArchiveIndex
from scope.surveys.matching import (
    ALERT_TABLE_COLUMNS,
    POSITION_COLUMNS,
    match_alerts,
    match_catalogue,
    read_region,
)

CROSSMATCH_FOLDER = "crossmatch"
ALERTS_TABLE = "alerts"

NO_CURVES = LightCurves(
    ids=np.zeros(0, dtype=np.int64),
    offsets=np.zeros(1, dtype=np.int64),
    time=np.zeros(0),
    mag=np.zeros(0, dtype=np.float32),
    magerr=np.zeros(0, dtype=np.float32),
    catflags=np.zeros(0, dtype=np.uint16),
)


class FileSurvey(ABC):
    """A survey in a folder of files, see `scope.surveys.base.Survey`.

    A kind of files says which there are, and what stands in one of them; looking light curves
    up by id or by position is the same for all.
    """

    folder: Path

    columns: tuple[Column, ...] = SOURCES
    """Those of sources: a survey without fields and detectors has none of these."""

    @property
    def place(self) -> str:
        """The folder."""
        return str(self.folder)

    @property
    @abstractmethod
    def release(self) -> str:
        """The data release, for example ``DR5``."""

    @abstractmethod
    def facts(self, field: int = NO_FIELD, unit: str = "") -> dict[str, Any]:
        """Return what products of a unit record of the survey."""

    @abstractmethod
    def fields(self) -> list[int]:
        """Return the numbers of the fields that there are, ascending."""

    @abstractmethod
    def units(self, field: int) -> list[str]:
        """Return the names of the units of a field, sorted."""

    @abstractmethod
    def files(self, field: int, unit: str) -> list[Path]:
        """Return the files that a unit is read from."""

    @abstractmethod
    def paths(self) -> list[Path]:
        """Return all files that light curves are read from."""

    @abstractmethod
    def sources(self, field: int, unit: str) -> pa.Table:
        """Return all light curves of a unit, columns `scope.schema.SOURCES`, by ``_id``."""

    @abstractmethod
    def iter_lightcurves(
        self, field: int, unit: str, rows: int = DEFAULT_ROWS
    ) -> Iterator[LightCurves]:
        """Yield the light curves of a unit as observed, at most `rows` at a time, by id."""

    @property
    @abstractmethod
    def _index(self) -> ArchiveIndex:
        """Where on the sky each file lies."""

    @abstractmethod
    def _read_sources(self, path: Path) -> pa.Table:
        """Return the light curves of a file, columns `scope.schema.SOURCES`, in any order."""

    @abstractmethod
    def _read_lightcurves(self, path: Path, ids: npt.NDArray[np.int64]) -> Iterator[LightCurves]:
        """Yield those light curves of a file that are among `ids`, as observed."""

    def _files_with(self, ids: npt.NDArray[np.int64]) -> list[Path]:
        """Return the files that may hold the light curves of these ids."""
        return self._index.holding(ids)

    def total_rows(self) -> int | None:
        """Return how many light curves all files hold."""
        return sum(count_rows(path) for path in self.paths())

    def lightcurves(self, ids: npt.ArrayLike) -> LightCurves:
        """Return light curves as observed, one per id in that order, empty where there is none.

        Raises
        ------
        CorruptFileError, MissingColumnError, InputError
        DuplicateIdError
            If the survey has one of the ids twice.
        """
        ids = np.asarray(ids, dtype=np.int64)
        wanted = np.unique(ids)
        parts = [NO_CURVES]
        for path in self._files_with(wanted):
            parts += self._read_lightcurves(path, wanted)
        curves = LightCurves.concatenate(parts)
        self._check_once(curves.ids)
        return aligned(curves, ids)

    def sources_by_id(self, ids: npt.ArrayLike) -> pa.Table:
        """Return those of some light curves that there are, see `scope.surveys.base.Survey`.

        Raises
        ------
        CorruptFileError, MissingColumnError, IdentifierError
        DuplicateIdError
            If the survey has one of the ids twice.
        """
        wanted = np.unique(np.asarray(ids, dtype=np.int64))
        parts = [arrow_schema(self.columns).empty_table()]
        for path in self._files_with(wanted):
            sources = self._read_sources(path)
            parts.append(sources.filter(pc.is_in(sources.column("_id"), pa.array(wanted))))
        table = pa.concat_tables(parts)
        self._check_once(table.column("_id").to_numpy())
        return table

    def cone(self, ra: npt.ArrayLike, dec: npt.ArrayLike, radius_arcsec: float) -> pa.Table:
        """Find light curves around positions in degrees, see `scope.surveys.base.Survey.cone`.

        Only files near any of the positions are read, which an index tells
        (`scope.surveys.index`).

        Raises
        ------
        CorruptFileError, MissingColumnError, IdentifierError
        """
        tree = PositionTree(ra, dec)
        parts = [_no_pairs(self.columns)]
        for path in self._index.near(ra, dec, radius_arcsec):
            sources = self._read_sources(path)
            pairs = tree.within(
                sources.column("ra").to_numpy(), sources.column("dec").to_numpy(), radius_arcsec
            )
            found = sources.take(pa.array(pairs.query))
            found = found.add_column(0, "separation_arcsec", pa.array(pairs.separation_arcsec))
            parts.append(found.add_column(0, "query", pa.array(pairs.found)))
        keys = ["query", "separation_arcsec", "_id"]
        return pa.concat_tables(parts).sort_by([(key, "ascending") for key in keys])

    def crossmatch_files(self) -> dict[str, Path]:
        """Return the paths of the tables to match with, by name, of those that exist."""
        paths = {name: self._table_path(name) for name in (*CATALOGUES, ALERTS_TABLE)}
        return {name: path for name, path in paths.items() if path.exists()}

    def catalogue(
        self,
        name: str,
        ra: npt.ArrayLike,
        dec: npt.ArrayLike,
        margin_arcsec: float,
        limits: Mapping[str, float] | None = None,
    ) -> pa.Table | None:
        """Return the rows of an external catalogue around positions in degrees.

        See `scope.surveys.base.Survey.catalogue`; reading a file, limits save nothing.

        Raises
        ------
        CorruptFileError, MissingColumnError, InputError
            If the table cannot be used.
        """
        columns = (*POSITION_COLUMNS, *CATALOGUES[name].columns)
        return self._region(name, columns, ra, dec, margin_arcsec)

    def crossmatch(self, ra: npt.ArrayLike, dec: npt.ArrayLike, radius_arcsec: float) -> pa.Table:
        """Match positions in degrees with the nearest entry of each external catalogue.

        See `scope.surveys.base.Survey.crossmatch`. The folder ``crossmatch`` may hold a
        table per catalogue, with ``ra`` and ``dec`` in degrees and the catalogue's columns
        under their own names (`scope.features.crossmatch_catalogues`).

        Raises
        ------
        CorruptFileError, MissingColumnError, InputError
            If a table is there but cannot be used.
        """
        columns: dict[str, pa.Array] = {}
        for name, catalogue in CATALOGUES.items():
            table = self.catalogue(name, ra, dec, radius_arcsec)
            columns.update(match_catalogue(catalogue, table, ra, dec, radius_arcsec))
        return pa.table(columns)

    def alerts(self, ra: npt.ArrayLike, dec: npt.ArrayLike, radius_arcsec: float) -> pa.Table:
        """Count the alerts around positions in degrees, see `scope.surveys.base.Survey.alerts`.

        The table ``crossmatch/alerts.parquet`` has one row per alert: ``ra``, ``dec`` (deg)
        and ``braai``.

        Raises
        ------
        CorruptFileError, MissingColumnError, InputError
            If the table is there but cannot be used.
        """
        table = self._region(ALERTS_TABLE, ALERT_TABLE_COLUMNS, ra, dec, radius_arcsec)
        return pa.table(match_alerts(table, ra, dec, radius_arcsec))

    def _region(
        self,
        name: str,
        columns: tuple[Column, ...],
        ra: npt.ArrayLike,
        dec: npt.ArrayLike,
        margin_arcsec: float,
    ) -> pa.Table | None:
        path = self._table_path(name)
        return read_region(path, columns, ra, dec, margin_arcsec) if path.exists() else None

    def _table_path(self, name: str) -> Path:
        return self.folder / CROSSMATCH_FOLDER / f"{name}.parquet"

    def _check_once(self, ids: npt.NDArray[np.int64]) -> None:
        values, counts = np.unique(ids, return_counts=True)
        if np.any(counts > 1):
            raise DuplicateIdError(
                f"light curve listed twice in {self.folder}",
                value=f"id {values[np.argmax(counts > 1)]}",
                allowed="each id once",
                todo="remove one of the two",
            )


def _no_pairs(columns: tuple[Column, ...]) -> pa.Table:
    """Return the answer to a cone search that finds nothing."""
    nothing = arrow_schema(columns).empty_table()
    nothing = nothing.add_column(0, "separation_arcsec", pa.array([], pa.float64()))
    return nothing.add_column(0, "query", pa.array([], pa.int64()))
