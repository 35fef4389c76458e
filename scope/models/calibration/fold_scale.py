"""Scores of the models of folds, on the scale of the model that ships.

Networks that learnt from nearly the same stars order new stars alike, and yet one is surer
than the other, which calibration would take for a property of the stars; trees differ less,
but do. Validation stars, from which none of them learnt, tell by how much: their scores have
certain quantiles by either, and the map takes those of the one to those of the other
(quantile matching). No label has a part in it: a model without skill stays without.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scope.models.calibration.calibrators import from_log_odds, log_odds

LEAST_ROWS = 50
"""Validation rows from which on scores are matched; with fewer they stay as they are."""

MOST_LEVELS = 40
"""Quantiles that are matched at most."""

Scores = npt.NDArray[np.float32]


def on_scale(scores: Scores, by_fold: Scores, by_whole: Scores) -> Scores:
    """Return the scores of a fold's model as the whole model would have given them.

    The map rises. It is piecewise linear on log-odds between as many matched quantiles as the
    square root of the number of validation rows, and a shift beyond the outermost ones.

    Parameters
    ----------
    scores : (n,) float32
        Of rows that the fold's model did not learn from.
    by_fold, by_whole : (m,) float32
        Scores of validation rows by the model of the fold and by the whole one.

    Returns
    -------
    (n,) float32
        In the order of `scores`.
    """
    if len(by_fold) < LEAST_ROWS:
        return scores
    n_levels = min(round(np.sqrt(len(by_fold))), MOST_LEVELS)
    levels = (np.arange(n_levels) + 0.5) / n_levels
    before, after = (np.quantile(log_odds(part), levels) for part in (by_fold, by_whole))
    # Where the fold's model has one score for several quantiles, the mean of theirs.
    before, place = np.unique(before, return_inverse=True)
    after = np.bincount(place, after) / np.bincount(place)
    value = log_odds(scores)
    inside = np.clip(value, before[0], before[-1])
    moved = np.interp(inside, before, after) + (value - inside)
    return np.asarray(from_log_odds(moved), dtype=np.float32)
