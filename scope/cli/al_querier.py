"""``scope al-querier``: which spectra a person should look at, by an ensemble's table."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, percentile, positive_int
from scope.cli.run import say

STRATEGIES = ("entropy", "least_confidence", "margin")


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope al-querier``."""
    parser.add_argument("scores", metavar="FILE", help="qnet_ensemble_guadalupe.csv")
    parser.add_argument(
        "--output-dir",
        default=".",
        metavar="FOLDER",
        help="where targetid_selection.txt and entropy_dist.jpg go",
    )
    parser.add_argument(
        "-n", "--number", type=positive_int, default=1000, metavar="N", help="targets to choose"
    )
    parser.add_argument(
        "--strategy", choices=STRATEGIES, default="entropy", help="what makes an answer useful"
    )
    parser.add_argument(
        "--percentile",
        type=percentile,
        default=15.0,
        metavar="P",
        help="cells of the map with fewer rows are left out; 0 keeps them",
    )
    parser.add_argument(
        "--coadds",
        metavar="PATH",
        help="coadds of the targets, a tree or a file: dead cameras are left out",
    )
    parser.add_argument(
        "--listed-elsewhere",
        nargs="+",
        default=[],
        metavar="FILE",
        help="lists of targets to leave out: .txt, or tables with TARGETID",
    )


def run(options: argparse.Namespace) -> None:
    """Choose targets, write them down, and say where."""
    from scope.workflows.al_querier import choose_spectra

    choose_spectra(
        options.scores,
        options.output_dir,
        say,
        number=options.number,
        strategy=options.strategy,
        percentile=options.percentile,
        coadds=options.coadds,
        listed_elsewhere=options.listed_elsewhere,
    )
