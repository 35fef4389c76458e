"""What the survey measures of a star: errors, limits, flags and outliers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scope.surveys.simulation.cadence import BAD_EXPOSURE, Cadence

Array = npt.NDArray[np.float64]

_POINT_FLAGS = np.array([1, 2, 4, 16, 256, 524, 65535], dtype=np.int64)
_POINT_FLAG_SHARES = np.array([0.12, 0.03, 0.05, 0.15, 0.20, 0.05, 0.40])
"""catflags of single bad points and how often they occur, as in public bulk files."""

_POINT_FLAG_RATE = 0.003
_DETECTION_WIDTH_MAG = 0.25
_LARGEST_ERROR_MAG = 0.205
_REFERENCE_DEPTH_MAG = 20.4


@dataclass(frozen=True)
class ErrorCurve:
    """Photometric error against magnitude of one quadrant and band.

    Calibration floor, photon noise of the source and of the sky (Masci et al. 2019,
    PASP 131, 018003, figure 8), levelling off at the detection limit, where only points
    above five sigma are listed.

    Attributes
    ----------
    floor : float
        Error of bright stars, mag.
    source, background : float
        Error at magnitude 17 from the source's photons and at 19 from the sky's, mag.
    """

    floor: float
    source: float
    background: float

    def __call__(self, mag: Array) -> Array:
        """Return the standard error at magnitudes, (n,) float64."""
        mag = np.minimum(mag, 30.0)
        variance = (
            self.floor**2
            + self.source**2 * 10.0 ** (0.4 * (mag - 17.0))
            + self.background**2 * 10.0 ** (0.8 * (mag - 19.0))
        )
        error = np.sqrt(variance)
        levelled = error / (1.0 + (error / _LARGEST_ERROR_MAG) ** 4) ** 0.25
        # Stars near saturation lose the photometry of their cores.
        return levelled + 0.0015 * np.maximum(14.5 - mag, 0.0)


def draw_error_curve(rng: np.random.Generator, band: int) -> ErrorCurve:
    """Draw the error curve of a quadrant in a band."""
    worse = np.exp(rng.normal(0.0, 0.12))
    floor = {1: 0.0125, 2: 0.0120, 3: 0.0140}[band] * np.exp(rng.normal(0.0, 0.1))
    background = {1: 0.075, 2: 0.078, 3: 0.115}[band]
    return ErrorCurve(float(floor), float(0.0125 * worse), float(background * worse))


@dataclass(frozen=True)
class Observed:
    """The light curve of one star in one band, as listed by the survey.

    Attributes
    ----------
    rows : (n,) int64
        Indices of the exposures in the cadence.
    mag, magerr : (n,) float32
    catflags : (n,) int64
    """

    rows: npt.NDArray[np.int64]
    mag: npt.NDArray[np.float32]
    magerr: npt.NDArray[np.float32]
    catflags: npt.NDArray[np.int64]


def observe(
    rng: np.random.Generator,
    cadence: Cadence,
    true_mag: Array,
    rows: npt.NDArray[np.int64],
    curve: ErrorCurve,
    *,
    coverage: float,
    outlier_rate: float = 0.003,
    flag_rate: float = _POINT_FLAG_RATE,
) -> Observed:
    """Measure a star on the exposures of one band.

    Parameters
    ----------
    true_mag : (n,) float64
        Noise-free magnitudes at the exposures `rows`.
    rows : (n,) int64
        Exposures of the band.
    coverage : float
        Probability that the star falls on working pixels.
    outlier_rate, flag_rate : float
        Share of points that are off for no visible reason, and of single points that
        the survey flags.

    Returns
    -------
    Observed
        Points above the detection limit and below saturation.
    """
    count = len(rows)
    depth, seeing = cadence.depth[rows], cadence.seeing[rows]
    flags = cadence.flags[rows].copy()
    single = rng.random(count) < flag_rate
    flags[single] |= rng.choice(_POINT_FLAGS, size=count, p=_POINT_FLAG_SHARES)[single]

    scatter = curve(true_mag) * np.clip(10.0 ** (0.1 * (_REFERENCE_DEPTH_MAG - depth)), 0.85, 1.5)
    scatter = np.where(flags > 0, 2.0 * scatter + 0.02, scatter)
    mag = true_mag + scatter * rng.standard_normal(count)
    # Faint stars have neighbours and sky residuals that throw more points off.
    rate = outlier_rate * (1.0 + 2.0 * np.clip((true_mag - 17.0) / 3.0, 0.0, 1.5))
    size = (4.0 * scatter + rng.exponential(0.15, count)) * rng.choice([-1.0, 1.0], count)
    mag += np.where(rng.random(count) < rate, size, 0.0)

    saturation = 12.4 + 0.5 * np.clip((2.4 - seeing) / 0.8, -1.0, 1.0)
    detected = rng.standard_normal(count) * _DETECTION_WIDTH_MAG < depth - mag
    seen = detected & (mag > saturation) & (rng.random(count) < coverage)
    error = curve(mag) * np.exp(0.004 * rng.standard_normal(count))
    return Observed(
        rows[seen], mag[seen].astype(np.float32), error[seen].astype(np.float32), flags[seen]
    )


def draw_coverage(rng: np.random.Generator) -> float:
    """Draw the share of exposures in which a star is on working pixels.

    Most are on nearly all; those at the edges of the quadrant, where the pointing
    jitters, on some.
    """
    if rng.random() < 0.10:
        return float(rng.uniform(0.08, 0.9))
    return float(1.0 - rng.beta(1.2, 40.0))


__all__ = ["BAD_EXPOSURE", "ErrorCurve", "Observed", "draw_coverage", "draw_error_curve", "observe"]
