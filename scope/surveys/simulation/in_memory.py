"""Simulated light curves in memory, without files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle, islice

import numpy as np
import pyarrow as pa

from scope.errors import InputError
from scope.lightcurves.curves import LightCurves
from scope.surveys.simulation import pointing
from scope.surveys.simulation.cadence import FILTER_IDS, Cadence, make_cadence
from scope.surveys.simulation.noise import ErrorCurve, draw_error_curve
from scope.surveys.simulation.sky_classes import MIXES, StarClass, assign_classes, star_class
from scope.surveys.simulation.source import BandCurve, Source, make_source

_KEYS = {"cadence": 0, "classes": 1, "stars": 2, "bright": 3}
"""First word of the spawn keys: what the random numbers are for."""

TRUTH_SCHEMA = pa.schema(
    [
        pa.field("objectid", pa.int64(), nullable=False),
        pa.field("sourceid", pa.int64(), nullable=False),
        pa.field("filterid", pa.int32(), nullable=False),
        pa.field("ra", pa.float64(), nullable=False),
        pa.field("dec", pa.float64(), nullable=False),
        pa.field("class", pa.string(), nullable=False),
        pa.field("labels", pa.list_(pa.string()), nullable=False),
        pa.field("unknown", pa.list_(pa.string()), nullable=False),
        pa.field("period_days", pa.float64()),
        pa.field("amplitude_mag", pa.float64(), nullable=False),
        pa.field("mean_mag", pa.float64(), nullable=False),
        pa.field("noise_mag", pa.float64(), nullable=False),
        pa.field("snr", pa.float64(), nullable=False),
        pa.field("visibility", pa.float64(), nullable=False),
        pa.field("eclipse_width_phase", pa.float64()),
        pa.field("n_listed", pa.int32(), nullable=False),
    ]
)
"""The truth table, one row per light curve: identity, class, the labels of a training set
that it implies and those that it may have or not, period (null without one), peak-to-peak
amplitude of the noise-free magnitudes, their mean, the standard error there, amplitude over
that error, chi-square by which they stand out of the errors, width of the wider eclipse (null
without eclipses), number of listed epochs."""


def seed_for(purpose: str, seed: int, *words: int) -> np.random.SeedSequence:
    """Return the seed of one part of a simulation, independent of all others."""
    return np.random.SeedSequence(seed, spawn_key=(_KEYS[purpose], *words))


def make_quadrant_sky(
    seed: int,
    ra: float,
    dec: float,
    words: tuple[int, ...],
    *,
    bands: Sequence[str],
    years: float,
    n_epochs_median: int,
) -> tuple[Cadence, dict[int, ErrorCurve]]:
    """Draw what all stars of a quadrant share: its exposures and error curves."""
    rng = np.random.default_rng(seed_for("cadence", seed, *words))
    cadence = make_cadence(
        rng, ra, dec, bands=tuple(bands), years=years, n_epochs_median=n_epochs_median
    )
    curves = {band: draw_error_curve(rng, band) for band in sorted(FILTER_IDS[b] for b in bands)}
    return cadence, curves


def generate_sources(
    classes: Iterator[StarClass],
    n_stars: int,
    seed: int,
    words: tuple[int, ...],
    cadence: Cadence,
    error_curves: dict[int, ErrorCurve],
) -> Iterator[Source]:
    """Yield sources one by one; the first ones do not depend on how many follow."""
    for number, member in enumerate(islice(classes, n_stars)):
        own = seed_for("stars", seed, *words, number)
        yield make_source(number, member, own, cadence, error_curves)


def truth_row(
    source: Source, curve: BandCurve, *, objectid: int, sourceid: int, ra: float, dec: float
) -> dict[str, object]:
    """Return the row of the truth table of one light curve."""
    variability = source.variability
    return {
        "objectid": objectid,
        "sourceid": sourceid,
        "filterid": curve.filter_id,
        "ra": ra,
        "dec": dec,
        "class": source.star_class.name,
        "labels": list(source.star_class.labels),
        "unknown": list(source.star_class.unknown),
        "period_days": _null_for_nan(variability.period_days),
        "amplitude_mag": curve.amplitude_mag,
        "mean_mag": curve.mean_mag,
        "noise_mag": curve.noise_mag,
        "snr": curve.amplitude_mag / curve.noise_mag,
        "visibility": curve.visibility,
        "eclipse_width_phase": _null_for_nan(variability.eclipse_width_phase),
        "n_listed": len(curve.observed.rows),
    }


def simulate_stars(
    classes: str | Sequence[str],
    n: int,
    seed: int,
    *,
    bands: Sequence[str] = ("g", "r"),
    years: float = 3.0,
    n_epochs_median: int = 150,
    field: int = 700,
) -> tuple[LightCurves, pa.Table]:
    """Simulate stars in memory.

    Parameters
    ----------
    classes : str or sequence of str
        A mix ("sky" or "balanced"), a class, or classes that take turns (see
        `classes.CLASSES`).
    n : int
        Number of stars; each has a light curve in every band that lists it.
    seed : int
    bands, years, n_epochs_median
        See `cadence.make_cadence`.
    field : int
        Where the stars lie, for seasons and airmasses.

    Returns
    -------
    lightcurves : LightCurves
        Raw: with flagged, repeated and outlying points. Ids count from 1.
    truth : pyarrow.Table
        `TRUTH_SCHEMA`, in the same order; `sourceid` is equal for the bands of a star.

    Raises
    ------
    InputError
        If a class, band or number is not allowed.
    """
    if n < 1:
        raise InputError("number of stars to simulate", value=n, allowed="1 or more")
    ra, dec = pointing.quadrant_centre(field, 1, 1)
    words = (field, 1, 1)
    cadence, error_curves = make_quadrant_sky(
        seed, ra, dec, words, bands=bands, years=years, n_epochs_median=n_epochs_median
    )
    members = _choose(classes, seed)
    curves: list[BandCurve] = []
    rows: list[dict[str, object]] = []
    for source in generate_sources(members, n, seed, words, cadence, error_curves):
        for curve in source.curves:
            if not len(curve.observed.rows):
                continue
            curves.append(curve)
            rows.append(
                truth_row(
                    source, curve, objectid=len(curves), sourceid=source.number, ra=ra, dec=dec
                )
            )
    return collect(cadence, curves), pa.Table.from_pylist(rows, schema=TRUTH_SCHEMA)


def collect(cadence: Cadence, curves: Sequence[BandCurve]) -> LightCurves:
    """Join observed curves into one object, with ids that count from 1."""
    lengths = np.array([len(curve.observed.rows) for curve in curves], dtype=np.int64)
    rows = np.concatenate([curve.observed.rows for curve in curves] or [np.zeros(0, np.int64)])
    empty = np.zeros(0, np.float32)
    return LightCurves(
        ids=np.arange(1, len(curves) + 1, dtype=np.int64),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        time=cadence.time[rows],
        mag=np.concatenate([curve.observed.mag for curve in curves] or [empty]),
        magerr=np.concatenate([curve.observed.magerr for curve in curves] or [empty]),
        catflags=np.concatenate(
            [curve.observed.catflags for curve in curves] or [np.zeros(0, np.int64)]
        ),
    )


def _choose(classes: str | Sequence[str], seed: int) -> Iterator[StarClass]:
    if isinstance(classes, str) and classes in MIXES:
        return assign_classes(classes, seed_for("classes", seed))
    names = [classes] if isinstance(classes, str) else list(classes)
    return cycle([star_class(name) for name in names])


def _null_for_nan(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
