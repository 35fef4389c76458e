"""What makes a constant star seem to vary."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import dblquad

from scope.surveys.simulation import pointing, systematics

TIME = 58200.0 + np.arange(0.0, 900.0, 2.9)


def test_the_leak_of_a_neighbour_is_the_overlap_of_two_profiles() -> None:
    seeing, distance = 2.4, 2.0
    s = seeing / 2.354820045

    def profile(x: float, y: float) -> float:
        return float(np.exp(-(x**2 + y**2) / (2 * s**2)))

    box = (-9.0, 9.0, -9.0, 9.0)
    both, _ = dblquad(lambda y, x: profile(x, y) * profile(x - distance, y), *box)
    own, _ = dblquad(lambda y, x: profile(x, y) ** 2, *box)
    expected = -2.5 * np.log10(1 + 0.3 * both / own)
    found = systematics.neighbour_light(
        np.array([seeing]), flux_ratio=0.3, distance_arcsec=distance
    )
    assert found[0] == pytest.approx(expected, rel=1e-5)


def test_airmass_is_one_over_the_sine_of_the_altitude() -> None:
    altitude = np.radians(pointing.altitude_deg(TIME, 150.0, 30.0))
    high = np.degrees(altitude) > 30
    found = systematics.airmasses(TIME, 150.0, 30.0)
    np.testing.assert_allclose(found[high], 1 / np.sin(altitude[high]))
    assert found.max() < 2.5


def test_seeing_is_worse_at_large_airmass() -> None:
    rng = np.random.default_rng(1)
    time = np.arange(20000.0)
    one, two = (systematics.draw_seeing(rng, time, np.full(len(time), x)) for x in (1.0, 2.0))
    # Kolmogorov: airmass^0.6.
    assert np.median(two) / np.median(one) == pytest.approx(2**0.6, rel=0.01)
    assert np.median(one) == pytest.approx(1.9, rel=0.01)


def test_all_epochs_of_a_night_share_its_zero_point() -> None:
    time = np.repeat(np.arange(5000.0), 2) + np.tile([0.2, 0.3], 5000)
    found = systematics.nightly_zero_points(np.random.default_rng(2), time, 0.02)
    np.testing.assert_array_equal(found[::2], found[1::2])
    assert np.std(found) == pytest.approx(0.02, rel=0.05)


def test_steps_stay_between_their_times() -> None:
    found = systematics.flat_field_steps(np.random.default_rng(3), TIME, 0.02)
    # Once a year and once in any case: few values, each for long.
    assert 2 <= len(np.unique(np.round(found, 12))) <= 10


def test_moonlight_counts_in_bright_nights_only() -> None:
    found = np.abs(systematics.moonlight_residual(TIME, 150.0, 30.0, 0.1))
    dark = pointing.moon_illumination(TIME) < 0.05
    assert found[dark].max() < 0.005
    assert found.max() > 0.02


def test_systematics_have_no_mean_but_scatter() -> None:
    sizes = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        found = systematics.draw_systematics(rng, TIME, 16.0, 150.0, 30.0)
        assert len(found) == len(TIME)
        assert abs(np.median(found)) < 0.1
        sizes.append(np.std(found))
    # As ZTF's own repeatability and its tail: some hundredths of a magnitude.
    assert 0.005 < np.median(sizes) < 0.1
