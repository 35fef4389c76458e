"""``scope config``: write the generated files of config/, or check the current configuration."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.checkout import CHECKOUT
from scope.cli.arguments import Parser
from scope.cli.run import say


def add_arguments(parser: Parser) -> None:
    """Declare ``scope config generate`` and ``scope config check``."""
    commands = parser.add_subparsers(dest="action", required=True, metavar="generate|check")
    generate = commands.add_parser(
        "generate", help="write defaults, schema and table of keys from the declarations"
    )
    generate.add_argument(
        "--output",
        type=Path,
        default=CHECKOUT / "config",
        metavar="FOLDER",
        help="folder to write into",
    )
    generate.set_defaults(act=run_generate)
    check = commands.add_parser("check", help="read the configuration that a run here would have")
    check.add_argument("--config-path", type=Path, default=None, help="file to read instead")
    check.set_defaults(act=run_check)


def run_generate(options: argparse.Namespace) -> None:
    """Write the generated files."""
    from scope.workflows.config_files import generate_config

    generate_config(options.output, say)


def run_check(options: argparse.Namespace) -> None:
    """Read the configuration."""
    from scope.workflows.config_files import check_config

    check_config(options.config_path, say)


def run(options: argparse.Namespace) -> None:
    """Do one of both."""
    options.act(options)
