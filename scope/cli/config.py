"""``scope config``: write the generated files of config/, or check the current configuration."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.checkout import CHECKOUT
from scope.cli.arguments import Parser
from scope.config import load_config
from scope.errors import NotFoundError


def add_arguments(parser: Parser) -> None:
    """Declare ``scope config generate`` and ``scope config check``."""
    commands = parser.add_subparsers(dest="action", required=True, metavar="generate|check")
    generate = commands.add_parser(
        "generate", help="write defaults, schema and table of keys from the declarations"
    )
    generate.add_argument(
        "--output", type=Path, default=CHECKOUT / "config", help="folder to write into"
    )
    check = commands.add_parser("check", help="read the configuration that a run here would have")
    check.add_argument("--config-path", type=Path, default=None, help="file to read instead")


def run(options: argparse.Namespace) -> None:
    """Do one of both."""
    if options.action == "generate":
        _generate(options.output)
    else:
        config = load_config(config_path=options.config_path)
        print(f"configuration is fine; hash of what decides numbers: {config.config_hash[:12]}")


def _generate(folder: Path) -> None:
    from scope.config.generate import generate

    if not folder.is_dir():
        raise NotFoundError(
            "no folder for the generated files",
            value=str(folder),
            todo="name the config folder of a checkout with --output",
        )
    changed = generate(folder)
    for path in changed:
        print(f"wrote {path}")
    if not changed:
        print(f"all files in {folder} are up to date")
