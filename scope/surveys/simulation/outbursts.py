"""Stars that brighten or fade once, or seldom, and light that is not theirs.

Magnitudes relative to the star at rest; positive is fainter.
"""

from __future__ import annotations

import numpy as np

from scope.surveys.simulation.cadence import Cadence
from scope.surveys.simulation.irregular import damped_random_walk
from scope.surveys.simulation.shapes import Array


def magnification(separation: Array) -> Array:
    """Return the magnification of a point source by a point lens.

    Paczynski 1986, ApJ 304, 1, equation 3.

    Parameters
    ----------
    separation : (n,) float64
        Of lens and source on the sky, in Einstein radii.

    Returns
    -------
    (n,) float64
    """
    square = separation**2
    return (square + 2.0) / (separation * np.sqrt(square + 4.0))


def microlensing(
    time: Array, *, peak: float, einstein_days: float, closest: float, source_share: float
) -> Array:
    """Return a microlensing event with light of others in the blend.

    Parameters
    ----------
    time : (n,) float64
        Days, as `peak`.
    peak : float
        Time of the closest approach.
    closest : float
        Separation then, in Einstein radii.
    source_share : float
        Part of the light at rest that is the source's.

    Returns
    -------
    (n,) float64
        Magnitudes, below 0.
    """
    separation = np.hypot(closest, (time - peak) / einstein_days)
    return -2.5 * np.log10(1.0 + source_share * (magnification(separation) - 1.0))


def superoutburst(
    time: Array,
    *,
    onset: float,
    amplitude_mag: float,
    plateau_days: float,
    rebrightenings: int,
) -> Array:
    """Return the one superoutburst of a dwarf nova with a short orbital period.

    A rise within a day, a plateau that falls by 0.1 mag a day, a drop, rebrightenings a few
    days apart, and a tail of weeks (WZ Sge stars: Kato 2015, PASJ 67, 108).

    `time`: (n,) float64, days.
    """
    since = time - onset
    fade = 0.1 * np.clip(since, 0.0, plateau_days)
    over = np.maximum(since - plateau_days, 0.0)
    # Two magnitudes above quiescence for weeks, and down to it in a month or two.
    drop = np.minimum(over / 0.7, np.maximum(amplitude_mag - fade - 2.0, 0.0)) + over / 20.0
    height = amplitude_mag - fade - drop
    for number in range(rebrightenings):
        when = plateau_days + 4.0 + 4.0 * number
        height = np.maximum(height, 0.6 * amplitude_mag - np.abs(since - when) / 0.5)
    rise = np.where(since < 0, amplitude_mag + since / 0.15, height)
    return -np.asarray(2.5 * np.log10(1.0 + 10.0 ** (0.4 * np.clip(rise, -10.0, None))))


def dust_fades(
    rng: np.random.Generator, time: Array, *, per_year: float, depth_mag: float
) -> Array:
    """Draw the fades of an R Coronae Borealis star.

    Down within weeks, back as the cloud thins, over months (Clayton 1996, PASP 108, 225; 2012,
    JAAVSO 40, 539). One begins while the star is observed.

    `time` (days) and the result (magnitudes): (n,) float64.
    """
    first, last = time[0] - 300.0, time[-1]
    onsets = first + (last - first) * rng.random(rng.poisson(per_year * (last - first) / 365.25))
    onsets = np.append(onsets, rng.uniform(time[0], last))
    fade = np.zeros(len(time))
    for onset in onsets:
        fall, back = rng.uniform(8.0, 30.0), rng.uniform(50.0, 250.0)
        since = np.maximum(time - onset, 0.0)
        depth = depth_mag * rng.uniform(0.4, 1.0)
        fade += depth * (1.0 - np.exp(-((since / fall) ** 2))) * np.exp(-since / back)
    return fade


def eruption(time: Array, *, onset: float, rise_days: float, decline_mag_year: float) -> Array:
    """Return the rise of a young star to a bright state that lasts, over its height.

    FU Orionis stars rise within months to years and fade over decades (Hartmann & Kenyon
    1996, ARA&A 34, 207).

    Parameters
    ----------
    time : (n,) float64
        Days.

    Returns
    -------
    (n,) float64
        0 before, near 1 after.
    """
    rise = _logistic(4.0 * (time - onset) / rise_days)
    return rise * (1.0 - decline_mag_year * np.maximum(time - onset, 0.0) / 365.25)


def accretion_outbursts(
    rng: np.random.Generator, time: Array, *, per_year: float, height_mag: float, last_days: float
) -> Array:
    """Draw the outbursts of an EX Lupi star.

    Some magnitudes for months, up within weeks, with the flicker of accretion on top (Herbig
    2008, AJ 135, 637; Audard et al. 2014, Protostars and Planets VI, 387).

    `time` (days) and the result (magnitudes): (n,) float64.
    """
    span = time[-1] - time[0]
    onsets = (
        time[0] - last_days + (span + last_days) * rng.random(rng.poisson(per_year * span / 365.25))
    )
    onsets = np.append(onsets, time[0] + span * rng.uniform(0.0, 0.9))
    height = np.zeros(len(time))
    for onset in onsets:
        since, last = time - onset, last_days * rng.uniform(0.5, 1.5)
        up = _logistic(since / (0.05 * last))
        down = _logistic((last - since) / (0.12 * last))
        height = np.maximum(height, height_mag * rng.uniform(0.6, 1.0) * up * down)
    return -height + 0.1 * damped_random_walk(rng, time, 3.0)


def passing_neighbour(
    cadence: Cadence,
    *,
    flux_ratio: float,
    closest_arcsec: float,
    when: float,
    arcsec_per_year: float,
) -> Array:
    """Return what a star of high proper motion adds as it passes.

    The leak is that of `systematics.neighbour_light`, at a distance that changes.

    (n,) float64, magnitudes, one per epoch.
    """
    from scope.surveys.simulation.systematics import neighbour_light

    moved = arcsec_per_year * (cadence.time - when) / 365.25
    distance = np.hypot(closest_arcsec, moved)
    return neighbour_light(cadence.seeing, flux_ratio=flux_ratio, distance_arcsec=distance)


def saturated(cadence: Cadence, *, excess_mag: float, loss: float) -> Array:
    """Return the light that a star loses whose core saturates in good seeing.

    The peak of the profile goes with the inverse square of the seeing: where it exceeds what
    the detector holds, part of the excess is lost.

    Parameters
    ----------
    excess_mag : float
        How much brighter than the limit the star is, in the median seeing.
    loss : float
        Part of the excess that is lost.

    Returns
    -------
    (n,) float64
        Magnitudes.
    """
    peak = excess_mag - 5.0 * np.log10(cadence.seeing / np.median(cadence.seeing))
    return loss * np.maximum(peak, 0.0)


def _logistic(x: Array) -> Array:
    # Long before an onset the exponential overflows, to the right limit of zero.
    with np.errstate(over="ignore"):
        return 1.0 / (1.0 + np.exp(-x))
