"""Disturb a run at random moments, and go on with the one documented command."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from scope.runs.processes import leftover_scripts

from ..workflow.conftest import Run
from ..workflow.reference import TINY

Victim = Literal["controller", "worker", "both"]
VICTIMS: tuple[Victim, ...] = ("controller", "worker", "both")

STEPS = 20
"""Scripts that the whole workflow of the tiny field starts, about."""

SECONDS = 600.0
"""A run that takes longer than this hangs."""


@dataclass(frozen=True)
class Kill:
    """Who is killed, and when.

    Attributes
    ----------
    victim : str
        Snakemake itself, the script that it waits for, or both at once.
    step : int
        After so many scripts have started, this one included.
    delay : float
        Seconds after that.
    """

    victim: Victim
    step: int
    delay: float

    def __str__(self) -> str:
        return f"{self.victim}, {self.delay:.2f} s into step {self.step}"


def random_kills(seed: int, number: int) -> list[Kill]:
    """Return kills that the seed decides, of each kind alike, at moments all over a run."""
    generator = random.Random(seed)
    return [
        Kill(VICTIMS[n % 3], generator.randint(1, STEPS), generator.uniform(0, 1.2))
        for n in range(number)
    ]


def disturb(run: Run, kill: Kill, settings: tuple[str, ...] = TINY) -> bool:
    """Start a run, kill what is to be killed, wait for what is left of Snakemake.

    Returns whether there was something to kill: the run may have ended before.

    Raises
    ------
    subprocess.TimeoutExpired
        If Snakemake hangs; it is killed then.
    """
    controller = run.start(*settings)
    try:
        if not _wait_for_step(run, controller, kill):
            return False
        return _kill(run, controller, kill.victim)
    finally:
        try:
            controller.wait(timeout=SECONDS)
        finally:
            if controller.poll() is None:
                run.kill(controller)


def wait_for_record(run: Run) -> None:
    """Wait until a run has begun to execute jobs."""
    deadline = time.monotonic() + SECONDS
    while not list((run.folder / ".snakemake" / "scope").glob("*.json")):
        if time.monotonic() > deadline:
            raise TimeoutError(f"no run has begun in {run.folder}")
        time.sleep(0.05)


def while_active(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait so long, or until the process ends; return whether it is still at work."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=seconds)
    return process.poll() is None


def resume(run: Run, settings: tuple[str, ...] = TINY) -> subprocess.CompletedProcess[str]:
    """Run `scope resume` with the options of the run that was disturbed."""
    snakemake = run.command(*settings)
    arguments = snakemake[snakemake.index("snakemake") + 1 :]
    return scope(run, "resume", *arguments)


def scope(run: Run, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command `scope` in the folder of a run."""
    return subprocess.run(
        [sys.executable, "-m", "scope.cli.main", *arguments],
        env=run._environment(),
        cwd=run.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def differences(found: dict[str, bytes], expected: dict[str, bytes]) -> list[str]:
    """Return the products that are missing, left over, or not the same bytes."""
    names = sorted({*found, *expected})
    return [name for name in names if found.get(name) != expected.get(name)]


def _wait_for_step(run: Run, controller: subprocess.Popen[bytes], kill: Kill) -> bool:
    """Wait until the step's script has run for the delay; False where the run ends before."""
    seen: set[int] = set()
    deadline = time.monotonic() + SECONDS
    while len(seen) < kill.step:
        if controller.poll() is not None or time.monotonic() > deadline:
            return False
        seen |= set(leftover_scripts(run.folder))
        time.sleep(0.05)
    time.sleep(kill.delay)
    return controller.poll() is None


def _kill(run: Run, controller: subprocess.Popen[bytes], victim: Victim) -> bool:
    if victim == "both":
        os.killpg(controller.pid, signal.SIGKILL)
        return True
    if victim == "controller":
        controller.kill()
        return True
    scripts = leftover_scripts(run.folder)
    for pid in scripts[:1]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return bool(scripts)
