"""What people said of a round's questions: in a file beside the sheet, or in the ledger already.

Labels that are given in the desk go to the ledger, with the number of the round. A round is
answered when ``answers.csv`` is there, or when the ledger has a label of a person for each
object that was asked about. Who has answered some of them, and wants no more, writes the file
from the ledger: ``scope labels answers results/active/<task>/<round>``.
"""

from __future__ import annotations

from pathlib import Path

from scope.active.labels import WITHDRAWN, Label
from scope.active.ledger import Ledger
from scope.errors import InputError, NotFoundError, UsageError

ANSWERS, QUERIES = "answers.csv", "queries.parquet"

CLASSES = "classes"
"""Key of the metadata of queries: what may be answered."""

ANSWERED = "answered"
"""Key of the metadata of labels: objects with answers that cannot be learnt, if there are any."""


def next_round(folder: str | Path, ledger: Ledger | None = None, task: str = "") -> int:
    """Return the first round without answers: the one that waits for people.

    Parameters
    ----------
    folder : path
        ``results/active/<task>``.
    ledger : Ledger, optional
        Where labels of the desk are.
    task : str
        Of the ledger.
    """
    number = 1
    while is_answered(Path(folder) / str(number), ledger, task):
        number += 1
    return number


def is_answered(folder: Path, ledger: Ledger | None = None, task: str = "") -> bool:
    """Return whether a round has been answered, in its folder or in the ledger."""
    if (folder / ANSWERS).is_file():
        return True
    if ledger is None or not folder.name.isdecimal() or not (folder / QUERIES).is_file():
        return False
    return asked_objects(folder) <= set(given_answers(ledger, task, int(folder.name)))


def asked_objects(folder: Path) -> set[str]:
    """Return the objects that a round asks about.

    Raises
    ------
    NotFoundError
        If nobody was asked yet.
    """
    from scope.io.tables import read_table

    if not (folder / QUERIES).is_file():
        raise NotFoundError(
            "round without questions", value=str(folder), todo="name results/active/<task>/<round>"
        )
    return set(map(str, read_table(folder / QUERIES, ["object"]).column("object").to_pylist()))


def given_answers(ledger: Ledger, task: str, number: int) -> dict[str, list[Label]]:
    """Return what people said in a round, by object; what they took back is not there."""
    last: dict[tuple[str, str], Label] = {}
    for label in ledger.labels(task):
        if label.round == number and label.source == "human":
            last.pop((label.object, label.labeller), None)
            if label.note != WITHDRAWN:
                last[label.object, label.labeller] = label
    found: dict[str, list[Label]] = {}
    for label in last.values():
        found.setdefault(label.object, []).append(label)
    return found


def answered_before(ledger: Ledger, task: str, number: int, names: set[str]) -> list[str]:
    """Return which of some objects people have named in the rounds before.

    Those without a label that a loop can learn: a desk may offer more classes than the loop has.
    Asked once more, people would say the same.
    """
    said = (given_answers(ledger, task, before) for before in range(1, number))
    return sorted(names & {name for answers in said for name in answers})


def write_answers(folder: str | Path, ledger: Ledger, task: str) -> int:
    """Write the answers file of a round from the ledger, and return how many were asked for.

    Raises
    ------
    UsageError
        If there is one already.
    InputError
        If nobody has answered.
    """
    import pandas as pd

    from scope.io.atomic import write_bytes

    folder = Path(folder)
    asked = asked_objects(folder)
    if (folder / ANSWERS).exists():
        raise UsageError(
            "round that has its answers", value=str(folder / ANSWERS), todo="look at that file"
        )
    given = given_answers(ledger, task, int(folder.name))
    rows = [vars(label) for name in sorted(asked & set(given)) for label in given[name]]
    if not rows:
        raise InputError(
            f"no answer of task {task!r} to round {folder.name}",
            value=str(ledger.path),
            todo="label in the desk first, or name the ledger with --ledger",
        )
    names = ["object", "label", "weight", "labeller", "date", "note"]
    text = pd.DataFrame(rows)[names].to_csv(index=False, lineterminator="\n")
    write_bytes(text.encode(), folder / ANSWERS)
    return len(rows)
