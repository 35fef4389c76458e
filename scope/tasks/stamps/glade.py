"""The GLADE catalogue of galaxies in the format of catsHTM (Soumagnac & Ofek 2018, PASP 130).

The sky is cut into triangles, each again into four (a hierarchical triangular mesh). The
file ``GLADE_htm.hdf5`` lists them: level, father, four sons (counted from 1), the three
poles of the great circles that bound it (longitude, latitude; rad), number of sources. The
sources of the smallest are in ``GLADE_htm_<hundreds>.hdf5``, one array ``htm_<number>`` each;
its columns are named in ``GLADE_htmColCell.mat``.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scope.errors import CorruptFileError, NotFoundError
from scope.tasks.stamps.images import separation_arcsec

Floats = npt.NDArray[np.float64]

NAME = "GLADE"
MAGNITUDE = "B"
FILES_OF = 100


def glade_galaxies(folder: str | Path, ra: float, dec: float, radius_deg: float) -> pd.DataFrame:
    """Return the galaxies of a cone.

    Parameters
    ----------
    folder : path
        CATSHTM_DIR, or its folder GLADE.
    ra, dec, radius_deg : float
        Degrees.

    Returns
    -------
    DataFrame
        ra, dec (degrees), mag (B; NaN where it is not known).

    Raises
    ------
    NotFoundError, CorruptFileError
    """
    folder = Path(folder)
    folder = folder / NAME if (folder / NAME).is_dir() else folder
    try:
        mesh = _mesh(folder / f"{NAME}_htm.hdf5")
        names = _columns(folder / f"{NAME}_htmColCell.mat")
        numbers = _triangles(mesh, np.radians(ra), np.radians(dec), np.radians(radius_deg))
        parts = [_sources(folder, number) for number in numbers]
    except FileNotFoundError as error:
        raise NotFoundError(
            "GLADE catalogue in the format of catsHTM that is not there",
            value=str(folder),
            todo="set CATSHTM_DIR in .env to the folder that holds GLADE/GLADE_htm.hdf5",
        ) from error
    except (OSError, KeyError, ValueError, IndexError) as error:
        raise CorruptFileError(
            "GLADE catalogue that cannot be read", value=f"{folder}: {error}".splitlines()[0]
        ) from error
    rows = np.concatenate([np.empty((0, len(names))), *parts])
    found = pd.DataFrame(
        {
            "ra": np.degrees(rows[:, names.index("RA")]) % 360,
            "dec": np.degrees(rows[:, names.index("Dec")]),
            "mag": rows[:, names.index(MAGNITUDE)],
        }
    )
    near = separation_arcsec(ra, dec, found["ra"], found["dec"]) <= 3600 * radius_deg
    return found[near].reset_index(drop=True)


@cache
def _mesh(path: Path) -> Floats:
    """Return the list of triangles, (n, 13)."""
    import h5py

    with h5py.File(path, "r") as file:
        table = np.asarray(next(iter(file.values()))[()], dtype=np.float64)
    return table.T if table.shape[0] == 13 and table.shape[1] != 13 else table


@cache
def _columns(path: Path) -> list[str]:
    from scipy.io import loadmat

    content: Any = loadmat(path)
    return [str(np.ravel(cell)[0]) for cell in np.ravel(content["ColCell"])]


def _triangles(mesh: Floats, ra: float, dec: float, radius: float) -> list[int]:
    """Return the numbers, from 1, of the smallest triangles with sources that a cone meets."""
    toward = _unit(np.array(ra), np.array(dec))
    found: list[int] = []
    level = mesh[:, 0].min()
    queue = [int(i) for i in np.flatnonzero(mesh[:, 0] == level)]
    while queue:
        index = queue.pop()
        poles = _unit(mesh[index, [6, 8, 10]], mesh[index, [7, 9, 11]])
        if (poles @ toward < -np.sin(radius)).any():
            continue
        sons = mesh[index, 2:6]
        if np.isfinite(sons).all() and (sons > 0).all():
            queue.extend(int(son) - 1 for son in sons)
        elif mesh[index, 12] > 0:
            found.append(index + 1)
    return sorted(found)


def _unit(longitude: Floats, latitude: Floats) -> Floats:
    cos = np.cos(latitude)
    return np.stack([cos * np.cos(longitude), cos * np.sin(longitude), np.sin(latitude)], axis=-1)


def _sources(folder: Path, number: int) -> Floats:
    import h5py

    path = folder / f"{NAME}_htm_{number // FILES_OF * FILES_OF:06d}.hdf5"
    with h5py.File(path, "r") as file:
        rows = np.asarray(file[f"htm_{number:06d}"][()], dtype=np.float64)
    # MATLAB's arrays stand on their side in HDF5.
    return rows.T
