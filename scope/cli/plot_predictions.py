"""``scope plot-predictions``: score histograms, and heat maps of both algorithms."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.cli.arguments import Parser, values_of
from scope.cli.run import say
from scope.plugins import DEFAULT_ALGORITHMS


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    for algorithm in DEFAULT_ALGORITHMS:
        parser.add_argument(
            f"--{algorithm}",
            nargs="+",
            required=True,
            metavar="FILE",
            help=f"predictions of any number of fields, with columns <class>_{algorithm}",
        )
    parser.add_argument(
        "--classes", nargs="+", metavar="TAG", help="by default all that both files have"
    )
    parser.add_argument(
        "--output", type=Path, default=Path("plots"), metavar="FOLDER", help="gets the figures"
    )
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")


def run(options: argparse.Namespace) -> None:
    """Draw, and say how far both algorithms agree."""
    from scope.workflows.plot_predictions import plot_predictions

    plot_predictions(
        values_of(options, DEFAULT_ALGORITHMS),
        options.output,
        say,
        classes=options.classes,
        config_path=options.config_path,
    )
