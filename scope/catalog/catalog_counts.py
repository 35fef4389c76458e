"""Count what a product holds: rows, reasons, and rows above a threshold per class."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from scope.catalog.publish import is_score
from scope.catalog.strangers import novelty_columns, strange_rows
from scope.errors import InputError
from scope.io import iter_batches, read_schema
from scope.schema import require_columns


@dataclass(frozen=True)
class Summary:
    """The counts of one product.

    Attributes
    ----------
    rows : int
        Light curves, classified or not.
    classified : int
        Rows without a reason.
    reasons : dict of str to int
        Reason -> rows that have it, most frequent first.
    above : dict of str to dict of str to int
        Class tag -> algorithm -> rows whose score exceeds the threshold.
    threshold : float
        That threshold.
    strange : int
        Classified rows that are unlike anything the models know; they count in no class.
    """

    rows: int
    classified: int
    reasons: dict[str, int]
    above: dict[str, dict[str, int]]
    threshold: float
    strange: int = 0


def summarize(path: str | Path, threshold: float, strange_below: float = 0.0) -> Summary:
    """Count the rows of a prediction file or a catalogue, piece by piece.

    Parameters
    ----------
    path : path
    threshold : float
        Scores above it count.
    strange_below : float
        Rows with an ``ood_p`` below this count in no class.

    Raises
    ------
    MissingColumnError
        If the file has no column ``reason``.
    InputError
        If it has no scores.
    """
    names = read_schema(path).names
    require_columns(names, ["_id", "reason"], f" in {path}")
    scores = [name for name in names if is_score(name)]
    if not scores:
        raise InputError(
            "file without scores",
            value=str(path),
            allowed="predictions or a catalogue",
            todo="give a file of results/preds_<algorithm> or results/catalog",
        )
    novelty = novelty_columns(names)
    rows = strange = 0
    reasons: Counter[str | None] = Counter()
    above: Counter[str] = Counter()
    for piece in iter_batches(path, ["reason", *novelty, *scores]):
        rows += piece.num_rows
        reasons.update(piece.column("reason").to_pylist())
        if novelty:
            values = {name: piece.column(name).to_numpy() for name in novelty}
            odd = strange_rows(values, strange_below)
            strange += int(odd.sum())
            piece = piece.filter(pa.array(~odd))
        for name in scores:
            above[name] += pc.sum(pc.greater(piece.column(name), threshold)).as_py() or 0
    classified = reasons.pop(None, 0)
    ordered = sorted(
        ((reason, count) for reason, count in reasons.items() if reason is not None),
        key=lambda item: (-item[1], item[0]),
    )
    counts: dict[str, dict[str, int]] = {}
    for name in scores:
        tag, _, algorithm = name.rpartition("_")
        counts.setdefault(tag, {})[algorithm] = above[name]
    return Summary(rows, classified, dict(ordered), counts, threshold, strange)
