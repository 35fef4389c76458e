"""Fluxes as magnitudes: the one place where they are converted, and the rule for negative ones."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

JANSKY_OF_AB_ZERO = 3631.0
"""Flux density of AB magnitude 0 (Oke and Gunn 1983, ApJ 266, 713)."""

JANSKY_PER_UNIT: dict[str, float] = {"Jy": 1.0, "mJy": 1e-3, "uJy": 1e-6, "nJy": 1e-9}
"""Units of flux density whose zero point is that of the AB system."""

_POGSON = 2.5 / math.log(10)


def zero_point(unit: str) -> float:
    """Return the AB magnitude of a flux density of 1 `unit`, a key of `JANSKY_PER_UNIT`."""
    return 2.5 * math.log10(JANSKY_OF_AB_ZERO / JANSKY_PER_UNIT[unit])


def magnitudes(flux: Floats, error: Floats, zero_point_mag: float) -> tuple[Floats, Floats]:
    """Return magnitudes and their standard errors.

    ``mag = zero_point - 2.5 log10(flux)`` and ``magerr = 2.5 / ln 10 * error / flux``, to first
    order in the error.

    A flux that is not positive has no magnitude: mag and magerr are NaN, and cleaning leaves
    the point out and counts it as ``missing``. Nothing is put in its place: an upper limit is
    no measurement. Of stars near the limit of a survey this leaves the brighter epochs alone.

    Parameters
    ----------
    flux, error : (n,) float64
        In one unit, whatever it is.
    zero_point_mag : float
        Magnitude of a flux of 1.

    Returns
    -------
    mag, magerr : (n,) float64
        Magnitudes.
    """
    positive = flux > 0
    safe = np.where(positive, flux, 1.0)
    mag = np.where(positive, zero_point_mag - 2.5 * np.log10(safe), np.nan)
    magerr = np.where(positive, _POGSON * error / safe, np.nan)
    return mag, magerr
