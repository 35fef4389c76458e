"""Light curves that the tests of the features share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scope.lightcurves import LightCurves


def one(
    time: npt.ArrayLike,
    mag: npt.ArrayLike,
    magerr: npt.ArrayLike | float = 0.02,
    *,
    time_zero_hjd: float = 2400000.5,
) -> LightCurves:
    """Wrap one light curve."""
    t = np.asarray(time, dtype=np.float64)
    m = np.asarray(mag)
    e = np.broadcast_to(np.asarray(magerr, dtype=m.dtype), m.shape).copy()
    return LightCurves(np.array([1]), np.array([0, len(t)]), t, m, e, time_zero_hjd=time_zero_hjd)


def random_curves(n: int, seed: int = 0, low: int = 60, high: int = 200) -> LightCurves:
    """Return seeded curves: sinusoids with noise, irregular epochs over 300 days."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(low, high, n)
    curves = []
    for i, length in enumerate(lengths):
        t = np.sort(rng.uniform(58200.0, 58500.0, length))
        e = rng.uniform(0.01, 0.05, length)
        signal = rng.uniform(0.0, 0.4) * np.sin(2.0 * np.pi * t / rng.uniform(1.5, 80.0))
        m = rng.uniform(14.0, 20.0) + signal + rng.normal(0.0, e)
        curves.append(LightCurves(np.array([10 + 3 * i]), np.array([0, length]), t, m, e))
    return LightCurves.concatenate(curves)


CHECK_TIME = 2458200.0 + np.array([0, 1, 3, 4.5, 7, 8, 10, 13])
CHECK_MAG = np.array([15.0, 15.2, 14.9, 15.1, 15.3, 14.8, 15.05, 15.15])
CHECK_ERR = np.array([0.02, 0.03, 0.02, 0.025, 0.03, 0.02, 0.02, 0.025])


def check_curve() -> LightCurves:
    """Return the curve of the check values of SCoPe's statistics and dmdt."""
    return one(CHECK_TIME, CHECK_MAG, CHECK_ERR, time_zero_hjd=0.0)
