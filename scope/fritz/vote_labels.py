"""Votes on Fritz as labels of the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from scope.active.labels import Label

if TYPE_CHECKING:
    import pandas as pd

TASK, LABELLER = "variables", "fritz"


def vote_labels(columns: pd.DataFrame) -> Iterator[Label]:
    """Yield a label for each class that a source has.

    Parameters
    ----------
    columns : pandas.DataFrame
        As of `scope.fritz.merge_features.label_columns`: probabilities of classes by source.
    """
    from scope.fritz.merge_features import PER_SOURCE

    classes = [name for name in columns.columns if name not in PER_SOURCE]
    for row in columns.to_dict("records"):
        for name in classes:
            if row[name] > 0:
                yield Label(
                    str(row["obj_id"]),
                    TASK,
                    str(name),
                    min(float(row[name]), 1.0),
                    source="human",
                    labeller=LABELLER,
                )
