"""The 22 statistics are what their formulas say."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import stats

from scope.features.statistics import NAMES, statistics
from scope.lightcurves import LightCurves
from tests.features.curves import check_curve, one, random_curves

# What the function of the SCoPe pipeline (version 0.9.5) gives for this curve.
CHECK_VALUES = {
    "n": 8,
    "median": 15.075,
    "wmean": 15.02143372,
    "chi2red": 45.80134429,
    "roms": 6.166666667,
    "wstd": 0.144183198,
    "norm_peak_to_peak_amp": 0.0149551346,
    "norm_excess_var": 0.0001066901668,
    "median_abs_dev": 0.1,
    "iqr": 0.1875,
    "i60r": 0.24,
    "i70r": 0.2925,
    "i80r": 0.36,
    "i90r": 0.43,
    "skew": -76.34437842,
    "smallkurt": 8867.29282,
    "inv_vonneumannratio": 0.1891479822,
    "welch_i": -164.2216566,
    "stetson_j": -20.21492773,
    "stetson_k": 0.852340199,
    "ad": 0.6860355853,
    "sw": 0.8068927167,
}


def test_the_names_are_the_22_in_the_documented_order() -> None:
    assert tuple(CHECK_VALUES) == NAMES


@pytest.mark.parametrize(("name", "expected"), CHECK_VALUES.items())
def test_each_statistic_of_the_check_curve_is_that_of_scope(name: str, expected: float) -> None:
    value = statistics(check_curve())[0, NAMES.index(name)]
    assert value == pytest.approx(expected, rel=1e-9)


def test_statistics_agree_with_numpy_on_random_curves() -> None:
    # Independent: each formula written with numpy, percentiles by numpy.percentile.
    curves = random_curves(12, seed=3)
    found = statistics(curves)
    for i in range(len(curves)):
        t, m, e = (getattr(curves[i : i + 1], name) for name in ("time", "mag", "magerr"))
        n = len(t)
        w = e**-2
        wmean = np.average(m, weights=w)
        wstd = np.sqrt(np.average((m - wmean) ** 2, weights=w))
        d = np.sqrt(n / (n - 1)) * (m - wmean) / e
        pairs = d[:-1] * d[1:]
        u = np.diff(t) ** -2
        low, high = np.percentile(m, [[25, 20, 15, 10, 5], [75, 80, 85, 90, 95]])
        expected = {
            "n": n,
            "median": np.median(m),
            "wmean": wmean,
            "chi2red": np.sum(w * (m - wmean) ** 2) / (n - 1),
            "roms": np.sum(np.abs(m - np.median(m)) / e) / (n - 1),
            "wstd": wstd,
            "norm_peak_to_peak_amp": (np.max(m - e) - np.min(m + e))
            / (np.max(m - e) + np.min(m + e)),
            "norm_excess_var": np.sum((m - wmean) ** 2 - e**2) / (n * wmean**2),
            "median_abs_dev": stats.median_abs_deviation(m),
            **dict(zip(("iqr", "i60r", "i70r", "i80r", "i90r"), high - low, strict=True)),
            "skew": n / ((n - 1) * (n - 2)) * np.sum(((m - wmean) / e) ** 3),
            "smallkurt": n
            * (n + 1)
            / ((n - 1) * (n - 2) * (n - 3))
            * np.sum(((m - wmean) / e) ** 4)
            - 3 * (n - 1) ** 2 / ((n - 2) * (n - 3)),
            "inv_vonneumannratio": np.sum(u) * wstd**2 / np.sum(u * np.diff(m) ** 2),
            "welch_i": np.sum(pairs),
            "stetson_j": np.sum(np.sign(pairs) * np.sqrt(np.abs(pairs))),
            "stetson_k": np.mean(np.abs(d)) / np.sqrt(np.mean(d**2)),
        }
        for name, value in expected.items():
            assert found[i, NAMES.index(name)] == pytest.approx(value, rel=1e-9), name


@pytest.mark.parametrize("n", [3, 4, 5, 6, 7, 11, 12, 20, 49, 50, 101, 500, 2000])
@pytest.mark.parametrize("law", ["normal", "heavy tails", "one far outlier", "ties"])
def test_tests_of_normality_are_those_of_scipy(n: int, law: str) -> None:
    rng = np.random.default_rng(n)
    x = rng.standard_t(1.5, n) if law == "heavy tails" else rng.normal(size=n)
    if law == "one far outlier":
        x[0] = 1e4
    if law == "ties":
        x = np.round(x, 1)
    found = statistics(one(np.arange(n), x, 1.0))[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        expected = stats.anderson(x).statistic
    assert found[NAMES.index("ad")] == pytest.approx(expected, rel=1e-10)
    assert found[NAMES.index("sw")] == pytest.approx(stats.shapiro(x).statistic, abs=1e-12)


def test_julian_dates_are_not_rounded_to_single_precision() -> None:
    # At HJD 2458200 single precision has steps of a quarter of a day; gaps of 40 minutes
    # would be lost, and with them the weights of von Neumann's ratio.
    t = np.cumsum(np.tile([0.028, 1.9], 40))
    m = 16.0 + 0.1 * np.sin(np.arange(80.0))
    near_zero = statistics(one(t, m))
    as_julian = statistics(one(t + 2458200.0, m, time_zero_hjd=0.0))
    np.testing.assert_allclose(as_julian, near_zero, rtol=1e-6)


def test_single_precision_magnitudes_are_summed_in_double() -> None:
    curve = random_curves(1)
    narrow = LightCurves(
        curve.ids,
        curve.offsets,
        curve.time,
        curve.mag.astype(np.float32),
        curve.magerr.astype(np.float32),
    )
    widened = LightCurves(
        curve.ids,
        curve.offsets,
        curve.time,
        narrow.mag.astype(np.float64),
        narrow.magerr.astype(np.float64),
    )
    np.testing.assert_array_equal(statistics(narrow), statistics(widened))


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_what_needs_more_points_is_nan(n: int) -> None:
    found = dict(zip(NAMES, statistics(one(np.arange(n), np.linspace(15, 16, n)))[0], strict=True))
    least = {"median": 1, "chi2red": 2, "welch_i": 2, "skew": 3, "sw": 3, "smallkurt": 4}
    assert found["n"] == n
    for name, points in least.items():
        assert np.isnan(found[name]) == (n < points), name


def test_a_constant_curve_has_nan_and_no_infinity() -> None:
    found = dict(zip(NAMES, statistics(one(np.arange(60.0), np.full(60, 15.0)))[0], strict=True))
    assert found["chi2red"] == 0.0
    assert np.isnan(found["inv_vonneumannratio"])
    assert np.isnan(found["stetson_k"])
    assert not np.isinf(list(found.values())).any()
