"""What the commands on Fritz have in common."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from scope.cli.arguments import Parser

if TYPE_CHECKING:
    from scope.config.model import Config
    from scope.services.fritz import Fritz

SHOWN, SHOWN_ITEMS = 120, 6
"""Letters of a text, and items of a list, that a dry run shows."""


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
    """Print a request that is not sent, a line for each part of a batch."""
    batch = body.get("classifications") if isinstance(body, dict) else None
    for part in [body] if batch is None else batch:
        print(f"would send {method} {path} {json.dumps(_shortened(part), ensure_ascii=False)}")


def _shortened(value: Any) -> Any:
    """Return a value with long texts and lists cut."""
    if isinstance(value, dict):
        return {name: _shortened(part) for name, part in value.items()}
    if isinstance(value, str) and len(value) > SHOWN:
        return f"{value[:SHOWN]}… ({len(value)} letters)"
    if isinstance(value, list) and len(value) > SHOWN_ITEMS:
        return [*value[:SHOWN_ITEMS], f"… ({len(value)} in all)"]
    return value
