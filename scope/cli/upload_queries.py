"""``scope upload-queries``: a round of questions about light curves, to a group on Fritz."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, as_options, positive_float
from scope.cli.fritz_options import add_fritz_options, add_groups
from scope.cli.run import say, show_progress


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope upload-queries``."""
    parser.add_argument(
        "round_folder", metavar="FOLDER", help="of the round, results/active/variables/<round>"
    )
    add_groups(parser, "groups on Fritz to ask", required=True)
    parser.add_argument(
        "--features",
        nargs="+",
        default=[],
        metavar="FILE",
        help="features of what is asked about; by default active.tasks.variables.options.data",
    )
    parser.add_argument(
        "--comment",
        metavar="TEXT",
        help='on each source in place of the usual question; "" posts none',
    )
    parser.add_argument(
        "--radius-arcsec",
        type=positive_float,
        default=2.0,
        metavar="R",
        help="around a position, for its source on Fritz and its light curves",
    )
    parser.add_argument(
        "--instrument-name", default="ZTF", metavar="NAME", help="instrument of the photometry"
    )
    parser.add_flag("--skip-phot", help="no photometry for sources that are on Fritz already")
    parser.add_flag(
        "--post-doubtful",
        help="show probabilities also where the members' calibration is bad or unknown",
    )
    add_fritz_options(parser, writes=True)


def run(options: argparse.Namespace) -> None:
    """Post the questions, and say what was done."""
    from scope.fritz.upload_queries import QueryRequest, upload_queries

    show_progress()
    upload_queries(as_options(QueryRequest, options), say)
