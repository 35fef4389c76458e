"""Filling from neighbours against scikit-learn's KNNImputer and hand-made ties."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.impute import KNNImputer

from scope.preprocessing.neighbours import NeighbourReference


def reference_of(rows: np.ndarray, n_neighbors: int = 5) -> NeighbourReference:
    return NeighbourReference(
        low=np.nanmin(rows, axis=0),
        high=np.nanmax(rows, axis=0),
        mean=np.nanmean(rows, axis=0),
        values=np.ascontiguousarray(rows.T, dtype=np.float32),
        n_neighbors=n_neighbors,
    )


def with_gaps(rng: np.random.Generator, rows: int, columns: int, part: float) -> np.ndarray:
    values = rng.normal(size=(rows, columns)).astype(np.float32).astype(np.float64)
    values[rng.random(values.shape) < part] = np.nan
    return values


@pytest.mark.parametrize("n_neighbors", [1, 5])
@pytest.mark.parametrize("part", [0.1, 0.6])
def test_filling_equals_scikit_learn_on_scaled_columns(n_neighbors: int, part: float) -> None:
    rng = np.random.default_rng(1)
    training = with_gaps(rng, 300, 6, part)
    rows = with_gaps(rng, 200, 6, part)
    reference = reference_of(training, n_neighbors)
    span = reference.high - reference.low
    imputer = KNNImputer(n_neighbors=n_neighbors).fit((training - reference.low) / span)
    expected = imputer.transform((rows - reference.low) / span) * span + reference.low
    np.testing.assert_allclose(reference.fill(rows), expected, rtol=1e-9, atol=1e-9)


def test_values_that_are_there_are_not_touched() -> None:
    rows = with_gaps(np.random.default_rng(2), 50, 4, 0.3)
    filled = reference_of(rows).fill(rows)
    there = np.isfinite(rows)
    np.testing.assert_array_equal(filled[there], rows[there])
    assert np.isfinite(filled).all()


def test_equal_distances_are_ordered_by_place_in_the_reference() -> None:
    # four rows at distance 0.5 of x = 1; the first two in the reference have y = 10 and 20
    training = np.array([[0.0, 10.0], [2.0, 20.0], [0.0, 30.0], [2.0, 40.0]])
    filled = reference_of(training, n_neighbors=2).fill(np.array([[1.0, np.nan]]))
    assert filled[0, 1] == 15.0


def test_a_reference_row_without_the_missing_column_is_no_neighbour() -> None:
    training = np.array([[0.0, np.nan], [0.1, 7.0], [5.0, 9.0]])
    filled = reference_of(training, n_neighbors=1).fill(np.array([[0.0, np.nan]]))
    assert filled[0, 1] == 7.0


def test_a_row_without_any_value_gets_the_training_means() -> None:
    training = np.array([[1.0, 10.0], [3.0, 20.0]])
    np.testing.assert_array_equal(
        reference_of(training).fill(np.full((1, 2), np.nan)), [[2.0, 15.0]]
    )


def test_a_row_with_nothing_in_common_gets_the_training_mean() -> None:
    # no reference row has both columns, so that no distance is defined
    training = np.array([[1.0, np.nan], [np.nan, 4.0], [np.nan, 8.0]])
    filled = reference_of(training).fill(np.array([[1.0, np.nan]]))
    assert filled[0, 1] == 6.0


def test_a_row_is_filled_the_same_in_any_company() -> None:
    rng = np.random.default_rng(3)
    # whole numbers: most distances are tied
    training = rng.integers(0, 3, size=(400, 5)).astype(float)
    training[rng.random(training.shape) < 0.3] = np.nan
    rows = rng.integers(0, 3, size=(200, 5)).astype(float)
    rows[rng.random(rows.shape) < 0.4] = np.nan
    reference = reference_of(training)
    together = reference.fill(rows)
    alone = np.concatenate([reference.fill(rows[i : i + 1]) for i in range(len(rows))])
    order = rng.permutation(len(rows))
    assert alone.tobytes() == together.tobytes()
    assert reference.fill(rows[order]).tobytes() == together[order].tobytes()


def test_a_constant_column_does_not_divide_by_zero() -> None:
    training = np.array([[5.0, 1.0, 2.0], [5.0, 2.0, 4.0], [5.0, 3.0, 6.0]])
    filled = reference_of(training, n_neighbors=1).fill(np.array([[5.0, 2.9, np.nan]]))
    assert filled[0, 2] == 6.0
