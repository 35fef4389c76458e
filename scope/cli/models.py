"""``scope models``: list, show and verify the models that there are."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.cli.arguments import Parser
from scope.cli.run import say


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope models``."""
    parser.add_argument("action", choices=("list", "show", "verify"), help="what to do")
    parser.add_argument(
        "names",
        nargs="*",
        default=[],
        metavar="NAME",
        help="<algorithm>/<group>, or a group; without names, all",
    )
    parser.add_argument(
        "--models-dir",
        type=Path,
        metavar="FOLDER",
        help="folder of the models; by default ./models, then those of the checkout",
    )


def run(options: argparse.Namespace) -> None:
    """List, show or verify."""
    from scope.workflows.models import look_at_models

    look_at_models(options.action, options.models_dir, options.names, say)
