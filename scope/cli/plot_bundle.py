"""``scope plot-bundle``: the page about trained models."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.cli.arguments import Parser


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope plot-bundle``."""
    parser.add_argument(
        "folder", type=Path, metavar="FOLDER", help="models/<algorithm>/<group> or models/fused/…"
    )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="FILE", help="HTML file to write"
    )
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")


def run(options: argparse.Namespace) -> None:
    """Write the page, and say where it is."""
    from scope.workflows.plot_bundle import plot_bundle

    print(plot_bundle(options.folder, options.output, options.config_path))
