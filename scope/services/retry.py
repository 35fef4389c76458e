"""Asking a remote service again, for as long as it may come back.

The loop is ours: urllib3's `Retry` repeats one request, and here what is repeated goes on where
the last attempt ended; patience counts from the first failure and failures have limits of their
own, which `tenacity` would be told by as many lines as the loop has.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from scope.errors import ConfigError, ServiceError

_log = logging.getLogger(__name__)

T = TypeVar("T")


class TransientError(Exception):
    """A failure that may be gone when the service is asked again; never shown to users.

    Parameters
    ----------
    what : str
        What happened, without secrets.
    most_attempts : int, optional
        After so many attempts the service is not asked again, however patient we are:
        for failures that cost the service much.
    """

    def __init__(self, what: str, most_attempts: int | None = None) -> None:
        super().__init__(what)
        self.most_attempts = most_attempts


@dataclass(frozen=True)
class RetryPolicy:
    """Numbers and times of asking a service again.

    Attributes
    ----------
    first_wait_seconds : float
        Before the second attempt; each further wait is twice as long.
    longest_wait_seconds : float
        No wait is longer.
    patience_seconds : float
        After a failure later than this since the first one, no attempt follows.
    least_attempts : int
        Attempts that are made however long they take.
    """

    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 60.0
    patience_seconds: float = 900.0
    least_attempts: int = 3

    def __post_init__(self) -> None:
        for name in ("first_wait_seconds", "longest_wait_seconds", "patience_seconds"):
            if not getattr(self, name) >= 0:
                raise ConfigError(name, value=getattr(self, name), allowed="0 or more seconds")

    def wait_seconds(self, attempt: int) -> float:
        """Return the wait after the failure of an attempt, counted from 1, before jitter."""
        return min(self.first_wait_seconds * 2.0 ** min(attempt - 1, 60), self.longest_wait_seconds)


def ask_patiently(
    action: Callable[[], T],
    policy: RetryPolicy,
    *,
    what: str,
    todo: str | None = None,
    sleep: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> T:
    """Return what `action` returns, calling it again after each `TransientError`.

    Waits are shortened at random, by up to a half, so that many clients of a service that
    came back do not ask in the same moment.

    Parameters
    ----------
    action : callable
    policy : RetryPolicy
    what : str
        What is asked for, for messages.
    todo : str, optional
        What the user can do where the service stays silent.
    sleep, clock : callable
        As of `time`.

    Raises
    ------
    ServiceError
        If patience is at its end.
    """
    began: float | None = None
    attempt = 0
    while True:
        attempt += 1
        try:
            return action()
        except TransientError as error:
            began = clock() if began is None else began
            waited = clock() - began
            spent = attempt >= policy.least_attempts and waited >= policy.patience_seconds
            if spent or attempt >= (error.most_attempts or attempt + 1):
                raise ServiceError(
                    f"{what}: no usable answer in {attempt} attempts over {waited:.0f} s",
                    value=str(error),
                    todo=todo or "try again later",
                ) from None
            wait = policy.wait_seconds(attempt) * random.uniform(0.5, 1.0)
            _log.warning("%s: %s; asking again in %.1f s", what, error, wait)
            sleep(wait)
