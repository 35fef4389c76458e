"""``scope labels``: the ledger of labels, in and out, and what labellers disagree about."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser
from scope.cli.run import say

ACTIONS = ("show", "import", "export", "conflicts")


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope labels``."""
    parser.add_argument("action", choices=ACTIONS, help="what to do")
    parser.add_argument("file", nargs="?", metavar="FILE", help="table to import, or CSV to write")
    parser.add_argument("--ledger", default="labels", metavar="FOLDER", help="folder of the ledger")
    parser.add_argument("--task", metavar="NAME", help="task; all by default")
    parser.add_argument(
        "--labeller", default="", metavar="NAME", help="who labelled, where the table does not say"
    )
    parser.add_argument(
        "--rule",
        choices=("votes", "expert", "last"),
        default="votes",
        help="how labels that disagree are settled",
    )
    parser.add_argument(
        "--experts",
        nargs="+",
        default=[],
        metavar="NAME",
        help="labellers that decide where others disagree",
    )


def run(options: argparse.Namespace) -> None:
    """Show, import or export labels."""
    from scope.workflows.labels import keep_labels

    keep_labels(
        options.action,
        options.file,
        options.ledger,
        say,
        task=options.task,
        labeller=options.labeller,
        rule=options.rule,
        experts=options.experts,
    )
