"""cesium's features, against cesium itself."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.timeseries import LombScargle

from scope.features.cesium import NAMES, cesium
from tests.features.curves import one

# Computed once by cesium 0.12.4 (numpy 2.4, gatspy 0.3), built from its source package:
# featurize_single_ts(TimeSeries(2458200.0 + t, m, e), names) with the curve below.
CESIUM_VALUES = {
    "avg_err": 0.039718333333333335,
    "med_err": 0.0401,
    "std_err": 0.005820266078301079,
    "total_time": 192.37300000013784,
    "avgt": 2458293.265595,
    "cads_std": 4.596113872311196,
    "mean": 16.034081666666665,
    "cads_avg": 3.2605593220362343,
    "cads_med": 0.7752999998629093,
    "cad_probs_1": 0.0,
    "cad_probs_10": 0.0,
    "cad_probs_20": 0.0,
    "cad_probs_30": 0.0,
    "cad_probs_40": 0.0,
    "cad_probs_50": 0.1864406779661017,
    "cad_probs_100": 0.30508474576271183,
    "cad_probs_500": 0.423728813559322,
    "cad_probs_1000": 0.4915254237288136,
    "cad_probs_5000": 0.6949152542372882,
    "cad_probs_10000": 0.7966101694915254,
    "cad_probs_50000": 1.0,
    "cad_probs_100000": 1.0,
    "cad_probs_500000": 1.0,
    "cad_probs_1000000": 1.0,
    "cad_probs_5000000": 1.0,
    "cad_probs_10000000": 1.0,
    "med_double_to_single_step": -1.024816846031016,
    "avg_double_to_single_step": 2.839121164424272,
    "std_double_to_single_step": 28.43142381554063,
    "all_times_nhist_numpeaks": 15.0,
    "all_times_nhist_peak_val": 0.019679239532596208,
    "all_times_nhist_peak_1_to_2": 1.3043478260869565,
    "all_times_nhist_peak_1_to_3": 1.3432835820895523,
    "all_times_nhist_peak_2_to_3": 1.0298507462686566,
    "all_times_nhist_peak_1_to_4": 1.4285714285714286,
    "all_times_nhist_peak_2_to_4": 1.0952380952380953,
    "all_times_nhist_peak_3_to_4": 1.0634920634920635,
    "all_times_nhist_peak1_bin": 7.0,
    "all_times_nhist_peak2_bin": 11.0,
    "all_times_nhist_peak3_bin": 3.0,
    "all_times_nhist_peak4_bin": 34.0,
    "amplitude": 0.32319999999999993,
    "flux_percentile_ratio_mid20": 0.22694946193413942,
    "flux_percentile_ratio_mid35": 0.3334741357557087,
    "flux_percentile_ratio_mid50": 0.4200470276858271,
    "flux_percentile_ratio_mid65": 0.7010660221301005,
    "flux_percentile_ratio_mid80": 0.8359462109971465,
    "max_slope": 0.708737861121284,
    "maximum": 16.3,
    "minimum": 15.6536,
    "percent_amplitude": 0.41361347261467446,
    "percent_beyond_1_std": 0.43333333333333335,
    "percent_close_to_median": 0.18333333333333332,
    "percent_difference_flux_percentile": 0.5525229362499114,
    "period_fast": 37.13764478767141,
    "qso_log_chi2_qsonu": 2.547173452270183,
    "qso_log_chi2nuNULL_chi2nu": 0.4045522571125026,
    "skew": -0.17496141162826775,
    "std": 0.18531954609238838,
}


def check_curve() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return times, magnitudes and errors: closed forms, rounded, so that any machine agrees."""
    i = np.arange(60)
    t = np.round(np.cumsum(0.03 + 15.0 * np.modf(i * i * 0.6180339887)[0] ** 4), 4)
    m = np.round(16.0 + 0.3 * np.cos(2 * np.pi * t / 37.3) + 0.05 * np.sin(12.9898 * i), 4)
    e = np.round(0.03 + 0.02 * np.modf(i * 0.7548776662)[0], 4)
    return t, m, e


def features(t: np.ndarray, m: np.ndarray, e: object) -> dict[str, float]:
    values = cesium(one(t, m, e, time_zero_hjd=2458200.0))[0]
    return dict(zip(NAMES, values, strict=True))


def test_there_are_59_names_none_of_which_is_a_name_of_ours() -> None:
    assert len(NAMES) == 59
    assert tuple(f"cesium_{name}" for name in CESIUM_VALUES) == NAMES


@pytest.mark.parametrize("name", [name for name in CESIUM_VALUES if name != "period_fast"])
def test_each_feature_is_that_of_cesium(name: str) -> None:
    found = features(*check_curve())[f"cesium_{name}"]
    assert found == pytest.approx(CESIUM_VALUES[name], rel=1e-8)


def test_the_fast_period_is_the_best_of_an_exact_periodogram() -> None:
    # cesium approximates the sums of the periodogram, so its own value is a bound only.
    t, m, e = check_curve()
    found = features(t, m, e)["cesium_period_fast"]
    span = t[-1] - t[0]
    grid = np.arange(1.0 / span, len(t) / (2.0 * span), 1.0 / (500.0 * span))
    exact = LombScargle(t, m, e)
    best = 1.0 / grid[np.argmax(exact.power(grid, method="slow"))]
    assert found == pytest.approx(best, rel=2e-3)
    power = exact.power(1.0 / np.array([found, CESIUM_VALUES["period_fast"]]), method="slow")
    assert power[0] >= power[1]
    assert found == pytest.approx(CESIUM_VALUES["period_fast"], rel=1e-2)


def test_infinite_ratios_of_equal_gaps_are_nan() -> None:
    # Regular epochs: the difference of neighbouring gaps is zero, or a rounding error.
    found = features(np.arange(64.0), np.sin(np.arange(64.0)) + 16.0, 0.02)
    assert np.isnan(found["cesium_avg_double_to_single_step"])
    assert found["cesium_cads_std"] == 0.0


@pytest.mark.parametrize("n", [0, 1])
def test_without_two_points_everything_is_nan(n: int) -> None:
    assert np.isnan(list(features(np.arange(n), np.full(n, 15.0), 0.02).values())).all()


@pytest.mark.parametrize("n", [2, 3, 4])
def test_few_points_give_what_is_defined(n: int) -> None:
    found = features(
        np.array([0.0, 1.0, 2.5, 7.0])[:n], np.array([15.0, 15.2, 15.1, 15.4])[:n], 0.1
    )
    assert found["cesium_amplitude"] == pytest.approx(0.1 if n < 4 else 0.2)
    assert np.isnan(found["cesium_avg_double_to_single_step"]) == (n < 4)
