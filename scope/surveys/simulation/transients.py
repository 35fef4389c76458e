"""What comes and goes: supernovae, novae, lenses, eruptions, and light that is not the star's.

Each ``draw_…`` takes a random generator and returns how one source varies and what it looks
like at rest. Of a supernova, what is at rest is its galaxy; where that is fainter than the
survey sees, there are points of the supernova only.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scope.surveys.simulation import explosions, outbursts, systematics
from scope.surveys.simulation.binaries import main_sequence_mag
from scope.surveys.simulation.cadence import Cadence
from scope.surveys.simulation.mean_magnitudes import ztf_colours
from scope.surveys.simulation.others import Array, Drawn, draw_constant
from scope.surveys.simulation.simulated_star import (
    Physique,
    Variability,
    by_band,
    clipped_normal,
    log_uniform,
)

Light = Callable[[Array], Array]

CONTRAST_MAG = (-0.5, 6.0)
"""Faintest and brightest maximum over the galaxy's core, in r: most transients are found off
the core, or in galaxies fainter than they are (Perley et al. 2020, ApJ 904, 35)."""


def draw_supernova_ia(rng: np.random.Generator) -> Drawn:
    """Draw a thermonuclear supernova.

    56Ni and 56Co behind a diffusion time of 12 to 16 days (Arnett 1982, ApJ 253, 785: maximum
    after some 17 days); gamma rays escape from day 35 on (Stritzinger et al. 2006, A&A 450,
    241); temperatures of Nugent et al. 2002, PASP 114, 803.
    """
    light = _nickel(rng.uniform(12.0, 16.0), rng.uniform(30.0, 40.0), rng)
    return _in_galaxy(rng, light, hot=15000.0, cool=6000.0, cooling_days=16.0)


def draw_supernova_ibc(rng: np.random.Generator) -> Drawn:
    """Draw a supernova of a stripped star (Taddia et al. 2018, A&A 609, A136)."""
    light = _nickel(rng.uniform(9.0, 18.0), rng.uniform(50.0, 110.0), rng)
    return _in_galaxy(rng, light, hot=10000.0, cool=4800.0, cooling_days=15.0)


def draw_supernova_ii(rng: np.random.Generator) -> Drawn:
    """Draw a supernova with a plateau, or a slope in its place (Anderson et al. 2014)."""
    params = {
        "rise_days": rng.uniform(3.0, 8.0),
        "plateau_days": clipped_normal(rng, 95.0, 20.0, 50.0, 140.0),
        "slope_mag_100d": clipped_normal(rng, 1.2, 0.8, -0.3, 3.5),
        "drop_mag": rng.uniform(1.2, 2.5),
    }
    days = _dilation(rng)
    return _in_galaxy(
        rng,
        lambda time: explosions.plateau(time / days, **params),
        hot=16000.0,
        cool=5500.0,
        cooling_days=18.0,
    )


def draw_superluminous(rng: np.random.Generator) -> Drawn:
    """Draw a superluminous supernova: a magnetar in an expanding shell.

    Diffusion and spin-down times of Nicholl, Guillochon & Berger 2017, ApJ 850, 55.
    """
    diffusion, spin_down = rng.uniform(25.0, 70.0), log_uniform(rng, 5.0, 80.0)
    days = 1.0 + rng.uniform(0.1, 0.5)
    power = explosions.magnetar_heating(spin_down)
    return _in_galaxy(
        rng,
        lambda time: explosions.diffused(time / days, power, diffusion),
        hot=18000.0,
        cool=7000.0,
        cooling_days=45.0,
    )


def draw_tidal_disruption(rng: np.random.Generator) -> Drawn:
    """Draw a tidal disruption in the core of a galaxy.

    Rise, decline and temperature of van Velzen et al. 2021, ApJ 908, 4, table 7: hot for
    months.
    """
    rise, decline = log_uniform(rng, 7.0, 40.0), log_uniform(rng, 25.0, 120.0)
    temperature = rng.uniform(14000.0, 35000.0)
    return _in_galaxy(
        rng,
        lambda time: explosions.disrupted_star(time, rise_days=rise, decline_days=decline),
        hot=temperature,
        cool=temperature,
        cooling_days=1.0,
    )


def draw_nova(rng: np.random.Generator) -> Drawn:
    """Draw a classical nova: 7 to 13 mag above a star that is mostly too faint to be seen.

    Strope, Schaefer & Henden 2010, AJ 140, 34; a quarter oscillate or have dust later, which
    is left out.
    """
    params = {"rise_days": rng.uniform(0.4, 2.0), "two_mag_days": log_uniform(rng, 4.0, 100.0)}
    amplitude = rng.uniform(5.0, 9.0)

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        onset = _onset(rng, cadence, 10.0)
        light = explosions.nova(cadence.time - onset, **params)
        return -2.5 * np.log10(1.0 + 10.0 ** (0.4 * amplitude) * light)

    physique = Physique(rng.uniform(0.2, 1.2), rng.normal(4.5, 1.0), rng.exponential(0.8))
    return Variability(signal), physique


def draw_superoutburst(rng: np.random.Generator) -> Drawn:
    """Draw a WZ Sagittae star in the one outburst of many years (Kato 2015, PASJ 67, 108)."""
    amplitude = rng.uniform(5.5, 8.0)
    plateau, rebrightenings = rng.uniform(14.0, 30.0), int(rng.integers(0, 5))
    flicker = rng.uniform(0.02, 0.08)

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        onset = _onset(rng, cadence, 10.0)
        burst = outbursts.superoutburst(
            cadence.time,
            onset=onset,
            amplitude_mag=amplitude,
            plateau_days=plateau,
            rebrightenings=rebrightenings,
        )
        return burst + flicker * rng.standard_normal(len(cadence))

    return Variability(signal), Physique(rng.uniform(-0.1, 0.5), rng.normal(11.5, 0.6), 0.1)


def draw_microlensing(rng: np.random.Generator) -> Drawn:
    """Draw a star that a dark one passes in front of.

    Times and blends of events towards the disc (Rodriguez et al. 2022, ApJ 927, 150; Mroz et
    al. 2020, ApJS 249, 16): 10 to 150 days, closest approach even in Einstein radii.
    """
    einstein, closest = log_uniform(rng, 10.0, 150.0), rng.uniform(0.02, 0.7)
    share = 1.0 if rng.random() < 0.5 else rng.uniform(0.2, 1.0)

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        peak = _onset(rng, cadence, 0.3 * einstein)
        return outbursts.microlensing(
            cadence.time,
            peak=peak,
            einstein_days=einstein,
            closest=closest,
            source_share=share,
        )

    return Variability(signal), draw_constant(rng)[1]


def draw_r_coronae_borealis(rng: np.random.Generator) -> Drawn:
    """Draw a carbon-rich giant that dust hides now and then, and that pulsates a little."""
    per_year, depth = rng.uniform(0.3, 1.2), rng.uniform(2.0, 7.0)
    pulse, period = rng.uniform(0.02, 0.15), rng.uniform(35.0, 60.0)

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        fades = outbursts.dust_fades(rng, cadence.time, per_year=per_year, depth_mag=depth)
        phase = (cadence.time - cadence.start) / period + rng.random()
        return fades * by_band(cadence, (1.0, 0.85, 0.72)) + pulse * np.cos(2 * np.pi * phase)

    colour = rng.uniform(0.8, 2.2)
    return Variability(signal), Physique(
        colour, rng.normal(-4.0, 0.7), rng.exponential(0.8), w1_w2=0.6, dust_mag=1.5
    )


def draw_fu_orionis(rng: np.random.Generator) -> Drawn:
    """Draw a young star that rises by 2 to 6 mag and stays there."""
    height, rise = rng.uniform(2.0, 6.0), log_uniform(rng, 60.0, 900.0)
    decline = rng.uniform(0.0, 0.06)

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        onset = _onset(rng, cadence, 0.5 * rise)
        up = outbursts.eruption(cadence.time, onset=onset, rise_days=rise, decline_mag_year=decline)
        return -height * up * by_band(cadence, (1.0, 0.92, 0.84))

    return Variability(signal), _young(rng)


def draw_ex_lupi(rng: np.random.Generator) -> Drawn:
    """Draw a young star with outbursts of months."""
    params = {
        "per_year": rng.uniform(0.1, 0.6),
        "height_mag": rng.uniform(1.5, 4.5),
        "last_days": log_uniform(rng, 40.0, 300.0),
    }

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        bursts = outbursts.accretion_outbursts(rng, cadence.time, **params)
        return bursts * by_band(cadence, (1.0, 0.85, 0.75))

    return Variability(signal), _young(rng)


def draw_passing_neighbour(rng: np.random.Generator) -> Drawn:
    """Draw a star that another one of high proper motion passes."""
    speed = log_uniform(rng, 0.3, 4.0)
    params = {
        "flux_ratio": log_uniform(rng, 0.2, 5.0),
        "closest_arcsec": rng.uniform(0.2, 2.0),
        "arcsec_per_year": speed,
    }

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        when = cadence.start + rng.uniform(-0.2, 1.2) * cadence.baseline
        return outbursts.passing_neighbour(cadence, when=when, **params)

    return Variability(signal, outlier_rate=0.01, flag_rate=0.01), draw_constant(rng)[1]


def draw_saturated(rng: np.random.Generator) -> Drawn:
    """Draw a star at the limit of saturation."""
    excess, loss = rng.uniform(-0.2, 0.8), rng.uniform(0.1, 0.5)

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        lost = outbursts.saturated(cadence, excess_mag=excess, loss=loss)
        return lost * (1.0 + 0.2 * rng.standard_normal(len(cadence)))

    return Variability(signal, outlier_rate=0.01, flag_rate=0.05), draw_constant(rng)[1]


def draw_uncorrected(rng: np.random.Generator) -> Drawn:
    """Draw a constant star with trends that calibration left in: airmass, flat field, drift."""
    colour, moon = rng.normal(0.0, 0.12), rng.normal(0.0, 0.15)
    drift, steps = rng.normal(0.0, 0.03), log_uniform(rng, 0.01, 0.08)
    ra, dec = rng.uniform(0.0, 360.0), rng.uniform(-20.0, 80.0)

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        time = cadence.time
        trend = systematics.colour_extinction(systematics.airmasses(time, ra, dec), colour)
        trend = trend + systematics.moonlight_residual(time, ra, dec, moon)
        trend = trend + systematics.flat_field_steps(rng, time, steps)
        trend = trend + drift * (time - cadence.start) / 365.25
        return np.asarray(trend - np.median(trend))

    return Variability(signal), draw_constant(rng)[1]


def _nickel(diffusion_days: float, escape_days: float, rng: np.random.Generator) -> Light:
    """Return the light of an explosion that 56Ni heats, gamma rays escaping in time."""
    days = _dilation(rng)

    def light(time: Array) -> Array:
        rest = time / days
        trapped = 1.0 - np.exp(-((escape_days / np.maximum(rest, 0.1)) ** 2))
        heated = explosions.diffused(rest, explosions.radioactive_heating, diffusion_days)
        return np.asarray(heated * trapped)

    return light


def _dilation(rng: np.random.Generator) -> float:
    """Draw 1 + z of what ZTF finds (Fremling et al. 2020, ApJ 895, 32)."""
    return 1.0 + rng.uniform(0.01, 0.13)


def _in_galaxy(
    rng: np.random.Generator,
    light: Light,
    *,
    hot: float,
    cool: float,
    cooling_days: float,
    before_days: float = 30.0,
) -> Drawn:
    """Return a galaxy in which something explodes.

    Parameters
    ----------
    light : callable
        Luminosity against days.
    hot, cool, cooling_days : float
        Temperature at the start and at the end, K, and how fast it falls.
    before_days : float
        Day 0 is up to so long before an exposure.
    """
    colour, extinction = clipped_normal(rng, 1.0, 0.25, 0.4, 1.7), rng.exponential(0.2)
    contrast = 10.0 ** (0.4 * rng.uniform(*CONTRAST_MAG))
    g_r, r_i = ztf_colours(colour, extinction)
    # What a band's flux of the galaxy is over that in r.
    galaxy = tuple(10.0 ** (-0.4 * offset) for offset in (g_r, 0.0, -r_i))

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        since = cadence.time - _onset(rng, cadence, before_days)
        brightest = np.max(_red(light, hot, cool, cooling_days))
        temperature = explosions.cooling(since, hot=hot, cool=cool, days=cooling_days)
        flux = light(since) * explosions.blackbody_share(temperature, cadence.band) / brightest
        return -2.5 * np.log10(1.0 + contrast * flux / by_band(cadence, galaxy))

    physique = Physique(
        colour,
        -20.0,
        extinction,
        w1_w2=rng.normal(0.15, 0.12),
        dust_mag=rng.uniform(0.2, 0.9),
        extragalactic=True,
        extended=rng.random() < 0.5,
    )
    return Variability(signal), physique


def _red(light: Light, hot: float, cool: float, cooling_days: float) -> Array:
    """Return the flux in r on a grid of days."""
    days = np.linspace(-100.0, 300.0, 401)
    temperature = explosions.cooling(days, hot=hot, cool=cool, days=cooling_days)
    return light(days) * explosions.blackbody_share(temperature, np.full(len(days), 2))


def _onset(rng: np.random.Generator, cadence: Cadence, before_days: float) -> float:
    """Draw when something happens: up to so long before one of the exposures.

    What happens while nobody looks is no example of anything.
    """
    seen = cadence.time[rng.integers(len(cadence))]
    return float(seen - before_days * rng.random())


def _young(rng: np.random.Generator) -> Physique:
    """Draw a young star with a disc, in its shell."""
    colour = float(rng.uniform(1.4, 2.8))
    return Physique(
        colour,
        main_sequence_mag(colour) - rng.uniform(1.0, 2.2),
        rng.uniform(1.0, 4.0),
        w1_w2=rng.uniform(0.5, 1.2),
        dust_mag=rng.uniform(1.0, 2.2),
        speed_km_s=8.0,
    )
