"""Processes of this machine: their ends, and what dead ones have left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

GRACE_SECONDS = 30.0
"""How long an interrupted Snakemake has to end its jobs."""

JOB_SERVER = "scope.runs.job_server"
"""The module whose process starts scripts as copies of itself."""

_PROC = Path("/proc")
_SCRIPTS = ".snakemake/scripts/"
_SECONDS_TO_END = 10.0
_ENDS: dict[signal.Signals, type[BaseException]] = dict.fromkeys(
    (signal.SIGTERM, signal.SIGHUP), SystemExit
)
_EVERY = (*_ENDS, signal.SIGINT, signal.SIGALRM)


def run_interruptible(command: Sequence[str], *, output: IO[Any] | None = None) -> int:
    """Run a command to its end, and interrupt it where this process is ended before.

    The interrupt reaches the command and what it has started once: a second one would stop
    Snakemake from cancelling its jobs. It is therefore a process group of its own, which
    signals to this one's, such as those of a keyboard and of `timeout`, do not reach.
    It hears of interrupts even where this process, in the background of a script, does not.

    Parameters
    ----------
    command : sequence of str
    output : file, optional
        For what the command prints.

    Returns
    -------
    int
        The exit status.

    Raises
    ------
    SystemExit
        After SIGTERM and SIGHUP, as `ends_raise` does; other exceptions, such as that of an
        interrupt from the keyboard, are passed on too, when the command has ended.
    """
    with _first_raises({**_ENDS, **_usual_interrupt()}):
        process = None
        try:
            with _ends_noted() as came:
                process = subprocess.Popen(command, stdout=output, process_group=0)
            for number in came:
                signal.raise_signal(number)
            return process.wait()
        except BaseException:
            if process is None:
                raise
            with _deaf():
                _send_group(process.pid, signal.SIGINT)
                try:
                    process.wait(GRACE_SECONDS)
                except subprocess.TimeoutExpired:
                    _send_group(process.pid, signal.SIGKILL)
                    process.wait()
            raise


@contextmanager
def ends_raise() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise SystemExit with 128 and their number, as shells have it.

    One that is ignored, as SIGHUP is below ``nohup``, stays so. Nothing is changed outside the
    main thread, which alone is given signals.
    """
    with _first_raises(_ENDS):
        yield


@contextmanager
def _first_raises(errors: Mapping[signal.Signals, type[BaseException]]) -> Iterator[None]:
    """Let the first of some signals raise its exception, and none of them after it.

    A second one, such as a key pressed twice, would break off what the first one began: a command
    that was to be interrupted would go on alone. The handlers of before come back in the end.
    """

    def answer(number: int, frame: Any) -> None:
        for each in heard:
            signal.signal(each, signal.SIG_IGN)
        error = errors[signal.Signals(number)]
        raise error(128 + number) if error is SystemExit else error

    heard = errors.keys() - _ignored(*errors)
    with _handlers(dict.fromkeys(heard, answer)):
        yield


@contextmanager
def _ends_noted() -> Iterator[list[signal.Signals]]:
    """Note the requests to end that come, to be answered later; give the list of them.

    An exception within `subprocess.Popen` would lose the process that it has just started.
    """
    came: list[signal.Signals] = []
    # What is ignored stays so in a command that is started; a handler does not.
    noted = {*_EVERY} - {*_ignored(*_ENDS)}
    with _handlers(dict.fromkeys(noted, lambda number, _: came.append(signal.Signals(number)))):
        yield came


def _usual_interrupt() -> dict[signal.Signals, type[BaseException]]:
    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    return {signal.SIGINT: KeyboardInterrupt} if usual else {}


def _ignored(*numbers: signal.Signals) -> list[signal.Signals]:
    return [number for number in numbers if signal.getsignal(number) == signal.SIG_IGN]


def _deaf() -> Any:
    """Leave all requests to end alone."""
    return _handlers(dict.fromkeys(_EVERY, signal.SIG_IGN))


@contextmanager
def _handlers(handlers: dict[signal.Signals, Any]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def process_mark(pid: int) -> str | None:
    """Return what tells a process from a later one with the same id; None if it has ended.

    On Linux the machine's start and the process's, else only that there is one.
    """
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        # The command, in brackets, may hold blanks and brackets itself.
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None if _PROC.is_dir() or not _exists(pid) else "present"
    state, started = fields[0], fields[19]
    return None if state in "ZX" else f"{boot}:{started}"


def leftover_scripts(folder: str | Path) -> list[int]:
    """Return the ids of this user's processes that run a workflow script in a run folder.

    The process that they are copies of is among them. A controller that was killed may leave
    them behind. Systems without ``/proc`` show none.
    """
    folder = Path(folder).resolve()
    return [pid for pid in _own_processes() if _is_script(pid, folder)]


def end_leftover_scripts(folder: str | Path) -> int:
    """End the workflow scripts that still run in a folder; return how many there were.

    They write whole files or none, so that ending them leaves nothing half done. Call it
    only where no controller is at work, see `scope.runs.records.require_idle`.
    """
    pids = leftover_scripts(folder)
    for pid in pids:
        _send(pid, signal.SIGTERM)
    deadline = time.monotonic() + _SECONDS_TO_END
    while (left := [pid for pid in pids if process_mark(pid)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in left:
        _send(pid, signal.SIGKILL)
    return len(pids)


def _own_processes() -> Iterator[int]:
    if not _PROC.is_dir():
        return
    for entry in _PROC.iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and entry.stat().st_uid == os.getuid():
                yield int(entry.name)


def _is_script(pid: int, folder: Path) -> bool:
    entry = _PROC / str(pid)
    try:
        words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        # The shell that started it has the whole command as one word.
        return (entry / "cwd").resolve() == folder and any(
            word == JOB_SERVER or (_SCRIPTS in word and " " not in word) for word in words
        )
    except OSError:
        return False


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _send_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
