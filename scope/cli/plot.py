"""``scope plot``: pictures of single light curves."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.cli.arguments import Parser, as_options, light_curve_id, positive_float
from scope.cli.run import say

FORMATS = ("png", "svg", "pdf")


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope plot``."""
    parser.add_argument(
        "ids", nargs="+", type=light_curve_id, metavar="ID", help="`_id` of a light curve"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--archive", metavar="FOLDER", help="folder of light curves of a survey")
    where.add_argument(
        "--light-curves",
        nargs="+",
        metavar="FILE",
        help="files of light curves; by default those in results/ and then the configured survey",
    )
    parser.add_argument(
        "--catalog",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="catalogues with periods and scores; by default those in results/catalog",
    )
    parser.add_argument(
        "--period",
        type=positive_float,
        metavar="DAYS",
        help="period to fold with; by default that of the catalogue, else it is searched",
    )
    parser.add_argument(
        "--format", nargs="+", choices=FORMATS, default=["png"], help="of the files"
    )
    parser.add_argument(
        "--output", type=Path, default=Path("plots"), metavar="FOLDER", help="gets the figures"
    )
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")


def run(options: argparse.Namespace) -> None:
    """Draw, and print where the pictures are."""
    from scope.workflows.plot import PlotOptions, plot

    plot(options.ids, as_options(PlotOptions, options), say)
