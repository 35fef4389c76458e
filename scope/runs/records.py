"""What Snakemake's controllers leave in a run folder about themselves and their jobs.

Each run writes one file when its first job is about to start, and adds to it how it ended.
A record without an end is of a controller that is at work, or that was killed.
"""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

from scope.errors import ScopeError, ServiceError
from scope.io import write_bytes
from scope.jsontext import parse_json
from scope.runs.processes import process_mark
from scope.runs.slurm import has_slurm, is_queued

RECORDS = Path(".snakemake/scope")
"""Where records lie, below the run folder."""

CONTROLLER_VARIABLE = "SCOPE_CONTROLLER_JOB"
"""Environment variable of a controller that is a SLURM job: the job's number."""

KEPT = 20
"""Older records are removed when a run begins."""

_RUN_ID = re.compile(r"^SLURM run ID: (\S+)", re.MULTILINE)

State = Literal["at work", "unknown", "killed", "succeeded", "failed"]


class Job(NamedTuple):
    """One job of a run.

    Attributes
    ----------
    rule : str
    target, unit : str or None
        None where the rule has no such wildcard.
    output : str
        Its first output, below the run folder.
    log, benchmark : str or None
    needed : bool
        Whether the run was going to execute it.
    temporary : bool
        Whether its output is removed as soon as no other job needs it.
    """

    rule: str
    target: str | None
    unit: str | None
    output: str
    log: str | None
    benchmark: str | None
    needed: bool
    temporary: bool = False


@dataclass(frozen=True)
class RunRecord:
    """One run of Snakemake in a folder.

    Attributes
    ----------
    path : Path
        The file of this record.
    host, pid, mark : str, int, str or None
        The controller's machine and process, and what tells it from later processes.
    began : str
        Local time, ISO 8601.
    command : str
    logs : list of str
        Snakemake's own.
    outcome : str or None
        ``succeeded``, ``failed``, or None where no end was recorded.
    jobs : list of Job
    slurm_job : str or None
        The controller's own job, where it is one.
    """

    path: Path
    host: str
    pid: int
    mark: str | None
    began: str
    command: str
    logs: list[str]
    outcome: str | None
    jobs: list[Job]
    slurm_job: str | None = None

    @property
    def state(self) -> State:
        """State of the run: ``unknown`` where another machine would have to be asked."""
        if self.outcome in ("succeeded", "failed"):
            return "succeeded" if self.outcome == "succeeded" else "failed"
        if self.host != socket.gethostname():
            return self._state_elsewhere()
        return "at work" if self.mark == process_mark(self.pid) else "killed"

    def _state_elsewhere(self) -> State:
        if self.slurm_job is None or not has_slurm():
            return "unknown"
        if self.slurm_job == os.environ.get(CONTROLLER_VARIABLE):
            # This very job: SLURM has started it anew, on another node.
            return "killed"
        try:
            return "at work" if is_queued(self.slurm_job) else "killed"
        except ServiceError:
            return "unknown"

    @property
    def run_id(self) -> str | None:
        """The name of this run's jobs on SLURM; None without SLURM."""
        for log in self.logs:
            with suppress(OSError):
                if match := _RUN_ID.search(Path(log).read_text(errors="replace")):
                    return match[1]
        return None


def begin_run(
    jobs: Iterable[Job], *, folder: str | Path = ".", command: str = "", logs: Iterable[str] = ()
) -> Path:
    """Record that this process begins to execute jobs in a folder; return the record's path."""
    records = Path(folder) / RECORDS
    began = datetime.now().astimezone()
    host, pid = socket.gethostname(), os.getpid()
    path = records / f"{began:%Y%m%dT%H%M%S%f}-{host}-{pid}.json"
    content = {
        "host": host,
        "pid": pid,
        "mark": process_mark(pid),
        "began": began.isoformat(timespec="seconds"),
        "command": command,
        "logs": list(logs),
        "outcome": None,
        "jobs": [list(job) for job in jobs],
        "slurm_job": os.environ.get(CONTROLLER_VARIABLE) or None,
    }
    write_bytes(json.dumps(content).encode(), path)
    _remove_old(records)
    return path


def end_run(path: str | Path, outcome: Literal["succeeded", "failed"]) -> None:
    """Record how a run ended."""
    with suppress(FileNotFoundError):
        content = parse_json(Path(path).read_text())
        write_bytes(json.dumps({**content, "outcome": outcome}).encode(), path)


def read_records(folder: str | Path = ".") -> list[RunRecord]:
    """Return the records of a folder, oldest first; a damaged one counts for nothing."""
    found = []
    for path in sorted((Path(folder) / RECORDS).glob("*.json")):
        with suppress(OSError, ValueError, KeyError, TypeError):
            found.append(_record(path, parse_json(path.read_text())))
    return found


def require_idle(folder: str | Path = ".") -> None:
    """Make sure that no controller is at work in a folder.

    Raises
    ------
    ScopeError
        If one is, or may be on another machine.
    """
    for record in read_records(folder):
        who = f"process {record.pid} on {record.host}, since {record.began}"
        if record.state == "at work":
            raise ScopeError(
                f"a run is at work in {Path(folder).resolve()}",
                value=who,
                todo="wait for its end, or stop it with Ctrl-C or kill -INT",
            )
        if record.state == "unknown":
            raise ScopeError(
                f"a run may be at work in {Path(folder).resolve()}",
                value=who,
                todo=f"look on {record.host}; if it has ended, remove {record.path}",
            )


def _record(path: Path, content: Mapping[str, Any]) -> RunRecord:
    names = [name for name in RunRecord.__dataclass_fields__ if name not in ("path", "slurm_job")]
    fields = {name: content[name] for name in names}
    fields["slurm_job"] = content.get("slurm_job")
    fields["jobs"] = [Job(*job) for job in content["jobs"]]
    return RunRecord(path=path, **fields)


def _remove_old(records: Path) -> None:
    for path in sorted(records.glob("*.json"))[:-KEPT]:
        path.unlink(missing_ok=True)
