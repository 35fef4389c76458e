"""``scope labels``: the ledger of labels, in and out, and what labellers disagree about."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser
from scope.cli.run import say

ACTIONS = ("show", "import", "export", "conflicts", "answers", "training-set")


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope labels``."""
    parser.add_argument("action", choices=ACTIONS, help="what to do")
    parser.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        help="table to import, table to write, or folder of the round that is answered",
    )
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
    group = parser.add_argument_group("training-set")
    group.add_argument(
        "--features", nargs="+", default=[], metavar="FILE", help="features of what was asked about"
    )
    group.add_argument(
        "--classes", nargs="+", default=[], metavar="TAG", help="what people could answer"
    )
    group.add_argument(
        "--update", metavar="FILE", help="training set to which the labelled light curves are added"
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
        features=options.features,
        classes=options.classes,
        update=options.update,
    )
