"""Label mode: which star comes next, and what is said of it, into the ledger of labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from string import ascii_lowercase, digits
from typing import TYPE_CHECKING, Any

from scope.active.answers import CLASSES
from scope.active.labels import WITHDRAWN, Label
from scope.active.ledger import Ledger
from scope.desk.expressions import quoted
from scope.desk.products import LIGHT_CURVES
from scope.desk.star_facts import find_row
from scope.desk.table import Question
from scope.errors import InputError, UsageError, few
from scope.io.tables import read_metadata

if TYPE_CHECKING:
    from scope.desk.desk import Desk

SKIP = "s"
UNDO, OTHER_UNDO = "u", "Backspace"
"""Keys of the label page; the other one is taken where u is the key of a class."""

RESERVED = f"{UNDO}{SKIP}"

MOST_QUEUED = 20
MOST_NOTE = 500


@dataclass(frozen=True)
class Labelling:
    """Person who labels, and the file that labels go to.

    Attributes
    ----------
    ledger : Ledger
    labeller : str
    classes : dict of str to str
        Label of each class that can be said, by tag.
    queries : list of (str, str)
        Object and why it is asked for, in the order of asking; empty for the order of the table.
    round : int
        Of the questions.
    task : str
        Of the ledger.
    keys : dict of str to str
        Key of each class; by default a letter of its tag.
    """

    ledger: Ledger
    labeller: str
    classes: dict[str, str]
    queries: list[tuple[str, str]] = field(default_factory=list)
    round: int = 0
    task: str = "variables"
    keys: dict[str, str] = field(default_factory=dict)

    def about(self) -> dict[str, Any]:
        """Return what the page needs to know."""
        keys = self.keys or class_keys(list(self.classes))
        return {
            "labeller": self.labeller,
            "classes": [
                {"tag": tag, "label": label, "key": keys.get(tag)}
                for tag, label in self.classes.items()
            ],
            "by_queries": bool(self.queries),
            "undo": OTHER_UNDO if UNDO in keys.values() else UNDO,
        }

    def own(self) -> list[Label]:
        """Return what this labeller has said in this round, oldest first."""
        return [
            label
            for label in self.ledger.labels(self.task)
            if label.labeller == self.labeller
            and label.source == "human"
            and label.round == self.round
        ]

    def queue(self, desk: Desk, question: Question, skipped: Iterable[str]) -> dict[str, Any]:
        """Return the stars to label next, and how many are done.

        Stars that are held out, that this labeller has labelled in this round, or that were
        skipped are left out. Without a list of queries the order is that of doubt: the
        probability of the best class nearest to one half comes first.
        """
        done = last_words(self.own())
        left_out = {*done, *self.ledger.held_out(self.task)}
        passed = set(skipped)
        found = (
            self._queried(desk, left_out, passed)
            if self.queries
            else _doubtful(desk, question, left_out, passed)
        )
        return {"stars": found, "done": len(done), "queries": len(self.queries)}

    def _queried(self, desk: Desk, left_out: set[str], passed: set[str]) -> list[dict[str, str]]:
        wanted = {one: why for one, why in self.queries if one not in left_out}
        found: list[dict[str, str]] = []
        for name in wanted:
            where = desk.place_of(name)
            if where is not None and where[1] not in passed:
                found.append({"target": where[0], "id": where[1], "reason": wanted[name]})
            if len(found) == MOST_QUEUED:
                break
        return found

    def _names(self, desk: Desk, target: str, text: str) -> list[str]:
        """Return what the ledger may call a row, the usual name first.

        A star may be asked for by its name, by its id and by those of its light curves, one
        after the other.
        """
        row = find_row(desk, target, text)
        more = [] if desk.pictures is not None else [row["_id"], *(row.get(LIGHT_CURVES) or ())]
        return list(dict.fromkeys([desk.object_of(row), *map(str, more)]))

    def say(self, desk: Desk, target: str, text: str, tag: str, note: str = "") -> None:
        """Add a label; it is on the disk when this returns.

        Raises
        ------
        NotFoundError, UsageError, InputError
            If there is no such star or class, or the note is no text of one line.
        """
        names, done = self._names(desk, target, text), last_words(self.own())
        asked = [one for one, _ in self.queries if one in names] or names[:1]
        name = next((one for one in asked if one not in done), asked[-1])
        if tag not in self.classes:
            raise UsageError("label that is no class", value=tag[:40], allowed=few(self.classes))
        if len(note) > MOST_NOTE:
            raise UsageError("note", value=f"{len(note)} characters", allowed=f"{MOST_NOTE}")
        if note == WITHDRAWN:
            raise UsageError("note", value=note, allowed="another word: this one takes labels back")
        if name in self.ledger.held_out(self.task):
            raise UsageError("label of a star that is held out", value=name)
        self._append(Label(name, self.task, tag, note=note))

    def undo(self, desk: Desk, target: str, text: str) -> str | None:
        """Take back what was said last of a star; return what is said of it now.

        Nothing is removed from the ledger: the label before is said again, or that there is none.
        """
        names = self._names(desk, target, text)
        said = [label for label in self.own() if label.object in names]
        name = [*names[:1], *last_words(said)][-1]
        said = [label for label in said if label.object == name]
        standing: list[Label] = []
        for label in said:
            if label.note == WITHDRAWN:
                standing = []
            elif len(standing) > 1 and label.said == standing[-2].said:
                standing.pop()
            else:
                standing.append(label)
        if not standing:
            return None
        if len(standing) == 1:
            last = standing[0]
            self._append(Label(name, self.task, last.label, weight=0.0, note=WITHDRAWN))
            return None
        before = standing[-2]
        again = Label(name, self.task, before.label, weight=before.weight, note=before.note)
        self._append(again)
        return before.label

    def _append(self, label: Label) -> None:
        now = datetime.now(UTC).replace(microsecond=0).isoformat()
        self.ledger.append(
            [
                Label(
                    **{
                        **vars(label),
                        "labeller": self.labeller,
                        "round": self.round,
                        "date": now,
                    }
                )
            ]
        )


def last_words(labels: Sequence[Label]) -> dict[str, Label]:
    """Return the last label of each object that was not taken back."""
    found: dict[str, Label] = {}
    for label in labels:
        found.pop(label.object, None)
        if label.note != WITHDRAWN:
            found[label.object] = label
    return found


def _doubtful(
    desk: Desk, question: Question, left_out: set[str], passed: set[str]
) -> list[dict[str, str]]:
    table = desk.table
    where = table.where(question)
    known = [(sql, why) for name, sql, why in ORDERS if name in table.kinds]
    order, words = ", ".join(sql for sql, _ in known), known[0][1] if known else ""
    unscored = f" AND {quoted('reason')} IS NULL" if "reason" in table.kinds else ""
    # Those that are left out may all come first; an object can have several rows.
    found = table.ask(
        "SELECT target, _id FROM stars "
        f"WHERE {where.sql}{unscored} "
        f"AND NOT list_contains($left_out, {desk.object_sql}) "
        f"AND NOT list_contains($passed, CAST(_id AS VARCHAR)) "
        f"ORDER BY {order + ', ' if order else ''}target, row LIMIT {MOST_QUEUED}",
        {**where.values, "left_out": sorted(left_out), "passed": sorted(passed)},
    ).to_pylist()
    return [{"target": one["target"], "id": str(one["_id"]), "reason": words} for one in found]


ORDERS = (
    ("rank", '"rank" NULLS LAST', "the rank of the questions, then doubt"),
    ("class_p", 'abs("class_p" - 0.5)', "doubt"),
    ("drawn", '"drawn"', "drawn at random"),
)
"""In what order rows are asked for: a column, SQL, and why in words."""


def labelling_of(
    desk: Desk,
    ledger: Ledger,
    labeller: str,
    queries: Sequence[tuple[str, str]] = (),
    number: int = 0,
    classes: Sequence[str] = (),
) -> Labelling:
    """Return label mode for what is on a desk.

    Parameters
    ----------
    queries : sequence of (str, str)
        Objects with why they are asked for, by rank.
    number : int
        Round of the queries.
    classes : sequence of str
        What may be answered about light curves, by tag; by default the classes of the desk.

    Raises
    ------
    UsageError
        If there is no class that could be said.
    """
    shown = desk.pictures
    if shown is not None:
        number = number if queries else shown.round
        more = list(queries), number, shown.task, dict(shown.keys)
        return Labelling(ledger, labeller, dict(shown.classes), *more)
    labels = {one["tag"]: one["label"] for one in desk.classes}
    # What a round cannot learn is no answer to its questions.
    offered = {tag: labels.get(tag, tag) for tag in classes} if classes else labels
    if not offered:
        raise UsageError("labels without classes", allowed="results with scores")
    return Labelling(ledger, labeller, offered, list(queries), number)


def class_keys(tags: Sequence[str]) -> dict[str, str]:
    """Return a key for each class, a letter of its tag where one is free."""
    free = [key for key in ascii_lowercase + digits if key not in RESERVED]
    found: dict[str, str] = {}
    for tag in tags:
        key = next((sign for sign in tag if sign in free), free[0] if free else None)
        if key is None:
            break
        free.remove(key)
        found[tag] = key
    return found


def asked_classes(path: str | Path) -> tuple[str, ...]:
    """Return what may be answered to queries, by their metadata; nothing if it says none."""
    if Path(path).suffix != ".parquet":
        return ()
    return tuple(map(str, read_metadata(path).get(CLASSES, ())))


def read_queries(path: str | Path) -> tuple[list[tuple[str, str]], int]:
    """Return the objects of a list of queries with their reasons, by rank, and the round.

    Parameters
    ----------
    path : path
        Table with ``object`` and, if there, ``rank``, ``reason`` and ``round``.

    Raises
    ------
    InputError
        If it has no objects, or is of several rounds.
    """
    from scope.io.user_tables import read_user_table
    from scope.io.values import exact_names, exact_numbers
    from scope.schema import require_columns

    frame = read_user_table(path, text=("object", "reason"))
    require_columns(list(frame.columns), ["object"], f" in {path}")
    names = exact_names(frame["object"], "object", path)
    ranks = exact_numbers(frame["rank"], "rank", path) if "rank" in frame else range(len(names))
    reasons: list[str | None] = [None] * len(names)
    if "reason" in frame:
        reasons = list(exact_names(frame["reason"], "reason", path))
    rounds = set(exact_numbers(frame["round"], "round", path)) if "round" in frame else {0}
    if len(rounds) > 1:
        raise InputError(f"queries of several rounds in {path}", value=few(sorted(rounds)))
    order = sorted(range(len(names)), key=lambda i: (ranks[i], i))
    found = [
        (str(names[i]), str((reasons[i] if reasons is not None else None) or "")) for i in order
    ]
    return found, int(rounds.pop() if rounds else 0)
