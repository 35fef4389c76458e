"""Labelled light curves of other surveys, made like those of ZTF.

Every star is cut to a few years, if that leaves enough epochs, thinned to as many epochs as
a ZTF light curve has, moved to a magnitude that ZTF measures and given ZTF's noise where its
own is less. Shapes, cadence within the night, systematics and outliers stay those of the
survey it is from. No star becomes so faint that its variation is lost in the noise, and one
that no brightness would show is left out: it would teach that noise is a variable star.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.io import TableWriter
from scope.provenance import record
from scope.surveys.label_map import NOT_VARIABLE, LabelMap
from scope.surveys.labelled_sets import (
    LIGHT_CURVES,
    Band,
    LabelledStar,
    digest,
    read_set,
    shared_names,
)
from scope.surveys.simulation.cadence import make_cadence
from scope.surveys.simulation.noise import ErrorCurve
from scope.surveys.visibility import VISIBLE, visibility

Floats = npt.NDArray[np.float64]

TRUTH = "truth.parquet"

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
    stars = [s for name in sets for s in read_set(Path(folder), name, rules, most_stars)]
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


def resample(star: LabelledStar, seed: int) -> list[Band]:
    """Return a star's light curves as ZTF would list them; bands without points are left out.

    All bands have the same years, number of epochs and shift in magnitude. A star with
    too few epochs in a few years keeps all of its own. Of a star that varies, bands in which
    ZTF's noise would hide it are left out too. The random numbers are those of the star's name.
    """
    rng = np.random.default_rng(np.frombuffer(digest(f"{seed}:{star.name}"), dtype=np.uint32))
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
