"""A SLURM that takes no jobs ends the run that waits for it, with its reason in one line.

Snakemake's plugin reports each refused submission as a failed job, and goes on with the next.
`sbatch` itself waits for minutes before it gives up, so that a run whose every submission is
refused, or whose SLURM is gone, would take hours to say so, and neither SIGTERM nor the end of
the last job would end it.
"""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from scope.errors import ServiceError
from scope.runs.slurm import call, has_slurm

FEWEST_REFUSALS = 3
"""So many submissions in a row must be refused before a run gives up."""

PATIENCE_SECONDS = 60.0
"""For so long must nothing else have happened: a controller that is started anew is back soon."""

_PING_SECONDS = 20.0
_MESSAGE = re.compile(r"The error message was '(.*?)'\.\n|exception: (.*)", re.DOTALL)
_SAID = re.compile(r"^(?:\w+: error: )+", re.MULTILINE)
_PROGRAMS = ("sbatch", "sinfo", "scontrol", "sacct", "sacctmgr", "squeue")


def require_controller() -> None:
    """Make sure that SLURM's controller answers.

    Raises
    ------
    ServiceError
        If it does not, or there is no SLURM on this machine.
    """
    todo = "check with `scontrol ping`; run it where jobs are submitted from, then again"
    if not has_slurm():
        raise ServiceError("no SLURM on this machine", todo=todo)
    try:
        said = call("scontrol", "ping", check=False, seconds=_PING_SECONDS)
    except ServiceError as error:
        raise ServiceError(
            "SLURM's controller does not answer", value=str(error), todo=todo
        ) from None
    lines = [line.strip() for line in said.splitlines() if "slurmctld" in line.lower()]
    # Of several controllers one is enough.
    if not any(re.search(r"\bUP\b", line) for line in lines):
        raise ServiceError(
            "SLURM's controller does not answer", value="; ".join(lines) or said.strip(), todo=todo
        )


class Refusals:
    """Submissions of a run that SLURM refused, and why.

    Attributes
    ----------
    reasons : Counter of str
        What SLURM said to those that it refused -> how often.
    stopped : bool
        Whether the run has been told to end.
    """

    def __init__(self) -> None:
        self.reasons: Counter[str] = Counter()
        self.stopped = False
        self._in_a_row = 0
        self._since = time.monotonic()
        self._lock = threading.Lock()

    def accepted(self) -> None:
        """Count a submission that SLURM has taken."""
        with self._lock:
            self._in_a_row, self._since = 0, time.monotonic()

    def refused(self, message: str) -> None:
        """Count a submission that SLURM has refused, with the plugin's words for it."""
        with self._lock:
            self.reasons[reason_of(message)] += 1
            self._in_a_row += 1

    def hopeless(self) -> bool:
        """Whether nothing has been taken for so long that a run should give up."""
        patient = time.monotonic() - self._since < PATIENCE_SECONDS
        return self._in_a_row >= FEWEST_REFUSALS and not patient

    def lines(self) -> list[str]:
        """Return a line for each reason, the most frequent first."""
        return [
            f"SLURM refused {number} submission{'s' * (number > 1)}: {reason!r}; correct what it "
            "names, in the profile or on the command line, then run `scope resume …`"
            for reason, number in self.reasons.most_common()
        ]


def reason_of(message: str) -> str:
    """Return what SLURM said, in one line, out of what the plugin says of a failed submission."""
    match = _MESSAGE.search(message)
    said = (match[1] or match[2] or "") if match else message
    lines = [line.strip() for line in _SAID.sub("", said).splitlines() if line.strip()]
    # While sbatch waits it repeats itself; its last line says why it gave up.
    return lines[-1] if lines else "no reason given"


def watch(executor: Any, scheduler: Any, error: type[Exception]) -> Refusals:
    """Let runs on SLURM end where SLURM takes no jobs.

    Parameters
    ----------
    executor : class
        ``Executor`` of snakemake-executor-plugin-slurm.
    scheduler : class
        Snakemake's ``JobScheduler``, which hears of SIGTERM.
    error : class of exception
        What Snakemake prints without a traceback.

    Returns
    -------
    Refusals
        What will have been refused.
    """
    refusals = Refusals()
    begin, submit = executor.__init__, executor.run_job
    took, failed = executor._report_job_submission_threadsafe, executor._report_job_error_threadsafe
    shut, hear = executor.shutdown, scheduler.exit_gracefully

    def __init__(self: Any, workflow: Any, logger: Any) -> None:
        try:
            require_controller()
        except ServiceError as problem:
            raise error(f"error: {problem}") from None
        begin(self, workflow, logger)

    def run_job(self: Any, job: Any) -> None:
        if not refusals.stopped:
            submit(self, job)

    def accepted(self: Any, job: Any) -> None:
        refusals.accepted()
        took(self, job)

    def refused(self: Any, job: Any, msg: str) -> None:
        refusals.refused(msg)
        # First: Snakemake submits the job again as soon as it hears of it.
        if refusals.hopeless() and not self.active_jobs and not refusals.stopped:
            stop(self, refusals.lines()[0])
        failed(self, job, msg)

    def stop(self: Any, why: str) -> None:
        refusals.stopped = True
        self.workflow.scheduler.executor_error_callback(error(f"error: {why}"))

    def shutdown(self: Any) -> None:
        if refusals.stopped:
            # Nothing is left to look after, and it may sleep for three minutes before it sees.
            self.wait_thread = _ended_thread()
            _end_calls()
        shut(self)

    def exit_gracefully(self: Any, *arguments: Any) -> None:
        hear(self, *arguments)
        ours = self._executor
        if isinstance(ours, executor) and not (ours.active_jobs and _answers()):
            told = refusals.lines()[:1] or ["ended before SLURM had taken a job"]
            stop(ours, told[0])

    executor.__init__, executor.run_job = __init__, run_job
    executor._report_job_submission_threadsafe = accepted
    executor._report_job_error_threadsafe = refused
    executor.shutdown, scheduler.exit_gracefully = shutdown, exit_gracefully
    return refusals


def _answers() -> bool:
    try:
        require_controller()
    except ServiceError:
        return False
    return True


def _ended_thread() -> threading.Thread:
    thread = threading.Thread(target=lambda: None)
    thread.start()
    return thread


def _end_calls() -> None:
    """End the calls of SLURM's programs that wait for an answer, with what they have started."""
    for pid in _children(os.getpid()):
        with suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
            if any(program in words for program in _PROGRAMS):
                for each in _family(pid):
                    os.kill(each, signal.SIGTERM)


def _family(pid: int) -> list[int]:
    """Return a process and all that descend from it, the youngest first."""
    return [*(each for child in _children(pid) for each in _family(child)), pid]


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, path.read_text().split())
    return found
