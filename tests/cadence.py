"""Whether the cadence alone tells variable from constant light curves of a training set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scope.features.dmdt import dmdt
from scope.lightcurves.cleaning import CleaningOptions
from scope.lightcurves.curves import LightCurves
from scope.surveys.label_map import NOT_VARIABLE
from scope.surveys.twins import read_parents, read_truth

QUANTILES = (0.0, 0.1, 0.5, 0.9, 1.0)


class Rows:
    """Light curves without their magnitudes, their stars and what is known of them.

    Parameters
    ----------
    files : sequence of pairs of path
        Light curves and truth.
    """

    def __init__(
        self, files: Sequence[tuple[Path, Path]], cleaning: CleaningOptions, seed: int = 1
    ) -> None:
        rng = np.random.default_rng(seed)
        found, self.stars, variable, self.surveys = [], [], [], []
        for curves, truth in files:
            for row in read_parents(curves, read_truth(truth), cleaning):
                constant = NOT_VARIABLE in row.labels
                if constant == ("variable" in row.labels):
                    continue  # bad photometry, and what is not known
                found.append(_cadence(rng, row.time, row.magerr))
                variable.append(not constant)
                self.stars.append(row.star)
                self.surveys.append(row.survey)
        self.values = np.array(found)
        self.variable = np.array(variable)


def _cadence(
    rng: np.random.Generator, time: npt.NDArray[np.float64], magerr: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return number of epochs, span, gaps, errors, and the dmdt of noise at these errors.

    Shuffled magnitudes would tell the amplitude, which is no cadence.
    """
    n = len(time)
    gaps = np.log(np.diff(time))
    noise = magerr * rng.standard_normal(n)
    curve = LightCurves(np.array([1]), np.array([0, n]), time, noise, magerr)
    numbers = [n, time[-1] - time[0], time[0] % 1.0]
    # Levels, so that what counts is when and how well, and not how bright.
    parts = (numbers, np.quantile(gaps, QUANTILES), np.quantile(magerr, QUANTILES))
    return np.concatenate([*parts, dmdt(curve)[0].ravel()])


def cadence_auc(rows: Rows, folds: int = 5) -> float:
    """Return the area under the curve of trees, each star scored by trees of others."""
    import xgboost
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold

    scores = np.zeros(len(rows.variable))
    for learnt, left_out in GroupKFold(folds).split(rows.values, groups=rows.stars):
        model = xgboost.XGBClassifier(
            n_estimators=60, max_depth=4, learning_rate=0.1, subsample=0.7, n_jobs=1
        )
        model.fit(rows.values[learnt], rows.variable[learnt])
        scores[left_out] = model.predict_proba(rows.values[left_out])[:, 1]
    return float(roc_auc_score(rows.variable, scores))
