"""A journal of an upload: what was begun and what is done, on the disk before we go on."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from scope.errors import InputError, UsageError
from scope.jsontext import parse_json

BEGUN, DONE = "begun", "done"
REFUSED = "refused"
"""Status of a step that the server did not do."""


class Journal:
    """A file of JSON lines, one for each step; whoever opens it again knows all steps.

    Parameters
    ----------
    path : path or None
        None keeps nothing, for a dry run.
    server : str
        Whom it is about. A journal about another server cannot be used.

    Raises
    ------
    UsageError
        If another process uses the journal.
    InputError
        If it is about another server, or is no journal.
    """

    def __init__(self, path: str | Path | None, server: str) -> None:
        self.path = None if path is None else Path(path)
        self.server = server
        self._steps: dict[str, dict[str, Any]] = {}
        self._open: set[str] = set()
        self._fresh: set[str] = set()
        self._file = None
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("a+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise UsageError(
                "journal that another process is using",
                value=str(self.path),
                todo="wait for it, or choose another --result-filetag",
            ) from None
        self._read(server)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *error: object) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def interrupted(self) -> bool:
        """Whether steps were begun and not finished."""
        return bool(self._open)

    def begun(self, key: str) -> bool:
        """Whether a step was begun, or done."""
        return key in self._open or key in self._steps

    def done(self, key: str) -> dict[str, Any] | None:
        """Return the facts of a step that is done, else None.

        One that an earlier run was refused is not done: it is tried again.
        """
        facts = self._steps.get(key)
        if facts is not None and facts.get("status") == REFUSED and key not in self._fresh:
            return None
        return facts

    def steps(self, *, fresh: bool | None = None) -> Iterator[dict[str, Any]]:
        """Yield the facts of all steps in their order; or those of this run, or of earlier ones."""
        for key, facts in self._steps.items():
            if fresh is None or fresh is (key in self._fresh):
                yield facts

    def begin(self, *keys: str) -> None:
        """Note that steps begin."""
        new = [key for key in keys if not self.begun(key)]
        self._write({"state": BEGUN, "key": key} for key in new)
        self._open.update(new)

    def finish(self, steps: Mapping[str, Mapping[str, Any]]) -> None:
        """Note that steps are done, with their facts."""
        self._write({"state": DONE, "key": key, **facts} for key, facts in steps.items())
        for key, facts in steps.items():
            self._steps[key] = dict(facts)
            self._open.discard(key)
            self._fresh.add(key)

    def _write(self, entries: Iterable[Mapping[str, Any]]) -> None:
        if self._file is None:
            return
        text = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
        if text:
            self._file.write(text.encode())
            self._file.flush()
            os.fsync(self._file.fileno())

    def _read(self, server: str) -> None:
        assert self._file is not None
        self._file.seek(0)
        content = self._file.read()
        end = content.rfind(b"\n") + 1
        # A process that was killed may have left half a line.
        self._file.truncate(end)
        lines = content[:end].splitlines()
        try:
            entries = [parse_json(line) for line in lines]
            whose = entries[0]["server"] if entries else server
            for entry in entries[1:]:
                state, key = entry.pop("state"), entry.pop("key")
                if state == DONE:
                    self._steps[key] = entry
                    self._open.discard(key)
                else:
                    self._open.add(key)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise InputError(
                "file that is no journal of an upload",
                value=str(self.path),
                todo="move it away, or choose another --result-filetag",
            ) from None
        if whose != server:
            raise InputError(
                f"journal of an upload to another server, {self.path}",
                value=whose,
                allowed=server,
                todo="choose another --result-filetag",
            )
        if not entries:
            self._write([{"server": server}])


def step_key(*parts: Any) -> str:
    """Return the name of a step: its kind, and all that makes it another one."""
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
