"""``scope run``: the workflow that came with this package, in the working directory."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser
from scope.cli.run import show_progress


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope run``, for its help."""
    parser.usage = "scope run SNAKEMAKE OPTIONS, such as -c2 -- results/catalog/field_700.parquet"
    parser.epilog = (
        "Runs snakemake with the workflow of the checkout or of the installed package, where "
        "neither --snakefile nor a Snakefile here says otherwise; products go to ./results."
    )
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Run the workflow, and return Snakemake's exit status."""
    from scope.runs.run_workflow import run_given

    show_progress()
    return run_given(options.arguments)
