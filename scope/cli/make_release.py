"""``scope make-release``: a folder of stars to hand on."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser

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
        "--cut", type=float, default=0.5, metavar="P", help="probability of the quality (0.5)"
    )
    parser.add_argument(
        "--light-curves",
        nargs="*",
        metavar="FILE",
        help="write a HATS collection too, with the points of these units, if any",
    )
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")


def run(options: argparse.Namespace) -> None:
    """Write the folder and say where it is."""
    from scope.config.load import load_config
    from scope.errors import UsageError
    from scope.product.release import ReleaseOptions, make_release

    if not 0 < options.cut < 1:
        raise UsageError("--cut", value=options.cut, allowed="above 0, below 1")
    about = ReleaseOptions(
        options.title,
        options.release,
        tuple(options.author),
        options.licence,
        options.date,
        options.doi,
        options.description,
    )
    folder = make_release(
        options.tables,
        options.output,
        about,
        cut=options.cut,
        strange_below=load_config(config_path=options.config_path).probabilities.strange_below,
        light_curves=options.light_curves,
    )
    print(f"{folder}: start with README.md")
