"""The list of objects that people are asked about, and why others are not on it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scope.active.acquisition import (
    STRATEGIES,
    USES,
    class_doubt,
    core_set,
    first,
    sparse_cells,
    spread_over_cells,
)
from scope.active.summary import Summary
from scope.errors import InputError, UsageError
from scope.schema import Column

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

REASONS = {
    "labelled": "has a label",
    "answered": "was asked about before, and is of no class of the loop",
    "held_out": "is held out for measuring",
    "data_missing": "lacks data, such as a dead camera",
    "sparse_cell": "lies in a cell of the map with few others",
    "listed_elsewhere": "is on another list",
    "no_scores": "no member spoke of it",
    "other_row": "another row of the object is more useful",
}
"""Why an object is not asked about, in the order in which it is looked at."""

QUERY_COLUMNS = (
    Column("object", "string", nullable=False, description="Id as the task has it"),
    Column("rank", "int32", nullable=False, description="1 is asked first"),
    Column("score", "float64", nullable=False, description="How useful an answer would be"),
    Column("reason", "string", nullable=False, description="Strategy that chose it"),
    Column("round", "int32", nullable=False, description="Round of questions"),
    Column("row", "int64", nullable=False, description="Row of the scores"),
)

BATCHES = ("best", "core_set", "som")


@dataclass(frozen=True)
class Asking:
    """Options of choosing objects to ask about.

    Attributes
    ----------
    strategy : str
        One of `scope.active.acquisition.STRATEGIES`.
    size : int
        Objects of a round.
    batch : str
        ``best``: the most useful ones; ``core_set``: useful and unlike each other; ``som``:
        the most useful of each cell of the map in turn.
    reject_sparse : float
        Rows in cells of the map that hold no more rows than this percentile of the cells'
        counts are left out; 0 leaves none out.
    """

    strategy: str = "entropy"
    size: int = 50
    batch: str = "best"
    reject_sparse: float = 0.0

    def __post_init__(self) -> None:
        if self.strategy not in STRATEGIES:
            raise UsageError("strategy of asking", value=self.strategy, allowed=STRATEGIES)
        if self.batch not in BATCHES:
            raise UsageError("batch of questions", value=self.batch, allowed=BATCHES)
        if self.size < 1:
            raise UsageError("number of questions", value=self.size, allowed="1 or more")
        if not 0 <= self.reject_sparse < 100:
            raise UsageError(
                "percentile of sparse cells", value=self.reject_sparse, allowed="0 to below 100"
            )


@dataclass(frozen=True)
class Pool:
    """Rows that may be asked about.

    Attributes
    ----------
    objects : (n,) str
        An object may have several rows (exposures): it is asked about once.
    excluded : mapping of reason to (n,) bool
        Keys of `REASONS`.
    features : (n, d) float, optional
        For diverse batches.
    cells : (n,) int, optional
        Cells of the map, for batches that are spread over it and for sparse cells.
    quality : (k,) float, optional
        How well each class is known, for the strategy ``weakest``.
    """

    objects: npt.NDArray[np.str_]
    excluded: dict[str, npt.NDArray[np.bool_]]
    features: npt.NDArray[np.floating] | None = None
    cells: npt.NDArray[np.integer] | None = None
    quality: npt.NDArray[np.floating] | None = None


def usefulness(
    summary: Summary,
    strategy: str,
    seed: int = 0,
    quality: npt.NDArray[np.floating] | None = None,
) -> npt.NDArray[np.float64]:
    """Return how useful an answer about each row would be, NaN where no member spoke.

    (n,) float64, n rows. `quality` is of each class, (k,) float: how well it is told so far, for
    ``weakest``.
    """
    if strategy == "weakest":
        return class_doubt(summary.mean, _needed(quality, "the quality of classes"))
    if strategy == "random":
        drawn = np.random.default_rng(seed).random(len(summary.entropy))
        return np.where(summary.n_members > 0, drawn, np.nan)
    return USES[strategy](summary)


def select_queries(
    summary: Summary, pool: Pool, asking: Asking, round_number: int, seed: int = 0
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Choose the objects of a round.

    Returns
    -------
    pandas.DataFrame
        Of `QUERY_COLUMNS`, an object per row, the first to be asked first.
    dict
        Reason of `REASONS` -> rows that were left out for it; each row has one reason, the
        first that holds.

    Raises
    ------
    InputError
        If nothing is left to ask.
    """
    import pandas as pd

    use = usefulness(summary, asking.strategy, seed, pool.quality)
    excluded = {**pool.excluded, "no_scores": np.isnan(use)}
    if asking.reject_sparse > 0:
        excluded["sparse_cell"] = _in_sparse_cells(pool, asking.reject_sparse)
    left, counts = _without(excluded, len(use))
    use = np.where(left, use, np.nan)
    best = best_rows(pool.objects, use)
    counts["other_row"] = int(left.sum() - len(best))
    only_best = np.full(len(use), np.nan)
    only_best[best] = use[best]
    for reason, count in counts.items():
        log.info("%d rows not asked about: %s", count, REASONS[reason])
    chosen = _batch(only_best, pool, asking)
    if not len(chosen):
        raise InputError(
            "nothing is left to ask about",
            value=f"{len(use)} rows",
            todo="the log counts the reasons; add data, or leave a rule out",
        )
    frame = pd.DataFrame(
        {
            "object": pool.objects[chosen].astype(object),
            "rank": np.arange(1, len(chosen) + 1, dtype=np.int32),
            "score": use[chosen],
            "reason": asking.strategy,
            "round": np.int32(round_number),
            "row": chosen,
        }
    )
    return frame, counts


