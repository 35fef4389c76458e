"""``make demo-stamps``: simulated nights, labels, a network, scores and a page."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.cli.arguments import Parser, positive_int
from scope.cli.run import command_main, say

DESCRIPTION = "Simulate nights, label, train, judge, score and draw image stamps."

FOLDER = Path("results/stamps_demo")


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument("--cores", type=positive_int, default=2, help="CPU cores to use")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to write")
    parser.add_argument(
        "--n-images", type=positive_int, default=60, help="images of the training night"
    )
    parser.add_argument("--epochs", type=positive_int, default=30, help="most passes over the rows")


def run(options: argparse.Namespace) -> None:
    """Make it all, and print where the page is."""
    from scope.workflows.demo_stamps import run_demo

    run_demo(options.folder, options.cores, options.n_images, options.epochs, say)


main = command_main("make demo-stamps")

if __name__ == "__main__":
    raise SystemExit(main())
