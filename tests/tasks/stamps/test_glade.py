"""GLADE in the format of catsHTM: a small mesh written as its description says."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from scope.errors import NotFoundError
from scope.tasks.stamps.glade import glade_galaxies
from scope.tasks.stamps.images import separation_arcsec

AXES = np.array([[1.0, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]])
OCTANTS = [(0, 1, 4), (1, 2, 4), (2, 3, 4), (3, 0, 4), (1, 0, 5), (2, 1, 5), (3, 2, 5), (0, 3, 5)]


def poles(corners):
    """Normals of the sides, pointing inwards."""
    a, b, c = corners
    return [np.cross(a, b), np.cross(b, c), np.cross(c, a)]


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    """8 octants of the sphere, the first of them cut in four; 3000 galaxies."""
    folder = tmp_path_factory.mktemp("catsHTM") / "GLADE"
    folder.mkdir()
    cells = [[AXES[i] for i in octant] for octant in OCTANTS]
    a, b, c = cells[0]
    mid = [(x + y) / np.linalg.norm(x + y) for x, y in ((a, b), (b, c), (c, a))]
    cells += [[a, mid[0], mid[2]], [mid[0], b, mid[1]], [mid[2], mid[1], c], mid]
    rng = np.random.default_rng(0)
    unit = rng.normal(size=(3000, 3))
    unit /= np.linalg.norm(unit, axis=1)[:, None]
    ra, dec = np.arctan2(unit[:, 1], unit[:, 0]) % (2 * np.pi), np.arcsin(unit[:, 2])
    mag = rng.uniform(12, 20, 3000)
    index = np.full((len(cells), 13), np.nan)
    with h5py.File(folder / "GLADE_htm_000000.hdf5", "w") as file:
        for number, cell in enumerate(cells):
            normals = np.array(poles(cell))
            normals /= np.linalg.norm(normals, axis=1)[:, None]
            index[number, 0] = int(number >= 8)
            index[number, [6, 8, 10]] = np.arctan2(normals[:, 1], normals[:, 0])
            index[number, [7, 9, 11]] = np.arcsin(normals[:, 2])
            inside = (unit @ normals.T >= 0).all(axis=1)
            if number == 0:
                index[0, 2:6], index[0, 12] = [9, 10, 11, 12], 0
                continue
            index[number, 12] = inside.sum()
            rows = np.column_stack([ra[inside], dec[inside], mag[inside]])
            file[f"htm_{number + 1:06d}"] = rows.T
    with h5py.File(folder / "GLADE_htm.hdf5", "w") as file:
        file["GLADE_HTM"] = index.T
    names = np.empty((1, 3), dtype=object)
    names[0] = ["RA", "Dec", "B"]
    savemat(folder / "GLADE_htmColCell.mat", {"ColCell": names})
    return folder.parent, np.degrees(ra), np.degrees(dec), mag


@pytest.mark.parametrize(
    ("ra", "dec", "radius"),
    [(45.0, 30.0, 8.0), (0.2, 0.1, 5.0), (200.0, -60.0, 10.0), (10, 89.5, 6)],
)
def test_a_cone_holds_every_galaxy_in_it_and_no_other(catalogue, ra, dec, radius):
    folder, all_ra, all_dec, mag = catalogue
    found = glade_galaxies(folder, ra, dec, radius)
    near = separation_arcsec(ra, dec, all_ra, all_dec) <= 3600 * radius
    assert sorted(found["mag"]) == pytest.approx(sorted(mag[near]))
    assert len(found) >= 5


def test_a_catalogue_that_is_not_there_is_one_clear_line(tmp_path):
    with pytest.raises(NotFoundError, match="CATSHTM_DIR"):
        glade_galaxies(tmp_path, 1.0, 2.0, 1.0)
