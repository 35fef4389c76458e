"""``scope plot-training-stats``: label counts, DNN against XGB, and important features."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.cli.arguments import Parser, positive_int, values_of
from scope.cli.run import say
from scope.plugins import DEFAULT_ALGORITHMS

STATS = tuple(f"{name}_stats" for name in DEFAULT_ALGORITHMS)


def add_arguments(parser: Parser) -> None:
    """Declare the options; folders are those of ``scope assemble-training-stats``."""
    parser.add_argument(
        "--path-dataset", metavar="FILE", help="training set; by default training.dataset"
    )
    for name in DEFAULT_ALGORITHMS:
        parser.add_argument(f"--{name}-stats", default=f"{name}_revised_stats", metavar="FOLDER")
    parser.add_argument("--importances", default="xgb_feature_importances", metavar="FOLDER")
    parser.add_argument(
        "--top-n", type=positive_int, default=3, metavar="N", help="features that count per class"
    )
    parser.add_argument(
        "--output", type=Path, default=Path("plots"), metavar="FOLDER", help="gets the figures"
    )
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")


def run(options: argparse.Namespace) -> None:
    """Draw, and say where the figures are."""
    from scope.workflows.plot_training_stats import plot_training_stats

    plot_training_stats(
        values_of(options, STATS),
        options.importances,
        options.output,
        say,
        path_dataset=options.path_dataset,
        top_n=options.top_n,
        config_path=options.config_path,
    )
