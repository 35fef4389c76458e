"""``scope estimate``: what an archive will take, before anything is run."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, available_cpus, positive_int
from scope.cli.run import say


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope estimate``."""
    parser.add_argument(
        "--archive", metavar="FOLDER", help="folder of light curves; by default the configured one"
    )
    parser.add_argument(
        "--fields", nargs="+", type=positive_int, metavar="N", help="fields; by default all there"
    )
    parser.add_argument(
        "--cores", type=positive_int, default=available_cpus(), metavar="N", help="cores to use"
    )
    parser.add_argument(
        "--sample",
        type=positive_int,
        default=64,
        metavar="N",
        help="light curves to measure with on this machine",
    )
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")


def run(options: argparse.Namespace) -> None:
    """Count, measure, and print a line per field and the sum."""
    from scope.workflows.estimate import estimate

    estimate(
        options.archive,
        say,
        fields=options.fields,
        cores=options.cores,
        sample=options.sample,
        config_path=options.config_path,
    )
