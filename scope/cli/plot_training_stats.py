"""``scope plot-training-stats``: label counts, DNN against XGB, and important features."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.cli.arguments import Parser, positive_int
from scope.plugins import DEFAULT_ALGORITHMS


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
    from scope.config.load import load_config
    from scope.errors import UsageError
    from scope.report import analysis
    from scope.report.plots import save_figure
    from scope.tasks.variables.training.assemble_training_stats import read_stats
    from scope.tasks.variables.training.create_training_script import positive_counts

    config = load_config(config_path=options.config_path)
    dataset = options.path_dataset or config.training.dataset
    if dataset is None:
        raise UsageError("no training set to count labels of", todo="name it with --path-dataset")
    counts = positive_counts(dataset, config.class_definitions())
    first, second = (read_stats(vars(options)[f"{name}_stats"]) for name in DEFAULT_ALGORITHMS)
    counted = analysis.top_features(read_stats(options.importances), options.top_n)
    figures = {
        "label_counts": analysis.plot_label_counts(counts, config.class_labels()),
        "precision": analysis.plot_stats_scatter(first, second, counts, "precision"),
        "recall": analysis.plot_stats_scatter(first, second, counts, "recall"),
        "feature_importance": analysis.plot_top_features(counted, options.top_n),
    }
    for name, figure in figures.items():
        print(save_figure(figure, options.output / f"{name}.png"))
