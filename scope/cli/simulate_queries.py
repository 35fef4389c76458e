"""``scope simulate-queries``: the loop of questions, played with labels that are known."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.cli.arguments import Parser, positive_int
from scope.cli.run import say


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope simulate-queries``."""
    parser.add_argument("task", metavar="TASK", help="one of active.tasks, such as spectra")
    parser.add_argument(
        "--labels",
        metavar="FILE",
        help="table with object and label; by default that of the configuration, else the ledger",
    )
    parser.add_argument(
        "--output", type=Path, metavar="FOLDER", help="by default results/active/TASK/simulation"
    )
    for name, meaning in (
        ("--splits", "repeats, each with test objects and first labels of its own"),
        ("--rounds", "rounds of questions"),
        ("--start", "labels before the first question"),
    ):
        parser.add_argument(name, type=positive_int, metavar="N", help=meaning)
    parser.add_argument(
        "--strategies", nargs="+", metavar="NAME", help="what is compared, random among them"
    )
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")


def run(options: argparse.Namespace) -> None:
    """Play the loop, draw the curves, and say what came of it."""
    from scope.workflows.simulate_queries import simulate_queries

    simulate_queries(
        options.task,
        say,
        labels=options.labels,
        output=options.output,
        splits=options.splits,
        rounds=options.rounds,
        start=options.start,
        strategies=options.strategies,
        config_path=options.config_path,
    )
