"""What the commands on Fritz have in common."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from scope.cli.arguments import Parser

if TYPE_CHECKING:
    from scope.config.model import Config
    from scope.services.fritz import Fritz

SHOWN = 300
"""Letters of a request that a dry run shows."""


def add_fritz_options(parser: Parser, *, writes: bool) -> None:
    """Declare the configuration file, and for commands that write the dry run."""
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")
    if writes:
        parser.add_flag("--dry-run", help="show what would be sent, and send nothing")


def add_groups(parser: Parser, meaning: str, *, required: bool = False) -> None:
    """Declare ``--group-ids``."""
    parser.add_argument(
        "--group-ids",
        nargs="+",
        type=int,
        default=[],
        required=required,
        metavar="ID",
        help=meaning,
    )


def open_fritz(config: Config, *, dry_run: bool = False) -> Fritz:
    """Return the configured server; a dry run prints what it does not send."""
    from scope.services.fritz import Fritz

    return Fritz(config.fritz_options(), dry_run=dry_run, report=show_request)


def show_request(method: str, path: str, body: Any) -> None:
    """Print a request that is not sent."""
    text = json.dumps(body, ensure_ascii=False)
    if len(text) > SHOWN:
        text = f"{text[:SHOWN]}… ({len(text)} letters)"
    print(f"would send {method} {path} {text}")
