"""Times of surveys as heliocentric dates, against astropy's own light travel times."""

from __future__ import annotations

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import EarthLocation, SkyCoord
from astropy.time import Time
from astropy.utils import iers

from scope.lightcurves.times import TimeSystem, heliocentric_mjd

MJD = np.array([53000.25, 55555.5, 57753.0, 58484.75, 59000.125, 60310.3])
"""Both sides of the leap second at the end of 2016 (MJD 57754)."""
RA = np.array([0.0, 90.0, 180.0, 270.0, 33.3, 266.4])
DEC = np.array([0.0, 66.0, -30.0, -66.0, 89.0, -29.0])
SECOND = 1 / 86400


def light_travel(times: Time, kind: str) -> np.ndarray:
    """How much later light reaches the Sun, or the barycentre, than the Earth's centre, days."""
    sky = SkyCoord(RA * u.deg, DEC * u.deg)
    # The pole is 6357 km from the centre: 0.021 s of light.
    with iers.conf.set_temp("auto_download", False):
        found = times.light_travel_time(
            sky, kind, location=EarthLocation.from_geocentric(0, 0, 1, unit=u.m)
        )
    return found.to_value(u.day)


@pytest.mark.parametrize("scale", ["utc", "tai", "tt", "tdb"])
def test_dates_on_earth_are_brought_to_the_sun_in_utc(scale: str) -> None:
    times = Time(MJD, format="mjd", scale=scale)
    expected = times.utc.mjd + light_travel(times, "heliocentric")
    found = heliocentric_mjd(MJD, TimeSystem("mjd", scale), RA, DEC)
    # TT is taken for TDB, which differs by 0.0017 s at most
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.005 * SECOND)
    assert np.abs(found - times.utc.mjd).max() > 200 * SECOND


def test_barycentric_dates_are_brought_from_the_barycentre_to_the_sun() -> None:
    times = Time(MJD, format="mjd", scale="tdb")
    shift = light_travel(times, "heliocentric") - light_travel(times, "barycentric")
    bjd = times.jd + light_travel(times, "barycentric")
    expected = times.utc.mjd + light_travel(times, "barycentric") + shift
    found = heliocentric_mjd(bjd - 2454833.0, TimeSystem("bjd", "tdb", 2454833.0), RA, DEC)
    # a Julian date has 4e-5 s in its last digit
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.01 * SECOND)
    assert np.abs(shift).max() > 1 * SECOND


def test_heliocentric_dates_in_utc_do_not_change_by_a_bit_and_need_no_position() -> None:
    nowhere = np.full(len(MJD), np.nan)
    found = heliocentric_mjd(MJD, TimeSystem("hmjd"), nowhere, nowhere)
    assert found.tobytes() == MJD.tobytes()
    hjd = heliocentric_mjd(MJD + 2400000.5, TimeSystem("hjd"), nowhere, nowhere)
    np.testing.assert_allclose(hjd, MJD, rtol=0, atol=5e-10)
    assert not TimeSystem("hjd").needs_position


def test_a_date_on_earth_of_something_nowhere_is_not_known() -> None:
    found = heliocentric_mjd(
        np.array([58000.0, np.nan, 58000.0]),
        TimeSystem("mjd"),
        np.array([np.nan, 10.0, 10.0]),
        np.array([20.0, 20.0, 20.0]),
    )
    assert np.isnan(found).tolist() == [True, True, False]
    assert heliocentric_mjd(MJD[:0], TimeSystem("jd", "tai"), RA[:0], DEC[:0]).shape == (0,)
