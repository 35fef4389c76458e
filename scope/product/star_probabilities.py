"""The probability columns of a table of stars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.catalog.catalog_columns import CatalogColumns, LogOdds
from scope.catalog.prevalence_options import PrevalenceOptions
from scope.catalog.probability_columns import SHIFT, final_columns
from scope.models.calibration.class_tree import ClassTree
from scope.product.star_fusion import StarFusion, StarRows
from scope.schema import ALIAS_TREND, Column

Floats = npt.NDArray[np.float64]


class _StarColumns(CatalogColumns):
    """Columns as in a catalogue, from log-odds that are there already."""

    @property
    def columns(self) -> list[Column]:
        return [*(column for tag in self.final for column in final_columns(tag)), SHIFT]

    def _either(
        self,
        tag: str,
        held: npt.NDArray[np.bool_],
        scores: pa.Table,
        rows: npt.NDArray[np.bool_],
    ) -> npt.NDArray[np.bool_]:
        # What is fused was held before: the sets of light curves still tell where.
        own = scores.column(_either(tag)).to_numpy(zero_copy_only=False)
        return np.asarray(held | own[rows])

    def _log_odds(self, scores: pa.Table, rows: npt.NDArray[np.bool_]) -> LogOdds:
        return {tag: {"stars": scores.column(tag).to_numpy()[rows]} for tag in self.final}


@dataclass(frozen=True)
class Doubts:
    """Light curves with probabilities that tell nothing of the classes of periodic stars.

    Attributes
    ----------
    alias_trend : (n,) bool
        The period may stand for a slow change.
    either : dict of class tag to (n,) bool
        Of these, those whose prediction set holds both.
    """

    alias_trend: npt.NDArray[np.bool_]
    either: Mapping[str, npt.NDArray[np.bool_]]


def _either(tag: str) -> str:
    return f"{tag} either"


class StarProbabilities:
    """Makes the probability columns of a table of stars.

    The frequencies of classes are those among the stars of the table, estimated as in a
    catalogue; a child is never more probable than its parent.

    Parameters
    ----------
    fusion : StarFusion
    tags : sequence of class tag
        Classes of which light curves have probabilities.
    tree : ClassTree
    options : PrevalenceOptions
    """

    def __init__(
        self, fusion: StarFusion, tags: Sequence[str], tree: ClassTree, options: PrevalenceOptions
    ) -> None:
        self._fusion = fusion
        classes = fusion.calibration.classes
        final = {tag: classes[tag] for tag in tags if tag in fusion.stacks}
        self._left_out = {
            tag: fusion.left_out.get(tag, "unknown to the fusion of light curves")
            for tag in tags
            if tag not in final
        }
        self._columns = _StarColumns({}, final, None, tree, options)

    @property
    def columns(self) -> list[Column]:
        """The columns, in order."""
        return self._columns.columns

    def columns_of(
        self,
        stars: tuple[StarRows, npt.NDArray[np.int64], int],
        values: Mapping[str, Floats],
        doubts: Doubts,
    ) -> dict[str, pa.Array]:
        """Return the columns, by name, null for stars without probabilities.

        Parameters
        ----------
        stars : (StarRows, (m,) int64, int)
            Light curves with probabilities, the numbers of their stars, and how many stars
            there are.
        values : mapping of class tag to (n,) float64
            Log-odds of these light curves.
        doubts : Doubts
            Of these light curves.
        """
        rows, numbers, n_stars = stars
        reason = np.full(n_stars, "none", dtype=object)
        reason[numbers] = None
        undecided = np.zeros(n_stars, dtype=bool)
        undecided[numbers] = rows.count(~doubts.alias_trend) == 0
        table = {
            "reason": pa.array(reason.tolist(), pa.string()),
            ALIAS_TREND.name: pa.array(undecided),
        }
        for tag in self._columns.final:
            full, either = np.full(n_stars, np.nan), np.zeros(n_stars, dtype=bool)
            full[numbers] = self._log_odds(tag, rows, values[tag], doubts.alias_trend)
            if tag in doubts.either:
                either[numbers] = rows.count(doubts.either[tag]) > 0
            table[tag], table[_either(tag)] = pa.array(full), pa.array(either & undecided)
        scores = pa.table(table)
        if self._columns.needs_counting:
            self._columns.count(scores)
        self._columns.settle()
        return self._columns.columns_of(scores)

    def _log_odds(
        self, tag: str, rows: StarRows, values: Floats, alias_trend: npt.NDArray[np.bool_]
    ) -> Floats:
        """Return the log-odds of stars.

        Light curves that tell no period from a slow change are no evidence for a class of
        periodic stars: with them a star is not more probable than even, nor than the others say by
        themselves, whichever is more.
        """
        found = self._fusion.log_odds(tag, rows, values)
        if not self._columns.tree.has_period(tag) or not alias_trend.any():
            return found
        alone = np.zeros(rows.n_stars)
        told, numbers = rows.take(np.flatnonzero(~alias_trend))
        alone[numbers] = self._fusion.log_odds(tag, told, values[~alias_trend])
        held = rows.count(alias_trend) > 0
        return np.where(held, np.minimum(found, np.maximum(alone, 0.0)), found)

    def facts(self) -> dict[str, Any]:
        """Return what the record of the table says about its probabilities."""
        told = self._columns.facts()
        return {**told, "fusion": self._fusion.sha256, "left_out": self._left_out}
