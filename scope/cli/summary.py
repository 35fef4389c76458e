"""``scope summary``: what a product holds, as a short table."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, finite_float
from scope.cli.run import say


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope summary``."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="predictions or catalogues")
    parser.add_argument(
        "--threshold",
        type=finite_float,
        default=None,
        help="count scores above this; by default the label threshold of the configuration",
    )


def run(options: argparse.Namespace) -> None:
    """Print a table for each file."""
    from scope.catalog.summary_table import report_summaries

    report_summaries(options.files, say, options.threshold)
