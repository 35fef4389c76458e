"""Simulated light curves with what makes kernels stumble."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from scope.lightcurves import LightCurves

Floats = npt.NDArray[np.float64]


def sine(phase: Floats) -> Floats:
    """A sine wave with a harmonic."""
    return np.sin(2 * np.pi * phase) + 0.3 * np.cos(4 * np.pi * phase)


def sawtooth(phase: Floats) -> Floats:
    """The shape of an RR Lyrae star."""
    return np.where(phase < 0.85, phase / 0.85, (1 - phase) / 0.15) - 0.5


def eclipses(phase: Floats) -> Floats:
    """Two eclipses of unequal depth, 6 per cent of the cycle each."""
    return np.where(phase < 0.06, 1.0, np.where(np.abs(phase - 0.5) < 0.03, 0.4, 0.0))


def flat(phase: Floats) -> Floats:
    """No variation."""
    return np.zeros_like(phase)


SHAPES = (sine, sawtooth, eclipses, flat)


def curve(
    n: int,
    *,
    baseline: float = 40.0,
    period: float = 1.234,
    amplitude: float = 0.4,
    shape: int = 0,
    noise: float = 0.03,
    seed: int = 0,
) -> LightCurves:
    """One curve of `n` points at random times."""
    rng = np.random.default_rng([seed, n])
    t = 58200.0 + np.sort(rng.uniform(0.0, baseline, n))
    if n > 1:
        t[0], t[-1] = 58200.0, 58200.0 + baseline
    e = rng.uniform(0.5, 1.5, n) * noise
    m = 16.0 + amplitude * SHAPES[shape]((t / period) % 1.0) + rng.normal(0.0, e)
    return LightCurves(np.array([n]), np.array([0, n]), t, m, e)


def joined(curves: Sequence[LightCurves]) -> LightCurves:
    """Curves with ids 0, 1, 2, ..."""
    parts = LightCurves.concatenate(list(curves))
    return LightCurves(np.arange(len(parts)), parts.offsets, parts.time, parts.mag, parts.magerr)


def assorted() -> LightCurves:
    """Nine curves: four shapes, few and many points, and two that have no period."""
    constant = curve(60)
    constant = LightCurves(
        constant.ids, constant.offsets, constant.time, np.full(60, 16.0), constant.magerr
    )
    return joined(
        [
            curve(50, shape=0),
            curve(217, baseline=33.3, period=0.771, shape=1),
            curve(300, baseline=25.0, period=2.9, shape=2, noise=0.01),
            curve(90, shape=3),
            constant,
            curve(2),
            curve(6, baseline=11.0),
            curve(20, period=0.9),
            curve(129, baseline=60.0, period=21.0, shape=0),
        ]
    )
