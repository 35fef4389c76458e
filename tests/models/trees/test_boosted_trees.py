"""Boosted trees against XGBoost's own prediction, and the search against a known optimum."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost

from scope.errors import BackendError, BundleError, ConfigError, InputError
from scope.models.training.class_examples import Examples
from scope.models.trees import boosted_trees
from scope.models.trees.boosted_trees import TreeEnsemble, TreeOptions, grid, train_trees

NAMES = ["a", "b", "c"]
NO_DMDT = np.empty((0, 676), dtype=np.float32)


def examples(seed: int, n: int = 400) -> Examples:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, 3)).astype(np.float32)
    target = features[:, 0] + rng.normal(size=n) / 2 > 0.8
    return Examples(features, np.zeros((n, 676), np.float32), target, np.arange(n) // 2)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trees") / "a.ubj"
    path.write_bytes(train_trees(examples(0), examples(1), NAMES).content)
    return path


def test_scores_are_those_of_xgboost_itself(model: Path) -> None:
    rows = examples(2).features
    expected = xgboost.Booster(model_file=str(model)).predict(
        xgboost.DMatrix(rows, feature_names=NAMES)
    )
    scores = TreeEnsemble(model, NAMES).predict(rows, NO_DMDT)
    assert scores.dtype == np.float32
    np.testing.assert_array_equal(scores, expected)


def test_a_row_has_the_same_score_in_any_batch(model: Path) -> None:
    rows = examples(2).features
    trees = TreeEnsemble(model, NAMES)
    together = trees.predict(rows, NO_DMDT)
    alone = np.concatenate([trees.predict(rows[i : i + 1], NO_DMDT) for i in range(len(rows))])
    assert alone.tobytes() == together.tobytes()
    assert trees.predict(rows[::-1], NO_DMDT).tobytes() == together[::-1].tobytes()
    assert trees.predict(rows[:0], NO_DMDT).shape == (0,)


def test_the_same_seed_gives_the_same_bytes() -> None:
    first, again, other = (
        train_trees(examples(0), examples(1), NAMES, seed=seed).content for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_trees_stop_growing_when_validation_stars_gain_nothing() -> None:
    trained = train_trees(examples(0), examples(1), NAMES)
    n_trees = trained.parameters["num_boost_round"]
    booster = xgboost.Booster()
    booster.load_model(bytearray(trained.content))
    assert booster.num_boosted_rounds() == n_trees
    assert 1 < n_trees < 200


@pytest.mark.parametrize("weighted", [True, False])
def test_the_rarer_side_weighs_more_only_where_asked(weighted: bool) -> None:
    train = examples(0)
    trained = train_trees(train, examples(1), NAMES, weight_per_class=weighted)
    booster = xgboost.Booster()
    booster.load_model(bytearray(trained.content))
    config = booster.save_config()
    expected = (~train.target).sum() / train.target.sum() if weighted else 1.0
    found = float(config.split('"scale_pos_weight":"')[1].split('"')[0])
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("names", [["a", "b"], ["b", "a", "c"]])
def test_trees_of_other_features_are_refused(model: Path, names: list[str]) -> None:
    with pytest.raises(BundleError, match="trained on other features"):
        TreeEnsemble(model, names)


def test_a_truncated_model_is_refused_by_name(model: Path, tmp_path: Path) -> None:
    path = tmp_path / "short.ubj"
    path.write_bytes(model.read_bytes()[:1000])
    with pytest.raises(BundleError, match=r"short\.ubj cannot be read"):
        TreeEnsemble(path, NAMES)


def test_a_device_that_is_not_there_is_an_error_and_no_fallback(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scope.models.runtime.devices.n_cuda_devices", lambda: 0)
    for has_cuda in (True, False):
        monkeypatch.setattr(xgboost, "build_info", lambda value=has_cuda: {"USE_CUDA": value})
        with pytest.raises(BackendError, match=r"XGBoost .* use"):
            TreeEnsemble(model, NAMES, device="cuda")
    with pytest.raises(BackendError, match=r"unknown device: 'gpu'; allowed: cpu, cuda"):
        train_trees(examples(0), examples(1), NAMES, device="gpu")


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ((3, 7, 2), [3, 5, 7]),
        ((0.6, 1.0, 0.2), [0.6, 0.8, 1.0]),
        ((1, 4, 2), [1, 3]),
        ((0.1, 0.4, 0.1), [0.1, 0.2, 0.3, 0.4]),
        ((5, 5, 1), [5]),
    ],
)
def test_grids_include_both_ends(limits: tuple[float, float, float], expected: list) -> None:
    assert grid(*limits) == expected


@pytest.mark.parametrize("limits", [(3, 1, 1), (1, 3, 0)])
def test_a_grid_that_leads_nowhere_is_refused(limits: tuple[float, float, float]) -> None:
    with pytest.raises(ConfigError, match="grid"):
        grid(*limits)


@pytest.fixture
def optimum(monkeypatch: pytest.MonkeyPatch) -> list[TreeOptions]:
    """Replace cross-validation by a function with one maximum, off the first grids."""
    tried: list[TreeOptions] = []

    def measure(matrix: Any, folds: Any, options: TreeOptions, fixed: Any) -> float:
        tried.append(options)
        return -(
            abs(options.max_depth - 9)
            + abs(options.min_child_weight - 2)
            + abs(options.eta - 0.1)
            + abs(options.subsample - 0.7)
            + abs(options.colsample_bytree - 0.9)
        )

    monkeypatch.setattr(boosted_trees, "cross_validated", measure)
    return tried


def test_the_search_finds_an_optimum_at_the_end_of_its_last_grids(
    optimum: list[TreeOptions],
) -> None:
    best = boosted_trees.search(None, [], TreeOptions(), {})
    # depth 7 is the top of the first grid and 9 that of the second, 7 + 2
    assert (best.max_depth, best.min_child_weight, best.eta) == (9, 2, 0.1)
    assert best.subsample == pytest.approx(0.7)
    assert best.colsample_bytree == pytest.approx(0.9)
    assert all(0 < item.subsample <= 1 and item.min_child_weight >= 0 for item in optimum)


def test_the_search_is_used_unless_it_is_skipped(optimum: list[TreeOptions]) -> None:
    train_trees(examples(0), examples(1), NAMES, TreeOptions(skip_cv=True))
    assert not optimum
    options = TreeOptions(skip_cv=False, num_boost_round=3)
    trained = train_trees(examples(0), examples(1), NAMES, options)
    assert trained.parameters["max_depth"] == 9


def test_cross_validation_prefers_trees_that_can_see() -> None:
    part = examples(0)
    matrix = xgboost.DMatrix(part.features, part.target, feature_names=NAMES)
    folds = boosted_trees.star_folds(part.stars, 3)
    fixed = {"objective": "binary:logistic", "seed": 1, "nthread": 1}
    measures = {}
    for metric in ("logloss", "auc"):
        options = TreeOptions(num_boost_round=20, eval_metric=metric)
        fixed["eval_metric"] = metric
        good = boosted_trees.cross_validated(matrix, folds, options, fixed)
        heavy = TreeOptions(num_boost_round=20, eval_metric=metric, min_child_weight=300)
        measures[metric] = (good, boosted_trees.cross_validated(matrix, folds, heavy, fixed))
    assert all(good > bad for good, bad in measures.values())


@pytest.mark.parametrize("changes", [{"subsample": 0.0}, {"eval_metric": "error"}])
def test_settings_that_cannot_be_used_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"training\.xgboost"):
        TreeOptions(**changes)


def test_a_search_by_ranks_needs_both_sides_in_each_fold() -> None:
    part = examples(3)
    stars = np.where(part.target, 0, np.arange(len(part.target)) + 1)
    lopsided = replace(part, stars=stars)
    with pytest.raises(InputError, match=r"fold \d of a search by auc.*0 of \d+ rows"):
        boosted_trees.search_folds(lopsided, TreeOptions(n_folds=3, eval_metric="auc"))
    assert len(boosted_trees.search_folds(lopsided, TreeOptions(n_folds=3))) == 3
