"""Train models of some classes on labelled features."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scope.errors import UsageError
from scope.workflows.training_overrides import training_overrides

if TYPE_CHECKING:
    from scope.config.model import Config
    from scope.tasks.variables.training.train_classes import TrainedClasses

ORIGIN = "the command line"

Report = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """Classes to train, with what, and what is kept of it.

    Attributes
    ----------
    tag : sequence of str
        Classes to train.
    algorithm : str
    config_path : str, optional
        Configuration file to use.
    random_state : sequence of int, optional
        Seeds; models of another one than the configured go to ``<group>_state_<N>``.
    float_convert_types : sequence of int, optional
        64 and 32, if given: networks and trees take 32-bit features.
    gpu : int, optional
        Device to train on, from 0; None for the CPU.
    workers : int
        Classes trained at a time; no number depends on it.
    verbose : int
        What Keras prints: 0 nothing, 1 progress, 2 a line per pass.
    pre_trained_model : str, optional
        Go on from this model, or from its weights only with `weights_only`.
    skip_untrainable : bool
        Leave out classes that cannot be trained, instead of training none.
    calibrate : bool
        Train models without a fold each, for probabilities.
    run_sweeps : bool
        Search settings, and train none.
    job_type : str
        What tracking calls it.
    models_dir : str
        Folder that gets the models with `save`.
    plot, plot_model : bool
        Draw how good they are, and the layers of the network.
    """

    tag: Sequence[str]
    algorithm: str
    config_path: str | None = None
    random_state: Sequence[int] | None = None
    float_convert_types: Sequence[int] | None = None
    gpu: int | None = None
    workers: int = 1
    verbose: int = 0
    pre_trained_model: str | None = None
    weights_only: bool = False
    skip_untrainable: bool = False
    calibrate: bool = True
    run_sweeps: bool = False
    job_type: str = "train"
    models_dir: str = "models"
    save: bool = False
    plot: bool = False
    plot_model: bool = False


def train(options: TrainOptions, settings: Mapping[str, Any], report: Report) -> None:
    """Train, say how well it went, and keep what is to be kept.

    Parameters
    ----------
    options : TrainOptions
    settings : mapping of str to object
        What stands in for keys of the configuration, see `training_overrides`.
    report : callable
        Gets what is to be said, line by line.

    Raises
    ------
    ScopeError
        If options, the configuration, the training set or a device cannot be used.
    """
    from scope.config.classes import CLASSES
    from scope.config.load import load_config
    from scope.models.runtime.devices import select_gpu
    from scope.tasks.variables.training.train_classes import pretrained, with_state

    bits = options.float_convert_types
    if bits is not None and list(bits) != [64, 32]:
        raise UsageError(
            "conversion of features",
            value=" ".join(map(str, bits)),
            allowed="64 32: networks and trees take 32-bit features",
        )
    if not set(options.tag) <= {item.tag for item in CLASSES}:
        # An unknown class would look like the beginning of a new one.
        load_config(config_path=options.config_path).class_definitions(tuple(options.tag))
    config = load_config(
        overrides=training_overrides(settings), config_path=options.config_path, origin=ORIGIN
    )
    how: dict[str, Any] = {
        "algorithm": options.algorithm,
        "device": "cpu" if options.gpu is None else select_gpu(options.gpu),
        "workers": options.workers,
        "verbose": options.verbose,
        "calibrate": options.calibrate,
        "skip_untrainable": options.skip_untrainable,
        "start": pretrained(
            options.pre_trained_model,
            options.tag,
            options.algorithm,
            weights_only=options.weights_only,
        ),
    }
    usual = config.training.random_state
    for state in options.random_state or [usual]:
        part = with_state(config, state, usual)
        if options.run_sweeps:
            _sweep(part, options, how, report)
        else:
            _train(part, options, how, report)


def _train(config: Config, options: TrainOptions, how: Mapping[str, Any], report: Report) -> None:
    from scope.tasks.variables.training.track_training import track_training
    from scope.tasks.variables.training.train_classes import save_trained, train_classes
    from scope.tasks.variables.training.untrainable_classes import skipped_table

    track = track_training(config, options.algorithm, options.job_type)
    with tempfile.TemporaryDirectory(prefix="scope-train-") as folder:
        trained = train_classes(config, folder, **how)
        report(_table(trained))
        if trained.skipped:
            report(skipped_table(trained.skipped))
        track(trained.metrics, trained.reports)
        if options.plot or options.plot_model:
            _plot(trained, config, options, report)
        if options.save:
            report(str(save_trained(trained, options.models_dir, config).folder))
        else:
            report("models not kept; --save keeps them")


def _sweep(config: Config, options: TrainOptions, how: Mapping[str, Any], report: Report) -> None:
    from scope.tasks.variables.training.run_sweep import run_sweep

    for tag in options.tag:
        output = Path(f"sweeps_{options.algorithm}", config.training.group, f"{tag}.json")
        best = run_sweep(config, tag, output, job_type=options.job_type, **how)
        report(f"{tag}: {best.describe()}")
        report(str(output))


def _plot(trained: TrainedClasses, config: Config, options: TrainOptions, report: Report) -> None:
    """Draw what was asked for into ``plots_<algorithm>/<group>/<class>``."""
    from scope.report.plot_training import plot_network, plot_training

    folder = Path(f"plots_{options.algorithm}", config.training.group)
    if options.plot:
        plot_training(trained.scores, trained.bundle, trained.reports, folder)
    if options.plot_model:
        plot_network(trained.bundle, folder)
    report(str(folder))


def _table(trained: TrainedClasses) -> str:
    """Return how well the models do on validation and test stars, a line per class."""
    lines = [f"{'class':<8} {'set':<5} {'rows':>8} {'positive':>9}  average precision   ROC AUC"]
    for tag, figures in trained.metrics.items():
        for name in ("val", "test"):
            item = figures[name]
            ap, auc = (
                "-" if item[key] is None else f"{item[key]:.3f}"
                for key in ("average_precision", "roc_auc")
            )
            lines.append(
                f"{tag:<8} {name:<5} {item['n']:>8} {item['n_positive']:>9}  {ap:>17} {auc:>9}"
            )
    return "\n".join(lines)
