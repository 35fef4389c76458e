"""``scope classify``: from a file of features to a catalogue with probabilities."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, available_cpus, positive_int
from scope.cli.run import say

FREQUENCIES = ("training", "estimated")


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope classify``."""
    parser.add_argument(
        "--features",
        nargs="+",
        required=True,
        metavar="FILE",
        help="features as generate-features writes them",
    )
    parser.add_argument("--output", required=True, metavar="FILE", help="catalogue to write")
    parser.add_argument(
        "--group-name",
        metavar="NAME",
        help="group of models, of both algorithms; by default those of the configuration",
    )
    parser.add_argument(
        "--models-dir",
        metavar="FOLDER",
        help="folder of the models; by default ./models, then those of the checkout",
    )
    parser.add_argument(
        "--frequencies",
        choices=FREQUENCIES,
        help="how frequent classes are taken to be: as in training, for light curves that somebody "
        "chose (the default), or as their scores say, for all light curves of a part of the sky",
    )
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")
    parser.add_argument(
        "--workers",
        type=positive_int,
        default=available_cpus(),
        metavar="N",
        help="classes that are scored at a time; no number depends on it",
    )
    parser.add_flag("--write-csv", help="write the catalogue as .csv too")


def run(options: argparse.Namespace) -> None:
    """Classify the light curves, and say what was found."""
    from scope.workflows.classify import classify

    classify(
        options.features,
        options.output,
        say,
        group_name=options.group_name,
        models_dir=options.models_dir,
        frequencies=options.frequencies,
        config_path=options.config_path,
        workers=options.workers,
        write_csv=options.write_csv,
    )
