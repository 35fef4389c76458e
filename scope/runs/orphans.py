"""SLURM jobs of a controller that is no more.

A controller that is killed leaves its jobs in the queue. They would go on writing what the
next run computes again; they are found by their name and their folder, and cancelled first.
"""

from __future__ import annotations

import getpass
import time
from pathlib import Path
from typing import NamedTuple

from scope.errors import ScopeError
from scope.runs.records import read_records
from scope.runs.slurm import call, has_slurm

PREFIX = "scope"
"""What the names of SLURM jobs start with; ``slurm-jobname-prefix`` of the profile."""

_SECONDS_TO_END = 120.0


class ClusterJob(NamedTuple):
    """A job in SLURM's queue.

    Attributes
    ----------
    id, name, state : str
        As SLURM has them; the name is one per run of Snakemake.
    folder : str
        The run folder.
    what : str
        The rule and its wildcards.
    """

    id: str
    name: str
    state: str
    folder: str
    what: str


def find_orphans(folder: str | Path = ".", prefix: str = PREFIX) -> list[ClusterJob]:
    """Return the jobs of a run folder in SLURM's queue that no controller waits for.

    Without SLURM on this machine there are none.

    Raises
    ------
    ScopeError
        If SLURM does not answer, or a controller may be at work whose jobs cannot be told
        from orphans.
    """
    if not has_slurm():
        return []
    theirs = _run_ids_at_work(folder)
    here = Path(folder).resolve()
    return [
        job
        for job in _queue()
        if job.name.startswith(f"{prefix}_")
        and Path(job.folder).resolve() == here
        and job.name not in theirs
    ]


def cancel_orphans(folder: str | Path = ".", prefix: str = PREFIX) -> list[ClusterJob]:
    """Cancel the jobs that `find_orphans` returns, wait until they have ended, return them.

    Raises
    ------
    ScopeError
        If SLURM does not answer, or they have not ended after two minutes.
    """
    orphans = find_orphans(folder, prefix)
    if not orphans:
        return []
    ids = {job.id for job in orphans}
    # Jobs that end by themselves meanwhile make scancel complain.
    call("scancel", *sorted(ids), check=False)
    deadline = time.monotonic() + _SECONDS_TO_END
    while left := ids & {job.id for job in _queue()}:
        if time.monotonic() > deadline:
            raise ScopeError(
                "cancelled jobs have not ended",
                value=", ".join(sorted(left)),
                todo="look at them with squeue and try again later",
            )
        time.sleep(0.5)
    return orphans


def _run_ids_at_work(folder: str | Path) -> set[str]:
    ids = set()
    for record in read_records(folder):
        if record.state not in ("at work", "unknown"):
            continue
        run_id = record.run_id
        if run_id is None:
            raise ScopeError(
                "cannot tell the jobs of a run that may be at work",
                value=f"process {record.pid} on {record.host}, since {record.began}",
                todo=f"stop it; if it has ended, remove {record.path}",
            )
        ids.add(run_id)
    return ids


def _queue() -> list[ClusterJob]:
    """Return this user's jobs that have not ended."""
    user = getpass.getuser()
    lines = call("squeue", "--noheader", "--user", user, "--format", "%A|%j|%T|%Z|%k")
    return [ClusterJob(*line.split("|", 4)) for line in lines.splitlines() if line.count("|") >= 4]


def orphan_lines(folder: Path, prefix: str = PREFIX, *, dry_run: bool = False) -> list[str]:
    """Cancel the orphans of a folder, or only find them, and return a line of each and the sum."""
    jobs = (find_orphans if dry_run else cancel_orphans)(folder, prefix)
    lines = [f"{job.id}  {job.state.lower():<10}  {job.what}" for job in jobs]
    done = "found" if dry_run else "cancelled"
    return [*lines, f"{done} {len(jobs)} orphaned SLURM job{'' if len(jobs) == 1 else 's'}"]
