"""Images in a folder, without a server.

images.csv         the table of images, columns as in the database: `index.IMAGE_COLUMNS`;
                   file paths are relative to the folder
candidates.csv     the table of detections, `index.CANDIDATE_COLUMNS`
minor_planets.csv  optional: name, mjd, ra, dec (degrees), mag; one row an object and epoch
galaxies.csv       optional: ra, dec (degrees), mag
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from scope.provenance import hash_file
from scope.tasks.stamps.image_table import (
    CANDIDATE_COLUMNS,
    IMAGE_COLUMNS,
    difference_image,
    is_usable,
    read_index,
)
from scope.tasks.stamps.images import Candidate, DifferenceImage, separation_arcsec

MINOR_PLANET_COLUMNS = ("name", "mjd", "ra", "dec", "mag")
GALAXY_COLUMNS = ("ra", "dec", "mag")
TABLES = ("images.csv", "candidates.csv", "minor_planets.csv", "galaxies.csv")


class ImageFolder:
    """A folder of images with an index; see the module.

    Parameters
    ----------
    folder : path
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._index = read_index(self.folder / "images.csv", IMAGE_COLUMNS)

    def images(self, n: int | None = None) -> list[DifferenceImage]:
        """Return the first `n` usable difference images by id, or all."""
        chosen = self._index[is_usable(self._index)]
        chosen = chosen if n is None else chosen.head(n)
        return [self._image(row) for row in chosen.to_dict("records")]

    def exposures(self, image: DifferenceImage) -> list[str]:
        """Return the FITS files of the exposures of an image."""
        index = self._index
        mine = (index["image_type"] == "SCIENCE") & (index["relatedimage"] == image.related)
        return [self._path(path) for path in index.loc[mine, "filepath"]]

    def candidates(self, ids: Sequence[int]) -> dict[int, Candidate]:
        """Return the detections of these ids that are in usable images."""
        wanted = self._candidates[self._candidates["id"].isin(list(ids))]
        usable = self._index[(self._index["ncoadds"] > 0) & (self._index["quality"] < 128)]
        images = {int(row["id"]): self._image(row) for row in usable.to_dict("records")}
        found = {}
        for row in wanted.to_dict("records"):
            if int(row["image_id"]) in images:
                values = {name: float(row[name]) for name in CANDIDATE_COLUMNS[2:]}
                number = int(row["id"])
                found[number] = Candidate(number, images[int(row["image_id"])], values)
        return found

    def minor_planets(self) -> pd.DataFrame | None:
        """Return the position table, if the folder has one."""
        path = self.folder / "minor_planets.csv"
        return read_index(path, MINOR_PLANET_COLUMNS) if path.is_file() else None

    def galaxies(self, ra: float, dec: float, radius_deg: float) -> pd.DataFrame | None:
        """Return galaxies of the folder's table around a position."""
        if self._galaxies is None:
            return None
        table = self._galaxies
        far = separation_arcsec(ra, dec, table["ra"], table["dec"])
        return table[far <= 3600 * radius_deg].reset_index(drop=True)

    def record(self) -> dict[str, Any]:
        """Return which folder it is, and the SHA-256 of each of its tables."""
        paths = [self.folder / name for name in TABLES]
        hashes = {path.name: hash_file(path) for path in paths if path.is_file()}
        return {"folder": str(self.folder.resolve()), "tables": hashes}

    @cached_property
    def _galaxies(self) -> pd.DataFrame | None:
        path = self.folder / "galaxies.csv"
        return read_index(path, GALAXY_COLUMNS) if path.is_file() else None

    @cached_property
    def _candidates(self) -> pd.DataFrame:
        return read_index(self.folder / "candidates.csv", CANDIDATE_COLUMNS)

    def _image(self, row: dict[Any, Any]) -> DifferenceImage:
        return difference_image(row, self._path(str(row["filepath"])))

    def _path(self, path: str) -> str:
        return str(self.folder / path)
