"""Missing values from the nearest reference rows, each row by itself."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.preprocessing.strategies import Strategy

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class NeighbourReference:
    """Fills missing values with the mean of the nearest reference rows.

    Distances are those of `sklearn.metrics.pairwise.nan_euclidean_distances` on columns
    that run from 0 to 1 over the training rows: differences in columns that are missing
    on either side count as the mean of the others. For a missing value only reference
    rows that have it are neighbours. Equal distances are ordered by the place in the
    reference, so that what a row gets depends on that row alone and not on its batch.

    Attributes
    ----------
    low, high : (c,) float64
        Smallest and largest value of each column over the training rows.
    mean : (c,) float64
        Mean of each column over the training rows: the filling where a row has no value
        to measure distances with, or no reference row is comparable.
    values : (c, r) float32
        Reference rows, column by column; NaN where missing.
    n_neighbors : int
        How many neighbours are averaged, or as many as there are.
    """

    low: Floats
    high: Floats
    mean: Floats
    values: npt.NDArray[np.float32]
    n_neighbors: int

    @cached_property
    def _span(self) -> Floats:
        """Width of each column; 1 for a constant one, whose differences are 0 anyway."""
        span = self.high - self.low
        return np.where(span > 0, span, 1.0)

    @cached_property
    def _present(self) -> Floats:
        """1 where a reference row has a value, (c, r) float64."""
        return np.isfinite(self.values).astype(np.float64)

    @cached_property
    def _donors(self) -> Floats:
        """The values, 0 where missing, (c, r) float64."""
        return np.where(self._present > 0, self.values, 0.0).astype(np.float64)

    @cached_property
    def _scaled(self) -> Floats:
        scaled = (self._donors - self.low[:, None]) / self._span[:, None]
        return np.where(self._present > 0, scaled, 0.0)

    def to_json(self) -> dict[str, Any]:
        """Return the reference as JSON; its rows as base64 of little-endian float32."""
        return {
            "n_neighbors": self.n_neighbors,
            "low": self.low.tolist(),
            "high": self.high.tolist(),
            "mean": self.mean.tolist(),
            "shape": list(self.values.shape),
            "values": base64.b64encode(self.values.astype("<f4").tobytes()).decode(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> NeighbourReference:
        """Return what `to_json` wrote.

        Raises
        ------
        KeyError, ValueError
            If it is something else.
        """
        values = np.frombuffer(base64.b64decode(data["values"], validate=True), dtype="<f4")
        return cls(
            low=np.array(data["low"], dtype=np.float64),
            high=np.array(data["high"], dtype=np.float64),
            mean=np.array(data["mean"], dtype=np.float64),
            values=values.reshape(data["shape"]).astype(np.float32),
            n_neighbors=data["n_neighbors"],
        )

    def fill(self, rows: Floats) -> Floats:
        """Return `rows` with every missing value filled.

        Parameters
        ----------
        rows : (n, c) float64
            NaN means missing.

        Returns
        -------
        (n, c) float64
            Without NaN.
        """
        from scope.preprocessing._kernels import fill_missing

        filled = np.array(rows, dtype=np.float64, order="C")
        fill_missing(
            filled,
            self._scaled,
            self._present,
            self._donors,
            self.low,
            self._span,
            self.mean,
            self.n_neighbors,
        )
        return filled


def fit_neighbours(
    raw: Floats, strategies: Sequence[Strategy], n_neighbors: int, n_reference: int, seed: int
) -> NeighbourReference | None:
    """Return the reference rows of training, for the columns that are filled by regression.

    Parameters
    ----------
    raw : (n, k) float64
        Features of the training rows; what is not finite is missing.
    strategies : sequence of str, k
        How each column is filled; None is returned if none is ``regress``.
    n_neighbors, n_reference : int
        Rows whose mean fills a value, and rows that are kept, drawn by `seed`.
    """
    columns = [j for j, strategy in enumerate(strategies) if strategy == "regress"]
    if not columns:
        return None
    values = np.where(np.isfinite(raw[:, columns]), raw[:, columns], np.nan)
    rows = np.flatnonzero(np.isfinite(values).any(axis=1))
    if len(rows) > n_reference:
        draw = np.random.default_rng(seed).choice(len(rows), size=n_reference, replace=False)
        rows = rows[np.sort(draw)]
    return NeighbourReference(
        low=np.nanmin(values, axis=0),
        high=np.nanmax(values, axis=0),
        mean=np.nanmean(values, axis=0),
        values=np.ascontiguousarray(values[rows].T, dtype=np.float32),
        n_neighbors=n_neighbors,
    )
