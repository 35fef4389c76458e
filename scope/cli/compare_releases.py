"""``scope compare-releases``: what became of the stars of a field from one release to the next."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, fraction
from scope.cli.run import say


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope compare-releases``."""
    parser.add_argument("before", help="table of stars of the earlier release")
    parser.add_argument("after", help="table of stars of the later one")
    parser.add_argument(
        "--output", required=True, metavar="FILE", help="table of changes; a page lies beside it"
    )
    parser.add_argument(
        "--cut", type=fraction, default=0.5, metavar="P", help="probability that makes a class"
    )
    parser.add_argument(
        "--least-change", type=fraction, default=0.1, metavar="P", help="smallest change told"
    )


def run(options: argparse.Namespace) -> None:
    """Write the table and the page, and print the counts."""
    from scope.workflows.compare_releases import compare_releases

    compare_releases(
        options.before,
        options.after,
        options.output,
        say,
        cut=options.cut,
        least_change=options.least_change,
    )
