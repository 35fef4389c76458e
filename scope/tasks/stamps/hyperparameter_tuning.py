"""Search for the numbers of a Bayesian network: Hyperband by `optuna`, resumed where it was.

from gotorb import hyperparameter_tuning, models, classifier
best = hyperparameter_tuning.run_model_tuning("data_YYYYMMDD-HHMMSS")
classifier.train("data_YYYYMMDD-HHMMSS", model=models.compat_build_hp_model(best))
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from scope.errors import ConfigError, InputError
from scope.models.images.architectures import Bayesian, bayesian_network, parse_hyperparameters
from scope.models.images.fit import FitOptions, balanced_weights, fit_network
from scope.models.training.sweep_search import (
    finished_trials,
    only_one,
    open_study,
    storage_address,
)
from scope.provenance import hash_file
from scope.tasks.stamps.normalise import Normalisation
from scope.tasks.stamps.prepare import check_layers, prepared_set, split_rows
from scope.tasks.stamps.sets import LABELS_FILE, open_set

SEED = 42
FACTOR = 3
"""Of Hyperband. gotorb's is e; the pruner takes whole numbers."""

METRICS: dict[str, Literal["maximize", "minimize"]] = {
    "val_accuracy": "maximize",
    "val_loss": "minimize",
}


def suggest(trial: Any) -> dict[str, Any]:
    """Return one draw from gotorb's space of networks."""
    return {
        "block1": trial.suggest_int("block1", 8, 32, step=8),
        "extra2": trial.suggest_int("extra2", 0, 32, step=8),
        "dense": trial.suggest_int("dense", 64, 512, step=8),
        "initializer": trial.suggest_categorical("initializer", ["he_uniform", "glorot_uniform"]),
        "dropout_prob": trial.suggest_float("dropout_prob", 0.01, 0.5, log=True),
        "l2": trial.suggest_float("l2", 1e-8, 1e-1, log=True),
        "activation": trial.suggest_categorical("activation", ["relu", "leaky_relu", "elu"]),
        "learning_rate": trial.suggest_float("learning_rate", 1e-5, 1e-2, log=True),
    }


def run_model_tuning(
    data_dir: str | Path,
    max_epochs: int = 500,
    patience: int = 10,
    batch_size: int = 64,
    validation_split: float = 0.1,
    test_split: float = 0.1,
    layers: Sequence[int] | None = (0, 1, 2, 3),
    max_model_pars: float = 1e6,
    runname: str | None = None,
    hyperband_iters: int = 2,
    metric: str = "val_accuracy",
    *,
    n_trials: int | None = None,
) -> dict[str, Any]:
    """Search, and return the best numbers.

    Parameters
    ----------
    data_dir : path
        A labelled set. The search is kept in ``tuning_<runname>.db`` there: a call that was
        killed is gone on with by the same call.
    max_epochs, patience, batch_size : int
    validation_split, test_split : float
        As in `classifier.train`; the test part is not looked at.
    layers : sequence of int
    max_model_pars : float
        Larger networks are not trained.
    runname : str, optional
        Name of the search.
    hyperband_iters : int
        Rounds over all of Hyperband's brackets.
    metric : {"val_accuracy", "val_loss"}
    n_trials : int, optional
        Networks in all, instead of what `hyperband_iters` gives.

    Returns
    -------
    dict
        For `models.compat_build_hp_model`.

    Raises
    ------
    ConfigError
        If the metric is none.
    InputError
        If the search of this name was begun with other settings or labels, if another process is
        at work on it, or if no network was trained to the end.
    """
    import optuna

    if metric not in METRICS:
        raise ConfigError("metric", value=metric, allowed=METRICS)
    folder = Path(data_dir)
    labels, stamps = open_set(folder)
    with stamps:
        chosen = check_layers(layers, stamps.shape[2])
    split = split_rows(
        labels, test_split=test_split, validation_split=validation_split, random_state=SEED
    )
    wanted = n_trials or brackets_trials(max_epochs) * hyperband_iters
    name = runname or "vgg6"
    pruner = optuna.pruners.HyperbandPruner(
        min_resource=1, max_resource=max(max_epochs, 1), reduction_factor=FACTOR
    )
    settings = {
        "metric": metric,
        "max_epochs": max_epochs,
        "patience": patience,
        "batch_size": batch_size,
        "validation_split": validation_split,
        "test_split": test_split,
        "layers": list(chosen),
        "labels": hash_file(folder / LABELS_FILE),
    }
    kept = folder / f"tuning_{name}.db"
    with only_one(kept), prepared_set(folder, chosen, Normalisation("l2")) as data:
        study = open_study(kept, name, METRICS[metric], pruner, settings)
        # A search that goes on would draw its first networks again.
        study.sampler = optuna.samplers.RandomSampler(seed=SEED + len(study.trials))
        target = labels["label"].to_numpy()
        options = FitOptions(
            batch_size=batch_size,
            epochs=max_epochs,
            patience=patience,
            augmentation={"horizontal_flip": True, "vertical_flip": True},
            class_weight=balanced_weights(target[split.train]),
            seed=SEED,
        )

        def objective(trial: Any) -> float:
            values = suggest(trial)
            return _trained(
                trial, values, data.images, target, split, options, metric, max_model_pars
            )

        study.optimize(objective, n_trials=max(wanted - len(finished_trials(study)), 0))
    finished = [t for t in study.trials if t.state == optuna.trial.TrialState.COMPLETE]
    if not finished:
        raise InputError(
            "search without a network that was trained to the end",
            value=f"{len(study.trials)} tried",
            todo="allow more parameters (max_model_pars) or more trials",
        )
    return dict(study.best_params)


