"""A survey that the configuration describes: a folder of Parquet or CSV files of any layout.

Each file is one unit of work, ``part_<KKK>``, and is held in memory as a whole. An object's
points in a band belong into one file: in two they would be two light curves of one id, which
gathering the units finds and refuses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.errors import NotFoundError, UsageError
from scope.lightcurves.cleaning import emptied
from scope.lightcurves.curves import LightCurves
from scope.lightcurves.files import DEFAULT_ROWS
from scope.lightcurves.fluxes import magnitudes, zero_point
from scope.lightcurves.identity import check_identity
from scope.lightcurves.times import TimeSystem, heliocentric_mjd
from scope.provenance import hash_json
from scope.schema import arrow_schema, source_columns
from scope.surveys.base import NO_FIELD
from scope.surveys.folder_files import CROSSMATCH_FOLDER, FileSurvey
from scope.surveys.folder_tables import FolderLayout, Points, read_points
from scope.surveys.index import ArchiveIndex

if TYPE_CHECKING:
    from scope.config.surveys import SurveySection

PART = "part_"

NO_POSITION = "no_position"
"""Reason of light curves whose times cannot be brought to the Sun."""


@dataclass(frozen=True)
class FolderSettings:
    """Settings that a described survey is opened with.

    Attributes
    ----------
    name : str
        What the configuration calls it.
    folder, files : str
        Where its files are, and a pattern that their names fit.
    layout : FolderLayout
    release : str or None
    """

    name: str
    folder: str
    files: str
    layout: FolderLayout
    release: str | None = None
    described: Mapping[str, Any] = field(default_factory=dict)

    def open(self, queries: int = 1) -> FolderSurvey:
        """Return the survey; files need no queries."""
        return FolderSurvey(self)


class FolderSurvey(FileSurvey):
    """A described survey, see `scope.surveys.base.Survey`. Making one reads names only.

    Parameters
    ----------
    settings : FolderSettings

    Raises
    ------
    NotFoundError
        If there is no such folder, or no such file in it.
    """

    columns = source_columns(())

    def __init__(self, settings: FolderSettings) -> None:
        self.settings = settings
        self.folder = Path(settings.folder)
        if not self.folder.is_dir():
            raise NotFoundError(
                f"no folder of the survey {settings.name!r}",
                value=str(self.folder.absolute()),
                todo=f"check surveys.{settings.name}.folder; a relative path starts at the folder "
                "of the run",
            )
        self._paths = sorted(
            path
            for path in self.folder.rglob(settings.files)
            if path.is_file()
            and not path.name.startswith(".")
            and CROSSMATCH_FOLDER not in path.relative_to(self.folder).parts[:-1]
        )
        if not self._paths:
            raise NotFoundError(
                f"no files of the survey {settings.name!r} in {self.folder}",
                value=settings.files,
                todo=f"check surveys.{settings.name}.files, a pattern such as *.csv",
            )

    @property
    def release(self) -> str:
        """The data release; the survey's name where none is configured."""
        return self.settings.release or self.settings.name

    def facts(self, field: int = NO_FIELD, unit: str = "") -> dict[str, Any]:
        """Return what products record: name, release, and how the files were read."""
        return {
            "data_release": self.release,
            "survey": self.settings.name,
            "survey_layout": dict(self.settings.described),
        }

    def fields(self) -> list[int]:
        """Return no numbers: it has no fields."""
        return []

    def units(self, field: int = NO_FIELD) -> list[str]:
        """Return the names of the units, one for each file in the order of their paths.

        Raises
        ------
        NotFoundError
            If a field is asked for.
        """
        if field != NO_FIELD:
            raise NotFoundError(
                f"the survey {self.settings.name!r} has no fields",
                value=f"field_{field}",
                allowed=f"survey_{self.settings.name}",
            )
        return [f"{PART}{number:03d}" for number in range(len(self._paths))]

    def files(self, field: int, unit: str) -> list[Path]:
        """Return the one file of a unit.

        Raises
        ------
        NotFoundError, UsageError
            If there is no such unit.
        """
        number = unit.removeprefix(PART)
        if not (unit.startswith(PART) and number.isdecimal()):
            raise UsageError("unknown unit of a survey", value=unit, allowed=f"{PART}<KKK>")
        if unit not in self.units(field):
            raise NotFoundError(
                f"no such unit of the survey {self.settings.name!r}",
                value=unit,
                allowed=f"{PART}000 to {self.units()[-1]}",
            )
        return [self._paths[int(number)]]

    def paths(self) -> list[Path]:
        """Return all files."""
        return list(self._paths)

    def total_rows(self) -> int | None:
        """Return None: rows of files need not be light curves."""
        return None

    def sources(self, field: int, unit: str) -> pa.Table:
        """Return the light curves of a unit, columns `scope.schema.SOURCES`, by ``_id``.

        ``obj_id`` is what the survey calls the object.

        Raises
        ------
        NotFoundError, CorruptFileError, MissingColumnError, InputError, DuplicateIdError
        """
        return self._read_sources(self.files(field, unit)[0])

    def iter_lightcurves(
        self, field: int, unit: str, rows: int = DEFAULT_ROWS
    ) -> Iterator[LightCurves]:
        """Yield the light curves of a unit as observed, at most `rows` at a time, by id."""
        yield from self._curves(self.files(field, unit)[0]).batches(rows)

    def _read_sources(self, path: Path) -> pa.Table:
        return _sources(read_points(path, self.settings.layout))

    def _read_lightcurves(self, path: Path, ids: npt.NDArray[np.int64]) -> Iterator[LightCurves]:
        curves = self._curves(path)
        hit = np.flatnonzero(np.isin(curves.ids, ids))
        if len(hit):
            yield curves.take(hit)

    def _curves(self, path: Path) -> LightCurves:
        return _light_curves(read_points(path, self.settings.layout), self.settings.layout)

    def _positions(
        self, path: Path
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        points = read_points(path, self.settings.layout)
        return points.ids, points.ra, points.dec

    @cached_property
    def _index(self) -> ArchiveIndex:
        # Another description gives other ids.
        variant = hash_json(dict(self.settings.described))[:8]
        return ArchiveIndex(self.folder, self._paths, self._positions, variant)


def _sources(points: Points) -> pa.Table:
    unknown = ~np.isfinite(points.ra) & ~np.isfinite(points.dec)
    checked = check_identity(
        points.ids,
        pa.array(points.ra, pa.float64(), mask=unknown),
        pa.array(points.dec, pa.float64(), mask=unknown),
        {},
    )
    columns = {
        "_id": pa.array(points.ids),
        "ra": checked.ra,
        "dec": checked.dec,
        "filter": pa.array(points.bands.astype(np.int32)),
        "obj_id": pa.array(points.names, pa.string()),
        "n_listed": pa.array(np.diff(points.offsets).astype(np.int32)),
        "reason": pa.array(checked.reasons, pa.string()),
    }
    schema = arrow_schema(source_columns(()))
    return pa.table([columns[field.name] for field in schema], schema=schema)


def _light_curves(points: Points, layout: FolderLayout) -> LightCurves:
    """Return points as magnitudes and heliocentric dates."""
    lengths = np.diff(points.offsets)
    ra, dec = np.repeat(points.ra, lengths), np.repeat(points.dec, lengths)
    mag, magerr = points.epochs["brightness"], points.epochs["error"]
    if layout.zero_point_mag is not None:
        mag, magerr = magnitudes(
            mag.astype(np.float64), magerr.astype(np.float64), layout.zero_point_mag
        )
    curves = LightCurves(
        ids=points.ids,
        offsets=points.offsets,
        time=heliocentric_mjd(points.epochs["time"], layout.time, ra, dec),
        mag=mag,
        magerr=magerr,
        catflags=points.epochs.get("flags"),
    )
    if not layout.time.needs_position:
        return curves
    lost = ~(np.isfinite(points.ra) & np.isfinite(points.dec))
    return _without_points(curves, lost) if lost.any() else curves


def _without_points(curves: LightCurves, lost: npt.NDArray[np.bool_]) -> LightCurves:
    faults = np.full(len(lost), None, dtype=object)
    faults[lost] = NO_POSITION
    return replace(emptied(curves, lost), faults=faults)


class FolderKind:
    """A folder that a section of ``surveys`` describes."""

    is_remote = False

    def __init__(self, name: str, section: SurveySection) -> None:
        self.name, self.section = name, section

    def is_configured(self, config: Any) -> bool:
        """Whether there is something to read: its section says so by being there."""
        return True

    def settings(self, config: Any) -> FolderSettings:
        """Return how the folder is read, as its section describes it."""
        return folder_settings(self.name, self.section)


def folder_settings(name: str, section: SurveySection) -> FolderSettings:
    """Return how the folder of a section is read."""
    zero = section.zero_point
    if section.unit not in ("mag", "counts"):
        zero = zero_point(section.unit)
    layout = FolderLayout(
        layout=section.layout,
        columns=section.columns.model_dump(exclude_none=True),
        points=section.points,
        ids=section.ids,
        bands=dict(section.bands),
        default_band=section.default_band,
        time=TimeSystem(**section.time.model_dump()),
        zero_point_mag=zero,
    )
    described = section.model_dump(mode="json", exclude={"folder", "release", "complete"})
    folder = str(Path(section.folder).expanduser())
    return FolderSettings(name, folder, section.files, layout, section.release, described)
