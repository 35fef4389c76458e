"""``make demo``: one simulated quadrant through the whole workflow, and what came of it."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, positive_int
from scope.cli.run import command_main, say

DESCRIPTION = "Classify one simulated ZTF quadrant with the starter models."


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument("--cores", type=positive_int, default=2, help="CPU cores to use")
    parser.add_argument(
        "--field", type=positive_int, default=700, help="simulated field to classify"
    )


def run(options: argparse.Namespace) -> None:
    """Classify the field, and print the table of its catalogue."""
    from scope.workflows.demo import run_demo

    run_demo(options.field, options.cores, say)


main = command_main("make demo")

if __name__ == "__main__":
    raise SystemExit(main())
