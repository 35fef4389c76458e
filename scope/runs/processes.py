"""Processes of this machine: whether one still is the one it was, and scripts left behind."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_SCRIPTS = ".snakemake/scripts/"
_SECONDS_TO_END = 10.0


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

    A controller that was killed leaves them behind. Systems without ``/proc`` show none.
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
            _SCRIPTS in word and " " not in word for word in words
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


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
