"""Long-period variables: Miras, semiregular and small-amplitude red giants.

Each ``draw_…`` takes a random generator and returns how one star varies and what it
looks like at rest. Amplitudes are peak to peak in g.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scope.surveys.simulation import irregular
from scope.surveys.simulation.cadence import Cadence
from scope.surveys.simulation.shapes import fourier_shape
from scope.surveys.simulation.simulated_star import (
    Physique,
    Signal,
    Variability,
    by_band,
    clipped_normal,
    log_uniform,
)

Array = npt.NDArray[np.float64]
Drawn = tuple[Variability, Physique]

_RED_GIANT_RATIOS = (1.0, 0.80, 0.55)


def draw_mira(rng: np.random.Generator) -> Drawn:
    """Draw a Mira.

    Periods around 280 days: Templeton, Mattei & Willson 2005, AJ 130, 776. Amplitudes
    above 2.5 mag in V, cycles that differ by tenths to a magnitude, steeper rises:
    Mattei 1997, JAAVSO 25, 57; Vardya 1988, A&AS 73, 181. Colours: Mowlavi et al. 2018,
    A&A 618, A58; infrared: Whitelock, Feast & van Leeuwen 2008, MNRAS 386, 313.
    """
    period = float(np.clip(np.exp(rng.normal(np.log(285.0), 0.3)), 100.0, 560.0))
    amplitude = rng.uniform(2.6, 6.0)
    shape = fourier_shape(
        [rng.uniform(0.08, 0.3), rng.uniform(0.0, 0.06)], [rng.normal(4.4, 0.4), 2.5]
    )
    wander = rng.uniform(0.03, 0.10)

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        phase = (cadence.time - cadence.start) / period + rng.random()
        cycles = 1.0 + wander * irregular.damped_random_walk(rng, cadence.time, period)
        level = 0.05 * irregular.damped_random_walk(rng, cadence.time, 2 * period)
        return amplitude * (cycles * shape(phase) + level) * by_band(cadence, (1.0, 0.85, 0.62))

    physique = Physique(
        clipped_normal(rng, 3.4, 0.4, 2.6, 4.5),
        rng.normal(-2.0, 0.5),
        rng.exponential(0.8),
        w1_w2=rng.uniform(0.05, 0.6),
        dust_mag=rng.uniform(0.2, 1.5),
        speed_km_s=60.0,
    )
    return Variability(signal, period), physique


def draw_semiregular(rng: np.random.Generator) -> Drawn:
    """Draw a semiregular red giant.

    Kiss et al. 1999, A&A 346, 542; Soszynski et al. 2009, AcA 59, 239: periods of 30 to
    300 days and another of about half, noisy amplitudes of 0.1 to 2 mag.
    """
    period = log_uniform(rng, 35.0, 280.0)
    amplitude = log_uniform(rng, 0.15, 1.2)
    second = period * rng.choice([0.53, 0.5, 0.67])
    share = rng.uniform(0.2, 0.6)
    coherence = period * rng.uniform(3.0, 20.0)
    signal = _giant_modes([period, float(second)], [amplitude, share * amplitude], coherence)
    physique = Physique(
        clipped_normal(rng, 2.7, 0.35, 2.0, 3.8),
        rng.normal(-2.2, 0.5),
        rng.exponential(0.6),
        w1_w2=rng.uniform(-0.1, 0.15),
        dust_mag=rng.uniform(0.0, 0.3),
    )
    return Variability(signal, period), physique


def draw_osarg(rng: np.random.Generator) -> Drawn:
    """Draw a small-amplitude red giant of the OGLE sample.

    Wray, Eyer & Paczynski 2004, MNRAS 349, 1059; Soszynski et al. 2004, AcA 54, 129:
    several periods of 10 to 100 days, amplitudes of hundredths of a magnitude in I,
    about twice that in V.
    """
    period = log_uniform(rng, 12.0, 80.0)
    amplitude = log_uniform(rng, 0.03, 0.13)
    periods = [period, period * rng.uniform(0.68, 0.76), period * rng.uniform(1.3, 1.5)]
    signal = _giant_modes(
        periods, [amplitude, amplitude * rng.uniform(0.4, 0.8), 0.3 * amplitude], 15.0 * period
    )
    physique = Physique(
        clipped_normal(rng, 2.0, 0.2, 1.6, 2.6), rng.normal(-1.3, 0.5), rng.exponential(0.6)
    )
    return Variability(signal, period), physique


def _giant_modes(periods: list[float], amplitudes: list[float], coherence_days: float) -> Signal:
    """Return a sum of noisy oscillations; the first keeps a steady part."""

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        angle = 2 * np.pi * ((cadence.time - cadence.start) / periods[0] + rng.random())
        total = 0.40 * amplitudes[0] * np.cos(angle)
        for period, amplitude in zip(periods, amplitudes, strict=True):
            total = total + 0.16 * amplitude * irregular.unstable_oscillation(
                rng, cadence.time, period_days=period, coherence_days=coherence_days
            )
        return np.asarray(total * by_band(cadence, _RED_GIANT_RATIOS))

    return signal
