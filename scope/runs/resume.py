"""Go on after a fault: clear what a dead controller left, then run Snakemake again."""

from __future__ import annotations

import argparse
import logging
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from scope.runs.orphans import PREFIX, cancel_orphans
from scope.runs.processes import end_leftover_scripts, run_interruptible
from scope.runs.records import read_records, require_idle

_log = logging.getLogger(__name__)

SNAKEMAKE = (sys.executable, "-m", "scope.runs.interrupts")
"""Snakemake, which shows no traceback where it is interrupted as it starts."""


def resume(arguments: Sequence[str], output: IO[Any] | None = None) -> int:
    """Run Snakemake in a folder where an earlier run was killed.

    Jobs of the dead controller are cancelled, on SLURM by their names and on this machine
    by their folder, and its lock is removed; then Snakemake runs as it was asked to. When
    it has ended well, temporary files go that the dead controller had no time to remove;
    Snakemake knows nothing of those whose readers had all finished. Where nothing is left
    of an earlier run it is the same as Snakemake itself.

    Parameters
    ----------
    arguments : sequence of str
        Snakemake's, the same as before.
    output : file, optional
        For what Snakemake prints besides its messages.

    Returns
    -------
    int
        The exit status of Snakemake.

    Raises
    ------
    ScopeError
        If a controller is at work in the folder, or SLURM does not answer.
    """
    known = _known(arguments)
    if known.dry_run:
        return run_snakemake(arguments, output)
    clear(known.directory, known.slurm_jobname_prefix)
    # In front: what follows `--` are names of files.
    status = _quietly(["--unlock", *arguments]) or run_snakemake(arguments, output)
    if status == 0 and not known.notemp:
        status = _quietly(["--delete-temp-output", *arguments])
    return status


def run_snakemake(arguments: Sequence[str], output: IO[Any] | None = None) -> int:
    """Run Snakemake and return its exit status; interrupted, it ends its jobs first."""
    return run_interruptible([*SNAKEMAKE, *arguments], output=output)


def clear(folder: Path, prefix: str = PREFIX) -> None:
    """End what still runs of a dead controller in a folder.

    Raises
    ------
    ScopeError
        If a controller is at work there, or SLURM does not answer.
    """
    require_idle(folder)
    # A machine may have SLURM's commands and no SLURM: it is asked only where it was used.
    if any(record.run_id for record in read_records(folder)):
        for job in cancel_orphans(folder, prefix):
            _log.info("cancelled SLURM job %s, %s", job.id, job.what)
    ended = end_leftover_scripts(folder)
    if ended:
        _log.info("ended %d scripts of an earlier run", ended)


def _known(arguments: Sequence[str]) -> argparse.Namespace:
    """Return those of Snakemake's options that decide what has to be cleared."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--directory", "-d", type=Path, default=Path())
    parser.add_argument("--slurm-jobname-prefix", default=PREFIX)
    parser.add_argument("--dry-run", "--dryrun", "-n", action="store_true")
    parser.add_argument("--notemp", "--no-temp", "--nt", action="store_true")
    return parser.parse_known_args(list(arguments))[0]


def _quietly(arguments: Sequence[str]) -> int:
    """Run Snakemake, and print what it says only where it fails."""
    command = [*SNAKEMAKE, *arguments]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode != 0:
        sys.stderr.write(done.stdout)
    return done.returncode
