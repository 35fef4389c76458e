"""Scores of the models of folds, on the scale of the model that ships.

Networks that learnt from nearly the same stars order new stars alike, and yet one is surer
than the other, which calibration would take for a property of the stars. Validation stars,
from which none of them learnt, tell by how much: their scores have certain quantiles by
either, and the map takes those of the one to those of the other (quantile matching).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scope.classifiers.calibrators import from_log_odds, log_odds

MOST_LEVELS = 40
"""Quantiles that are matched at most."""

Scores = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]


def on_scale(scores: Scores, by_fold: Scores, by_whole: Scores) -> Scores:
    """Return the scores of a fold's model as the whole model would have given them.

    The map is piecewise linear on log-odds between as many matched quantiles as the square
    root of the number of validation rows, and a shift beyond the outermost ones. All rows are
    of one side of the class, since the surer model moves the two apart.

    Parameters
    ----------
    scores : (n,) float32
        Of rows that the fold's model did not learn from.
    by_fold, by_whole : (m,) float32
        Scores of validation rows by the model of the fold and by the whole one. With none
        the scores stay as they are.

    Returns
    -------
    (n,) float32
        In the order of `scores`.
    """
    if not len(by_fold):
        return scores
    n_levels = int(np.clip(round(np.sqrt(len(by_fold))), 1, MOST_LEVELS))
    levels = (np.arange(n_levels) + 0.5) / n_levels
    before, after = (np.quantile(log_odds(part), levels) for part in (by_fold, by_whole))
    # Where the fold's model has one score for several quantiles, the mean of theirs.
    before, place = np.unique(before, return_inverse=True)
    after = np.bincount(place, after) / np.bincount(place)
    value = log_odds(scores)
    inside = np.clip(value, before[0], before[-1])
    moved = np.interp(inside, before, after) + (value - inside)
    return np.asarray(from_log_odds(moved), dtype=np.float32)
