"""Whether a period may stand for another: aliases of day, month and year, and harmonics.

Observing from the ground repeats by the day (solar and sidereal), the lunar month and the
year. A signal of frequency f then has aliases at abs(f - k w) and f + k w, with w one of those
frequencies and k a small integer; and a curve that is no sine wave has power at harmonics of its
frequency. A period is flagged where another peak of the same search stands in such a
relation to it and is nearly as strong: which of the two is right is then a close call.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

WINDOWS = {
    "alias_day": (1.0, 1.0027379),
    "alias_month": (1.0 / 29.530589,),
    "alias_year": (1.0 / 365.25,),
}
"""Flag -> frequencies at which observing repeats, 1/d."""
MULTIPLES = (1, 2)
HARMONIC = "harmonic"
RATIOS = (1 / 2, 2.0, 1 / 3, 3.0, 2 / 3, 3 / 2)
FLAGS = (*WINDOWS, HARMONIC)
N_PEAKS = 10
"""Distinct peaks of a search that are compared, the best one with the others."""
STRONG = 0.9
"""A peak with this part of the best one's significance, or more, may be the right one."""


def relations(
    period: npt.ArrayLike, significance: npt.ArrayLike, baseline_days: float
) -> dict[str, bool]:
    """Return the relations of the best peak of a search to strong other ones.

    Parameters
    ----------
    period, significance : (k,) array
        Distinct peaks, best first: days, and the search's own significance. The first
        `N_PEAKS` count.
    baseline_days : float
        Frequencies closer than 1/baseline are the same. A month or a year of which there
        are fewer than two in the baseline leaves no separate alias and is never flagged.

    Returns
    -------
    dict of bool
        By the names of `FLAGS`.
    """
    frequency = 1.0 / np.asarray(period, dtype=np.float64)[:N_PEAKS]
    strength = np.asarray(significance, dtype=np.float64)[:N_PEAKS]
    if len(frequency) < 2:
        return dict.fromkeys(FLAGS, False)
    best, others = frequency[0], frequency[1:][strength[1:] >= STRONG * strength[0]]
    width = 1.0 / baseline_days
    flags = {name: _aliased(best, others, window, width) for name, window in WINDOWS.items()}
    flags[HARMONIC] = any(
        bool(np.any(np.abs(others - ratio * best) < max(ratio, 1.0) * width)) for ratio in RATIOS
    )
    return flags


def _aliased(
    best: float, others: npt.NDArray[np.float64], window: tuple[float, ...], width: float
) -> bool:
    """Whether one of the other frequencies and the best one are aliases of each other."""
    for step in window:
        # Of a window seen less than twice the alias is no peak of its own.
        if step < 2.0 * width:
            continue
        for multiple in MULTIPLES:
            shift = multiple * step
            near = np.abs(np.abs(others - best) - shift) < width
            # A frequency below the window's has its alias on the other side of 0.
            mirrored = np.abs(others + best - shift) < width
            if np.any(near | mirrored):
                return True
    return False
