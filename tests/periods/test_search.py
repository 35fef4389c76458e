"""The search as callers see it."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.timeseries import LombScargle

from scope.errors import BackendError
from scope.lightcurves import LightCurves
from scope.periods import (
    PeriodOptions,
    PeriodResult,
    in_terrestrial_band,
    period_columns,
    search_periods,
    suffixes,
)
from scope.periods.api import prepare_curve
from scope.periods.backends import reference
from tests.periods.curves import (
    contact,
    detached,
    flat,
    joined,
    sawtooth,
    simulate,
    sine,
)

ALL = PeriodOptions(
    algorithms=("LS_BIC", "ELS_ECE_EAOV", "EAOV", "Ones"), max_freq=6.0, n_top_columns=3
)
STARS = joined(
    [
        simulate(sine, period=0.7),
        simulate(sawtooth, period=0.55, n=120),
        simulate(contact, period=0.8),
        simulate(detached, period=1.9, n=300),
        simulate(flat, n=60),
        simulate(sine, period=0.7, n=25),
    ]
)


def same(a: PeriodResult, b: PeriodResult) -> bool:
    """Whether two results have the same bytes."""
    return list(a.columns) == list(b.columns) and all(
        a.columns[name].tobytes() == b.columns[name].tobytes() for name in a.columns
    )


@pytest.fixture(scope="module")
def found() -> PeriodResult:
    return search_periods(STARS, ALL)


def test_columns_are_the_declared_ones_in_order(found: PeriodResult) -> None:
    declared = period_columns(ALL)
    assert list(found.columns) == [column.name for column in declared]
    for column in declared:
        assert found.columns[column.name].dtype == (bool if column.dtype == "bool" else float)
        assert column.description
    assert found.backend == "cpu"


def test_every_suffix_has_its_four_columns() -> None:
    names = {column.name for column in period_columns(ALL)}
    for suffix in suffixes(ALL):
        for part in ("period", "significance", "pdot", "terrestrial"):
            assert f"{part}_{suffix}" in names


def test_periods_of_simulated_stars_are_found(found: PeriodResult) -> None:
    period = found.columns["period_LS_BIC"]
    np.testing.assert_allclose(period[:4], [0.7, 0.55, 0.8, 1.9], rtol=0.003)
    np.testing.assert_allclose(found.columns["period_ELS"][0], 0.7, rtol=0.003)
    nested = found.columns["period_ELS_ECE_EAOV"][:2]
    np.testing.assert_allclose(nested, [0.7, 0.55], rtol=0.003)


def test_a_contact_binary_is_doubled_and_a_pulsator_is_not(found: PeriodResult) -> None:
    doubled = found.columns["doubled_LS_BIC"]
    assert doubled[2]
    assert not doubled[0]
    assert not doubled[1]
    other = found.columns["period_alt_LS_BIC"]
    np.testing.assert_allclose(other[[0, 1, 2]], [1.4, 1.1, 0.4], rtol=0.003)


def test_narrow_eclipses_are_folded_at_their_own_period_and_not_at_half_of_it() -> None:
    # Eclipses of 2 % of the cycle, one 0.6 mag deep and one 0.25: steps of 0.09/T smear
    # them at their own period, and half of it won in all four before there were finer ones.
    def narrow(phase: np.ndarray) -> np.ndarray:
        second = np.where(np.abs(phase - 0.75) < 0.01, 0.25, 0.0)
        return np.where(np.abs(phase - 0.25) < 0.01, 0.6, second)

    stars = joined([simulate(narrow, period=2.3, n=400, baseline=900.0, seed=s) for s in range(4)])
    found = search_periods(stars, PeriodOptions(max_freq=4.0)).columns
    np.testing.assert_allclose(found["period_LS_BIC"], 2.3, rtol=1e-3)


def test_variables_are_more_significant_than_noise(found: PeriodResult) -> None:
    significance = found.columns["significance_LS_BIC"]
    assert significance[:4].min() > 100.0
    assert not significance[4] > 30.0


def test_significance_of_one_algorithm_is_its_definition() -> None:
    options = PeriodOptions(algorithms=("LS", "CE", "AOV"), max_freq=6.0)
    result = search_periods(STARS[:1], options).columns
    star = prepare_curve(
        *(part[: STARS.offsets[1]] for part in (STARS.time, STARS.mag, STARS.magerr))
    )
    assert star is not None
    from scope.periods import frequency_grid

    grid = frequency_grid(star.time.max(), options)
    for name in options.algorithms:
        value = reference.evaluate(name, star, grid.frequency(np.arange(grid.n)), options)
        best = value.min() if name == "CE" else value.max()
        expected = abs(best - value.mean()) / value.std()
        assert result[f"significance_{name}"][0] == pytest.approx(expected, rel=1e-3)


def test_the_nested_search_takes_the_best_variance_ratio_of_the_proposals() -> None:
    options = PeriodOptions(algorithms=("ELS_ECE_EAOV",), max_freq=6.0, top_n_periods=5)
    both = {b: search_periods(STARS[:3], options, backend=b).columns for b in ("cpu", "reference")}
    for name in both["cpu"]:
        np.testing.assert_allclose(
            both["cpu"][name].astype(float), both["reference"][name].astype(float), rtol=1e-3
        )
    assert np.isnan(both["cpu"]["period_EAOV"]).all()


def test_both_backends_agree_on_the_judged_period() -> None:
    options = PeriodOptions(max_freq=1.0)
    stars = joined([simulate(sawtooth, period=1.3, n=40, baseline=4.5)])
    fast = search_periods(stars, options).columns
    slow = search_periods(stars, options, backend="reference").columns
    for name in fast:
        np.testing.assert_allclose(fast[name].astype(float), slow[name].astype(float), rtol=1e-6)


def test_cpu_and_gpu_names_are_the_same_search() -> None:
    short = search_periods(STARS[:2], PeriodOptions(algorithms=("LS", "CE", "AOV"), max_freq=3.0))
    long = search_periods(STARS[:2], PeriodOptions(algorithms=("ELS", "ECE", "EAOV"), max_freq=3.0))
    for name, values in short.columns.items():
        part, _, suffix = name.rpartition("_")
        np.testing.assert_array_equal(values, long.columns[f"{part}_E{suffix}"])


def test_ones_are_ones() -> None:
    result = search_periods(STARS, PeriodOptions(algorithms=("Ones",))).columns
    for part in ("period", "significance", "pdot"):
        np.testing.assert_array_equal(result[f"{part}_Ones"], np.ones(len(STARS)))


def test_results_do_not_depend_on_batches_companions_or_threads(found: PeriodResult) -> None:
    alone = [search_periods(STARS[i : i + 1], ALL) for i in range(len(STARS))]
    with ThreadPoolExecutor(2) as pool:
        threaded = list(pool.map(lambda part: search_periods(part, ALL), STARS.batches(2)))
    for parts in (alone, threaded):
        joint = {
            name: np.concatenate([part.columns[name] for part in parts]) for name in found.columns
        }
        assert same(found, PeriodResult(joint, "cpu"))
    order = np.array([3, 0, 5, 1, 4, 2])
    shuffled = search_periods(STARS.take(order), ALL).columns
    assert all(
        shuffled[name].tobytes() == found.columns[name][order].tobytes() for name in shuffled
    )


def test_ranked_periods_are_distinct_and_begin_with_the_best(found: PeriodResult) -> None:
    columns = found.columns
    np.testing.assert_array_equal(columns["period_1_ELS"], columns["period_ELS"])
    ranked = np.array([columns[f"period_{rank}_LS_BIC"][0] for rank in (1, 2, 3)])
    assert np.abs(np.diff(1 / ranked)).min() > 1 / 60.0
    assert columns["significance_1_LS_BIC"][0] >= columns["significance_2_LS_BIC"][0]
    assert columns["n_total_pairs"][0] == 6.0
    assert columns["agree_strict"][0] == 1.0


def test_a_removed_band_is_never_the_answer() -> None:
    star = joined([simulate(sine, period=1.0, n=200)])
    names = ("LS_BIC", "ELS_ECE_EAOV")
    kept = search_periods(star, PeriodOptions(names, max_freq=6.0)).columns
    removed = search_periods(star, PeriodOptions(names, max_freq=6.0, remove_terrestrial=True))
    for name in ("ELS", "ECE", "ELS_ECE_EAOV"):
        assert not in_terrestrial_band(removed.columns[f"period_{name}"]).any()
    assert kept["period_ELS"][0] == pytest.approx(1.0, rel=0.01)
    assert kept["terrestrial_ELS"][0]
    assert not removed.columns["terrestrial_LS_BIC"][0]


def undefined() -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    time, mag, error = simulate(sine, n=50)
    nan = np.full(50, np.nan)
    return {
        "no points": (time[:0], mag[:0], error[:0]),
        "two points": (time[:2], mag[:2], error[:2]),
        "one time": (np.full(50, time[0]), mag, error),
        "a baseline of minutes": (time[0] + np.arange(50) * 1e-4, mag, error),
        "only NaN": (time, nan, error),
        "no positive error": (time, mag, np.zeros(50)),
    }


@pytest.mark.parametrize("name", undefined())
def test_an_undefined_period_is_nan_and_no_exception(name: str) -> None:
    good = simulate(sine)
    result = search_periods(joined([undefined()[name], good]), ALL)
    for suffix in ("LS_BIC", "ELS", "ECE", "EAOV", "ELS_ECE_EAOV"):
        np.testing.assert_array_equal(result.undefined(suffix), [True, False])
        assert np.isnan(result.columns[f"significance_{suffix}"][0])
        assert not result.columns[f"terrestrial_{suffix}"][0]


def test_equal_magnitudes_have_the_longest_period_and_nothing_in_its_favour() -> None:
    time, _, error = simulate(sine, n=50)
    # A mean of equal numbers differs from them by rounding.
    result = search_periods(joined([(time, np.full(50, 17.1), error)]), ALL)
    assert result.columns["period_LS_BIC"][0] == pytest.approx(np.ptp(time) / 2.0)
    assert result.columns["significance_LS_BIC"][0] == pytest.approx(-2.0 * np.log(50.0))
    assert result.columns["log10_fap_LS_BIC"][0] == 0.0
    for suffix in ("ELS", "ECE", "EAOV", "ELS_ECE_EAOV"):
        assert result.undefined(suffix)[0]


@pytest.mark.parametrize("backend", ["cpu", "reference"])
def test_where_no_model_beats_a_constant_the_best_sine_wave_is_given(backend: str) -> None:
    # Nine points of noise: what a sine wave explains is not worth 2 ln 9.
    rng = np.random.default_rng(1)
    mag, time = 16.0 + rng.normal(0.0, 0.02, 9).round(2), np.sort(rng.uniform(0.0, 6.0, 9))
    error = np.full(9, 0.02)
    options = PeriodOptions(max_freq=0.45)
    columns = search_periods(joined([(time, mag, error)]), options, backend=backend).columns
    assert columns["significance_LS_BIC"][0] < 0.0
    assert columns["log10_fap_LS_BIC"][0] == 0.0
    # By astropy, on the same grid.
    span = np.ptp(time)
    grid = np.arange(2.0 / span, 0.45, 0.1 / span)
    power = LombScargle(time, mag, error).power(grid, method="slow")
    assert 1.0 / columns["period_LS_BIC"][0] == pytest.approx(grid[np.argmax(power)])
    gain = -9.0 * np.log(1.0 - power.max()) - 2.0 * np.log(9.0)
    assert columns["significance_LS_BIC"][0] == pytest.approx(gain)


def test_no_light_curves_are_no_rows() -> None:
    empty = LightCurves(np.empty(0, np.int64), np.zeros(1, np.int64), *[np.empty(0)] * 3)
    assert all(len(values) == 0 for values in search_periods(empty, ALL).columns.values())


def test_points_that_are_not_finite_are_passed_over() -> None:
    time, mag, error = simulate(sine)
    spoiled = mag.copy()
    spoiled[[3, 70]] = np.nan
    good = np.isfinite(spoiled)
    result = search_periods(
        joined([(time, spoiled, error), (time[good], mag[good], error[good])]), ALL
    )
    for values in result.columns.values():
        np.testing.assert_array_equal(values[0], values[1])


def test_few_points_have_no_variance_ratio_but_the_rest() -> None:
    result = search_periods(joined([simulate(sine, n=20)]), ALL)
    assert np.isnan(result.columns["period_EAOV"][0])
    assert np.isnan(result.columns["period_ELS_ECE_EAOV"][0])
    assert np.isfinite(result.columns["period_ELS"][0])
    assert np.isfinite(result.columns["period_LS_BIC"][0])


def test_order_of_points_equal_times_and_float32_are_harmless() -> None:
    time, mag, error = simulate(sine)
    time = time.copy()
    time[10] = time[11]
    flipped = (time[::-1].copy(), mag[::-1].copy(), error[::-1].copy())
    result = search_periods(joined([(time, mag, error), flipped]), ALL).columns["period_LS_BIC"]
    assert result[0] == pytest.approx(result[1], rel=1e-9)
    single = joined([(time, mag, error)])
    single = LightCurves(
        single.ids,
        single.offsets,
        single.time,
        single.mag.astype(np.float32),
        single.magerr.astype(np.float32),
    )
    assert search_periods(single, ALL).columns["period_LS_BIC"][0] == pytest.approx(0.7, rel=0.003)


def test_an_unknown_backend_is_refused() -> None:
    with pytest.raises(BackendError, match="allowed: cpu"):
        search_periods(STARS, ALL, backend="tpu")


def test_importing_the_search_does_not_import_a_compiler() -> None:
    code = "import scope.periods, sys; sys.exit('numba' in sys.modules or 'scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.real
def test_true_periods_of_real_stars(real_data: Path) -> None:
    # The first 12 W Ursae Majoris stars of the ASAS training set, by source: the
    # published search finds 1 in 8 of them, LS_BIC with its shape rule 7 in 8.
    folder = real_data / "light_curves" / "asas_train"
    labels = pd.read_parquet(folder / "labels.parquet")
    labels = labels[(labels["class"] == "W_Ursae_Maj") & labels["period_days"].notna()]
    labels = labels.sort_values("sourceid")[:12]
    table = pd.read_parquet(folder / "lightcurves.parquet").set_index("objectid")
    rows = table.loc[labels["objectid"]]
    stars = joined(
        [
            tuple(np.asarray(row[c], dtype=np.float64) for c in ("hmjd", "mag", "magerr"))  # type: ignore[misc]
            for _, row in rows.iterrows()
        ]
    )
    found = search_periods(stars, PeriodOptions(max_freq=12.0)).columns["period_LS_BIC"]
    exact = np.abs(found / labels["period_days"].to_numpy() - 1.0) < 0.01
    assert exact.mean() >= 0.75
