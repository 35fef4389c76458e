"""``create-training-script``: a shell script that trains all classes with enough examples."""

from __future__ import annotations

import argparse

from scope.cli.algorithm_option import add_algorithm
from scope.cli.arguments import Parser, as_options, non_negative_int
from scope.cli.run import command_main, say

DESCRIPTION = (
    "Write a shell script with a training command for each class that has enough examples."
)


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--filename", default="train_script.sh", metavar="FILE", help="script to write; a new file"
    )
    add_algorithm(parser, "whose models")
    parser.add_argument(
        "--min-count",
        type=non_negative_int,
        default=100,
        metavar="N",
        help="classes with more positive rows than this are trained",
    )
    parser.add_argument(
        "--path-dataset", metavar="FILE", help="training set; by default training.dataset"
    )
    parser.add_argument(
        "--group", "--group-name", default="experiment", metavar="NAME", help="group to train"
    )
    parser.add_argument(
        "--pre-trained-group-name", metavar="NAME", help="group of models to go on from"
    )
    parser.add_argument(
        "--models-dir", default="models", metavar="FOLDER", help="folder of both groups"
    )
    parser.add_argument(
        "--add-keywords", default="", metavar="OPTIONS", help="further options of scope-train"
    )
    parser.add_flag("--train-all", help="train classes whatever their number of positive rows")
    parser.add_argument("--period-suffix", metavar="NAME", help="period search of the columns")
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")


def run(options: argparse.Namespace) -> None:
    """Write the script, and say what it trains."""
    from scope.workflows.create_training_script import TrainingScript, create_training_script

    create_training_script(as_options(TrainingScript, options), say)


main = command_main("create-training-script")

if __name__ == "__main__":
    raise SystemExit(main())
