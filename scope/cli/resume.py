"""``scope resume``: run Snakemake again where a run was killed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from scope.cli.arguments import Parser


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope resume``, for its help."""
    parser.usage = "scope resume SNAKEMAKE OPTIONS, the same as of the run that was killed"
    parser.epilog = (
        "Refuses while a run is at work in the folder. Cancels what a killed one left on SLURM, "
        "ends what it left on this machine, removes its lock, and runs snakemake."
    )
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)


def main(arguments: Sequence[str]) -> int:
    """Resume, and return Snakemake's exit status, or that of a command which was refused."""
    from scope.cli.workflow import hand_over
    from scope.runs.resume import resume

    return hand_over(arguments, resume)
