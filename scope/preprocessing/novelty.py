"""Whether a light curve is unlike anything in the training set, as a p-value.

Features are taken onto the normal distribution by ranks and then freed of their correlations;
the strangeness of a row is its mean distance there to its nearest reference rows, which are drawn
from the training rows. Its p-value is the part of rows of *other* stars, which are no reference
and fitted nothing here, that are at least as strange (conformal prediction; Vovk, Gammerman &
Shafer 2005, Algorithmic Learning in a Random World, section 2.2; for novelties Bates et al. 2023,
Annals of Statistics 51, 149): of light curves like those of training a part of at most x has a
p-value of x or less.

Variables are stranger than stars that do not vary, since they differ more among themselves. Each
group of the training set has distances of its own, therefore, and the p-value is the largest of the
groups': a row is strange if it is so for all of them.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.preprocessing.scales import Curve, normal_curves

Floats = npt.NDArray[np.float64]

N_REFERENCE = 3000
N_NEIGHBOURS = 5
MOST_DISTANCES = 5000
"""Distances of a group that are kept; more than these add no digit that matters."""

TAIL = 0.01
"""Part of the training rows at either end of a feature whose width is the unit beyond that end."""


@dataclass(frozen=True, eq=False)
class Novelty:
    """Measure of how strange rows of features are, against those of a training set.

    Attributes
    ----------
    features : tuple of str, length k
        Columns that are looked at.
    curves : tuple of Curve, length k
        What takes each feature onto the standard normal distribution.
    tails : (k, 2) float64
        Width of the outermost part of the training rows at either end of each feature. A value
        beyond the end is taken further out by the logarithm of its excess in these units.
    whitening : (k, k) float64
        What frees the normal features of their correlations.
    reference : (m, k) float32
        Training rows, as they are after that.
    distances : tuple of (q,) float64
        For each group, the distances of rows of other stars, ascending.
    n_neighbours : int
        Reference rows whose distances are averaged.
    """

    features: tuple[str, ...]
    curves: tuple[Curve, ...]
    tails: Floats
    whitening: Floats
    reference: npt.NDArray[np.float32]
    distances: tuple[Floats, ...]
    n_neighbours: int = N_NEIGHBOURS

    @classmethod
    def fit(
        cls,
        features: Sequence[str],
        training: Floats,
        others: Floats,
        groups: npt.NDArray[np.integer],
        *,
        seed: int,
        n_reference: int = N_REFERENCE,
        n_neighbours: int = N_NEIGHBOURS,
    ) -> Novelty | None:
        """Learn from the rows of training stars, and from those of others what is usual.

        Parameters
        ----------
        features : sequence of str, length k
        training : (n, k) float64
            Filled rows, unscaled, of stars that reference rows are drawn from.
        others : (l, k) float64
            The same of other stars, which only tell what distances are usual.
        groups : (l,) int
            Group of each of them; -1 for none.
        seed : int
            Of the draw of reference rows.

        Returns
        -------
        Novelty or None
            None where there are too few rows to tell anything: fewer training rows than
            neighbours, or no group.
        """
        present = np.unique(groups[groups >= 0])
        if len(training) <= n_neighbours or not len(present):
            return None
        curves = tuple(normal_curves(training))
        tails = _tails(training)
        normal = _normal(training, curves, tails)
        whitening = _whitening(normal)
        rng = np.random.default_rng(seed)
        chosen = np.sort(rng.permutation(len(training))[:n_reference])
        bare = cls(
            tuple(features),
            curves,
            tails,
            whitening,
            (normal[chosen] @ whitening).astype(np.float32),
            (),
            n_neighbours,
        )
        distance = bare.distance(others)
        distances = tuple(
            np.sort(rng.permutation(distance[groups == group])[:MOST_DISTANCES])
            for group in present
        )
        return cls(**{**vars(bare), "distances": distances})

    def distance(self, values: Floats) -> Floats:
        """Return the mean distance of each row to its nearest reference rows.

        Parameters
        ----------
        values : (n, k) float64
            Filled and unscaled, without NaN.

        Returns
        -------
        (n,) float64
        """
        from scope.preprocessing._kernels import mean_distance

        normal = _normal(np.asarray(values, dtype=np.float64), self.curves, self.tails)
        result = np.empty(len(normal))
        mean_distance(normal, self.whitening, self.reference, self.n_neighbours, result)
        return result

    def p_value(self, values: Floats) -> Floats:
        """Return how strange each row is: (n,) float64, above 0 and at most 1.

        Parameters
        ----------
        values : (n, k) float64
            Filled and unscaled; rows with NaN get NaN.
        """
        known = np.isfinite(values).all(axis=1)
        result = np.full(len(values), np.nan)
        distance = self.distance(values[known])
        parts = [
            (1 + len(usual) - np.searchsorted(usual, distance, "left")) / (1 + len(usual))
            for usual in self.distances
        ]
        result[known] = np.max(parts, axis=0) if len(distance) else []
        return result

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON; tables as base64 of little-endian floats."""
        return {
            "features": list(self.features),
            "curves": [{"at": one.at.tolist(), "to": one.to.tolist()} for one in self.curves],
            "tails": self.tails.tolist(),
            "whitening": _encode(self.whitening, "<f8"),
            # Half precision is finer than the distances between stars by three digits.
            "reference": _encode(self.reference, "<f2"),
            "distances": [_encode(one, "<f8") for one in self.distances],
            "n_neighbours": self.n_neighbours,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Novelty:
        """Return what `to_json` wrote.

        Raises
        ------
        KeyError, ValueError
            If it is something else.
        """
        k = len(data["features"])
        return cls(
            features=tuple(data["features"]),
            curves=tuple(Curve(np.array(c["at"]), np.array(c["to"])) for c in data["curves"]),
            tails=np.array(data["tails"], dtype=np.float64),
            whitening=_decode(data["whitening"], "<f8").reshape(k, k),
            reference=_decode(data["reference"], "<f2").astype(np.float32).reshape(-1, k),
            distances=tuple(_decode(one, "<f8") for one in data["distances"]),
            n_neighbours=int(data["n_neighbours"]),
        )


def _encode(values: npt.NDArray[Any], kind: str) -> str:
    return base64.b64encode(np.ascontiguousarray(values).astype(kind).tobytes()).decode()


def _decode(text: str, kind: str) -> Floats:
    return np.frombuffer(base64.b64decode(text, validate=True), dtype=kind).astype(np.float64)


def _tails(training: Floats) -> Floats:
    """Return the widths of the outermost parts of each column, (k, 2), none of them 0."""
    low, near_low, near_high, high = np.quantile(training, [0, TAIL, 1 - TAIL, 1], axis=0)
    widths = np.column_stack([near_low - low, high - near_high])
    whole = (high - low)[:, None]
    return np.where(widths > 0, widths, np.where(whole > 0, whole, 1.0))


def _normal(values: Floats, curves: Sequence[Curve], tails: Floats) -> Floats:
    """Return values on the normal distribution, and further out beyond the training range."""
    result = np.empty_like(values)
    for j, (at, to) in enumerate(curves):
        column = values[:, j]
        beyond = np.log1p(np.maximum(column - at[-1], 0) / tails[j, 1])
        beyond -= np.log1p(np.maximum(at[0] - column, 0) / tails[j, 0])
        result[:, j] = np.interp(column, at, to) + beyond
    return result


def _whitening(normal: Floats) -> Floats:
    """Return the inverse root of the covariance, shrunk so that few rows do not invert noise.

    The shrinkage is that of Ledoit & Wolf (2004, J. Multivar. Anal. 88, 365).
    """
    from sklearn.covariance import ledoit_wolf

    covariance, _ = ledoit_wolf(normal)
    value, vector = np.linalg.eigh(covariance)
    # Directions in which training rows hardly differ: noise there must not outweigh the rest.
    value = np.maximum(value, 0.01 * value.max())
    return np.asarray(vector / np.sqrt(value) @ vector.T)
