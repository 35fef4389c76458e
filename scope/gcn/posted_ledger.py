"""What is done: sources whose classifications were posted, for some time."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from scope.errors import CorruptFileError
from scope.gcn.event_sources import EventSource
from scope.io import write_bytes
from scope.jsontext import parse_json


class Memory:
    """Sources by name, with the groups that they were posted to and when.

    It is written each time something is added, and only what is done is added.

    Parameters
    ----------
    path : path
    remember_days : float
        A source is forgotten so long after it was done.
    now : datetime
        UTC, without a time zone.

    Raises
    ------
    CorruptFileError
        If the file is none of these.
    """

    def __init__(self, path: str | Path, remember_days: float, now: datetime) -> None:
        self._path = Path(path)
        self._now = now
        oldest = (now - timedelta(days=remember_days)).isoformat(timespec="seconds")
        self._done = {name: entry for name, entry in self._read().items() if entry["done"] > oldest}

    def new(self, sources: Iterable[EventSource], groups: Sequence[int]) -> list[EventSource]:
        """Return the sources that were not done for all of these groups."""
        return [
            source
            for source in sources
            if not set(groups) <= set(self._done.get(source.name, {"groups": ()})["groups"])
        ]

    def add(self, sources: Iterable[EventSource], groups: Sequence[int]) -> None:
        """Remember that sources are done for groups."""
        for source in sources:
            known = set(self._done.get(source.name, {"groups": ()})["groups"])
            self._done[source.name] = {
                "groups": sorted(known | set(groups)),
                "done": self._now.isoformat(timespec="seconds"),
            }
        text = json.dumps({"sources": dict(sorted(self._done.items()))}, indent=1)
        write_bytes((text + "\n").encode(), self._path)

    def _read(self) -> dict[str, Any]:
        try:
            content = parse_json(self._path.read_text(encoding="utf-8"))
            sources: dict[str, Any] = content["sources"]
            for entry in sources.values():
                if not isinstance(entry["done"], str) or not isinstance(entry["groups"], list):
                    raise TypeError
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise CorruptFileError(
                "memory of events that cannot be read",
                value=str(self._path),
                todo="move it away; what is on Fritz already is not posted again",
            ) from None
        return sources


@contextmanager
def only_one(path: str | Path) -> Iterator[bool]:
    """Tell whether no other run is at work; as long as this one is, others are told no."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
