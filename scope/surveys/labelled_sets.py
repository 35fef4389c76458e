"""Sets of labelled light curves of other surveys, and the stars that they hold."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.errors import InputError, NotFoundError
from scope.io import read_table
from scope.lightcurves.curves import LightCurves
from scope.lightcurves.identity import check_identity
from scope.lightcurves.points import PointLimits, settle_dates
from scope.lightcurves.sky import PositionTree, first_linked
from scope.schema import require_columns
from scope.surveys.label_map import Labelling, LabelMap

Floats = npt.NDArray[np.float64]

LIMITS = PointLimits()

_log = logging.getLogger(__name__)

LIGHT_CURVES = "lightcurves.parquet"
LABELS_TABLE = "labels.parquet"

CURVE_COLUMNS = ("objectid", "filterid", "objra", "objdec", "hmjd", "mag", "magerr")
LABEL_COLUMNS = ("objectid", "class", "sourceid", "band")

SAME_STAR_ARCSEC = 15.0
"""Stars of two sets that are closer are one star; a pixel of ASAS."""


@dataclass(frozen=True)
class Band:
    """The light curve of a star in one band."""

    objectid: int
    filterid: int
    band: str
    time: Floats
    mag: Floats
    magerr: Floats

    def take(self, rows: npt.NDArray[np.generic]) -> Band:
        """Return the points of a mask or of indices.

        `rows`: (n,) bool, or (m,) int.
        """
        return Band(
            self.objectid,
            self.filterid,
            self.band,
            self.time[rows],
            self.mag[rows],
            self.magerr[rows],
        )


@dataclass(frozen=True)
class LabelledStar:
    """A star of a set.

    Attributes
    ----------
    name : str
        The same for one star in two sets.
    survey, kind : str
        The set and the class there.
    ra, dec : float
        Degrees; NaN where unknown.
    labelling : Labelling
    bands : tuple of Band
    """

    name: str
    survey: str
    kind: str
    ra: float
    dec: float
    labelling: Labelling
    bands: tuple[Band, ...]


def read_set(
    folder: Path, name: str, rules: LabelMap, most_stars: int | None
) -> Iterator[LabelledStar]:
    """Yield the stars of a set that the map uses, by the hash of their names."""
    tables = []
    for table, columns in ((LIGHT_CURVES, CURVE_COLUMNS), (LABELS_TABLE, LABEL_COLUMNS)):
        path = folder / name / table
        if not path.is_file():
            raise NotFoundError(
                f"labelled set {name!r} that is not there",
                value=str(path),
                allowed=sorted(p.parent.name for p in folder.glob(f"*/{LABELS_TABLE}")),
                todo="correct training.labelled.folder or training.labelled.sets",
            )
        found = read_table(path)
        require_columns(found.schema.names, columns, f" in {path}")
        tables.append(found.select(columns))
    labels = {line["objectid"]: line for line in tables[1].to_pylist()}
    stars: dict[str, list[int]] = {}
    ids = tables[0].column("objectid").to_pylist()
    for row, objectid in enumerate(ids):
        if objectid not in labels:
            raise InputError(f"light curve of set {name!r} without a label", value=objectid)
        stars.setdefault(str(labels[objectid]["sourceid"]), []).append(row)
    taken: Counter[str] = Counter()
    for source, rows in sorted(stars.items(), key=lambda item: digest(f"{name} {item[0]}")):
        kind = labels[ids[rows[0]]]["class"]
        taken[kind] += 1
        if most_stars is not None and taken[kind] > most_stars:
            continue
        labelling = rules.of(kind)
        if labelling is not None:
            lines = [tables[0].slice(row, 1).to_pylist()[0] for row in rows]
            bands = tuple(_band(line, labels[line["objectid"]]["band"]) for line in lines)
            place = [lines[0][key] for key in ("objra", "objdec")]
            ra, dec = _position(*place)
            yield LabelledStar(f"{name} {source}", name, kind, ra, dec, labelling, bands)


def _position(ra: float | None, dec: float | None) -> tuple[float, float]:
    """Return a position in degrees, NaN where it is unknown or none on the sky."""
    checked = check_identity(
        np.zeros(1, np.int64), pa.array([ra], pa.float64()), pa.array([dec], pa.float64()), {}
    )
    found = (checked.ra[0].as_py(), checked.dec[0].as_py())
    return (np.nan, np.nan) if None in found else found


def _band(line: Mapping[str, Any], band: str) -> Band:
    """Return the good points of a light curve, by time."""
    lists = (line[key] or () for key in ("hmjd", "mag", "magerr"))
    time, mag, magerr = (np.array(values, np.float64) for values in lists)
    if not len(time) == len(mag) == len(magerr):
        _log.warning("light curve %d has lists of unequal length: left out", line["objectid"])
        time = mag = magerr = np.zeros(0)
    curve = LightCurves(np.array([line["objectid"]]), np.array([0, len(time)]), time, mag, magerr)
    dates = settle_dates(curve, LIMITS)
    found = Band(line["objectid"], line["filterid"], band, dates.time, mag, magerr)
    # Errors may be 0: they are made as large as ZTF's.
    good = dates.possible & np.isfinite(mag) & (magerr >= 0) & (magerr <= LIMITS.largest_error)
    good &= (mag >= LIMITS.brightest_mag) & (mag <= LIMITS.faintest_mag)
    rows = np.argsort(dates.time, kind="stable")
    return found.take(rows[good[rows]])


def shared_names(stars: Sequence[LabelledStar]) -> list[str]:
    """Return the name of each star, the same for stars of two sets at one place.

    All stars of a chain, each at the place of the next, have the name of its first.
    """
    ra, dec = (np.array([getattr(star, key) for star in stars]) for key in ("ra", "dec"))
    known = np.flatnonzero(np.isfinite(ra) & np.isfinite(dec))
    near = PositionTree(ra[known], dec[known]).within(ra[known], dec[known], SAME_STAR_ARCSEC)
    one, other = known[near.query], known[near.found]
    surveys = np.array([star.survey for star in stars])
    differ = surveys[one] != surveys[other]
    first = first_linked(len(stars), one[differ], other[differ])
    return [stars[index].name for index in first]


def digest(text: str) -> bytes:
    """Return the 32 bytes that stand for a name: draws by them do not depend on other names."""
    return hashlib.sha256(text.encode()).digest()
