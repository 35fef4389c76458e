"""Null light curves: nothing but the light differs, and each is drawn by its id alone."""

import numpy as np
import pytest
from scipy.stats import chi2, kstest

from scope.lightcurves import LightCurves
from scope.lightcurves.nulls import NULLS, draw_fraction
from scope.lightcurves.shuffling import SEASON_GAP_DAYS


def curves(n=6, epochs=80, first=100):
    rng = np.random.default_rng(3)
    time = np.concatenate([np.sort(rng.uniform(0, 900, epochs)) for _ in range(n)])
    mag = 17 + np.sin(2 * np.pi * time / 0.7) + rng.normal(0, 0.02, n * epochs)
    error = rng.uniform(0.01, 0.03, n * epochs).astype(np.float32)
    offsets = np.arange(0, n * epochs + 1, epochs)
    return LightCurves(np.arange(first, first + n), offsets, time, mag.astype(np.float32), error)


def parts(of):
    return [of[row : row + 1] for row in range(len(of))]


@pytest.mark.parametrize("kind", NULLS)
def test_epochs_and_ids_stay(kind):
    real = curves()
    null = NULLS[kind](real, 0)
    assert np.array_equal(null.time, real.time)
    assert np.array_equal(null.ids, real.ids)
    assert null.mag.dtype == real.mag.dtype
    assert not np.array_equal(null.mag, real.mag)


@pytest.mark.parametrize("kind", ["shuffled", "shuffled_in_season"])
def test_shuffling_keeps_each_magnitude_with_its_error(kind):
    real = curves()
    for before, after in zip(parts(real), parts(NULLS[kind](real, 0)), strict=True):
        pairs = [
            sorted(zip(c.mag.tolist(), c.magerr.tolist(), strict=True)) for c in (before, after)
        ]
        assert pairs[0] == pairs[1]


def test_within_seasons_each_season_keeps_its_magnitudes():
    time = np.concatenate([np.arange(40.0), 200 + np.arange(50.0), 500 + np.arange(30.0)])
    mag = np.repeat([15.0, 16.0, 17.0], [40, 50, 30]) + 1e-3 * np.arange(120)
    real = LightCurves(np.array([1]), np.array([0, 120]), time, mag, np.full(120, 0.01))
    assert np.diff(time).max() > SEASON_GAP_DAYS
    null = NULLS["shuffled_in_season"](real, 0)
    for low, high in ((0, 40), (40, 90), (90, 120)):
        assert np.array_equal(np.sort(null.mag[low:high]), mag[low:high])
        assert not np.array_equal(null.mag[low:high], mag[low:high])


@pytest.mark.parametrize("kind", NULLS)
def test_a_null_depends_on_its_own_light_curve_and_the_seed_only(kind):
    real = curves()
    whole = NULLS[kind](real, 0)
    some = NULLS[kind](real.take([4, 1]), 0)
    assert np.array_equal(some.mag, whole.take([4, 1]).mag)
    assert not np.array_equal(NULLS[kind](real, 1).mag, whole.mag)


def test_white_noise_has_the_stated_errors():
    """The sum of squares of n normal deviates follows chi-square of n; less the mean, n - 1."""
    real = curves(n=200)
    null = NULLS["white_noise"](real, 0)
    found = []
    for before, after in zip(parts(real), parts(null), strict=True):
        weight = before.magerr.astype(float) ** -2
        mean = np.average(after.mag.astype(float), weights=weight)
        found.append(np.sum(weight * (after.mag - mean) ** 2))
    assert kstest(found, chi2(79).cdf).pvalue > 0.01


@pytest.mark.parametrize("kind", NULLS)
def test_light_curves_without_points_stay_empty(kind):
    empty = LightCurves(np.array([7]), np.array([0, 0]), *(np.empty(0) for _ in range(3)))
    assert len(NULLS[kind](empty, 0).time) == 0


def test_a_sample_is_drawn_by_id_alone_and_evenly():
    ids = np.arange(5000, dtype=np.int64) * 7 + 10**15
    drawn = draw_fraction(ids)
    assert np.array_equal(draw_fraction(ids[::-1]), drawn[::-1])
    assert kstest(drawn, "uniform").pvalue > 0.01
    assert not np.array_equal(draw_fraction(ids, 1), drawn)
