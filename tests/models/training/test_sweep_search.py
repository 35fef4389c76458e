"""Where sweeps look: each method on functions whose lowest point is known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from scope.config.tracking import PARAMETERS, SweepParameter
from scope.errors import ConfigError
from scope.models.training.sweep_search import Search

RATE = SweepParameter(min=1e-4, max=1e-1, distribution="log_uniform_values")
SIZE = SweepParameter(values=(16, 32, 64))
FIXED = SweepParameter(value=50)


def run(search: Search, loss: Any, n: int) -> tuple[list[dict[str, Any]], list[float]]:
    tried: list[dict[str, Any]] = []
    losses: list[float] = []
    for _ in range(n):
        proposal = search.propose(tried, losses)
        if proposal is None:
            break
        tried.append(proposal)
        losses.append(loss(proposal))
    return tried, losses


def bowl(settings: dict[str, Any]) -> float:
    """Lowest, 0, at a rate of 0.003 and a size of 32."""
    return (math.log10(settings["rate"] / 0.003)) ** 2 + 0.1 * (settings["size"] != 32)


def test_a_grid_tries_every_combination_once_and_ends() -> None:
    search = Search(
        {"size": SIZE, "flag": SweepParameter(values=(True, False)), "n": FIXED}, "grid"
    )
    tried, _ = run(search, lambda settings: 0.0, 99)
    assert {(item["size"], item["flag"]) for item in tried} == {
        (size, flag) for size in (16, 32, 64) for flag in (True, False)
    }
    assert len(tried) == 6
    assert {item["n"] for item in tried} == {50}


def test_a_grid_needs_values() -> None:
    with pytest.raises(ConfigError, match="grid over a range: 'rate'"):
        Search({"rate": RATE}, "grid").propose([], [])


def test_random_draws_fill_the_range_by_its_logarithm() -> None:
    tried, _ = run(Search({"rate": RATE}, "random"), lambda settings: 0.0, 600)
    rates = np.log10([item["rate"] for item in tried])
    # a uniform distribution over (-4, -1): a third of the draws in each decade
    assert np.histogram(rates, bins=[-4, -3, -2, -1])[0] == pytest.approx([200] * 3, abs=50)


def test_the_same_seed_gives_the_same_sweep() -> None:
    parameters = {"rate": RATE, "size": SIZE}
    for method in ("random", "bayes"):
        first, again = (run(Search(parameters, method, 5), bowl, 7)[0] for _ in range(2))
        assert first == again
        assert run(Search(parameters, method, 6), bowl, 7)[0] != first


def test_a_model_of_the_results_finds_what_random_draws_seldom_do() -> None:
    parameters = {"rate": RATE, "size": SIZE}
    best = {
        method: [min(run(Search(parameters, method, seed), bowl, 12)[1]) for seed in range(3)]
        for method in ("random", "bayes")
    }
    assert np.median(best["bayes"]) < 0.005 < np.median(best["random"])


def test_failed_trainings_do_not_stop_the_search() -> None:
    _, losses = run(
        Search({"rate": RATE, "size": SIZE}, "bayes"),
        lambda settings: math.inf if settings["size"] == 16 else bowl(settings),
        12,
    )
    assert min(losses) < 0.1


def test_the_published_ranges_are_the_defaults() -> None:
    rate, epsilon = PARAMETERS["learning_rate"], PARAMETERS["epsilon"]
    assert (rate.min, rate.max, epsilon.min, epsilon.max) == (3e-4, 3e-2, 1e-9, 1e-7)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"min": 1.0},
        {"min": 2.0, "max": 1.0},
        {"min": 0.0, "max": 1.0, "distribution": "log_uniform_values"},
        {"value": 1, "values": (1, 2)},
    ],
)
def test_a_parameter_is_searched_in_one_way(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        SweepParameter(**values)
