"""Bright stars: how far they spoil photometry, and which sources that hits."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from scope.errors import ConfigError, MissingColumnError
from scope.lightcurves.bright_stars import (
    BrightStarOptions,
    exclusion_radius_arcsec,
    near_bright_star,
    tycho_from_gaia,
)

# Computed with the published ZTF Source Classification Project code, release 0.9.5.
REFERENCE_RADII = [
    (4, 0.5, 174.01),
    (8, 0.5, 60.55),
    (12, 0.5, 14.38),
    (4, 0.8, 172.77),
    (6, 0.8, 107.30),
    (8, 0.8, 58.65),
    (10, 0.8, 26.84),
    (12, 0.8, 11.84),
    (10, 1.5, 23.01),
    (12, 1.5, 0),
]


@pytest.mark.parametrize(("g", "bp_rp", "radius"), REFERENCE_RADII)
def test_the_exclusion_radius_has_the_reference_values(g, bp_rp, radius):
    assert exclusion_radius_arcsec(g, bp_rp) == pytest.approx(radius, abs=0.005)


def test_the_polynomials_are_those_of_the_gaia_documentation():
    # By hand for BP - RP = 1: sums of the coefficients of the two published polynomials.
    b_t, v_t = tycho_from_gaia(10.0, 1.0)
    assert b_t == pytest.approx(10 + 0.004288 + 0.8547 - 0.1244 + 0.9085 - 0.4843 + 0.06814)
    assert v_t == pytest.approx(10 + 0.01077 + 0.0682 + 0.2387 - 0.02342)


def test_faint_and_unknown_stars_have_no_tycho_magnitude_and_no_radius():
    g, bp_rp = np.array([13.0, np.nan, 8.0]), np.array([0.5, 0.5, np.nan])
    assert np.isnan(tycho_from_gaia(g, bp_rp)[0]).all()
    assert exclusion_radius_arcsec(g, bp_rp).tolist() == [0, 0, 0]


def stars(*rows: tuple[float, float, float, float]) -> pa.Table:
    """A Gaia table of (ra, dec, G, BP - RP)."""
    ra, dec, g, colour = zip(*rows, strict=True) if rows else ((), (), (), ())
    names = ["ra", "dec", "phot_g_mean_mag", "bp_rp"]
    return pa.table([pa.array(list(v), pa.float64()) for v in (ra, dec, g, colour)], names=names)


def test_sources_within_the_radius_go_and_those_outside_stay():
    # G 8, BP - RP 0.5: 60.55 arcsec.
    dec = np.array([60.0, 61.0]) / 3600
    near = near_bright_star([10.0, 10.0], dec, stars((10.0, 0.0, 8.0, 0.5)))
    assert near.tolist() == [True, False]


def test_the_radius_is_an_angle_on_the_sphere_across_right_ascension_zero():
    # At declination 60 an arcsec on the sky is two arcsec of right ascension.
    ra = [119 / 3600, 122 / 3600, 360 - 119 / 3600]
    near = near_bright_star(ra, [60.0] * 3, stars((0.0, 60.0, 8.0, 0.5)))
    assert near.tolist() == [True, False, True]


def test_a_bright_star_does_not_exclude_itself():
    assert near_bright_star([10.0], [1 / 3600], stars((10.0, 0.0, 8.0, 0.5))).tolist() == [False]


def test_a_bright_star_is_excluded_by_another_one():
    gaia = stars((10.0, 0.0, 8.0, 0.5), (10.0, 30 / 3600, 12.0, 0.5))
    # The second star is in the glare of the first (60"), the first not in that of the second (14").
    assert near_bright_star([10.0, 10.0], [0.0, 30 / 3600], gaia).tolist() == [False, True]


def test_the_star_itself_counts_from_its_own_position():
    # 61.5" from the bright star by the survey, 60" by Gaia: inside 60.55".
    gaia = stars((10.0, 0.0, 8.0, 0.5), (10.0, 60 / 3600, 12.9, 0.5))
    assert near_bright_star([10.0], [61.5 / 3600], gaia).tolist() == [True]
    assert near_bright_star([10.0], [61.5 / 3600], gaia.slice(0, 1)).tolist() == [False]


def test_stars_beyond_the_query_radius_never_count():
    gaia = stars((10.0, 0.0, 8.0, 0.5))
    options = BrightStarOptions(query_radius_arcsec=30)
    near = near_bright_star([10.0, 10.0], [29 / 3600, 31 / 3600], gaia, options)
    assert near.tolist() == [True, False]


def test_colour_may_come_as_two_magnitudes():
    table = stars((10.0, 0.0, 8.0, 0.5)).drop_columns(["bp_rp"])
    table = table.append_column("phot_bp_mean_mag", pa.array([8.3]))
    table = table.append_column("phot_rp_mean_mag", pa.array([7.8]))
    assert near_bright_star([10.0], [60.0 / 3600], table).tolist() == [True]


def test_no_stars_exclude_nothing_and_no_sources_are_none():
    assert near_bright_star([10.0], [0.0], stars()).tolist() == [False]
    assert near_bright_star([], [], stars((10.0, 0.0, 8.0, 0.5))).tolist() == []


def test_a_table_without_magnitudes_is_refused():
    with pytest.raises(MissingColumnError, match="phot_g_mean_mag"):
        near_bright_star([1.0], [1.0], pa.table({"ra": [1.0], "dec": [1.0], "bp_rp": [0.5]}))


def test_a_radius_that_is_none_is_refused():
    with pytest.raises(ConfigError, match="query_radius_arcsec"):
        BrightStarOptions(query_radius_arcsec=0)
