"""The part of the sky that a table covers, as a multi-order coverage map (IVOA MOC 2.0)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from scope.errors import InputError
from scope.io import atomic_path, iter_batches
from scope.product.hats_layout import FINEST, healpix_29

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mocpy import MOC

COVERAGE_ORDER = 10
"""Cells of 3.4 arcmin: a quadrant of 52 arcmin has 200, and few are empty by chance."""


def coverage(paths: Sequence[str | Path], order: int = COVERAGE_ORDER) -> MOC:
    """Return the cells in which a table has positions.

    Parameters
    ----------
    paths : sequence of path
        Tables with ``ra`` and ``dec`` [deg]; rows without a position count nothing.
    order : int
        Of the HEALPix cells, 0 to 29.

    Raises
    ------
    InputError
        If there is no position.
    """
    from mocpy import MOC

    found: set[int] = set()
    for path in paths:
        for piece in iter_batches(path, ["ra", "dec"]):
            ra, dec = (
                np.asarray(piece.column(name).to_numpy(), dtype=np.float64)
                for name in ("ra", "dec")
            )
            known = np.isfinite(ra) & np.isfinite(dec)
            cells = healpix_29(ra[known], dec[known]) >> 2 * (FINEST - order)
            found.update(np.unique(cells).tolist())
    if not found:
        raise InputError(
            "coverage of no positions", value=", ".join(map(str, paths)), allowed="ra and dec"
        )
    cells = np.array(sorted(found), dtype=np.uint64)
    return MOC.from_healpix_cells(cells, np.full(len(cells), order, np.uint8), max_depth=order)


def write_coverage(paths: Sequence[str | Path], output: str | Path) -> float:
    """Write the coverage as a MOC in FITS; returns the covered part of the sky."""
    moc = coverage(paths)
    with atomic_path(output) as temporary:
        moc.save(str(temporary), format="fits", overwrite=True)
    return float(moc.sky_fraction)
