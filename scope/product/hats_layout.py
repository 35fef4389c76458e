"""Partitions of a HATS catalogue: HEALPix pixels of several orders that do not overlap.

The Hierarchical Adaptive Tiling Scheme (IVOA note, 2025) keeps the rows of a pixel in
``dataset/Norder=<K>/Dir=<D>/Npix=<N>.parquet``, sorted by the number of their own pixel of
order 29, and says in ``partition_info.csv`` which there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scope.io import write_bytes

FINEST = 29
LOWEST_ORDER = 4
"""No partition is larger (3.7 deg), so that a new field adds partitions and changes few."""

DEEPEST_ORDER = 12
"""No partition is smaller (52 arcsec), however crowded it is."""

HEALPIX = "_healpix_29"
PROPERTIES = ("hats.properties", "properties")
PARTITIONS = "partition_info.csv"

RING_POINTS = 32
RING_RADII = 1.5
"""A margin holds at least what is within its width: stars of whom one of these points, on a circle
this many widths around them, is in the pixel. A corner of a pixel that reaches into the width is
too wide there to slip between two of them."""

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Pixel(NamedTuple):
    """A partition, by order and number in the nested scheme."""

    order: int
    number: int

    @property
    def start(self) -> int:
        """Its first pixel of order 29."""
        return self.number << 2 * (FINEST - self.order)

    @property
    def stop(self) -> int:
        """The pixel of order 29 after its last one."""
        return (self.number + 1) << 2 * (FINEST - self.order)

    @property
    def path(self) -> str:
        """Place of the pixel's file in ``dataset``."""
        folder = self.number // 10000 * 10000
        return f"Norder={self.order}/Dir={folder}/Npix={self.number}.parquet"

    def children(self) -> list[Pixel]:
        """Return the four pixels that it consists of."""
        return [Pixel(self.order + 1, 4 * self.number + i) for i in range(4)]


def healpix_29(ra: Floats, dec: Floats) -> Integers:
    """Return the pixel of order 29 of positions in degrees, (n,) int64.

    `ra` and `dec`: (n,) float64; nested scheme.
    """
    from astropy_healpix.healpy import ang2pix

    found = ang2pix(2**FINEST, ra % 360.0, dec, nest=True, lonlat=True)
    return np.asarray(found, dtype=np.int64)


def partition(cells: Integers, others: Iterable[Pixel], max_rows: int) -> dict[Pixel, slice]:
    """Return the partitions that rows go into, as large as may be.

    Parameters
    ----------
    cells : (n,) int64
        Pixels of order 29, ascending, none of them in `others`.
    others : iterable of Pixel
        Partitions that stay as they are; no new one overlaps them.
    max_rows : int
        Rows of a partition at most, but for those of `DEEPEST_ORDER`.

    Returns
    -------
    dict of Pixel to slice
        Rows of each, by the start of the pixel; together all of them.
    """
    taken = np.sort(np.array([pixel.start for pixel in others], dtype=np.int64))
    found: dict[Pixel, slice] = {}

    def place(pixel: Pixel) -> None:
        low, high = (int(i) for i in np.searchsorted(cells, [pixel.start, pixel.stop]))
        if low == high:
            return
        first, last = np.searchsorted(taken, [pixel.start, pixel.stop])
        fits = high - low <= max_rows or pixel.order >= DEEPEST_ORDER
        if fits and first == last and pixel.order >= LOWEST_ORDER:
            found[pixel] = slice(low, high)
            return
        for child in pixel.children():
            place(child)

    for number in range(12):
        place(Pixel(0, number))
    return found


