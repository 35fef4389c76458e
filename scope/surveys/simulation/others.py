"""Everything else: active galaxies, cataclysmic and young stars, flares, constant stars.

And what is no variability at all: bad photometry beside bright stars and in blends,
patches of the detector, galaxies, spurious sources. Each ``draw_…`` takes a random
generator and returns how one source varies and what it looks like at rest.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scope.surveys.simulation import irregular
from scope.surveys.simulation.binaries import main_sequence_mag
from scope.surveys.simulation.cadence import Cadence
from scope.surveys.simulation.simulated_star import (
    Physique,
    Variability,
    by_band,
    clipped_normal,
    log_uniform,
)

Array = npt.NDArray[np.float64]
Drawn = tuple[Variability, Physique]


def draw_agn(rng: np.random.Generator) -> Drawn:
    """Draw an active galactic nucleus: a damped random walk.

    Asymptotic structure function and time scale as functions of wavelength, luminosity
    and black-hole mass: MacLeod et al. 2010, ApJ 721, 1014, equation 7 and table 1.
    Infrared colour: Stern et al. 2012, ApJ 753, 30.
    """
    redshift = rng.uniform(0.1, 2.2)
    abs_mag_i = rng.uniform(-27.0, -21.5)
    log_mass = clipped_normal(rng, 8.2 - 0.25 * (abs_mag_i + 24.0), 0.4, 6.5, 10.0) - 9.0

    def relation(a: float, b: float, c: float, d: float, wavelength: float) -> float:
        rest = np.log10(wavelength / (1.0 + redshift) / 4000.0)
        return float(10 ** (a + b * rest + c * (abs_mag_i + 23.0) + d * log_mass))

    tau = relation(2.4, 0.17, 0.03, 0.21, 4770.0) * (1.0 + redshift) * np.exp(rng.normal(0, 0.4))
    sizes = [relation(-0.51, -0.479, 0.131, 0.18, wave) for wave in (4770.0, 6230.0, 7620.0)]
    scale = np.exp(rng.normal(0.0, 0.25))
    # SF_infinity = sqrt(2) sigma of the walk.
    sigma = np.clip(np.array(sizes) * scale / np.sqrt(2.0), 0.05, 0.6)
    ratios = (float(sigma[0]), float(sigma[1]), float(sigma[2]))

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        walk = irregular.damped_random_walk(rng, cadence.time, float(tau))
        return walk * by_band(cadence, ratios)

    physique = Physique(
        clipped_normal(rng, 0.65, 0.2, 0.2, 1.3),
        abs_mag_i,
        rng.exponential(0.15),
        w1_w2=clipped_normal(rng, 1.1, 0.18, 0.7, 1.6),
        dust_mag=rng.uniform(1.2, 2.2),
        extragalactic=True,
    )
    return Variability(signal), physique


def draw_cv(rng: np.random.Generator) -> Drawn:
    """Draw a dwarf nova.

    Recurrence and the relation of Kukarkin and Parenago between it and the amplitude:
    Patterson 2011, MNRAS 411, 2695; Coppejans et al. 2016, MNRAS 456, 4441; decay
    rates: Bailey 1975, JBAA 86, 30; Warner 1995, Cataclysmic Variable Stars.
    """
    recurrence = log_uniform(rng, 12.0, 250.0)
    amplitude = clipped_normal(rng, 1.2 + 1.5 * np.log10(recurrence), 0.4, 1.8, 6.0)
    params = {
        "recurrence_days": recurrence,
        "amplitude_mag": amplitude,
        "decay_days_per_mag": rng.uniform(1.0, 3.5),
        "plateau_days": rng.uniform(1.5, 6.0),
        "flickering_mag": rng.uniform(0.06, 0.2),
    }

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        return irregular.dwarf_nova(rng, cadence, **params)

    physique = Physique(
        clipped_normal(rng, 0.55, 0.25, 0.0, 1.2),
        rng.normal(9.2, 0.9),
        rng.exponential(0.15),
        dust_mag=rng.uniform(0.0, 0.5),
    )
    return Variability(signal), physique


def draw_yso_dipper(rng: np.random.Generator) -> Drawn:
    """Draw a dipping young star (Cody et al. 2014, AJ 147, 82: periods 2-10 d)."""
    params = {
        "period_days": log_uniform(rng, 2.0, 11.0),
        "depth_mag": rng.uniform(0.3, 1.3),
        "duty": rng.uniform(0.25, 0.6),
        "drift_mag": rng.uniform(0.03, 0.12),
    }

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        return irregular.dipper(rng, cadence, **params)

    return Variability(signal), _young(rng)


def draw_yso_irregular(rng: np.random.Generator) -> Drawn:
    """Draw an irregularly accreting young star (Findeisen et al. 2015, ApJ 798, 89)."""
    amplitude, tau = log_uniform(rng, 0.2, 0.8), log_uniform(rng, 2.0, 60.0)

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        return irregular.accretion_bursts(rng, cadence, amplitude_mag=amplitude, tau_days=tau)

    return Variability(signal), _young(rng)


def draw_flare_star(rng: np.random.Generator) -> Drawn:
    """Draw an active M dwarf.

    Rates of the most active stars: Hawley et al. 2014, ApJ 797, 121; Davenport 2016,
    ApJ 829, 23; spots rotate with 0.3 to 5 days (Newton et al. 2017, ApJ 834, 85).
    """
    colour = clipped_normal(rng, 2.8, 0.3, 2.2, 3.6)
    per_day, smallest = log_uniform(rng, 3.0, 12.0), rng.uniform(0.08, 0.2)
    red = rng.uniform(0.2, 0.35)
    period, spots = log_uniform(rng, 0.3, 5.0), rng.uniform(0.0, 0.02)

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        angle = 2 * np.pi * ((cadence.time - cadence.start) / period + rng.random())
        return spots / 2 * np.cos(angle) + irregular.flares(
            rng, cadence, per_day=per_day, smallest_mag=smallest, red_fraction=red
        )

    physique = Physique(colour, main_sequence_mag(colour) - 0.3, 0.03, w1_w2=0.17, speed_km_s=25.0)
    return Variability(signal), physique


def draw_trend(rng: np.random.Generator) -> Drawn:
    """Draw a star that changes over years.

    Long secondary periods, Be discs, dust: ramps, arcs and steps of 0.15 to 1.2 mag
    (Soszynski et al. 2021, ApJ 911, L22; Labadie-Bartz et al. 2017, AJ 153, 252).
    """
    amplitude, timescale = log_uniform(rng, 0.15, 1.2), rng.uniform(900.0, 2600.0)

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        return irregular.slow_trend(rng, cadence, amplitude_mag=amplitude, timescale_days=timescale)

    giant = rng.random() < 0.5
    physique = Physique(
        rng.uniform(1.4, 2.6) if giant else rng.uniform(-0.1, 0.3),
        rng.normal(-1.2, 0.6),
        rng.exponential(0.8),
    )
    return Variability(signal), physique


def draw_constant(rng: np.random.Generator) -> Drawn:
    """Draw a star that does not vary.

    The colours of a magnitude-limited field: the disc's turn-off, the halo's turn-off,
    red dwarfs and some giants (Ivezic et al. 2008, ApJ 684, 287).
    """
    if rng.random() < 0.12:
        colour = clipped_normal(rng, 1.15, 0.12, 0.9, 1.6)
        return Variability(_nothing), Physique(colour, rng.normal(1.2, 1.0), rng.exponential(0.3))
    kind = rng.random()
    mean, width = (0.85, 0.15) if kind < 0.45 else (1.25, 0.3) if kind < 0.7 else (2.2, 0.45)
    colour = clipped_normal(rng, mean, width, 0.3, 3.6)
    extinction = rng.exponential(0.3) if colour < 1.8 else rng.exponential(0.1)
    mag = main_sequence_mag(colour) + rng.normal(0.0, 0.35)
    return Variability(_nothing), Physique(colour, mag, extinction)


def draw_bright_neighbour(rng: np.random.Generator) -> Drawn:
    """Draw a star in the glare of a bright one: its light leaks in as seeing and sky vary.

    Halos and diffraction spikes of saturated stars: Masci et al. 2019, PASP 131, 018003.
    """
    size, spike = rng.uniform(0.08, 0.4), rng.uniform(0.1, 0.6)

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        leak = size * (cadence.seeing / 2.2 - 1.0) + 0.5 * size * rng.standard_normal(len(cadence))
        hit = rng.random(len(cadence)) < 0.08
        return -np.maximum(leak, -1.0) - np.where(hit, spike * rng.exponential(1.0, len(hit)), 0.0)

    return Variability(signal, outlier_rate=0.03, flag_rate=0.06), draw_constant(rng)[1]


def draw_blend(rng: np.random.Generator) -> Drawn:
    """Draw two stars that are told apart in good seeing only.

    In bad seeing the fit takes the light of both; in between it switches.
    """
    extra = rng.uniform(0.15, 0.7)
    limit, softness = rng.uniform(1.9, 2.7), rng.uniform(0.03, 0.12)

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        chance = 1.0 / (1.0 + np.exp(-(cadence.seeing - limit) / softness))
        merged = rng.random(len(cadence)) < chance
        return np.asarray(
            -2.5 * np.log10(1.0 + extra * merged * rng.uniform(0.7, 1.0, len(merged)))
        )

    return Variability(signal, outlier_rate=0.015, flag_rate=0.02), draw_constant(rng)[1]


def draw_detector_artefact(rng: np.random.Generator) -> Drawn:
    """Draw a star on bad pixels: points that fail, and steps where a reference changed."""
    step, bad_share = rng.normal(0.0, 0.12), rng.uniform(0.05, 0.25)

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        changed = cadence.time > cadence.start + rng.uniform(0.2, 0.8) * cadence.baseline
        bad = rng.random(len(cadence)) < bad_share
        off = rng.exponential(0.5, len(cadence)) * rng.choice([1.0, 1.0, -1.0], len(cadence))
        return np.asarray(step * changed + np.where(bad, off, 0.0))

    return Variability(signal, outlier_rate=0.02, flag_rate=0.12), draw_constant(rng)[1]


def draw_galaxy(rng: np.random.Generator) -> Drawn:
    """Draw a galaxy: a point-spread function fitted to an extended source loses light.

    What it loses depends on the seeing, so magnitudes follow it.
    """
    slope = rng.uniform(0.15, 0.6)

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        wobble = 0.03 * rng.standard_normal(len(cadence))
        return -slope * np.log10(cadence.seeing / 2.2) * 2.5 + wobble

    physique = Physique(
        clipped_normal(rng, 1.2, 0.25, 0.7, 1.9),
        -20.0,
        rng.exponential(0.15),
        w1_w2=rng.normal(0.15, 0.12),
        dust_mag=rng.uniform(0.2, 0.9),
        extragalactic=True,
        extended=True,
    )
    return Variability(signal, outlier_rate=0.006), physique


def draw_spurious(rng: np.random.Generator) -> Drawn:
    """Draw a spurious source: a ghost or a fluctuation, listed in a few exposures."""
    coverage = log_uniform(rng, 0.004, 0.1)

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        return 0.3 * rng.standard_normal(len(cadence))

    variability = Variability(signal, outlier_rate=0.1, flag_rate=0.2, coverage=coverage)
    return variability, draw_constant(rng)[1]


def _nothing(rng: np.random.Generator, cadence: Cadence) -> Array:
    return np.zeros(len(cadence))


def _young(rng: np.random.Generator) -> Physique:
    """Draw a T Tauri star: above the main sequence, reddened, with a disc.

    Luhman 2012, ARA&A 50, 65; Koenig & Leisawitz 2014, ApJ 791, 131 (WISE colours).
    """
    colour = rng.uniform(1.2, 2.8)
    return Physique(
        float(colour),
        main_sequence_mag(float(colour)) - rng.uniform(1.0, 2.2),
        rng.uniform(0.3, 3.0),
        w1_w2=rng.uniform(0.25, 0.8),
        dust_mag=rng.uniform(0.6, 1.8),
        speed_km_s=8.0,
    )
