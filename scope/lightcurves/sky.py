"""Positions on the sphere: unit vectors, separations, and neighbours by a KD-tree.

It stands this low in the package because both the bright-star cut and the surveys above
it look for neighbours.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

ARCSEC_PER_RADIAN = 180.0 * 3600.0 / np.pi


class Pairs(NamedTuple):
    """Pairs of queried and found positions, by query, then separation, then row.

    Attributes
    ----------
    query : (pairs,) int64
        Index into the queried positions.
    found : (pairs,) int64
        Index into the positions of the tree.
    separation_arcsec : (pairs,) float64
    """

    query: npt.NDArray[np.int64]
    found: npt.NDArray[np.int64]
    separation_arcsec: npt.NDArray[np.float64]


def unit_vectors(ra: npt.ArrayLike, dec: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return Cartesian unit vectors, (n, 3), of positions in degrees."""
    ra, dec = np.radians(np.asarray(ra, float)), np.radians(np.asarray(dec, float))
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def separation_arcsec(
    first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the angles between unit vectors in arcsec, (n,) float64.

    The chord, unlike the cosine, is exact for small angles.

    `first` and `second`: (n, 3) float64.
    """
    return _angle_arcsec(np.linalg.norm(first - second, axis=-1))


class PositionTree:
    """Positions that can be searched for neighbours.

    Parameters
    ----------
    ra, dec : (n,) float
        Degrees. A position that is not finite is never found.
    """

    def __init__(self, ra: npt.ArrayLike, dec: npt.ArrayLike) -> None:
        from scipy.spatial import cKDTree

        vectors = unit_vectors(ra, dec)
        self._rows = np.flatnonzero(np.isfinite(vectors).all(axis=1))
        self._vectors = vectors[self._rows]
        self._tree = cKDTree(self._vectors)

    def within(self, ra: npt.ArrayLike, dec: npt.ArrayLike, radius_arcsec: npt.ArrayLike) -> Pairs:
        """Find all positions closer than a radius, or at it.

        Parameters
        ----------
        ra, dec : (m,) float
            Degrees. A position that is not finite has no neighbours.
        radius_arcsec : float or (m,) float

        Returns
        -------
        Pairs
        """
        vectors = unit_vectors(ra, dec)
        queries = np.flatnonzero(np.isfinite(vectors).all(axis=1))
        radius = np.broadcast_to(np.asarray(radius_arcsec, float), len(vectors))[queries]
        if not len(queries) or not len(self._rows):
            none = np.zeros(0, dtype=np.int64)
            return Pairs(none, none, np.zeros(0))
        # A hair more than the chord, so that the comparison below alone decides.
        chord = 2 * np.sin(np.clip(radius / ARCSEC_PER_RADIAN, 0, np.pi) / 2) * (1 + 1e-9) + 1e-15
        found = self._tree.query_ball_point(vectors[queries], chord)
        counts = np.fromiter((len(rows) for rows in found), np.int64, len(found))
        query = np.repeat(np.arange(len(queries)), counts)
        row = np.fromiter((row for rows in found for row in rows), np.int64, counts.sum())
        separation = separation_arcsec(vectors[queries[query]], self._vectors[row])
        order = np.lexsort((row, separation, query))
        order = order[separation[order] <= radius[query[order]]]
        return Pairs(queries[query[order]], self._rows[row[order]], separation[order])

    def nearest(
        self, ra: npt.ArrayLike, dec: npt.ArrayLike, radius_arcsec: npt.ArrayLike
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Find the nearest position within a radius; of equally near ones, the first.

        Returns
        -------
        index : (m,) int64
            Index into the positions of the tree, -1 where none is within the radius.
        separation_arcsec : (m,) float64
            NaN where none is within the radius.
        """
        pairs = self.within(ra, dec, radius_arcsec)
        n_queries = len(np.atleast_1d(np.asarray(ra)))
        index = np.full(n_queries, -1, dtype=np.int64)
        separation = np.full(n_queries, np.nan)
        query, first = np.unique(pairs.query, return_index=True)
        index[query] = pairs.found[first]
        separation[query] = pairs.separation_arcsec[first]
        return index, separation


def bounding_cap(ra: npt.ArrayLike, dec: npt.ArrayLike) -> tuple[npt.NDArray[np.float64], float]:
    """Return the unit vector, (3,), and radius in arcsec of a cap that holds all positions.

    The centre is the direction of their mean, so positions around the pole or on both
    sides of right ascension 0 are no special case.
    """
    vectors = unit_vectors(ra, dec)
    vectors = vectors[np.isfinite(vectors).all(axis=1)]
    if not len(vectors):
        return np.array([0.0, 0.0, 1.0]), 0.0
    mean = vectors.mean(axis=0)
    length = np.linalg.norm(mean)
    centre = mean / length if length > 1e-9 else vectors[0]
    return centre, float(separation_arcsec(vectors, centre).max())


def _angle_arcsec(chord: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    angle: npt.NDArray[np.float64] = 2 * np.arcsin(np.clip(chord / 2, 0.0, 1.0)) * ARCSEC_PER_RADIAN
    return angle


def first_linked(
    n: int, one: npt.NDArray[np.integer], other: npt.NDArray[np.integer]
) -> npt.NDArray[np.int64]:
    """Return the first row of the group that each of `n` rows is in, (n,) int64.

    Groups are what links hold together, directly or by others between.

    Parameters
    ----------
    one, other : (m,) int
        Rows that are linked.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(one), dtype=bool), (one, other)), shape=(n, n))
    _, group = connected_components(links, directed=False)
    first: npt.NDArray[np.int64] = np.unique(group, return_index=True)[1][group]
    return first