def brackets_trials(max_epochs: int) -> int:
    """Return how many networks one round of Hyperband starts (Li et al. 2018, JMLR 18)."""
    s_max = int(np.floor(np.log(max(max_epochs, 1)) / np.log(FACTOR)))
    return sum(int(np.ceil((s_max + 1) / (s + 1) * FACTOR**s)) for s in range(s_max, -1, -1))


def _trained(
    trial: Any,
    values: dict[str, Any],
    images: Any,
    target: Any,
    split: Any,
    options: FitOptions,
    metric: str,
    most_parameters: float,
) -> float:
    """Train one network, reporting each epoch, and return its best value."""
    import keras
    import optuna

    keras.utils.set_random_seed(SEED)
    how: Bayesian = parse_hyperparameters(values)
    model = bayesian_network(images.shape[1:], how)
    if model.count_params() > most_parameters:
        raise optuna.TrialPruned
    adam = keras.optimizers.Adam(values["learning_rate"])
    model.compile(adam, "binary_crossentropy", metrics=["accuracy"])

    class Report(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            trial.report(float((logs or {})[metric]), epoch + 1)
            if trial.should_prune():
                raise optuna.TrialPruned

    labels = np.asarray(target, dtype=np.float32)
    history = fit_network(model, images, labels, split.train, split.validation, options, [Report()])
    best = max if METRICS[metric] == "maximize" else min
    return float(best(history[metric]))


def parse_tuning_file(path: str | Path, runname: str | None = None) -> pd.DataFrame:
    """Return the networks of a search, a row each: its numbers, value and state.

    Parameters
    ----------
    path : path
        ``tuning_<runname>.db``.
    """
    import optuna
    from sqlalchemy.exc import SQLAlchemyError

    path = Path(path)
    name = runname or path.stem.removeprefix("tuning_")
    storage = storage_address(path)
    try:
        there = optuna.get_all_study_names(storage) if path.is_file() else []
    except SQLAlchemyError as error:
        raise InputError("file that is no search", value=str(path)) from error
    if name not in there:
        raise InputError(
            f"no such search, {path}",
            value=name,
            allowed=", ".join(there) or "tuning_<runname>.db",
        )
    study = optuna.load_study(study_name=name, storage=storage)
    return pd.DataFrame(
        [
            {"number": t.number, "value": t.value, "state": t.state.name.lower(), **t.params}
            for t in study.trials
        ]
    )
