"""Which stars of a field do not visibly vary, by what no model sees.

A star that varies does so in any half of its epochs. The epochs of a light curve are dealt to
two disjoint halves, every other one to each, and two things are looked for in both:

- *a period*: the frequency at which the smaller of the two periodograms is highest,
- *slow change*: the correlation of the two halves' means in windows of 30 days.

Noise is independent in the halves and agrees by chance alone; how often, the same numbers of
shuffled light curves of the same field say. Nothing of it is a feature: models see statistics
and periods of whole light curves, not whether halves agree.

Most stars of a field are constant to the precision of a survey, some vary below it, and few
above. Those left after the visibly varying ones are taken away are unlabelled stars among which
few positives remain: taking them for negatives scales probabilities by nearly one and leaves the
order of stars (Elkan & Noto 2008, Proc. KDD, 213). Correlated noise that repeats, with the
seasons or the Moon, agrees in both halves too: some negatives of that kind are lost.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scope.lightcurves.curves import LightCurves
from scope.lightcurves.nulls import shuffled

Floats = npt.NDArray[np.float64]

HIGHEST_FREQUENCY = 12.0
"""Cycles per day. Faster stars pulsate by little: few of a field, and mostly below the noise."""

SAMPLES_PER_PEAK = 3
WINDOW_DAYS = 30.0
LEAST_WINDOWS = 4
LEAST_EPOCHS = 12
"""Epochs of a light curve from which on halves say something."""


class Agreement(NamedTuple):
    """Agreement between the halves of light curves; larger is more.

    Attributes
    ----------
    period : (n,) float64
        Significance, -ln of the chance of a single frequency, reached in both halves at one
        frequency; NaN with fewer than `LEAST_EPOCHS`.
    slow : (n,) float64
        Correlation of the means in windows, times the root of their number; NaN with fewer than
        `LEAST_WINDOWS`.
    """

    period: Floats
    slow: Floats


def half_agreement(lightcurves: LightCurves) -> Agreement:
    """Compare the halves of cleaned light curves.

    Parameters
    ----------
    lightcurves : LightCurves
        n light curves, times ascending in each.
    """
    found = np.full((2, len(lightcurves)), np.nan)
    for row in range(len(lightcurves)):
        curve = lightcurves[row : row + 1]
        if len(curve.time) < LEAST_EPOCHS:
            continue
        time = curve.time - curve.time[0]
        halves = [
            (time[k::2], curve.mag[k::2].astype(float), curve.magerr[k::2].astype(float))
            for k in (0, 1)
        ]
        found[0, row] = _common_period(halves, time[-1])
        found[1, row] = _common_trend(halves)
    return Agreement(found[0], found[1])


def is_quiet(lightcurves: LightCurves, chance: float, seed: int = 0) -> npt.NDArray[np.bool_]:
    """Return which light curves show nothing in both halves, (n,) bool.

    Parameters
    ----------
    lightcurves : LightCurves
        n cleaned light curves of one field.
    chance : float
        Of a constant star, to be taken for varying by either of both signs.
    seed : int
        Of the shuffled light curves that say what chance does.
    """
    real = half_agreement(lightcurves)
    null = half_agreement(shuffled(lightcurves, seed))
    quiet = np.ones(len(lightcurves), dtype=np.bool_)
    for values, by_chance in zip(real, null, strict=True):
        known = by_chance[np.isfinite(by_chance)]
        if len(known):
            # A NaN is above nothing: what says nothing takes no star away.
            quiet &= ~(values > np.quantile(known, 1.0 - chance))
    return quiet


def _weights(magerr: Floats) -> Floats:
    weight = magerr**-2.0
    return np.asarray(weight / weight.sum(), dtype=np.float64)


def _common_period(halves: list[tuple[Floats, Floats, Floats]], baseline: float) -> float:
    """Return the highest significance that both periodograms reach at one frequency."""
    from scope.periods.kernels.power import power_at

    step = 1.0 / (SAMPLES_PER_PEAK * max(baseline, 1.0))
    count = int(HIGHEST_FREQUENCY / step)
    frequencies = step * np.arange(1, count + 1, dtype=np.float64)
    both = []
    for time, mag, magerr in halves:
        weight = _weights(magerr)
        centred = np.asarray(mag - weight @ mag, dtype=np.float64)
        power = power_at(time, centred, weight, frequencies)
        # Of noise, a power is exceeded with the chance (1 - p)^((n - 3) / 2) (Zechmeister &
        # Kuerster 2009, A&A 496, 577, table 1).
        both.append(-(len(time) - 3) / 2 * np.log1p(-np.minimum(power, 1 - 1e-12)))
    return float(np.minimum(*both).max())


def _common_trend(halves: list[tuple[Floats, Floats, Floats]]) -> float:
    """Return the correlation of the halves' means in windows, in units of its chance scatter."""
    means = []
    for time, mag, magerr in halves:
        window = (time / WINDOW_DAYS).astype(int)
        weight = magerr**-2
        total = np.bincount(window, weight, minlength=1)
        means.append(
            dict(
                zip(
                    np.flatnonzero(total).tolist(),
                    np.bincount(window, weight * mag)[total > 0] / total[total > 0],
                    strict=True,
                )
            )
        )
    shared = sorted(means[0].keys() & means[1].keys())
    if len(shared) < LEAST_WINDOWS:
        return float("nan")
    first, second = (np.array([mean[window] for window in shared]) for mean in means)
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1] * np.sqrt(len(shared)))
