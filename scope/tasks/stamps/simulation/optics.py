"""How sources look on an image: point-spread functions and profiles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BRIGHT_RADIUS = 32
FAINT_RADIUS = 11
BRIGHT_FLUX = 40000.0
"""Electrons; fainter sources are drawn on the small stamp, where 1 % of the light is lost."""


PIXEL_POINTS, PIXEL_WEIGHTS = np.polynomial.legendre.leggauss(3) / np.array([[2.0], [2.0]])
"""Where a profile is taken in a pixel, from its centre, and with which weight (Gauss-Legendre)."""


@dataclass(frozen=True)
class Psf:
    """An elliptical Moffat profile of unit flux.

    Attributes
    ----------
    fwhm : float
        Pixels, the mean of both axes.
    ellipticity, angle : float
        1 - b/a, and the angle of the long axis (rad).
    beta : float
        Slope of the wings; 3 is the middle of what telescopes have.
    """

    fwhm: float
    ellipticity: float = 0.0
    angle: float = 0.0
    beta: float = 3.0

    def at(self, dx: Floats, dy: Floats) -> Floats:
        """Return the flux in pixels whose centres are at these distances.

        Of sharp images the value at the centre is not the flux of a pixel: a star would be
        brighter or fainter by where in its pixel it stands. A Moffat profile (Moffat 1969,
        A&A 3, 455), integrated by Gauss and Legendre's rule.

        Parameters
        ----------
        dx : (1, columns) float64
        dy : (rows, 1) float64
            Pixels.

        Returns
        -------
        (rows, columns) float64
            Part of the whole flux.
        """
        x = (dx.reshape(-1, 1) + PIXEL_POINTS).reshape(1, -1)
        y = (dy.reshape(-1, 1) + PIXEL_POINTS).reshape(-1, 1)
        n = len(PIXEL_POINTS)
        points = self._density(x, y).reshape(dy.size, n, dx.size, n)
        return np.asarray(np.einsum("rice,i,e->rc", points, PIXEL_WEIGHTS, PIXEL_WEIGHTS))

    def _density(self, dx: Floats, dy: Floats) -> Floats:
        wide = self.fwhm / np.sqrt(1 - self.ellipticity)
        narrow = self.fwhm * np.sqrt(1 - self.ellipticity)
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        u, v = (cos * dx + sin * dy) / wide, (cos * dy - sin * dx) / narrow
        k = 4 * (2 ** (1 / self.beta) - 1)
        norm = k * (self.beta - 1) / (np.pi * wide * narrow)
        return np.asarray(norm * (1 + k * (u * u + v * v)) ** -self.beta)


def add_points(image: Floats, x: Floats, y: Floats, flux: Floats, psf: Psf) -> None:
    """Add point sources to an image, in place.

    Parameters
    ----------
    image : (rows, columns) float64
    x, y : (n,) float
        Pixels.
    flux : (n,) float
        Electrons.
    """
    for each_x, each_y, each_flux in zip(x, y, flux, strict=True):
        radius = BRIGHT_RADIUS if each_flux > BRIGHT_FLUX else FAINT_RADIUS
        window = _window(image, each_x, each_y, radius)
        if window is None:
            continue
        rows, columns = window
        dy = np.arange(rows.start, rows.stop)[:, None] - each_y
        dx = np.arange(columns.start, columns.stop)[None, :] - each_x
        image[rows, columns] += each_flux * psf.at(dx, dy)


def add_galaxies(image: Floats, galaxies: Floats, flux: Floats, psf: Psf) -> None:
    """Add Sersic profiles seen through a PSF, in place.

    The seeing is put in by widening the profile in quadrature, which keeps the flux; the
    sum over the stamp is set to the flux.

    Parameters
    ----------
    galaxies : (n, 7) float
        See `sky.Sky`, positions in pixels of this image.
    """
    for (x, y, _, radius, ratio, angle, index), each in zip(galaxies, flux, strict=True):
        window = _window(image, x, y, int(min(8 * radius + 8, 60)))
        if window is None:
            continue
        rows, columns = window
        dy = np.arange(rows.start, rows.stop)[:, None] - y
        dx = np.arange(columns.start, columns.stop)[None, :] - x
        cos, sin = np.cos(angle), np.sin(angle)
        soft = 0.25 * psf.fwhm**2
        wide, narrow = np.hypot(radius, 0.3 * psf.fwhm), np.hypot(radius * ratio, 0.3 * psf.fwhm)
        u, v = cos * dx + sin * dy, cos * dy - sin * dx
        r = np.sqrt((u * u + 0.15 * soft) / wide**2 + (v * v + 0.15 * soft) / narrow**2)
        # b of Ciotti & Bertin 1999, A&A 352, 447, to first order.
        profile = np.exp(-(2 * index - 1 / 3) * r ** (1 / index))
        # What a stamp at the edge lacks is not given to the rest of it.
        whole = profile.sum() / _part_inside(rows, columns, x, y)
        image[rows, columns] += each * profile / whole


def _part_inside(rows: slice, columns: slice, x: float, y: float) -> float:
    """Return about which part of a round source is on a stamp that the edge may cut."""
    height, width = rows.stop - rows.start, columns.stop - columns.start
    reach_x = min(x - columns.start, columns.stop - 1 - x)
    reach_y = min(y - rows.start, rows.stop - 1 - y)
    part = min(1.0, max(0.5, 0.5 + reach_x / width)) * min(1.0, max(0.5, 0.5 + reach_y / height))
    return float(part)


def _window(image: Floats, x: float, y: float, radius: int) -> tuple[slice, slice] | None:
    column, row = round(x), round(y)
    height, width = image.shape
    rows = slice(max(row - radius, 0), min(row + radius + 1, height))
    columns = slice(max(column - radius, 0), min(column + radius + 1, width))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return None
    return rows, columns


@dataclass(frozen=True)
class Shift:
    """Displacement of the true grid on an image: what registration left over.

    Attributes
    ----------
    x, y : float
        Pixels, at the centre.
    stretch : float
        Relative change of scale.
    turn : float
        Radians.
    centre : float
        Pixels.
    """

    x: float
    y: float
    stretch: float
    turn: float
    centre: float

    def __call__(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return positions on the image of true positions."""
        dx, dy = x - self.centre, y - self.centre
        return (
            x + self.x + self.stretch * dx - self.turn * dy,
            y + self.y + self.stretch * dy + self.turn * dx,
        )


def draw_shift(rng: np.random.Generator, spread_px: float, size: int) -> Shift:
    """Draw a registration error; at the corners it is about twice that at the centre."""
    x, y = rng.normal(0, spread_px, 2)
    stretch, turn = rng.normal(0, 2 * spread_px / size, 2)
    return Shift(float(x), float(y), float(stretch), float(turn), (size - 1) / 2)
