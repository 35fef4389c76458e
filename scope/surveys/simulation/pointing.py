"""Where quadrants lie, and when they can be observed from Palomar."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scope.errors import InputError

Array = npt.NDArray[np.float64]

QUADRANT_SIZE_DEG = 0.85
"""Side of one of the 64 quadrants: 3072 pixels of 1.01 arcsec (Bellm et al. 2019)."""

PALOMAR_LATITUDE_DEG = 33.356
PALOMAR_EAST_LONGITUDE_DEG = -116.863

_CCD_PITCH_DEG = 1.9
_ROW_SPACING_DEG = 7.2
_SOUTHERNMOST_ROW_DEG = -31.45
_FIRST_FIELD_OF_ROW = (
    199, 245, 294, 344, 395, 447, 499, 550, 600, 648, 693, 736, 773, 804, 829, 848, 861, 868,
)  # fmt: skip
_LAST_FIELD = 880
_FIRST_RA_DEG = 1.2
_MINUTES = 10.0


def field_centre(field: int) -> tuple[float, float]:
    """Return where a field lies, in degrees.

    Rows of equal declination, 7.2 degrees apart, numbered eastward, like the primary
    grid of ZTF (Bellm et al. 2019, PASP 131, 018002). Centres agree with those of the
    survey to a few degrees: enough for seasons and airmasses. Fields from 1000 on are
    the secondary grid, shifted by half a field.

    Raises
    ------
    InputError
        If the number is in neither grid.
    """
    shift = 0.5 if field >= 1000 else 0.0
    number = field - 1001 + 245 if field >= 1000 else field
    if not _FIRST_FIELD_OF_ROW[0] <= number < _LAST_FIELD:
        raise InputError(
            "field that cannot be simulated",
            value=field,
            allowed=f"{_FIRST_FIELD_OF_ROW[0]} to {_LAST_FIELD - 1}, or 1001 to 1635",
        )
    row = int(np.searchsorted(_FIRST_FIELD_OF_ROW, number, side="right")) - 1
    ends = (*_FIRST_FIELD_OF_ROW[1:], _LAST_FIELD)
    in_row = ends[row] - _FIRST_FIELD_OF_ROW[row]
    ra = _FIRST_RA_DEG + (number - _FIRST_FIELD_OF_ROW[row] + shift) * 360.0 / in_row
    dec = _SOUTHERNMOST_ROW_DEG + _ROW_SPACING_DEG * (row + shift)
    return ra % 360.0, min(dec, 88.0)


def quadrant_centre(field: int, ccd: int, quad: int) -> tuple[float, float]:
    """Return where a quadrant lies, in degrees.

    CCDs 1-4 are the southern row from east to west, 13-16 the northern one; quadrants
    1-4 run counter-clockwise from the north-east corner of a CCD.
    """
    ra, dec = field_centre(field)
    east = (1.5 - (ccd - 1) % 4) * _CCD_PITCH_DEG
    north = ((ccd - 1) // 4 - 1.5) * _CCD_PITCH_DEG
    east += QUADRANT_SIZE_DEG / 2 * (1 if quad in (1, 4) else -1)
    north += QUADRANT_SIZE_DEG / 2 * (1 if quad in (1, 2) else -1)
    return offset_position(ra, dec, east, north)


def offset_position(
    ra: float, dec: float, east_deg: float, north_deg: float
) -> tuple[float, float]:
    """Return the position at tangent-plane offsets (degrees) from another."""
    xi, eta = np.radians(east_deg), np.radians(north_deg)
    sin, cos = np.sin(np.radians(dec)), np.cos(np.radians(dec))
    denominator = cos - eta * sin
    new_ra = ra + np.degrees(np.arctan2(xi, denominator))
    new_dec = np.degrees(np.arctan2(sin + eta * cos, np.hypot(xi, denominator)))
    return float(new_ra % 360.0), float(new_dec)


def sun_position(mjd: Array) -> tuple[Array, Array]:
    """Return right ascension and declination of the Sun in degrees, good to 0.02 degrees.

    Low-precision formulae of the Astronomical Almanac, section C.

    `mjd` (modified Julian days) and the result: (n,) float64.
    """
    days = mjd - 51544.5
    longitude = np.radians(280.460 + 0.9856474 * days)
    anomaly = np.radians(357.528 + 0.9856003 * days)
    ecliptic = longitude + np.radians(1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    return _equatorial(ecliptic, np.zeros_like(ecliptic))


def moon_position(mjd: Array) -> tuple[Array, Array]:
    """Return right ascension and declination of the Moon in degrees, good to 0.3 degrees.

    The largest terms of the Astronomical Almanac, section D.

    `mjd` (modified Julian days) and the result: (n,) float64.
    """
    t = (mjd - 51544.5) / 36525.0
    rad = np.radians
    longitude = (
        218.32
        + 481267.881 * t
        + 6.29 * np.sin(rad(134.9 + 477198.85 * t))
        - 1.27 * np.sin(rad(259.2 - 413335.38 * t))
        + 0.66 * np.sin(rad(235.7 + 890534.23 * t))
        + 0.21 * np.sin(rad(269.9 + 954397.70 * t))
    )
    latitude = 5.13 * np.sin(rad(93.3 + 483202.03 * t)) + 0.28 * np.sin(rad(228.2 + 960400.87 * t))
    return _equatorial(rad(longitude), rad(latitude))


def moon_illumination(mjd: Array) -> Array:
    """Return the illuminated fraction of the Moon, 0 to 1.

    `mjd` (modified Julian days) and the result: (n,) float64.
    """
    elongation = separation_deg(*sun_position(mjd), *moon_position(mjd))
    return (1.0 - np.cos(np.radians(elongation))) / 2.0


def altitude_deg(mjd: Array, ra: float | Array, dec: float | Array) -> Array:
    """Return the altitude above the horizon of Palomar, in degrees.

    `mjd` (modified Julian days), `ra`, `dec` (degrees) and the result are of one shape, (n,).
    """
    sidereal = 280.46061837 + 360.98564736629 * (mjd - 51544.5) + PALOMAR_EAST_LONGITUDE_DEG
    hour_angle, dec = np.radians(sidereal - ra), np.radians(dec)
    latitude = np.radians(PALOMAR_LATITUDE_DEG)
    sine = np.sin(latitude) * np.sin(dec) + np.cos(latitude) * np.cos(dec) * np.cos(hour_angle)
    return np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0)))


def separation_deg(
    ra1: float | Array, dec1: float | Array, ra2: float | Array, dec2: float | Array
) -> Array:
    """Return angles between positions, in degrees.

    `ra1`, `dec1`, `ra2`, `dec2` (degrees) broadcast to the shape of the result, (n,) float64.
    """
    ra1, dec1, ra2, dec2 = (np.radians(value) for value in (ra1, dec1, ra2, dec2))
    haversine = (
        np.sin((dec2 - dec1) / 2) ** 2 + np.cos(dec1) * np.cos(dec2) * np.sin((ra2 - ra1) / 2) ** 2
    )
    return np.degrees(2 * np.arcsin(np.sqrt(np.clip(haversine, 0.0, 1.0))))


def observing_windows(
    nights_mjd: Array, ra: float, dec: float, *, min_altitude_deg: float
) -> tuple[Array, Array]:
    """Return when a position can be observed in each night.

    Parameters
    ----------
    nights_mjd : (n,) float64
        Integer MJD: at Palomar the night lies around MJD + 0.33.
    min_altitude_deg : float
        The position must be this high, the Sun 12 degrees below the horizon.

    Returns
    -------
    start, length : (n,) float64
        MJD of the beginning and days; the length is 0 where the night has no window.
    """
    grid = np.arange(0.0, 0.65, _MINUTES / 1440.0)
    times = nights_mjd[:, None] + grid
    open_ = altitude_deg(times, ra, dec) > min_altitude_deg
    # The Sun moves 4 minutes a day: its place at midnight serves the night.
    sun_ra, sun_dec = sun_position(nights_mjd + 0.33)
    open_ &= altitude_deg(times, sun_ra[:, None], sun_dec[:, None]) < -12.0
    first = np.argmax(open_, axis=1)
    length = open_.sum(axis=1) * (_MINUTES / 1440.0)
    return nights_mjd + grid[first], np.where(open_.any(axis=1), length, 0.0)


def _equatorial(longitude: Array, latitude: Array) -> tuple[Array, Array]:
    """Turn ecliptic coordinates (radians) into equatorial ones (degrees)."""
    obliquity = np.radians(23.439)
    x = np.cos(latitude) * np.cos(longitude)
    y = np.cos(latitude) * np.sin(longitude)
    z = np.sin(latitude)
    ra = np.arctan2(y * np.cos(obliquity) - z * np.sin(obliquity), x)
    dec = np.arcsin(np.clip(y * np.sin(obliquity) + z * np.cos(obliquity), -1.0, 1.0))
    return np.degrees(ra) % 360.0, np.degrees(dec)
