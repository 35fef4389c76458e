"""``scope desk``: look at stars, search and label them, in a browser on this machine."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from scope.cli.arguments import Parser, available_cpus, non_negative_int
from scope.errors import UsageError

if TYPE_CHECKING:
    from scope.desk.desk import Desk
    from scope.desk.labelling import Labelling


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope desk``."""
    parser.add_argument("results", metavar="RESULTS", help="folder of results of a run")
    parser.add_argument(
        "--port", type=non_negative_int, default=0, metavar="N", help="port; 0 takes a free one"
    )
    parser.add_argument(
        "--archive",
        metavar="FOLDER",
        help="folder of light curves to look in where the results hold none any more",
    )
    parser.add_argument("--models", default="models", metavar="FOLDER", help="folder of models")
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")
    parser.add_argument("--label", action="store_true", help="label stars; else nothing is written")
    parser.add_argument(
        "--ledger", default="labels", metavar="FOLDER", help="ledger that gets the labels"
    )
    parser.add_argument("--labeller", metavar="NAME", help="who labels; by default your user name")
    parser.add_argument(
        "--queries", metavar="FILE", help="table of what to label: object, rank, reason, round"
    )
    parser.add_argument("--open", action="store_true", help="open the address in the browser")


def run(options: argparse.Namespace) -> None:
    """Make the tables of the desk, say where it is, and answer until interrupted."""
    from scope.config import load_config
    from scope.desk.desk import Desk
    from scope.desk.serve import serve

    print("Reading the products …", flush=True)
    config = load_config(config_path=options.config_path)
    desk = Desk.open(
        options.results,
        archive=options.archive,
        models=options.models,
        config=config,
        threads=available_cpus(),
    )
    desk.warm_up()
    if options.label:
        desk = replace(desk, labelling=_labelling(desk, options))
    elif options.queries:
        raise UsageError("--queries without --label", todo="add --label")
    rows = "stars" if all(one.by_star for one in desk.targets.values()) else "rows"
    print(f"{desk.table.total:,} {rows} of {', '.join(desk.targets)}")

    def ready(address: str) -> None:
        print(f"The desk is at {address}\nStop it with Ctrl-C.", flush=True)
        if options.open:
            import webbrowser

            webbrowser.open(address)

    serve(desk, options.port, ready)


def _labelling(desk: Desk, options: argparse.Namespace) -> Labelling:
    import getpass

    from scope.active.ledger import Ledger
    from scope.desk.labelling import Labelling, read_queries

    queries, number = read_queries(options.queries) if options.queries else ([], 0)
    labeller = options.labeller or getpass.getuser()
    classes = {one["tag"]: one["label"] for one in desk.classes}
    if not classes:
        raise UsageError("labels without classes", value=options.results, allowed="scores")
    ledger = Ledger(options.ledger)
    print(f"{labeller} labels into {ledger.path}")
    return Labelling(ledger, labeller, classes, queries, number)
