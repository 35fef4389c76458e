"""The features of a light curve depend on that light curve and the options only."""

from __future__ import annotations

import numpy as np
import pytest

from scope.errors import BackendError, ConfigError, InputError
from scope.features.batch import Values, compute_batch
from scope.features.dmdt import dmdt
from scope.features.fourier import fourier
from scope.features.options import FeatureOptions
from scope.features.registry import light_curve_columns
from scope.features.statistics import statistics
from scope.lightcurves import LightCurves
from scope.periods import PeriodOptions, search_periods
from tests.features.curves import one, random_curves

OPTIONS = FeatureOptions(PeriodOptions(algorithms=("LS_BIC", "LS"), max_freq=1.0))


@pytest.fixture(scope="module")
def curves() -> LightCurves:
    return random_curves(21)


@pytest.fixture(scope="module")
def values(curves: LightCurves) -> Values:
    return compute_batch(curves, OPTIONS)


def assert_same(left: Values, right: Values, rows: object = slice(None)) -> None:
    for name, column in left.items():
        np.testing.assert_array_equal(column, right[name][rows], err_msg=name)


def test_the_values_are_those_of_the_columns(curves: LightCurves, values: Values) -> None:
    columns = light_curve_columns(OPTIONS)
    assert [column.name for column in columns] == list(values)
    for column in columns:
        shape, dtype = values[column.name].shape, values[column.name].dtype
        if column.name == "dmdt":
            assert (shape, dtype) == ((len(curves), 676), np.float32)
        else:
            assert shape == (len(curves),)
            assert dtype == (bool if column.dtype == "bool" else np.float64)


def test_every_part_is_in_its_columns(curves: LightCurves, values: Values) -> None:
    # The parts have tests of their own; here each is compared with the columns it fills.
    np.testing.assert_array_equal(values["sw"], statistics(curves)[:, -1])
    periods = search_periods(curves, OPTIONS.periods).columns
    np.testing.assert_array_equal(values["period_LS"], periods["period_LS"])
    for suffix in ("LS", "LS_BIC"):
        fits = fourier(curves, values[f"period_{suffix}"])
        np.testing.assert_array_equal(values[f"f1_power_{suffix}"], fits[:, 0])
    # Row after row: entry 26 r + c is the pair of magnitude bin r and time bin c.
    np.testing.assert_array_equal(
        values["dmdt"].reshape(-1, 26, 26), dmdt(curves).astype(np.float32)
    )


def test_companions_and_their_order_do_not_matter(curves: LightCurves, values: Values) -> None:
    order = np.random.default_rng(1).permutation(len(curves))
    assert_same(compute_batch(curves.take(order), OPTIONS), values, order)
    for i in (0, 8, 20):
        assert_same(compute_batch(curves[i : i + 1], OPTIONS), values, slice(i, i + 1))


def test_threads_do_not_matter(curves: LightCurves, values: Values) -> None:
    assert_same(compute_batch(curves, OPTIONS, workers=3), values)


def test_an_empty_batch_has_the_columns_and_no_rows(curves: LightCurves, values: Values) -> None:
    empty = compute_batch(curves[:0], OPTIONS)
    assert list(empty) == list(values)
    assert all(len(column) == 0 for column in empty.values())


def test_falling_times_are_refused() -> None:
    # A fall from one curve to the next is none.
    pair = LightCurves.concatenate([one([5.0, 6.0, 7.0], np.arange(3.0))] * 2)
    compute_batch(pair, OPTIONS)
    unsorted = LightCurves(
        np.array([7, 8]), np.array([0, 2, 5]), np.array([3.0, 4, 1, 3, 2]), np.ones(5), np.ones(5)
    )
    with pytest.raises(InputError, match="_id 8"):
        compute_batch(unsorted, OPTIONS)


def test_a_backend_that_is_not_there_is_an_error(curves: LightCurves) -> None:
    with pytest.raises(BackendError, match="abacus"):
        compute_batch(curves, OPTIONS, backend="abacus")


def test_there_must_be_a_worker(curves: LightCurves) -> None:
    with pytest.raises(ConfigError, match="workers"):
        compute_batch(curves, OPTIONS, workers=0)
