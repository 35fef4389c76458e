"""Neighbours on the sphere, against astropy and by hand."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from scope.lightcurves.sky import PositionTree, bounding_cap, separation_arcsec, unit_vectors

ARCSEC = 1 / 3600


@pytest.fixture
def crowded() -> tuple[np.ndarray, np.ndarray]:
    """Positions in a few arcsec around the pole and around right ascension 0."""
    rng = np.random.default_rng(1)
    ra = np.concatenate([rng.uniform(0, 360, 60), rng.normal(0, 5 * ARCSEC, 60) % 360])
    dec = np.concatenate([90 - rng.uniform(0, 10, 60) * ARCSEC, rng.normal(0, 5 * ARCSEC, 60)])
    return ra, dec


def test_separations_are_those_of_astropy(crowded):
    ra, dec = crowded
    coordinates = SkyCoord(ra * u.deg, dec * u.deg)
    expected = coordinates[0].separation(coordinates).arcsec
    vectors = unit_vectors(ra, dec)
    assert separation_arcsec(vectors[:1], vectors) == pytest.approx(expected, rel=1e-8, abs=1e-9)


def test_all_pairs_within_a_radius_are_those_of_astropy(crowded):
    ra, dec = crowded
    coordinates = SkyCoord(ra * u.deg, dec * u.deg)
    # astropy calls the positions searched "self" and returns their index second.
    query, found, _, _ = coordinates.search_around_sky(coordinates, 2 * u.arcsec)
    pairs = PositionTree(ra, dec).within(ra, dec, 2.0)
    assert len(pairs.query) > len(ra)
    assert set(zip(pairs.query, pairs.found, strict=True)) == set(zip(query, found, strict=True))
    order = np.lexsort((pairs.found, pairs.separation_arcsec, pairs.query))
    assert order.tolist() == list(range(len(order)))


def test_the_nearest_is_found_not_the_first():
    tree = PositionTree([10, 10, 10], [1.5 * ARCSEC, -0.5 * ARCSEC, 3 * ARCSEC])
    index, separation = tree.nearest([10.0, 10.0, 50.0], [0.0, 4.5 * ARCSEC, 0.0], 2.0)
    assert index.tolist() == [1, 2, -1]
    assert separation[:2] == pytest.approx([0.5, 1.5])
    assert np.isnan(separation[2])


def test_of_equally_near_positions_the_first_is_taken():
    tree = PositionTree([10.0] * 5, [0.0] * 5)
    assert tree.nearest([10.0], [0.0], 2.0)[0].tolist() == [0]


def test_a_neighbour_at_the_radius_counts():
    tree = PositionTree([0.0], [90.0])
    assert tree.nearest([0.0], [0.0], 90 * 3600 * (1 + 1e-12))[0].tolist() == [0]
    assert tree.nearest([0.0], [0.0], 90 * 3600 * (1 - 1e-9))[0].tolist() == [-1]


def test_positions_that_are_undefined_match_nothing():
    tree = PositionTree([np.nan, 10.0], [0.0, 0.0])
    index, _ = tree.nearest([10.0, np.nan], [0.0, 0.0], 2.0)
    assert index.tolist() == [1, -1]


def test_nothing_matches_nothing():
    assert PositionTree([], []).nearest([1.0], [1.0], 2.0)[0].tolist() == [-1]
    assert PositionTree([1.0], [1.0]).nearest([], [], 2.0)[0].tolist() == []


def test_each_position_may_have_a_radius_of_its_own():
    tree = PositionTree([10.0], [0.0])
    pairs = tree.within([10.0, 10.0], [5 * ARCSEC, 5 * ARCSEC], [4.0, 6.0])
    assert pairs.query.tolist() == [1]


def test_a_cap_holds_all_positions_at_the_pole_and_around_zero(crowded):
    ra, dec = (values[60:] for values in crowded)
    centre, radius = bounding_cap(ra, dec)
    assert radius < 30
    assert (separation_arcsec(unit_vectors(ra, dec), centre) <= radius).all()
    assert bounding_cap([0, 120, 240], [89.0] * 3)[1] == pytest.approx(3600)
    assert bounding_cap([], [])[1] == 0
