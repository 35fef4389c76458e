"""What is done in a run folder, what is running, what failed and what is left.

Everything is read from the folder: the records of its runs, Snakemake's own markers and
logs, and the benchmark file that each finished job leaves.
"""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from scope.errors import NotFoundError
from scope.runs.records import Job, RunRecord, State, read_records

JobState = Literal["done", "running", "failed", "left"]

_MARKERS = ".snakemake/incomplete"
_ERROR = re.compile(r"^Error in (?:rule|group) .*\n((?:[ \t].*\n|For further error.*\n)*)", re.M)
_OUTPUT = re.compile(r"^\s+output: ([^\s,]+)", re.MULTILINE)
_MESSAGE = re.compile(r"^\s+message: (.*?)(?:For further error details|$)", re.MULTILINE)
_MOST_BENCHMARKS = 200
_CLOCK_SECONDS = 2.0


@dataclass(frozen=True)
class Failure:
    """A job that failed.

    Attributes
    ----------
    job : Job
    message : str
        The first line of its error.
    log : str or None
        Where all of it is, below the run folder.
    """

    job: Job
    message: str
    log: str | None


@dataclass
class TargetStatus:
    """Jobs of a target.

    Attributes
    ----------
    done, running, failed, left : int
    seconds_left : float or None
        Until the last job ends if the run goes on as it did; None if that is not known.
    """

    done: int = 0
    running: int = 0
    failed: int = 0
    left: int = 0
    seconds_left: float | None = None


@dataclass
class RunStatus:
    """The status of a run folder.

    Attributes
    ----------
    state : str
        Of the latest run.
    record : RunRecord
        The latest run.
    targets : dict of str to TargetStatus
        By name; jobs of no target under ``training``.
    failures : list of Failure
    """

    state: State
    record: RunRecord
    targets: dict[str, TargetStatus] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)


def run_status(folder: str | Path = ".") -> RunStatus:
    """Return what became of the jobs of all runs in a folder.

    Raises
    ------
    NotFoundError
        If no run has begun there.
    """
    folder = Path(folder)
    records = read_records(folder)
    if not records:
        raise NotFoundError(
            "no run has begun here",
            value=str(folder.resolve()),
            todo="name the folder of the run: --directory",
        )
    status = RunStatus(records[-1].state, records[-1])
    marked = set(_marked(folder)) if any(_may_be_at_work(record) for record in records) else set()
    # An error counts until a later run takes the job up again.
    errors = {record.path: dict(_errors(record)) for record in records}
    states: dict[str, JobState] = {}
    jobs = {job.output: (job, record) for record in records for job in record.jobs}
    for output, (job, record) in jobs.items():
        states[output] = _state(folder, job, record, marked, errors[record.path])
        target = status.targets.setdefault(job.target or "training", TargetStatus())
        setattr(target, states[output], getattr(target, states[output]) + 1)
        if states[output] == "failed":
            status.failures.append(_failure(folder, job, errors[record.path][output]))
    _estimate(folder, status, [(job, states[output]) for output, (job, _) in jobs.items()])
    return status


def _may_be_at_work(record: RunRecord) -> bool:
    return record.state in ("at work", "unknown")


def _state(
    folder: Path, job: Job, record: RunRecord, marked: set[str], errors: dict[str, str]
) -> JobState:
    if job.output in marked:
        return "running"
    if not job.needed or _is_made(folder, job, _began(record)):
        return "done"
    return "failed" if job.output in errors else "left"


def _began(record: RunRecord) -> float:
    return datetime.fromisoformat(record.began).timestamp() - _CLOCK_SECONDS


def _is_made(folder: Path, job: Job, since: float) -> bool:
    """Whether a job's output is there and new; of one that is removed, its benchmark."""
    names = [job.output, job.benchmark] if job.temporary else [job.output]
    for name in names:
        with suppress(OSError):
            if name and (folder / name).stat().st_mtime >= since:
                return True
    return False


def _marked(folder: Path) -> Iterator[str]:
    """Yield the outputs of jobs that Snakemake has started and not finished."""
    for path in (folder / _MARKERS).rglob("*"):
        with suppress(binascii.Error, UnicodeDecodeError):
            if path.is_file():
                # Long names are cut into folders, marked with @.
                parts = path.relative_to(folder / _MARKERS).parts
                name = "".join(part.removeprefix("@") for part in parts)
                yield base64.urlsafe_b64decode(name).decode()


def _errors(record: RunRecord) -> Iterator[tuple[str, str]]:
    """Yield output and message of each error in Snakemake's own logs."""
    for log in record.logs:
        with suppress(OSError):
            for block in _ERROR.finditer(Path(log).read_text(errors="replace")):
                message = _MESSAGE.search(block[1])
                text = message[1].strip() if message else "failed"
                for output in _OUTPUT.finditer(block[1]):
                    yield output[1], text


def _failure(folder: Path, job: Job, message: str) -> Failure:
    with suppress(OSError):
        lines = (folder / (job.log or "")).read_text(errors="replace").splitlines()
        lines = [line.strip() for line in lines if line.strip()]
        # A user's mistake is one line; of a traceback the last line says what it was.
        told = [line for line in lines if line.startswith("error: ")] or lines[-1:]
        if told:
            return Failure(job, told[0], job.log)
    return Failure(job, message, job.log if (folder / (job.log or "")).is_file() else None)


def _estimate(folder: Path, status: RunStatus, jobs: list[tuple[Job, JobState]]) -> None:
    """Fill in the time left, from the benchmarks of finished jobs and the pace of this run."""
    if not _may_be_at_work(status.record):
        return
    seconds: dict[str, list[float]] = defaultdict(list)
    began = _began(status.record)
    worked = 0.0
    for job, state in jobs:
        if state == "done" and len(seconds[job.rule]) < _MOST_BENCHMARKS:
            for ended, taken in _benchmark(folder, job):
                seconds[job.rule].append(taken)
                worked += taken if ended >= began else 0.0
    elapsed = time.time() - began
    if not worked:
        return
    for name, target in status.targets.items():
        waiting = [
            job
            for job, state in jobs
            if (job.target or "training") == name and state in ("running", "left")
        ]
        known = [seconds[job.rule] for job in waiting]
        if all(known):
            target.seconds_left = sum(map(_mean, known)) * elapsed / worked


def _benchmark(folder: Path, job: Job) -> Iterator[tuple[float, float]]:
    """Yield when a job ended and how long it took."""
    with suppress(OSError, ValueError, IndexError):
        path = folder / (job.benchmark or "")
        taken = float(path.read_text().splitlines()[1].split("\t")[0])
        yield path.stat().st_mtime, taken


def _mean(values: Iterable[float]) -> float:
    values = list(values)
    return sum(values) / len(values)
