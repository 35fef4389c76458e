"""``scope make-release``: a folder of stars to hand on."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, fraction
from scope.cli.run import say

LICENCES = ("CC-BY-4.0", "CC0-1.0")


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope make-release``."""
    parser.add_argument("tables", nargs="+", metavar="STARS", help="files of results/stars")
    parser.add_argument("--output", required=True, metavar="FOLDER", help="new folder")
    parser.add_argument("--title", required=True)
    parser.add_argument("--release", required=True, metavar="VERSION", help="such as 1.0")
    parser.add_argument(
        "--author", required=True, action="append", help="'Family, Given'; once for each"
    )
    parser.add_argument("--date", required=True, metavar="YYYY-MM-DD")
    parser.add_argument("--licence", choices=LICENCES, default=LICENCES[0], help="of the data")
    parser.add_argument("--doi", default="", help="10.<number>/<name>, if there is one already")
    parser.add_argument("--description", default="", help="one sentence about the data")
    parser.add_argument(
        "--cut", type=fraction, default=0.5, metavar="P", help="probability of the quality"
    )
    parser.add_argument(
        "--light-curves",
        nargs="*",
        metavar="FILE",
        help="write a HATS collection too, with the points of these units, if any",
    )
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")


def run(options: argparse.Namespace) -> None:
    """Write the folder, and say where it is."""
    from scope.workflows.make_release import make_release

    make_release(
        options.tables,
        options.output,
        say,
        title=options.title,
        release=options.release,
        authors=options.author,
        licence=options.licence,
        date=options.date,
        doi=options.doi,
        description=options.description,
        cut=options.cut,
        light_curves=options.light_curves,
        config_path=options.config_path,
    )
