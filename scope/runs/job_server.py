"""A process that has the library loaded and starts the scripts of jobs as copies of itself.

A script of the workflow works for a tenth of a second and loads Python, NumPy, Arrow and the
library for one to three. This process loads what the scripts name, once, and forks for each job:
every job is a process of its own as before, with its own memory, environment and end, and finds
what it imports there already. The server stays in the process group of Snakemake, so that an
interrupt from the keyboard reaches its jobs; it ends, and they with it, where Snakemake does.

    python -m scope.runs.job_server DESCRIPTOR

Over the socket of this descriptor come further ones, one for each job: over it the script, the
folder, the environment and the time as a line of JSON, and back, each a line of JSON, the id of the
process (`NOT_STARTED` where it could not be made), then its exit status, the seconds of CPU that it
took and its largest memory [bytes]. `scope.runs.forked_jobs` is the other side.
"""

from __future__ import annotations

import ast
import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from scope.imports import this_process_is_ours

COMMON = ("pandas", "scipy.sparse", "scipy.special", "scope.lightcurves._kernels")
"""What most scripts load in the end, although what they import does not: Arrow loads pandas when
it is given an array, and the first kernel takes Numba two tenths of a second. None of these starts
a thread, which a fork would lose; TensorFlow, XGBoost, ONNX Runtime and CuPy are left to the jobs.
"""
BLAS_THREADS = "OPENBLAS_NUM_THREADS"
"""What NumPy's linear algebra reads when it is loaded, which is before a job is known; 1 here."""

_OWN_VARIABLES: set[str] = set()
NOT_STARTED = -1
"""In place of a process: there was no memory or descriptor for it. Nothing has been run."""
INTERRUPTED = 0
"""In place of a process: an interrupt came first."""

_CHILD = -2
_NAME_LENGTH = 15
_PR_SET_PDEATHSIG = 1


class Server:
    """Process that forks for each request.

    Parameters
    ----------
    requests : socket
        Brings the sockets of the jobs.
    """

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._jobs: dict[int, socket.socket] = {}
        self._interrupted_at = -1.0
        self._hears_interrupts = signal.getsignal(signal.SIGINT) != signal.SIG_IGN

    def serve(self) -> None:
        """Answer until the other side has gone."""
        ended, wake = socket.socketpair()
        with ended, wake:
            wake.setblocking(False)
            signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
            signal.signal(signal.SIGCHLD, lambda *_: None)
            if self._hears_interrupts:
                # An interrupt is for the jobs; Snakemake leaves us when they have ended.
                signal.signal(signal.SIGINT, self._note_interrupt)
            while True:
                ready, _, _ = select.select([self._requests, ended], [], [])
                if ended in ready:
                    ended.recv(4096)
                    self._answer_for_ended()
                if self._requests in ready and not self._take():
                    return

    def _note_interrupt(self, number: int, frame: Any) -> None:
        self._interrupted_at = time.monotonic()

    def _take(self) -> bool:
        """Start the job of one request; return False when there will be no more."""
        try:
            message, descriptors, _, _ = socket.recv_fds(self._requests, 1, 1)
        except OSError:
            return True
        if not message:
            return False
        if not descriptors:
            # There was none left for it here; the other side sees its socket close.
            return True
        answers = socket.socket(fileno=descriptors[0])
        with answers.makefile("r", encoding="utf-8") as lines:
            request = json.loads(lines.readline())
        _load_what_it_names(Path(request["script"]))
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        # What is there already is not looked at by the collectors of the jobs, and stays shared.
        gc.freeze()
        server, mask = os.getpid(), {signal.SIGINT}
        # An interrupt between here and the job's own handler waits for that.
        signal.pthread_sigmask(signal.SIG_BLOCK, mask)
        pid = INTERRUPTED if self._interrupted_at >= request.pop("asked") else _fork()
        if pid == _CHILD:
            for other in (self._requests, answers, *self._jobs.values()):
                other.close()
            _be_job(server=server, hears_interrupts=self._hears_interrupts, **request)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, mask)
        _send(answers, pid)
        if pid > 0:
            self._jobs[pid] = answers
        else:
            answers.close()
        return True

    def _answer_for_ended(self) -> None:
        """Send the status of each job that has ended, and what it took."""
        for pid in list(self._jobs):
            found, status, used = os.wait4(pid, os.WNOHANG)
            if found:
                with self._jobs.pop(pid) as answers:
                    cpu = used.ru_utime + used.ru_stime
                    _send(answers, [os.waitstatus_to_exitcode(status), cpu, used.ru_maxrss * 1024])


