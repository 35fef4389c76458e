"""Maps to probabilities against scikit-learn, closed forms and truths that are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from scope.models.calibration.calibrators import (
    END_SLOPE,
    MAPS,
    apply,
    fit,
    fit_logistic,
    from_log_odds,
    log_odds,
)

FITTED = ("isotonic", "beta", "platt", "temperature")


def drawn(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return whether rows are positive, and the log-odds of their true probabilities."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(-1.0, 2.0, n)
    return rng.random(n) < expit(truth), truth


def probability(method: str, scores: np.ndarray, target: np.ndarray, **about: float) -> np.ndarray:
    return from_log_odds(apply(method, fit(method, scores, target, **about), scores))


def about(method: str, target: np.ndarray) -> dict[str, float]:
    return {"score_prevalence": float(target.mean())} if method == "temperature" else {}


def test_log_odds_are_those_of_scipy_and_finite_at_the_ends() -> None:
    p = np.array([1e-9, 0.2, 0.5, 0.999])
    np.testing.assert_allclose(log_odds(p), logit(p))
    np.testing.assert_allclose(from_log_odds(log_odds(p)), p)
    assert np.isfinite(log_odds(np.array([0.0, 1.0]))).all()
    assert from_log_odds(np.array([-1e3, 1e3])).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("method", FITTED)
def test_every_map_rises_and_keeps_the_order_of_rows(method: str) -> None:
    target, truth = drawn(600)
    scores = expit(truth / 2)
    parameters = fit(method, scores, target, **about(method, target))
    finer = np.linspace(0.0, 1 - 1e-6, 5000)
    assert (np.diff(apply(method, parameters, finer)) > 0).all()


@pytest.mark.parametrize("method", FITTED)
def test_scores_that_are_too_flat_become_the_probabilities_that_they_came_from(method: str) -> None:
    target, truth = drawn(20_000)
    squeezed = expit(truth / 3)
    if method == "temperature":
        # flat around the prevalence, which is what a temperature can mend
        base = logit(target.mean())
        squeezed = expit(base + (truth - base) / 3)
    found = probability(method, squeezed, target, **about(method, target))
    assert np.abs(found - expit(truth)).mean() < 0.02


@pytest.mark.parametrize("method", FITTED)
def test_an_uninformative_score_becomes_the_prevalence(method: str) -> None:
    rng = np.random.default_rng(3)
    target, scores = rng.random(5000) < 0.2, rng.random(5000)
    found = probability(method, scores, target, **about(method, target))
    assert np.abs(found - 0.2).mean() < 0.03


@pytest.mark.parametrize("method", FITTED)
def test_perfectly_separated_rows_stay_short_of_certainty(method: str) -> None:
    target = np.arange(200) < 40
    found = probability(method, np.where(target, 0.99, 0.01), target, **about(method, target))
    assert 0 < found.min() < 0.05 < 0.9 < found.max() < 1


def test_platt_is_the_logistic_regression_on_his_targets() -> None:
    target, truth = drawn(500)
    scores = expit(truth / 2)
    positive = int(target.sum())
    high, low = (positive + 1) / (positive + 2), 1 / (len(target) - positive + 2)
    smoothed = np.where(target, high, low)
    # scikit-learn takes hard targets: each row stands once on either side, with a weight
    reference = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(
        np.tile(logit(scores), 2)[:, None],
        np.repeat([1, 0], len(target)),
        sample_weight=np.concatenate([smoothed, 1 - smoothed]),
    )
    found = fit("platt", scores, target)
    assert found["slope"] == pytest.approx(reference.coef_[0, 0], rel=1e-4)
    assert found["intercept"] == pytest.approx(reference.intercept_[0], rel=1e-4)


def test_a_beta_map_finds_the_numbers_that_made_the_rows() -> None:
    # Kull et al. (2017), equation 4, with a 2, b 0.5, c -0.3
    rng = np.random.default_rng(5)
    scores = rng.random(200_000)
    value = 2 * np.log(scores) - 0.5 * np.log1p(-scores) - 0.3
    found = fit("beta", scores, rng.random(len(scores)) < expit(value))
    assert [found["a"], found["b"], found["c"]] == pytest.approx([2, 0.5, -0.3], abs=0.05)


def test_a_temperature_divides_the_evidence_and_minds_a_balanced_training() -> None:
    target, truth = drawn(100_000)
    base = float(logit(target.mean()))
    # trained on as many positive as negative rows, and three times too sure
    scores = expit(3 * (truth - base))
    found = fit("temperature", scores, target, score_prevalence=0.5)
    assert found["temperature"] == pytest.approx(3, rel=0.02)
    told = np.abs(truth) < 4  # beyond, float32 scores would be 0 or 1
    value = apply("temperature", found, scores)
    np.testing.assert_allclose(value[told], truth[told], atol=0.1)


def test_isotonic_steps_are_those_of_scikit_learn_joined_at_their_centres() -> None:
    target, truth = drawn(2000)
    steps = IsotonicRegression().fit(truth, target).predict(truth)
    values, step_of, sizes = np.unique(steps, return_inverse=True, return_counts=True)
    # a row of the mean rate is added to each step, and what is out of order then is joined
    rates = (values * sizes + target.mean()) / (sizes + 1)
    places = np.arange(len(rates))
    joined = IsotonicRegression().fit(places, rates, sizes + 1).predict(places)
    final, last_of = np.unique(joined[step_of], return_inverse=True)
    found = fit("isotonic", expit(truth), target)
    np.testing.assert_allclose(expit(found["log_odds"]), final, rtol=1e-6)
    centres = np.bincount(last_of, weights=truth) / np.bincount(last_of)
    np.testing.assert_allclose(found["log_odds_score"], centres, rtol=1e-6)


def test_an_isotonic_map_goes_on_rising_beyond_its_ends() -> None:
    parameters = {"log_odds_score": [-1.0, 1.0], "log_odds": [-3.0, 2.0]}
    value = apply("isotonic", parameters, expit(np.array([-5.0, -1.0, 0.0, 1.0, 3.0])))
    expected = [-3 - 4 * END_SLOPE, -3, -0.5, 2, 2 + 2 * END_SLOPE]
    np.testing.assert_allclose(value, expected)


def test_identity_changes_nothing() -> None:
    assert MAPS["identity"]({}, np.array([0.25]))[0] == pytest.approx(np.log(1 / 3))
    assert fit("identity", np.array([0.1]), np.array([True])) == {}


def test_slopes_are_pulled_as_if_by_so_many_rows() -> None:
    rng = np.random.default_rng(0)
    columns, target = rng.normal(size=(50, 2)), rng.random(50) < 0.5
    free, _ = fit_logistic(columns, target)
    held, _ = fit_logistic(columns, target, pull=1e6, towards=0.5)
    assert held == pytest.approx([0.5, 0.5], abs=1e-3)
    assert min(free) >= 1e-3
