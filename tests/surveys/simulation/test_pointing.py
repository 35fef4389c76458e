"""Positions and observability, against astropy and against real files."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from scope.errors import InputError
from scope.surveys.simulation import pointing

NIGHTS = np.arange(58200.0, 59300.0, 37.0)


def _separation(ra1, dec1, ra2, dec2):
    return float(np.max(pointing.separation_deg(ra1, dec1, ra2, dec2)))


def test_sun_and_moon_stand_where_astropy_puts_them():
    from astropy.coordinates import get_body
    from astropy.time import Time

    time = Time(NIGHTS, format="mjd")
    for body, function, tolerance_deg in (
        ("sun", pointing.sun_position, 0.05),
        # astropy's Moon is seen from the centre of the Earth here, as ours is.
        ("moon", pointing.moon_position, 0.7),
    ):
        expected = get_body(body, time)
        # Equinox of date against J2000: a quarter of a degree in 2018.
        got = function(NIGHTS)
        assert _separation(*got, expected.ra.deg, expected.dec.deg) < tolerance_deg + 0.3


def test_altitudes_at_palomar_agree_with_astropy():
    import astropy.units as u
    from astropy.coordinates import AltAz, EarthLocation, SkyCoord
    from astropy.time import Time
    from astropy.utils.iers import conf

    palomar = EarthLocation(lat=pointing.PALOMAR_LATITUDE_DEG * u.deg, lon=-116.863 * u.deg)
    position = SkyCoord(120.0, 25.0, unit="deg")
    with conf.set_temp("auto_download", False):
        frame = AltAz(obstime=Time(NIGHTS + 0.3, format="mjd"), location=palomar)
        expected = position.transform_to(frame).alt.deg
    np.testing.assert_allclose(pointing.altitude_deg(NIGHTS + 0.3, 120.0, 25.0), expected, atol=0.4)


def test_the_moon_is_full_when_it_was_full():
    # Full moons of 2019-01-21 05:16 UT and 2020-04-08 02:35 UT, new moon of 2019-07-02
    # 19:16 UT (a total solar eclipse): US Naval Observatory.
    times = np.array([58504.219, 58947.108, 58666.803])
    np.testing.assert_allclose(pointing.moon_illumination(times), [1.0, 1.0, 0.0], atol=0.01)


@pytest.mark.real
def test_fields_lie_near_those_of_the_survey(real_data):
    table = pq.read_table(
        real_data / "light_curves/ztf_wd/lightcurves.parquet",
        columns=["fieldid", "objra", "objdec"],
    ).to_pandas()
    table = table[table.fieldid < 1000].drop_duplicates("fieldid")
    centres = np.array([pointing.field_centre(int(field)) for field in table.fieldid])
    distance = pointing.separation_deg(centres[:, 0], centres[:, 1], table.objra, table.objdec)
    # A field reaches 5.2 degrees from its centre to its corners; the grid is good to 2.
    assert len(table) > 20
    assert np.max(distance) < 7.5


@pytest.mark.real
def test_quadrants_of_a_field_lie_where_bulk_files_have_them(real_data):
    folder = real_data / "light_curves/ztf_dr5_bulk"
    for name, quadrant in (
        ("ztf_000250_zg_c01_q1_dr5.parquet", (250, 1, 1)),
        ("ztf_000202_zg_c16_q2_dr5.parquet", (202, 16, 2)),
    ):
        table = pq.read_table(folder / name, columns=["objra", "objdec"]).to_pandas()
        ra, dec = pointing.quadrant_centre(*quadrant)
        assert (
            float(pointing.separation_deg(ra, dec, table.objra.mean(), table.objdec.mean())) < 1.0
        )
        assert abs(np.ptp(table.objdec) - pointing.QUADRANT_SIZE_DEG) < 0.05


def test_offsets_on_the_sky_have_the_length_asked_for():
    ra, dec = pointing.offset_position(359.99, 70.0, 0.3, 0.4)
    # 0.5 degrees in the tangent plane is atan(0.5 deg) on the sphere.
    expected = np.degrees(np.arctan(np.hypot(np.radians(0.3), np.radians(0.4))))
    assert float(pointing.separation_deg(359.99, 70.0, ra, dec)) == pytest.approx(
        expected, rel=1e-6
    )
    assert 0.0 <= ra < 360.0


@pytest.mark.parametrize("field", [0, 150, 900, 2000])
def test_fields_outside_the_grid_are_refused(field):
    with pytest.raises(InputError, match="field that cannot be simulated"):
        pointing.field_centre(field)
