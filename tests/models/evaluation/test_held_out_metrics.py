"""Evaluation against scikit-learn, worked examples and what intervals must do."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, confusion_matrix

from scope.models.evaluation.held_out_metrics import (
    CURVE_CUTS,
    Judged,
    average_precision,
    average_precision_interval,
    best_cut,
    cut_curve,
    equal_count_bins,
    judge_probabilities,
    judge_scores,
    judge_sets,
    judge_slices,
    macro_average,
    purity,
    reliability,
)


def drawn(n: int = 400, seed: int = 0, base: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Rows whose scores are their probabilities, rounded so that some are tied."""
    rng = np.random.default_rng(seed)
    p = np.round(rng.beta(2 * base, 2 * (1 - base), n), 2)
    return rng.random(n) < p, p


def judged(target: np.ndarray, scores: np.ndarray, stars: np.ndarray | None = None) -> Judged:
    return Judged(target, scores, np.arange(len(target)) if stars is None else stars, {})


def test_average_precision_is_that_of_scikit_learn_with_ties_and_weights() -> None:
    target, scores = drawn()
    weights = np.random.default_rng(1).integers(0, 4, len(target))
    assert average_precision(target, scores) == pytest.approx(
        average_precision_score(target, scores)
    )
    assert average_precision(target, scores, weights) == pytest.approx(
        average_precision_score(target, scores, sample_weight=weights)
    )


@pytest.mark.parametrize("target", [[], [True, True], [False]])
def test_average_precision_needs_both_sides(target: list[bool]) -> None:
    rows = np.array(target, dtype=bool)
    assert average_precision(rows, np.linspace(0, 1, len(rows))) is None
    assert average_precision_interval(judged(rows, np.linspace(0, 1, len(rows)))) is None


def test_more_light_curves_of_the_same_stars_are_no_more_evidence() -> None:
    target, scores = drawn()
    once = average_precision_interval(judged(target, scores))
    stars = np.repeat(np.arange(len(target)), 5)
    fivefold = judged(np.repeat(target, 5), np.repeat(scores, 5), stars)
    assert average_precision_interval(fivefold) == pytest.approx(once)


def test_the_interval_holds_the_value_of_the_sky_as_often_as_it_says() -> None:
    # the average precision of a very large sample stands for the sky
    truth = average_precision(*drawn(200_000, seed=99))
    assert truth is not None
    hits = 0
    for seed in range(60):
        interval = average_precision_interval(judged(*drawn(300, seed=seed)), seed=seed)
        assert interval is not None
        hits += interval[0] <= truth <= interval[1]
    # binomial: 57 of 60 are expected, fewer than 50 come once in ten thousand times
    assert hits >= 50


def test_the_interval_of_perfect_scores_is_a_point() -> None:
    target, _ = drawn()
    assert average_precision_interval(judged(target, target.astype(float))) == [1.0, 1.0]


def test_the_curve_counts_what_lies_above_each_cut() -> None:
    target, scores = drawn()
    curve = cut_curve(target, scores)
    assert len(CURVE_CUTS) == 101
    for i in (0, 30, 50, 100):
        tp, fp = curve["true_positives"][i], curve["false_positives"][i]
        matrix = confusion_matrix(target, scores > CURVE_CUTS[i], labels=[False, True])
        assert (tp, fp) == (matrix[1, 1], matrix[0, 1])


def test_scores_are_judged_with_their_stars() -> None:
    target = np.array([True, True, False, True, False, False])
    scores = np.array([0.9, 0.8, 0.7, 0.4, 0.2, 0.1])
    found = judge_scores(judged(target, scores, np.array([1, 1, 2, 3, 2, 4])))
    assert (found["n"], found["n_stars"], found["n_positive_stars"]) == (6, 4, 2)
    assert found["average_precision"] == pytest.approx((1 + 1 + 3 / 4) / 3)


def test_bins_have_equal_numbers_of_rows() -> None:
    sizes = [len(rows) for rows in equal_count_bins(np.zeros(100))]
    assert (len(sizes), sum(sizes), max(sizes) - min(sizes)) == (15, 100, 1)
    assert [len(rows) for rows in equal_count_bins(np.zeros(3))] == [1, 1, 1]


