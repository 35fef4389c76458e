"""Searches for settings by `optuna`, kept in a file and gone on with; which ones a sweep tries."""

from __future__ import annotations

import fcntl
import itertools
import os
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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

_SETTINGS = "settings"
N_FIRST = 4
"""Random draws before a model of the results says where to look."""
N_CANDIDATES = 128
"""Places that the model weighs for each training; a training costs more than all of them."""


def open_study(
    path: Path | None,
    name: str,
    direction: Literal["minimize", "maximize"] = "minimize",
    pruner: BasePruner | None = None,
    settings: Mapping[str, Any] | None = None,
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
    settings : mapping, optional
        Values of JSON that results depend on and `name` does not tell: one search has one of each.

    Raises
    ------
    InputError
        If the file is something else, or the search was begun with another direction or settings.
    """
    import optuna
    from sqlalchemy.exc import SQLAlchemyError

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        study = optuna.create_study(
            study_name=name,
            storage=None if path is None else storage_address(path),
            direction=direction,
            pruner=pruner,
            load_if_exists=True,
        )
        begun = dict(study.user_attrs.get(_SETTINGS, {}))
        if settings and not begun:
            study.set_user_attr(_SETTINGS, dict(settings))
    except (SQLAlchemyError, optuna.exceptions.OptunaError, OSError, RuntimeError) as error:
        raise InputError(
            "search that cannot be gone on with",
            value=f"{path}: {str(error).splitlines()[0]}",
            allowed="the file of a search by this version of optuna, in a folder to write to",
            todo="put the file elsewhere to begin anew",
        ) from error
    # optuna itself goes on in the direction of before, and gives the worst for the best.
    begun["direction"] = study.direction.name.lower()
    for key, value in {**(settings or {}), "direction": direction}.items():
        if begun.get(key, value) != value:
            raise InputError(
                f"search {name} in {path} that was begun with another {key}",
                value=str(value),
                allowed=str(begun[key]),
                todo="begin another search, by another name, or put the file elsewhere",
            )
    return study


def storage_address(path: Path) -> str:
    """Return where optuna finds an SQLite file, whatever signs are in its name."""
    return f"sqlite:///file:{urllib.parse.quote(os.fsencode(path.absolute()))}?uri=true"


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Let no other process search in the same file: it would train the same settings.

    Raises
    ------
    InputError
        If one does.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise InputError(
            "search that cannot be kept",
            value=f"{path}: {error.strerror}",
            todo="name a place to write to",
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise InputError(
            "search that another process is at work on",
            value=str(path),
            todo="run again when that one has ended",
        ) from None
    except OSError:
        # A file system without locks.
        pass
    try:
        yield
    finally:
        os.close(lock)


def forget(study: Study) -> None:
    """Take a search out of its file."""
    import optuna

    optuna.delete_study(study_name=study.study_name, storage=study._storage)


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
