"""A shell script that trains all classes with enough examples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scope.config.algorithms import known_algorithm
from scope.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class TrainingScript:
    """A script, which classes it trains, and what it gives to ``scope-train``.

    Attributes
    ----------
    filename : str
        Script to write; a new file.
    algorithm : str
    min_count : int
        Classes with more positive rows than this are trained; all with `train_all`.
    path_dataset : str, optional
        Training set; by default training.dataset.
    group, models_dir, period_suffix, add_keywords
        Options of ``scope-train``.
    pre_trained_group_name : str, optional
        Group of models to go on from.
    config_path : str, optional
        Configuration file to use.
    """

    filename: str
    algorithm: str
    min_count: int = 100
    train_all: bool = False
    path_dataset: str | None = None
    group: str = "experiment"
    models_dir: str = "models"
    period_suffix: str | None = None
    add_keywords: str = ""
    pre_trained_group_name: str | None = None
    config_path: str | None = None


def create_training_script(script: TrainingScript, report: Callable[[str], None]) -> None:
    """Write the script, and say which classes it trains, with how many positive rows.

    Raises
    ------
    UsageError
        If there is no training set, or such a file already.
    ScopeError
        If the algorithm, the training set or the configuration cannot be used.
    """
    from scope.config.load import load_config
    from scope.tasks.variables.training import create_training_script as library

    config = load_config(config_path=script.config_path)
    dataset = script.path_dataset or config.training.dataset
    if dataset is None:
        raise UsageError(
            "training without a training set",
            todo="name it with --path-dataset, or set training.dataset",
        )
    chosen = library.create_training_script(
        script.filename,
        config.class_definitions(config.training.tags),
        library.ScriptOptions(
            algorithm=known_algorithm(script.algorithm, script.config_path),
            path_dataset=dataset,
            group=script.group,
            period_suffix=script.period_suffix,
            models_dir=script.models_dir,
            pre_trained_group_name=script.pre_trained_group_name,
            add_keywords=script.add_keywords,
        ),
        min_count=script.min_count,
        train_all=script.train_all,
    )
    for tag, count in chosen.items():
        report(f"{tag:<8} {count:>8}  {config.training.classes[tag].label}")
    report(script.filename)
