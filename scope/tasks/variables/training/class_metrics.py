"""Metrics of one class, as they stand in ``metrics.json``."""

from __future__ import annotations

from typing import Any

import numpy as np

from scope.models.calibration.class_calibration import ClassCalibration
from scope.models.evaluation.held_out_metrics import (
    Judged,
    judge_probabilities,
    judge_scores,
    judge_sets,
    judge_slices,
    purity,
)
from scope.models.evaluation.score_metrics import score_metrics
from scope.models.training.splits import TEST, TRAIN, VALIDATION
from scope.tasks.variables.training.training_scores import TrainingScores

CONSTANT_SPAN = 1e-3
"""A class whose scores differ by less over the whole training set is refused."""


def judge_class(
    scores: TrainingScores, tag: str, calibration: ClassCalibration | None, *, seed: int = 0
) -> dict[str, Any]:
    """Return the figures of a class.

    Parameters
    ----------
    calibration : ClassCalibration or None
        None where training was told to fit none.
    seed : int
        Of the draws of stars.

    Returns
    -------
    dict
        ``out_of_fold`` and ``val``: figures of `score_metrics`. On test stars: ``test``,
        those of `judge_scores`; ``as_probability``, those of `judge_probabilities` on the
        bare scores; ``calibrated``, the same after calibration, and ``sets``, those of
        `judge_sets` (both null without probabilities; of observed stars alone, where
        calibration is); ``recommended``, the cut, what it
        is on, and its completeness and contamination; ``slices``, see `judge_slices`.
    """
    test = scores.judged(tag, TEST)
    probability: Judged | None = None
    sets: dict[str, float | None] | None = None
    if calibration is not None and calibration.has_probability:
        meant = scores.judged(tag, TEST, observed=calibration.observed)
        probability = meant.with_scores(calibration.probability(meant.scores))
        sets = judge_sets(meant.target, calibration.sets(probability.scores))
    cut = None if calibration is None else calibration.cut
    judged = probability or test
    return {
        "out_of_fold": _figures(scores.judged(tag, TRAIN)),
        "val": _figures(scores.judged(tag, VALIDATION)),
        "test": judge_scores(test, seed=seed),
        "as_probability": judge_probabilities(test),
        "calibrated": None if probability is None else judge_probabilities(probability),
        "sets": sets,
        "recommended": {
            "cut": cut,
            "on": "score" if probability is None else "probability",
            **purity(judged.target, judged.scores, cut),
        },
        "slices": judge_slices(judged, cut),
    }


def _figures(rows: Judged) -> dict[str, Any]:
    return score_metrics(rows.target, rows.scores)


def is_constant(scores: np.ndarray[Any, np.dtype[np.float32]]) -> bool:
    """Return whether scores tell nothing apart.

    `scores`: (n,) float32.
    """
    return bool(np.ptp(scores) < CONSTANT_SPAN) if len(scores) else True
