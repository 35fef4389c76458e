"""Noise processes, outbursts and flares, against their closed forms and published shapes."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from scope.surveys.simulation import irregular, outbursts, pointing
from scope.surveys.simulation.cadence import make_cadence

CADENCE = make_cadence(np.random.default_rng(5), *pointing.quadrant_centre(604, 1, 1))


def test_a_damped_random_walk_has_unit_variance_and_an_exponential_correlation():
    rng = np.random.default_rng(1)
    time = np.sort(rng.uniform(0, 100.0, 40))
    paths = np.stack([irregular.damped_random_walk(rng, time, 20.0) for _ in range(8000)])
    np.testing.assert_allclose(paths.std(axis=0), 1.0, atol=0.04)
    correlation = np.mean(paths[:, 0] * paths[:, 25])
    assert correlation == pytest.approx(np.exp(-(time[25] - time[0]) / 20.0), abs=0.04)


def test_an_unstable_oscillation_has_unit_variance_and_returns_after_a_period():
    rng = np.random.default_rng(2)
    time = np.array([0.0, 50.0, 100.0])
    paths = np.stack(
        [
            irregular.unstable_oscillation(rng, time, period_days=100.0, coherence_days=400.0)
            for _ in range(8000)
        ]
    )
    np.testing.assert_allclose(paths.std(axis=0), 1.0, atol=0.04)
    # exp(-dt / tau) cos(2 pi dt / P) at half a period and a whole one.
    assert np.mean(paths[:, 0] * paths[:, 1]) == pytest.approx(-np.exp(-50 / 400), abs=0.04)
    assert np.mean(paths[:, 0] * paths[:, 2]) == pytest.approx(np.exp(-100 / 400), abs=0.04)


def test_a_flare_has_the_published_shape():
    # Davenport et al. 2014: 1 at the peak, about a half at +-half a width, 1/e^... later.
    shape = irregular._flare_shape(np.array([-1.5, 0.0, 1.0, 5.0]))
    assert shape[0] == 0.0
    assert shape[1] == pytest.approx(0.992, abs=1e-3)
    assert shape[2] == pytest.approx(0.689 * np.exp(-1.6) + 0.303 * np.exp(-0.2783), abs=1e-9)
    assert 0 < shape[3] < 0.1
    x = np.linspace(-1, 10, 20001)
    half = x[irregular._flare_shape(x) > 0.5]
    # Time is in units of the full width at half maximum.
    assert half[-1] - half[0] == pytest.approx(1.0, abs=0.12)


def test_flares_only_brighten_and_are_seldom_seen():
    signal = irregular.flares(
        np.random.default_rng(3), CADENCE, per_day=6.0, smallest_mag=0.1, red_fraction=0.3
    )
    assert np.all(signal <= 0)
    assert 0.0 < np.mean(signal < -0.05) < 0.3
    assert np.median(signal) > -0.03


def test_a_dwarf_nova_rests_at_its_quiescence_between_outbursts():
    signal = irregular.dwarf_nova(
        np.random.default_rng(4),
        CADENCE,
        recurrence_days=80.0,
        amplitude_mag=4.0,
        decay_days_per_mag=2.0,
        plateau_days=3.0,
        flickering_mag=0.1,
    )
    assert np.percentile(signal, 75) == pytest.approx(0.0, abs=0.15)
    assert -6.0 < signal.min() < -3.0
    assert 0.02 < np.mean(signal < -1.0) < 0.4


def test_dips_are_deeper_in_g_than_in_r():
    signal = irregular.dipper(
        np.random.default_rng(5), CADENCE, period_days=6.0, depth_mag=0.8, duty=0.3, drift_mag=0.0
    )
    assert np.all(signal >= 0)
    depths = [np.percentile(signal[CADENCE.band == band], 97) for band in (1, 2)]
    assert depths[0] > depths[1] > 0.2


def test_a_trend_moves_over_the_whole_survey():
    for seed in range(6):
        signal = irregular.slow_trend(
            np.random.default_rng(seed), CADENCE, amplitude_mag=1.0, timescale_days=1500.0
        )
        mine = signal[CADENCE.band == 1]
        steps = np.abs(np.diff(mine))
        assert 0.1 < np.ptp(mine) < 1.2
        assert np.percentile(steps, 90) < 0.1


def test_accretion_bursts_are_skewed_to_bright():
    signal = irregular.accretion_bursts(
        np.random.default_rng(6), CADENCE, amplitude_mag=0.5, tau_days=10.0
    )
    assert np.median(signal) - signal.min() > signal.max() - np.median(signal)


def test_accretion_outbursts_decades_apart_are_drawn_without_a_warning():
    """Heights are of the range that is asked for."""
    time = np.sort(np.random.default_rng(6).uniform(0.0, 9000.0, 3000))
    with np.errstate(over="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        signal = outbursts.accretion_outbursts(
            np.random.default_rng(7), time, per_year=0.2, height_mag=3.0, last_days=20.0
        )
    assert -4.0 < signal.min() < -1.5
    assert np.median(signal) == pytest.approx(0.0, abs=0.15)
