"""``python -m scope.cli.leave FILE``: leave products of the workflow at other places too.

The file is JSON: product -> place.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from scope.cli.arguments import Parser
from scope.cli.run import run_command
from scope.schema import parse_json


def build_parser() -> Parser:
    """Return the parser of the command."""
    parser = Parser(prog="python -m scope.cli.leave", description="Leave products elsewhere too.")
    parser.add_argument("file", type=Path, metavar="FILE", help="JSON, product -> place")
    return parser


def leave_all(args: argparse.Namespace) -> None:
    """Run the command."""
    from scope.cli.workflow import leave

    for product, place in parse_json(args.file.read_text()).items():
        leave(product, place)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    return run_command(build_parser(), leave_all, argv)


if __name__ == "__main__":
    sys.exit(main())
