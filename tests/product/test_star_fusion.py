"""The fusion over light curves: expected values are Bayes' rule on drawn evidence, or by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit, logit

from scope.errors import BundleError, InputError
from scope.models.calibration.class_calibration import Calibration, CalibrationOptions
from scope.product.fuse_stars import Group, _calibrate, _learn, fuse_stars
from scope.product.star_fusion import StarFusion, StarRows, star_terms
from scope.tasks.variables.training.fuse import fuse
from tests.small_models import small_bundle, small_scores, small_training_set

BASE = 0.3
LIKE = Calibration("fused", CalibrationOptions())


def drawn(n_stars: int, seed: int, n_bands: int = 2, scatter: float = 1.0) -> Group:
    """Stars whose light curves are independent evidence, each judged rightly by itself."""
    rng = np.random.default_rng(seed)
    target = rng.random(n_stars) < BASE
    star = np.repeat(np.arange(n_stars), n_bands)
    seen = rng.normal(np.where(target[star], 1.0, -1.0), scatter)
    n = len(star)
    rows = StarRows(star, np.full(n, 100.0), np.ones(n))
    value = 2 * seen / scatter**2 + logit(BASE)
    return Group(
        rows,
        value,
        np.tile(np.arange(1, n_bands + 1), n_stars),
        target,
        np.arange(n_stars),
        None,
        np.ones(n_stars, dtype=bool),
        np.arange(n),
    )


def best(group: Group) -> np.ndarray:
    """Bayes: the log-odds of the prevalence and all evidence beyond it."""
    return logit(BASE) + np.bincount(group.rows.star, group.value - logit(BASE))


@pytest.mark.parametrize("n_bands", [2, 3])
def test_independent_evidence_of_bands_is_added(n_bands: int) -> None:
    stack = _learn(drawn(20_000, 0, n_bands), BASE, 100)
    other = drawn(2_000, 1, n_bands)
    np.testing.assert_allclose(
        stack.log_odds(other.rows, other.value), best(other), rtol=0.06, atol=0.3
    )


def test_a_star_is_no_mean_of_its_light_curves() -> None:
    group, other = drawn(20_000, 0), drawn(5_000, 1)
    stack = _learn(group, BASE, 100)
    item = _calibrate(group, stack, LIKE)
    fusion = StarFusion(
        "f", {"ea": stack}, Calibration("fused", LIKE.options, {"ea": item}), {}, ""
    )
    probability = expit(fusion.log_odds("ea", other.rows, other.value))
    mean = np.bincount(other.rows.star, expit(other.value)) / 2

    def loss(p: np.ndarray) -> float:
        return float(-np.mean(np.where(other.target, np.log(p), np.log1p(-p))))

    assert loss(probability) == pytest.approx(loss(expit(best(other))), abs=0.01)
    assert loss(probability) < loss(mean) - 0.05


def test_a_star_with_one_light_curve_is_what_that_says() -> None:
    group = drawn(20_000, 0)
    stack = _learn(group, BASE, 100)
    item = _calibrate(group, stack, LIKE)
    fusion = StarFusion(
        "f", {"ea": stack}, Calibration("fused", LIKE.options, {"ea": item}), {}, ""
    )
    value = np.array([-2.0, 0.5, 0.5, 3.0])
    rows = StarRows(np.array([0, 1, 1, 2]), np.full(4, 100.0), np.full(4, np.nan))
    found = fusion.log_odds("ea", rows, value)
    expected = value[[0, 3]] + logit(item.prevalence) - logit(BASE)
    np.testing.assert_allclose(found[[0, 2]], expected)
    assert found[1] > 0.5


def test_the_order_of_light_curves_does_not_matter() -> None:
    rng = np.random.default_rng(4)
    star = np.repeat(np.arange(50), 4)
    epochs, period = rng.permutation(200) + 20.0, rng.choice([0.5, 1.0, 2.0, np.nan], 200)
    value, order = rng.normal(size=200), rng.permutation(200)
    plain = star_terms(StarRows(star, epochs, period), value, BASE)
    mixed = star_terms(StarRows(star[order], epochs[order], period[order]), value[order], BASE)
    np.testing.assert_allclose(mixed, plain, rtol=1e-12, atol=1e-12)


def test_periods_are_compared_with_that_of_most_epochs() -> None:
    rows = StarRows(
        np.array([0, 0, 0, 0, 1]),
        np.array([50.0, 90.0, 60.0, 60.0, 60.0]),
        np.array([0.5, 1.0, 1.005, np.nan, 3.0]),
    )
    same, double = rows.agreement()
    np.testing.assert_allclose(same, [1 / 3, 0.0])
    np.testing.assert_allclose(double, [1 / 3, 0.0])


def test_more_evidence_in_any_band_never_makes_a_star_less_probable() -> None:
    stack = _learn(drawn(500, 3, scatter=4.0), BASE, 100)
    other = drawn(300, 5)
    more = other.value.copy()
    more[::2] += 1.0
    assert (stack.log_odds(other.rows, more) >= stack.log_odds(other.rows, other.value)).all()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    models = tmp_path_factory.mktemp("models")
    bundles = [small_bundle(name) for name in ("dnn", "xgb")]
    scores = [small_scores(name) for name in ("dnn", "xgb")]
    fusion = fuse(bundles, scores, models / "fused" / "small")
    fuse_stars(bundles, fusion, scores, small_training_set(), models / "stars" / "small")
    return models / "stars" / "small"


def test_a_fusion_is_learnt_from_models_and_judged_on_test_stars(folder: Path) -> None:
    fusion = StarFusion.load(folder)
    assert list(fusion.stacks) == ["low", "red"]
    figures = json.loads((folder / "metrics.json").read_text())["classes"]["low"]
    # tests.small_models: two light curves of each star, whose test stars are those of the split
    assert figures["n_stars"] == 27
    assert 0 < figures["star"]["average_precision"] <= 1
    assert "| low | 27 |" in (folder / "card.md").read_text()


def test_a_fusion_that_was_touched_is_refused(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "stars"
    copy.mkdir()
    for path in folder.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    (copy / "calibration.json").write_text("{}")
    with pytest.raises(BundleError, match=r"changed: calibration\.json"):
        StarFusion.load(copy)


def test_scores_of_other_models_are_refused(folder: Path, tmp_path: Path) -> None:
    bundles = [small_bundle(name) for name in ("dnn", "xgb")]
    scores = [small_scores(name) for name in ("xgb", "dnn")]
    fusion = fuse(bundles, scores[::-1], tmp_path / "fused")
    with pytest.raises(InputError, match="scores of other models"):
        fuse_stars(bundles, fusion, scores, small_training_set(), tmp_path / "stars")
