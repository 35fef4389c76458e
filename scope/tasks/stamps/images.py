"""Images of a survey, as the rest of the task asks for them.

`ImageSource` is what a survey has to offer. A difference image is a FITS file with the
extensions of `Extensions`; its single exposures are files of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from scope.errors import CorruptFileError, InputError, MissingColumnError, NotFoundError

IMAGE_EXT = "IMAGE"
TEMPLATE_IMAGE_EXT = "TEMPLATE"
DIFFERENCE_IMAGE_EXT = "DIFFERENCE"
DETECTIONS_EXT = "PHOTOMETRY_DIFF"
EXPOSURE_DETECTIONS_EXT = "PHOTOMETRY"

DETECTION_COLUMNS = ("ra", "dec", "x", "y", "mag", "fwhm", "realbogus")
"""Degrees, degrees, pixels (first is 0), pixels, mag, pixels, old score from 0 to 1."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Extensions:
    """Names of the FITS extensions of a difference image, and of its exposures."""

    science: str = IMAGE_EXT
    template: str = TEMPLATE_IMAGE_EXT
    difference: str = DIFFERENCE_IMAGE_EXT
    detections: str = DETECTIONS_EXT
    exposure: str = IMAGE_EXT
    exposure_detections: str = EXPOSURE_DETECTIONS_EXT


@dataclass(frozen=True)
class DifferenceImage:
    """One difference image.

    Attributes
    ----------
    image_id : int
    path : str
        FITS file.
    ra, dec : float
        Centre, degrees.
    mjd : float
        Middle of the exposures, days.
    telescope : int
        Number of the unit telescope.
    ncoadd : int
        Single exposures that it was made of.
    related : int
        What its exposures refer to.
    """

    image_id: int
    path: str
    ra: float
    dec: float
    mjd: float
    telescope: int
    ncoadd: int
    related: int


@dataclass(frozen=True)
class Candidate:
    """A detection that people have voted on, and the image it is in."""

    candidate_id: int
    image: DifferenceImage
    values: Mapping[str, float]


class ImageSource(Protocol):
    """Source of images. Everything is in the order of the ids, every time."""

    def images(self, n: int | None) -> list[DifferenceImage]:
        """Return the first `n` usable difference images, or all."""
        ...

    def exposures(self, image: DifferenceImage) -> list[str]:
        """Return the FITS files of an image's single exposures; none is an answer."""
        ...

    def candidates(self, ids: Sequence[int]) -> dict[int, Candidate]:
        """Return the detections of these ids that are in usable images, by id."""
        ...

    def minor_planets(self) -> pd.DataFrame | None:
        """Return the position table (name, mjd, ra, dec, mag), if there is one."""
        ...

    def galaxies(self, ra: float, dec: float, radius_deg: float) -> pd.DataFrame | None:
        """Return galaxies (ra, dec, mag) around a position; None if nobody knows any."""
        ...


def open_fits(path: str | Path) -> Any:
    """Open a FITS file for reading.

    Raises
    ------
    NotFoundError, CorruptFileError
    """
    from astropy.io import fits

    try:
        return fits.open(path, memmap=True)
    except FileNotFoundError as error:
        raise NotFoundError(
            "no such image",
            value=str(path),
            todo="check the index, and GOTOPHOTO_WORKDIR and GOTOPHOTO_STORAGEDIR in .env",
        ) from error
    except (OSError, ValueError, TypeError) as error:
        raise CorruptFileError(
            "image that is no whole FITS file", value=f"{path}: {error}".splitlines()[0]
        ) from error


def extension(file: Any, name: str, path: str | Path) -> Any:
    """Return an extension of an open FITS file.

    Raises
    ------
    InputError
        If it has none of that name.
    """
    try:
        return file[name]
    except KeyError as error:
        raise InputError(
            f"image {path} without an extension",
            value=name,
            allowed=[hdu.name for hdu in file if hdu.name],
            todo="set the *_IMAGE_EXT variables of label_data to the names that your images have",
        ) from error


def pixels(file: Any, name: str, path: str | Path) -> Floats:
    """Return the pixels of an extension, (rows, columns) float64.

    Raises
    ------
    InputError, CorruptFileError
    """
    hdu = extension(file, name, path)
    try:
        data = hdu.data
    except (OSError, ValueError, TypeError) as error:
        raise CorruptFileError(
            "image that is not whole", value=f"{path}[{name}]: {error}".splitlines()[0]
        ) from error
    if data is None or np.ndim(data) != 2:
        raise InputError(
            f"extension {name} of {path} that is no image",
            value="no pixels" if data is None else f"{np.ndim(data)} dimensions",
            allowed="2 dimensions",
        )
    return np.asarray(data, dtype=np.float64)


