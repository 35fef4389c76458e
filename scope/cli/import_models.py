"""``scope import-models``: published models as a bundle."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.cli.arguments import Parser
from scope.cli.run import say


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope import-models``."""
    parser.add_argument(
        "folder",
        type=Path,
        metavar="FOLDER",
        help="with <class>/<class>.<time>.h5 or .json; for spectra an ensemble, or weights (.h5)",
    )
    parser.add_argument(
        "--algorithm", type=str.lower, required=True, metavar="NAME", help="what they are"
    )
    parser.add_argument("--group", help="name of the bundle; by default that of the folder")
    parser.add_argument(
        "--models-dir", type=Path, default=Path("models"), help="folder that gets the bundle"
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--training-set", type=Path, metavar="FILE", help="what they were trained on"
    )
    source.add_argument(
        "--feature-stats",
        type=Path,
        metavar="FILE",
        help="JSON: min, max, median, mean and std of each feature of what they were trained on",
    )
    parser.add_argument(
        "--scale-features",
        choices=("min_max", "median_std"),
        help="how features were scaled (default: min_max)",
    )
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")


def run(options: argparse.Namespace) -> None:
    """Write the bundle, and say where it is."""
    from scope.workflows.import_models import import_models

    import_models(
        options.folder,
        say,
        algorithm=options.algorithm,
        group=options.group,
        models_dir=options.models_dir,
        training_set=options.training_set,
        feature_stats=options.feature_stats,
        scaling=options.scale_features,
        config_path=options.config_path,
    )
