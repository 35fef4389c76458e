"""Periods that a night's rhythm makes of a slow change.

Expected: closed forms. Seen at one hour of each night, a sine wave of frequency f and one of f + 1
per day are the same numbers; seen at all hours, they are not.
"""

from __future__ import annotations

import numpy as np
import pytest

from scope.periods import PeriodOptions, search_periods
from scope.periods.backends import weigh
from scope.periods.joint import search_stars
from scope.periods.trend import trend_explains
from tests.periods.curves import joined

NIGHTS = 58200.0 + np.arange(92)


def bump(time: np.ndarray) -> np.ndarray:
    """Return a light curve that rises once, by half a magnitude, and declines."""
    return 17.0 - 0.5 * np.exp(-0.5 * ((time - 58230.0) / 12.0) ** 2)


def noise(n: int) -> np.ndarray:
    return np.random.default_rng(5).normal(0.0, 0.02, n)


def curve(time: np.ndarray, mag: np.ndarray):  # type: ignore[no-untyped-def]
    return time - time.min(), mag + noise(len(time)), np.full(len(time), 0.02)


AT_MIDNIGHT = NIGHTS + np.random.default_rng(1).uniform(0.0, 0.03, 92)
AT_ALL_HOURS = NIGHTS + np.random.default_rng(2).uniform(0.0, 1.0, 92)


@pytest.mark.parametrize("period", [0.99, 1.0, 1.012, 0.4985, 2.01, 3.0])
def test_a_rise_that_is_seen_once_a_night_may_have_a_period_of_days(period: float) -> None:
    assert trend_explains([weigh(*curve(AT_MIDNIGHT, bump(AT_MIDNIGHT)))], period)


@pytest.mark.parametrize("period", [0.93, 0.62, 1.05, 5.1])
def test_other_periods_are_no_alias_of_it(period: float) -> None:
    # 1/0.93 is 0.075 per day away from one per day, and 2/T is 0.022.
    assert not trend_explains([weigh(*curve(AT_MIDNIGHT, bump(AT_MIDNIGHT)))], period)


def test_a_star_that_is_seen_at_all_hours_has_its_period() -> None:
    period = 1.004
    mag = 17.0 + 0.3 * np.sin(2 * np.pi * AT_ALL_HOURS / period)
    assert not trend_explains([weigh(*curve(AT_ALL_HOURS, mag))], period)
    mag = 17.0 + 0.3 * np.sin(2 * np.pi * AT_MIDNIGHT / period)
    assert trend_explains([weigh(*curve(AT_MIDNIGHT, mag))], period)


def test_more_than_two_cycles_of_the_alias_are_no_trend() -> None:
    # 1 - 1/1.05 per day: 4.4 cycles in 92 nights, a period that was tried.
    period = 1.05
    mag = 17.0 + 0.3 * np.sin(2 * np.pi * AT_MIDNIGHT / period)
    assert not trend_explains([weigh(*curve(AT_MIDNIGHT, mag))], period)


def test_the_search_says_it_of_its_period_by_every_algorithm() -> None:
    options = PeriodOptions(algorithms=("LS", "LS_BIC"), max_freq=4.0)
    steady = 17.0 + 0.3 * np.sin(2 * np.pi * AT_ALL_HOURS / 0.62)
    stars = joined([curve(AT_MIDNIGHT, bump(AT_MIDNIGHT)), curve(AT_ALL_HOURS, steady)])
    found = search_periods(stars, options).columns
    for suffix in options.algorithms:
        assert found[f"alias_trend_{suffix}"].tolist() == [True, False]


def test_bands_together_say_it_of_theirs() -> None:
    options = PeriodOptions(algorithms=("LS_BIC",), max_freq=4.0)
    redder = AT_MIDNIGHT + 0.005
    stars = joined([curve(AT_MIDNIGHT, bump(AT_MIDNIGHT)), curve(redder, bump(redder) - 0.4)])
    assert search_stars(stars, np.array([0, 2]), options)["alias_trend_BANDS"].tolist() == [True]


def test_units_do_not_matter() -> None:
    time, mag, error = curve(AT_MIDNIGHT, bump(AT_MIDNIGHT))
    assert trend_explains([weigh(time, 3.0 * mag, 3.0 * error)], 1.0)
