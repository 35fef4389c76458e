"""One clock for Snakemake's scheduler instead of hundreds."""

from __future__ import annotations

import threading
from typing import Protocol


class Scheduler(Protocol):
    """Scheduler that looks at its queue of jobs each time that this semaphore is released."""

    _open_jobs: threading.Semaphore


_pending: set[int] = set()
"""Schedulers, by their id, that will be woken."""


def wake_once(scheduler: Scheduler, delay: float) -> None:
    """Wake a scheduler after some seconds, unless it is about to be woken already.

    Stands in for ``JobScheduler._schedule_reevalutation`` of Snakemake 9, which starts another
    timer at each look at the queue. As every timer causes a look, and every finished job one
    more, there are as many timers for ever as jobs have ended while others wait: after 300
    jobs the controller spends half a core on looking.
    Unlike there, a timer that is left over does not delay the end of the process.

    Parameters
    ----------
    scheduler : Scheduler
    delay : float
        Seconds.
    """
    if id(scheduler) in _pending:
        return
    _pending.add(id(scheduler))

    def wake() -> None:
        # In this order: whoever is woken may ask to be woken again.
        _pending.discard(id(scheduler))
        scheduler._open_jobs.release()

    timer = threading.Timer(delay, wake)
    timer.daemon = True
    timer.start()