def _in_sparse_cells(pool: Pool, percentile: float) -> npt.NDArray[np.bool_]:
    """Return which rows lie in sparse cells, of all rows of the pool that have a cell."""
    cells = _needed(pool.cells, "cells of a map")
    placed = np.flatnonzero(cells >= 0)
    sparse = np.zeros(len(cells), dtype=np.bool_)
    if len(placed):
        sparse[placed] = sparse_cells(cells[placed], int(cells.max()) + 1, percentile)
    return sparse


def _without(
    excluded: dict[str, npt.NDArray[np.bool_]], n: int
) -> tuple[npt.NDArray[np.bool_], dict[str, int]]:
    if unknown := sorted(set(excluded) - set(REASONS)):
        raise InputError("reason to leave out", value=unknown[0], allowed=REASONS)
    left, counts = np.ones(n, dtype=np.bool_), {}
    for reason in REASONS:
        if reason in excluded:
            out = left & excluded[reason]
            counts[reason] = int(out.sum())
            left &= ~out
    return left, counts


def best_rows(
    objects: npt.NDArray[np.str_], use: npt.NDArray[np.floating]
) -> npt.NDArray[np.int64]:
    """Return the most useful row of each object that has one, the most useful object first.

    `objects` (name of the object of each row) and `use`: (n,) str and float; the result: (m,)
    int64.
    """
    order = first(use, len(use))
    _, where = np.unique(objects[order], return_index=True)
    return order[np.sort(where)]


def _batch(use: npt.NDArray[np.float64], pool: Pool, asking: Asking) -> npt.NDArray[np.int64]:
    if asking.batch == "best":
        return first(use, asking.size)
    if asking.batch == "core_set":
        return core_set(_needed(pool.features, "features"), use, asking.size)
    return spread_over_cells(_needed(pool.cells, "cells of a map"), use, asking.size)


def _needed(values: npt.NDArray | None, what: str) -> npt.NDArray:
    if values is None:
        raise UsageError(
            f"strategy or batch without {what}", allowed="strategy: entropy, batch: best"
        )
    return values


def excluded_by_name(
    objects: npt.NDArray[np.str_],
    labelled: Sequence[str] = (),
    held_out: Sequence[str] = (),
    elsewhere: Sequence[str] = (),
) -> dict[str, npt.NDArray[np.bool_]]:
    """Return the exclusions that follow from lists of names.

    `objects`: (n,) str; of each reason (n,) bool.
    """
    lists = {"labelled": labelled, "held_out": held_out, "listed_elsewhere": elsewhere}
    return {
        reason: np.isin(objects, np.asarray(sorted(names), dtype=str))
        for reason, names in lists.items()
    }
