"""``create-training-script``: a shell script that trains all classes with enough examples."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from scope.cli.algorithm_option import add_algorithm, check_algorithm
from scope.cli.arguments import Parser, non_negative_int
from scope.cli.run import run_command
from scope.errors import UsageError


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
    """Write the script and say what it trains."""
    from scope.config.load import load_config
    from scope.tasks.variables.training.create_training_script import (
        ScriptOptions,
        create_training_script,
    )

    config = load_config(config_path=options.config_path)
    dataset = options.path_dataset or config.training.dataset
    if dataset is None:
        raise UsageError(
            "training without a training set",
            todo="name it with --path-dataset, or set training.dataset",
        )
    chosen = create_training_script(
        options.filename,
        config.class_definitions(config.training.tags),
        ScriptOptions(
            algorithm=check_algorithm(options.algorithm, options.config_path),
            path_dataset=dataset,
            group=options.group,
            period_suffix=options.period_suffix,
            models_dir=options.models_dir,
            pre_trained_group_name=options.pre_trained_group_name,
            add_keywords=options.add_keywords,
        ),
        min_count=options.min_count,
        train_all=options.train_all,
    )
    for tag, count in chosen.items():
        print(f"{tag:<8} {count:>8}  {config.training.classes[tag].label}")
    print(options.filename)


def build_parser(prog: str = "create-training-script") -> Parser:
    """Return the parser of the command."""
    parser = Parser(
        prog=prog,
        description="Write a shell script with a training command for each class that has enough "
        "examples.",
    )
    parser.add_version()
    add_arguments(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``create-training-script``."""
    return run_command(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
