"""Binary stars and rotating stars: eclipses, tides, reflection, spots.

Each ``draw_…`` takes a random generator and returns how one star varies and what it
looks like at rest.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scope.surveys.simulation.cadence import FILTER_IDS, Cadence
from scope.surveys.simulation.eclipses import Binary, roche_radius
from scope.surveys.simulation.shapes import Shape, ellipsoidal_shape, spot_dimming, tabulate
from scope.surveys.simulation.simulated_star import (
    Physique,
    Signal,
    Variability,
    by_band,
    clipped_normal,
    log_uniform,
    periodic,
)

Array = npt.NDArray[np.float64]
Drawn = tuple[Variability, Physique]

_PHASES = 2048


def draw_detached(rng: np.random.Generator) -> Drawn:
    """Draw a detached main-sequence binary (EA).

    Periods: Prsa et al. 2011, AJ 141, 83; Soszynski et al. 2016, AcA 66, 405. Radii of
    5 to 25 per cent of the separation, eccentric orbits beyond three days (Raghavan et
    al. 2010, ApJS 190, 1). Eclipses deeper than 0.08 mag: what a ground-based survey
    finds.
    """
    period = log_uniform(rng, 0.6, 15.0)
    mass_ratio = rng.uniform(0.45, 1.0)
    r1 = clipped_normal(rng, 0.20 * period ** (-2 / 3) + 0.08, 0.03, 0.05, 0.25)
    r2 = r1 * mass_ratio**0.8 * rng.uniform(0.9, 1.1)
    eccentric = period > 3.0 and rng.random() < 0.5
    binary = Binary(
        r1=r1,
        r2=r2,
        cos_i=rng.uniform(0.0, 0.6) * (r1 + r2),
        brightness_ratio=mass_ratio ** rng.uniform(0.6, 2.2),
        mass_ratio=mass_ratio,
        eccentricity=rng.uniform(0.03, 0.4) if eccentric else 0.0,
        periastron=rng.uniform(0.0, 2 * np.pi) if eccentric else 0.0,
        reflection=rng.uniform(0.0, 0.008),
    )
    return _eclipsing(binary, period, rng.uniform(0.85, 1.0)), _main_sequence(rng, 0.3, 1.6)


def draw_semidetached(rng: np.random.Generator) -> Drawn:
    """Draw a beta Lyrae type binary (EB): one star at or near its Roche lobe.

    Malkov et al. 2006, A&A 446, 785 (parameters of semi-detached systems); Soszynski et
    al. 2016, AcA 66, 405 (periods).
    """
    period = log_uniform(rng, 0.4, 5.0)
    mass_ratio = rng.uniform(0.25, 0.8)
    r1 = roche_radius(1.0 / mass_ratio) * rng.uniform(0.75, 0.97)
    r2 = roche_radius(mass_ratio) * rng.uniform(0.92, 1.0)
    binary = Binary(
        r1=r1,
        r2=r2,
        cos_i=rng.uniform(0.15, 0.85) * (r1 + r2),
        brightness_ratio=rng.uniform(0.2, 0.95),
        mass_ratio=mass_ratio,
        reflection=rng.uniform(0.005, 0.03),
        tides=rng.uniform(1.2, 1.6),
    )
    return _eclipsing(binary, period, rng.uniform(0.7, 0.95)), _main_sequence(rng, 0.1, 1.0)


def draw_contact(rng: np.random.Generator) -> Drawn:
    """Draw a W Ursae Majoris binary (EW).

    Periods 0.22-0.8 d and the period-colour relation: Rucinski 1997, AJ 113, 407;
    Chen et al. 2018, ApJ 859, 140. Both stars fill their lobes, temperatures agree
    (Lucy 1968, ApJ 151, 1123), mass ratios 0.1-0.8, amplitudes up to 0.75 mag.
    """
    period = float(np.clip(np.exp(rng.normal(np.log(0.345), 0.22)), 0.22, 0.8))
    mass_ratio = rng.uniform(0.12, 0.75)
    r1, r2 = roche_radius(1.0 / mass_ratio) * 1.02, roche_radius(mass_ratio) * 1.02
    binary = Binary(
        r1=r1,
        r2=r2,
        cos_i=rng.uniform(0.1, 0.95) * (r1 + r2),
        brightness_ratio=clipped_normal(rng, 0.92, 0.12, 0.55, 1.1),
        mass_ratio=mass_ratio,
        reflection=rng.uniform(0.0, 0.006),
        tides=rng.uniform(1.6, 2.1),
        limb=0.6,
    )
    colour = 0.95 - 1.35 * np.log10(period / 0.33) + rng.normal(0.0, 0.08)
    abs_mag = 4.4 - 7.0 * np.log10(period / 0.33) + rng.normal(0.0, 0.25)
    physique = Physique(float(np.clip(colour, 0.35, 1.6)), float(abs_mag), rng.exponential(0.3))
    return _eclipsing(binary, period, 1.0), physique


def draw_white_dwarf_red_dwarf(rng: np.random.Generator) -> Drawn:
    """Draw an eclipsing white dwarf with an M dwarf (NN Serpentis).

    Parsons et al. 2015, MNRAS 449, 2194: periods 0.1-0.6 d, eclipses of a few per cent
    of the orbit, deeper in the blue; reflection up to some tenths of a magnitude.
    """
    period = log_uniform(rng, 0.09, 0.6)
    separation = 4.2 * period ** (2 / 3) * 0.9 ** (1 / 3)
    r2 = float(np.clip(rng.uniform(0.15, 0.35) / separation, 0.06, 0.35))
    binary = Binary(
        r1=0.016 / separation,
        r2=r2,
        cos_i=rng.uniform(0.0, 0.75) * r2,
        brightness_ratio=1.0,
        mass_ratio=rng.uniform(0.2, 0.6),
        reflection=log_uniform(rng, 0.01, 0.12),
    )
    # The white dwarf gives most of g and less of r and i: surface brightness by band.
    share_g = rng.uniform(0.7, 0.97)
    odds = np.array(
        [share_g / (1 - share_g), share_g / (1 - share_g) / 3.5, 0.12 * share_g / (1 - share_g)]
    )
    variability = _eclipsing(binary, period, (binary.r1 / r2) ** 2 / odds, smooth=4096)
    physique = Physique(
        clipped_normal(rng, 0.5, 0.35, -0.1, 1.4), rng.normal(9.8, 0.7), rng.exponential(0.1)
    )
    return variability, physique


def draw_subdwarf_red_dwarf(rng: np.random.Generator) -> Drawn:
    """Draw an eclipsing hot subdwarf with an M dwarf (HW Virginis).

    Schaffenroth et al. 2019, A&A 630, A80: periods 0.07-0.35 d, equal radii of about 0.2
    of the separation, a strong reflection effect, shallow secondary eclipses.
    """
    period = log_uniform(rng, 0.07, 0.35)
    separation = 4.2 * period ** (2 / 3) * 0.6 ** (1 / 3)
    r1 = float(np.clip(rng.uniform(0.15, 0.21) / separation, 0.06, 0.3))
    r2 = float(np.clip(r1 * rng.uniform(0.75, 1.05), 0.06, 0.3))
    binary = Binary(
        r1=r1,
        r2=r2,
        cos_i=rng.uniform(0.25, 0.75) * (r1 + r2),
        brightness_ratio=1.0,
        mass_ratio=rng.uniform(0.2, 0.4),
        reflection=rng.uniform(0.05, 0.12),
    )
    variability = _eclipsing(binary, period, np.array([0.01, 0.03, 0.06]))
    physique = Physique(rng.normal(-0.3, 0.07), rng.normal(4.4, 0.4), rng.exponential(0.15))
    return variability, physique


def draw_ellipsoidal(rng: np.random.Generator) -> Drawn:
    """Draw an ellipsoidal variable.

    Morris & Naftilan 1993, ApJ 419, 344; Soszynski et al. 2004, AcA 54, 347; Gomel et
    al. 2021, MNRAS 501, 2822: amplitudes of 0.03 to 0.3 mag, nearly the same in all bands.
    """
    period = log_uniform(rng, 0.25, 12.0)
    amplitude = log_uniform(rng, 0.05, 0.3)
    shape = ellipsoidal_shape(rng.uniform(0.05, 0.3), rng.normal(0.0, 0.04))
    signal = periodic(shape, period, amplitude, (1.0, 0.95, 0.92))
    return Variability(signal, period), _main_sequence(rng, 0.4, 1.4)


def draw_rs_cvn(rng: np.random.Generator) -> Drawn:
    """Draw a spotted active binary (RS CVn); the period is that of the rotation.

    Strassmeier 2009, A&A Rev. 17, 251; Drake et al. 2014, ApJS 213, 9: 1 to 30 days,
    0.05 to 0.5 mag; groups of spots that live for months and drift with the latitude's
    rotation (Henry et al. 1995, ApJS 97, 513).
    """
    period = log_uniform(rng, 1.0, 30.0)
    size = log_uniform(rng, 0.12, 0.5)
    inclination = np.arccos(rng.uniform(0.0, 0.8))
    lifetime = rng.uniform(120.0, 600.0)
    shear = rng.uniform(0.0, 0.01)
    signal = _spotted(period, size, float(inclination), lifetime, shear, n_groups=3)
    physique = Physique(
        clipped_normal(rng, 1.25, 0.12, 0.95, 1.6),
        rng.normal(2.6, 1.0),
        rng.exponential(0.3),
        speed_km_s=30.0,
    )
    return Variability(signal, period), physique


def draw_rotational(rng: np.random.Generator) -> Drawn:
    """Draw a sinusoidal rotator: one stable spot or a chemically peculiar star.

    McQuillan, Mazeh & Aigrain 2014, ApJS 211, 24 (periods of cool stars); Netopil et al.
    2017, MNRAS 468, 2745 (Ap stars). Amplitudes of 0.03 to 0.2 mag: the active tail,
    which a ground-based survey sees.
    """
    period = log_uniform(rng, 0.5, 20.0)
    amplitude = log_uniform(rng, 0.03, 0.2)
    harmonic, angle = rng.uniform(0.0, 0.12), rng.uniform(0.0, 2 * np.pi)

    def wave(phase: Array) -> Array:
        return np.cos(2 * np.pi * phase) + harmonic * np.cos(4 * np.pi * phase + angle)

    signal = periodic(tabulate(wave, normalise=True), period, amplitude, (1.0, 0.88, 0.75))
    return Variability(signal, period), _main_sequence(rng, 0.3, 2.2)


def _eclipsing(
    binary: Binary, period: float, ratio_factor: float | Array, *, smooth: int = _PHASES
) -> Variability:
    """Return the signal of a binary with its own surface brightness ratio in each band.

    `ratio_factor` multiplies the ratio of surface brightness: in g relative to i where
    it is one number (the cooler star fades towards the blue), in g, r, i if three.
    """
    if isinstance(ratio_factor, float):
        ratio_factor = np.array([ratio_factor, (1.0 + ratio_factor) / 2.0, 1.0])
    shapes: dict[int, Shape] = {}
    for filter_id in FILTER_IDS.values():
        in_band = Binary(
            **{
                **binary.__dict__,
                "brightness_ratio": binary.brightness_ratio * float(ratio_factor[filter_id - 1]),
            }
        )
        shapes[filter_id] = tabulate(in_band.magnitude, size=smooth)

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        phase = (cadence.time - cadence.start) / period + rng.random()
        total = np.zeros(len(phase))
        for filter_id, shape in shapes.items():
            mine = cadence.band == filter_id
            total[mine] = shape(phase[mine])
        return total

    return Variability(signal, period, binary.eclipse_width_phase)


def _spotted(
    period: float, size: float, inclination: float, lifetime: float, shear: float, n_groups: int
) -> Signal:
    """Return the dimming by groups of spots that come, drift and go."""

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        t = cadence.time - cadence.start
        dimming = np.zeros(len(t))
        # One long-lived group and others that are replaced in turn.
        n_spots = n_groups + int(n_groups * cadence.baseline / (2 * lifetime))
        births = rng.uniform(-lifetime, cadence.baseline, n_spots)
        for k, birth in enumerate(births):
            latitude = rng.uniform(-0.3, 1.0)
            rate = (1.0 - shear * np.sin(latitude) ** 2) / period
            angle = 2 * np.pi * (t * rate + rng.random())
            age = (t - birth - lifetime / 2) / lifetime
            strength = np.ones(len(t)) if k == 0 else rng.uniform(0.3, 0.9) * np.exp(-4 * age**2)
            dimming += strength * spot_dimming(angle, latitude, inclination)
        scale = size / max(float(np.ptp(dimming)), 0.1)
        magnitude = -2.5 * np.log10(np.maximum(1.0 - 0.8 * scale * dimming, 0.05))
        return np.asarray((magnitude - magnitude.mean()) * by_band(cadence, (1.0, 0.88, 0.75)))

    return signal


def _main_sequence(rng: np.random.Generator, bluest: float, reddest: float) -> Physique:
    """Draw a main-sequence star: M_G against BP - RP of the Gaia sequence."""
    colour = rng.uniform(bluest, reddest)
    return Physique(float(colour), main_sequence_mag(float(colour)) - 0.4, rng.exponential(0.3))


def main_sequence_mag(bp_rp: float) -> float:
    """Return M_G of the main sequence at a colour.

    Pecaut & Mamajek 2013, ApJS 208, 9, with the Gaia colours of its table's updates.
    """
    nodes = [-0.2, 0.0, 0.3, 0.6, 0.82, 1.2, 1.8, 2.2, 2.8, 3.4, 4.2]
    mags = [0.0, 1.0, 2.2, 3.5, 4.7, 6.2, 8.0, 9.0, 11.0, 12.8, 14.8]
    return float(np.interp(bp_rp, nodes, mags))
