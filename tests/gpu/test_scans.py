"""Scans and single values on a device, against other libraries and the CPU's backend."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from scope.errors import BackendError
from scope.lightcurves import LightCurves
from scope.periods import PeriodOptions
from scope.periods.api import prepare_curve
from scope.periods.backends import LARGER_IS_BETTER, Curve, cpu
from scope.periods.backends.cuda import CudaBackend
from scope.periods.backends.cuda.device import Device
from scope.periods.backends.cuda.replay import ScanRequest
from scope.periods.grid import Grid, frequency_grid
from tests.gpu.curves import curve

OPTIONS = PeriodOptions(max_freq=3.0)
STATISTICS = tuple(LARGER_IS_BETTER)
KEEP = 60
NUDGE = 2.0**-17
"""Cycles by which all phases are shifted before they are binned."""


def prepared(curves: LightCurves) -> Curve:
    result = prepare_curve(curves.time, curves.mag, curves.magerr)
    assert result is not None
    return result


def power_by_least_squares(star: Curve, frequency: float) -> float:
    """Variance that a constant and a sine wave explain, by `numpy.linalg.lstsq`."""
    angle = 2 * np.pi * frequency * star.time
    root = np.sqrt(star.weight)
    design = np.stack([np.ones_like(angle), np.cos(angle), np.sin(angle)]).T * root[:, None]
    fit = design @ np.linalg.lstsq(design, star.mag * root, rcond=None)[0]
    return float(1 - np.sum((star.mag * root - fit) ** 2) / np.sum(star.weight * star.mag**2))


def entropy_by_histogram(star: Curve, frequency: float) -> float:
    """Conditional entropy of a `numpy.histogram2d`."""
    scaled = (star.mag - star.mag.min()) / np.ptp(star.mag)
    counts = np.histogram2d(
        (star.time * frequency + NUDGE) % 1.0, scaled, bins=(20, 10), range=((0, 1), (0, 1))
    )[0]
    share = counts / counts.sum()
    total = np.broadcast_to(share.sum(axis=1, keepdims=True), share.shape)
    filled = share > 0
    return float(np.sum(share[filled] * np.log(total[filled] / share[filled])))


def variance_ratio_by_anova(star: Curve, frequency: float) -> float:
    """One-way analysis of variance by `scipy.stats.f_oneway`, with all bins filled."""
    bins = np.floor(((star.time * frequency + NUDGE) % 1.0) * 20)
    groups = [star.mag[bins == b] for b in range(20)]
    assert min(map(len, groups)) > 0
    return float(scipy.stats.f_oneway(*groups).statistic)


ORACLES = {
    "LS": power_by_least_squares,
    "CE": entropy_by_histogram,
    "AOV": variance_ratio_by_anova,
}


@pytest.mark.parametrize("statistic", STATISTICS)
def test_a_value_is_that_of_another_library(device: Device, statistic: str) -> None:
    star = prepared(curve(400, shape=1))
    frequencies = np.random.default_rng(2).uniform(0.1, 20.0, 12)
    found = CudaBackend(device).evaluate(statistic, star, frequencies, OPTIONS)
    expected = [ORACLES[statistic](star, frequency) for frequency in frequencies]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("statistic", STATISTICS)
def test_scans_of_a_batch_are_those_of_the_cpu(device: Device, statistic: str) -> None:
    stars = [
        prepared(curve(50)),
        prepared(curve(5000, baseline=20.0, shape=2)),
        prepared(curve(150, baseline=3650.0, period=300.0)),
        prepared(curve(80, baseline=0.4, period=0.11)),
        prepared(curve(128, baseline=80.0, shape=1)),
    ]
    requests = []
    for star, max_freq in zip(stars, (3.0, 6.0, 0.2, 48.0, 2.0), strict=True):
        grid = frequency_grid(float(star.time.max()), PeriodOptions(max_freq=max_freq))
        none = np.zeros((0, 2), dtype=np.int64)
        requests.append(ScanRequest(statistic, star, grid, none, KEEP, OPTIONS))
    found = CudaBackend(device).answer(requests)
    for request, scan in zip(requests, found, strict=True):
        expected = cpu.scan(*request)
        assert len(scan.frequency) == KEEP
        np.testing.assert_array_equal(scan.frequency, expected.frequency)
        np.testing.assert_array_equal(scan.peak_frequency, expected.peak_frequency)
        np.testing.assert_allclose(scan.value, expected.value, rtol=1e-9, atol=1e-13)
        # The CPU's Lomb-Scargle is good to about 1e-8 of the largest power.
        tolerance = 1e-7 if statistic == "LS" else 1e-12
        assert scan.mean == pytest.approx(expected.mean, rel=tolerance)
        assert scan.deviation == pytest.approx(expected.deviation, rel=tolerance)


def test_magnitudes_in_perfect_order_have_a_huge_variance_ratio(device: Device) -> None:
    # Points at even spacing and two magnitudes in turn: at some periods no phase bin holds both.
    time = np.arange(60) * 0.5
    star = Curve(time, np.where(time % 1.0 == 0.0, 0.5, -0.5), np.full(60, 1 / 60), np.ones(60))
    grid, none = Grid(0.6, 0.05, 20), np.zeros((0, 2), dtype=np.int64)
    found = CudaBackend(device).scan("AOV", star, grid, none, KEEP, OPTIONS)
    expected = cpu.scan("AOV", star, grid, none, KEEP, OPTIONS)
    assert found.value[0] > 1e12
    for name, value in expected._asdict().items():
        np.testing.assert_allclose(getattr(found, name), value, rtol=1e-9, err_msg=name)


@pytest.mark.parametrize("statistic", ["CE", "AOV"])
def test_large_histograms_take_smaller_blocks(device: Device, statistic: str) -> None:
    options = PeriodOptions(max_freq=2.0, phase_bins=250, mag_bins=25)
    star = prepared(curve(600, baseline=30.0))
    grid = frequency_grid(30.0, options)
    none = np.zeros((0, 2), dtype=np.int64)
    found = CudaBackend(device).scan(statistic, star, grid, none, KEEP, options)
    expected = cpu.scan(statistic, star, grid, none, KEEP, options)
    np.testing.assert_array_equal(found.frequency, expected.frequency)
    assert found.mean == pytest.approx(expected.mean, rel=1e-12)


def test_a_histogram_beyond_shared_memory_is_an_error(device: Device) -> None:
    options = PeriodOptions(max_freq=2.0, phase_bins=1000, mag_bins=100)
    star, backend = prepared(curve(70000, baseline=10.0)), CudaBackend(device)
    none = np.zeros((0, 2), dtype=np.int64)
    with pytest.raises(BackendError, match="shared memory"):
        backend.scan("CE", star, frequency_grid(10.0, options), none, KEEP, options)


def test_counts_beyond_16_bits_are_exact(device: Device) -> None:
    # Two magnitudes and a tenth of the grid: 70,000 points in 20 cells.
    options = PeriodOptions(max_freq=0.5, mag_bins=1)
    star = prepared(curve(70000, baseline=10.0))
    grid, none = Grid(0.2, 0.1, 3), np.zeros((0, 2), dtype=np.int64)
    found = CudaBackend(device).scan("CE", star, grid, none, KEEP, options)
    expected = cpu.scan("CE", star, grid, none, KEEP, options)
    np.testing.assert_array_equal(found.value, expected.value)
    assert found.mean == expected.mean
