"""The ledger of labels: a file that only grows, shared by all tasks and by all who label.

A folder holds ``ledger.jsonl``, one JSON object per label and line, and ``held_out/<task>.txt``,
the objects that are never asked about, one per line. Lines are added under a lock of the file,
so that several writers do not mix. Each line says how many of the same call follow it: what a
killed writer left of a call no reader counts, and the next writer removes. Saying the same again
adds nothing: a job that was killed and runs again leaves the same labels.

    ledger = Ledger("labels")
    ledger.append([Label("39627", "spectra", "QSO", source="human", labeller="ann", round=1)])
    ledger.read("spectra")                       # DataFrame, a row per label, oldest first
    ledger.hold_out("spectra", ids)              # once, before round 0
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scope.active.labels import (
    NAMES,
    Label,
    checked_label,
    checked_object,
    checked_task,
    read_labels,
)
from scope.errors import CorruptFileError, UsageError
from scope.jsontext import parse_json

if TYPE_CHECKING:
    import pandas as pd

LEDGER, HELD_OUT = "ledger.jsonl", "held_out"
_MORE = re.compile(rb'"more": (\d+)}\s*$')


class Ledger:
    """Labels in a folder.

    Parameters
    ----------
    folder : path
        Made with the first label.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    @property
    def path(self) -> Path:
        """The file that holds the labels."""
        return self.folder / LEDGER

    def append(
        self, labels: Iterable[Label | Mapping[str, Any]], allowed: Iterable[str] | None = None
    ) -> int:
        """Add labels, all or, where one of them cannot be, none.

        Parameters
        ----------
        labels : iterable of Label or mapping
            A mapping has the keys of `Label`.
        allowed : iterable of str, optional
            Classes that there are; any by default.

        Returns
        -------
        int
            How many were added: what a labeller said last of an object is not said twice.

        Raises
        ------
        InputError
            If a label cannot be used; the message counts from 1.
        """
        known = None if allowed is None else tuple(allowed)
        found = [checked_label(item, number, known) for number, item in enumerate(labels, 1)]
        if not found:
            return 0
        self.folder.mkdir(parents=True, exist_ok=True)
        with _locked(self.path) as handle:
            before = list(_parsed(_finished_calls(handle), self.path))
            new = _not_said_yet(found, before)
            lines = [_line(label, len(new) - number) for number, label in enumerate(new, 1)]
            _write(handle, "".join(lines).encode())
        return len(new)

    def labels(self, task: str | None = None) -> list[Label]:
        """Return all labels, or those of a task, oldest first."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return []
        found = _parsed(_finished(content), self.path)
        return [label for label in found if task is None or label.task == task]

    def read(self, task: str | None = None) -> pd.DataFrame:
        """Return all labels, or those of a task, oldest first, with the columns `COLUMNS`."""
        import pandas as pd

        frame = pd.DataFrame([asdict(label) for label in self.labels(task)], columns=NAMES)
        return frame.astype({"weight": float, "round": "int32"})

    def export_csv(self, path: str | Path, task: str | None = None) -> int:
        """Write the labels as CSV and return how many."""
        from scope.io.csvfile import write_csv

        frame = self.read(task)
        write_csv(frame, path)
        return len(frame)

    def import_csv(self, path: str | Path, allowed: Iterable[str] | None = None) -> int:
        """Add the labels of a table with the columns object, task and label, and return how many.

        Raises
        ------
        InputError
            If a row cannot be used, such as an id that a spreadsheet has rounded.
        """
        return self.append(read_labels(path), allowed)

    def hold_out(self, task: str, objects: Iterable[object]) -> None:
        """Fix the objects of a task that are never asked about, once and for all.

        Raises
        ------
        UsageError
            If others have been held out before, or labels were already asked for.
        """
        wanted = sorted({checked_object(value, "object to hold out") for value in objects})
        path = self.folder / HELD_OUT / f"{checked_task(task)}.txt"
        if path.exists():
            if sorted(self.held_out(task)) == wanted:
                return
            raise UsageError(
                f"objects of task {task!r} that are held out cannot be changed",
                value=f"{len(wanted)} objects for {len(self.held_out(task))}",
                todo=f"measure with those in {path}, or begin another ledger",
            )
        if asked := [label for label in self.labels(task) if label.round > 0]:
            raise UsageError(
                f"objects of task {task!r} cannot be held out any more",
                value=f"round {asked[0].round} was answered",
                todo="hold objects out before round 0",
            )
        from scope.io.atomic import write_bytes

        write_bytes("".join(f"{name}\n" for name in wanted).encode(), path)

    def held_out(self, task: str) -> list[str]:
        """Return the objects of a task that are never asked about."""
        path = self.folder / HELD_OUT / f"{checked_task(task)}.txt"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _not_said_yet(labels: list[Label], before: list[Label]) -> list[Label]:
    """Return the labels without those whose place already ends with just what they say."""
    ends: dict[Any, list[Any]] = {}
    for label in before:
        ends.setdefault(label.place, []).append(label.said)
    wanted: dict[Any, list[Any]] = {}
    for label in labels:
        wanted.setdefault(label.place, []).append(label.said)
    known = {at for at, said in wanted.items() if ends.get(at, [])[-len(said) :] == said}
    return [label for label in labels if label.place not in known]


def _line(label: Label, more: int) -> str:
    return json.dumps({**asdict(label), "more": more}, ensure_ascii=False) + "\n"


def _finished(content: bytes) -> bytes:
    """Return the lines of calls that were written to their end."""
    end = len(content)
    while end := content.rfind(b"\n", 0, end) + 1:
        start = content.rfind(b"\n", 0, end - 1) + 1
        more = _MORE.search(content[start:end])
        # A line of another origin is for `_parsed` to refuse.
        if more is None or more[1] == b"0":
            return content[:end]
        end = start
    return b""


def _parsed(content: bytes, path: Path) -> Iterator[Label]:
    for number, line in enumerate(content.splitlines(), 1):
        try:
            values = parse_json(line)
            yield Label(**{name: values[name] for name in NAMES})
        except (ValueError, TypeError, KeyError) as error:
            raise CorruptFileError(
                f"line {number} of the ledger {path} is no label",
                value=line[:80].decode(errors="replace"),
                todo="something else has written to it: restore the line from a copy",
            ) from error


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """Open a file for reading and adding, with a lock that ends with this process."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def _finished_calls(handle: int) -> bytes:
    """Return the lines of finished calls, and cut off what a killed writer left behind them."""
    content = b""
    size = os.fstat(handle).st_size
    while len(content) < size and (piece := os.pread(handle, size - len(content), len(content))):
        content += piece
    whole = _finished(content)
    if len(whole) < len(content):
        os.ftruncate(handle, len(whole))
    return whole


def _write(handle: int, content: bytes) -> None:
    while content:
        content = content[os.write(handle, content) :]
    os.fsync(handle)
