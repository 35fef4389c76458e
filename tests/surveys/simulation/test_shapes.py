"""Shapes of light curves: Fourier parameters, spots, tides."""

from __future__ import annotations

import numpy as np
import pytest

from scope.surveys.simulation.shapes import (
    ellipsoidal_shape,
    fourier_shape,
    sawtooth_shape,
    spot_dimming,
    tabulate,
)

PHASES = np.arange(4096) / 4096


def _parameters(shape):
    """R_k1 and phi_k1 of a shape by a discrete Fourier transform."""
    spectrum = np.fft.rfft(shape(PHASES))[1:8]
    amplitude, angle = np.abs(spectrum), np.angle(spectrum)
    k = np.arange(1, 8)
    return amplitude / amplitude[0], np.mod(angle - k * angle[0], 2 * np.pi)


def test_a_shape_has_the_fourier_parameters_that_were_asked_for():
    ratios, phases = _parameters(fourier_shape([0.45, 0.3], [3.9, 1.8]))
    np.testing.assert_allclose(ratios[:4], [1, 0.45, 0.3, 0], atol=2e-3)
    np.testing.assert_allclose(phases[1:3], [3.9, 1.8], atol=5e-3)


def test_shapes_have_unit_amplitude_and_zero_mean():
    values = sawtooth_shape(0.45, 0.3, 3.9, 1.8, 8)(PHASES)
    assert np.ptp(values) == pytest.approx(1.0, abs=1e-6)
    assert np.mean(values) == pytest.approx(0.0, abs=1e-3)


def test_a_pulsator_brightens_faster_than_it_fades():
    values = sawtooth_shape(0.45, 0.3, 3.85, 1.75, 8)(PHASES)
    rise = (np.argmin(values) - np.argmax(values)) / len(values) % 1.0
    # From faintest to brightest: RRab stars take 0.1 to 0.25 of the period.
    assert 0.08 < rise < 0.3


def test_shapes_repeat_with_phase():
    shape = tabulate(lambda phase: np.sin(2 * np.pi * phase))
    np.testing.assert_allclose(shape(PHASES + 7), shape(PHASES), atol=1e-9)
    np.testing.assert_allclose(shape(PHASES - 3), np.sin(2 * np.pi * PHASES), atol=1e-4)


def test_tides_make_two_unequal_minima_per_orbit():
    values = ellipsoidal_shape(0.2, 0.0)(PHASES)
    inner = (values > np.roll(values, 1)) & (values > np.roll(values, -1))
    assert np.sum(inner) == 2
    deep, shallow = np.sort(values[inner])[::-1]
    assert deep - shallow > 0.05


def test_a_spot_at_the_centre_counts_in_full_and_behind_the_limb_not_at_all():
    edge_on = np.pi / 2
    assert spot_dimming(np.array([0.0]), 0.0, edge_on)[0] == pytest.approx(1.0)
    assert spot_dimming(np.array([np.pi]), 0.0, edge_on)[0] == 0.0
    # At 60 degrees: half the projected area, and 1 - u (1 - mu) of the brightness.
    expected = 0.5 * (1 - 0.6 * 0.5)
    assert spot_dimming(np.array([np.pi / 3]), 0.0, edge_on)[0] == pytest.approx(expected)
