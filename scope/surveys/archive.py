"""A folder of bulk light-curve files, as the Zwicky Transient Facility publishes them.

One Parquet file holds one quadrant in one filter; the files of a quadrant are one unit.
Beside them there may be a folder ``crossmatch`` with tables of external catalogues
(``Gaia_EDR3.parquet``, ``AllWISE.parquet``, ``PS1_DR1.parquet``) and of alerts
(``alerts.parquet``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.errors import NotFoundError, UsageError
from scope.identifiers import Scheme, decode
from scope.io.tables import read_metadata
from scope.lightcurves.curves import LightCurves
from scope.lightcurves.files import DEFAULT_ROWS
from scope.surveys.base import NO_FIELD, Survey, parse_unit, unit_name
from scope.surveys.bulk import (
    iter_files_by_id,
    read_lightcurves,
    read_positions,
    read_sources,
    read_sources_by_id,
)
from scope.surveys.checksums import CHECKED, PublishedSums
from scope.surveys.folder_files import FileSurvey
from scope.surveys.hats import HatsArchive, is_hats
from scope.surveys.index import ArchiveIndex, places_to_keep
from scope.surveys.layout import ArchiveFile, abbreviated, find_files

if TYPE_CHECKING:
    from scope.config.model import Config


class Archive(FileSurvey):
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

    def _read_sources(self, path: Path) -> pa.Table:
        return read_sources(*self._whole([self._by_path[path]]))

    def _read_lightcurves(self, path: Path, ids: npt.NDArray[np.int64]) -> Iterator[LightCurves]:
        self._whole([self._by_path[path]])
        return read_lightcurves(path, ids, DEFAULT_ROWS)

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

    def _files_with(self, ids: npt.NDArray[np.int64]) -> list[Path]:
        """Return the files that may hold the light curves of these ids.

        Ids that tell their quadrant and filter cost no index.
        """
        identity = decode(ids)
        if np.any(identity.scheme == Scheme.OPAQUE):
            return self._index.holding(ids)
        places = set(zip(*(part.tolist() for part in identity[1:5]), strict=True))
        return [file.path for file in self._all_files() if file[:4] in places]


def open_archive(folder: str | Path, release: str | int | None = None) -> FileSurvey:
    """Return an archive: of bulk files, or a HATS catalogue.

    Raises
    ------
    NotFoundError, InputError
        See `Archive` and `scope.surveys.hats.HatsArchive`.
    """
    made = HatsArchive if is_hats(Path(folder)) else Archive
    return made(folder, release)


@dataclass(frozen=True)
class ArchiveSettings:
    """Settings that an archive is opened with; see `Archive`."""

    folder: str
    release: str | int | None = None

    def open(self, queries: int = 1) -> Survey:
        """Return the archive; files need no queries."""
        return open_archive(self.folder, self.release)


class ArchiveKind:
    """A folder of the survey's own files, key ``archive`` of the configuration."""

    is_remote = False

    def is_configured(self, config: Config) -> bool:
        """Whether there is a folder; without one, targets are simulated."""
        return config.archive is not None

    def settings(self, config: Config) -> ArchiveSettings:
        """Return the folder and the data release, as configured.

        Raises
        ------
        UsageError
            If the configuration names no archive.
        """
        if config.archive is None:
            raise UsageError(
                "no archive of light curves",
                todo="set the key archive to a folder of bulk files, or survey to another one",
            )
        return ArchiveSettings(str(Path(config.archive).expanduser()), config.data_release)


SURVEY = ArchiveKind()