class PartitionIndex:
    """Finds the partition that a pixel of order 29 is in.

    Parameters
    ----------
    pixels : iterable of Pixel
        None of which overlap.
    """

    def __init__(self, pixels: Iterable[Pixel]) -> None:
        self.pixels = sorted(pixels, key=lambda pixel: pixel.start)
        self._starts = np.array([pixel.start for pixel in self.pixels], dtype=np.int64)
        self._stops = np.array([pixel.stop for pixel in self.pixels], dtype=np.int64)

    def find(self, cells: Integers) -> Integers:
        """Return the place in `pixels` of each cell, -1 where it is in none.

        `cells` (pixels of order 29) and the result: (n,) int64.
        """
        if not self.pixels:
            return np.full(np.shape(cells), -1, dtype=np.int64)
        place = np.searchsorted(self._starts, cells, "right") - 1
        inside = (place >= 0) & (cells < self._stops[np.maximum(place, 0)])
        return np.where(inside, place, -1)

    def around(self, pixel: Pixel) -> set[Pixel]:
        """Return the partitions that touch a pixel, or overlap it, itself left out."""
        from astropy_healpix import neighbours

        near = neighbours(np.array([pixel.number]), 2**pixel.order, order="nested").ravel()
        found: set[Pixel] = set()
        for number in [pixel.number, *near[near >= 0].tolist()]:
            other = Pixel(pixel.order, int(number))
            overlap = (self._starts < other.stop) & (self._stops > other.start)
            found |= {self.pixels[i] for i in np.flatnonzero(overlap)}
        return found - {pixel}


def margin_of(
    ra: Floats, dec: Floats, own: Integers, index: PartitionIndex, width_arcsec: float
) -> list[tuple[int, Integers]]:
    """Return which positions belong to the margins of which partitions.

    Parameters
    ----------
    ra, dec : (n,) float64
        Degrees.
    own : (n,) int64
        The partition that each is in, by its place in `index`.
    index : PartitionIndex
    width_arcsec : float

    Returns
    -------
    list of (int, (k,) int64)
        Place of a partition, and the positions within the width of it and outside, among them
        some that are up to `RING_RADII` widths away.
    """
    n = len(ra)
    hits: list[npt.NDArray[np.int64]] = []
    radius = np.radians(RING_RADII * width_arcsec / 3600.0)
    for angle in np.linspace(0, 2 * np.pi, RING_POINTS, endpoint=False):
        there = index.find(healpix_29(*_offset(ra, dec, radius, angle)))
        outside = np.flatnonzero((there >= 0) & (there != own))
        hits.append(np.stack([there[outside], outside], axis=1))
    pairs = np.unique(np.concatenate(hits), axis=0) if n else np.zeros((0, 2), dtype=np.int64)
    places = np.unique(pairs[:, 0])
    return [(int(place), pairs[pairs[:, 0] == place, 1]) for place in places]


def _offset(ra: Floats, dec: Floats, radius: float, angle: float) -> tuple[Floats, Floats]:
    """Return positions at a distance and position angle [rad] from others, in degrees."""
    lon, lat = np.radians(ra), np.radians(dec)
    sin_lat = np.sin(lat) * np.cos(radius) + np.cos(lat) * np.sin(radius) * np.cos(angle)
    y = np.sin(angle) * np.sin(radius) * np.cos(lat)
    x = np.cos(radius) - np.sin(lat) * sin_lat
    return np.degrees(lon + np.arctan2(y, x)) % 360.0, np.degrees(
        np.arcsin(np.clip(sin_lat, -1, 1))
    )


def read_partitions(folder: Path) -> list[Pixel]:
    """Return the partitions of a catalogue; none where there is no catalogue."""
    path = folder / PARTITIONS
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").split()[1:]
    return [Pixel(*(int(text) for text in line.split(",")[:2])) for line in lines]


def write_partitions(folder: Path, pixels: Sequence[Pixel]) -> None:
    """Write ``partition_info.csv``."""
    lines = [f"{pixel.order},{pixel.number}\n" for pixel in sorted(pixels)]
    write_bytes("".join(["Norder,Npix\n", *lines]).encode(), folder / PARTITIONS)


def write_properties(folder: Path, values: Mapping[str, object], names: Sequence[str]) -> None:
    """Write a file of properties under each of some names."""
    text = "".join(f"{name}={value}\n" for name, value in values.items())
    for name in names:
        write_bytes(f"#HATS catalog\n{text}".encode(), folder / name)
