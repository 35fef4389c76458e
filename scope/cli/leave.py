"""``python -m scope.cli.leave FILE``: leave products of the workflow at other places too.

The file is JSON: product -> place.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.cli.arguments import Parser
from scope.cli.run import command_main

DESCRIPTION = "Leave products elsewhere too."


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument("file", type=Path, metavar="FILE", help="JSON, product -> place")


def run(options: argparse.Namespace) -> None:
    """Place them."""
    from scope.runs.placing import place_products

    place_products(options.file)


main = command_main("python -m scope.cli.leave")


if __name__ == "__main__":
    raise SystemExit(main())
