"""``scope import-config``: a configuration of SCoPe as one of this package."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.cli.arguments import Parser
from scope.cli.run import say


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument("old", type=Path, metavar="OLD.yaml", help="configuration of SCoPe")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("config.yaml"),
        metavar="FILE",
        help="configuration to write",
    )
    parser.add_argument(
        "--private",
        type=Path,
        default=Path("private.yaml"),
        help="file to write tokens and passwords to, readable by you alone",
    )
    parser.add_flag("--overwrite", help="replace files that are there")


def run(options: argparse.Namespace) -> None:
    """Translate, check, write, and say what became of each key."""
    from scope.workflows.import_config import import_config

    import_config(options.old, options.output, options.private, say, overwrite=options.overwrite)
