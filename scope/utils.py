"""The import paths that SCoPe's users know, such as ``from scope.utils import read_parquet``.

Nothing is computed here. What is heavy is imported where it is called, so that reading a table
stays quick.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from scope.errors import InputError
from scope.io import read_csv, read_hdf, read_parquet, write_csv, write_hdf, write_parquet

if TYPE_CHECKING:
    from scope.preprocessing import impute_features
    from scope.tasks.variables.training.batched_dataset import Dataset

__all__ = [
    "Dataset",
    "TychoBVfromGaia",
    "exclude_radius",
    "impute_features",
    "read_csv",
    "read_hdf",
    "read_parquet",
    "removeHighCadence",
    "sort_lightcurve",
    "split_dict",
    "write_csv",
    "write_hdf",
    "write_parquet",
]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Curve = tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]


def __getattr__(name: str) -> Any:
    if name == "impute_features":
        from scope.preprocessing import impute_features

        return impute_features
    if name == "Dataset":
        from scope.tasks.variables.training.batched_dataset import Dataset

        return Dataset
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def split_dict(d: dict[K, V], n: int) -> Iterator[dict[K, V]]:
    """Yield `n` consecutive parts of a dictionary; the last ones are shorter or empty.

    Raises
    ------
    InputError
        If `n` is less than 1.
    """
    if n < 1:
        raise InputError("number of parts", value=n, allowed="1 or more")
    size = -(-len(d) // n)
    items = list(d.items())
    for part in range(n):
        yield dict(items[part * size : (part + 1) * size])


def sort_lightcurve(t: npt.ArrayLike, m: npt.ArrayLike, e: npt.ArrayLike) -> Curve:
    """Return times, magnitudes and errors in order of time; equal times keep their order.

    The result: (n,) arrays, of the dtypes given.
    """
    t, m, e = np.asarray(t), np.asarray(m), np.asarray(e)
    order = np.argsort(t, kind="stable")
    return t[order], m[order], e[order]


def removeHighCadence(
    t: npt.ArrayLike, m: npt.ArrayLike, e: npt.ArrayLike, cadence_minutes: float = 30.0
) -> Curve:
    """Return the epochs at least `cadence_minutes` after the last kept one.

    See `scope.lightcurves.cleaning.decimate`. Times are in days, ascending.
    """
    from scope.lightcurves.cleaning import decimate

    t, m, e = np.asarray(t), np.asarray(m), np.asarray(e)
    kept = decimate(t, cadence_minutes)
    return t[kept], m[kept], e[kept]


def TychoBVfromGaia(
    G: npt.ArrayLike, BP_RP: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return Tycho-2 B_T and V_T, see `scope.lightcurves.bright_stars.tycho_from_gaia`."""
    from scope.lightcurves.bright_stars import tycho_from_gaia

    return tycho_from_gaia(G, BP_RP)


def exclude_radius(Tycho_B: npt.ArrayLike, Tycho_V: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return how far around a star, in arcsec, photometry suffers from it.

    See `scope.lightcurves.bright_stars.radius_from_tycho_arcsec`.
    """
    from scope.lightcurves.bright_stars import radius_from_tycho_arcsec

    return radius_from_tycho_arcsec(Tycho_B, Tycho_V)
