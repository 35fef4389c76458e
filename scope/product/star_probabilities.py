"""The probability columns of a table of stars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.catalog.probabilities import CatalogColumns, LogOdds, PrevalenceOptions
from scope.catalog.probability_columns import SHIFT, final_columns
from scope.classifiers.taxonomy import ClassTree
from scope.product.star_fusion import StarFusion, StarRows
from scope.schema import ALIAS_TREND, Column

Floats = npt.NDArray[np.float64]


class _StarColumns(CatalogColumns):
    """Columns as in a catalogue, from log-odds that are there already."""

    @property
    def columns(self) -> list[Column]:
        return [*(column for tag in self.final for column in final_columns(tag)), SHIFT]

    def _log_odds(self, scores: pa.Table, rows: npt.NDArray[np.bool_]) -> LogOdds:
        return {tag: {"stars": scores.column(tag).to_numpy()[rows]} for tag in self.final}


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
        alias_trend: npt.NDArray[np.bool_],
    ) -> dict[str, pa.Array]:
        """Return the columns, by name, null for stars without probabilities.

        Parameters
        ----------
        stars : (StarRows, (m,) int64, int)
            Light curves with probabilities, the numbers of their stars, and how many stars
            there are.
        values : mapping of class tag to (n,) float64
            Log-odds of these light curves.
        alias_trend : (m,) bool
            Stars of which no light curve tells a period from a slow change: they are of no class of
            periodic stars with more than one half.
        """
        rows, numbers, n_stars = stars
        reason = np.full(n_stars, "none", dtype=object)
        reason[numbers] = None
        table = {
            "reason": pa.array(reason.tolist(), pa.string()),
            ALIAS_TREND.name: pa.array(alias_trend),
        }
        for tag in self._columns.final:
            full = np.full(n_stars, np.nan)
            full[numbers] = self._fusion.log_odds(tag, rows, values[tag])
            table[tag] = pa.array(full)
        scores = pa.table(table)
        if self._columns.needs_counting:
            self._columns.count(scores)
        self._columns.settle()
        return self._columns.columns_of(scores)

    def facts(self) -> dict[str, Any]:
        """Return what the record of the table says about its probabilities."""
        told = self._columns.facts()
        return {**told, "fusion": self._fusion.sha256, "left_out": self._left_out}
