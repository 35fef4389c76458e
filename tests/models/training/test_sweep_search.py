"""Where sweeps look: each method on functions whose lowest point is known."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scope.config.tracking import PARAMETERS, SweepParameter
from scope.errors import ConfigError, InputError
from scope.models.training.sweep_search import finished_trials, next_trial, only_one, open_study

RATE = SweepParameter(min=1e-4, max=1e-1, distribution="log_uniform_values")
SIZE = SweepParameter(values=(16, 32, 64))
FIXED = SweepParameter(value=50)


def run(
    parameters: dict[str, SweepParameter],
    method: str,
    loss: Callable[[dict[str, Any]], float],
    n: int,
    seed: int = 42,
    path: Path | None = None,
) -> tuple[list[dict[str, Any]], list[float]]:
    """Search until `n` trials are finished; a loss that is not finite is a failed training."""
    from optuna.trial import TrialState

    study = open_study(path, "search")
    while len(finished_trials(study)) < n:
        trial = next_trial(study, parameters, method, seed)
        if trial is None:
            break
        value = loss(trial.params)
        if math.isfinite(value):
            study.tell(trial, value)
        else:
            study.tell(trial, state=TrialState.PRUNED)
    done = finished_trials(study)
    return [t.params for t in done], [math.inf if t.value is None else t.value for t in done]


def bowl(settings: dict[str, Any]) -> float:
    """Lowest, 0, at a rate of 0.003 and a size of 32."""
    return (math.log10(settings["rate"] / 0.003)) ** 2 + 0.1 * (settings["size"] != 32)


def test_a_grid_tries_every_combination_once_in_order_and_ends() -> None:
    parameters = {"size": SIZE, "flag": SweepParameter(values=(True, False)), "n": FIXED}
    tried, losses = run(parameters, "grid", lambda p: (p["size"] - 32) ** 2 + p["flag"], 99)
    # as our own walk over the grid had it, before optuna kept the trials
    assert tried == [
        {"size": size, "flag": flag, "n": 50} for size in (16, 32, 64) for flag in (True, False)
    ]
    assert losses == [257, 256, 1, 0, 1025, 1024]
    assert run(parameters, "grid", lambda p: 0.0, 4)[0] == tried[:4]


def test_a_grid_needs_values() -> None:
    with pytest.raises(ConfigError, match="grid over a range: 'rate'"):
        run({"rate": RATE}, "grid", bowl, 1)


def test_random_draws_fill_the_range_by_its_logarithm() -> None:
    study = open_study(None, "search")
    rates = []
    for _ in range(600):
        trial = next_trial(study, {"rate": RATE}, "random")
        assert trial is not None
        rates.append(np.log10(trial.params["rate"]))
        study.tell(trial, 0.0)
    # a uniform distribution over (-4, -1): a third of the draws in each decade
    assert np.histogram(rates, bins=[-4, -3, -2, -1])[0] == pytest.approx([200] * 3, abs=50)


def test_the_same_seed_gives_the_same_sweep() -> None:
    parameters = {"rate": RATE, "size": SIZE}
    for method in ("random", "bayes"):
        first, again = (run(parameters, method, bowl, 7, seed=5)[0] for _ in range(2))
        assert first == again
        assert run(parameters, method, bowl, 7, seed=6)[0] != first


@pytest.mark.parametrize("method", ["bayes", "random", "grid"])
def test_a_search_that_was_killed_goes_on_as_it_would_have(method: str, tmp_path: Path) -> None:
    parameters = {"rate": RATE if method != "grid" else SweepParameter(values=(0.1, 0.01, 0.001))}
    parameters |= {"size": SIZE}
    whole = run(parameters, method, bowl, 8)
    file = tmp_path / "search.db"
    run(parameters, method, bowl, 5, path=file)
    # a training that never came to an end
    next_trial(open_study(file, "search"), parameters, method)
    assert run(parameters, method, bowl, 8, path=file) == whole


def test_a_file_that_is_no_search_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "search.db"
    file.write_text("an early note, longer than the head of a database " * 9)
    with pytest.raises(InputError, match=r"search that cannot be gone on with: .*search\.db"):
        open_study(file, "search")
    assert file.read_text().startswith("an early note")


def test_a_model_of_the_results_finds_what_random_draws_seldom_do() -> None:
    parameters = {"rate": RATE, "size": SIZE}
    best = {
        method: [min(run(parameters, method, bowl, 20, seed)[1]) for seed in range(5)]
        for method in ("random", "bayes")
    }
    assert np.median(best["bayes"]) < 0.005 < np.median(best["random"])


def test_failed_trainings_do_not_stop_the_search_and_are_avoided() -> None:
    def broken(settings: dict[str, Any]) -> float:
        return math.inf if settings["size"] == 16 else bowl(settings)

    parameters = {"rate": RATE, "size": SIZE}
    losses = [run(parameters, "bayes", broken, 16, seed)[1] for seed in range(5)]
    assert np.median([min(found) for found in losses]) < 0.1
    # a third of what is drawn at random fails
    assert np.mean([np.isinf(found[4:]) for found in losses]) < 0.25


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


@pytest.mark.parametrize("name", ["a b.db", "a?b=c.db", "a#b.db", "a%20b.db", "ä;é.db"])
def test_a_search_is_kept_where_it_was_said(name: str, tmp_path: Path) -> None:
    """A question mark begins the options in an address of SQLAlchemy: the rest was cut off."""
    for folder in (tmp_path / "plain", tmp_path / "what?"):
        run({"size": SIZE}, "grid", lambda p: 0.0, 2, path=folder / name)
        assert [path.name for path in folder.iterdir()] == [name]
        with closing(sqlite3.connect(folder / name)) as file:
            assert file.execute("select count(*) from trials").fetchone() == (2,)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plain", "what?"]


def test_a_search_keeps_its_direction_and_settings(tmp_path: Path) -> None:
    """optuna would go on to maximise what is asked for at its lowest."""
    file = tmp_path / "search.db"
    open_study(file, "search", "maximize", settings={"layers": [0, 1]})
    open_study(file, "search", "maximize", settings={"layers": [0, 1]})
    open_study(file, "another", "minimize", settings={"layers": [0]})
    with pytest.raises(InputError, match="begun with another direction: 'minimize'"):
        open_study(file, "search", "minimize", settings={"layers": [0, 1]})
    with pytest.raises(InputError, match=r"begun with another layers: '\[0\]'"):
        open_study(file, "search", "maximize", settings={"layers": [0]})


def test_two_processes_do_not_search_in_one_file(tmp_path: Path) -> None:
    file = tmp_path / "new" / "search.db"
    with only_one(file), pytest.raises(InputError, match="another process is at work on"):
        # An open file of its own has a lock of its own, in the same process too.
        only_one(file).__enter__()
    with only_one(file):
        pass


def test_a_place_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for function in (only_one, lambda path: nullcontext(open_study(path, "search"))):
        with pytest.raises(InputError, match=r"search that cannot be .*file/search\.db"):
            function(tmp_path / "file" / "search.db").__enter__()
