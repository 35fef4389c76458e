"""Sweeps: many trainings of the network of a class, to find settings that suit it.

The search is kept beside its results, in an SQLite file of `optuna`: a sweep that was killed is
gone on with by the same command, and one with a larger ``run_cap`` adds trainings.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scope.config import Config
from scope.config.base import unknown_name
from scope.config.tracking import PARAMETERS, Sweep
from scope.config.training import ClassSetting, Network
from scope.errors import BackendError, ConfigError, ScopeError
from scope.io import write_bytes
from scope.models.networks.two_branch import NetworkOptions
from scope.models.training.pretrained import algorithms_with_weights
from scope.models.training.sweep_search import (
    finished_trials,
    forget,
    next_trial,
    only_one,
    open_study,
)
from scope.provenance import STAGES, hash_file
from scope.tasks.variables.bundles.model_bundle_writer import json_bytes
from scope.tasks.variables.training.track_training import log_class, run_settings, tracked_run
from scope.tasks.variables.training.train_classes import replace_training, train_classes
from scope.tasks.variables.training.training_settings import training_settings

if TYPE_CHECKING:
    from optuna import Study, Trial

logger = logging.getLogger(__name__)

ALIASES = {"lr": "learning_rate"}


@dataclass(frozen=True)
class Tried:
    """One training of a sweep.

    Attributes
    ----------
    parameters : dict
        Settings that were tried.
    val_loss, val_average_precision : float or None
        On validation stars; None if the training failed.
    error : str or None
    """

    parameters: Mapping[str, Any]
    val_loss: float | None = None
    val_average_precision: float | None = None
    error: str | None = None

    def describe(self) -> str:
        """Return the settings as options of ``scope train``, and what they gave."""
        options = " ".join(
            f"--{'lr' if name == 'learning_rate' else name.replace('_', '-')}={_word(value)}"
            for name, value in self.parameters.items()
        )
        return (
            f"{options}  (validation loss {self.val_loss:.4g}, "
            f"average precision {self.val_average_precision or float('nan'):.3f})"
        )


def run_sweep(
    config: Config, tag: str, output: str | Path, *, algorithm: str, job_type: str, **training: Any
) -> Tried:
    """Try settings of the network of a class and write all results.

    Trainings are judged by validation stars; no result says anything of test stars.

    Parameters
    ----------
    config : Config
        ``wandb.sweep_config_dnn`` says what is tried, and how often.
    tag : str
    output : path
        JSON of all trainings; the search itself is kept beside it, as ``.db``.
    algorithm : str
        One whose settings a sweep can search.
    job_type : str
        As tracking calls it.
    **training
        Of `scope.tasks.variables.training.train_classes.train_classes`.

    Returns
    -------
    Tried
        The best.

    Raises
    ------
    ConfigError
        If the algorithm is another one, a parameter is unknown, or no training succeeds: nothing
        is kept then.
    InputError
        If another process is at work on this sweep.
    BackendError
        If the device or a package is not there.
    """
    able = algorithms_with_weights()
    if algorithm not in able:
        raise ConfigError(
            "sweep of an algorithm that has none",
            value=algorithm,
            allowed=able,
            todo="search the grids of trees with --skip-cv false",
        )
    sweep = config.wandb.sweep_config_dnn
    parameters = {
        _setting_name(name): item for name, item in (sweep.parameters or PARAMETERS).items()
    }
    name = search_name(config, tag, algorithm, parameters, training)
    kept = Path(output).with_suffix(".db")
    with only_one(kept):
        study = open_study(kept, name, sweep.metric.goal)
        if before := results(study):
            logger.info("%s: %d trainings of before are gone on with", tag, len(before))
            _write(tag, before, output)
        while len(finished_trials(study)) < sweep.run_cap:
            trial = next_trial(study, parameters, sweep.method, config.training.random_state)
            if trial is None:
                break
            tried = _try(config, tag, algorithm, trial.params, job_type, training)
            _tell(study, trial, tried, sweep)
            _write(tag, results(study), output)
        best = min(results(study), key=lambda item: _loss(item, sweep))
        if best.error is not None:
            # Not the settings are at fault: once that is mended, all are tried again.
            forget(study)
            raise ConfigError(f"sweep of {tag} without a training that succeeds", value=best.error)
    return best


def search_name(
    config: Config,
    tag: str,
    algorithm: str,
    parameters: Mapping[str, Any],
    training: Mapping[str, Any],
) -> str:
    """Return the name of a sweep in its file: another one for whatever changes its results."""
    data, start = config.training.dataset, (training.get("start") or {}).get(tag)
    facts = {
        "sweep": config.wandb.sweep_config_dnn.model_dump(exclude={"run_cap", "parameters"}),
        "parameters": [[name, item.model_dump()] for name, item in parameters.items()],
        "training": training_settings(with_settings(config, tag, {})),
        "dataset": hash_file(Path(data)) if data and Path(data).is_file() else data,
        "start": start and [start.sha256, start.weights_only],
        "made by": [algorithm, STAGES["bundle"]],
    }
    text = json.dumps(facts, default=asdict, sort_keys=True)
    return f"{tag}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def results(study: Study) -> list[Tried]:
    """Return the trainings of a sweep, in their order."""
    return [Tried(t.params, **t.user_attrs) for t in finished_trials(study)]


def _write(tag: str, tried: list[Tried], output: str | Path) -> None:
    write_bytes(json_bytes({"class": tag, "runs": [asdict(item) for item in tried]}), output)


def _tell(study: Study, trial: Trial, item: Tried, sweep: Sweep) -> None:
    """Keep what a training gave; where one failed counts as a bad place to look."""
    from optuna.trial import TrialState

    for name in ("val_loss", "val_average_precision", "error"):
        trial.set_user_attr(name, getattr(item, name))
    value = getattr(item, sweep.metric.name)
    if value is None or not math.isfinite(value):
        study.tell(trial, state=TrialState.PRUNED)
    else:
        study.tell(trial, value)


def _try(
    config: Config,
    tag: str,
    algorithm: str,
    settings: Mapping[str, Any],
    job_type: str,
    training: Mapping[str, Any],
) -> Tried:
    """Train once; settings that cannot be used are a result, too."""
    try:
        part = with_settings(config, tag, settings)
        with (
            tempfile.TemporaryDirectory(prefix="scope-sweep-") as folder,
            tracked_run(
                config.wandb,
                name=f"{tag}-sweep",
                group=config.training.group,
                job_type=job_type,
                settings=run_settings(part, algorithm, tag),
            ) as run,
        ):
            options = {**training, "calibrate": False}
            trained = train_classes(part, folder, algorithm=algorithm, **options)
            figures, report = trained.metrics[tag], trained.reports[tag]
            if run is not None:
                log_class(run, {"val": figures["val"], "test": {}}, report)
    except BackendError:
        # What the machine lacks says nothing of settings.
        raise
    except ScopeError as error:
        logger.warning("%s: %s", json.dumps(dict(settings)), error)
        return Tried(dict(settings), error=str(error))
    loss = report["history"]["val_loss"][report["best_epoch"] - 1]
    return Tried(dict(settings), loss, figures["val"]["average_precision"])


def with_settings(config: Config, tag: str, settings: Mapping[str, Any]) -> Config:
    """Return the configuration for training one class with other settings of its network."""
    own = {name: value for name, value in settings.items() if name in ClassSetting.model_fields}
    common = {name: value for name, value in settings.items() if name not in own}
    classes = {name: item.model_dump() for name, item in config.training.classes.items()}
    classes[tag] = {**classes[tag], **own}
    network = {**config.training.dnn.model_dump(), **common}
    network.update({name: None for name in Network.PER_CLASS if name in own})
    values: dict[str, Any] = {"classes": classes, "dnn": network, "tags": (tag,)}
    if "balance" in own:
        values["balance"] = None
    return replace_training(config, **values)


def _setting_name(name: str) -> str:
    """Return the key of a parameter.

    Raises
    ------
    ConfigError
        If no setting of a network is called so.
    """
    known = [
        *(key for key in ClassSetting.model_fields if key not in ("label", "features", "parent")),
        *(item.name for item in fields(NetworkOptions)),
    ]
    name = ALIASES.get(name, name)
    if name not in known:
        raise unknown_name("parameter of a sweep that is no setting of a network", name, known)
    return name


def _loss(item: Tried, sweep: Sweep) -> float:
    """Return what the sweep lowers; infinite for a training that failed."""
    value = getattr(item, sweep.metric.name)
    if value is None:
        return float("inf")
    return float(value) if sweep.metric.goal == "minimize" else -float(value)


def _word(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.4g}" if isinstance(value, float) else str(value)
