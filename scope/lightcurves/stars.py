"""Which light curves are of one star."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scope.lightcurves.sky import PositionTree, first_linked


def link_stars(
    ra: npt.ArrayLike,
    dec: npt.ArrayLike,
    radius_arcsec: float,
    *,
    source: npt.NDArray[np.int64] | None = None,
    name: npt.NDArray[np.int64] | None = None,
    join_sources: bool = True,
) -> npt.NDArray[np.int64]:
    """Return which star each light curve is of, by the number of the star's first row.

    Rows with one source are of one star wherever they lie. Those without one belong to the
    nearest row with a source within the radius, and where there is none to each other, if
    they or others between them are that near. No star has rows of two names.

    Parameters
    ----------
    ra, dec : (n,) array
        Degrees; a position that is not finite is near nothing.
    radius_arcsec : float
    source : (n,) int64, optional
        Numbers of sources of another survey; negative where there is none.
    name : (n,) int64, optional
        Numbers of the names that were asked for; negative where there is none, which is a
        name of its own.
    join_sources : bool
        Whether rows without a source belong to near rows with one.

    Returns
    -------
    (n,) int64
        The stars do not depend on the order of the rows, but for rows that are equally near
        to two sources: of these the first counts.
    """
    ra, dec = np.asarray(ra, float), np.asarray(dec, float)
    n = len(ra)
    source = np.full(n, -1) if source is None else source
    name = np.full(n, -1) if name is None else name
    star = np.arange(n)
    known, free = np.flatnonzero(source >= 0), np.flatnonzero(source < 0)
    pairs_of_known = np.stack([name[known], source[known]], axis=1)
    _, first, of = np.unique(pairs_of_known, axis=0, return_index=True, return_inverse=True)
    star[known] = known[first][of.ravel()]
    if join_sources:
        pairs = PositionTree(ra[known], dec[known]).within(ra[free], dec[free], radius_arcsec)
        here, there = free[pairs.query], known[pairs.found]
        same = name[here] == name[there]
        # The nearest comes first.
        found, nearest = np.unique(here[same], return_index=True)
        star[found] = star[there[same][nearest]]
        free = np.setdiff1d(free, found)
    pairs = PositionTree(ra[free], dec[free]).within(ra[free], dec[free], radius_arcsec)
    same = name[free[pairs.query]] == name[free[pairs.found]]
    star[free] = free[first_linked(len(free), pairs.query[same], pairs.found[same])]
    # Rows that joined a source may come before its first one.
    _, first, of = np.unique(star, return_index=True, return_inverse=True)
    firsts: npt.NDArray[np.int64] = first[of]
    return firsts


def group_stars(
    ra: npt.ArrayLike,
    dec: npt.ArrayLike,
    source: npt.NDArray[np.int64],
    series: npt.NDArray[np.int64],
    radius_arcsec: float,
) -> list[npt.NDArray[np.int64]]:
    """Find the light curves that belong together, in two or more series.

    Those with one source id are of one star; those without are, if their positions are
    within the radius of each other or of others between them. Two light curves of one
    series, that is of the same field, detector and filter, so close together are two stars
    or one that was split: such groups are left out.

    Parameters
    ----------
    ra, dec : (n,) array
        Degrees; not finite where unknown.
    source : (n,) int64
        Source ids as numbers, negative where there is none.
    series : (n,) int64
        Equal where a star has one light curve at most, as those of one field and filter.
    radius_arcsec : float

    Returns
    -------
    list of (k,) int64
        Rows of each star with two light curves or more, rising; stars by their first row.
        The groups do not depend on the order of the rows.
    """
    label = link_stars(ra, dec, radius_arcsec, source=source, join_sources=False)
    order = np.argsort(label, kind="stable")
    starts = np.flatnonzero(np.diff(label[order], prepend=-1))
    stars = [rows for rows in np.split(order, starts[1:]) if len(rows) > 1]
    return [rows for rows in stars if len(np.unique(series[rows])) == len(rows)]
