"""Simulated light curves of known period."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from scope.lightcurves import LightCurves
from scope.periods.api import prepare_curve
from scope.periods.backends import Curve

Floats = npt.NDArray[np.float64]
Shape = Callable[[Floats], Floats]


def sine(phase: Floats) -> Floats:
    """A sine wave of amplitude 0.2."""
    return 0.2 * np.sin(2 * np.pi * phase)


def sawtooth(phase: Floats) -> Floats:
    """Slow fading, steep brightening, like an RR Lyrae star of type ab."""
    return np.where(phase < 0.85, phase / 0.85, (1 - phase) / 0.15) * 0.8


def contact(phase: Floats) -> Floats:
    """Two minima of equal depth per cycle, like a W Ursae Majoris star."""
    return 0.2 * np.cos(4 * np.pi * phase) + 0.06 * np.cos(8 * np.pi * phase)


def detached(phase: Floats) -> Floats:
    """Two eclipses of unequal depth, 4 % of the cycle each."""
    second = np.abs(phase - 0.5) < 0.02
    return np.where((phase < 0.02) | (phase >= 0.98), 0.6, np.where(second, 0.25, 0.0))


def flat(phase: Floats) -> Floats:
    """No variation."""
    return np.zeros_like(phase)


def nightly(rng: np.random.Generator, n: int, baseline: float) -> Floats:
    """Times of observations at night, in seasons of 200 days."""
    day = rng.uniform(0.0, baseline, 8 * n)
    day = np.floor(day[day % 365.25 < 200.0])[:n]
    return 58200.0 + np.sort(day + rng.uniform(0.1, 0.45, len(day)))


def simulate(
    shape: Shape,
    *,
    period: float = 0.7,
    n: int = 150,
    baseline: float = 60.0,
    noise: float = 0.02,
    seed: int = 0,
    at_night: bool = False,
) -> tuple[Floats, Floats, Floats]:
    """Times (days), magnitudes and errors."""
    rng = np.random.default_rng([seed, n])
    uniform = 58200.0 + np.sort(rng.uniform(0.0, baseline, n))
    time = nightly(rng, n, baseline) if at_night else uniform
    error = noise * rng.uniform(0.5, 1.5, len(time))
    mag = 16.0 + shape((time / period) % 1.0) + rng.normal(0.0, error)
    return time, mag, error


def curve(shape: Shape, **arguments: float | int | bool) -> Curve:
    """One simulated curve as backends take it, in arrays that must not be written to."""
    prepared = prepare_curve(*simulate(shape, **arguments))  # type: ignore[arg-type]
    assert prepared is not None
    for array in prepared:
        array.flags.writeable = False
    return prepared


def joined(parts: Sequence[tuple[Floats, Floats, Floats]]) -> LightCurves:
    """Light curves with ids 1, 2, ..., in arrays that must not be written to."""
    columns = [np.concatenate([part[i] for part in parts]) for i in range(3)]
    for array in columns:
        array.flags.writeable = False
    offsets = np.concatenate([[0], np.cumsum([len(part[0]) for part in parts])])
    return LightCurves(np.arange(1, len(parts) + 1), offsets.astype(np.int64), *columns)
