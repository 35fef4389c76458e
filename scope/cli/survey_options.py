"""Options that commands on a survey have in common."""

from __future__ import annotations

from scope.cli.arguments import Parser, positive_int


def add_place_options(parser: Parser) -> None:
    """Declare where light curves are."""
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")
    parser.add_argument(
        "--archive",
        metavar="FOLDER",
        help="folder of light curves to use; by default the configured survey",
    )


def add_field_options(parser: Parser, default_field: int) -> None:
    """Declare where light curves are, and of which part of the sky."""
    add_place_options(parser)
    parser.add_argument(
        "--field", type=positive_int, default=default_field, metavar="N", help="field number"
    )
    add_ranges(parser)


def add_ranges(parser: Parser) -> None:
    """Declare the detectors and the quadrants."""
    for name, last in (("ccd", 16), ("quad", 4)):
        parser.add_argument(
            f"--{name}-range",
            nargs="+",
            type=positive_int,
            default=[1, last],
            metavar="N",
            help=f"first and last {name}, or one alone",
        )
