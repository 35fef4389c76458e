"""Light curves without a period: noise processes, outbursts, dips, flares, trends.

Each function returns magnitudes relative to the star's mean or quiet state; positive is
fainter.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scope.surveys.simulation.cadence import Cadence

Array = npt.NDArray[np.float64]


def damped_random_walk(rng: np.random.Generator, time: Array, tau_days: float) -> Array:
    """Draw a damped random walk of unit standard deviation at sorted times.

    `time` (days) and the result: (n,) float64.

    Notes
    -----
    Exact transition of the Ornstein-Uhlenbeck process (Kelly, Bechtold & Siemiginowska
    2009, ApJ 698, 895, equation A4).
    """
    keep = np.exp(-np.diff(time) / tau_days)
    kick = np.sqrt(1.0 - keep**2) * rng.standard_normal(len(keep))
    value = float(rng.standard_normal())
    path = [value]
    for a, b in zip(keep.tolist(), kick.tolist(), strict=True):
        value = a * value + b
        path.append(value)
    return np.array(path)


def dwarf_nova(
    rng: np.random.Generator,
    cadence: Cadence,
    *,
    recurrence_days: float,
    amplitude_mag: float,
    decay_days_per_mag: float,
    plateau_days: float,
    flickering_mag: float,
) -> Array:
    """Draw the outbursts of a dwarf nova over flickering quiescence.

    Fast rise, plateau, exponential decay of the flux (Bailey 1975), brightness and
    waiting times scattered from outburst to outburst; every fifth or so outburst is a
    longer and brighter one (superoutburst). Outbursts are bluer than quiescence.

    (n,) float64, magnitudes relative to quiescence, one per epoch.
    """
    time = cadence.time
    flux = np.ones(len(time))
    onset = cadence.start - recurrence_days * rng.random()
    while onset < time[-1]:
        is_super = rng.random() < 0.2
        height = amplitude_mag + rng.normal(0.0, 0.25) + 0.6 * is_super
        flat = plateau_days * (3.0 if is_super else 1.0) * rng.uniform(0.6, 1.4)
        since = time - onset
        rise = rng.uniform(0.3, 1.2)
        drop = np.where(since < flat, 0.08 * np.maximum(since, 0.0), 0.08 * flat)
        drop = drop + np.maximum(since - flat, 0.0) / decay_days_per_mag
        drop = np.where(since < 0, -since / rise * height, drop)
        flux += 10.0 ** (0.4 * np.maximum(height - drop, -20.0))
        onset += recurrence_days * rng.gamma(6.0, 1.0 / 6.0) + flat
    outburst = -2.5 * np.log10(flux)
    # The accretion disc in outburst is hotter than in quiescence.
    outburst = outburst * np.where(cadence.band == 1, 1.0, np.where(cadence.band == 2, 0.93, 0.85))
    return outburst + flickering_mag * damped_random_walk(rng, time, 0.04)


def dipper(
    rng: np.random.Generator,
    cadence: Cadence,
    *,
    period_days: float,
    depth_mag: float,
    duty: float,
    drift_mag: float,
) -> Array:
    """Draw the dips of a young star whose warped inner disc passes the line of sight.

    Dips return with the rotation of the inner disc, each with its own depth, width and
    phase, or are absent (Cody et al. 2014, AJ 147, 82; Bouvier et al. 1999, A&A 349,
    619); dust dims g more than r.

    (n,) float64, magnitudes that the light falls by, one per epoch.
    """
    time = cadence.time
    cycle = np.floor((time - cadence.start) / period_days).astype(int)
    count = cycle.max() + 2
    depth = depth_mag * rng.gamma(2.0, 0.5, count) * (rng.random(count) < 0.8)
    centre = np.arange(count) + 0.5 + rng.normal(0.0, 0.08, count)
    width = duty * np.exp(rng.normal(0.0, 0.3, count)) / 2.0
    phase = (time - cadence.start) / period_days
    dip = np.zeros(len(time))
    for shift in (-1, 0, 1):
        k = np.clip(cycle + shift, 0, count - 1)
        dip = np.maximum(dip, depth[k] * np.exp(-(((phase - centre[k]) / width[k]) ** 4)))
    slow = drift_mag * damped_random_walk(rng, time, 60.0)
    dust = np.where(cadence.band == 1, 1.0, np.where(cadence.band == 2, 0.75, 0.57))
    return (dip + slow) * dust


def accretion_bursts(
    rng: np.random.Generator, cadence: Cadence, *, amplitude_mag: float, tau_days: float
) -> Array:
    """Draw the irregular accretion of a T Tauri star: red noise, skewed to bright bursts.

    Cody et al. 2014, AJ 147, 82; Findeisen, Cody & Hillenbrand 2015, ApJ 798, 89.

    (n,) float64, magnitudes, one per epoch.
    """
    slow = damped_random_walk(rng, cadence.time, tau_days)
    fast = damped_random_walk(rng, cadence.time, 0.8)
    burst = np.exp(0.5 * (0.9 * slow + 0.45 * fast))
    blue = np.where(cadence.band == 1, 1.0, np.where(cadence.band == 2, 0.72, 0.55))
    return -amplitude_mag * (burst - 1.0) * blue


def flares(
    rng: np.random.Generator,
    cadence: Cadence,
    *,
    per_day: float,
    smallest_mag: float,
    red_fraction: float,
) -> Array:
    """Draw the flares of an active M dwarf.

    Amplitudes in flux follow a power law (Hawley et al. 2014, ApJ 797, 121), the shape
    is the rise and double exponential decay of Davenport et al. 2014 (ApJ 797, 122,
    equations 1 and 4); the flare is far bluer than the star (Kowalski et al. 2013).
    """
    time = cadence.time
    count = rng.poisson(per_day * (cadence.baseline + 1.0))
    peak = cadence.start - 0.5 + (cadence.baseline + 1.0) * np.sort(rng.random(count))
    energy = 1.0 - rng.random(count)
    height = (10.0 ** (0.4 * smallest_mag) - 1.0) * np.minimum(energy ** (-1.0 / 0.9), 60.0)
    width = 6.0 / 1440.0 * np.exp(rng.normal(0.0, 0.5, count)) * energy**-0.3
    flux = np.zeros(len(time))
    # Only flares that began shortly before an exposure are seen in it.
    last = np.searchsorted(peak, time + 0.02)
    for back in range(1, 13):
        k = last - back
        valid = k >= 0
        k = np.maximum(k, 0)
        phase = (time - peak[k]) / width[k] if count else np.zeros(len(time))
        flux += np.where(valid, height[k] * _flare_shape(phase), 0.0) if count else 0.0
    colour = np.where(
        cadence.band == 1, 1.0, np.where(cadence.band == 2, red_fraction, 0.4 * red_fraction)
    )
    return np.asarray(-2.5 * np.log10(1.0 + flux * colour))


def _flare_shape(phase: Array) -> Array:
    """Return a flare's flux over its peak; phase in units of its width at half maximum."""
    x = np.clip(phase, -1.0, 0.0)
    rise = 1.0 + 1.941 * x - 0.175 * x**2 - 2.246 * x**3 - 1.125 * x**4
    after = np.maximum(phase, 0.0)
    decay = 0.6890 * np.exp(-1.600 * after) + 0.3030 * np.exp(-0.2783 * after)
    return np.where(phase < -1.0, 0.0, np.where(phase < 0.0, rise, decay))