def world_coordinates(file: Any, name: str, path: str | Path) -> Any:
    """Return the celestial WCS of an extension.

    Raises
    ------
    InputError
        If it has none.
    """
    import warnings

    from astropy.wcs import WCS, FITSFixedWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)
        wcs = WCS(extension(file, name, path).header)
    if not wcs.has_celestial:
        raise InputError(
            f"extension {name} of {path} without world coordinates",
            value=", ".join(axis or "none" for axis in wcs.wcs.ctype) or "none",
            allowed="CTYPE1 and CTYPE2 of a projection of the sky, such as RA---TAN, DEC--TAN",
            todo="solve the astrometry of the image, or leave it out of the index",
        )
    return wcs.celestial


def read_detections(file: Any, name: str, path: str | Path) -> pd.DataFrame:
    """Return the detections of an image, in the file's order.

    Returns
    -------
    DataFrame
        At least `DETECTION_COLUMNS`, all numbers in the machine's byte order; also ``id``,
        and ``cnn_realbogus``, where the file has them.

    Raises
    ------
    MissingColumnError, InputError, CorruptFileError
    """
    hdu = extension(file, name, path)
    try:
        table = hdu.data
        columns = {column.name.lower(): table[column.name] for column in hdu.columns}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CorruptFileError(
            "detections that cannot be read", value=f"{path}[{name}]: {error}".splitlines()[0]
        ) from error
    missing = [column for column in DETECTION_COLUMNS if column not in columns]
    if missing:
        raise MissingColumnError(
            f"detections of {path} without columns",
            value=", ".join(missing),
            allowed=", ".join(DETECTION_COLUMNS),
        )
    wanted = [*DETECTION_COLUMNS, *(c for c in ("id", "cnn_realbogus") if c in columns)]
    native = {column: _native(columns[column]) for column in wanted}
    frame = pd.DataFrame(native)
    if "id" in frame:
        refuse_twice(frame["id"].to_numpy(), f"detections of {path}")
    return frame


def _native(values: Any) -> npt.NDArray[Any]:
    array = np.asarray(values)
    if array.dtype.kind in "iu":
        return array.astype(np.int64)
    return array.astype(np.float64)


def refuse_twice(ids: npt.NDArray[Any], where: str) -> None:
    """Refuse ids of which one stands twice.

    `ids`: (n,) int or text.

    Raises
    ------
    DuplicateIdError
    """
    from scope.errors import DuplicateIdError, few

    values, counts = np.unique(ids, return_counts=True)
    if (counts > 1).any():
        raise DuplicateIdError(
            f"{where} with ids that stand twice",
            value=few(values[counts > 1]),
            allowed="each id once",
        )


def separation_arcsec(
    ra1: npt.ArrayLike, dec1: npt.ArrayLike, ra2: npt.ArrayLike, dec2: npt.ArrayLike
) -> Floats:
    """Return great-circle distances in arcsec of positions in degrees.

    The haversine formula: exact for small distances too.

    The inputs broadcast; the result has their common shape, (...), float64.
    """
    a1, d1, a2, d2 = (np.radians(np.asarray(v, dtype=np.float64)) for v in (ra1, dec1, ra2, dec2))
    half = np.sin((d2 - d1) / 2) ** 2 + np.cos(d1) * np.cos(d2) * np.sin((a2 - a1) / 2) ** 2
    return np.asarray(np.degrees(2 * np.arcsin(np.sqrt(np.clip(half, 0, 1)))) * 3600)


def galaxies_near(source: ImageSource, image: DifferenceImage, radius_deg: float) -> pd.DataFrame:
    """Return the galaxies around the centre of an image.

    Raises
    ------
    NotFoundError
        If the source of images has no catalogue of galaxies.
    """
    found = source.galaxies(image.ra, image.dec, radius_deg)
    if found is None:
        raise NotFoundError(
            "no catalogue of galaxies",
            todo="set CATSHTM_DIR in .env to GLADE in the format of catsHTM, or put galaxies.csv "
            "(ra, dec, mag) into the folder of images",
        )
    return found
