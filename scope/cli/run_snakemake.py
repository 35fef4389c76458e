"""``scope run``: the workflow that came with this package, in the working directory."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from scope.cli.arguments import Parser


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope run``, for its help."""
    parser.usage = "scope run SNAKEMAKE OPTIONS, such as -c2 -- results/catalog/field_700.parquet"
    parser.epilog = (
        "Runs snakemake with the workflow of the checkout or of the installed package, where "
        "neither --snakefile nor a Snakefile here says otherwise; products go to ./results."
    )
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)


def main(arguments: Sequence[str]) -> int:
    """Run the workflow, and return Snakemake's exit status."""
    from scope.cli.workflow import hand_over, run_snakemake_here

    return hand_over(arguments, run_snakemake_here)
