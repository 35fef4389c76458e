"""False-alarm probabilities: their parts against other sources, the whole against shuffling."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from scope.lightcurves import LightCurves
from scope.periods import PeriodOptions, search_periods
from scope.periods.backends import weigh
from scope.periods.false_alarms import (
    Shape,
    _log10_largest,
    _log_binomial,
    _rates,
    _series_chances,
    log10_fap,
    shape_of,
)
from scope.periods.grid import frequency_grid
from tests.periods.curves import curve, detached, flat, joined, simulate, sine

GRID = frequency_grid(1000.0, PeriodOptions(max_freq=10.0))
WIDER = frequency_grid(1000.0, PeriodOptions(max_freq=100.0))


@pytest.mark.parametrize("gain", [0.5, 20.0, 300.0])
def test_chances_of_series_are_tails_of_beta_laws(gain: float) -> None:
    shape = Shape(n=150, errors=140.0, points=120.0, skewness=0.0, kurtosis=0.0, repeats=1.0)
    orders = np.arange(1, 7)
    explained = -np.expm1(-(gain + 2.0 * orders * np.log(150.0)) / 150.0)
    expected = stats.beta.logsf(explained, orders, (120.0 - 2 * orders - 1) / 2.0)
    np.testing.assert_allclose(_series_chances(shape, gain), expected, rtol=1e-9)


def test_a_box_holds_points_with_the_chance_of_its_likeliest_width() -> None:
    size = np.array([3.0, 8.0, 40.0])
    widths = np.array([2, 3, 4, 5, 7, 10, 13, 17]) / 100.0
    expected = stats.binom.logpmf(size, 120, widths[:, None]).max(axis=0)
    np.testing.assert_allclose(_log_binomial(120, size), expected, rtol=1e-9)


def test_the_rate_of_normal_magnitudes_is_half_of_the_squared_mean() -> None:
    z = stats.norm.ppf((np.arange(20000) + 0.5) / 20000)
    mean, rate = _rates(z, np.full(20000, 1 / 20000))
    at = np.array([0.5, 1.0, 2.0])
    np.testing.assert_allclose(np.interp(at, mean, rate), at**2 / 2.0, rtol=0.02)


def test_the_shape_of_equal_errors_is_that_of_the_magnitudes() -> None:
    rng = np.random.default_rng(3)
    mag = rng.gamma(2.0, size=400)
    shape = shape_of(weigh(np.arange(400.0), mag, np.full(400, 0.1)), 10.0)
    assert (shape.n, shape.errors) == (400, pytest.approx(400.0))
    assert shape.points == pytest.approx(400.0)
    assert shape.skewness == pytest.approx(stats.skew(mag))
    assert shape.kurtosis == pytest.approx(stats.kurtosis(mag))


def test_a_few_points_of_small_errors_are_few_points() -> None:
    error = np.where(np.arange(100) < 10, 0.01, 1.0)
    rng = np.random.default_rng(5)
    shape = shape_of(weigh(np.arange(100.0), rng.normal(0.0, error), error), 10.0)
    assert shape.errors == pytest.approx(10.0, rel=0.05)


def test_nightly_points_see_each_frequency_again_in_every_day() -> None:
    rng = np.random.default_rng(4)
    night = rng.permutation(1000)[:300].astype(float)
    mag, error = rng.normal(size=300), np.full(300, 1.0)
    spread = shape_of(weigh(night + rng.uniform(size=300), mag, error), 10.0)
    assert spread.repeats == pytest.approx(1.0, abs=0.2)
    # At one time of the day |W| = 1 at all k: 1 + 2 sum(1 - k / 11) = 11.
    assert shape_of(weigh(night, mag, error), 10.0).repeats == pytest.approx(11.0)


@pytest.mark.parametrize("reduced", [-8.0, -1.0, 0.0, 5.0, 20.0])
def test_the_largest_of_many_follows_gumbel(reduced: float) -> None:
    expected = stats.gumbel_r.logsf(reduced) / np.log(10.0)
    assert _log10_largest(reduced) == pytest.approx(expected, rel=1e-6, abs=1e-300)


def test_the_probability_falls_with_the_gain_and_rises_with_the_number_of_frequencies() -> None:
    star = curve(sine, n=150)
    steps = [log10_fap([star], [gain], GRID) for gain in (-5.0, 0.0, 25.0, 40.0, 60.0, 5000.0)]
    assert steps[:2] == [0.0, 0.0]
    assert np.all(np.diff(steps[2:]) < 0.0)
    assert np.isfinite(steps).all()
    assert log10_fap([star], [30.0], WIDER) > log10_fap([star], [30.0], GRID)


def test_two_light_curves_that_agree_are_surer_than_one() -> None:
    pair = [curve(sine, n=100, seed=seed) for seed in (1, 2)]
    alone = log10_fap(pair[:1], [25.0], GRID)
    assert log10_fap(pair, [25.0, 25.0], GRID) < 1.5 * alone
    assert log10_fap(pair, [25.0, -20.0], GRID) > alone


def noise(n_curves: int, n: int) -> LightCurves:
    return joined([simulate(flat, n=n, baseline=200.0, seed=seed) for seed in range(n_curves)])


@pytest.mark.parametrize("n", [30, 80])
def test_white_noise_has_small_probabilities_as_rarely_as_they_say(n: int) -> None:
    found = search_periods(noise(400, n), PeriodOptions(max_freq=6.0)).columns
    fap = 10.0 ** found["log10_fap_LS_BIC"]
    for level in (0.3, 0.1):
        share = np.mean(fap < level)
        # With so few trial frequencies, and without outliers, the law is on the safe side.
        assert level / 15 < share < 1.7 * level


def test_a_clear_signal_is_no_false_alarm() -> None:
    for shape in (sine, detached):
        star = joined([simulate(shape, n=150, noise=0.02)])
        found = search_periods(star, PeriodOptions(max_freq=6.0)).columns
        assert found["log10_fap_LS_BIC"][0] < -4.0
