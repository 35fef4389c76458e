"""``scope labels``: the ledger of labels, in and out, and what labellers disagree about."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from scope.cli.arguments import Parser
from scope.errors import UsageError

if TYPE_CHECKING:
    from scope.active.ledger import Ledger

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
    from scope.active.answers import write_answers
    from scope.active.labels import read_labels
    from scope.active.ledger import Ledger
    from scope.active.settle import settle, settled_table

    ledger = Ledger(options.ledger)
    if options.action in ("import", "export", "answers", "training-set") and not options.file:
        raise UsageError(f"labels to {options.action} without a file", allowed="FILE")
    if options.action == "import":
        defaults = {"task": options.task} if options.task else {}
        if options.labeller:
            defaults["labeller"] = options.labeller
        added = ledger.append(read_labels(options.file, **defaults))
        print(f"{added} labels added to {ledger.path}")
    elif options.action == "training-set":
        _write_training_set(options, ledger)
    elif options.action == "answers":
        task = options.task or Path(options.file).resolve().parent.name
        print(f"{write_answers(options.file, ledger, task)} answers in {options.file}")
    elif options.action == "export":
        print(f"{ledger.export_csv(options.file, options.task)} labels in {options.file}")
    else:
        labels = ledger.labels(options.task)
        table = settled_table(settle(labels, options.rule, options.experts))
        if options.action == "conflicts":
            table = table[table["conflict"]]
        print(table.to_string(index=False) if len(table) else "none")


def _write_training_set(options: argparse.Namespace, ledger: Ledger) -> None:
    """Write the features of what people have labelled, with a training set where one is named."""
    from scope.fritz.merge_features import updated_training_set
    from scope.io.frames import write_parquet
    from scope.io.user_tables import read_user_table
    from scope.tasks.variables.training_labels import labelled_features

    if not options.features or not options.classes:
        raise UsageError("training set of labels", allowed="--features and --classes")
    found = labelled_features(
        options.features,
        ledger.labels(options.task or "variables"),
        options.classes,
        rule=options.rule,
        experts=options.experts,
    )
    rows = len(found)
    if options.update:
        old = read_user_table(options.update, ids=["ztf_id"], names=["obj_id"])
        found = updated_training_set(old, found, options.classes)
    write_parquet(found, options.file)
    print(f"{rows} light curves with labels, {len(found)} rows: {options.file}")
