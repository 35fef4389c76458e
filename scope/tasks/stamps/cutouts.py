"""Square cut-outs around positions, with a value where the image has ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scope.errors import ConfigError, InputError
from scope.tasks.stamps.images import Extensions, open_fits, pixels, world_coordinates

Floats = npt.NDArray[np.float64]

PAD = 1e-6
"""What pixels beyond the edge of an image are."""

LAYERS = ("science", "template", "difference", "ptp", "min", "max")
"""Of a stamp: the median image, its template, the difference, and of the single exposures
the peak-to-peak, lowest and highest value of each pixel."""

COADDED = 3
N_LAYERS = len(LAYERS)


def cut(image: Floats, x: float, y: float, size: int, pad: float = PAD) -> Floats:
    """Return a square of an image around a position.

    Parameters
    ----------
    image : (rows, columns) float
    x, y : float
        Pixels; the centre of the first is 0. NaN is nowhere: all of the square is `pad`.
    size : int
        Side of the square. Of an odd one the middle pixel holds the position; of an even
        one the position is in the pixel right and above of the middle.
    pad : float
        Value beyond the edges.

    Returns
    -------
    (size, size) float64
    """
    stamp = np.full((size, size), pad, dtype=np.float64)
    if not (np.isfinite(x) and np.isfinite(y)):
        return stamp
    first_row, first_column = int(np.ceil(y - size / 2)), int(np.ceil(x - size / 2))
    rows = slice(max(first_row, 0), max(0, min(first_row + size, image.shape[0])))
    columns = slice(max(first_column, 0), max(0, min(first_column + size, image.shape[1])))
    if rows.start < rows.stop and columns.start < columns.stop:
        stamp[
            rows.start - first_row : rows.stop - first_row,
            columns.start - first_column : columns.stop - first_column,
        ] = image[rows, columns]
    return stamp


def check_size(size: int) -> int:
    """Return a stamp size that can be used.

    Raises
    ------
    ConfigError
    """
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or not 5 <= size <= 1001:
        raise ConfigError("side of a stamp (px)", value=size, allowed="5 to 1001")
    return int(size)


@dataclass(frozen=True)
class OpenImage:
    """The layers of a difference image, ready to be cut.

    Attributes
    ----------
    coadded : list of 3 (rows, columns) arrays
        Science, template, difference.
    wcs : list of 3
    exposures : list of (rows, columns) arrays
    exposure_wcs : list
    """

    coadded: list[Floats]
    wcs: list[object]
    exposures: list[Floats]
    exposure_wcs: list[object]

    def coadded_stamps(self, ra: Floats, dec: Floats, size: int) -> Floats:
        """Return the first three layers around positions, (n, size, size, 3).

        `ra` and `dec`: (n,) float64, degrees; `size` in pixels.
        """
        return _stack(self.coadded, self.wcs, ra, dec, size)

    def exposure_stamps(self, ra: Floats, dec: Floats, size: int) -> Floats:
        """Return the exposures around positions, (n, size, size, exposures).

        `ra` and `dec`: (n,) float64, degrees; `size` in pixels.
        """
        return _stack(self.exposures, self.exposure_wcs, ra, dec, size)

    def stamps(self, ra: Floats, dec: Floats, size: int) -> Floats:
        """Return all six layers around positions, (n, size, size, 6).

        The last three are zero where there are no exposures.

        `ra` and `dec`: (n,) float64, degrees; `size` in pixels.
        """
        return with_exposures(
            self.coadded_stamps(ra, dec, size), self.exposure_stamps(ra, dec, size)
        )


def with_exposures(coadded: Floats, exposures: Floats) -> Floats:
    """Return six layers from three and the single exposures.

    Parameters
    ----------
    coadded : (n, size, size, 3) float
    exposures : (n, size, size, k) float
        k may be 0.

    Returns
    -------
    (n, size, size, 6) float64
    """
    stamps = np.zeros((*coadded.shape[:3], N_LAYERS), dtype=np.float64)
    stamps[..., :COADDED] = coadded
    if exposures.shape[-1] and len(exposures):
        low, high = exposures.min(axis=-1), exposures.max(axis=-1)
        for number, layer in enumerate((high - low, low, high), start=COADDED):
            stamps[..., number] = layer
    return stamps


def _stack(images: list[Floats], wcs: list[object], ra: Floats, dec: Floats, size: int) -> Floats:
    stamps = np.empty((len(ra), size, size, len(images)), dtype=np.float64)
    for number, (image, each_wcs) in enumerate(zip(images, wcs, strict=True)):
        x, y = sky_to_pixel(each_wcs, ra, dec)
        for row, (each_x, each_y) in enumerate(zip(x, y, strict=True)):
            stamps[row, :, :, number] = cut(image, each_x, each_y, size)
    return stamps


def sky_to_pixel(wcs: object, ra: Floats, dec: Floats) -> tuple[Floats, Floats]:
    """Return pixel positions (the first pixel is 0) of positions in degrees.

    `ra`, `dec` and the result, x and y: (n,) float64.
    """
    if not len(ra):
        return np.empty(0), np.empty(0)
    x, y = wcs.all_world2pix(ra, dec, 0, quiet=True)  # type: ignore[attr-defined]
    return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)


def open_layers(path: str, exposures: Sequence[str], names: Extensions) -> OpenImage:
    """Read the layers of a difference image and its exposures.

    Raises
    ------
    NotFoundError, CorruptFileError, InputError
    """
    with open_fits(path) as file:
        wanted = (names.science, names.template, names.difference)
        coadded = [pixels(file, name, path) for name in wanted]
        wcs = [world_coordinates(file, name, path) for name in wanted]
    if len({image.shape for image in coadded}) > 1:
        raise InputError(
            f"image {path} whose layers differ in size",
            value=", ".join(f"{n} {i.shape}" for n, i in zip(wanted, coadded, strict=True)),
            allowed="one size",
        )
    singles, single_wcs = [], []
    for each in exposures:
        with open_fits(each) as file:
            singles.append(pixels(file, names.exposure, each))
            single_wcs.append(world_coordinates(file, names.exposure, each))
    return OpenImage(coadded, wcs, singles, single_wcs)
