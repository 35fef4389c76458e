"""``scope verify``: read products to the last byte and say what they are."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.cli.arguments import Parser
from scope.cli.run import say


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope verify``."""
    parser.add_argument(
        "products", nargs="+", metavar="TARGET|FILE", help="targets of a run, or Parquet products"
    )
    parser.add_argument(
        "--directory", "-d", type=Path, default=Path(), help="folder of the run, as of snakemake"
    )
    parser.add_flag(
        "--remove", help="remove damaged products of a target and all that was made of them"
    )


def run(options: argparse.Namespace) -> None:
    """Verify each file or target; the first fault of a file ends the command."""
    from scope.runs.verify_products import verify_products

    verify_products(options.products, options.directory, say, remove=options.remove)
