"""Rows whose period may stand for a slow change: what is said of them, whatever the scores.

A star that is seen once a night and changed once, over months, also fits a period whose
frequency, or its double or triple, is near a whole number of cycles per day (``alias_trend``,
`scope.schema.ALIAS_TREND`). What was seen does not tell it from a periodic star, and neither can
a model. Of such rows therefore:

- no class of periodic stars is more probable than one half, by any algorithm or by all;
- none reaches the cut that is recommended for the class;
- the prediction set of a class that is held down so says both, in the class and not in it;
- and the row says nothing of how frequent the class is among the light curves of the target.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scope.models.calibration.calibrators import log_odds
from scope.models.calibration.class_tree import ClassTree
from scope.schema import ALIAS_TREND

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

EVEN = 0.0
"""Log-odds of one half."""

_JUST = 1e-3
"""Log-odds by which a held probability is below a cut, which float32 still shows."""


@dataclass(frozen=True)
class UndecidedRows:
    """Rows with such a period, and the classes that this concerns.

    Attributes
    ----------
    flags : (n,) bool
    tree : ClassTree
        Knows the classes of periodic stars.
    """

    flags: Bools
    tree: ClassTree

    @classmethod
    def of(cls, scores: pa.Table, rows: Bools, tree: ClassTree) -> Self:
        """Return those of a table.

        Parameters
        ----------
        scores : table
            With ``alias_trend`` (bool, null where it is not known) where the catalogue has it.
        rows : (m,) bool
            Rows with scores, n of them.
        tree : ClassTree
        """
        if ALIAS_TREND.name not in scores.schema.names:
            return cls(np.zeros(int(rows.sum()), dtype=bool), tree)
        flags = pc.fill_null(scores.column(ALIAS_TREND.name), False)
        return cls(np.asarray(flags.to_numpy(zero_copy_only=False))[rows], tree)

    def for_class(self, tag: str) -> Bools:
        """Return which rows, (n,) bool, tell nothing of a class: none, if it has no period."""
        return self.flags if self.tree.has_period(tag) else np.zeros_like(self.flags)

    def hold(self, tag: str, values: Floats, most: float = EVEN) -> Floats:
        """Return log-odds of a class, (n,) float64, in these rows `most` at most.

        `values`: (n,) float64.
        """
        return np.where(self.for_class(tag), np.minimum(values, most), values)


def log_odds_below_cut(cut: float | None) -> float:
    """Return the log-odds up to which a row is held: even, and just below the recommended cut.

    Parameters
    ----------
    cut : float or None
        Probability from which on the class is taken as found; None where there is no cut.
    """
    if cut is None or not 0.0 < cut < 1.0:
        return EVEN
    return min(EVEN, float(log_odds(np.array([cut]))[0]) - _JUST)
