"""Which light curves are of one star."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scope.lightcurves.sky import PositionTree, first_linked


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
    ra, dec = np.asarray(ra, float), np.asarray(dec, float)
    rows = np.flatnonzero((source < 0) & np.isfinite(ra) & np.isfinite(dec))
    pairs = PositionTree(ra[rows], dec[rows]).within(ra[rows], dec[rows], radius_arcsec)
    label = first_linked(len(ra), rows[pairs.query], rows[pairs.found])
    known = np.flatnonzero(source >= 0)
    _, first, inverse = np.unique(source[known], return_index=True, return_inverse=True)
    label[known] = known[first][inverse]
    order = np.argsort(label, kind="stable")
    starts = np.flatnonzero(np.diff(label[order], prepend=-1))
    stars = [rows for rows in np.split(order, starts[1:]) if len(rows) > 1]
    return [rows for rows in stars if len(np.unique(series[rows])) == len(rows)]
