"""The scheduler of Snakemake is woken in time, and no more often than it asks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.scheduling.job_scheduler import JobScheduler

from scope.runs.clock import wake_once


class Timer:
    """A timer that fires when a test says so."""

    started: list[Timer]

    def __init__(self, delay: float, wake: Callable[[], None]) -> None:
        self.delay, self.fire, self.daemon = delay, wake, False

    def start(self) -> None:
        self.started.append(self)


@pytest.fixture
def timers(monkeypatch: pytest.MonkeyPatch) -> list[Timer]:
    Timer.started = []
    monkeypatch.setattr(threading, "Timer", Timer)
    return Timer.started


def scheduler() -> SimpleNamespace:
    return SimpleNamespace(_open_jobs=threading.Semaphore(0))


def wakings(asleep: SimpleNamespace) -> int:
    count = 0
    while asleep._open_jobs.acquire(blocking=False):
        count += 1
    return count


def test_many_wishes_to_be_woken_are_one(timers: list[Timer]) -> None:
    asleep = scheduler()
    for _ in range(50):
        wake_once(asleep, 10)
    assert [timer.delay for timer in timers] == [10]
    assert wakings(asleep) == 0
    timers[0].fire()
    assert wakings(asleep) == 1


def test_whoever_was_woken_can_be_woken_again(timers: list[Timer]) -> None:
    asleep = scheduler()
    for _ in range(3):
        wake_once(asleep, 10)
        timers[-1].fire()
        assert wakings(asleep) == 1
    assert len(timers) == 3


def test_two_schedulers_do_not_share_a_clock(timers: list[Timer]) -> None:
    one, other = scheduler(), scheduler()
    wake_once(one, 10)
    wake_once(other, 10)
    for timer in timers:
        timer.fire()
    assert (wakings(one), wakings(other)) == (1, 1)


def test_a_clock_does_not_keep_the_process(timers: list[Timer]) -> None:
    wake_once(scheduler(), 10)
    assert timers[0].daemon


def test_time_alone_wakes() -> None:
    asleep = scheduler()
    wake_once(asleep, 0.01)
    assert asleep._open_jobs.acquire(timeout=60)


def test_snakemake_still_has_what_is_replaced(timers: list[Timer]) -> None:
    # Its own way: as many timers as calls. Once that is mended, rules/scheduler.smk can go.
    asleep = scheduler()
    for _ in range(3):
        JobScheduler._schedule_reevalutation(asleep, 10)
    for timer in timers:
        timer.fire()
    assert wakings(asleep) == 3


def test_the_workflow_replaces_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = JobScheduler._schedule_reevalutation
    monkeypatch.setattr(JobScheduler, "_schedule_reevalutation", original)
    assert 'include: "rules/scheduler.smk"' in (root / "Snakefile").read_text()
    names = {"clearly": lambda function: function}
    exec((root / "rules/scheduler.smk").read_text(), names)
    assert JobScheduler._schedule_reevalutation is wake_once
