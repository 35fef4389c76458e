"""Labelled light curves of other surveys, made like those of ZTF.

Every star is cut to a few years, if that leaves enough epochs, thinned to as many epochs as
a ZTF light curve has, moved to a magnitude that ZTF measures and given ZTF's noise where its
own is less. Shapes, cadence within the night, systematics and outliers stay those of the
survey it is from. No star becomes so faint that its variation is lost in the noise, and one
that no brightness would show is left out: it would teach that noise is a variable star.
"""

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
from scope.io import TableWriter, read_table
from scope.lightcurves.curves import LightCurves
from scope.lightcurves.identity import check_identity
from scope.lightcurves.points import PointLimits, settle_dates
from scope.lightcurves.sky import PositionTree, first_linked
from scope.provenance import record
from scope.schema import require_columns
from scope.surveys.label_map import NOT_VARIABLE, Labelling, LabelMap
from scope.surveys.simulation.cadence import make_cadence
from scope.surveys.simulation.noise import ErrorCurve
from scope.surveys.visibility import VISIBLE, visibility

Floats = npt.NDArray[np.float64]

LIMITS = PointLimits()

_log = logging.getLogger(__name__)

LIGHT_CURVES = "lightcurves.parquet"
LABELS_TABLE = "labels.parquet"
TRUTH = "truth.parquet"

CURVE_COLUMNS = ("objectid", "filterid", "objra", "objdec", "hmjd", "mag", "magerr")
LABEL_COLUMNS = ("objectid", "class", "sourceid", "band")

SAME_STAR_ARCSEC = 15.0
"""Stars of two sets that are closer are one star; a pixel of ASAS."""

YEARS = (2.0, 5.0)
EPOCHS_MEDIAN, EPOCHS_SPREAD = 150.0, 0.5
"""Of a log-normal draw: median and standard deviation of its logarithm."""
LEAST_EPOCHS, MOST_EPOCHS = 50, 600
BRIGHTEST, FAINTEST = 13.0, 20.3
"""Between them lies the middle 90 % of the points of a star, where it fits (mag)."""
SATURATION, LIMIT = 12.4, 20.7
"""Points beyond are not listed (mag)."""
STEPS = 30
"""Halvings of the range of magnitudes."""
MAGNITUDE_SLOPE = 0.10
"""Stars become more numerous towards the faint end by this much per mag, in log10."""

ZTF_ERRORS = {
    1: ErrorCurve(0.0125, 0.0125, 0.075),
    2: ErrorCurve(0.0120, 0.0125, 0.078),
    3: ErrorCurve(0.0140, 0.0125, 0.115),
}
"""Of a middling quadrant in g, r and i, by the filter that a band is listed as."""

CURVE_SCHEMA = pa.schema(
    [
        pa.field("objectid", pa.int64()),
        pa.field("filterid", pa.int8()),
        pa.field("objra", pa.float64()),
        pa.field("objdec", pa.float64()),
        pa.field("hmjd", pa.list_(pa.float64())),
        pa.field("mag", pa.list_(pa.float32())),
        pa.field("magerr", pa.list_(pa.float32())),
    ]
)
TRUTH_SCHEMA = pa.schema(
    [
        pa.field("objectid", pa.int64()),
        pa.field("sourceid", pa.string()),
        pa.field("survey", pa.string()),
        pa.field("band", pa.string()),
        pa.field("class", pa.string()),
        pa.field("labels", pa.list_(pa.string())),
        pa.field("unknown", pa.list_(pa.string())),
    ]
)


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
        """Return the points of a mask or of indices."""
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


