"""The models that judge a period, against closed forms and plain numpy."""

from __future__ import annotations

import numpy as np
import pytest

from scope.periods.backends import Backend, Curve, cpu, get_backend, reference
from scope.periods.kernels.fourier import fourier_fit
from scope.periods.kernels.harmonic_sums import N_LANES
from tests.periods.curves import curve, detached, flat, sawtooth, sine


@pytest.fixture(params=["cpu", "reference"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each backend that runs anywhere."""
    return get_backend(request.param)


def noiseless(mag: np.ndarray, n: int = 120) -> Curve:
    """Equally spaced points over 12 cycles of two days, of equal weight."""
    time = np.arange(n) * (24.0 / n)
    return Curve(time, mag - mag.mean(), np.full(n, 1 / n), np.full(n, 0.01))


OFFSETS = np.linspace(-0.01, 0.01, N_LANES)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_order_of_a_series_is_found(backend: Backend, order: int) -> None:
    rng = np.random.default_rng(1)
    angle = 2 * np.pi * np.arange(120) * 12.0 / 120
    series = sum(np.cos(k * angle + k) for k in range(1, order + 1))
    star = noiseless(series + 0.05 * rng.normal(size=120))
    _, found = backend.fourier_bic(star, np.array([0.5]), OFFSETS, 5)
    assert found[0, N_LANES // 2] == order


def test_the_criterion_is_the_closed_form_for_equally_spaced_points(backend: Backend) -> None:
    # Sine waves are orthogonal there: half the square of the amplitude is explained.
    angle = 2 * np.pi * np.arange(120) * 12.0 / 120
    star = noiseless(0.6 * np.cos(angle) + 0.1 * np.cos(2.5 * angle))
    offsets = np.zeros(N_LANES)
    bic, order = backend.fourier_bic(star, np.array([0.5]), offsets, 1)
    left = 0.1**2 / (0.6**2 + 0.1**2)
    assert order[0, 0] == 1
    assert bic[0, 0] == pytest.approx(120 * np.log(left) + 2 * np.log(120), rel=1e-9)


@pytest.mark.parametrize(
    "star",
    [curve(sawtooth, n=90), curve(detached, n=90), curve(flat, n=60), curve(sine, n=25)],
    ids=["sawtooth", "eclipses", "noise", "few points"],
)
def test_compiled_series_equal_least_squares(star: Curve) -> None:
    centres = np.array([0.05, 1.0, 1 / 0.7])
    offsets = np.linspace(-10, 10, N_LANES) * 0.1 / star.time.max()
    fast, fast_order = cpu.fourier_bic(star, centres, offsets, 6)
    slow, slow_order = reference.fourier_bic(star, centres, offsets, 6)
    np.testing.assert_array_equal(fast_order, slow_order)
    np.testing.assert_allclose(fast, slow, rtol=1e-8, atol=1e-8)


def test_two_eclipses_are_better_than_one_only_at_the_true_period(backend: Backend) -> None:
    star = curve(detached, period=1.9, n=300)
    # At half the period both eclipses fall together; at the true one they are apart.
    bic, boxes = backend.eclipse_bic(star, np.array([1 / 1.9, 2 / 1.9, 0.7]), 0.0)
    assert boxes[0] == 2
    assert bic[0] < bic[1] < 0.0
    assert bic[0] < bic[2]


def test_the_criterion_of_a_box_is_the_closed_form(backend: Backend) -> None:
    # 12 of 120 points are 1 mag fainter, 10 % of the cycle: nothing is left over but the
    # floor of 1e-12 that keeps the logarithm finite.
    phase = (np.arange(120) * 0.1) % 1.0
    star = noiseless(np.where((phase > 0.25) & (phase < 0.35), 1.0, 0.0))
    bic, boxes = backend.eclipse_bic(star, np.array([0.5]), 0.0)
    assert boxes[0] == 1
    assert bic[0] == pytest.approx(120 * np.log(1e-12) + 3 * np.log(120))


def test_brightenings_are_no_eclipses(backend: Backend) -> None:
    phase = (np.arange(120) * 0.1) % 1.0
    star = noiseless(np.where((phase > 0.25) & (phase < 0.35), -1.0, 0.0))
    inverted = noiseless(np.where((phase > 0.25) & (phase < 0.35), 1.0, 0.0))
    one = np.array([0.5])
    assert backend.eclipse_bic(star, one, 0.0)[0][0] > backend.eclipse_bic(inverted, one, 0.0)[0][0]


@pytest.mark.parametrize("n", [40, 120])
def test_compiled_boxes_equal_plain_numpy(n: int) -> None:
    star = curve(detached, period=1.9, n=n)
    frequencies = np.array([0.3, 1 / 1.9, 0.77, 2 / 1.9, 1.3])
    slow, slow_boxes = reference.eclipse_bic(star, frequencies, 0.0)
    for i, frequency in enumerate(frequencies):
        # One frequency at a time, so that none is skipped for the sake of a better one.
        fast, boxes = cpu.eclipse_bic(star, np.array([frequency]), 0.0)
        assert boxes[0] == slow_boxes[i]
        assert fast[0] == pytest.approx(slow[i], rel=1e-9, abs=1e-9)


def test_skipping_hopeless_second_boxes_never_changes_the_best() -> None:
    star = curve(detached, period=1.9, n=150)
    frequencies = np.linspace(0.3, 3.0, 400)
    together, _ = cpu.eclipse_bic(star, frequencies, 0.0)
    alone = np.array([cpu.eclipse_bic(star, np.array([f]), 0.0)[0][0] for f in frequencies])
    assert together.min() == alone.min()
    assert together.argmin() == alone.argmin()


def test_fourier_coefficients_are_those_put_in() -> None:
    star = noiseless(0.5 * np.cos(2 * np.pi * np.arange(120) * 0.1) + 0.2)
    angle = np.pi * star.time
    mag = 0.4 * np.cos(angle) - 0.1 * np.sin(angle) + 0.05 * np.cos(2 * angle)
    cosine, sine_part = fourier_fit(star.time, mag, star.weight, 0.5, 2, 4)
    np.testing.assert_allclose(cosine, [0.4, 0.05], atol=1e-12)
    np.testing.assert_allclose(sine_part, [-0.1, 0.0], atol=1e-12)
