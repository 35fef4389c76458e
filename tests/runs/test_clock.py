"""The scheduler of Snakemake is woken in time, and no more often than it asks."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

from snakemake.scheduling.job_scheduler import JobScheduler

from scope.runs.clock import wake_once


def scheduler() -> SimpleNamespace:
    return SimpleNamespace(_open_jobs=threading.Semaphore(0))


def test_many_wishes_to_be_woken_are_one() -> None:
    asleep = scheduler()
    for _ in range(50):
        wake_once(asleep, 0.05)
    assert asleep._open_jobs.acquire(timeout=10)
    assert not asleep._open_jobs.acquire(timeout=0.2)


def test_whoever_was_woken_can_be_woken_again() -> None:
    asleep = scheduler()
    for _ in range(3):
        wake_once(asleep, 0.01)
        assert asleep._open_jobs.acquire(timeout=10)


def test_two_schedulers_do_not_share_a_clock() -> None:
    one, other = scheduler(), scheduler()
    wake_once(one, 0.01)
    wake_once(other, 0.01)
    assert one._open_jobs.acquire(timeout=10)
    assert other._open_jobs.acquire(timeout=10)


def test_a_clock_does_not_keep_the_process() -> None:
    before = set(threading.enumerate())
    wake_once(scheduler(), 60)
    assert all(thread.daemon for thread in set(threading.enumerate()) - before)


def test_snakemake_still_has_what_is_replaced() -> None:
    # Its own way: as many releases as calls. Once that is mended, rules/scheduler.smk can go.
    asleep = scheduler()
    original = JobScheduler._schedule_reevalutation
    for _ in range(3):
        original(asleep, 0.01)
    time.sleep(0.3)
    assert [asleep._open_jobs.acquire(blocking=False) for _ in range(4)] == [True] * 3 + [False]