def resample_labelled(
    folder: str | Path,
    output: str | Path,
    *,
    sets: Sequence[str],
    label_map: str | Path,
    most_stars: int | None = None,
    seed: int = 1,
    facts: Mapping[str, Any] | None = None,
) -> int:
    """Write the stars of labelled sets as ZTF would list them, with their truth.

    The same arguments give the same bytes. A star becomes the same whatever other stars
    there are, but for its name, which is that of the first set that has it.

    Parameters
    ----------
    folder : path
        With ``<set>/lightcurves.parquet`` (one row per star and band: `CURVE_COLUMNS`,
        lists of days and magnitudes) and ``<set>/labels.parquet`` (`LABEL_COLUMNS`).
    output : path
        Folder that gets ``lightcurves.parquet`` and ``truth.parquet``.
    sets : sequence of str
        Names of folders.
    label_map : path
        See `LabelMap`.
    most_stars : int, optional
        Of a class of a set with more stars, these many are drawn by the hash of their names.
    seed : int
    facts : mapping, optional
        Further facts for the records.

    Returns
    -------
    int
        Number of light curves.

    Raises
    ------
    NotFoundError, MissingColumnError, ConfigError
    InputError
        If a class is not in the map, or a light curve has no label.
    """
    rules = LabelMap.load(label_map)
    stars = [s for name in sets for s in _read_set(Path(folder), name, rules, most_stars)]
    about = {"sets": list(sets), "most_stars": most_stars, "seed": seed}
    metadata = record("labelled", **{**(facts or {}), **about})
    output = Path(output)
    output.mkdir(parents=True, exist_ok=True)
    curves = TableWriter(output / LIGHT_CURVES, CURVE_SCHEMA, metadata)
    truth = TableWriter(output / TRUTH, TRUTH_SCHEMA, metadata)
    with curves, truth:
        for star, name in zip(stars, shared_names(stars), strict=True):
            bands = resample(star, seed)
            curves.write(pa.Table.from_pylist([_row(star, b) for b in bands], CURVE_SCHEMA))
            lines = [_truth(star, name, b) for b in bands]
            truth.write(pa.Table.from_pylist(lines, TRUTH_SCHEMA))
        return truth.rows


