"""Whole searches on a device: those of the other backends, whatever the batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from scope.errors import BackendError
from scope.lightcurves import LightCurves
from scope.periods import PeriodOptions, ls_bic, search_periods
from scope.periods.backends.cuda import device as devices
from scope.periods.backends.cuda.device import Device
from scope.periods.joint import search_stars
from tests.gpu.curves import assorted, curve, joined
from tests.gpu.host_device import HostDevice

EVERYTHING = PeriodOptions(
    algorithms=("LS_BIC", "ELS_ECE_EAOV", "AOV", "LS", "CE"), max_freq=3.0, n_top_columns=3
)


@pytest.fixture(autouse=True)
def few_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for a card is slow: judge the harmonics of few peaks."""
    monkeypatch.setattr(ls_bic, "N_SEEDS", 4)
    monkeypatch.setattr(ls_bic, "N_SLOW_SEEDS", 2)


def assert_alike(found: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Equal to 1e-9; the mean and deviation behind the significance of the CPU's LS to 1e-6."""
    assert list(found) == list(expected)
    for name, column in expected.items():
        rtol = 1e-6 if name.startswith("significance") and name.endswith("LS") else 1e-9
        np.testing.assert_allclose(found[name], column, rtol=rtol, atol=1e-12, err_msg=name)


def assert_same(found: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    for name, column in expected.items():
        np.testing.assert_array_equal(found[name], column, err_msg=name)


def test_all_searches_are_those_of_the_cpu(device: Device) -> None:
    found = search_periods(assorted(), EVERYTHING, backend="cuda")
    expected = search_periods(assorted(), EVERYTHING)
    assert found.backend == "cuda"
    assert np.isfinite(found.columns["period_LS_BIC"]).sum() >= 5
    assert_alike(found.columns, expected.columns)


@pytest.mark.parametrize("masked", [False, True])
def test_the_search_is_that_of_the_reference(
    device: Device, masked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The reference takes a twentieth of a second for each frequency that it judges.
    monkeypatch.setattr(ls_bic, "N_SEEDS", 1)
    monkeypatch.setattr(ls_bic, "N_SLOW_SEEDS", 0)
    monkeypatch.setattr(ls_bic, "RATIOS", (1.0,))
    options = PeriodOptions(
        algorithms=("LS_BIC", "ELS_ECE_EAOV"), max_freq=1.0, remove_terrestrial=masked
    )
    stars = joined([curve(60, shape=1, seed=4)])
    found = search_periods(stars, options, backend="cuda")
    expected = search_periods(stars, options, backend="reference")
    for name, column in expected.columns.items():
        np.testing.assert_allclose(found.columns[name], column, rtol=1e-7, err_msg=name)


def test_a_curve_is_searched_alike_alone_and_in_company(device: Device) -> None:
    curves = assorted()
    together = search_periods(curves, EVERYTHING, backend="cuda").columns
    for i in (0, 7):
        alone = search_periods(curves[i : i + 1], EVERYTHING, backend="cuda").columns
        assert_same(alone, {name: column[i : i + 1] for name, column in together.items()})


def test_a_small_memory_makes_small_batches_and_the_same_numbers(
    host: HostDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = PeriodOptions(algorithms=("LS", "ELS_ECE_EAOV"), max_freq=2.0)
    curves = assorted()
    expected = search_periods(curves, options, backend="cuda").columns
    n_launches = len(host.launches)
    small = host.fresh(memory_bytes=90_000)
    monkeypatch.setattr(devices, "open_device", lambda: small)
    assert_same(search_periods(curves, options, backend="cuda").columns, expected)
    assert len(small.launches) > n_launches


def test_a_curve_beyond_the_memory_is_an_error_that_says_how_much_it_needs(
    host: HostDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = host.fresh(memory_bytes=10_000)
    monkeypatch.setattr(devices, "open_device", lambda: tiny)
    options = PeriodOptions(algorithms=("LS",), max_freq=10.0)
    with pytest.raises(BackendError, match=r"SCOPE_GPU_MEMORY_BYTES above 2 times .* about [0-9]+"):
        search_periods(joined([curve(50)]), options, backend="cuda")


def test_no_number_depends_on_the_order_of_threads(host: HostDevice) -> None:
    curves = assorted()[0:4]
    expected = search_periods(curves, EVERYTHING, backend="cuda").columns
    host.backwards = True
    assert_same(search_periods(curves, EVERYTHING, backend="cuda").columns, expected)


def test_no_curves_give_empty_columns(device: Device) -> None:
    found = search_periods(assorted()[0:0], EVERYTHING, backend="cuda")
    assert all(len(column) == 0 for column in found.columns.values())


def test_more_curves_than_one_call_takes_are_all_searched(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scope.periods.backends.cuda import CudaBackend

    options = PeriodOptions(algorithms=("LS",), max_freq=1.0)
    expected = search_periods(assorted(), options, backend="cuda").columns
    monkeypatch.setattr(CudaBackend, "curves_together", 2)
    assert_same(search_periods(assorted(), options, backend="cuda").columns, expected)


def test_read_only_arrays_are_left_alone(device: Device) -> None:
    curves = assorted()
    before = [array.copy() for array in (curves.time, curves.mag, curves.magerr)]
    for array in (curves.time, curves.mag, curves.magerr, curves.offsets):
        array.flags.writeable = False
    search_periods(curves, PeriodOptions(max_freq=1.0), backend="cuda")
    for array, copy in zip((curves.time, curves.mag, curves.magerr), before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_single_precision_magnitudes_are_searched(device: Device) -> None:
    curves = assorted()
    single = LightCurves(
        curves.ids,
        curves.offsets,
        curves.time,
        curves.mag.astype(np.float32),
        curves.magerr.astype(np.float32),
    )
    options = PeriodOptions(algorithms=("LS_BIC", "CE"), max_freq=1.0)
    found = search_periods(single, options, backend="cuda")
    assert_alike(found.columns, search_periods(single, options).columns)


def test_the_bands_of_a_star_are_searched_together_as_on_the_cpu(device: Device) -> None:
    options = PeriodOptions(max_freq=3.0)
    curves = joined([curve(60, shape=shape, seed=seed) for shape, seed in ((0, 1), (0, 2), (1, 3))])
    stars = np.array([0, 2, 2, 3])
    found = search_stars(curves, stars, options, backend="cuda")
    assert np.isfinite(found["period_BANDS"]).tolist() == [True, False, False]
    assert_alike(found, search_stars(curves, stars, options))
