"""The geometry of eclipses, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from scope.surveys.simulation.eclipses import Binary, roche_radius

PHASES = np.arange(4000) / 4000


def test_a_total_eclipse_hides_all_light_of_the_star_behind():
    # Equal surface brightness: star 1 gives r1^2 / (r1^2 + r2^2) of the light.
    binary = Binary(r1=0.1, r2=0.2, cos_i=0.0, brightness_ratio=1.0, tides=0.0)
    depth = binary.magnitude(np.array([0.0]))[0]
    assert depth == pytest.approx(-2.5 * np.log10(1 - 0.01 / 0.05), abs=1e-9)


def test_an_annular_eclipse_of_a_uniform_disc_hides_the_ratio_of_areas():
    binary = Binary(r1=0.2, r2=0.05, cos_i=0.0, brightness_ratio=1e-9, tides=0.0, limb=0.0)
    depth = binary.magnitude(np.array([0.0]))[0]
    assert depth == pytest.approx(-2.5 * np.log10(1 - 0.0625), abs=1e-6)


def test_the_centre_of_a_darkened_disc_hides_more():
    # A small disc over the centre of I = 1 - u (1 - mu) hides k^2 / (1 - u / 3).
    binary = Binary(r1=0.2, r2=0.01, cos_i=0.0, brightness_ratio=1e-9, tides=0.0, limb=0.6)
    hidden = 1 - 10 ** (-0.4 * binary.magnitude(np.array([0.0]))[0])
    assert hidden == pytest.approx(0.0025 / (1 - 0.2), rel=0.01)


def test_half_a_disc_is_hidden_by_the_straight_edge_of_a_huge_one():
    binary = Binary(r1=0.001, r2=0.5, cos_i=0.5, brightness_ratio=1e-12, tides=0.0, limb=0.5)
    hidden = 1 - 10 ** (-0.4 * binary.magnitude(np.array([0.0]))[0])
    assert hidden == pytest.approx(0.5, abs=0.002)


def test_the_width_of_an_eclipse_is_that_between_its_contacts():
    for binary in (
        Binary(r1=0.1, r2=0.05, cos_i=0.0, brightness_ratio=0.5, tides=0.0),
        Binary(r1=0.2, r2=0.15, cos_i=0.2, brightness_ratio=0.5, tides=0.0),
    ):
        dimmed = binary.magnitude(PHASES) > 1e-9
        primary = dimmed & (np.abs((PHASES + 0.25) % 1 - 0.25) < 0.25)
        assert binary.eclipse_width_phase == pytest.approx(np.mean(primary), abs=0.002)
    edge_on = Binary(r1=0.1, r2=0.05, cos_i=0.0, brightness_ratio=0.5)
    assert edge_on.eclipse_width_phase == pytest.approx(np.arcsin(0.15) / np.pi)


def test_stars_that_miss_each_other_do_not_eclipse():
    binary = Binary(r1=0.1, r2=0.1, cos_i=0.3, brightness_ratio=1.0, tides=0.0)
    assert binary.eclipse_width_phase == 0.0
    assert np.all(binary.magnitude(PHASES) == 0.0)


def test_the_secondary_eclipse_of_an_eccentric_orbit_is_off_half_a_phase():
    # To first order its phase is 0.5 + 2 e cos(omega) / pi (Sterne 1940).
    binary = Binary(r1=0.05, r2=0.05, cos_i=0.0, brightness_ratio=0.5, eccentricity=0.05, tides=0.0)
    magnitude = binary.magnitude(PHASES)
    middle = (PHASES > 0.2) & (PHASES < 0.8)
    eclipse = middle & (magnitude > 0.01)
    assert np.mean(PHASES[eclipse]) == pytest.approx(0.5 + 2 * 0.05 / np.pi, abs=0.003)
    assert magnitude[0] == pytest.approx(magnitude.max(), abs=1e-3)


def test_the_cooler_star_is_the_shallower_eclipse():
    binary = Binary(r1=0.15, r2=0.15, cos_i=0.0, brightness_ratio=0.3)
    primary, secondary = binary.magnitude(np.array([0.0, 0.5]))
    assert primary > secondary > 0


@pytest.mark.parametrize(
    ("mass_ratio", "radius"), [(1.0, 0.37892), (0.1, 0.20677), (10.0, 0.57815)]
)
def test_roche_radii_are_those_of_eggleton(mass_ratio, radius):
    # Eggleton 1983, equation 2, worked out by hand; 0.379 for equal masses is in his table 1.
    assert roche_radius(mass_ratio) == pytest.approx(radius, abs=5e-4)
