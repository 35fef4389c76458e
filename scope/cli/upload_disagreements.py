"""``scope-upload-disagreements``: sources that networks and trees see differently, to Fritz."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, as_options, non_negative_float, positive_float, positive_int
from scope.cli.fritz_options import add_fritz_options
from scope.cli.run import command_main, say, show_progress

DESCRIPTION = (
    "Save sources to a group on Fritz whose scores of the two algorithms "
    "disagree and that are in no training set, with their scores as an annotation."
)


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument(
        "-file",
        "--file",
        required=True,
        metavar="TABLE",
        help="training set, whose light curves are left out",
    )
    parser.add_argument(
        "-id",
        "--group-ids",
        nargs="+",
        type=positive_int,
        required=True,
        metavar="ID",
        help="groups on Fritz to upload to",
    )
    parser.add_argument("-token", "--token", help=argparse.SUPPRESS)
    parser.add_argument(
        "--scores",
        nargs="+",
        metavar="TABLE",
        help="catalogues with scores of both algorithms, results/catalog/field_297.parquet; by "
        "default the scores that Kowalski holds",
    )
    parser.add_argument(
        "--classifications-catalog",
        default="ZTF_source_classifications_DR16",
        metavar="NAME",
        help="collection of Kowalski with scores",
    )
    parser.add_argument("--classification", default="vnv", metavar="TAG", help="the class")
    parser.add_argument(
        "--high", type=positive_float, default=0.95, metavar="P", help="one score is above it"
    )
    parser.add_argument(
        "--low",
        type=non_negative_float,
        default=0.1,
        metavar="P",
        help="and the other at most this",
    )
    parser.add_argument("--radius-arcsec", type=positive_float, default=2.0, metavar="R")
    parser.add_argument("--instrument-name", default="ZTF", metavar="NAME")
    parser.add_flag("--skip-phot", help="no photometry for sources that are on Fritz already")
    parser.add_argument("--result-dir", default="fritzUpload", metavar="FOLDER")
    parser.add_argument("--result-filetag", default="disagreements", metavar="TAG")
    parser.add_argument("--result-format", choices=("csv", "h5", "parquet"), default="parquet")
    add_fritz_options(parser, writes=True)


def run(options: argparse.Namespace) -> None:
    """Find what disagrees, upload it, and say what was done."""
    from scope.fritz.upload_disagreements import DisagreementRequest, upload_disagreements

    show_progress()
    upload_disagreements(as_options(DisagreementRequest, options), say)


main = command_main("scope-upload-disagreements")

if __name__ == "__main__":
    raise SystemExit(main())
