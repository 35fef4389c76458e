"""Probabilities, prediction sets and prevalences of rows whose truth is known."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from scope.errors import BundleError, ConfigError
from scope.models.calibration.class_calibration import (
    RANK,
    Calibration,
    CalibrationOptions,
    OutOfFold,
    calibrate,
    conformal_edges,
    estimate_prevalence,
    shift_prevalence,
)
from scope.models.evaluation.held_out_metrics import reliability

OPTIONS = CalibrationOptions()


def drawn(n: int, seed: int = 0, base: float = 0.3) -> OutOfFold:
    """Two normal distributions, one per side: log-odds are linear in what is seen."""
    rng = np.random.default_rng(seed)
    target = rng.random(n) < base
    seen = rng.normal(np.where(target, 1.0, -1.0), 1.0)
    # log-odds of the truth are 2 * seen + logit(base); these are half as sure
    return OutOfFold(expit(seen), target, np.arange(n), base)


def truth(rows: OutOfFold, base: float = 0.3) -> np.ndarray:
    return expit(2 * logit(rows.scores) + logit(base))


@pytest.mark.parametrize(
    ("n_stars", "trees", "networks"),
    [(19, RANK, RANK), (20, "platt", "temperature"), (99, "platt", "temperature"),
     (100, "beta", "beta"), (499, "beta", "beta"), (500, "isotonic", "isotonic")],
)  # fmt: skip
def test_the_method_follows_from_the_number_of_stars(
    n_stars: int, trees: str, networks: str
) -> None:
    assert (OPTIONS.method(n_stars, "xgb"), OPTIONS.method(n_stars, "dnn")) == (trees, networks)


@pytest.mark.parametrize("n", [200, 600, 5000])
def test_probabilities_come_near_the_truth_of_other_rows(n: int) -> None:
    found = calibrate(drawn(n), "xgb", OPTIONS)
    fresh = drawn(20_000, seed=1)
    probability = found.probability(fresh.scores)
    assert np.abs(probability - truth(fresh)).mean() < 1.2 / np.sqrt(n)
    assert reliability(fresh.target, probability)["brier"]["skill"] > 0.4
    assert found.prevalence == pytest.approx(0.3, abs=0.07)


def test_light_curves_of_one_star_count_once() -> None:
    rows = drawn(300)
    same = OutOfFold(rows.scores, rows.target, np.zeros(300, dtype=int), 0.3)
    assert calibrate(same, "xgb", OPTIONS).method == RANK
    assert same.count_stars() == (1, 1)


def test_with_too_few_stars_a_class_has_an_order_and_a_cut_but_no_probability() -> None:
    rows = drawn(40, base=0.2)
    found = calibrate(rows, "dnn", OPTIONS)
    assert not found.has_probability
    assert found.cut in rows.scores
    with pytest.raises(ValueError, match="no prediction sets"):
        found.sets(rows.scores)


@pytest.mark.parametrize("method_stars", [(20, 100, 500), (20, 100, 10**6), (20, 10**6, 10**6)])
def test_sets_cover_ninety_percent_of_either_side(method_stars: tuple[int, int, int]) -> None:
    options = CalibrationOptions(5, method_stars[2], method_stars[1], method_stars[0])
    found = calibrate(drawn(4000), "xgb", options)
    fresh = drawn(40_000, seed=1)
    sets = found.sets(found.probability(fresh.scores))
    assert sets[True][fresh.target].mean() == pytest.approx(0.9, abs=0.02)
    assert sets[False][~fresh.target].mean() == pytest.approx(0.9, abs=0.02)


def test_sets_cover_as_much_under_another_prevalence() -> None:
    found = calibrate(drawn(4000), "xgb", OPTIONS)
    fresh = drawn(60_000, seed=1, base=0.03)
    sets = found.sets(found.probability(fresh.scores))
    assert sets[True][fresh.target].mean() == pytest.approx(0.9, abs=0.03)


def test_edges_are_the_order_statistics_of_conformal_prediction() -> None:
    # of 19 rows the floor(20 * 0.1) = 2nd lowest; of 9 the first; of 8 none
    p = np.arange(1, 20) / 20
    yes = np.ones(19, dtype=bool)
    assert conformal_edges(p, yes, 0.9) == (0.1, 1.0)
    assert conformal_edges(p, ~yes, 0.9) == (0.0, 0.9)
    assert conformal_edges(p[:9], yes[:9], 0.9) == (0.05, 1.0)
    assert conformal_edges(p[:8], yes[:8], 0.9) == (0.0, 1.0)


def test_another_prevalence_is_bayes_theorem() -> None:
    # of 100 rows 30 are positive and p is 0.6; where 3 are, odds fall by (0.03/0.97)/(0.3/0.7)
    value = shift_prevalence(np.array([logit(0.6)]), 0.3, 0.03)
    odds = 1.5 * (0.03 / 0.97) / (0.3 / 0.7)
    assert expit(value[0]) == pytest.approx(odds / (1 + odds))
    assert shift_prevalence(np.array([0.7]), 0.2, 0.2)[0] == 0.7


def test_the_prevalence_is_the_fixed_point_of_saerens_iteration() -> None:
    rng = np.random.default_rng(0)
    value, before = rng.normal(-1, 2, 500), 0.3
    prior = before
    for _ in range(5000):  # equation 2.4 of Saerens et al. (2002), with one row of `before`
        p = expit(value)
        ratio = prior / before * p / (prior / before * p + (1 - prior) / (1 - before) * (1 - p))
        prior = (ratio.sum() + before) / (len(value) + 1)
    assert estimate_prevalence(value, np.ones(500), before) == pytest.approx(prior, rel=1e-6)


@pytest.mark.parametrize("after", [0.01, 0.1, 0.3, 0.8])
def test_the_prevalence_of_other_rows_is_found_from_their_probabilities(after: float) -> None:
    rows = drawn(20_000, seed=2, base=after)
    value = logit(truth(rows, base=0.3))
    found = estimate_prevalence(value, np.ones(len(value)), 0.3)
    assert found == pytest.approx(after, abs=0.01)
    shifted = expit(shift_prevalence(value, 0.3, found))
    assert reliability(rows.target, shifted)["expected_calibration_error"] < 0.015


def test_a_class_that_is_not_there_is_rare_and_not_impossible() -> None:
    assert 0 < estimate_prevalence(np.full(1000, -5.0), np.ones(1000), 0.3) < 1e-3
    assert 0.999 < estimate_prevalence(np.full(1000, 5.0), np.ones(1000), 0.3) < 1


def test_the_file_gives_the_same_calibration_back() -> None:
    classes = {
        "ea": calibrate(drawn(900), "xgb", OPTIONS),
        "o": calibrate(drawn(30), "xgb", OPTIONS),
    }
    saved = Calibration("xgb", OPTIONS, classes)
    again = Calibration.parse(saved.content, "here")
    assert again == saved
    scores = np.linspace(0, 1, 50)
    np.testing.assert_array_equal(
        again.classes["ea"].probability(scores), classes["ea"].probability(scores)
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[1]", b'{"kind": "scope calibration", "schema_version": 9}'],
)
def test_a_file_of_another_kind_is_refused(content: bytes) -> None:
    with pytest.raises(BundleError, match=r"does not read, there.*scope calibration, version 1"):
        Calibration.parse(content, "there")


def test_an_unknown_method_is_refused() -> None:
    saved = Calibration("xgb", OPTIONS, {"ea": calibrate(drawn(900), "xgb", OPTIONS)})
    data = json.loads(saved.content)
    data["classes"]["ea"]["method"] = "magic"
    with pytest.raises(BundleError, match="method magic"):
        Calibration.parse(json.dumps(data).encode(), "there")


@pytest.mark.parametrize(
    "values", [{"n_folds": 1}, {"coverage": 1.0}, {"beta_from": 10}, {"isotonic_from": 50}]
)
def test_settings_that_cannot_be_used_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=r"folds|coverage|numbers of stars"):
        CalibrationOptions(**values)  # type: ignore[arg-type]


def test_prediction_sets_of_a_side_are_of_observed_stars_where_that_side_has_enough() -> None:
    # Observed members are plainer than simulated ones; hardly anything else was observed.
    rng = np.random.default_rng(3)
    n_observed, n_few, n_simulated = 900, 30, 2000
    observed = np.repeat([True, False], [n_observed + n_few, n_simulated])
    target = np.repeat([True, False, True, False], [n_observed, n_few, 1000, 1000])
    seen = rng.normal(np.where(target, np.where(observed, 3.0, 1.0), -1.0), 1.0)
    rows = OutOfFold(expit(seen), target, np.arange(len(target)), target.mean(), observed)
    found = calibrate(rows, "xgb", OPTIONS)
    assert not found.observed
    fresh = expit(rng.normal(3.0, 1.0, 20_000))
    # The 10 % point of 900 rows: its coverage scatters by 0.01.
    assert found.sets(found.probability(fresh))[True].mean() == pytest.approx(0.9, abs=0.03)
    others = expit(rng.normal(-1.0, 1.0, 20_000))
    assert found.sets(found.probability(others))[False].mean() == pytest.approx(0.9, abs=0.03)


def test_simulated_stars_have_no_part_where_there_are_enough_observed_ones() -> None:
    sky, simulated = drawn(900), drawn(3000)
    # In the simulation the class is everywhere: what a score means there is another thing.
    together = OutOfFold(
        np.concatenate([sky.scores, simulated.scores]),
        np.concatenate([sky.target, np.ones(len(simulated.target), dtype=bool)]),
        np.arange(len(sky.target) + len(simulated.target)),
        0.5,
        np.repeat([True, False], [len(sky.target), len(simulated.target)]),
    )
    found = calibrate(together, "xgb", OPTIONS)
    alone = calibrate(sky, "xgb", OPTIONS)
    assert found.observed
    assert not alone.observed
    assert (found.n_positive, found.prevalence) == (alone.n_positive, alone.prevalence)
    np.testing.assert_array_equal(found.probability(sky.scores), alone.probability(sky.scores))
    few = calibrate(together, "xgb", replace(OPTIONS, observed_from=901))
    assert not few.observed
    assert few.prevalence > alone.prevalence
