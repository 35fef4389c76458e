"""Options that say where files are fetched from."""

from __future__ import annotations

from scope.cli.arguments import Parser


def add_source(parser: Parser, what: str) -> None:
    """Declare the options that say where files are, and which are wanted."""
    parser.add_argument(
        "names", nargs="*", metavar="PATH", help="files or folders of the source; by default, all"
    )
    parser.add_argument(
        "--source",
        help=f"address, bucket or folder; by default downloads.{what} of the configuration",
    )
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")
