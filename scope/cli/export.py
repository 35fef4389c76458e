"""``scope export``: stars and catalogues in formats that other tools open."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, non_negative_float, positive_int
from scope.cli.run import say

FORMATS = ("hats", "votable", "fits", "moc", "csv", "h5")


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope export``."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="files of results/stars or results/catalog"
    )
    parser.add_argument("--format", required=True, choices=FORMATS, help="what to write")
    parser.add_argument(
        "--output", required=True, metavar="PATH", help="file to write; for hats, a folder"
    )
    parser.add_argument(
        "--light-curves",
        nargs="+",
        metavar="FILE",
        default=None,
        help="hats: units of cleaned light curves; by default those in ../lightcurves/<target>",
    )
    parser.add_argument("--name", default="stars", help="hats: name of the catalogue")
    parser.add_argument(
        "--max-rows",
        type=positive_int,
        default=20_000,
        metavar="N",
        help="hats: stars of a partition",
    )
    parser.add_argument(
        "--margin",
        type=non_negative_float,
        default=10.0,
        metavar="ARCSEC",
        help="hats: width of the margin",
    )


def run(options: argparse.Namespace) -> None:
    """Write what was asked for, and say what it is."""
    from scope.workflows.export import export

    export(
        options.files,
        options.format,
        options.output,
        say,
        light_curves=options.light_curves,
        name=options.name,
        max_rows=options.max_rows,
        margin=options.margin,
    )
