"""``scope status``: what is done, running, failed and left in the folder of a run."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.cli.arguments import Parser


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope status``."""
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="all targets by default")
    parser.add_argument(
        "--directory", "-d", type=Path, default=Path(), help="folder of the run, as of snakemake"
    )


def run(options: argparse.Namespace) -> None:
    """Print the table of targets, then the failures."""
    from scope.runs.status_table import status_lines

    print(*status_lines(options.directory, options.targets), sep="\n")
