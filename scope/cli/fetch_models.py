"""``scope fetch-models``: trained models from where they are kept."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.cli.arguments import Parser
from scope.cli.fetch_datasets import add_source, fetch_named


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope fetch-models``."""
    add_source(parser, "models")
    parser.add_argument(
        "--models-dir", type=Path, default=Path("models"), help="folder that gets the models"
    )


def run(options: argparse.Namespace) -> None:
    """Fetch what is not there yet, and check the bundles that it belongs to."""
    from scope.cli.models import verify_models
    from scope.tasks.variables.find_models import find_models

    found = fetch_named(options, "models", options.models_dir)
    folders = {path.parent for path in found.paths}
    verify_models([entry for entry in find_models(options.models_dir) if entry.folder in folders])
