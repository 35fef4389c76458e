"""``scope desk``: look at stars, stamps and spectra, and label them, in a browser here."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from scope.cli.arguments import Parser, available_cpus, non_negative_int
from scope.errors import UsageError

if TYPE_CHECKING:
    from scope.config import Config
    from scope.desk.desk import Desk
    from scope.desk.label_mode import Labelling


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope desk``."""
    parser.add_argument("results", metavar="RESULTS", help="results of a run, stamps or spectra")
    parser.add_argument(
        "--port", type=non_negative_int, default=0, metavar="N", help="port; 0 takes a free one"
    )
    parser.add_argument(
        "--archive",
        metavar="FOLDER",
        help="light curves, alert packets or spectra to look in where the results hold none",
    )
    parser.add_argument("--models", default="models", metavar="FOLDER", help="folder of models")
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")
    parser.add_argument("--label", action="store_true", help="label; else nothing is written")
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
    from scope.desk.serve import serve

    print("Reading the products …", flush=True)
    config = load_config(config_path=options.config_path)
    desk = _desk(options, config)
    desk.warm_up()
    if options.label:
        desk = replace(desk, labelling=_labelling(desk, options))
    elif options.queries:
        raise UsageError("--queries without --label", todo="add --label")
    print(f"{desk.table.total:,} {desk.noun} of {', '.join(desk.targets)}")

    def ready(address: str) -> None:
        print(f"The desk is at {address}\nStop it with Ctrl-C.", flush=True)
        if options.open:
            import webbrowser

            webbrowser.open(address)

    serve(desk, options.port, ready)


def _desk(options: argparse.Namespace, config: Config) -> Desk:
    """Return the desk of a folder, whatever task it is of."""
    from scope.desk.desk import Desk
    from scope.desk.pictures import find_pictures
    from scope.desk.products import has_stars

    threads = available_cpus()
    if not has_stars(options.results):
        pictures = find_pictures(options.results, options.archive)
        if pictures is not None:
            return Desk.of_pictures(pictures, config=config, threads=threads)
    return Desk.open(
        options.results,
        archive=options.archive,
        models=options.models,
        config=config,
        threads=threads,
    )


def _labelling(desk: Desk, options: argparse.Namespace) -> Labelling:
    import getpass

    from scope.active.ledger import Ledger
    from scope.desk.label_mode import labelling_of, read_queries

    queries, number = read_queries(options.queries) if options.queries else ([], 0)
    labeller, ledger = options.labeller or getpass.getuser(), Ledger(options.ledger)
    print(f"{labeller} labels into {ledger.path}")
    return labelling_of(desk, ledger, labeller, queries, number)
