"""What Gaia, AllWISE and Pan-STARRS list of a simulated source."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from scope.features.crossmatch_catalogues import CATALOGUES
from scope.schema import arrow_schema
from scope.surveys.matching import POSITION_COLUMNS
from scope.surveys.simulation.mean_magnitudes import MeanPhotometry
from scope.surveys.simulation.pointing import offset_position
from scope.surveys.simulation.positions import BrightStars, jitter

Row = dict[str, object]
Position = tuple[float, float]

EXTERNAL_SCHEMAS: dict[str, pa.Schema] = {
    name: arrow_schema((*POSITION_COLUMNS, *catalogue.columns))
    for name, catalogue in CATALOGUES.items()
}
"""Schemas of the tables by catalogue: ``ra``, ``dec`` and the catalogue's own columns."""

_YEARS_FROM_GAIA_EPOCH = 3.7
"""From Gaia's reference epoch 2016.0 to the middle of the survey's first years."""

_GAIA_G = (6.0, 13.0, 15.0, 16.0, 17.0, 18.0, 19.0, 20.0, 21.0)
_GAIA_PARALLAX_ERROR = (0.03, 0.02, 0.025, 0.042, 0.07, 0.12, 0.22, 0.50, 1.30)
"""Errors in mas, five-parameter solutions (Lindegren et al. 2021, A&A 649, A2, table 4)."""

_WISE_5_SIGMA = {1: 16.9, 2: 16.0, 3: 11.5, 4: 8.0}
"""AllWISE limits, mag (Cutri et al. 2013, section II.3.a)."""

_PS1_LIMITS = {"g": 22.0, "r": 21.8, "i": 21.5, "z": 20.9, "y": 19.7}
_PS1_SATURATION = {"g": 13.8, "r": 13.8, "i": 13.8, "z": 13.2, "y": 12.4}
"""Pan-STARRS1 single-epoch depth and saturation (Chambers et al. 2016, arXiv:1612.05560,
table 11; Magnier et al. 2020, ApJS 251, 6)."""


def gaia_row(
    rng: np.random.Generator, photometry: MeanPhotometry, position: Position, scatter_mag: float
) -> Row | None:
    """Return the row of Gaia EDR3 on a source, or None where it lists none.

    Parameters
    ----------
    position : tuple of float
        Where the survey sees the source.
    scatter_mag : float
        By how much variability moves a mean magnitude.
    """
    g = photometry.mags["G"] + rng.normal(0.0, scatter_mag)
    listed = 1.0 / (1.0 + np.exp((g - 20.85) / 0.12))
    if rng.random() > min(listed, 0.985) * (0.5 if photometry.extended else 1.0):
        return None
    east, north = (-motion * _YEARS_FROM_GAIA_EPOCH / 3.6e6 for motion in photometry.pm_mas_yr)
    error = float(np.interp(g, _GAIA_G, _GAIA_PARALLAX_ERROR)) * np.exp(rng.normal(0.0, 0.12))
    row = _gaia_photometry(rng, photometry, float(g))
    row.update(_id=_random_id(rng), **_place(offset_position(*position, east, north)))
    # Faint and extended sources have positions only.
    if rng.random() < (0.6 if photometry.extended else 0.15 * (g > 20.3)):
        names = ("parallax", "pmra", "pmdec")
        row.update({f"{name}{suffix}": None for name in names for suffix in ("", "_error")})
    else:
        row.update(
            parallax=photometry.parallax_mas - 0.017 + error * rng.standard_normal(),
            parallax_error=error,
            pmra=photometry.pm_mas_yr[0] + 1.03 * error * rng.standard_normal(),
            pmra_error=1.03 * error,
            pmdec=photometry.pm_mas_yr[1] + 0.95 * error * rng.standard_normal(),
            pmdec_error=0.95 * error,
        )
    noise = rng.exponential(0.12 + 0.5 * max(g - 18.0, 0.0) * error)
    row["astrometric_excess_noise"] = (
        noise + 2.0 if photometry.extended else noise * (rng.random() < 0.6)
    )
    return row


def bright_star_rows(rng: np.random.Generator, bright: BrightStars) -> list[Row]:
    """Return the rows of Gaia EDR3 on the bright stars."""
    rows: list[Row] = []
    for ra, dec, g, bp_rp in zip(bright.ra, bright.dec, bright.g, bright.bp_rp, strict=True):
        parallax = float(np.exp(rng.normal(1.2, 0.7)))
        rp = float(g) - 0.24 - 0.46 * float(bp_rp)
        rows.append(
            {
                "ra": float(ra),
                "dec": float(dec),
                "_id": _random_id(rng),
                "phot_g_mean_mag": float(g),
                "phot_bp_mean_mag": rp + float(bp_rp),
                "phot_rp_mean_mag": rp,
                "parallax": parallax,
                "parallax_error": 0.025,
                "pmra": float(rng.normal(0.0, 8.0 * parallax)),
                "pmra_error": 0.025,
                "pmdec": float(rng.normal(0.0, 8.0 * parallax)),
                "pmdec_error": 0.024,
                "astrometric_excess_noise": float(rng.exponential(0.1)),
                "phot_bp_rp_excess_factor": _excess_factor(float(bp_rp)),
            }
        )
    return rows


