"""Light curves on the epochs of another one, without its variability."""

from __future__ import annotations

import numpy as np
import pytest

from scope.lightcurves import shuffling

YEARS = np.concatenate([365.25 * year + np.linspace(0.0, 200.0, 60) for year in range(3)])
"""Three seasons of 200 days, 165 days apart."""


def test_a_gap_ends_a_season() -> None:
    np.testing.assert_array_equal(shuffling.seasons(YEARS), np.repeat([0, 1, 2], 60))


def test_a_field_without_gaps_has_seasons_of_a_year() -> None:
    time = np.arange(0.0, 3 * 365.25, 3.0)
    np.testing.assert_array_equal(shuffling.seasons(time), (time // 365.25).astype(int))


def test_a_shuffle_is_a_permutation() -> None:
    order = shuffling.shuffled(np.random.default_rng(1), 100)
    np.testing.assert_array_equal(np.sort(order), np.arange(100))
    # One point in n stays where it is, on average, whatever n.
    assert (order == np.arange(100)).sum() < 8


def test_a_shuffle_within_seasons_leaves_each_point_in_its_season() -> None:
    order = shuffling.shuffled_in_season(np.random.default_rng(2), YEARS)
    for season in range(3):
        part = slice(60 * season, 60 * (season + 1))
        np.testing.assert_array_equal(np.sort(order[part]), np.arange(180)[part])
    assert (order == np.arange(180)).sum() < 15


def test_noise_scatters_by_the_stated_errors_about_the_weighted_mean() -> None:
    rng = np.random.default_rng(3)
    n = 40000
    magerr = rng.uniform(0.01, 0.2, n)
    mag = 16.0 + 0.5 * np.sin(np.arange(n))
    noise = shuffling.white_noise(rng, mag, magerr)
    pulls = (noise - np.sum(mag / magerr**2) / np.sum(1 / magerr**2)) / magerr
    # Of n normal numbers: the mean is known to n^-1/2, the variance to (2 / n)^1/2.
    assert abs(pulls.mean()) < 4 / np.sqrt(n)
    assert pulls.var() == pytest.approx(1.0, abs=4 * np.sqrt(2 / n))
    # The order of the errors is kept: large ones scatter more.
    assert np.std(noise[magerr > 0.15]) > 3 * np.std(noise[magerr < 0.05])


def test_alerts_are_points_five_sigma_from_the_reference() -> None:
    # With errors of 0.02 mag, 5 sigma of a flux f are 5 * 0.02 * ln(10) / 2.5 f = 0.0921 f. Over
    # that of the reference, f - 1 > 0.0921 f from 0.1049 mag on; 1 - f > 0.0921 f from 0.0957 on.
    mag = np.array([17.0] * 20 + [17 - 0.104, 17 - 0.106, 17 + 0.0950, 17 + 0.0965])
    raised = shuffling.as_alerts(mag, np.full(len(mag), 0.02))
    np.testing.assert_array_equal(raised, [False] * 20 + [False, True, False, True])