def _read_set(
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
    for source, rows in sorted(stars.items(), key=lambda item: _digest(f"{name} {item[0]}")):
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


def resample(star: LabelledStar, seed: int) -> list[Band]:
    """Return a star's light curves as ZTF would list them; bands without points are left out.

    All bands have the same years, number of epochs and shift in magnitude. A star with
    too few epochs in a few years keeps all of its own. Of a star that varies, bands in which
    ZTF's noise would hide it are left out too. The random numbers are those of the star's name.
    """
    rng = np.random.default_rng(np.frombuffer(_digest(f"{seed}:{star.name}"), dtype=np.uint32))
    bands = [band for band in star.bands if len(band.time)]
    if not bands:
        return []
    if star.labelling.labels == (NOT_VARIABLE,):
        # What does not vary has no phase: its points can be had at any time.
        bands = [_at_survey_times(band, rng) for band in bands]
    first = min(band.time[0] for band in bands)
    last = max(band.time[-1] for band in bands)
    length = min(rng.uniform(*YEARS) * 365.25, last - first)
    start = rng.uniform(first, last - length) if last - first > length else first
    years = [band.take((band.time >= start) & (band.time <= start + length)) for band in bands]
    if max(len(band.time) for band in years) < LEAST_EPOCHS:
        years = bands
    wanted = round(float(np.exp(rng.normal(np.log(EPOCHS_MEDIAN), EPOCHS_SPREAD))))
    wanted = int(np.clip(wanted, LEAST_EPOCHS, MOST_EPOCHS))
    thinned = [_thinned(band, wanted, rng) for band in years]
    low, high = _range(np.concatenate([band.mag for band in thinned]))
    varies = NOT_VARIABLE not in star.labelling.labels
    if varies:
        high = _faintest(thinned, low, high)
    shift = _shift(low, high, rng)
    noisy = [
        _noisy(band, shift, rng)
        for band in thinned
        if len(band.time) and not (varies and _visibility(band, shift) < VISIBLE)
    ]
    return [band for band in noisy if len(band.time)]


def _visibility(band: Band, shift: float) -> float:
    """Return how the variation of a light curve stands out where ZTF sees it at that shift."""
    return visibility(band.mag, band.magerr, _error(band, shift))


def _faintest(bands: Sequence[Band], low: float, high: float) -> float:
    """Return the largest shift up to `high` at which a band shows the variation, at least `low`."""

    def seen(shift: float) -> bool:
        return max(_visibility(band, shift) for band in bands if len(band.time)) >= VISIBLE

    if low >= high or seen(high):
        return high
    bright, faint = low, high
    for _ in range(STEPS):
        middle = (bright + faint) / 2
        bright, faint = (middle, faint) if seen(middle) else (bright, middle)
    return bright


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _thinned(band: Band, wanted: int, rng: np.random.Generator) -> Band:
    if len(band.time) <= wanted:
        return band
    return band.take(np.sort(rng.choice(len(band.time), size=wanted, replace=False)))


def _at_survey_times(band: Band, rng: np.random.Generator) -> Band:
    """Return the points at times of a simulated cadence, in random order."""
    cadence = make_cadence(
        rng, rng.uniform(0, 360), 40.0, n_epochs_median=int(rng.integers(60, 300))
    )
    times = cadence.time[cadence.band == min(band.filterid, 2)]
    count = min(len(times), len(band.time))
    rows = rng.choice(len(band.time), size=count, replace=False)
    chosen = np.sort(rng.choice(times, size=count, replace=False))
    return Band(band.objectid, band.filterid, band.band, chosen, band.mag[rows], band.magerr[rows])


def _range(mag: Floats) -> tuple[float, float]:
    """Return what may be added to magnitudes so that ZTF sees most points, least and most."""
    if not len(mag):
        return 0.0, 0.0
    bright, faint = np.percentile(mag, (5, 95))
    return BRIGHTEST - bright, FAINTEST - faint


def _shift(low: float, high: float, rng: np.random.Generator) -> float:
    """Draw what is added to magnitudes; the middle where nothing is allowed."""
    if low >= high:
        return float(low + high) / 2
    ends = 10 ** (MAGNITUDE_SLOPE * np.array([low, high]))
    return float(np.log10(rng.uniform(*ends)) / MAGNITUDE_SLOPE)


def _error(band: Band, shift: float) -> Floats:
    """Return the errors of a light curve at its new magnitude: ZTF's, or its own if larger."""
    error = ZTF_ERRORS[min(max(band.filterid, 1), 3)](band.mag + shift)
    return np.maximum(error, band.magerr)


def _noisy(band: Band, shift: float, rng: np.random.Generator) -> Band:
    """Return a light curve at its new magnitude, as noisy as ZTF is there or as it was."""
    error = _error(band, shift)
    missing = np.sqrt(np.maximum(error**2 - band.magerr**2, 0.0))
    mag = band.mag + shift + missing * rng.standard_normal(len(band.mag))
    listed = (mag > SATURATION) & (mag < LIMIT)
    after = Band(band.objectid, band.filterid, band.band, band.time, mag, error)
    return after.take(listed)


def _row(star: LabelledStar, band: Band) -> dict[str, Any]:
    return {
        "objectid": band.objectid,
        "filterid": band.filterid,
        "objra": star.ra if np.isfinite(star.ra) else None,
        "objdec": star.dec if np.isfinite(star.dec) else None,
        "hmjd": band.time,
        "mag": band.mag.astype(np.float32),
        "magerr": band.magerr.astype(np.float32),
    }


def _truth(star: LabelledStar, name: str, band: Band) -> dict[str, Any]:
    return {
        "objectid": band.objectid,
        "sourceid": name,
        "survey": star.survey,
        "band": band.band,
        "class": star.kind,
        "labels": list(star.labelling.labels),
        "unknown": list(star.labelling.unknown),
    }
