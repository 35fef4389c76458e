"""``scope train``, ``scope-train``: train models of some classes on labelled features."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scope.cli.arguments import Parser
from scope.cli.run import run_command, show_progress
from scope.cli.train_options import add_train_options, training_overrides
from scope.errors import UsageError

if TYPE_CHECKING:
    from scope.config.model import Config
    from scope.tasks.variables.training.train_classes import TrainedClasses

ORIGIN = "the command line"


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    add_train_options(parser)


def build_parser(prog: str = "scope-train") -> Parser:
    """Return the parser of ``scope-train``."""
    parser = Parser(
        prog=prog,
        description="Train models of some classes on labelled features. Options that are not "
        "given come from the configuration.",
    )
    parser.add_version()
    add_arguments(parser)
    return parser


def run(options: argparse.Namespace) -> None:
    """Train, say how well it went, and keep what is to be kept."""
    from scope.config.classes import CLASSES
    from scope.config.load import load_config
    from scope.models.runtime.devices import select_gpu
    from scope.tasks.variables.training.train_classes import pretrained, with_state

    if options.float_convert_types not in (None, [64, 32]):
        raise UsageError(
            "conversion of features",
            value=" ".join(map(str, options.float_convert_types)),
            allowed="64 32: networks and trees take 32-bit features",
        )
    if not set(options.tag) <= {item.tag for item in CLASSES}:
        # An unknown class would look like the beginning of a new one.
        load_config(config_path=options.config_path).class_definitions(tuple(options.tag))
    config = load_config(
        overrides=training_overrides(options), config_path=options.config_path, origin=ORIGIN
    )
    settings: dict[str, Any] = {
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
    show_progress()
    usual = config.training.random_state
    for state in options.random_state or [usual]:
        part = with_state(config, state, usual)
        if options.run_sweeps:
            _sweep(part, options, settings)
        else:
            _train(part, options, settings)


def _train(config: Config, options: argparse.Namespace, settings: Mapping[str, Any]) -> None:
    from scope.tasks.variables.training.track_training import track_training
    from scope.tasks.variables.training.train_classes import save_trained, train_classes
    from scope.tasks.variables.training.untrainable_classes import skipped_table

    track = track_training(config, options.algorithm, options.job_type)
    with tempfile.TemporaryDirectory(prefix="scope-train-") as folder:
        trained = train_classes(config, folder, **settings)
        print(_table(trained))
        if trained.skipped:
            print(skipped_table(trained.skipped))
        track(trained.metrics, trained.reports)
        if options.plot or options.plot_model:
            _plot(trained, config, options)
        if options.save:
            print(save_trained(trained, options.models_dir, config).folder)
        else:
            print("models not kept; --save keeps them")


def _sweep(config: Config, options: argparse.Namespace, settings: Mapping[str, Any]) -> None:
    from scope.tasks.variables.training.run_sweep import run_sweep

    for tag in options.tag:
        output = Path(f"sweeps_{options.algorithm}", config.training.group, f"{tag}.json")
        best = run_sweep(config, tag, output, job_type=options.job_type, **settings)
        print(f"{tag}: {best.describe()}")
        print(output)


def _plot(trained: TrainedClasses, config: Config, options: argparse.Namespace) -> None:
    """Draw what was asked for into ``plots_<algorithm>/<group>/<class>``."""
    from scope.report.plot_training import plot_network, plot_training

    folder = Path(f"plots_{options.algorithm}", config.training.group)
    if options.plot:
        plot_training(trained.scores, trained.bundle, trained.reports, folder)
    if options.plot_model:
        plot_network(trained.bundle, folder)
    print(folder)


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


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``scope-train``."""
    return run_command(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
