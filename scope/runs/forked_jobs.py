"""Scripts of jobs in copies of a process that has the library loaded: the side of Snakemake."""

from __future__ import annotations

import atexit
import json
import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from typing import Any, NamedTuple, Protocol

from scope.runs.job_server import INTERRUPTED, NOT_STARTED
from scope.runs.processes import JOB_SERVER

FRESH_JOBS = "SCOPE_FRESH_JOBS"
"""Where this variable is set and not 0, an interpreter is started for each job."""

THREADS = (
    "OMP_NUM_THREADS",
    "GOTO_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
"""What Snakemake sets to the threads of a job."""
TEMPORARY = ("TMPDIR", "TMP", "TEMPDIR", "TEMP")
"""What Snakemake sets to the job's folder for temporary files."""


WITH_SERVER = (
    "error: the process that jobs are copies of was killed, and its jobs with it (is the memory "
    "spent?); run the same command again to go on"
)


class Script(Protocol):
    """Part of ``snakemake.script.PythonScript`` that is needed here."""

    container_img: Any
    conda_env: Any
    env_modules: Any
    shadow_dir: Any
    bench_record: Any
    threads: int
    resources: Any


class Ended(NamedTuple):
    """End of a job: its status, and what it used.

    Attributes
    ----------
    status : int
        Of its exit; minus the number of the signal where one ended it.
    cpu_seconds : float
        Of all its threads, and of processes that it waited for.
    memory_bytes : int
        Its largest resident set.
    with_server : bool
        The server was killed, which ended its jobs.
    """

    status: int
    cpu_seconds: float = math.nan
    memory_bytes: int = 0
    with_server: bool = False


class NotStartedError(OSError):
    """There is no process for a job: no memory or no descriptor was left for it."""


class JobServer:
    """The process that forks for the jobs of one Snakemake; it starts when first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None
        atexit.register(self.close)

    def run(
        self,
        script: str,
        environment: Mapping[str, str],
        meanwhile: Callable[[int], Any] | None = None,
    ) -> Ended:
        """Run a script in a process of its own and wait for its end.

        Parameters
        ----------
        script : str
            Path of a Python file.
        environment : mapping of str
            All environment variables of the process.
        meanwhile : callable, optional
            Takes the id of the process and returns a context manager, which is left at its end:
            what measures the job.

        Returns
        -------
        Ended

        Raises
        ------
        NotStartedError
            If the process could not be made; nothing was run.
        """
        request = {
            **{"script": script, "folder": os.getcwd(), "environment": dict(environment)},
            # One clock for all processes of the machine.
            "asked": time.monotonic(),
        }
        answers, theirs = socket.socketpair()
        with answers, answers.makefile("r") as lines, ExitStack() as stack:
            try:
                with theirs:
                    self._hand_over(theirs)
                answers.sendall(json.dumps(request).encode() + b"\n")
                pid = json.loads(lines.readline() or str(NOT_STARTED))
            except OSError:
                pid = NOT_STARTED
            if pid == NOT_STARTED:
                raise NotStartedError(script)
            if pid == INTERRUPTED:
                return Ended(-signal.SIGINT)
            if meanwhile is not None:
                stack.enter_context(meanwhile(pid))
            line = lines.readline()
        if not line:
            return Ended(-signal.SIGKILL, with_server=True)
        return Ended(*json.loads(line))

    def close(self) -> None:
        """End the server, and with it the jobs that still run; the next job starts another."""
        with self._lock:
            if self._process is not None and self._requests is not None:
                self._requests.close()
                self._process.wait()
            self._process = self._requests = None

    def _hand_over(self, answers: socket.socket) -> None:
        """Give the socket of a job to the server."""
        with self._lock:
            if self._requests is not None:
                # A server that was killed takes nothing, and another one comes in its place.
                with suppress(OSError):
                    socket.send_fds(self._requests, [b"."], [answers.fileno()])
                    return
                if self._process is not None:
                    self._process.poll()
            self._process, self._requests = self._start()
            socket.send_fds(self._requests, [b"."], [answers.fileno()])

    def _start(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            # -P: what lies in the run folder is not a module.
            command = [sys.executable, "-P", "-m", JOB_SERVER, str(theirs.fileno())]
            # Threads that libraries start when they are loaded would be lost in each fork.
            alone = dict(os.environ) | dict.fromkeys(THREADS, "1")
            return subprocess.Popen(command, pass_fds=[theirs.fileno()], env=alone), ours


def fork_scripts(
    execute: Callable[..., None],
    benchmarked: Callable[[int, Any], Any],
    server: JobServer | None = None,
) -> Callable[..., None]:
    """Return what stands in for ``PythonScript.execute_script`` of Snakemake 9.

    Scripts that run in a container, an environment of their own or a shadow folder are left to
    Snakemake, and so are all of them where there is no fork that suits (elsewhere than on Linux)
    and where `FRESH_JOBS` is set.

    Parameters
    ----------
    execute : callable
        ``PythonScript.execute_script`` as it is.
    benchmarked : callable
        ``snakemake.benchmark.benchmarked``: measures the process of an id into a record.
    """
    if sys.platform != "linux" or os.environ.get(FRESH_JOBS, "0") not in ("", "0"):
        return execute
    server = server or JobServer()

    def execute_script(self: Script, fname: str, edit: bool = False) -> None:
        if self.container_img or self.conda_env or self.env_modules or self.shadow_dir:
            return execute(self, fname, edit)
        record = self.bench_record
        meanwhile = None if record is None else lambda pid: benchmarked(pid, record)
        try:
            ended = server.run(fname, job_environment(self), meanwhile)
        except NotStartedError:
            return execute(self, fname, edit)
        if record is not None:
            _complete(record, ended)
        if ended.with_server:
            print(WITH_SERVER, file=sys.stderr)
        if ended.status:
            # A shell would say it this way of a command that a signal ended.
            status = ended.status if ended.status > 0 else 128 - ended.status
            raise subprocess.CalledProcessError(status, f"{sys.executable} {fname}")
        return None

    return execute_script


def _complete(record: Any, ended: Ended) -> None:
    """Write what a job took into its record, whose samples miss the end of it, or all of it."""
    if ended.memory_bytes:
        record.cpu_time = ended.cpu_seconds
        record.max_rss = max(record.max_rss or 0.0, ended.memory_bytes / 1024**2)


def job_environment(script: Script) -> dict[str, str]:
    """Return the variables that Snakemake would give the process of a script."""
    environment = dict(os.environ) | dict.fromkeys(THREADS, str(script.threads))
    if folder := script.resources.get("tmpdir"):
        environment |= dict.fromkeys(TEMPORARY, str(folder))
    return environment
