"""Fourier and eclipse models on a device, against least squares and the CPU's backend."""

from __future__ import annotations

import numpy as np
import pytest

from scope.periods.backends import Curve, cpu
from scope.periods.backends.cuda import CudaBackend
from scope.periods.backends.cuda.device import Device
from tests.gpu.curves import curve
from tests.gpu.test_scans import prepared

LANES = 24


def windows(star: Curve, *more: float) -> tuple[np.ndarray, np.ndarray]:
    """Centres of windows, at random, at `more` and very slow, and offsets within them."""
    step = 0.1 / star.time.max()
    centres = np.random.default_rng(3).uniform(0.1, 10.0, 8)
    slow = 2.0 / star.time.max() + 10 * step
    return np.sort([*centres, *more, slow]), np.linspace(-10, 10, LANES) * step


def criterion_by_least_squares(star: Curve, frequency: float, orders: int) -> tuple[float, int]:
    """Smallest BIC relative to a constant over orders 1 .. `orders`, by `numpy.linalg.lstsq`."""
    n, root = len(star.time), np.sqrt(star.weight)
    columns, best = [np.ones(n)], (0.0, 0)
    for k in range(1, orders + 1):
        angle = 2 * np.pi * k * frequency * star.time
        columns += [np.cos(angle), np.sin(angle)]
        design = np.stack(columns).T * root[:, None]
        fit = design @ np.linalg.lstsq(design, star.mag * root, rcond=None)[0]
        left = np.sum((star.mag * root - fit) ** 2) / np.sum(star.weight * star.mag**2)
        best = min(best, (n * np.log(left) + 2 * k * np.log(n), k))
    return best


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5, 6])
def test_fourier_series_are_those_of_least_squares(device: Device, order: int) -> None:
    star = prepared(curve(150, shape=1, period=0.771, baseline=90.0))
    # Not near whole cycles per day, where fewer harmonics are allowed.
    centres, offsets = np.array([0.3571, 1 / 0.771, 7.3]), np.linspace(-0.02, 0.02, LANES)
    bic, orders = CudaBackend(device).fourier_bic(star, centres, offsets, order)
    for i, m in ((0, 3), (1, 11), (1, 12), (2, 20)):
        expected, best = criterion_by_least_squares(star, centres[i] + offsets[m], order)
        assert bic[i, m] == pytest.approx(expected, rel=1e-9, abs=1e-9)
        assert orders[i, m] == best


def test_fourier_series_of_few_cycles_and_whole_days_are_those_of_the_cpu(device: Device) -> None:
    for n, order in ((50, 2), (300, 6)):
        star = prepared(curve(n, shape=1, baseline=40.0))
        centres, offsets = windows(star, 1.0, 1.0027379, 1 / 1.234)
        found = CudaBackend(device).fourier_bic(star, centres, offsets, order)
        expected = cpu.fourier_bic(star, centres, offsets, order)
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-9, atol=1e-9)
        np.testing.assert_array_equal(found[1], expected[1])


@pytest.mark.parametrize("ceiling", [0.0, -30.0, -1e6])
@pytest.mark.parametrize("shape", [0, 2, 3])
def test_eclipses_are_those_of_the_cpu(device: Device, ceiling: float, shape: int) -> None:
    star = prepared(curve(250, shape=shape, noise=0.02))
    centres, offsets = windows(star, 1 / 1.234)
    frequencies = np.append((centres[:, None] + offsets).ravel(), [1 / 1.234, 2 / 1.234])
    found = CudaBackend(device).eclipse_bic(star, frequencies, ceiling)
    expected = cpu.eclipse_bic(star, frequencies, ceiling)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(found[1], expected[1])
    if shape == 2 and ceiling > -1e6:
        assert found[1][-2] == 2
