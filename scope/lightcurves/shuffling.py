"""What leaves the epochs of a light curve and takes its variability: orders and noise."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

SEASON_GAP_DAYS = 60.0
"""A longer gap ends a season: the Sun takes a field away for 2 to 5 months of a year."""

LONGEST_SEASON_DAYS = 365.25
"""Fields without a yearly gap have seasons of a year."""

ALERT_SIGMA = 5.0
"""Significance of a difference from the reference image that raises an alert (Masci et al.
2019, PASP 131, 018003)."""


def seasons(time: Floats) -> Indices:
    """Return the number of the season of each epoch, from 0 on.

    Parameters
    ----------
    time : (n,) float64
        Days, ascending.

    Returns
    -------
    (n,) int64
    """
    number = np.zeros(len(time), dtype=np.int64)
    first = 0
    for k in range(1, len(time)):
        gap, length = time[k] - time[k - 1], time[k] - time[first]
        if gap > SEASON_GAP_DAYS or length > LONGEST_SEASON_DAYS:
            first = k
        number[k] = number[k - 1] + (first == k)
    return number


def shuffled(rng: np.random.Generator, n: int) -> Indices:
    """Return a permutation of `n` points, (n,) int64."""
    return rng.permutation(n)


def shuffled_in_season(rng: np.random.Generator, time: Floats) -> Indices:
    """Return a permutation that leaves each point in its season, (n,) int64.

    Parameters
    ----------
    time : (n,) float64
        Days, ascending.
    """
    number = seasons(time)
    # Sorting by season first and at random within it: seasons are runs of points already.
    return np.lexsort((rng.random(len(time)), number)).astype(np.int64)


def weighted_mean(mag: Floats, magerr: Floats) -> float:
    """Return the mean magnitude, weighted by the inverse variances.

    `mag` and `magerr`: (n,) float64, magnitudes.
    """
    return float(np.average(mag, weights=1.0 / magerr**2))


def white_noise(rng: np.random.Generator, mag: Floats, magerr: Floats) -> Floats:
    """Return measurements of a constant star at the stated errors, (n,) float64.

    Parameters
    ----------
    mag, magerr : (n,) float64
        The mean is theirs, weighted; each point scatters by its own error.
    """
    return weighted_mean(mag, magerr) + magerr * rng.standard_normal(len(mag))


def as_alerts(mag: Floats, magerr: Floats) -> npt.NDArray[np.bool_]:
    """Tell which points differ from the median by enough to raise an alert, (n,) bool.

    The flux of the difference, over that of the star at its median, is compared with
    `ALERT_SIGMA` errors of a measurement.

    Parameters
    ----------
    mag, magerr : (n,) float64
    """
    difference = 10.0 ** (-0.4 * (mag - np.median(mag))) - 1.0
    # An error in magnitudes is one of the flux over it, by 2.5 / ln 10.
    sigma = magerr * (np.log(10.0) / 2.5) * (1.0 + difference)
    return np.abs(difference) > ALERT_SIGMA * sigma
