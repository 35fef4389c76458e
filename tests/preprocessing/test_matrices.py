"""Histograms as lists of lists, as flat lists, and as something else."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from scope.errors import InputError
from scope.preprocessing.matrices import histogram_matrix

CELLS = np.arange(676, dtype=np.float64)


@pytest.mark.parametrize(
    "column",
    [
        pa.array([CELLS.tolist()]),
        pa.array([CELLS.tolist()], pa.list_(pa.float32(), 676)),
        pa.array([CELLS.reshape(26, 26).tolist()]),
        pa.chunked_array([pa.array([CELLS.tolist()]), pa.array([], pa.list_(pa.float64()))]),
    ],
)
def test_every_layout_gives_the_same_matrix(column: pa.Array) -> None:
    values, defined = histogram_matrix(column)
    np.testing.assert_array_equal(values, CELLS[None].astype(np.float32))
    assert defined.tolist() == [True]


def test_a_null_and_a_nan_are_undefined_and_zero() -> None:
    broken = CELLS.copy()
    broken[3] = np.nan
    values, defined = histogram_matrix(pa.array([None, CELLS.tolist(), broken.tolist()]))
    assert defined.tolist() == [False, True, False]
    assert not values[0].any()
    assert not values[2].any()


def test_no_rows_are_no_rows() -> None:
    values, defined = histogram_matrix(pa.array([], pa.list_(pa.float32(), 676)))
    assert (values.shape, defined.shape) == ((0, 676), (0,))


def test_a_histogram_of_another_size_is_refused() -> None:
    with pytest.raises(InputError, match=r"25 values in 1 rows.*26 x 26"):
        histogram_matrix(pa.array([[0.0] * 25]))
