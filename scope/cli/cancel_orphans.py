"""``scope cancel-orphans``: cancel the SLURM jobs that a killed run has left in the queue."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.cli.arguments import Parser
from scope.runs.orphans import PREFIX, cancel_orphans, find_orphans


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope cancel-orphans``."""
    parser.add_argument(
        "--directory", "-d", type=Path, default=Path(), help="folder of the run, as of snakemake"
    )
    parser.add_argument(
        "--prefix", default=PREFIX, help="what the names of the jobs start with, see the profile"
    )
    parser.add_flag("--dry-run", "-n", help="only show them")


def run(options: argparse.Namespace) -> None:
    """Cancel them and print what they were."""
    act = find_orphans if options.dry_run else cancel_orphans
    jobs = act(options.directory, options.prefix)
    for job in jobs:
        print(f"{job.id}  {job.state.lower():<10}  {job.what}")
    done = "found" if options.dry_run else "cancelled"
    print(f"{done} {len(jobs)} orphaned SLURM job{'' if len(jobs) == 1 else 's'}")
