"""Which sources lie in the glare of a bright star."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.errors import ConfigError, MissingColumnError
from scope.lightcurves.sky import PositionTree

FAINT_LIMIT_MAG = 13.0
"""Stars of this G or fainter do not count, nor do those of this B_T or fainter."""

BRIGHT_STAR = "bright_star"


@dataclass(frozen=True)
class BrightStarOptions:
    """Options of looking for bright stars.

    Attributes
    ----------
    query_radius_arcsec : float
        Stars farther than this from a source never exclude it.
    self_match_radius_arcsec : float
        The star nearest to a source, if within this radius, is the source itself.

    Raises
    ------
    ConfigError
        If a radius is not a positive finite number.
    """

    query_radius_arcsec: float = 300.0
    self_match_radius_arcsec: float = 2.0

    def __post_init__(self) -> None:
        for name in ("query_radius_arcsec", "self_match_radius_arcsec"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ConfigError(name, value=value, allowed="a positive number of arcsec")


def tycho_from_gaia(
    g: npt.ArrayLike, bp_rp: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Estimate Tycho-2 magnitudes from Gaia photometry.

    The result: (n,) float64 both.

    Parameters
    ----------
    g, bp_rp : float or (n,) float
        Gaia G magnitude and BP - RP colour. NaN means unknown.

    Returns
    -------
    b_t, v_t : float64 of that shape
        Tycho-2 B_T and V_T. NaN where G is 13 or fainter, or something is unknown.

    Notes
    -----
    Polynomials of the Gaia EDR3 documentation, section 5.5.1 (relationships with other
    photometric systems).
    """
    g, c = np.asarray(g, float), np.asarray(bp_rp, float)
    b_t = g - np.polynomial.polynomial.polyval(
        c, [-0.004288, -0.8547, 0.1244, -0.9085, 0.4843, -0.06814]
    )
    v_t = g - np.polynomial.polynomial.polyval(c, [-0.01077, -0.0682, -0.2387, 0.02342])
    faint = ~(g < FAINT_LIMIT_MAG)
    return np.where(faint, np.nan, b_t), np.where(faint, np.nan, v_t)


def exclusion_radius_arcsec(g: npt.ArrayLike, bp_rp: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return how far around a star photometry suffers from it.

    The result: (n,) float64.

    Parameters
    ----------
    g, bp_rp : float or (n,) float
        Gaia G magnitude and BP - RP colour. NaN means unknown.

    Returns
    -------
    float64 of that shape
        Radius in arcsec; 0 for stars of B_T 13 or fainter and where something is unknown.

    Notes
    -----
    The quadratic fit to Tycho-2 photometry that the ZTF Source Classification Project
    uses (van Roestel et al. 2021, AJ 161, 267; Coughlin et al. 2021, MNRAS 505, 2954).
    """
    return radius_from_tycho_arcsec(*tycho_from_gaia(g, bp_rp))


def radius_from_tycho_arcsec(b_t: npt.ArrayLike, v_t: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the radius of `exclusion_radius_arcsec` from Tycho-2 B_T and V_T, NaN unknown.

    `b_t`, `v_t` (magnitudes) and the result: (n,) float64.
    """
    b_t, v_t = np.asarray(b_t, float), np.asarray(v_t, float)
    q = b_t - v_t
    radius = (
        354.817
        - 53.27823 * b_t
        + 66.01137 * q
        + 2.1031286 * b_t**2
        + 7.6737066 * q**2
        - 6.164676 * b_t * q
    )
    return np.where(b_t < FAINT_LIMIT_MAG, np.maximum(radius, 0.0), 0.0)


def near_bright_star(
    ra: npt.ArrayLike,
    dec: npt.ArrayLike,
    gaia: pa.Table,
    options: BrightStarOptions | None = None,
) -> npt.NDArray[np.bool_]:
    """Tell which sources lie within the exclusion radius of a bright star.

    The star nearest to a source, if very near, is the source itself: it does not count,
    and its position, better than the survey's, takes the place of the source's.

    Parameters
    ----------
    ra, dec : (n,) float
        Positions of the sources in degrees.
    gaia : pyarrow.Table
        Columns ``ra``, ``dec`` (deg), ``phot_g_mean_mag`` and either ``bp_rp`` or
        ``phot_bp_mean_mag`` and ``phot_rp_mean_mag``. Null or NaN means unknown.
    options : BrightStarOptions, optional

    Returns
    -------
    (n,) bool

    Raises
    ------
    MissingColumnError
        If the table has not these columns.
    """
    options = options or BrightStarOptions()
    ra, dec = np.array(ra, float), np.array(dec, float)
    star_ra, star_dec, g, bp_rp = _bright_stars(gaia)

    itself, _ = PositionTree(star_ra, star_dec).nearest(ra, dec, options.self_match_radius_arcsec)
    known = itself >= 0
    ra[known], dec[known] = star_ra[itself[known]], star_dec[itself[known]]

    # Stars are few and sources many: the sources go into the tree.
    radius = np.minimum(exclusion_radius_arcsec(g, bp_rp), options.query_radius_arcsec)
    glaring = np.flatnonzero(radius > 0)
    pairs = PositionTree(ra, dec).within(star_ra[glaring], star_dec[glaring], radius[glaring])
    star = glaring[pairs.query]
    hit = (pairs.separation_arcsec < radius[star]) & (itself[pairs.found] != star)
    near = np.zeros(len(ra), dtype=bool)
    near[pairs.found[hit]] = True
    return near


def _bright_stars(gaia: pa.Table) -> tuple[npt.NDArray[np.float64], ...]:
    """Return ra, dec, G and BP - RP of the stars brighter than the limit."""
    names = gaia.schema.names
    two_bands = ["phot_bp_mean_mag", "phot_rp_mean_mag"]
    colour = ["bp_rp"] if "bp_rp" in names else two_bands
    needed = ["ra", "dec", "phot_g_mean_mag", *colour]
    missing = [name for name in needed if name not in names]
    if missing:
        raise MissingColumnError(
            "Gaia table without columns",
            value=", ".join(missing),
            allowed=["ra", "dec", "phot_g_mean_mag", "bp_rp (or BP and RP magnitudes)"],
            todo=f"the table has: {', '.join(names)}",
        )
    values = [gaia.column(name).cast(pa.float64()).to_numpy() for name in needed]
    bp_rp = values[3] if colour == ["bp_rp"] else values[3] - values[4]
    bright = values[2] < FAINT_LIMIT_MAG
    return values[0][bright], values[1][bright], values[2][bright], bp_rp[bright]
