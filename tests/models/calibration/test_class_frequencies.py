"""Frequencies of classes from scores: against known mixtures of two normal distributions.

For log-odds the normal distributions N(d²/2, d) of a class and N(-d²/2, d) of the others are
calibrated exactly at equal frequencies (their likelihood ratio is the log-odds itself), so that
truth is known in closed form.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from scope.errors import ConfigError
from scope.models.calibration.class_frequencies import (
    ESTIMATED,
    STATED,
    TRAINING,
    Evidence,
    estimate_frequencies,
    shift_to_mean,
    training_frequencies,
)
from scope.models.calibration.class_tree import ClassTree, project
from scope.models.calibration.score_reference import ScoreReference

DISTANCE = 2.5
TREE = ClassTree(
    {"e": None, "ea": "e", "eb": "e", "ew": "e", "bogus": None}, frozenset({"ea", "eb", "ew"})
)


def draw(rng: np.random.Generator, n: int, positive: np.ndarray | float) -> np.ndarray:
    """Return log-odds at equal frequencies of rows of which some are of the class."""
    of_class = rng.random(n) < positive if np.isscalar(positive) else np.asarray(positive)
    centre = np.where(of_class, 1, -1) * DISTANCE**2 / 2
    return rng.normal(centre, DISTANCE)


def reference(rng: np.random.Generator) -> ScoreReference:
    target = np.arange(40_000) % 2 == 0
    found = ScoreReference.of(draw(rng, 40_000, target), target)
    assert found is not None
    return found


def evidence(rng: np.random.Generator, values: np.ndarray, before: float = 0.5) -> Evidence:
    return Evidence(
        values + logit(before), np.ones(len(values)), before, shifted(reference(rng), before)
    )


def shifted(found: ScoreReference, before: float) -> ScoreReference:
    step = int(np.floor(logit(before) * 128))
    return ScoreReference(tuple(b + step for b in found.bins), found.positive, found.negative)


@pytest.mark.parametrize("truth", [0.002, 0.05, 0.4, 0.9])
@pytest.mark.parametrize("before", [0.5, 0.1])
def test_a_frequency_is_found_within_its_interval(truth: float, before: float) -> None:
    rng = np.random.default_rng(3)
    inside = 0
    for _ in range(20):
        of_class = rng.random(5000) < truth
        one = evidence(rng, draw(rng, 5000, of_class), before)
        found = estimate_frequencies({"e": one}, TREE, {}, most_distance=0.1)["e"]
        assert found.source == ESTIMATED
        assert found.low is not None
        assert found.high is not None
        assert found.low <= found.value <= found.high
        inside += found.low <= truth <= found.high
    # of 20 intervals of 95 %, 16 or fewer hold the truth in 3 of 1,000 cases (binomial)
    assert inside >= 17


def test_kinds_that_exclude_one_another_are_no_more_than_their_class() -> None:
    rng = np.random.default_rng(0)
    # the scores of the kinds are too high for the frequency of the class
    values = {"e": draw(rng, 4000, 0.4), "bogus": draw(rng, 4000, 0.2)}
    values |= {tag: draw(rng, 4000, 0.3) for tag in ("ea", "eb", "ew")}
    every = {tag: evidence(rng, value) for tag, value in values.items()}
    alone = {
        t: estimate_frequencies({t: e}, TREE, {}, most_distance=1)[t] for t, e in every.items()
    }
    together = estimate_frequencies(every, TREE, {}, most_distance=1)
    total = sum(together[tag].value for tag in ("ea", "eb", "ew"))
    assert sum(alone[tag].value for tag in ("ea", "eb", "ew")) > alone["e"].value + 0.3
    assert total <= together["e"].value + 1e-9
    # all evidence counts: the class gives way as well as its kinds
    assert together["e"].value > alone["e"].value + 0.05
    assert together["bogus"].value == pytest.approx(alone["bogus"].value, abs=1e-5)


def test_the_maximum_is_that_of_another_solver() -> None:
    from scipy.optimize import LinearConstraint, minimize

    rng = np.random.default_rng(5)
    values = {"e": draw(rng, 3000, 0.3), "ea": draw(rng, 3000, 0.3), "eb": draw(rng, 3000, 0.2)}
    every = {tag: evidence(rng, value) for tag, value in values.items()}
    found = estimate_frequencies(every, TREE, {}, most_distance=1)

    def loss(x: np.ndarray) -> float:
        pairs = zip(x, values.values(), strict=True)
        return -sum(np.log(p * np.exp(v) + 1 - p).sum() for p, v in pairs) / 3000

    limit = LinearConstraint([[1, -1, -1]], 0, np.inf)
    best = minimize(
        loss,
        [0.5, 0.2, 0.2],
        method="trust-constr",
        bounds=[(1e-6, 1 - 1e-6)] * 3,
        constraints=limit,
        options={"gtol": 1e-9, "xtol": 1e-11, "maxiter": 3000},
    )
    np.testing.assert_allclose([found[t].value for t in values], best.x, atol=2e-3)


def test_scores_unlike_those_of_training_keep_its_frequency() -> None:
    rng = np.random.default_rng(1)
    # Members that look half-way between the sides: no mixture of the sides has a peak there.
    strange = np.where(
        rng.random(4000) < 0.2, rng.normal(-0.5, 0.5, 4000), draw(rng, 4000, np.zeros(4000, bool))
    )
    every = {"e": evidence(rng, strange, 0.3), "bogus": evidence(rng, draw(rng, 4000, 0.1), 0.3)}
    found = estimate_frequencies(every, TREE, {}, most_distance=0.05)
    assert (found["e"].source, found["e"].value) == (TRAINING, 0.3)
    assert found["e"].why.startswith("scores unlike training (distance 0.")
    assert found["bogus"].source == ESTIMATED


def test_models_that_kept_no_distribution_are_estimated_without_that_check() -> None:
    rng = np.random.default_rng(1)
    bare = Evidence(draw(rng, 4000, 0.25), np.ones(4000), 0.5, None)
    found = estimate_frequencies({"e": bare}, TREE, {}, most_distance=0.1)["e"]
    assert found.value == pytest.approx(0.25, abs=0.03)
    assert found.distance is None


def test_stated_frequencies_bound_those_of_their_kinds() -> None:
    rng = np.random.default_rng(2)
    every = {tag: evidence(rng, draw(rng, 3000, 0.3)) for tag in ("e", "ea", "eb")}
    found = estimate_frequencies(every, TREE, {"e": 0.02}, most_distance=1)
    assert (found["e"].value, found["e"].source) == (0.02, STATED)
    assert found["ea"].value + found["eb"].value <= 0.02 + 1e-9


def test_a_class_is_as_frequent_as_what_is_stated_of_its_kinds() -> None:
    """Half of the light curves are stated to be of `ea`; the scores show a tenth of `e`."""
    rng = np.random.default_rng(2)
    tree = ClassTree({"e": None, "ea": "e"})
    one = {"e": evidence(rng, draw(rng, 2000, 0.1)), "ea": evidence(rng, draw(rng, 2000, 0.02))}
    found = estimate_frequencies(one, tree, {"ea": 0.5}, most_distance=9.0)
    assert found["ea"].value == 0.5
    assert found["e"].value == pytest.approx(0.5, abs=1e-3)


def test_stated_frequencies_that_contradict_the_tree_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"ea, eb above that of e.*probabilities\.stated"):
        training_frequencies({}, TREE, {"e": 0.1, "ea": 0.08, "eb": 0.05}, "")
    with pytest.raises(ConfigError, match="ea above that of e"):
        estimate_frequencies({}, TREE, {"e": 0.1, "ea": 0.2}, most_distance=1)


def test_training_frequencies_do_not_exceed_a_stated_one_above_them() -> None:
    found = training_frequencies({"ea": 0.2, "bogus": 0.3}, TREE, {"e": 0.05}, "few rows")
    assert (found["ea"].value, found["ea"].why) == (0.05, "few rows; not above e")
    assert (found["bogus"].value, found["bogus"].why) == (0.3, "few rows")


@pytest.mark.parametrize("frequency", [0.001, 0.2, 0.97])
def test_probabilities_can_be_made_to_add_up(frequency: float) -> None:
    rng = np.random.default_rng(4)
    one = Evidence(rng.normal(1, 2, 500), np.full(500, 3), 0.5, None)
    shift = shift_to_mean(one, frequency)
    assert expit(one.value + shift).mean() == pytest.approx(frequency, rel=1e-6)


def test_a_firm_class_keeps_its_place_and_its_kinds_give_way() -> None:
    row = np.array([[0.1, 0.5, 0.05]])
    parents = np.array([-1, 0, 0])
    np.testing.assert_allclose(project(row, parents, [1e9, 1, 1]), [[0.1, 0.1, 0.05]], atol=1e-8)
    # weighted isotonic regression of two values is their weighted mean
    np.testing.assert_allclose(project(row, parents, [3, 1, 1]), [[0.2, 0.2, 0.05]])


def test_the_distance_of_a_mixture_from_itself_is_that_of_chance() -> None:
    rng = np.random.default_rng(6)
    found = reference(rng)
    value = draw(rng, 10_000, 0.3)
    distance = found.distance(value, np.ones(10_000), 0.3)
    assert distance < 1.63 / np.sqrt(10_000) + 1.63 / np.sqrt(20_000)
    # all of one side, taken for all of the other: the separation, 2 Phi(d/2) - 1 of two normals
    assert found.separation == pytest.approx(0.789, abs=0.01)
    alone = draw(rng, 10_000, np.zeros(10_000, bool))
    assert found.distance(alone, np.ones(10_000), 1.0) == pytest.approx(0.789, abs=0.03)
