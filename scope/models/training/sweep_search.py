"""Searches for settings by `optuna`, kept in a file and gone on with; which ones a sweep tries."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from scope.config.tracking import SweepParameter
from scope.errors import ConfigError, InputError

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.distributions import BaseDistribution
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

N_FIRST = 4
"""Random draws before a model of the results says where to look."""
N_CANDIDATES = 128
"""Places that the model weighs for each training; a training costs more than all of them."""


def open_study(
    path: Path | None,
    name: str,
    direction: Literal["minimize", "maximize"] = "minimize",
    pruner: BasePruner | None = None,
) -> Study:
    """Return the search of a file, a new one or that which was begun.

    Parameters
    ----------
    path : path or None
        SQLite file, which may hold searches of other names; None keeps the search in memory.
    name : str
    direction : {"minimize", "maximize"}
    pruner : optuna.pruners.BasePruner, optional
        What ends hopeless trainings early.

    Raises
    ------
    InputError
        If the file is something else.
    """
    import optuna
    from sqlalchemy.exc import SQLAlchemyError

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return optuna.create_study(
            study_name=name,
            storage=None if path is None else f"sqlite:///{path.absolute()}",
            direction=direction,
            pruner=pruner,
            load_if_exists=True,
        )
    except (SQLAlchemyError, optuna.exceptions.OptunaError, RuntimeError) as error:
        raise InputError(
            "search that cannot be gone on with",
            value=f"{path}: {str(error).splitlines()[0]}",
            allowed="the file of a search by this version of optuna, in a folder to write to",
            todo="put the file elsewhere to begin anew",
        ) from error


def finished_trials(study: Study) -> list[FrozenTrial]:
    """Return the trials that came to an end, good or bad; not those that were killed."""
    return [trial for trial in study.get_trials(deepcopy=False) if trial.state.is_finished()]


def next_trial(
    study: Study, parameters: Mapping[str, SweepParameter], method: str, seed: int = 42
) -> Trial | None:
    """Return the next trial of a sweep; None if a grid has no further ones.

    What it tries depends on the seed and on the trials that are finished alone: a sweep that
    was killed goes on as it would have.

    Parameters
    ----------
    study : optuna.Study
    parameters : mapping of name to SweepParameter
    method : {"bayes", "random", "grid"}
        ``bayes`` takes the largest expected improvement under densities of good and bad results
        (Bergstra et al. 2011, NIPS 24, 2546), after some random draws; ``grid`` goes through
        all combinations, the last parameter first.
    seed : int

    Raises
    ------
    ConfigError
        If a grid is asked for of a range.
    """
    from optuna.trial import TrialState

    done = finished_trials(study)
    if method == "grid" and not study.get_trials(states=(TrialState.WAITING,)):
        # optuna's own walk over a grid is shuffled, so that a capped one has gaps at random.
        tried = [trial.params for trial in done]
        point = next((point for point in _grid(parameters) if point not in tried), None)
        if point is None:
            return None
        study.enqueue_trial(point)
    study.sampler = _sampler(method, np.random.SeedSequence(seed, spawn_key=(len(done),)))
    return study.ask({name: _distribution(item) for name, item in parameters.items()})


def _sampler(method: str, sequence: np.random.SeedSequence) -> BaseSampler:
    import optuna

    seed = int(sequence.generate_state(1)[0])
    if method != "bayes":
        return optuna.samplers.RandomSampler(seed=seed)
    return optuna.samplers.TPESampler(
        seed=seed,
        n_startup_trials=N_FIRST,
        n_ei_candidates=N_CANDIDATES,
        multivariate=True,
        # A training that was killed says nothing; by default it would count as a bad one.
        constant_liar=False,
    )


def _distribution(item: SweepParameter) -> BaseDistribution:
    """Return where a parameter is searched, in optuna's words."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    if item.min is None or item.max is None:
        return CategoricalDistribution(_values(item))
    return FloatDistribution(item.min, item.max, log=item.distribution != "uniform")


def _grid(parameters: Mapping[str, SweepParameter]) -> Iterator[dict[str, Any]]:
    for name, item in parameters.items():
        if item.min is not None:
            raise ConfigError(
                "grid over a range",
                value=name,
                allowed="values",
                todo="list values under wandb.sweep_config_dnn.parameters, or use random or bayes",
            )
    for point in itertools.product(*(_values(item) for item in parameters.values())):
        yield dict(zip(parameters, point, strict=True))


def _values(item: SweepParameter) -> tuple[Any, ...]:
    return (item.value,) if item.values is None else item.values
