"""``scope fetch-models``: trained models from where they are kept."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.cli.arguments import Parser
from scope.cli.fetch_options import add_source
from scope.cli.run import say


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope fetch-models``."""
    add_source(parser, "models")
    parser.add_argument(
        "--models-dir", type=Path, default=Path("models"), help="folder that gets the models"
    )


def run(options: argparse.Namespace) -> None:
    """Fetch what is not there yet, and check the bundles that it belongs to."""
    from scope.workflows.fetch_files import fetch_models

    fetch_models(options.models_dir, options.names, options.source, options.config_path, say)
