"""Options that commands on a survey have in common."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from scope.cli.arguments import Parser, positive_int
from scope.errors import UsageError

if TYPE_CHECKING:
    from scope.config.model import Config


def add_place_options(parser: Parser) -> None:
    """Declare where light curves are."""
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")
    parser.add_argument(
        "--archive",
        metavar="FOLDER",
        help="folder of light curves to use; by default the configured survey",
    )


def add_survey_options(parser: Parser, default_field: int) -> None:
    """Declare where light curves are, and of which part of the sky."""
    add_place_options(parser)
    parser.add_argument(
        "--field", type=positive_int, default=default_field, metavar="N", help="field number"
    )
    for name, last in (("ccd", 16), ("quad", 4)):
        parser.add_argument(
            f"--{name}-range",
            nargs="+",
            type=positive_int,
            default=[1, last],
            metavar="N",
            help=f"first and last {name}, or one alone",
        )


def span(numbers: list[int], name: str, last: int) -> range:
    """Return the numbers that a range option means.

    Raises
    ------
    UsageError
        If there are more than two, in the wrong order, or beyond the last one.
    """
    first, end = numbers[0], numbers[-1]
    if len(numbers) > 2 or not 1 <= first <= end <= last:
        raise UsageError(
            f"--{name}-range",
            value=" ".join(map(str, numbers)),
            allowed=f"one number, or the first and the last, from 1 to {last}",
        )
    return range(first, end + 1)


def refuse_catalog(args: argparse.Namespace) -> None:
    """Make sure that no collection is named where light curves are files.

    Raises
    ------
    UsageError
        If one is.
    """
    if args.catalog is not None:
        raise UsageError(
            "--catalog with an archive",
            value=args.catalog,
            allowed="a collection of Kowalski",
            todo="leave it out, or set the key survey to kowalski",
        )


def survey_config(args: argparse.Namespace) -> Config:
    """Return the configuration, with the archive of the command line if there is one."""
    from scope.config.load import load_config

    overrides: dict[str, Any] = {}
    if args.archive is not None:
        overrides = {"survey": "archive", "archive": args.archive}
    return load_config(overrides=overrides, config_path=args.config_path)
