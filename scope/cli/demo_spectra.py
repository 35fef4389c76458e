"""``make demo-spectra``: a simulated survey, an ensemble, and two rounds of questions."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.cli.arguments import Parser, positive_int
from scope.cli.run import command_main, say

DESCRIPTION = "Ask about spectra of a simulated survey."


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument("--cores", type=positive_int, default=2, help="CPU cores to use")
    parser.add_argument("--folder", default="demo-spectra", help="where everything goes")
    parser.add_argument("--members", type=positive_int, default=8, help="members of the ensemble")
    parser.add_argument("--objects", type=positive_int, default=400, help="objects of the survey")
    parser.add_argument(
        "--learner", choices=("network", "trees"), default="network", help="what members are"
    )


def run(options: argparse.Namespace) -> None:
    """Play the demonstration, and say where its pictures are."""
    from scope.workflows.demo_spectra import run_demo

    run_demo(
        Path(options.folder),
        say,
        cores=options.cores,
        members=options.members,
        objects=options.objects,
        learner=options.learner,
    )


main = command_main("make demo-spectra")

if __name__ == "__main__":
    raise SystemExit(main())
