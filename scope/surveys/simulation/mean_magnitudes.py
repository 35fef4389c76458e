"""Mean magnitudes, parallaxes and proper motions of a star in the catalogues."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.polynomial import polyval

from scope.surveys.simulation.simulated_star import Physique

_G_MINUS = {
    "g": (0.2199, -0.6365, -0.1548, 0.0064),
    "r": (-0.09837, 0.08592, 0.1907, -0.1701, 0.02263),
    "i": (-0.293, 0.6404, -0.09609, -0.002104),
    "Ks": (-0.0981, 2.089, -0.1579),
}
"""G minus a band as polynomials of BP - RP (Riello et al. 2021, A&A 649, A3, table C.2)."""

_EXTINCTION = {
    "g": 1.157, "r": 0.828, "i": 0.613, "z": 0.482, "y": 0.396,
    "G": 0.789, "BP": 1.002, "RP": 0.589, "W1": 0.065, "W2": 0.052,
}  # fmt: skip
"""A_band / A_V: Schlafly & Finkbeiner 2011, ApJ 737, 103, for Pan-STARRS; Wang & Chen 2019,
ApJ 877, 116, for Gaia and WISE."""

_DWARF_REDDEST_G_R = 1.5
"""g - r of M dwarfs stays near this value (Covey et al. 2007, AJ 134, 2398)."""


@dataclass(frozen=True)
class MeanPhotometry:
    """Photometry of a star at rest, as catalogues list it.

    Attributes
    ----------
    mags : dict of str to float
        Observed magnitudes: g, r, i, z, y (AB), G, BP, RP, W1 to W4 (Vega).
    parallax_mas : float
        0 for extragalactic sources.
    pm_mas_yr : tuple of float
        Proper motion towards east and north.
    extended : bool
        Not a point source.
    """

    mags: dict[str, float]
    parallax_mas: float
    pm_mas_yr: tuple[float, float]
    extended: bool

    def ztf_mag(self, filter_id: int) -> float:
        """Return the magnitude in the survey's filter 1 (g), 2 (r) or 3 (i)."""
        return self.mags["gri"[filter_id - 1]]


def mean_photometry(rng: np.random.Generator, physique: Physique, r_mag: float) -> MeanPhotometry:
    """Derive the photometry of a star of a given magnitude in r.

    The distance follows from the absolute magnitude, the apparent one and the
    extinction.
    """
    mags = _intrinsic(physique.bp_rp)
    excess = physique.dust_mag
    mags["W1"] -= excess
    mags["W2"] = mags["W1"] - physique.w1_w2
    mags["W3"] = mags["W2"] - excess - 0.02
    mags["W4"] = mags["W3"] - excess - 0.05
    for band, ratio in _EXTINCTION.items():
        mags[band] += ratio * physique.extinction_v
    shift = r_mag - mags["r"]
    mags = {band: mag + shift for band, mag in mags.items()}
    if physique.extragalactic:
        return MeanPhotometry(mags, 0.0, (0.0, 0.0), physique.extended)
    # In `mags`, G of the star at rest was 0 before extinction and distance.
    modulus = shift - physique.abs_mag
    parallax = 1000.0 / 10.0 ** ((modulus + 5.0) / 5.0)
    speed = physique.speed_km_s * rng.standard_normal(2)
    # A parallax of 1 mas and 4.74 km/s make 1 mas/yr (IAU astronomical unit and year).
    east, north = speed / 4.74047 * parallax
    return MeanPhotometry(mags, parallax, (float(east), float(north)), physique.extended)


def ztf_colours(bp_rp: float, extinction_v: float) -> tuple[float, float]:
    """Return g - r and r - i of a star of a Gaia colour behind dust, mag."""
    mags = _intrinsic(bp_rp)
    g, r, i = (mags[band] + _EXTINCTION[band] * extinction_v for band in "gri")
    return g - r, r - i


def _intrinsic(bp_rp: float) -> dict[str, float]:
    """Return magnitudes of a star of G = 0 without extinction."""
    colour = float(np.clip(bp_rp, -0.4, 3.6))
    mags = {band: -float(polyval(colour, terms)) for band, terms in _G_MINUS.items()}
    reddest = _DWARF_REDDEST_G_R + 0.12 * max(colour - 2.2, 0.0)
    mags["g"] = mags["r"] + min(mags["g"] - mags["r"], reddest)
    mags["i"] = min(mags["i"], mags["r"] + 0.25)
    red = mags["r"] - mags["i"]
    mags["z"] = mags["i"] - 0.52 * red
    mags["y"] = mags["z"] - 0.27 * red
    mags["G"] = 0.0
    mags["RP"] = -(0.24 + 0.48 * colour - 0.02 * colour**2)
    mags["BP"] = mags["RP"] + bp_rp
    mags["W1"] = mags.pop("Ks") - 0.05
    return {**mags, "W2": 0.0, "W3": 0.0, "W4": 0.0}
