"""Matching the scores of a fold's model to those of the whole one. Expected: closed forms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scope.classifiers.calibration import CalibrationOptions
from scope.classifiers.calibrators import from_log_odds, log_odds
from scope.classifiers.data import load_training_data
from scope.classifiers.dnn import NetworkOptions
from scope.classifiers.fold_scale import MOST_LEVELS, on_scale
from scope.classifiers.splits import TRAIN
from scope.classifiers.training_run import TrainingRun
from scope.classifiers.xgb import TreeOptions
from tests.models import DEFINITIONS, FEATURES, IMPUTE, small_training_set


def scores_at(value: np.ndarray) -> np.ndarray:
    return from_log_odds(value).astype(np.float32)


@pytest.mark.parametrize(("slope", "shift"), [(1.0, 0.0), (1.0, 2.5), (3.0, -1.0), (0.5, 0.0)])
def test_a_model_that_is_surer_by_a_factor_and_a_shift_is_found_out(
    slope: float, shift: float
) -> None:
    rng = np.random.default_rng(1)
    by_fold = rng.normal(0.5, 1.0, 900)
    by_whole = rng.permutation(slope * by_fold + shift)
    value = np.linspace(-1.0, 2.0, 31)
    found = on_scale(scores_at(value), scores_at(by_fold), scores_at(by_whole))
    np.testing.assert_allclose(log_odds(found), slope * value + shift, atol=1e-4)


def test_beyond_the_validation_rows_the_scores_move_by_what_the_outermost_ones_do() -> None:
    by_fold = np.linspace(-1.0, 1.0, 101)
    far = np.array([-9.0, 9.0])
    found = log_odds(on_scale(scores_at(far), scores_at(by_fold), scores_at(2 * by_fold)))
    # ten levels: the outermost are the quantiles .05 and .95, at -0.9 and 0.9
    np.testing.assert_allclose(found, [-9.9, 9.9], rtol=1e-3)


def test_sets_of_the_whole_model_cover_what_they_promise() -> None:
    """The same stars by two models, one of them three times as sure: an edge that is right for
    the one becomes right for the other."""
    rng = np.random.default_rng(2)
    stars = rng.normal(1.0, 1.0, 12_000)
    fold, whole = scores_at(stars[:5000]), scores_at(3 * stars[5000:10_000] + 4)
    held_out = stars[10_000:]
    moved = on_scale(fold, scores_at(held_out), scores_at(3 * held_out + 4))
    covered = [(whole >= np.quantile(part, 0.1)).mean() for part in (fold, moved)]
    assert covered[0] > 0.97
    # five standard errors of 5,000 rows
    assert covered[1] == pytest.approx(0.9, abs=0.02)


def test_the_order_of_rows_stays_where_scores_are_certain() -> None:
    rng = np.random.default_rng(3)
    by_fold, by_whole = (np.clip(rng.normal(12.0, 8.0, 4000), -20, 20) for _ in range(2))
    value = np.sort(np.clip(rng.normal(12.0, 9.0, 3000), -25, 25))
    found = on_scale(scores_at(value), scores_at(by_fold), scores_at(by_whole))
    assert found.dtype == np.float32
    assert np.all(np.diff(found) >= 0)
    assert np.isfinite(found).all()
    assert np.sqrt(4000) > MOST_LEVELS


def test_without_validation_rows_of_a_side_its_scores_stay() -> None:
    scores = np.array([0.1, 0.9], np.float32)
    none = np.empty(0, np.float32)
    np.testing.assert_array_equal(on_scale(scores, none, none), scores)


def test_one_validation_row_shifts_all_alike() -> None:
    one = np.array([0.5], np.float32)
    found = on_scale(scores_at(np.array([-1.0, 3.0])), one, scores_at(np.array([2.0])))
    np.testing.assert_allclose(log_odds(found), [1.0, 5.0], rtol=1e-5)


def folded_run(
    monkeypatch: pytest.MonkeyPatch, options: NetworkOptions | TreeOptions
) -> tuple[TrainingRun, np.ndarray]:
    """A training whose models are given: the log-odds of a row are its period by the whole one,
    a third of it less 1 by those of the folds."""
    data = load_training_data(
        small_training_set(),
        DEFINITIONS,
        features=FEATURES["ontological"],
        impute=IMPUTE,
        period_suffix="LS",
    )
    period = 6 * data.values[:, data.columns(["period_LS"])[0]].astype(float) - 3

    def predict(self: TrainingRun, item: object, path: Path, rows: np.ndarray) -> np.ndarray:
        is_whole = path.stem == "low"
        return scores_at(period[rows] if is_whole else period[rows] / 3 - 1)

    monkeypatch.setattr(TrainingRun, "_predict", predict)
    features = {name: tuple(columns) for name, columns in FEATURES.items()}
    options_of_folds = CalibrationOptions(n_folds=3)
    run = TrainingRun(
        data, (DEFINITIONS[0],), features, options, options_of_folds, "cpu", workers=1, verbose=0
    )
    return run, period


def test_networks_of_folds_are_brought_to_the_scale_of_the_whole_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run, period = folded_run(monkeypatch, NetworkOptions())
    scores, _ = run._score(DEFINITIONS[0], tmp_path)
    learnt = run.data.sets == TRAIN
    # exact between the outermost quantiles of 50 validation rows, a shift beyond them
    inside = learnt & (np.abs(period) < 2.3) & (np.abs(period) > 0.7)
    found = log_odds(scores.scores)
    np.testing.assert_allclose(found[inside], period[inside], atol=0.01)
    np.testing.assert_allclose(found[~learnt], period[~learnt], atol=1e-4)


def test_trees_of_folds_keep_their_scores(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run, period = folded_run(monkeypatch, TreeOptions())
    scores, _ = run._score(DEFINITIONS[0], tmp_path)
    learnt = run.data.sets == TRAIN
    np.testing.assert_allclose(log_odds(scores.scores)[learnt], period[learnt] / 3 - 1, atol=1e-4)
