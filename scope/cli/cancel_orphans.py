"""``scope cancel-orphans``: cancel the SLURM jobs that a killed run has left in the queue."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.cli.arguments import Parser


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope cancel-orphans``."""
    from scope.runs.orphans import PREFIX

    parser.add_argument(
        "--directory", "-d", type=Path, default=Path(), help="folder of the run, as of snakemake"
    )
    parser.add_argument(
        "--prefix", default=PREFIX, help="what the names of the jobs start with, see the profile"
    )
    parser.add_flag("--dry-run", "-n", help="only show them")


def run(options: argparse.Namespace) -> None:
    """Cancel them, and print what they were."""
    from scope.runs.orphans import orphan_lines

    print(*orphan_lines(options.directory, options.prefix, dry_run=options.dry_run), sep="\n")
