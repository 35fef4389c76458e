"""Faults of a server, on demand or at random."""

from __future__ import annotations

import random
import threading
from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request.

    Attributes
    ----------
    kind : {"delay", "slow", "hang", "status", "page", "truncate", "empty", "drop"}
        Let the database take its time, within the query's limit; let it give up; stay silent;
        answer with a status; with a proxy's page of HTML; cut the JSON; send no body; close
        the connection without an answer.
    seconds : float
        Of a delay or a silence.
    status : int
    retry_after : int, optional
        Header ``Retry-After``, in seconds.
    """

    kind: str
    seconds: float = 0.0
    status: int = 503
    retry_after: int | None = None


EVERY_KIND = (
    Fault("status", status=503),
    Fault("status", status=429),
    Fault("status", status=429, retry_after=1),
    Fault("page", status=504),
    Fault("page", status=200),
    Fault("truncate"),
    Fault("empty"),
    Fault("drop"),
)


class Faults:
    """Which of the coming queries fail, and how."""

    def __init__(self) -> None:
        self.injected: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._next: list[Fault | None] = []
        self._rate = 0.0
        self._kinds: tuple[Fault, ...] = ()
        self._random = random.Random(0)

    def next(self, *faults: Fault | None) -> None:
        """Let the coming queries fail in this way; None lets one pass."""
        with self._lock:
            self._next.extend(faults)

    def at_random(self, rate: float, kinds: tuple[Fault, ...] = EVERY_KIND, seed: int = 0) -> None:
        """Let a share of all queries fail."""
        with self._lock:
            self._rate, self._kinds, self._random = rate, kinds, random.Random(seed)

    def clear(self) -> None:
        """Let all queries pass."""
        with self._lock:
            self._next.clear()
            self._rate = 0.0

    def draw(self) -> Fault | None:
        """Return what happens to the next query."""
        with self._lock:
            fault = None
            if self._next:
                fault = self._next.pop(0)
            elif self._rate and self._random.random() < self._rate:
                fault = self._random.choice(self._kinds)
            if fault is not None:
                self.injected[fault.kind] += 1
            return fault
