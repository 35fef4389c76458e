"""Processes that are alive, dead, and left behind."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from scope.runs.processes import (
    end_leftover_scripts,
    ends_raise,
    leftover_scripts,
    process_mark,
    run_interruptible,
)

from .folders import ended_process, write


def test_a_living_process_has_one_mark_and_a_dead_one_none() -> None:
    assert process_mark(os.getpid()) == process_mark(os.getpid()) is not None
    assert process_mark(ended_process()) is None


def test_two_processes_have_two_marks() -> None:
    # Start times are counted in hundredths of a second.
    time.sleep(0.02)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        assert process_mark(other.pid) != process_mark(os.getpid())


def test_scripts_of_a_run_folder_are_found_and_ended(tmp_path: Path) -> None:
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    started = []
    for folder in (here, elsewhere):
        script = write(folder / ".snakemake/scripts/tmp1.infer.py", "import time; time.sleep(60)")
        started.append(subprocess.Popen([sys.executable, str(script)], cwd=folder))
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], cwd=here)
    try:
        deadline = time.monotonic() + 10
        while not leftover_scripts(here) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert leftover_scripts(here) == [started[0].pid]
        assert end_leftover_scripts(here) == 1
        assert started[0].wait(timeout=10) != 0
        assert started[1].poll() is None
        assert other.poll() is None
        assert end_leftover_scripts(here) == 0
    finally:
        for process in (*started, other):
            process.kill()
            process.wait()


CHILD = """
import signal, sys, time
seen = []
signal.signal(signal.SIGINT, lambda *_: seen.append(1))
print("ready", flush=True)
while not seen:
    time.sleep(0.01)
time.sleep(0.3)
print("interrupts:", len(seen), flush=True)
"""

WAITING = """
import time
try:
    print("ready", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""

PARENT = """
import sys
from scope.runs.processes import run_interruptible
sys.exit(run_interruptible([sys.executable, "-c", sys.argv[1]]))
"""


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, -signal.SIGINT), (signal.SIGTERM, 128 + signal.SIGTERM)],
)
def test_an_end_is_passed_on_once_even_if_the_whole_group_is_told_twice(number, status) -> None:
    # As `timeout` does, which tells the command and then its group.
    command = [sys.executable, "-c", PARENT, CHILD]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, process_group=0
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        os.killpg(parent.pid, number)
        time.sleep(0.1)
        os.killpg(parent.pid, number)
        assert parent.stdout.read() == "interrupts: 1\n"
        assert parent.wait(timeout=30) == status


def test_an_end_is_passed_on_as_an_interrupt_from_the_background_of_a_script() -> None:
    # Where there is no job control, a shell lets what it starts with & ignore interrupts.
    script = '"$@" & echo $!; wait'
    command = ["sh", "-c", script, "sh", sys.executable, "-c", PARENT, WAITING]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as shell:
        assert shell.stdout is not None
        parent = int(shell.stdout.readline())
        try:
            assert shell.stdout.readline() == "ready\n"
            os.kill(parent, signal.SIGTERM)
            assert select.select([shell.stdout], [], [], 10)[0]
            assert shell.stdout.readline() == "interrupted\n"
        finally:
            # It may end by itself meanwhile.
            for child in _children(parent):
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)


def test_a_hangup_is_left_alone_below_nohup() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ends_raise():
            os.kill(os.getpid(), signal.SIGHUP)
            with pytest.raises(SystemExit):
                os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGHUP, before)


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def test_the_status_of_a_command_that_ends_by_itself_is_returned() -> None:
    assert run_interruptible([sys.executable, "-c", "raise SystemExit(3)"]) == 3


def test_many_interrupts_at_once_leave_nothing_at_work(tmp_path: Path) -> None:
    # Each may come while the one before is being answered; where they fall differs.
    code = (
        "import sys; from scope.runs.processes import run_interruptible; "
        "run_interruptible(sys.argv[1:])"
    )
    script = f"touch {tmp_path}/begun; exec sleep 60"
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", code, "sh", "-c", script], stderr=subprocess.DEVNULL
        )
        while not (tmp_path / "begun").exists():
            time.sleep(0.01)
        (child,) = (int(pid) for pid in children_of(process.pid))
        for _ in range(300):
            process.send_signal(signal.SIGINT)
        assert process.wait(20) in (1, 130, -signal.SIGINT)
        assert not Path(f"/proc/{child}").exists()
        (tmp_path / "begun").unlink()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", ["starting", "started"])
def test_a_command_that_has_just_been_started_is_ended_too(
    number: signal.Signals, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request to end within `Popen`, and one as its own handler comes back."""
    started = []

    def start(*args: Any, **options: Any) -> subprocess.Popen[bytes]:
        started.append(subprocess_start(*args, **options))
        if moment == "starting":
            signal.raise_signal(number)
        return started[0]

    def set_handler(which: int, handler: Any) -> Any:
        before = usual_signal(which, handler)
        if moment == "started" and started and which == number and not sent:
            sent.append(which)
            signal.raise_signal(number)
        return before

    sent: list[int] = []
    subprocess_start, usual_signal = subprocess.Popen, signal.signal
    handlers = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    # Tests begun by a shell in the background ignore interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr(subprocess, "Popen", start)
    monkeypatch.setattr(signal, "signal", set_handler)
    try:
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            run_interruptible(["sleep", "60"])
        assert started[0].returncode == -signal.SIGINT
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        monkeypatch.undo()
        for each, handler in handlers.items():
            signal.signal(each, handler)


def children_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
