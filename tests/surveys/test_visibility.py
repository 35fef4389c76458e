"""How a variation stands out of the noise, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from scope.surveys.visibility import VISIBLE, visibility

N = 4000
TIME = np.linspace(0.0, 100.0, N, endpoint=False)


def test_a_sine_wave_has_half_of_its_squared_amplitude() -> None:
    mag, error = 15.0 + 0.2 * np.sin(2 * np.pi * TIME), np.full(N, 0.05)
    noisy = mag + 0.05 * np.random.default_rng(1).standard_normal(N)
    expected = N * 0.2**2 / 2 / 0.05**2
    # That 3 % of the points at either end count as the next ones do costs a noisy wave 5 %.
    assert visibility(noisy, error) == pytest.approx(expected, rel=0.08)
    assert visibility(noisy, error, np.full(N, 0.1)) == pytest.approx(expected / 4, rel=0.08)


def test_noise_of_the_stated_errors_and_outliers_show_nothing() -> None:
    rng = np.random.default_rng(2)
    seen = []
    for _ in range(200):
        mag = 18.0 + 0.1 * rng.standard_normal(150)
        mag[:3] += 2.0
        seen.append(visibility(mag, np.full(150, 0.1)) >= VISIBLE)
    assert np.mean(seen) < 0.01


def test_an_eclipse_of_one_point_in_ten_is_seen() -> None:
    """A box of depth d in a part q of the points has a variance of d^2 q (1 - q)."""
    mag = 16.0 + 0.5 * ((TIME / 3.7) % 1.0 < 0.1)
    expected = N * 0.5**2 * 0.1 * 0.9 / 0.02**2
    noisy = mag + 0.02 * np.random.default_rng(3).standard_normal(N)
    assert visibility(noisy, np.full(N, 0.02)) == pytest.approx(expected, rel=0.05)


def test_without_points_or_errors_there_is_nothing_to_see() -> None:
    assert visibility(np.empty(0), np.empty(0)) == 0.0
    assert visibility(np.array([15.0, 16.0]), np.zeros(2)) == 0.0
