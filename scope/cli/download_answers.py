"""``scope download-answers``: what people on Fritz said of a round's questions."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, as_options
from scope.cli.fritz_options import add_fritz_options, add_groups
from scope.cli.run import say, show_progress


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope download-answers``."""
    parser.add_argument(
        "round_folder", metavar="FOLDER", help="of the round, results/active/variables/<round>"
    )
    parser.add_argument(
        "--taxonomy-map",
        required=True,
        metavar="FILE",
        help="JSON: which class on Fritz each class of the task is",
    )
    add_groups(parser, "classifications that none of these groups sees do not count")
    add_fritz_options(parser, writes=False)


def run(options: argparse.Namespace) -> None:
    """Write the answers file of the round."""
    from scope.fritz.download_answers import AnswerRequest, download_answers

    show_progress()
    download_answers(as_options(AnswerRequest, options), say)
