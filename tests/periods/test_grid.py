"""Trial frequencies, terrestrial bands, and what may be asked for."""

from __future__ import annotations

import numpy as np
import pytest

from scope.errors import ConfigError
from scope.periods import PeriodOptions, frequency_grid, in_terrestrial_band, suffixes
from scope.periods.grid import removed_ranges


def test_1700_days_at_48_per_day_make_815980_frequencies() -> None:
    # The published example: (48 - 2/1700) * 10 * 1700, rounded up.
    grid = frequency_grid(1700.0, PeriodOptions())
    assert grid.n == 815_980
    assert grid.f0 == 2 / 1700
    assert grid.df == pytest.approx(1 / 17000, rel=1e-15)
    assert grid.f_last < 48.0


def test_the_longest_period_is_half_the_baseline() -> None:
    grid = frequency_grid(300.0, PeriodOptions())
    assert 1 / grid.frequency(0) == pytest.approx(150.0)


def test_a_scaled_minimum_period_is_twice_the_cadence() -> None:
    options = PeriodOptions(scale_min_period=True, min_cadence_minutes=30.0)
    grid = frequency_grid(100.0, options)
    assert grid.n == 10 * 100 * 24 - 20


@pytest.mark.parametrize("baseline", [0.0, -1.0, np.nan, np.inf, 2 / 48])
def test_no_grid_without_a_usable_baseline(baseline: float) -> None:
    assert frequency_grid(baseline, PeriodOptions()).n == 0


def test_terrestrial_bands_include_their_ends() -> None:
    periods = [1 / 0.95, 1.0, 1 / 1.05, 1 / 1.06, 365.25, 29.53, 0.5, 0.7, np.nan]
    expected = [True, True, True, False, True, True, True, False, False]
    np.testing.assert_array_equal(in_terrestrial_band(periods), expected)


def test_removed_ranges_are_the_grid_points_in_bands() -> None:
    options = PeriodOptions(remove_terrestrial=True, max_freq=6.0)
    grid = frequency_grid(900.0, options)
    removed = np.zeros(grid.n, dtype=bool)
    for first, stop in removed_ranges(grid, options):
        removed[first:stop] = True
    frequency = grid.frequency(np.arange(grid.n))
    np.testing.assert_array_equal(removed, in_terrestrial_band(1 / frequency))


def test_nothing_is_removed_unless_asked() -> None:
    options = PeriodOptions()
    assert len(removed_ranges(frequency_grid(900.0, options), options)) == 0


def test_the_nested_search_brings_the_columns_of_its_parts() -> None:
    options = PeriodOptions(algorithms=("LS_BIC", "LS_CE_AOV"))
    assert suffixes(options) == ("LS_BIC", "ELS", "ECE", "EAOV", "ELS_ECE_EAOV")
    assert suffixes(PeriodOptions(algorithms=("LS", "CE"))) == ("LS", "CE")


@pytest.mark.parametrize(
    "wrong",
    [
        {"algorithms": ("BLS",)},
        {"algorithms": ()},
        {"algorithms": ("LS", "LS")},
        {"samples_per_peak": 1},
        {"max_freq": 0.0},
        {"max_freq": float("nan")},
        {"phase_bins": 1},
        {"n_top_columns": -1},
    ],
)
def test_an_impossible_option_is_an_error_that_says_what_is_allowed(wrong: dict) -> None:
    with pytest.raises(ConfigError, match="allowed"):
        PeriodOptions(**wrong)
