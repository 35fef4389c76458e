"""Pulsating stars: RR Lyrae, delta Scuti, Cepheids.

Each ``draw_…`` takes a random generator and returns how one star varies and what it
looks like at rest. Amplitudes are peak to peak in g unless said otherwise.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scope.surveys.simulation import irregular
from scope.surveys.simulation.cadence import Cadence
from scope.surveys.simulation.shapes import Shape, fourier_shape, sawtooth_shape
from scope.surveys.simulation.simulated_star import (
    BAND_RATIOS_PULSATOR,
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


def draw_rrab(rng: np.random.Generator, *, blazhko: bool = False) -> Drawn:
    """Draw an RR Lyrae star of the fundamental mode.

    Periods: Soszynski et al. 2014, AcA 64, 177. Amplitudes from the period-amplitude
    relation of Oosterhoff I, a quarter of the stars shifted to Oosterhoff II (Cacciari,
    Corwin & Carney 2005, AJ 129, 267). Fourier parameters: Jurcsik & Kovacs 1996,
    A&A 312, 111; Kovacs & Walker 2001, A&A 371, 579. Blazhko modulation: 10 to 60 per
    cent in amplitude with 5 to 200 days (Jurcsik et al. 2009, MNRAS 400, 1006; Prudil
    & Skarka 2017, MNRAS 466, 2602). M_G: Muraveva et al. 2018, MNRAS 481, 1195.
    """
    log_period = np.log10(clipped_normal(rng, 0.575, 0.065, 0.42, 0.85))
    on_relation = log_period - (0.06 if rng.random() < 0.25 else 0.0)
    amplitude_b = -3.123 - 26.331 * on_relation - 35.853 * on_relation**2
    amplitude = clipped_normal(rng, 0.90 * amplitude_b, 0.08, 0.25, 1.45)
    r21 = clipped_normal(rng, 0.36 + 0.11 * min(amplitude, 1.2), 0.03, 0.28, 0.56)
    r31 = clipped_normal(rng, 0.08 + 0.22 * min(amplitude, 1.2), 0.035, 0.10, 0.40)
    phi21 = rng.normal(3.82 + 1.5 * (10**log_period - 0.55), 0.10)
    phi31 = rng.normal(1.72 + 3.0 * (10**log_period - 0.55), 0.20)
    shape = sawtooth_shape(r21, r31, float(phi21), float(phi31), n_harmonics=9)
    period = float(10**log_period)
    signal = periodic(shape, period, amplitude)
    if blazhko:
        signal = _modulated(
            shape, period, amplitude, depth=rng.uniform(0.1, 0.5), cycle=log_uniform(rng, 15, 180)
        )
    return Variability(signal, period), _horizontal_branch(rng, 0.60)


def draw_rrab_blazhko(rng: np.random.Generator) -> Drawn:
    """Draw an RR Lyrae star of the fundamental mode with the Blazhko effect."""
    return draw_rrab(rng, blazhko=True)


def draw_rrc(rng: np.random.Generator) -> Drawn:
    """Draw an RR Lyrae star of the first overtone.

    Soszynski et al. 2014, AcA 64, 177 (periods, Fourier parameters); Sesar et al. 2010,
    ApJ 708, 717 (amplitudes).
    """
    period = clipped_normal(rng, 0.325, 0.045, 0.20, 0.45)
    amplitude = clipped_normal(rng, 0.52, 0.09, 0.20, 0.75)
    shape = fourier_shape(
        [
            clipped_normal(rng, 0.16, 0.06, 0.02, 0.30),
            clipped_normal(rng, 0.07, 0.025, 0.01, 0.13),
            0.04,
        ],
        [rng.normal(4.65, 0.25), rng.normal(3.4, 0.8), rng.uniform(1.0, 3.0)],
    )
    return Variability(periodic(shape, period, amplitude), period), _horizontal_branch(rng, 0.45)


def draw_rrd(rng: np.random.Generator) -> Drawn:
    """Draw an RR Lyrae star in both modes; the period is that of the first overtone.

    Period ratios of the Petersen diagram, overtone dominant, sum and difference
    frequencies: Soszynski et al. 2014, AcA 64, 177; Moskalik 2013, ASSP 31, 103.
    """
    fundamental = rng.uniform(0.46, 0.58)
    ratio = 0.7425 + 0.025 * (fundamental - 0.46) / 0.12 * 0.12 + rng.normal(0.0, 0.0006)
    period1 = float(fundamental * ratio)
    amplitude1 = clipped_normal(rng, 0.45, 0.06, 0.3, 0.6)
    amplitude0 = amplitude1 * rng.uniform(0.25, 0.75)
    first = fourier_shape([0.17], [4.7])
    zeroth = fourier_shape([0.3, 0.12], [3.9, 1.9])

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        t = cadence.time - cadence.start
        phase1, phase0 = t / period1 + rng.random(), t / fundamental + rng.random()
        mixed = 0.12 * amplitude1 * np.cos(2 * np.pi * (phase1 + phase0) + rng.uniform(0, 6.28))
        total = amplitude1 * first(phase1) + amplitude0 * zeroth(phase0) + mixed
        return total * by_band(cadence, BAND_RATIOS_PULSATOR)

    return Variability(signal, period1), _horizontal_branch(rng, 0.5)


def draw_dsct(rng: np.random.Generator) -> Drawn:
    """Draw a delta Scuti star in several modes; the period is that of the strongest.

    Rodriguez, Lopez-Gonzalez & Lopez de Coca 2000, A&AS 144, 469 (periods 0.02-0.25 d,
    amplitudes mostly below 0.1 mag in V: those that a ground-based survey can see);
    Breger 2000, ASP 210, 3. Luminosity: Ziaali et al. 2019, MNRAS 486, 4348.
    """
    period = log_uniform(rng, 0.035, 0.2)
    amplitude = log_uniform(rng, 0.04, 0.25)
    n_modes = int(rng.integers(1, 4))
    periods = period * np.concatenate([[1.0], rng.uniform(0.6, 0.95, n_modes)])
    shares = np.concatenate([[1.0], np.sort(rng.uniform(0.15, 0.65, n_modes))[::-1]])
    harmonic = rng.uniform(0.0, 0.15)

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        t = cadence.time - cadence.start
        total = np.zeros(len(t))
        for mode_period, share in zip(periods, shares, strict=True):
            angle = 2 * np.pi * (t / mode_period + rng.random())
            total += share * (np.cos(angle) + harmonic * np.cos(2 * angle + 4.0))
        return amplitude / 2 * total * by_band(cadence, (1.0, 0.72, 0.55))

    abs_mag = -2.94 * np.log10(period) - 1.34 + rng.normal(0.0, 0.3)
    physique = Physique(
        clipped_normal(rng, 0.40, 0.08, 0.2, 0.65), float(abs_mag), rng.exponential(0.3)
    )
    return Variability(signal, period), physique


def draw_hads(rng: np.random.Generator) -> Drawn:
    """Draw a high-amplitude delta Scuti or SX Phoenicis star.

    McNamara 2011, AJ 142, 110; Poleski et al. 2010, AcA 60, 1 (Fourier parameters).
    """
    period = log_uniform(rng, 0.045, 0.2)
    amplitude = rng.uniform(0.3, 0.85)
    r21 = clipped_normal(rng, 0.35, 0.06, 0.2, 0.48)
    shape = sawtooth_shape(
        r21, r21 * rng.uniform(0.3, 0.5), rng.normal(3.95, 0.12), rng.normal(1.8, 0.25), 6
    )
    abs_mag = -2.94 * np.log10(period) - 1.34 + rng.normal(0.0, 0.2)
    physique = Physique(
        clipped_normal(rng, 0.40, 0.07, 0.2, 0.6),
        float(abs_mag),
        rng.exponential(0.25),
        speed_km_s=80.0,
    )
    return Variability(periodic(shape, period, amplitude), period), physique


def draw_cepheid(rng: np.random.Generator) -> Drawn:
    """Draw a classical Cepheid of the fundamental mode.

    The Hertzsprung progression, with its resonance at ten days: Simon & Moffett 1985,
    PASP 97, 1078; Soszynski et al. 2008, AcA 58, 163, figure 4. Periods and amplitudes:
    Pietrukowicz, Soszynski & Udalski 2021, AcA 71, 205; Klagyivik & Szabados 2009,
    A&A 504, 959. Period-luminosity relation: Ripepi et al. 2019, A&A 625, A14.
    """
    log_period = clipped_normal(rng, 0.78, 0.27, 0.35, 1.65)
    nodes = [0.3, 0.6, 0.8, 0.92, 1.0, 1.08, 1.2, 1.4, 1.7]
    r21 = np.interp(log_period, nodes, [0.46, 0.42, 0.33, 0.22, 0.14, 0.18, 0.34, 0.43, 0.42])
    r31 = np.interp(log_period, nodes, [0.22, 0.18, 0.11, 0.10, 0.09, 0.09, 0.16, 0.24, 0.26])
    phi21 = np.interp(log_period, nodes, [4.05, 4.25, 4.50, 4.80, 5.30, 4.2, 4.35, 4.6, 4.8])
    phi31 = np.interp(log_period, nodes, [1.90, 2.25, 2.80, 3.60, 5.20, 0.9, 1.6, 2.2, 2.6])
    shape = sawtooth_shape(
        float(np.clip(r21 + rng.normal(0, 0.03), 0.08, 0.55)),
        float(np.clip(r31 + rng.normal(0, 0.02), 0.02, 0.32)),
        float(phi21 + rng.normal(0, 0.08)),
        float(phi31 + rng.normal(0, 0.15)),
        7,
    )
    dip = 1.0 - 0.25 * np.exp(-(((log_period - 1.0) / 0.1) ** 2))
    amplitude = clipped_normal(rng, (0.75 + 0.35 * log_period) * dip, 0.18, 0.3, 1.7)
    period = 10**log_period
    abs_mag = -2.84 * (log_period - 1.0) - 4.5 + rng.normal(0.0, 0.15)
    colour = 0.80 + 0.28 * (log_period - 0.7) + rng.normal(0.0, 0.06)
    physique = Physique(float(colour), float(abs_mag), rng.uniform(1.5, 6.0), speed_km_s=15.0)
    return Variability(periodic(shape, period, amplitude, (1.0, 0.68, 0.52)), period), physique


def draw_cepheid_overtone(rng: np.random.Generator) -> Drawn:
    """Draw a classical Cepheid of the first overtone.

    Soszynski et al. 2008, AcA 58, 163: periods 0.6-6 d, smaller amplitudes, a resonance
    near three days.
    """
    log_period = clipped_normal(rng, 0.38, 0.17, -0.1, 0.75)
    nodes = [-0.1, 0.2, 0.4, 0.5, 0.6, 0.8]
    r21 = np.interp(log_period, nodes, [0.24, 0.20, 0.11, 0.06, 0.09, 0.13])
    phi21 = np.interp(log_period, nodes, [4.5, 4.6, 4.9, 4.4, 4.0, 4.2]) + rng.normal(0, 0.15)
    shape = fourier_shape(
        [float(np.clip(r21 + rng.normal(0, 0.02), 0.02, 0.3)), 0.06],
        [float(phi21), rng.normal(3.0, 0.7)],
    )
    period = 10**log_period
    amplitude = clipped_normal(rng, 0.48, 0.1, 0.2, 0.8)
    abs_mag = -2.84 * (log_period + 0.15 - 1.0) - 4.5 + rng.normal(0.0, 0.15)
    physique = Physique(
        0.72 + rng.normal(0, 0.06), float(abs_mag), rng.uniform(1.0, 5.0), speed_km_s=15.0
    )
    return Variability(periodic(shape, period, amplitude, (1.0, 0.68, 0.52)), period), physique


def draw_bl_herculis(rng: np.random.Generator) -> Drawn:
    """Draw a BL Herculis star: a type II Cepheid of 1 to 4 days.

    Soszynski et al. 2018, AcA 68, 89; Bono, Caputo & Santolamazza 1997 (bump moving
    from the falling to the rising branch); luminosity: Matsunaga et al. 2006, MNRAS
    370, 1979, moved to G.
    """
    log_period = rng.uniform(0.0, 0.6)
    amplitude = clipped_normal(rng, 0.85, 0.2, 0.35, 1.3)
    phi21 = np.interp(log_period, [0.0, 0.3, 0.6], [4.0, 5.0, 5.5]) + rng.normal(0, 0.2)
    phi31 = np.interp(log_period, [0.0, 0.3, 0.6], [2.2, 4.2, 5.2]) + rng.normal(0, 0.4)
    r21 = clipped_normal(rng, 0.37 - 0.3 * log_period, 0.06, 0.08, 0.5)
    r31 = clipped_normal(rng, 0.14, 0.05, 0.03, 0.3)
    shape = fourier_shape(
        [r21, r31, 0.05],
        [float(phi21), float(phi31), rng.uniform(0, 6.28)],
    )
    period = 10**log_period
    physique = _old_giant(rng, 0.65 + 0.2 * log_period, -0.4 - 1.9 * log_period)
    return Variability(periodic(shape, period, amplitude), period), physique


def draw_w_virginis(rng: np.random.Generator) -> Drawn:
    """Draw a W Virginis star: a type II Cepheid of 4 to 20 days.

    Soszynski et al. 2018, AcA 68, 89; Catelan & Smith 2015, Pulsating Stars, section 7:
    broad maxima, often flat or with a shoulder.
    """
    log_period = rng.uniform(0.65, 1.3)
    amplitude = clipped_normal(rng, 0.95, 0.2, 0.4, 1.5)
    typical = np.interp(log_period, [0.65, 0.9, 1.1, 1.3], [0.10, 0.12, 0.24, 0.28])
    r21 = clipped_normal(rng, float(typical), 0.05, 0.02, 0.4)
    r31 = clipped_normal(rng, 0.06, 0.03, 0.01, 0.15)
    shape = fourier_shape([r21, r31], [rng.normal(5.0, 0.3), rng.normal(3.9, 0.6)])
    period = 10**log_period
    physique = _old_giant(rng, 0.85 + 0.25 * (log_period - 0.65), -0.4 - 1.9 * log_period)
    return Variability(periodic(shape, period, amplitude, (1.0, 0.74, 0.6)), period), physique


def draw_rv_tauri(rng: np.random.Generator) -> Drawn:
    """Draw an RV Tauri star; the period is the formal one, with both minima in it.

    Alternating deep and shallow minima that change from cycle to cycle: Soszynski et
    al. 2018, AcA 68, 89; Bodi & Kiss 2019, ApJ 872, 60. Formal periods 40-150 d.
    """
    period = log_uniform(rng, 40.0, 130.0)
    amplitude = rng.uniform(0.6, 1.8)
    contrast = rng.uniform(0.15, 0.6)
    noise = rng.uniform(0.05, 0.15)

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        phase = (cadence.time - cadence.start) / period + rng.random()
        phase = phase + 0.03 * irregular.damped_random_walk(rng, cadence.time, 3 * period)
        angle = 2 * np.pi * phase
        regular = (
            0.5 * np.cos(2 * angle) + 0.12 * np.cos(4 * angle) + 0.5 * contrast * np.cos(angle)
        )
        wander = noise * irregular.damped_random_walk(rng, cadence.time, period)
        return amplitude * (regular + wander) * by_band(cadence, (1.0, 0.78, 0.65))

    physique = _old_giant(rng, 1.2, -0.4 - 1.9 * np.log10(period / 2), dust=rng.uniform(0.2, 1.2))
    return Variability(signal, period), physique


def _modulated(
    shape: Shape, period: float, amplitude: float, *, depth: float, cycle: float
) -> Signal:
    """Return a pulsation whose amplitude and phase swing together, a quarter cycle apart."""

    def signal(rng: np.random.Generator, cadence: Cadence) -> Array:
        t = cadence.time - cadence.start
        slow = 2 * np.pi * (t / cycle + rng.random())
        phase = t / period + rng.random() + 0.06 * depth * np.sin(slow)
        size = amplitude * (1.0 + depth * np.cos(slow)) / (1.0 + depth)
        return np.asarray(size * by_band(cadence, BAND_RATIOS_PULSATOR) * shape(phase))

    return signal


def _horizontal_branch(rng: np.random.Generator, bp_rp: float) -> Physique:
    return Physique(
        bp_rp + rng.normal(0.0, 0.05),
        rng.normal(0.60, 0.12),
        rng.exponential(0.25),
        speed_km_s=150.0,
    )


def _old_giant(
    rng: np.random.Generator, bp_rp: float, abs_mag: float, dust: float = 0.0
) -> Physique:
    return Physique(
        bp_rp + rng.normal(0.0, 0.07),
        abs_mag + rng.normal(0.0, 0.2),
        rng.exponential(0.4),
        w1_w2=-0.03 + 0.25 * dust,
        dust_mag=dust,
        speed_km_s=110.0,
    )
