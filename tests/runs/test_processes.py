"""Processes that are alive, dead, and left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from scope.runs.processes import end_leftover_scripts, leftover_scripts, process_mark

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
