"""The light of supernovae, tidal disruptions and novae against time, and of what lies behind.

Each function returns a flux over its maximum, 0 before the event, (n,) float64.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from scope.surveys.simulation.shapes import Array

Power = Callable[[Array], Array]

NICKEL_DAYS, COBALT_DAYS = 8.77, 111.3
"""Mean lives of 56Ni and 56Co (Nadyozhin 1994, ApJS 92, 527)."""
NICKEL_ERG_S_G, COBALT_ERG_S_G = 3.90e10, 6.78e9
"""Their heating per gram of 56Ni (same)."""

TIDAL_INDEX = 5.0 / 3.0
"""Fall-back of a disrupted star (Rees 1988, Nature 333, 523; Phinney 1989)."""
NOVA_INDEX = 1.75
"""Decline of novae: free-free emission of the wind (Hachisu & Kato 2006, ApJS 167, 59)."""

_WIEN_K_NM = 1.438777e7
"""Second radiation constant, nm K."""
_WAVELENGTH_NM = {1: 472.0, 2: 634.0, 3: 789.0}
"""Effective wavelengths of ZTF g, r and i (SVO Filter Profile Service)."""


def radioactive_heating(time_days: Array) -> Array:
    """Return the power of the chain 56Ni, 56Co, 56Fe, per gram of 56Ni, erg/s (n,) float64.

    `time_days`: (n,) float64, since the explosion.
    """
    nickel, cobalt = np.exp(-time_days / NICKEL_DAYS), np.exp(-time_days / COBALT_DAYS)
    return (NICKEL_ERG_S_G - COBALT_ERG_S_G) * nickel + COBALT_ERG_S_G * cobalt


def magnetar_heating(spin_down_days: float) -> Power:
    """Return the power of a magnetar that spins down, over that at birth, as a function of days.

    Kasen & Bildsten 2010, ApJ 717, 245, equation 4.
    """
    return lambda time_days: (1.0 + time_days / spin_down_days) ** -2.0


def diffused(time_days: Array, power: Power, diffusion_days: float) -> Array:
    """Return the luminosity of expanding gas that is heated in its middle, in units of `power`.

    Arnett 1982, ApJ 253, 785; in the form of Chatzopoulos, Wheeler & Vinko 2012, ApJ 746,
    121, equation 3, for a small radius at the start:
    L(t) = 2 / d^2 exp(-t^2 / d^2) integral of P(s) s exp(s^2 / d^2) ds from 0 to t.

    Parameters
    ----------
    time_days : (n,) float64
        Since the explosion; before it the luminosity is 0.
    power : callable
        Of days, (m,) float64.
    diffusion_days : float
        Effective time d of diffusion.

    Returns
    -------
    (n,) float64
    """
    end = max(float(np.max(time_days, initial=0.0)), diffusion_days)
    grid = np.linspace(0.0, end, 64 + int(20 * end / diffusion_days) * 8)
    step = grid[1] - grid[0]
    # exp(-t^2) exp(s^2) overflows in two factors: step from one time to the next instead.
    x, heat = grid / diffusion_days, power(grid) * 2.0 * grid / diffusion_days**2
    decay = np.exp(-np.diff(x**2))
    light = np.zeros(len(grid))
    for k in range(1, len(grid)):
        light[k] = decay[k - 1] * (light[k - 1] + step / 2 * heat[k - 1]) + step / 2 * heat[k]
    return np.where(time_days > 0, np.interp(time_days, grid, light), 0.0)


def plateau(
    time_days: Array,
    *,
    rise_days: float,
    plateau_days: float,
    slope_mag_100d: float,
    drop_mag: float,
) -> Array:
    """Return the light of a supernova with a hydrogen envelope.

    Rise, a plateau that may slope, its end as a Fermi function, and the tail of 56Co: the form
    of Olivares et al. 2010, ApJ 715, 833, equation 1; numbers in Anderson et al. 2014, ApJ 786,
    67.

    `time_days` (since the explosion) and the result, a flux near 1 on the plateau: (n,) float64.
    """
    since = np.maximum(time_days, 0.0)
    end = 1.0 / (1.0 + np.exp(-(since - plateau_days) / 5.0))
    magnitude = slope_mag_100d * since / 100.0 * (1.0 - end) + drop_mag * end
    # Of the tail, with gamma rays trapped: 0.98 mag in 100 days.
    tail = 2.5 / np.log(10.0) / COBALT_DAYS * np.maximum(since - plateau_days, 0.0)
    light = 10.0 ** (-0.4 * (magnitude + tail)) * (1.0 - np.exp(-((since / rise_days) ** 2)))
    return np.where(time_days > 0, light, 0.0)


def disrupted_star(time_days: Array, *, rise_days: float, decline_days: float) -> Array:
    """Return the light of a tidal disruption: a Gaussian rise to day 0, then a power law.

    van Velzen et al. 2021, ApJ 908, 4, equations 1 and 2.

    `time_days` (since the peak) and the result, the flux over that of the peak: (n,) float64.
    """
    rise = np.exp(-(time_days**2) / (2.0 * rise_days**2))
    decline = (1.0 + np.maximum(time_days, 0.0) / decline_days) ** -TIDAL_INDEX
    return np.where(time_days < 0, rise, decline)


def nova(time_days: Array, *, rise_days: float, two_mag_days: float) -> Array:
    """Return the light of a nova: an exponential rise to day 0, then the universal decline.

    Parameters
    ----------
    time_days : (n,) float64
        Since the peak.
    two_mag_days : float
        Time t2 in which it falls by 2 magnitudes (Strope, Schaefer & Henden 2010, AJ 140, 34:
        1 to 200 days).

    Returns
    -------
    (n,) float64
        Flux over that of the peak.
    """
    scale = two_mag_days / (10.0 ** (0.8 / NOVA_INDEX) - 1.0)
    decline = (1.0 + np.maximum(time_days, 0.0) / scale) ** -NOVA_INDEX
    return np.where(time_days < 0, np.exp(np.minimum(time_days, 0.0) / rise_days), decline)


def cooling(time_days: Array, *, hot: float, cool: float, days: float) -> Array:
    """Return a temperature that falls from one value to another on a time scale, K.

    `time_days` and the result: (n,) float64.
    """
    return cool + (hot - cool) * np.exp(-np.maximum(time_days, 0.0) / days)


def blackbody_share(temperature: Array, band: npt.NDArray[np.int64]) -> Array:
    """Return the part of the light that a black body sends into bands, in arbitrary units.

    Planck's law per frequency over the fourth power of the temperature.

    Parameters
    ----------
    temperature : (n,) float64
        K.
    band : (n,) int64
        1 g, 2 r, 3 i.

    Returns
    -------
    (n,) float64
    """
    wavelength = np.array([0.0, *_WAVELENGTH_NM.values()])[band]
    planck = wavelength**-3.0 / np.expm1(_WIEN_K_NM / (wavelength * temperature))
    return np.asarray(planck / (temperature / 1e4) ** 4)
