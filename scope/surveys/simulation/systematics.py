"""What makes a constant star seem to vary: the sky, the neighbours and the detector.

Each function returns shifts in magnitudes at the epochs of one light curve; positive is
fainter.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scope.surveys.simulation import pointing
from scope.surveys.simulation.simulated_star import log_uniform

Array = npt.NDArray[np.float64]

LOWEST_ALTITUDE_DEG = 24.0
"""Light curves of other observatories have epochs at which the star is lower at Palomar."""

SEEING_ARCSEC = 1.9
"""Median at the zenith (Bellm et al. 2019, PASP 131, 018002)."""

_FWHM_PER_SIGMA = 2.0 * np.sqrt(2.0 * np.log(2.0))


def airmasses(time: Array, ra: float, dec: float) -> Array:
    """Return the airmass of a position at Palomar, (n,) float64, at most 2.5.

    `time`: (n,) float64, modified Julian days; the position in degrees.
    """
    altitude = np.clip(pointing.altitude_deg(time, ra, dec), LOWEST_ALTITUDE_DEG, 90.0)
    return np.asarray(1.0 / np.sin(np.radians(altitude)))


def draw_seeing(rng: np.random.Generator, time: Array, airmass: Array) -> Array:
    """Draw the full width at half maximum at each epoch, arcsec, (n,) float64.

    It grows with airmass^0.6 (Kolmogorov turbulence: Roddier 1981, Progress in Optics 19,
    281); most of its scatter is that from night to night.

    `time` (days) and `airmass`: (n,) float64.
    """
    nights, night = np.unique(np.floor(time), return_inverse=True)
    scatter = 0.14 * rng.standard_normal(len(nights))[night] + 0.08 * rng.standard_normal(len(time))
    return np.asarray(SEEING_ARCSEC * airmass**0.6 * np.exp(scatter))


def neighbour_light(seeing: Array, *, flux_ratio: float, distance_arcsec: float | Array) -> Array:
    """Return what a neighbour within reach of the profile fit adds.

    The weighted mean of a neighbour's profile under that of the star is, for two Gaussians
    of dispersion s at a distance d, exp(-d^2 / 4 s^2): the integral of their product over
    that of the square of one.

    Parameters
    ----------
    seeing : (n,) float64
        Full width at half maximum, arcsec.
    flux_ratio : float
        Flux of the neighbour over that of the star.
    distance_arcsec : float or (n,) float64

    Returns
    -------
    (n,) float64
        Magnitudes, below 0.
    """
    dispersion = seeing / _FWHM_PER_SIGMA
    leak = np.exp(-(distance_arcsec**2) / (4.0 * dispersion**2))
    return np.asarray(-2.5 * np.log10(1.0 + flux_ratio * leak))


def profile_mismatch(seeing: Array, slope: float) -> Array:
    """Return the light that a fit with a wrong profile gains or loses with the seeing.

    `seeing` and the result (magnitudes): (n,) float64.
    """
    return slope * (seeing / np.median(seeing) - 1.0)


def colour_extinction(airmass: Array, coefficient: float) -> Array:
    """Return the second-order extinction of a star not of the calibrators' colour.

    Parameters
    ----------
    airmass : (n,) float64
    coefficient : float
        Magnitudes per airmass: the second-order coefficient, some 0.02 to 0.04 in g and less
        in r (Henden & Kaitchuk 1982, Astronomical Photometry, ch. 4), times the difference in
        colour.

    Returns
    -------
    (n,) float64
        Magnitudes.
    """
    return coefficient * (airmass - 1.0)


def moonlight_residual(time: Array, ra: float, dec: float, amplitude_mag: float) -> Array:
    """Return the error of a sky level that is subtracted wrongly where the moon shines.

    Parameters
    ----------
    time : (n,) float64
        Modified Julian days.
    ra, dec : float
        Degrees.
    amplitude_mag : float
        Beside a full moon.

    Returns
    -------
    (n,) float64
        Magnitudes.
    """
    distance = pointing.separation_deg(*pointing.moon_position(time), ra, dec)
    return amplitude_mag * pointing.moon_illumination(time) * np.exp(-distance / 60.0)


def flat_field_steps(rng: np.random.Generator, time: Array, size_mag: float) -> Array:
    """Draw steps where the reference or the flat field was renewed, some once a year.

    `time` (days) and the result (magnitudes): (n,) float64.
    """
    count = 1 + rng.poisson((time[-1] - time[0]) / 365.25) if len(time) else 0
    when = rng.uniform(time[0], time[-1], count) if len(time) else np.zeros(0)
    steps = size_mag * rng.standard_normal(count)
    return np.asarray((time[:, None] > when) @ steps)


def nightly_zero_points(rng: np.random.Generator, time: Array, size_mag: float) -> Array:
    """Draw errors of the zero point that all epochs of a night share.

    `time` (days) and the result (magnitudes): (n,) float64.
    """
    nights, night = np.unique(np.floor(time), return_inverse=True)
    return size_mag * rng.standard_normal(len(nights))[night]


def draw_systematics(
    rng: np.random.Generator, time: Array, mag: float, ra: float, dec: float
) -> Array:
    """Draw the systematics of a constant star: some of those of this module.

    Parameters
    ----------
    time : (n,) float64
        Modified Julian dates, ascending.
    mag : float
        Of the star: errors of the sky level count by the flux of the star.
    ra, dec : float
        Degrees.

    Returns
    -------
    (n,) float64
        Magnitudes, of mean 0, with outliers.
    """
    airmass = airmasses(time, ra, dec)
    seeing = draw_seeing(rng, time, airmass)
    sky_mag = rng.normal(0.0, 0.03) * 10.0 ** (0.4 * (min(mag, 20.5) - 18.0))
    parts = [
        neighbour_light(
            seeing,
            flux_ratio=log_uniform(rng, 0.005, 0.3),
            distance_arcsec=rng.uniform(1.5, 5.0),
        ),
        profile_mismatch(seeing, rng.normal(0.0, 0.04)),
        colour_extinction(airmass, rng.normal(0.0, 0.025)),
        moonlight_residual(time, ra, dec, sky_mag),
        flat_field_steps(rng, time, log_uniform(rng, 0.003, 0.03)),
        nightly_zero_points(rng, time, log_uniform(rng, 0.003, 0.02)),
    ]
    chosen = rng.random(len(parts)) < 0.5
    chosen[rng.integers(len(parts))] = True
    total = np.sum([part for part, used in zip(parts, chosen, strict=True) if used], axis=0)
    return np.asarray(total - total.mean() + _outliers(rng, len(time)))


def _outliers(rng: np.random.Generator, n: int) -> Array:
    """Draw points that are off for no visible reason: a few in a thousand, or in a hundred."""
    wild = rng.random(n) < log_uniform(rng, 0.001, 0.02)
    return np.where(wild, rng.exponential(0.15, n) * rng.choice([-1.0, 1.0], n), 0.0)
