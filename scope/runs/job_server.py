"""A process that has the library loaded and starts the scripts of jobs as copies of itself.

A script of the workflow works for a tenth of a second and loads Python, NumPy, Arrow and the
library for one to three. This process loads what the scripts name, once, and forks for each job:
every job is a process of its own as before, with its own memory, environment and end, and finds
what it imports there already. The server stays in the process group of Snakemake, so that an
interrupt from the keyboard reaches its jobs; it ends, and they with it, where Snakemake does.

    python -m scope.runs.job_server DESCRIPTOR

Over the socket of this descriptor come further ones, one for each job: over it the script, the
folder and the environment as a line of JSON, and back, each on a line, the id of the process and
its exit status. `scope.runs.forked_jobs` is the other side.
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
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from scope.imports import this_process_is_ours

COMMON = ("pandas", "scipy.sparse", "scipy.special", "scope.lightcurves._kernels")
"""What most scripts load in the end, although what they import does not: Arrow loads pandas when
it is given an array, and the first kernel takes Numba two tenths of a second. None of these starts
a thread, which a fork would lose; TensorFlow, XGBoost, ONNX Runtime and CuPy are left to the jobs.
"""
BLAS_THREADS = "OPENBLAS_NUM_THREADS"
"""What NumPy's linear algebra reads when it is loaded, which is before a job is known; 1 here."""

_OWN_VARIABLES: set[str] = set()
_NAME_LENGTH = 15
_PR_SET_PDEATHSIG = 1


def serve(requests: socket.socket) -> None:
    """Fork for each request, until the other side has gone."""
    jobs: dict[int, socket.socket] = {}
    with _ends_of_children() as ended:
        while True:
            ready, _, _ = select.select([requests, ended], [], [])
            if ended in ready:
                ended.recv(4096)
                _answer_for_ended(jobs)
            if requests in ready and not _take(requests, jobs):
                return


def _take(requests: socket.socket, jobs: dict[int, socket.socket]) -> bool:
    """Start the job of one request; return False when there will be no more."""
    message, descriptors, _, _ = socket.recv_fds(requests, 1, 1)
    if not message:
        return False
    answers = socket.socket(fileno=descriptors[0])
    with answers.makefile("r", encoding="utf-8") as lines:
        request = json.loads(lines.readline())
    _load_what_it_names(Path(request["script"]))
    server = os.getpid()
    # What is there already is not looked at by the collectors of the jobs, and so stays shared.
    gc.freeze()
    if (pid := os.fork()) == 0:
        for other in (requests, answers, *jobs.values()):
            other.close()
        _be_job(server=server, **request)
    _send(answers, pid)
    jobs[pid] = answers
    return True


def _answer_for_ended(jobs: dict[int, socket.socket]) -> None:
    """Send the status of each job that has ended."""
    for pid in list(jobs):
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            with jobs.pop(pid) as answers:
                _send(answers, os.waitstatus_to_exitcode(status))


def _send(answers: socket.socket, number: int) -> None:
    # Whoever asked may have gone.
    with suppress(OSError):
        answers.sendall(f"{number}\n".encode())


@contextmanager
def _ends_of_children() -> Iterator[socket.socket]:
    """Yield a socket that can be read when a child has ended."""
    ended, wake = socket.socketpair()
    with ended, wake:
        wake.setblocking(False)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        # An interrupt is for the jobs; Snakemake leaves us when they have ended.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        yield ended


def _load_what_it_names(script: Path) -> None:
    """Import the modules that a script imports, so that its process finds them loaded.

    What cannot be imported is left to the script, whose log then says why.
    """
    with suppress(Exception):
        for name in (*_imported(ast.parse(script.read_bytes())), *COMMON):
            with suppress(Exception):
                importlib.import_module(name)


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _be_job(script: str, folder: str, environment: dict[str, str], server: int) -> NoReturn:
    """Run a script as an interpreter that was started for it would, and end as one."""
    _end_with(server)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
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
    status = 0
    try:
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
        serve(requests)


if __name__ == "__main__":
    main()
