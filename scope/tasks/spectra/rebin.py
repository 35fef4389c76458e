"""From pixels of cameras to normalised spectra on a grid, all spectra of a batch at once."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntFlag
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scope.errors import InputError
from scope.models.spectra.wavelength_grid import Grid

Floats = npt.NDArray[np.float64]

STEEP = 1e4
"""A normalised spectrum that changes by as much between bins is broken."""


class Flag(IntFlag):
    """Flags of what is wrong with a spectrum; it is kept, whatever it is."""

    DEAD_B = 1
    DEAD_R = 2
    DEAD_Z = 4
    NO_WEIGHT = 8
    NO_FLUX = 16
    STEEP = 32


DEAD_CAMERA = Flag.DEAD_B | Flag.DEAD_R | Flag.DEAD_Z
UNUSABLE = Flag.NO_WEIGHT | Flag.NO_FLUX
"""Spectra that no network can score."""


class Rebinned(NamedTuple):
    """Sums over the pixels of each bin, (n, bins) float64."""

    weighted_flux: Floats
    weight: Floats


class Camera(NamedTuple):
    """Pixels of a camera: flux and inverse variance (n, pixels), wavelength (pixels,) [A]."""

    flux: npt.NDArray[np.floating]
    ivar: npt.NDArray[np.floating]
    wavelength: npt.NDArray[np.floating]


def rebin(camera: Camera, grid: Grid) -> Rebinned:
    """Sum flux x inverse variance, and inverse variance, over the pixels of each bin.

    Pixels without a finite flux or a positive inverse variance count for nothing.
    """
    from scipy.sparse import csr_array

    # The product in the precision of the file, the sums in double: as published, to the last bit.
    ivar, flux = np.asarray(camera.ivar), np.asarray(camera.flux)
    good = np.isfinite(ivar) & (ivar > 0) & np.isfinite(flux)
    ivar = np.where(good, ivar, ivar.dtype.type(0))
    weighted = np.where(good, flux, flux.dtype.type(0)) * ivar
    bins = grid.bins(camera.wavelength)
    inside = np.flatnonzero((bins >= 0) & (bins < grid.n_bins))
    shape = (len(bins), grid.n_bins)
    sums = csr_array((np.ones(len(inside)), (inside, bins[inside])), shape=shape)
    return Rebinned(weighted.astype(np.float64) @ sums, ivar.astype(np.float64) @ sums)


def combine(
    cameras: Mapping[str, Camera], grid: Grid
) -> tuple[Floats, Floats, npt.NDArray[np.uint8]]:
    """Add cameras up on one grid.

    Returns
    -------
    flux, ivar : (n, bins) float64
        Weighted mean flux of each bin, 0 where no pixel counts, and its inverse variance.
    flags : (n,) uint8
        `Flag` of cameras without any weight, and of spectra without any.
    """
    total: Rebinned | None = None
    flags = None
    for name, camera in cameras.items():
        part = rebin(camera, grid)
        if flags is None or total is None:
            total, flags = part, np.zeros(len(part.weight), dtype=np.uint8)
        else:
            total = Rebinned(total[0] + part[0], total[1] + part[1])
        if name in ("B", "R", "Z"):
            dead = ~(np.nan_to_num(np.asarray(camera.ivar)) > 0).any(axis=1)
            flags |= np.where(dead, Flag[f"DEAD_{name}"].value, 0).astype(np.uint8)
    if total is None or flags is None:
        raise InputError("spectra without a camera")
    flux = np.divide(
        total.weighted_flux, total.weight, out=np.zeros_like(total.weight), where=total.weight > 0
    )
    flags |= np.where(total.weight.sum(axis=1) > 0, 0, Flag.NO_WEIGHT.value).astype(np.uint8)
    return flux, total.weight, flags


def normalise(
    flux: Floats, ivar: Floats, flags: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Subtract the weighted mean and divide by the weighted root mean square.

    Bins without weight have flux 0 before, as QuasarNET has them.

    Parameters
    ----------
    flux, ivar : (n, bins) float64
        Of one unit, and its inverse square.
    flags : (n,) uint8
        What is known of each spectrum so far, `Flag`.

    Returns
    -------
    (n, bins) float32, (n,) uint8
        Zeros where `UNUSABLE`; further flags.
    """
    weight = ivar.sum(axis=1, keepdims=True)
    safe = np.where(weight > 0, weight, 1.0)
    mean = (flux * ivar).sum(axis=1, keepdims=True) / safe
    rms = np.sqrt(((flux - mean) ** 2 * ivar).sum(axis=1, keepdims=True) / safe)
    usable = (weight > 0) & (rms > 0) & np.isfinite(rms)
    flags = flags | np.where(usable[:, 0] | (weight[:, 0] <= 0), 0, Flag.NO_FLUX.value)
    x = np.where(usable, (flux - mean) / np.where(usable, rms, 1.0), 0.0)
    steep = (np.abs(np.diff(x, axis=1)) >= STEEP).any(axis=1)
    flags = flags | np.where(steep, Flag.STEEP.value, 0)
    return x.astype(np.float32), flags.astype(np.uint8)
