"""Experiment tracking with Weights & Biases: never required, offline unless told otherwise.

All calls of the package are here.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from scope.config import Config
from scope.config.tracking import Tracking
from scope.errors import BackendError
from scope.models.algorithm import options_record
from scope.services.credentials import find_credentials
from scope.tasks.variables.training.training_settings import algorithm_options, training_settings

PACKAGE = "wandb"
KEY_VARIABLE = "WANDB_API_KEY"

Record = Callable[[Mapping[str, Any], Mapping[str, Any]], None]


def tracking_mode(tracking: Tracking) -> str:
    """Return ``offline``, ``online`` or ``disabled``.

    Raises
    ------
    BackendError
        If tracking was asked for and the package is not there.
    """
    there = importlib.util.find_spec(PACKAGE) is not None
    if tracking.mode == "auto":
        return "offline" if there else "disabled"
    if tracking.mode != "disabled" and not there:
        raise BackendError(
            "experiment tracking without the package that does it",
            value=f"wandb.mode: {tracking.mode}",
            allowed="auto, disabled",
            todo=f"install the wandb extra of this package (pip install {PACKAGE}), or set "
            "wandb.mode to disabled",
        )
    return tracking.mode


@contextmanager
def tracked_run(
    tracking: Tracking, *, name: str, group: str, job_type: str, settings: Mapping[str, Any]
) -> Iterator[Any]:
    """Give a run of Weights & Biases; None where nothing is tracked.

    Parameters
    ----------
    name, group, job_type : str
        As Weights & Biases shows them.
    settings : mapping
        JSON: what the run was done with.
    """
    mode = tracking_mode(tracking)
    if mode == "disabled":
        yield None
        return
    wandb = importlib.import_module(PACKAGE)
    if mode == "online":
        _log_in(wandb)
    run = wandb.init(
        entity=tracking.entity,
        project=tracking.project,
        name=name,
        group=group,
        job_type=job_type,
        config=dict(settings),
        mode=mode,
        reinit="finish_previous",
    )
    try:
        yield run
    except BaseException:
        run.finish(exit_code=1)
        raise
    run.finish()


def _log_in(wandb: Any) -> None:
    """Give the package the key of the private file; one of the environment comes first."""
    found = None if os.environ.get(KEY_VARIABLE) else find_credentials(PACKAGE, PACKAGE)
    if found is not None and found.token:
        wandb.login(key=found.token)


def track_training(config: Config, algorithm: str, job_type: str) -> Record:
    """Return what records a finished training: a run per class.

    Called before the training, so that a missing package is told at once.

    Raises
    ------
    BackendError
        If tracking was asked for and the package is not there.
    """
    tracking_mode(config.wandb)

    def record(metrics: Mapping[str, Any], reports: Mapping[str, Any]) -> None:
        for tag, figures in metrics.items():
            with tracked_run(
                config.wandb,
                name=f"{tag}-{config.training.random_state}",
                group=config.training.group,
                job_type=job_type,
                settings=run_settings(config, algorithm, tag),
            ) as run:
                if run is not None:
                    log_class(run, figures, reports[tag])

    return record


def run_settings(config: Config, algorithm: str, tag: str) -> dict[str, Any]:
    """Return what a class is trained with, as JSON."""
    settings = training_settings(config)
    definition = next(item for item in settings["definitions"] if item.tag == tag)
    options = algorithm_options(config, algorithm)
    return {
        "algorithm": algorithm,
        "dataset": config.training.dataset,
        "period_suffix": settings["period_suffix"],
        **dataclasses.asdict(settings["data"]),
        **options_record(options),
        **dataclasses.asdict(definition),
    }


def log_class(run: Any, figures: Mapping[str, Any], report: Mapping[str, Any]) -> None:
    """Record the losses of each pass, and the figures of the sets that training did not see."""
    history: Mapping[str, Any] = report.get("history", {})
    for epoch, values in enumerate(zip(*history.values(), strict=True), start=1):
        run.log(dict(zip(history, values, strict=True)), step=epoch)
    numbers = ("average_precision", "roc_auc", "precision", "recall", "f1", "brier")
    run.summary.update(
        {
            f"{part}_{name}": figures[part][name]
            for part in ("val", "test")
            for name in numbers
            if figures[part].get(name) is not None
        }
    )
    if "parameters" in report:
        run.summary.update({"parameters": dict(report["parameters"])})
