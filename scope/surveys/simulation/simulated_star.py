"""What the simulation knows of a star, apart from when it is looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scope.surveys.simulation.cadence import Cadence
from scope.surveys.simulation.shapes import Shape

Array = npt.NDArray[np.float64]
Signal = Callable[[np.random.Generator, Cadence], Array]

BAND_RATIOS_PULSATOR = (1.0, 0.72, 0.57)
"""Amplitudes in g, r, i over that in g of RR Lyrae stars and Cepheids (Sesar et al. 2010,
ApJ 708, 717, table 4; Klagyivik & Szabados 2009, A&A 504, 959)."""


@dataclass(frozen=True)
class Physique:
    """The light of a star at rest.

    Attributes
    ----------
    bp_rp : float
        Intrinsic Gaia colour.
    abs_mag : float
        Absolute Gaia G magnitude.
    extinction_v : float
        A_V in magnitudes.
    w1_w2 : float
        Intrinsic AllWISE colour.
    dust_mag : float
        Infrared excess in W1; twice as much in W3, three times in W4.
    speed_km_s : float
        Dispersion of each component of the tangential velocity.
    extragalactic : bool
        No parallax and no proper motion.
    extended : bool
        Not a point source.
    """

    bp_rp: float
    abs_mag: float
    extinction_v: float = 0.2
    w1_w2: float = -0.02
    dust_mag: float = 0.0
    speed_km_s: float = 40.0
    extragalactic: bool = False
    extended: bool = False


@dataclass(frozen=True)
class Variability:
    """Variability of a star: its light as a function of time.

    Attributes
    ----------
    signal : callable
        From a random generator and the exposures, n of them in all bands, to magnitudes
        relative to the star at rest, (n,) float64. Bands share their randomness.
    period_days : float
        NaN where there is none.
    eclipse_width_phase : float
        Width of the wider eclipse in phase; NaN where there is none.
    outlier_rate, flag_rate : float
        Of the points, see `noise.observe`.
    coverage : float or None
        Share of exposures that list the source; None draws it.
    """

    signal: Signal
    period_days: float = float("nan")
    eclipse_width_phase: float = float("nan")
    outlier_rate: float = 0.003
    flag_rate: float = 0.003
    coverage: float | None = None


def by_band(cadence: Cadence, ratios: tuple[float, float, float]) -> Array:
    """Return the entry of `ratios` (g, r, i) that belongs to each exposure, (n,) float64."""
    return np.asarray(ratios)[cadence.band - 1]


def periodic(
    shape: Shape,
    period_days: float,
    amplitude_g_mag: float,
    ratios: tuple[float, float, float] = BAND_RATIOS_PULSATOR,
) -> Signal:
    """Return the signal of a strictly periodic star.

    Parameters
    ----------
    shape : callable
        Of phase, with unit amplitude.
    amplitude_g_mag : float
        Peak to peak in g.
    ratios : tuple of float
        Amplitudes in g, r and i over that in g.
    """

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        phase = (cadence.time - cadence.start) / period_days + rng.random()
        return amplitude_g_mag * by_band(cadence, ratios) * shape(phase)

    return signal


def clipped_normal(
    rng: np.random.Generator, mean: float, deviation: float, low: float, high: float
) -> float:
    """Draw a normal number, moved to the nearer limit where it is outside."""
    return float(np.clip(rng.normal(mean, deviation), low, high))


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a number whose logarithm is uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))
