"""Times of surveys as heliocentric modified Julian dates in UTC, which all products have.

The Sun's place is that of the Earth's centre (erfa's ``epv00``, good to 1e-7 d in the light
travel time); where on Earth the telescope stands changes times by 0.02 s at most.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import erfa
import numpy as np
import numpy.typing as npt

from scope.lightcurves.curves import HJD_OF_HMJD_ZERO

Floats = npt.NDArray[np.float64]

SYSTEMS: dict[str, tuple[float, str]] = {
    "hmjd": (HJD_OF_HMJD_ZERO, "sun"),
    "hjd": (0.0, "sun"),
    "mjd": (HJD_OF_HMJD_ZERO, "earth"),
    "jd": (0.0, "earth"),
    "bmjd": (HJD_OF_HMJD_ZERO, "barycentre"),
    "bjd": (0.0, "barycentre"),
}
"""Time system -> Julian date of its 0, and where the time holds."""

SCALES = ("utc", "tai", "tt", "tdb")
"""Scales of time. TT and TDB are taken for one: they differ by 0.002 s at most."""

_TT_AFTER_TAI_DAYS = 32.184 / 86400
_TT_AFTER_UTC_DAYS = 69.184 / 86400
"""Since 2017. Ten seconds more or less move the Earth by 0.001 s of light."""
_DAYS_PER_AU = 499.004783836156 / 86400
"""Light travel time of the astronomical unit (IAU 2012)."""


@dataclass(frozen=True)
class TimeSystem:
    """System, scale and unit of the times of a survey.

    Attributes
    ----------
    system : str
        A key of `SYSTEMS`.
    scale : str
        One of `SCALES`.
    zero : float
        Days that are to be added to what the column holds, such as 2454833 for Kepler's BKJD.
    """

    system: str = "mjd"
    scale: str = "utc"
    zero: float = 0.0

    @property
    def needs_position(self) -> bool:
        """Whether times depend on where on the sky something is seen."""
        return SYSTEMS[self.system][1] != "sun"


def heliocentric_mjd(time: Floats, times: TimeSystem, ra: Floats, dec: Floats) -> Floats:
    """Return heliocentric modified Julian dates in UTC.

    Parameters
    ----------
    time : (n,) float64
        Days, as the survey has them; NaN stays NaN.
    times : TimeSystem
    ra, dec : (n,) float64
        Degrees, ICRS, where each was observed; not looked at where times are heliocentric
        already. Where they are not known the time is not either: NaN.

    Returns
    -------
    (n,) float64
        Days.
    """
    origin, place = SYSTEMS[times.system]
    # 0 where the system has the products' own zero: not a bit of such dates changes.
    shift = times.zero + (origin - HJD_OF_HMJD_ZERO)
    mjd = time + shift if shift else time.astype(np.float64)
    good = np.isfinite(mjd)
    if place != "sun":
        good &= np.isfinite(ra) & np.isfinite(dec)
    result = np.full(len(mjd), np.nan)
    found = mjd[good]
    with warnings.catch_warnings():
        # Leap seconds of the years to come are not known; a second does no harm.
        warnings.simplefilter("ignore", erfa.ErfaWarning)
        if place != "sun":
            ahead = {"utc": _TT_AFTER_UTC_DAYS, "tai": _TT_AFTER_TAI_DAYS}
            terrestrial = found + ahead.get(times.scale, 0.0)
            found = found + _days_to_sun(terrestrial, ra[good], dec[good], place)
        result[good] = _utc(found, times.scale)
    return result


def _days_to_sun(mjd_tt: Floats, ra: Floats, dec: Floats, place: str) -> Floats:
    """Return how much later light of a direction reaches the Sun than a place, (n,) days."""
    heliocentric, barycentric = erfa.epv00(HJD_OF_HMJD_ZERO, mjd_tt)
    # Of the place as seen from the Sun, [au]: the Earth, or the barycentre.
    earth = heliocentric["p"]
    seen = earth if place == "earth" else earth - barycentric["p"]
    ra_rad, dec_rad = np.radians(ra), np.radians(dec)
    direction = np.stack(
        [np.cos(dec_rad) * np.cos(ra_rad), np.cos(dec_rad) * np.sin(ra_rad), np.sin(dec_rad)],
        axis=-1,
    )
    return np.asarray(np.sum(seen * direction, axis=-1) * _DAYS_PER_AU)


def _utc(mjd: Floats, scale: str) -> Floats:
    if scale == "utc":
        return mjd
    tai = mjd - (_TT_AFTER_TAI_DAYS if scale in ("tt", "tdb") else 0.0)
    first, second = erfa.taiutc(HJD_OF_HMJD_ZERO, tai)
    return np.asarray((first - HJD_OF_HMJD_ZERO) + second)
