"""The alerts that a simulated source raises."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from scope.lightcurves.curves import HJD_OF_HMJD_ZERO
from scope.surveys.simulation.cadence import Cadence
from scope.surveys.simulation.positions import jitter
from scope.surveys.simulation.source import BandCurve, Source

ALERT_SCHEMA = pa.schema(
    [
        pa.field("candid", pa.int64(), nullable=False),
        pa.field("ra", pa.float64(), nullable=False),
        pa.field("dec", pa.float64(), nullable=False),
        pa.field("jd", pa.float64(), nullable=False),
        pa.field("fid", pa.int32(), nullable=False),
        pa.field("magpsf", pa.float64(), nullable=False),
        pa.field("braai", pa.float64()),
    ]
)
"""One row per alert: id, position, time, filter, magnitude of the difference, real-bogus
score (Duev et al. 2019, MNRAS 489, 3582)."""

_THRESHOLD_SIGMA = 5.0
_COMPLETENESS = 0.7


def draw_alerts(
    source: Source, cadence: Cadence, position: tuple[float, float]
) -> list[dict[str, object]]:
    """Draw the alerts of a source.

    A point raises an alert where its flux differs by more than five sigma from that of
    the star at rest, the reference image (Masci et al. 2019, PASP 131, 018003). Changes
    of the star score high; those of bad photometry, low; and a few spurious alerts come
    with any source.
    """
    rng = source.rng
    real = "variable" in source.star_class.labels
    rows: list[dict[str, object]] = []
    for curve in source.curves:
        observed = curve.observed
        mag = observed.mag.astype(np.float64)
        rest = source.photometry.ztf_mag(curve.filter_id)
        reference = 10.0 ** (-0.4 * (rest - mag))
        sigma = observed.magerr.astype(np.float64) / 1.0857
        raised = np.abs(1.0 - reference) > _THRESHOLD_SIGMA * sigma
        raised &= (observed.catflags == 0) & (rng.random(len(mag)) < _COMPLETENESS)
        raised |= rng.random(len(mag)) < 0.0004
        difference = mag - 2.5 * np.log10(np.maximum(np.abs(1.0 - reference), 0.01))
        for k in np.flatnonzero(raised):
            rows.append(_alert(source, curve, cadence, position, int(k), difference[k], real))
    return rows


def _alert(
    source: Source,
    curve: BandCurve,
    cadence: Cadence,
    position: tuple[float, float],
    point: int,
    difference_mag: float,
    real: bool,
) -> dict[str, object]:
    rng = source.rng
    ra, dec = jitter(rng, position, 0.15)
    score = rng.beta(9.0, 1.2) if real else rng.beta(1.2, 4.0)
    time = float(cadence.time[curve.observed.rows[point]])
    return {
        "candid": int(rng.integers(10**17, 5 * 10**18)),
        "ra": ra,
        "dec": dec,
        "jd": time + HJD_OF_HMJD_ZERO,
        "fid": curve.filter_id,
        "magpsf": float(difference_mag),
        # The score came into the alerts later than the survey began.
        "braai": float(score) if time > 58300.0 else None,
    }
