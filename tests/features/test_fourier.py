"""The Fourier fits are weighted least squares, and the order is that of the smallest BIC."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import curve_fit

from scope.errors import ConfigError
from scope.features.fourier import NAMES, fourier
from tests.features.curves import one, random_curves

HMJD_ZERO = 2400000.5


def fit(t: np.ndarray, m: np.ndarray, period: float, form: str = "raw", e: object = 0.02) -> dict:
    values = fourier(one(t, m, e), np.array([period]), form)[0]
    return dict(zip(NAMES, values, strict=True))


def design(hjd: np.ndarray, period: float, order: int) -> np.ndarray:
    angle = 2.0 * np.pi * hjd / period
    harmonics = [f(k * angle) for k in range(1, order + 1) for f in (np.cos, np.sin)]
    return np.column_stack([np.ones_like(hjd), hjd - hjd.min(), *harmonics])


def by_lstsq(hjd: np.ndarray, m: np.ndarray, e: np.ndarray, period: float) -> dict:
    """Fit all orders by numpy.linalg.lstsq and choose by BIC."""
    fits = []
    for order in range(6):
        x = design(hjd, period, order)
        c = np.linalg.lstsq(x / e[:, None], m / e, rcond=None)[0]
        chi2 = np.sum(((m - x @ c) / e) ** 2)
        fits.append((chi2 + math.log(len(m)) * (2 + 2 * order), chi2, c))
    bic, chi2, c = min(fits, key=lambda found: found[0])
    raw = np.zeros(12)
    raw[: len(c)] = c
    return dict(zip(NAMES, [(fits[0][1] - chi2) / fits[0][1], bic, *raw], strict=True))


@pytest.fixture
def two_harmonics() -> tuple[np.ndarray, np.ndarray, float]:
    """A noise-free curve of two harmonics and a slope, phases from HJD 0."""
    period = 0.731
    t = np.sort(np.random.default_rng(1).uniform(58200.0, 58500.0, 120))
    angle = 2.0 * np.pi * (t + HMJD_ZERO) / period
    m = 15.0 + 5e-4 * (t - t.min()) + 0.3 * np.cos(angle) + 0.1 * np.sin(angle)
    return t, m + 0.05 * np.cos(2 * angle) - 0.02 * np.sin(2 * angle), period


def test_raw_features_are_the_coefficients(
    two_harmonics: tuple[np.ndarray, np.ndarray, float],
) -> None:
    # Closed form: the curve is a model of order 2, so chi^2 = 0 and BIC = 6 ln 120.
    found = fit(*two_harmonics)
    expected = {
        "f1_power": 1.0,
        "f1_BIC": 6.0 * math.log(120),
        "f1_a": 15.0,
        "f1_b": 5e-4,
        "f1_amp": 0.3,
        "f1_phi0": 0.1,
        "f1_relamp1": 0.05,
        "f1_relphi1": -0.02,
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-6), name
    above = [found[name] for name in NAMES if name not in expected]
    assert above == [0.0] * 6


def test_polar_features_are_amplitudes_and_phases(
    two_harmonics: tuple[np.ndarray, np.ndarray, float],
) -> None:
    # Closed form, from the coefficients of the fixture.
    found = fit(*two_harmonics, form="polar")
    amp1, amp2 = math.hypot(0.3, 0.1), math.hypot(0.05, -0.02)
    phi1, phi2 = math.atan2(0.3, 0.1), math.atan2(0.05, -0.02)
    assert found["f1_amp"] == pytest.approx(amp1, rel=1e-6)
    assert found["f1_phi0"] == pytest.approx(phi1, rel=1e-6)
    assert found["f1_relamp1"] == pytest.approx(amp2 / amp1, rel=1e-6)
    relative = ((phi2 / 2 - phi1) / (2 * math.pi / 2)) % 1.0
    assert found["f1_relphi1"] == pytest.approx(relative, rel=1e-6)
    assert [found[f"f1_rel{x}{k}"] for k in (2, 3, 4) for x in ("amp", "phi")] == [0.0] * 6
    raw = fit(*two_harmonics)
    assert [found[name] for name in NAMES[:4]] == [raw[name] for name in NAMES[:4]]


@pytest.mark.parametrize("seed", range(4))
def test_fits_agree_with_numpy_lstsq(seed: int) -> None:
    curves = random_curves(5, seed=seed)
    rng = np.random.default_rng(seed)
    periods = np.exp(rng.uniform(np.log(0.05), np.log(150.0), len(curves)))
    found = fourier(curves, periods)
    for i, period in enumerate(periods):
        curve = curves[i : i + 1]
        expected = by_lstsq(curve.time + HMJD_ZERO, curve.mag, curve.magerr, float(period))
        for k, name in enumerate(NAMES):
            # The phase of HJD 2.4e6 at a period of hours is good to 1e-8 cycles.
            assert found[i, k] == pytest.approx(expected[name], rel=1e-7, abs=2e-7), name


def test_fits_agree_with_scipy_curve_fit() -> None:
    # curve_fit is what the SCoPe pipeline fits with.
    rng = np.random.default_rng(11)
    t = np.sort(rng.uniform(58200.0, 58900.0, 150))
    e = rng.uniform(0.01, 0.05, 150)
    period = 3.21
    angle = 2.0 * np.pi * (t + HMJD_ZERO) / period
    m = 16.0 + 0.4 * np.cos(angle) + 0.2 * np.sin(2.0 * angle) + rng.normal(0.0, e)
    found = fit(t, m, period, e=e)

    def model(_: np.ndarray, *c: float) -> np.ndarray:
        return design(t + HMJD_ZERO, period, 2) @ np.array(c)

    coefficients, _ = curve_fit(model, t, m, p0=np.zeros(6), sigma=e)
    names = ("f1_a", "f1_b", "f1_amp", "f1_phi0", "f1_relamp1", "f1_relphi1")
    assert [found[name] for name in names] == pytest.approx(list(coefficients), rel=1e-4, abs=1e-6)
    assert found["f1_relamp2"] == 0.0


def test_noise_needs_no_harmonics() -> None:
    # ln N per two coefficients is more than noise gives on average.
    rng = np.random.default_rng(2)
    t = np.sort(rng.uniform(0.0, 500.0, 300))
    found = fit(t, 15.0 + rng.normal(0.0, 0.02, 300), 7.7)
    assert found["f1_power"] == 0.0
    assert found["f1_amp"] == 0.0


def test_in_polar_form_a_curve_without_harmonics_is_zero_and_not_nan() -> None:
    rng = np.random.default_rng(2)
    t = np.sort(rng.uniform(0.0, 500.0, 300))
    found = fit(t, 15.0 + rng.normal(0.0, 0.02, 300), 7.7, form="polar")
    assert [found[name] for name in NAMES[4:]] == [0.0] * 10


def test_an_order_with_more_coefficients_than_points_is_left_out() -> None:
    # Five points carry a line and one harmonic (4 coefficients), not two (6).
    t = np.array([0.0, 1.3, 2.9, 4.1, 7.7])
    found = fit(t, 15.0 + np.array([0.3, -0.2, 0.1, 0.4, -0.5]), 3.3)
    assert found["f1_relamp1"] == 0.0
    assert np.isfinite(list(found.values())).all()


def test_an_order_that_the_epochs_cannot_tell_apart_is_left_out() -> None:
    # Epochs a whole number of periods apart see one phase: every harmonic is a constant.
    t = np.arange(60.0) * 2.0
    rng = np.random.default_rng(3)
    found = fit(t, 15.0 + 0.01 * t + rng.normal(0.0, 0.02, 60), 0.5)
    assert found["f1_power"] == 0.0
    assert found["f1_b"] == pytest.approx(0.01, rel=0.01)
    # Two phases half a period apart carry a cosine, but no sine beside it.
    found = fit(t, 15.0 + 0.3 * np.cos(np.pi * t / 2.0), 4.0)
    assert [found[name] for name in NAMES[4:]] == [0.0] * 10


@pytest.mark.parametrize("period", [np.nan, 0.0, -1.0, np.inf])
def test_without_a_period_everything_is_nan(period: float) -> None:
    t = np.arange(60.0)
    assert np.isnan(list(fit(t, 15.0 + np.sin(t), period).values())).all()


@pytest.mark.parametrize("n", [0, 1])
def test_without_a_line_everything_is_nan(n: int) -> None:
    assert np.isnan(list(fit(np.arange(n), np.full(n, 15.0), 0.7).values())).all()


def test_equal_times_define_no_line() -> None:
    assert np.isnan(list(fit(np.full(9, 3.0), np.arange(9.0), 0.7).values())).all()


def test_badly_conditioned_fits_are_still_right() -> None:
    # All epochs within 40 % of the phase: the condition number, which normal equations
    # would square, is 5e4. Closed form: the curve is a model of order 5.
    rng = np.random.default_rng(4)
    t = np.arange(200) + rng.uniform(0.0, 0.4, 200)
    coefficients = np.array([0.3, 0.1, 0.05, -0.02, 0.03, 0.02, -0.04, 0.01, 0.02, 0.02])
    columns = design(t + HMJD_ZERO, 1.0, 5)
    assert np.linalg.cond(columns / np.linalg.norm(columns, axis=0)) > 1e4
    found = fit(t, 15.0 + columns[:, 2:] @ coefficients, 1.0, e=1e-4)
    assert [found[name] for name in NAMES[4:]] == pytest.approx(list(coefficients), abs=1e-5)


def test_the_form_is_one_of_two() -> None:
    with pytest.raises(ConfigError, match="raw, polar"):
        fit(np.arange(9.0), np.arange(9.0), 2.0, form="rectangular")