def neighbour_row(rng: np.random.Generator, row: Row, distance_arcsec: float) -> Row:
    """Return the Gaia row of a fainter star beside the one of `row`."""
    angle = rng.uniform(0.0, 2 * np.pi)
    place = offset_position(
        float(row["ra"]),  # type: ignore[arg-type]
        float(row["dec"]),  # type: ignore[arg-type]
        distance_arcsec / 3600.0 * float(np.sin(angle)),
        distance_arcsec / 3600.0 * float(np.cos(angle)),
    )
    fainter = float(rng.uniform(0.3, 2.0))
    mags = {
        name: None if row[name] is None else float(row[name]) + fainter  # type: ignore[arg-type]
        for name in ("phot_g_mean_mag", "phot_bp_mean_mag", "phot_rp_mean_mag")
    }
    return {**row, **_place(place), **mags, "_id": _random_id(rng)}


def allwise_row(
    rng: np.random.Generator, photometry: MeanPhotometry, position: Position, scatter_mag: float
) -> Row | None:
    """Return the row of AllWISE on a source, or None where it lists none.

    Bands below two sigma have a limit for a magnitude and no error, as in the catalogue.
    """
    w1 = photometry.mags["W1"] + rng.normal(0.0, 0.5 * scatter_mag)
    if rng.random() > 0.97 / (1.0 + np.exp((w1 - 17.2) / 0.15)):
        return None
    row: Row = {"_id": _random_id(rng)}
    row.update(_place(jitter(rng, position, 0.12 + 0.1 * max(w1 - 14.5, 0.0))))
    quality = ""
    for band, limit in _WISE_5_SIGMA.items():
        mag = w1 if band == 1 else photometry.mags[f"W{band}"]
        error = float(np.hypot(0.022, 0.217 * 10 ** (0.4 * (mag - limit))))
        ratio = 1.0857 / error
        if ratio < 2.0:
            row[f"w{band}mpro"] = limit + 1.0 + 0.2 * rng.standard_normal()
            row[f"w{band}sigmpro"] = None
        else:
            row[f"w{band}mpro"] = mag + error * rng.standard_normal()
            row[f"w{band}sigmpro"] = error
        quality += "A" if ratio > 10 else "B" if ratio > 3 else "C" if ratio > 2 else "U"
    row["ph_qual"] = quality
    return row


def panstarrs_row(
    rng: np.random.Generator, photometry: MeanPhotometry, position: Position, scatter_mag: float
) -> Row | None:
    """Return the row of Pan-STARRS1 DR1 on a source, or None where it lists none."""
    mags = photometry.mags
    if rng.random() > 0.97 or position[1] < -30.0:
        return None
    row: Row = dict(_place(jitter(rng, position, 0.06)))
    # objID: zones of half an arcmin in declination, then right ascension.
    zone, micro_degrees = int((position[1] + 90.0) * 120.0), int(position[0] * 1e6)
    row["_id"] = zone * 10**13 + micro_degrees * 10**4 + int(rng.integers(0, 10**4))
    seen = 0
    # A few epochs per band, most of them in the same nights: an offset in common.
    offset = rng.normal(0.0, scatter_mag)
    for band, limit in _PS1_LIMITS.items():
        true = mags[band] + offset + rng.normal(0.0, 0.25 * scatter_mag)
        if not _PS1_SATURATION[band] < true < limit:
            row[f"{band}MeanPSFMag"] = row[f"{band}MeanPSFMagErr"] = None
            continue
        seen += 1
        error = float(np.hypot(0.003, 0.06 * 10 ** (0.35 * (true - limit)))) + 0.25 * scatter_mag
        row[f"{band}MeanPSFMag"] = true + error * rng.standard_normal()
        row[f"{band}MeanPSFMagErr"] = error
    if not seen:
        return None
    extended = 3 if photometry.extended else 0
    row["qualityFlag"] = extended + int(rng.choice([60, 52, 36, 16], p=[0.72, 0.2, 0.05, 0.03]))
    return row


def _gaia_photometry(rng: np.random.Generator, photometry: MeanPhotometry, g: float) -> Row:
    shift = g - photometry.mags["G"]
    error = 0.002 + 0.05 * 10 ** (0.4 * (g - 20.0))
    bp = photometry.mags["BP"] + shift + 1.4 * error * rng.standard_normal()
    rp = photometry.mags["RP"] + shift + error * rng.standard_normal()
    factor = _excess_factor(bp - rp) + (0.006 + 0.1 * error) * rng.standard_normal()
    row: Row = {
        "phot_g_mean_mag": g,
        "phot_bp_mean_mag": bp,
        "phot_rp_mean_mag": rp,
        "phot_bp_rp_excess_factor": factor + (rng.uniform(0.3, 1.5) if photometry.extended else 0),
    }
    if rng.random() < 0.01 + 0.06 * (g > 20.4):
        row.update(phot_bp_mean_mag=None, phot_rp_mean_mag=None, phot_bp_rp_excess_factor=None)
    return row


def _excess_factor(bp_rp: float) -> float:
    """Return the mean of (BP flux + RP flux) / G flux (Riello et al. 2021, table 2)."""
    if bp_rp < 0.5:
        return 1.154360 + 0.033772 * bp_rp + 0.032277 * bp_rp**2
    return 1.162004 + 0.011464 * bp_rp + 0.049255 * bp_rp**2 - 0.005879 * bp_rp**3


def _place(position: Position) -> dict[str, float]:
    return {"ra": position[0], "dec": position[1]}


def _random_id(rng: np.random.Generator) -> int:
    """Return an id of 18 or 19 digits, as Gaia and AllWISE have."""
    return int(rng.integers(10**17, 5 * 10**18))
