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
    kind : str
        ``page``: a proxy's page of HTML with `status`, and nothing is done. ``done``: the
        same, but what was asked is done. ``late``: the same, and it is done `seconds` after
        the answer. ``drop``: the connection is closed, nothing done. ``cut``: it is closed
        after it is done. ``half``: done, and the JSON is cut. ``hang``: silence before it is
        done. ``down``: `status` 504 and done, and for `seconds` the proxy sends 503.
    """

    kind: str
    status: int = 504
    seconds: float = 0.0


RATE = Fault("page", 429)
EVERY_KIND = (
    RATE,
    Fault("page", 502),
    Fault("page", 503),
    Fault("page", 200),
    Fault("done", 504),
    Fault("drop"),
    Fault("cut"),
    Fault("half"),
)


class Faults:
    """Which of the coming requests fail, and how."""

    def __init__(self) -> None:
        self.injected: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._next: list[tuple[str, Fault | None]] = []
        self._rate = 0.0
        self._kinds: tuple[Fault, ...] = ()
        self._random = random.Random(0)

    def next(self, *faults: Fault | None, of: str = "") -> None:
        """Let the coming requests fail in this way; None lets one pass.

        `of` is how their method and path begin, such as ``POST /api/classification``.
        """
        with self._lock:
            self._next.extend((of, fault) for fault in faults)

    def at_random(self, rate: float, kinds: tuple[Fault, ...] = EVERY_KIND, seed: int = 0) -> None:
        """Let a share of all requests fail."""
        with self._lock:
            self._rate, self._kinds, self._random = rate, kinds, random.Random(seed)

    def clear(self) -> None:
        """Let all requests pass."""
        with self._lock:
            self._next.clear()
            self._rate = 0.0

    def draw(self, request: str) -> Fault | None:
        """Return what happens to a request."""
        with self._lock:
            fault = None
            planned = next(
                (n for n, (of, _) in enumerate(self._next) if request.startswith(of)), None
            )
            if planned is not None:
                fault = self._next.pop(planned)[1]
            elif self._rate and self._random.random() < self._rate:
                fault = self._random.choice(self._kinds)
            if fault is not None:
                self.injected[f"{fault.kind} {fault.status}"] += 1
            return fault
