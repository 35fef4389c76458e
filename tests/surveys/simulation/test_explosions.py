"""Light of supernovae, tidal disruptions, novae and lenses against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from scope.surveys.simulation import explosions, outbursts

DAYS = np.linspace(0.05, 200.0, 4000)


def test_at_maximum_a_supernova_shines_as_brightly_as_it_is_heated() -> None:
    # Arnett's law (1982, ApJ 253, 785): dL/dt = 0 where L equals the heating.
    light = explosions.diffused(DAYS, explosions.radioactive_heating, 14.0)
    peak = int(np.argmax(light))
    assert light[peak] == pytest.approx(explosions.radioactive_heating(DAYS)[peak], rel=0.01)
    # Rise times of type Ia: 17 to 20 days (Ganeshalingam, Li & Filippenko 2011, MNRAS 416, 2607).
    assert 14.0 < DAYS[peak] < 20.0


@pytest.mark.parametrize("day", [5.0, 20.0, 60.0])
def test_diffusion_is_the_integral_of_arnett(day: float) -> None:
    diffusion, power = 11.0, explosions.radioactive_heating
    integral, _ = quad(
        lambda s: 2 * s / diffusion**2 * np.exp((s**2 - day**2) / diffusion**2) * power(s), 0, day
    )
    found = explosions.diffused(np.array([day, 100.0]), power, diffusion)[0]
    assert found == pytest.approx(integral, rel=0.01)


def test_a_longer_diffusion_makes_a_later_and_fainter_maximum() -> None:
    short, long = (
        explosions.diffused(DAYS, explosions.radioactive_heating, days) for days in (8.0, 16.0)
    )
    assert DAYS[np.argmax(long)] > DAYS[np.argmax(short)]
    assert long.max() < short.max()


def test_a_magnetar_spins_down_to_a_quarter_in_its_time_scale() -> None:
    assert explosions.magnetar_heating(20.0)(np.array([20.0]))[0] == pytest.approx(0.25)


def test_the_tail_of_a_plateau_falls_by_098_mag_in_100_days() -> None:
    light = explosions.plateau(
        np.array([200.0, 300.0]), rise_days=5, plateau_days=90, slope_mag_100d=1.0, drop_mag=2.0
    )
    assert 2.5 * np.log10(light[0] / light[1]) == pytest.approx(0.98, abs=0.01)


def test_a_plateau_slopes_as_stated() -> None:
    light = explosions.plateau(
        np.array([20.0, 60.0]), rise_days=3, plateau_days=110, slope_mag_100d=1.5, drop_mag=2.0
    )
    assert 2.5 * np.log10(light[0] / light[1]) == pytest.approx(1.5 * 0.4, abs=0.01)


def test_a_nova_falls_by_two_magnitudes_in_its_t2() -> None:
    light = explosions.nova(np.array([0.0, 25.0]), rise_days=1.0, two_mag_days=25.0)
    assert 2.5 * np.log10(light[0] / light[1]) == pytest.approx(2.0)


def test_a_tidal_disruption_fades_as_the_fall_back() -> None:
    late = explosions.disrupted_star(np.array([1e5, 2e5]), rise_days=20, decline_days=50)
    assert np.log(late[1] / late[0]) / np.log(2) == pytest.approx(-5 / 3, abs=1e-3)
    # One sigma before the maximum a Gaussian has exp(-1/2) of it.
    rise = explosions.disrupted_star(np.array([-20.0, 0.0]), rise_days=20, decline_days=50)
    np.testing.assert_allclose(rise, [np.exp(-0.5), 1.0])


def test_hot_bodies_are_bluer_as_planck_says() -> None:
    # B_nu of h nu / k T = 14387.77 um K / (lambda T): g over r at 10000 K by hand.
    share = explosions.blackbody_share(np.full(2, 1e4), np.array([1, 2]))
    by_hand = (634 / 472) ** 3 * np.expm1(14387.77 / 6340) / np.expm1(14387.77 / 4720)
    assert share[0] / share[1] == pytest.approx(by_hand, rel=1e-6)


def test_nothing_is_seen_before_the_explosion() -> None:
    before = np.array([-50.0, -1.0])
    light = explosions.diffused(before, explosions.radioactive_heating, 11.0)
    np.testing.assert_array_equal(light, 0.0)
    plateau = explosions.plateau(
        before, rise_days=5, plateau_days=90, slope_mag_100d=1.0, drop_mag=2.0
    )
    np.testing.assert_array_equal(plateau, 0.0)


def test_a_lens_magnifies_as_paczynski_says() -> None:
    # At one Einstein radius 3 / sqrt(5); close to the lens 1 / u.
    found = outbursts.magnification(np.array([1.0, 1e-4]))
    assert found[0] == pytest.approx(3 / np.sqrt(5))
    assert found[1] == pytest.approx(1e4, rel=1e-6)


def test_light_of_others_dilutes_a_lens() -> None:
    time = np.array([0.0, 20.0, 1e6])
    event = {"peak": 0.0, "einstein_days": 20.0, "closest": 1.0}
    alone = outbursts.microlensing(time, **event, source_share=1.0)
    half = outbursts.microlensing(time, **event, source_share=0.5)
    assert alone[0] == pytest.approx(-2.5 * np.log10(3 / np.sqrt(5)))
    assert half[0] == pytest.approx(-2.5 * np.log10(0.5 + 0.5 * 3 / np.sqrt(5)))
    # At a separation of sqrt(2): (2 + 2) / (sqrt(2) sqrt(6)).
    assert alone[1] == pytest.approx(-2.5 * np.log10(4 / np.sqrt(12)))
    assert alone[2] == pytest.approx(0.0, abs=1e-6)


def test_a_superoutburst_rises_to_its_amplitude_and_ends() -> None:
    time = np.array([-5.0, 0.01, 10.0, 400.0])
    burst = outbursts.superoutburst(
        time, onset=0.0, amplitude_mag=7.0, plateau_days=20.0, rebrightenings=0
    )
    assert burst[0] == pytest.approx(0.0, abs=0.01)
    assert burst[1] == pytest.approx(-7.0, abs=0.01)
    # The plateau falls by 0.1 mag a day.
    assert burst[2] == pytest.approx(-6.0, abs=0.01)
    assert burst[3] == pytest.approx(0.0, abs=0.01)


def test_an_eruption_is_half_done_in_its_middle() -> None:
    found = outbursts.eruption(
        np.array([-1e4, 0.0, 1e3]), onset=0.0, rise_days=200.0, decline_mag_year=0.0
    )
    np.testing.assert_allclose(found, [0.0, 0.5, 1.0], atol=1e-6)
