"""``make install``: compile for this machine, so that the first run does not wait for it."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser
from scope.cli.run import command_main, say

DESCRIPTION = "Compile the period search and the features for this machine."


def add_arguments(parser: Parser) -> None:
    """There are none."""


def run(options: argparse.Namespace) -> None:
    """Compile what is not compiled yet, and say how long it took."""
    from scope.workflows.compile_kernels import compile_missing

    compile_missing(say)


main = command_main("python -m scope.cli.compile_kernels")

if __name__ == "__main__":
    raise SystemExit(main())