def slow_trend(
    rng: np.random.Generator, cadence: Cadence, *, amplitude_mag: float, timescale_days: float
) -> Array:
    """Draw a change over years: a ramp, an arc or a step that eases in.

    (n,) float64, magnitudes, one per epoch.
    """
    x = (cadence.time - cadence.start) / timescale_days
    kind = rng.integers(0, 3)
    sign = rng.choice([-1.0, 1.0])
    if kind == 0:
        value = x
    elif kind == 1:
        value = 0.5 * np.sin(np.pi * x + rng.uniform(0.0, 2 * np.pi))
    else:
        value = 1.0 / (1.0 + np.exp(-(x - rng.uniform(0.25, 0.75)) * rng.uniform(6.0, 20.0)))
    colour = np.where(cadence.band == 1, 1.0, np.where(cadence.band == 2, 0.85, 0.75))
    return sign * amplitude_mag * (value - value.mean()) * colour


def unstable_oscillation(
    rng: np.random.Generator, time: Array, *, period_days: float, coherence_days: float
) -> Array:
    """Draw a noisy oscillation of unit mean square amplitude around a period.

    A damped, randomly driven oscillator: amplitude and phase wander on the coherence
    time, as in semiregular variables (Christensen-Dalsgaard, Kjeldsen & Mattei 2001,
    ApJ 562, L141; Bedding et al. 2005, MNRAS 361, 1375).

    `time` (days) and the result: (n,) float64.
    """
    cosine = damped_random_walk(rng, time, coherence_days)
    sine = damped_random_walk(rng, time, coherence_days)
    angle = 2 * np.pi * time / period_days
    return np.asarray(cosine * np.cos(angle) + sine * np.sin(angle))