def _fork() -> int:
    """Return the id of a new copy of this process, `_CHILD` in the copy."""
    try:
        return os.fork() or _CHILD
    except OSError:
        return NOT_STARTED


def _send(answers: socket.socket, value: Any) -> None:
    # Whoever asked may have gone.
    with suppress(OSError):
        answers.sendall(f"{json.dumps(value)}\n".encode())


def _load_what_it_names(script: Path) -> None:
    """Import the modules that a script imports, so that its process finds them loaded.

    What cannot be imported is left to the script, whose log then says why.
    """
    names: list[str] = []
    with suppress(Exception):
        names += _imported(ast.parse(script.read_bytes()))
    for name in (*names, *COMMON):
        # A module may end the process that loads it: then that of the job.
        with suppress(BaseException):
            importlib.import_module(name)


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _be_job(
    script: str, folder: str, environment: dict[str, str], server: int, hears_interrupts: bool
) -> NoReturn:
    """Run a script as an interpreter that was started for it would, and end as one."""
    _end_with(server)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    heard = signal.default_int_handler if hears_interrupts else signal.SIG_IGN
    signal.signal(signal.SIGINT, heard)
    os.chdir(folder)
    # Some modules set a variable when they are loaded, and have been.
    by_modules = {name: os.environ[name] for name in set(os.environ) - _OWN_VARIABLES}
    os.environ.clear()
    os.environ.update({**by_modules, **environment})
    _allow_threads(environment.get(BLAS_THREADS, "1"))
    tempfile.tempdir = None
    _show_rule(script)
    sys.argv = [script]
    sys.path.insert(0, str(Path(script).parent))
    if "numpy" in sys.modules:
        # Its one generator for all would draw the same numbers in each job.
        sys.modules["numpy"].random.seed()
    status = 0
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        runpy.run_path(script, run_name="__main__")
    except SystemExit as error:
        status = _exit_status(error)
    except KeyboardInterrupt:
        # Its log says where it was; on the screen the command speaks that was interrupted.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except Exception:
        traceback.print_exc()
        status = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    # Without tearing down, piece by piece, what the server has loaded.
    os._exit(status)


def _exit_status(error: SystemExit) -> int:
    """Return the status of the interpreter that is ended by this; print the message it carries."""
    if error.code is None or isinstance(error.code, int):
        return error.code or 0
    print(error.code, file=sys.stderr)
    return 1


def _end_with(server: int) -> None:
    """Let the kernel end this process when its server has ended."""
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != server:
        sys.exit(128 + signal.SIGTERM)


def _allow_threads(number: str) -> None:
    """Give linear algebra as many threads as if it had been loaded in this environment."""
    if number.isdecimal() and number != "1":
        from threadpoolctl import threadpool_limits

        threadpool_limits(int(number), user_api="blas")


def _show_rule(script: str) -> None:
    """Name the process in `ps` and `top`, where all jobs would be called as their server is."""
    rule = script.removesuffix(".py").rpartition(".")[2]
    with suppress(OSError):
        Path("/proc/self/comm").write_text(f"scope:{rule}"[:_NAME_LENGTH], encoding="utf-8")


def main() -> None:
    """Serve requests on the socket whose descriptor is the first argument."""
    this_process_is_ours()
    _OWN_VARIABLES.update(os.environ)
    with socket.socket(fileno=int(sys.argv[1])) as requests:
        Server(requests).serve()


if __name__ == "__main__":
    main()
