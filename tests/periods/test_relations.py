"""Aliases and harmonics among the peaks of a search, at frequencies worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from scope.periods import PeriodOptions, period_columns, search_periods
from scope.periods.relations import FLAGS, relations
from tests.periods.curves import joined, sawtooth, simulate, sine

BASELINE = 1000.0
PEAK = 1.7
"""Frequency of the best peak, 1/d, far from any simple fraction of a day."""


def flags(*others: float, strength: float = 0.95, baseline: float = BASELINE) -> set[str]:
    """The relations of the best peak to others of that relative significance."""
    period = 1.0 / np.array([PEAK, *others])
    found = relations(period, np.array([50.0] + [50.0 * strength] * len(others)), baseline)
    assert tuple(found) == FLAGS
    return {name for name, value in found.items() if value}


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (2.7, {"alias_day"}),  # one solar day
        (0.6973, {"alias_day"}),  # one sidereal day, 1.0027379 per day
        (3.7, {"alias_day"}),  # two days
        (0.3, {"alias_day"}),  # mirrored: 2 - 1.7
        (1.7 + 1 / 365.25, {"alias_year"}),
        (1.7 - 2 / 365.25, {"alias_year"}),
        (1.7 + 1 / 29.530589, {"alias_month"}),
        (3.4, {"harmonic"}),
        (0.85, {"harmonic"}),
        (1.7 * 2 / 3, {"harmonic"}),
        (2.2, set()),
        (1.71, set()),
    ],
)
def test_a_strong_peak_in_a_known_relation_sets_its_flag(other: float, expected: set[str]) -> None:
    assert flags(other) == expected
    assert flags(2.2, other) == expected


def test_weak_peaks_and_lone_ones_set_none() -> None:
    assert flags(2.7, strength=0.89) == set()
    assert flags() == set()


def test_an_alias_that_the_baseline_cannot_tell_apart_is_none() -> None:
    assert flags(1.7 + 1 / 365.25, baseline=700.0) == set()
    assert flags(1.7 + 1 / 29.530589, baseline=50.0) == set()


def test_the_flags_of_a_search_are_those_of_its_ranked_peaks() -> None:
    # Observed at the same hour of each night, a sine wave of 0.7 d is as well one of 1 per
    # day more or less; observed at any time, it is not.
    options = PeriodOptions(algorithms=("LS", "LS_BIC"), max_freq=4.0, n_top_columns=10)
    rng = np.random.default_rng(1)
    night = 58200.0 + np.arange(90) + rng.uniform(0.0, 0.02, 90)
    mag = 16.0 + sine((night / 0.7) % 1.0) + rng.normal(0.0, 0.02, 90)
    stars = joined([(night, mag, np.full(90, 0.02)), simulate(sine), simulate(sawtooth)])
    found = search_periods(stars, options).columns
    assert found["alias_day_LS"].tolist() == [True, False, False]
    assert found["alias_day_LS_BIC"][0]
    names = [column.name for column in period_columns(options)]
    for row in range(3):
        for suffix in options.algorithms:
            ranked = [
                np.array([found[f"{part}_{rank}_{suffix}"][row] for rank in range(1, 11)])
                for part in ("period", "significance")
            ]
            good = np.isfinite(ranked[0])
            span = np.ptp(stars.time[stars.offsets[row] : stars.offsets[row + 1]])
            expected = relations(ranked[0][good], ranked[1][good], span)
            for flag, value in expected.items():
                assert f"{flag}_{suffix}" in names
                assert found[f"{flag}_{suffix}"][row] == value
