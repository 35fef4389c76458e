"""Rows that a binary classifier learns from or is judged by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scope.config.classes import ClassDefinition
from scope.errors import InputError
from scope.models.algorithm import Rows

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Examples:
    """Rows of one set for one class.

    Attributes
    ----------
    features : (n, k) float32
        Filled and scaled.
    dmdt : (n, 676) float32
        Magnitude-time histograms.
    target : (n,) bool
        Whether the row is a positive example.
    stars : (n,) int64
        Number of the star; rows of one star have the same. Where blocks of the sky are split,
        that of the block.
    """

    features: npt.NDArray[np.float32]
    dmdt: npt.NDArray[np.float32]
    target: Bools
    stars: npt.NDArray[np.int64]

    @classmethod
    def of_rows(cls, rows: Rows) -> Examples:
        """Return rows of an algorithm that have features, and histograms or none."""
        features = rows.inputs["features"]
        dmdt = rows.inputs.get("dmdt", np.empty((len(features), 0), np.float32))
        return cls(features, dmdt, rows.target, rows.groups)

    @property
    def rows(self) -> Rows:
        """The same rows as algorithms are given them: inputs by name, (n, …) float32."""
        return Rows({"features": self.features, "dmdt": self.dmdt}, self.target, self.stars)

    def __len__(self) -> int:
        return len(self.target)

    def take(self, rows: npt.NDArray[np.generic]) -> Examples:
        """Return the rows of a mask or of indices.

        `rows`: (n,) bool, or (m,) int.
        """
        return Examples(self.features[rows], self.dmdt[rows], self.target[rows], self.stars[rows])

    @property
    def side_weights(self) -> tuple[float, float]:
        """Weights of negative and positive rows that make both sides count alike.

        The rarer side has 1, the other the ratio of their numbers.
        """
        positive = int(self.target.sum())
        negative = len(self) - positive
        rarer = min(positive, negative)
        return rarer / negative, rarer / positive


def label_targets(
    labels: npt.NDArray[np.floating],
    negatives: npt.NDArray[np.floating] | None,
    definition: ClassDefinition,
) -> tuple[Bools, Bools]:
    """Return which rows are positive, and which belong to the class's data at all.

    Parameters
    ----------
    labels : (n,) float
        Probability of the class in each row; NaN where it is not known, which makes the row
        no example of either side.
    negatives : (n,) float or None
        Values of `definition.negative_label`, where it has one; NaN is no negative example.

    Returns
    -------
    positive, member : (n,) bool

    Raises
    ------
    InputError
        If a label is not from 0 to 1.
    """
    for name, values in ((definition.label, labels), (definition.negative_label, negatives)):
        if values is None:
            continue
        wrong = np.flatnonzero((values < 0) | (values > 1))
        if len(wrong):
            raise InputError(
                f"label {name!r} that is no probability",
                value=f"{values[wrong[0]]} in row {wrong[0]} ({len(wrong)} such rows)",
                allowed="0 to 1; empty where it is not known",
            )
    positive = labels > definition.threshold
    if negatives is None:
        return positive, ~np.isnan(labels)
    return positive, positive | (~np.isnan(labels) & (negatives > definition.threshold))


def balanced(examples: Examples, balance: float | None, seed: int) -> Examples:
    """Return the examples with the larger side cut to `balance` times the smaller.

    Rows keep their order. None keeps all.
    """
    if balance is None:
        return examples
    return examples.take(balanced_rows(examples.target, balance, seed))


def balanced_rows(target: Bools, balance: float | None, seed: int) -> npt.NDArray[np.int64]:
    """Return the rows that `balanced` keeps, ascending.

    `target`: (n,) bool; the result: (m,) int64.
    """
    if balance is None:
        return np.arange(len(target))
    positive = np.flatnonzero(target)
    negative = np.flatnonzero(~target)
    small, large = sorted((positive, negative), key=len)
    keep = int(len(small) * balance)
    if keep < len(large):
        large = np.random.default_rng(seed).choice(large, size=keep, replace=False)
    return np.sort(np.concatenate([small, large]))
