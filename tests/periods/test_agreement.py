"""Agreement of algorithms, with values worked out by hand from the definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scope.periods.agreement import AGREEMENT, agreement, matches

NAN = math.nan


def test_periods_match_at_simple_ratios_within_five_per_cent() -> None:
    other = [1.0, 1.04, 1.06, 2.05, 0.5, 3.1, 1 / 3, 4.0, NAN]
    expected = [True, True, False, True, True, True, True, False, False]
    np.testing.assert_array_equal(matches([1.0], other)[0], expected)


def test_very_short_periods_take_no_part() -> None:
    assert not matches([0.006], [0.006]).any()


def test_three_algorithms_of_which_two_agree() -> None:
    ranked = [np.array([5.0, 0.7]), np.array([1.3, 10.0]), np.array([0.33, 41.0])]
    result = agreement([5.0, 1.3, 0.33], ranked)
    # Only 5.0 (rank 1) and 10.0 (rank 2) match: one of three pairs, weight 1/2.
    assert result["n_agree_pairs"] == 1
    assert result["n_total_pairs"] == 3
    assert result["agree_score"] == pytest.approx(1 / 3)
    assert result["agree_strict"] == 0.0
    assert result["agree_weighted"] == pytest.approx(1 / 6)
    assert result["best_agree_period"] == 5.0
    assert result["best_consensus_period"] == 5.0


def test_full_agreement() -> None:
    ranked = [np.array([5.0]), np.array([5.1])]
    result = agreement([5.0, 5.1], ranked)
    assert (result["agree_score"], result["agree_strict"], result["agree_weighted"]) == (1, 1, 1)


def test_votes_of_matching_periods_are_pooled() -> None:
    # 2.0 gathers 1/(2x2) from each side; 7.0 and 9.0 gather nothing.
    ranked = [np.array([7.0, 2.0]), np.array([9.0, 2.0])]
    result = agreement([7.0, 9.0], ranked)
    assert result["best_consensus_period"] == 2.0
    assert result["agree_strict"] == 0.0
    assert result["agree_weighted"] == pytest.approx(1 / 4)


def test_nothing_found_is_no_agreement() -> None:
    result = agreement([NAN, NAN], [np.array([NAN]), np.array([NAN])])
    assert list(result) == [name for name, _, _ in AGREEMENT]
    assert result["agree_score"] == 0.0
    assert math.isnan(result["best_agree_period"])
    assert math.isnan(result["best_consensus_period"])
