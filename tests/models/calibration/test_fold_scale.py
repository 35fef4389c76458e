"""Matching the scores of a fold's model to those of the whole one. Expected: closed forms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from scope.models.calibration.calibrators import from_log_odds, log_odds
from scope.models.calibration.class_calibration import CalibrationOptions
from scope.models.calibration.fold_scale import LEAST_ROWS, MOST_LEVELS, on_scale
from scope.models.networks.two_branch import NetworkOptions
from scope.models.training.splits import TRAIN, VALIDATION
from scope.models.trees.boosted_trees import TreeOptions
from scope.tasks.variables.training import training_run
from scope.tasks.variables.training.training_run import TrainingRun
from tests.small_models import DEFINITIONS, FEATURES, training_data


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


def test_with_few_validation_rows_scores_stay() -> None:
    scores = np.array([0.1, 0.9], np.float32)
    few = np.full(LEAST_ROWS - 1, 0.3, np.float32)
    np.testing.assert_array_equal(on_scale(scores, few, 2 * few), scores)
    many = np.full(LEAST_ROWS, 0.3, np.float32)
    assert on_scale(scores, many, 2 * many)[0] > 0.1


def test_models_of_folds_without_skill_get_none_from_the_whole_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The whole model knows all: its log-odds are the period, and short ones are the class."""
    rng = np.random.default_rng(4)
    run, _ = folded_run(monkeypatch, NetworkOptions(), lambda value: rng.normal(size=len(value)))
    scores, _ = run._score(DEFINITIONS[0], tmp_path)
    learnt, held_out = run.data.sets == TRAIN, run.data.sets == VALIDATION
    assert roc_auc_score(~scores.target[held_out], scores.scores[held_out]) == 1.0
    # three standard errors of the area under the curve of 480 rows
    found = roc_auc_score(scores.target[learnt], scores.scores[learnt])
    assert found == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize("n_validation", [60, 200, 1000])
def test_models_that_need_no_matching_lose_little_by_it(n_validation: int) -> None:
    """Two models as sure as each other, which agree but for noise."""
    rng = np.random.default_rng(5)
    covered = []
    for _ in range(40):
        stars = rng.normal(size=(3, 2000))
        held_out = rng.normal(size=n_validation)
        fold, by_fold, by_whole, whole = (
            scores_at(2 * part + 0.5 * rng.normal(size=len(part)))
            for part in (stars[0], held_out, held_out, stars[1])
        )
        edge = np.quantile(on_scale(fold, by_fold, by_whole), 0.1)
        covered.append((whole >= edge).mean())
    assert np.mean(covered) == pytest.approx(0.9, abs=0.01)
    # by chance alone .0095
    assert np.std(covered) < 0.0095 + 0.15 / np.sqrt(n_validation)


def folded_run(
    monkeypatch: pytest.MonkeyPatch,
    options: NetworkOptions | TreeOptions,
    by_fold: Callable[[np.ndarray], np.ndarray],
) -> tuple[TrainingRun, np.ndarray]:
    """A training whose models are given: the log-odds of a row are its period by the whole one,
    and what `by_fold` makes of it by those of the folds."""
    data = training_data()
    period = 6 * data.values[:, data.columns(["period_LS"])[0]].astype(float) - 3

    def predict(self: TrainingRun, item: object, path: Path, rows: np.ndarray) -> np.ndarray:
        is_whole = path.stem == "low"
        return scores_at(period[rows] if is_whole else by_fold(period[rows]))

    monkeypatch.setattr(TrainingRun, "_predict", predict)
    features = {name: tuple(columns) for name, columns in FEATURES.items()}
    options_of_folds = CalibrationOptions(n_folds=3)
    algorithm = "dnn" if isinstance(options, NetworkOptions) else "xgb"
    run = TrainingRun(
        *(data, (DEFINITIONS[0],), features, algorithm, options, options_of_folds, "cpu"),
        workers=1,
        verbose=0,
    )
    return run, period


@pytest.mark.parametrize("options", [NetworkOptions(), TreeOptions()])
def test_models_of_folds_are_brought_to_the_scale_of_the_whole_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: NetworkOptions | TreeOptions
) -> None:
    run, period = folded_run(monkeypatch, options, lambda value: value / 3 - 1)
    assert np.sum(run.data.sets == VALIDATION) >= LEAST_ROWS
    scores, _ = run._score(DEFINITIONS[0], tmp_path)
    learnt = run.data.sets == TRAIN
    # exact between the outermost quantiles of the validation rows, a shift beyond them
    inside = learnt & (np.abs(period) < 2.2)
    found = log_odds(scores.scores)
    np.testing.assert_allclose(found[inside], period[inside], atol=0.01)
    np.testing.assert_allclose(found[~learnt], period[~learnt], atol=1e-4)


@pytest.mark.parametrize(("least", "used"), [(10, "observed"), (10_000, "all")])
def test_the_rows_that_calibrate_are_the_ones_that_match(
    monkeypatch: pytest.MonkeyPatch, least: int, used: str
) -> None:
    run, _ = folded_run(monkeypatch, TreeOptions(), lambda value: value)
    monkeypatch.setattr(training_run, "LEAST_ROWS", 10)
    observed = np.arange(len(run.data.sets)) % 4 < 2
    run = replace(
        run,
        data=replace(run.data, observed=observed),
        calibration=CalibrationOptions(n_folds=3, observed_from=least),
    )
    positive, member = run.data.targets(DEFINITIONS[0])
    rows = np.flatnonzero(run.data.sets == VALIDATION)
    expected = rows[observed[rows]] if used == "observed" else rows
    assert run._validation(positive, member).tolist() == expected.tolist()