def test_calibration_error_of_two_bins_worked_out_by_hand() -> None:
    target = np.array([False, True, True, True])
    found = reliability(target, np.array([0.1, 0.3, 0.6, 0.8]), n_bins=2)
    # means 0.2 and 0.7, rates 1/2 and 1
    assert found["bins"] == {
        "n": [2, 2],
        "mean_probability": pytest.approx([0.2, 0.7]),
        "rate": [0.5, 1.0],
    }
    assert found["expected_calibration_error"] == pytest.approx((0.3 + 0.3) / 2)
    brier = found["brier"]
    assert brier["reliability"] == pytest.approx(0.3**2)
    assert brier["resolution"] == pytest.approx(0.25**2)
    assert brier["uncertainty"] == 0.75 * 0.25
    assert brier["score"] == pytest.approx((0.01 + 0.49 + 0.16 + 0.04) / 4)
    assert brier["skill"] == pytest.approx(1 - brier["score"] / (0.75 * 0.25))


def test_the_parts_of_the_brier_score_add_up_to_it() -> None:
    brier = reliability(*drawn(1000))["brier"]
    parts = brier["reliability"] - brier["resolution"] + brier["uncertainty"]
    assert parts + brier["within_bins"] == pytest.approx(brier["score"])


def test_with_one_probability_per_bin_nothing_is_left_within_them() -> None:
    # Murphy (1973): the three parts are all if probabilities do not differ within a bin
    p = np.repeat([0.1, 0.5, 0.9], 100)
    target = np.random.default_rng(0).random(300) < p
    assert reliability(target, p, n_bins=3)["brier"]["within_bins"] == pytest.approx(0, abs=1e-12)


def test_probabilities_that_are_right_are_calibrated_and_doubled_ones_are_not() -> None:
    target, p = drawn(20_000)
    right = judge_probabilities(judged(target, p))
    wrong = judge_probabilities(judged(target, np.minimum(2 * p, 1)))
    assert right["expected_calibration_error"] < 0.015
    assert right["brier"]["skill"] > 0
    assert wrong["expected_calibration_error"] > 0.1
    assert wrong["log_loss"] > right["log_loss"]


def test_rows_of_one_side_have_no_skill_and_no_rows_no_figures() -> None:
    assert reliability(np.zeros(5, bool), np.full(5, 0.1))["brier"]["skill"] is None
    assert judge_probabilities(judged(np.zeros(0, bool), np.zeros(0))) == {}


def test_the_best_cut_has_the_best_f1_of_all() -> None:
    target, scores = drawn()

    def f1(cut: float) -> float:
        called = scores >= cut
        return 2 * (called & target).sum() / (called.sum() + target.sum())

    cut = best_cut(target, scores)
    assert cut is not None
    assert f1(cut) == max(f1(score) for score in scores)
    assert best_cut(np.ones(3, bool), np.ones(3)) is None


def test_completeness_and_contamination_of_a_cut() -> None:
    target, scores = np.array([True, True, False, False]), np.array([0.9, 0.2, 0.7, 0.1])
    assert purity(target, scores, 0.7) == {"completeness": 0.5, "contamination": 0.5}
    assert purity(target, scores, 0.95) == {"completeness": 0.0, "contamination": None}
    assert purity(target, scores, None) == {"completeness": None, "contamination": None}


def test_every_row_with_a_value_is_in_one_slice() -> None:
    target, scores = drawn()
    period = np.where(np.arange(400) < 40, np.nan, 10 ** np.linspace(-2, 3, 400))
    rows = Judged(target, scores, np.arange(400), {"period": period})
    slices = judge_slices(rows, 0.5)["period"]
    assert sum(part["n"] for part in slices) == 360
    assert sum(part["n_positive"] for part in slices) == target[40:].sum()
    inside = (period >= 0.1) & (period < 0.3)
    part = next(part for part in slices if part["low"] == 0.1)
    assert part["average_precision"] == pytest.approx(
        average_precision_score(target[inside], scores[inside])
    )
    assert list(judge_slices(rows, None)) == ["period"]


def test_sets_are_judged_on_either_side_apart() -> None:
    target = np.array([True, True, False, False])
    found = judge_sets(
        target,
        {True: np.array([True, False, True, False]), False: np.array([False, False, True, True])},
    )
    assert found == {
        "coverage_positive": 0.5,
        "coverage_negative": 1.0,
        "single": 0.5,
        "empty": 0.25,
    }


def test_a_macro_average_is_over_the_classes_that_have_the_figure() -> None:
    assert macro_average([{"a": 1.0}, {"a": None}, {"a": 0.5}, {}], "a") == 0.75
    assert macro_average([], "a") is None
