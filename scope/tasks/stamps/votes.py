"""What people say of stamps, and a labelled set with it: r real, u unsure, b bogus."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from scope.active.labels import WITHDRAWN
from scope.active.ledger import Ledger
from scope.tasks.stamps.sets import open_set, write_labels

VOTES: Mapping[str, tuple[str, int]] = {"r": ("real", 1), "u": ("unsure", -1), "b": ("bogus", 0)}
"""Key -> label in the ledger, and number in a labelled set."""

TASK = "stamps"
LEDGER = "labels"


def apply_votes(data_dir: str | Path, ledger: str | Path | None = None) -> Path:
    """Write the labels of a set anew with the votes of people: the last vote of each row.

    A vote that its labeller took back counts as never given.

    Returns
    -------
    Path
        ``voted_data_labels.csv``, with its stamps beside it.
    """
    from scope.tasks.stamps.sets import write_selection

    folder = Path(data_dir)
    last = last_votes(Ledger(ledger or folder / LEDGER))
    labels, stamps = open_set(folder)
    stamps.close()
    path = write_selection(folder, np.ones(len(labels), dtype=bool), "", "voted_")
    voted = [
        last.get(name, label) for name, label in zip(labels["id"], labels["label"], strict=True)
    ]
    changed = np.array([name in last for name in labels["id"]], dtype=bool)
    metalabel = np.where(changed, "marshall", labels["metalabel"])
    write_labels(labels.assign(label=voted, metalabel=metalabel), path)
    return path


def last_votes(ledger: Ledger) -> dict[str, int]:
    """Return the label of each row that people said last, as a labelled set has it."""
    numbers = dict(VOTES.values())
    standing: dict[tuple[str, str], tuple[int, int]] = {}
    for place, vote in enumerate(ledger.labels(TASK)):
        key = (vote.object, vote.labeller)
        standing.pop(key, None)
        if vote.note != WITHDRAWN and vote.label in numbers:
            standing[key] = (place, numbers[vote.label])
    last: dict[str, tuple[int, int]] = {}
    for (name, _), said in standing.items():
        last[name] = max(said, last.get(name, said))
    return {name: number for name, (_, number) in last.items()}
