"""Options that commands on Fritz have in common."""

from __future__ import annotations

from scope.cli.arguments import Parser, positive_int


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
        type=positive_int,
        default=[],
        required=required,
        metavar="ID",
        help=meaning,
    )
