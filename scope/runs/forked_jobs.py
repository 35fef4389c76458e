"""Scripts of jobs in copies of a process that has the library loaded: the side of Snakemake."""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from typing import Any, Protocol

from scope.runs.processes import JOB_SERVER

FRESH_JOBS = "SCOPE_FRESH_JOBS"
"""Where this variable is set, an interpreter is started for each job."""

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


class Script(Protocol):
    """What this needs of ``snakemake.script.PythonScript``."""

    container_img: Any
    conda_env: Any
    env_modules: Any
    shadow_dir: Any
    bench_record: Any
    threads: int
    resources: Any


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
    ) -> int:
        """Run a script in a process of its own and return its exit status.

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
        int
            Minus the number of the signal where one ended it; that of SIGKILL where the server was
            killed, as this ends its jobs.
        """
        request = {"script": script, "folder": os.getcwd(), "environment": dict(environment)}
        answers, theirs = socket.socketpair()
        with answers, answers.makefile("r") as lines, ExitStack() as stack:
            with theirs:
                self._hand_over(theirs)
            answers.sendall(json.dumps(request).encode() + b"\n")
            started = lines.readline()
            if started and meanwhile is not None:
                stack.enter_context(meanwhile(int(started)))
            return int(lines.readline() or -signal.SIGKILL)

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
    if sys.platform != "linux" or os.environ.get(FRESH_JOBS):
        return execute
    server = server or JobServer()

    def execute_script(self: Script, fname: str, edit: bool = False) -> None:
        if self.container_img or self.conda_env or self.env_modules or self.shadow_dir:
            return execute(self, fname, edit)
        record = self.bench_record
        meanwhile = None if record is None else lambda pid: benchmarked(pid, record)
        status = server.run(fname, job_environment(self), meanwhile)
        if status:
            # A shell would say it this way of a command that a signal ended.
            status = status if status > 0 else 128 - status
            raise subprocess.CalledProcessError(status, f"{sys.executable} {fname}")
        return None

    return execute_script


def job_environment(script: Script) -> dict[str, str]:
    """Return the variables that Snakemake would give the process of a script."""
    environment = dict(os.environ) | dict.fromkeys(THREADS, str(script.threads))
    if folder := script.resources.get("tmpdir"):
        environment |= dict.fromkeys(TEMPORARY, str(folder))
    return environment
