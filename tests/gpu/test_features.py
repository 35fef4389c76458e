"""Statistics, Fourier series and histograms on a device."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from scope.errors import ConfigError
from scope.features import cuda
from scope.features import dmdt as cpu_dmdt
from scope.features import fourier as cpu_fourier
from scope.features import statistics as cpu_statistics
from scope.features.batch import compute_batch
from scope.features.edges import DmdtEdges
from scope.features.options import FeatureOptions
from scope.lightcurves import LightCurves
from scope.periods import PeriodOptions, ls_bic
from scope.periods.backends.cuda import device as devices
from scope.periods.backends.cuda.device import Device
from tests.gpu.curves import curve, joined
from tests.gpu.host_device import HostDevice

SIZES = (0, 1, 2, 3, 4, 5, 6, 7, 8, 20, 127, 128, 129, 700, 1024, 1025)


@pytest.fixture
def curves() -> LightCurves:
    """From no points to 1,025: around every power of two and every special case."""
    return joined(
        [curve(n, shape=i % 4, seed=i, noise=0.02 * (1 + i)) for i, n in enumerate(SIZES)]
    )


def test_the_statistics_of_a_known_curve(device: Device) -> None:
    # Computed by SCoPe's own function and by hand from the published formulas.
    t = 2458200 + np.array([0, 1, 3, 4.5, 7, 8, 10, 13])
    m = np.array([15.0, 15.2, 14.9, 15.1, 15.3, 14.8, 15.05, 15.15])
    e = np.array([0.02, 0.03, 0.02, 0.025, 0.03, 0.02, 0.02, 0.025])
    expected = [
        *(8, 15.075, 15.02143372, 45.80134429, 6.166666667, 0.144183198, 0.0149551346),
        *(0.0001066901668, 0.1, 0.1875, 0.24, 0.2925, 0.36, 0.43, -76.34437842, 8867.29282),
        *(0.1891479822, -164.2216566, -20.21492773, 0.852340199, 0.6860355853, 0.8068927167),
    ]
    star = LightCurves(np.array([1]), np.array([0, 8]), t, m, e, time_zero_hjd=0.0)
    np.testing.assert_allclose(cuda.statistics(star)[0], expected, rtol=1e-8)


def test_tests_of_normality_are_those_of_scipy(device: Device) -> None:
    for n in (50, 300, 1500):
        star = curve(n, shape=n % 3)
        ratio = star.mag / star.magerr
        found = dict(zip(cpu_statistics.NAMES, cuda.statistics(star)[0], strict=True))
        assert found["sw"] == pytest.approx(scipy.stats.shapiro(ratio).statistic, rel=1e-9)
        ordered = np.sort((ratio - ratio.mean()) / ratio.std(ddof=1))
        below, above = scipy.stats.norm.logcdf(ordered), scipy.stats.norm.logsf(ordered[::-1])
        weights = 2 * np.arange(1, n + 1) - 1
        assert found["ad"] == pytest.approx(-n - np.sum(weights * (below + above)) / n, rel=1e-9)


def test_statistics_are_those_of_the_cpu(device: Device, curves: LightCurves) -> None:
    found, expected = cuda.statistics(curves), cpu_statistics.statistics(curves)
    # Signed sums cancel: their rounding is that of the sum of moduli.
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
    quantiles = [cpu_statistics.NAMES.index(name) for name in ("n", "median", "iqr", "i90r")]
    np.testing.assert_array_equal(found[:, quantiles], expected[:, quantiles])


@pytest.mark.parametrize("form", ["raw", "polar"])
def test_fourier_series_are_those_of_the_cpu(
    device: Device, curves: LightCurves, form: cpu_fourier.FourierForm
) -> None:
    period = np.random.default_rng(1).uniform(0.3, 30.0, len(curves))
    period[[9, 10, 11]] = np.nan, 0.0, np.inf
    found = cuda.fourier(curves, period, form)
    expected = cpu_fourier.fourier(curves, period, form)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
    with pytest.raises(ConfigError, match="spherical"):
        cuda.fourier(curves, period, "spherical")  # type: ignore[arg-type]


def test_histograms_are_those_of_the_cpu_to_the_last_bit(
    device: Device, curves: LightCurves
) -> None:
    np.testing.assert_array_equal(cuda.dmdt(curves), cpu_dmdt.dmdt(curves))


def test_pairs_on_edges_are_counted_as_numpy_does(device: Device) -> None:
    # Differences are exact binary fractions, half of them on an edge, some on the last.
    rng = np.random.default_rng(6)
    t = np.cumsum(rng.integers(0, 5, 120)) / 4.0
    m = rng.integers(-8, 9, 120) / 8.0
    star = LightCurves(np.array([1]), np.array([0, 120]), t, m, np.ones(120))
    edges = DmdtEdges(
        tuple(float(x) for x in np.arange(-13, 14) / 8.0),
        tuple(float(x) for x in np.arange(27) / 2.0),
    )
    i, j = np.triu_indices(120, 1)
    counts, _, _ = np.histogram2d(m[j] - m[i], t[j] - t[i], bins=(edges.dm, edges.dt))
    found = cuda.dmdt(star, edges)[0]
    np.testing.assert_allclose(found, counts / np.sqrt(np.sum(counts**2)), rtol=1e-15)


def test_the_feature_stage_is_that_of_the_cpu(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ls_bic, "N_SEEDS", 3)
    stars = joined([curve(60 + 7 * i, shape=i % 4, seed=i) for i in range(6)])
    options = FeatureOptions(PeriodOptions(algorithms=("LS_BIC", "CE"), max_freq=1.0))
    found = compute_batch(stars, options, backend="cuda", workers=2)
    expected = compute_batch(stars, options)
    assert list(found) == list(expected)
    for name, column in expected.items():
        np.testing.assert_allclose(found[name], column, rtol=1e-9, atol=1e-9, err_msg=name)


def test_a_small_memory_makes_small_batches_and_the_same_numbers(
    host: HostDevice, curves: LightCurves, monkeypatch: pytest.MonkeyPatch
) -> None:
    period = np.full(len(curves), 1.7)
    expected = cuda.statistics(curves), cuda.fourier(curves, period), cuda.dmdt(curves)
    small = host.fresh(memory_bytes=200_000)
    monkeypatch.setattr(devices, "open_device", lambda: small)
    found = cuda.statistics(curves), cuda.fourier(curves, period), cuda.dmdt(curves)
    for left, right in zip(found, expected, strict=True):
        np.testing.assert_array_equal(left, right)
    assert len(small.launches) > 3


def test_no_number_depends_on_the_order_of_threads(host: HostDevice, curves: LightCurves) -> None:
    period = np.full(len(curves), 1.7)
    expected = cuda.statistics(curves), cuda.fourier(curves, period), cuda.dmdt(curves)
    host.backwards = True
    found = cuda.statistics(curves), cuda.fourier(curves, period), cuda.dmdt(curves)
    for left, right in zip(found, expected, strict=True):
        np.testing.assert_array_equal(left, right)
