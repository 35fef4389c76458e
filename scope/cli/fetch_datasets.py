"""``scope fetch-datasets``: training sets from where they are kept."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.cli.arguments import Parser
from scope.cli.fetch_options import add_source
from scope.cli.run import say


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope fetch-datasets``."""
    add_source(parser, "datasets")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("data"),
        metavar="FOLDER",
        help="folder that gets the files",
    )


def run(options: argparse.Namespace) -> None:
    """Fetch what is not there yet."""
    from scope.workflows.fetch_files import fetch_datasets

    fetch_datasets(options.output, options.names, options.source, options.config_path, say)
