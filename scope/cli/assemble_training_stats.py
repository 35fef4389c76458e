"""``scope assemble-training-stats``: figures and importances of trained classes, a file each."""

from __future__ import annotations

import argparse

from scope.cli.algorithm_option import add_algorithm
from scope.cli.arguments import Parser
from scope.cli.run import command_main, say

DESCRIPTION = "Gather figures of trained classes, a file each."


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    from scope.models.training.splits import SETS
    from scope.tasks.variables.training.assemble_training_stats import (
        IMPORTANCE_DIRECTORY,
        STATS_DIRECTORY,
    )

    parser.add_argument(
        "--group-name", "--group", default="experiment", metavar="NAME", help="group of models"
    )
    add_algorithm(parser, "whose models")
    parser.add_argument(
        "--set-name", "--set", choices=SETS, default="val", help="which stars figures are of"
    )
    parser.add_argument(
        "--stats-directory",
        default=STATS_DIRECTORY,
        metavar="NAME",
        help="figures go to <algorithm>_NAME/<class>.json",
    )
    parser.add_argument(
        "--importance-directory",
        default=IMPORTANCE_DIRECTORY,
        metavar="NAME",
        help="feature importances of trees go to NAME/<class>.json",
    )
    parser.add_argument(
        "--models-dir",
        default="models",
        metavar="FOLDER",
        help="folder of models: FOLDER/<algorithm>/<group>",
    )


def run(options: argparse.Namespace) -> None:
    """Write the files, and say where they are."""
    from scope.workflows.assemble_training_stats import assemble_training_stats

    assemble_training_stats(
        options.models_dir,
        options.algorithm,
        options.group_name,
        say,
        set_name=options.set_name,
        stats_directory=options.stats_directory,
        importance_directory=options.importance_directory,
    )


main = command_main("assemble-training-stats")

if __name__ == "__main__":
    raise SystemExit(main())
