"""``scope desk``: look at stars, stamps and spectra, and label them, in a browser here."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, as_options, available_cpus, non_negative_int
from scope.cli.run import say


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
    parser.set_defaults(threads=available_cpus())


def run(options: argparse.Namespace) -> None:
    """Make the tables of the desk, say where it is, and answer until interrupted."""
    from scope.desk.run_desk import DeskOptions, run_desk

    run_desk(as_options(DeskOptions, options), say)
