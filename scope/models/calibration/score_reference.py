"""Distribution of the log-odds of a class in training, and the distance of a target from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

BINS_PER_UNIT = 128
"""Log-odds are counted in bins this fine, here and over the rows of a target."""

_REFERENCE_POINTS = 33


def log_odds_bin(value: Floats) -> npt.NDArray[np.int64]:
    """Return the bin of log-odds, (n,) int64.

    `value`: (n,) float64.
    """
    return np.floor(np.asarray(value) * BINS_PER_UNIT).astype(np.int64)


@dataclass(frozen=True)
class ScoreReference:
    """The distribution of the log-odds of a class in training, of either side.

    Attributes
    ----------
    bins : tuple of int
        Bins of log-odds, ascending; see `log_odds_bin`.
    positive, negative : tuple of float
        Part of the rows of the class, and of the others, in these bins and below.
    """

    bins: tuple[int, ...]
    positive: tuple[float, ...]
    negative: tuple[float, ...]

    @classmethod
    def of(cls, value: Floats, target: Bools) -> ScoreReference | None:
        """Return the distribution of values, (n,) float64; None if a side has none.

        `target`, (n,) bool, says which are of the class; `value`: (n,) float64, log-odds.
        """
        if target.all() or not target.any():
            return None
        places = log_odds_bin(value)
        sides = places[target], places[~target]
        steps = np.linspace(0, 1, _REFERENCE_POINTS)
        bins = np.unique([np.quantile(side, steps, method="inverted_cdf") for side in sides])
        below = [np.searchsorted(np.sort(side), bins, "right") / len(side) for side in sides]
        return cls(tuple(bins.tolist()), tuple(below[0].tolist()), tuple(below[1].tolist()))

    @property
    def separation(self) -> float:
        """Largest difference of the distribution functions of both sides."""
        return float(np.abs(np.subtract(self.positive, self.negative)).max())

    def distance(self, value: Floats, counts: npt.NDArray[Any], frequency: float) -> float:
        """Return how far values are from a mixture of both sides.

        Parameters
        ----------
        value : (m,) float64
            Log-odds.
        counts : (m,) number
            How many rows have each of them.
        frequency : float
            Part of the class in the mixture.

        Returns
        -------
        float
            Largest difference of the distribution functions, 0 to 1.
        """
        places = log_odds_bin(value)
        order = np.argsort(places, kind="stable")
        below = np.concatenate([[0.0], np.cumsum(np.asarray(counts, dtype=np.float64)[order])])
        found = below[np.searchsorted(places[order], self.bins, "right")] / max(below[-1], 1.0)
        mixed = frequency * np.array(self.positive) + (1 - frequency) * np.array(self.negative)
        return float(np.abs(found - mixed).max())
