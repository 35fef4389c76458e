"""A folder of bulk light-curve files, as the Zwicky Transient Facility publishes them.

One Parquet file holds one quadrant in one filter; the files of a quadrant are one unit.
Beside them there may be a folder ``crossmatch`` with tables of external catalogues
(``Gaia_EDR3.parquet``, ``AllWISE.parquet``, ``PS1_DR1.parquet``) and of alerts
(``alerts.parquet``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scope.errors import DuplicateIdError, NotFoundError
from scope.features.catalogues import CATALOGUES
from scope.identifiers import Scheme, decode
from scope.io.tables import read_metadata
from scope.lightcurves.align import aligned
from scope.lightcurves.curves import LightCurves
from scope.lightcurves.files import DEFAULT_ROWS
from scope.lightcurves.sky import PositionTree
from scope.schema import SOURCES, Column, arrow_schema
from scope.surveys.base import NO_FIELD, parse_unit, unit_name
from scope.surveys.bulk import (
    ID,
    iter_files_by_id,
    read_lightcurves,
    read_positions,
    read_sources,
    read_sources_by_id,
)
from scope.surveys.checksums import CHECKED, PublishedSums
from scope.surveys.index import ArchiveIndex, places_to_keep
from scope.surveys.layout import ArchiveFile, abbreviated, find_files
from scope.surveys.matching import (
    ALERT_TABLE_COLUMNS,
    POSITION_COLUMNS,
    match_alerts,
    match_catalogue,
    read_region,
)

CROSSMATCH_FOLDER = "crossmatch"
ALERTS_TABLE = "alerts"


class Archive:
    """A survey in a folder of bulk Parquet files, see `scope.surveys.base.Survey`.

    Making one reads names only, no file.

    Parameters
    ----------
    folder : str or Path
        Searched with all folders below.
    release : str or int, optional
        The data release, for example ``DR5``; needed where the folder has several.

    Raises
    ------
    NotFoundError
        If there is no such folder, or none of the files looked for in it.
    InputError
        If the folder has several releases and none was chosen, or a file twice.
    """

    def __init__(self, folder: str | Path, release: str | int | None = None) -> None:
        self.folder = Path(folder)
        self._units: dict[int, dict[str, list[ArchiveFile]]] = {}
        files = find_files(self.folder, release)
        for file in files:
            units = self._units.setdefault(file.field, {})
            units.setdefault(unit_name(file.ccd, file.quad), []).append(file)
        self._release = files[0].release

    @property
    def release(self) -> str:
        """The data release, for example ``DR5``."""
        return f"DR{self._release}"

    def facts(self, field: int = NO_FIELD, unit: str = "") -> dict[str, Any]:
        """Return what products of a unit, or of any part of the survey, record of it.

        Simulated files say so themselves; what is made of them never claims a release.
        """
        files = [file.path for file in self._all_files()] if not unit else self.files(field, unit)
        simulation = read_metadata(files[0]).get("simulation")
        if simulation is None:
            return {"data_release": self.release}
        return {"data_release": "simulation", "simulation": simulation}

    def fields(self) -> list[int]:
        """Return the numbers of the fields that have files, ascending."""
        return list(self._units)

    def units(self, field: int) -> list[str]:
        """Return the names of the quadrants of a field that have files, sorted.

        Raises
        ------
        NotFoundError
            If the field has no files.
        """
        if field not in self._units:
            raise NotFoundError(
                f"no such field in {self.folder}",
                value=field,
                allowed=f"{abbreviated(self.fields())} ({len(self._units)} in all)",
                todo="choose one of them, or add the files of this one",
            )
        return list(self._units[field])

    def files(self, field: int, unit: str) -> list[Path]:
        """Return the paths of the light-curve files of a unit, by filter.

        Raises
        ------
        NotFoundError
            If the unit has no files.
        UsageError
            If the unit's name cannot be one.
        """
        return [file.path for file in self._files(field, unit)]

    def paths(self) -> list[Path]:
        """Return the paths of all light-curve files, sorted by field, ccd, quad and filter."""
        return [file.path for file in self._all_files()]

    def crossmatch_files(self) -> dict[str, Path]:
        """Return the paths of the tables to match with, by name, of those that exist."""
        paths = {name: self._table_path(name) for name in (*CATALOGUES, ALERTS_TABLE)}
        return {name: path for name, path in paths.items() if path.exists()}

    def sources(self, field: int, unit: str) -> pa.Table:
        """Return all light curves of a unit, columns `scope.schema.SOURCES`, by ``_id``.

        Raises
        ------
        NotFoundError, CorruptFileError, MissingColumnError
            A file that differs from the archive's list of MD5 sums is corrupt.
        IdentifierError
            If ids disagree with the columns or with the name of their file.
        DuplicateIdError
            If an id stands twice in the unit.
        """
        return read_sources_by_id(self._whole(self._files(field, unit)))

    def iter_lightcurves(
        self, field: int, unit: str, rows: int = DEFAULT_ROWS
    ) -> Iterator[LightCurves]:
        """Yield the light curves of a unit as observed, at most `rows` at a time, by id.

        Magnitudes are float32 where all files of the unit have float32, else float64.

        Raises
        ------
        NotFoundError, CorruptFileError, MissingColumnError, DuplicateIdError
        InputError
            If the lists of a light curve differ in length.
        """
        for piece in iter_files_by_id(self._whole(self._files(field, unit)), rows):
            yield from piece.batches(rows)

    def lightcurves(self, ids: npt.ArrayLike) -> LightCurves:
        """Return light curves as observed, one per id in that order, empty where there is none.

        Ids that tell their quadrant and filter cost one pass over these files, others one
        over the whole archive.

        Raises
        ------
        CorruptFileError, MissingColumnError, InputError
        DuplicateIdError
            If the archive has one of the ids twice.
        """
        ids = np.asarray(ids, dtype=np.int64)
        wanted = np.unique(ids)
        parts = [NO_CURVES]
        for file in self._whole(self._files_with(wanted)):
            parts += read_lightcurves(file.path, wanted, DEFAULT_ROWS)
        curves = LightCurves.concatenate(parts)
        self._check_once(curves.ids)
        return aligned(curves, ids)

    def sources_by_id(self, ids: npt.ArrayLike) -> pa.Table:
        """Return those of some light curves that there are, see `scope.surveys.base.Survey`.

        Ids that tell their quadrant and filter cost the lists of these files, others those
        of the whole archive.

        Raises
        ------
        CorruptFileError, MissingColumnError, IdentifierError
        DuplicateIdError
            If the archive has one of the ids twice.
        """
        wanted = np.unique(np.asarray(ids, dtype=np.int64))
        parts = [arrow_schema(SOURCES).empty_table()]
        for file in self._whole(self._files_with(wanted)):
            sources = read_sources(file)
            parts.append(sources.filter(pc.is_in(sources.column("_id"), pa.array(wanted))))
        table = pa.concat_tables(parts)
        self._check_once(table.column("_id").to_numpy())
        return table

    def cone(self, ra: npt.ArrayLike, dec: npt.ArrayLike, radius_arcsec: float) -> pa.Table:
        """Find light curves around positions in degrees, see `scope.surveys.base.Survey.cone`.

        The positions are read of files near any of the positions asked for, which an index
        tells (`scope.surveys.index`).

        Raises
        ------
        CorruptFileError, MissingColumnError, IdentifierError
        """
        tree = PositionTree(ra, dec)
        parts = [no_pairs()]
        for path in self._index.near(ra, dec, radius_arcsec):
            sources = read_sources(*self._whole([self._by_path[path]]))
            pairs = tree.within(
                sources.column("ra").to_numpy(), sources.column("dec").to_numpy(), radius_arcsec
            )
            found = sources.take(pa.array(pairs.query))
            found = found.add_column(0, "separation_arcsec", pa.array(pairs.separation_arcsec))
            parts.append(found.add_column(0, "query", pa.array(pairs.found)))
        keys = ["query", "separation_arcsec", "_id"]
        return pa.concat_tables(parts).sort_by([(key, "ascending") for key in keys])

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
        under their own names (`scope.features.catalogues`).

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

    def _check_once(self, ids: npt.NDArray[np.int64]) -> None:
        values, counts = np.unique(ids, return_counts=True)
        if np.any(counts > 1):
            raise DuplicateIdError(
                f"light curve listed twice in {self.folder}",
                value=f"{ID} {values[np.argmax(counts > 1)]}",
                allowed="each id once",
                todo="remove one of the two",
            )

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

    def _files(self, field: int, unit: str) -> list[ArchiveFile]:
        units = self.units(field)
        if unit not in units:
            parse_unit(unit)
            raise NotFoundError(
                f"no files of this unit of field {field} in {self.folder}",
                value=unit,
                allowed=units,
                todo="choose one of them, or add the files of this one",
            )
        return self._units[field][unit]

    def _all_files(self) -> list[ArchiveFile]:
        return [
            file for units in self._units.values() for files in units.values() for file in files
        ]

    def _whole(self, files: list[ArchiveFile]) -> list[ArchiveFile]:
        """Return files after making sure that they are as they were published."""
        for file in files:
            self._published.check(file.path)
        return files

    @cached_property
    def _published(self) -> PublishedSums:
        return PublishedSums(self.folder, places_to_keep(self.folder, CHECKED))

    @cached_property
    def _index(self) -> ArchiveIndex:
        return ArchiveIndex(self.folder, self.paths(), read_positions)

    @cached_property
    def _by_path(self) -> dict[Path, ArchiveFile]:
        return {file.path: file for file in self._all_files()}

    def _files_with(self, ids: npt.NDArray[np.int64]) -> list[ArchiveFile]:
        """Return the files that may hold the light curves of these ids."""
        identity = decode(ids)
        if np.any(identity.scheme == Scheme.OPAQUE):
            return [self._by_path[path] for path in self._index.holding(ids)]
        files = self._all_files()
        places = set(zip(*(part.tolist() for part in identity[1:5]), strict=True))
        return [file for file in files if file[:4] in places]


def no_pairs() -> pa.Table:
    """Return the answer to a cone search that finds nothing."""
    nothing = arrow_schema(SOURCES).empty_table()
    nothing = nothing.add_column(0, "separation_arcsec", pa.array([], pa.float64()))
    return nothing.add_column(0, "query", pa.array([], pa.int64()))


NO_CURVES = LightCurves(
    ids=np.zeros(0, dtype=np.int64),
    offsets=np.zeros(1, dtype=np.int64),
    time=np.zeros(0),
    mag=np.zeros(0, dtype=np.float32),
    magerr=np.zeros(0, dtype=np.float32),
    catflags=np.zeros(0, dtype=np.uint16),
)
