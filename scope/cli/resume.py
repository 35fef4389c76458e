"""``scope resume``: run Snakemake again where a run was killed."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser
from scope.cli.run import show_progress


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope resume``, for its help."""
    parser.usage = "scope resume SNAKEMAKE OPTIONS, the same as of the run that was killed"
    parser.epilog = (
        "Refuses while a run is at work in the folder. Cancels what a killed one left on SLURM, "
        "ends what it left on this machine, removes its lock, and runs snakemake."
    )
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Run the workflow, and return Snakemake's exit status."""
    from scope.runs.run_workflow import resume_given

    show_progress()
    return resume_given(options.arguments)
