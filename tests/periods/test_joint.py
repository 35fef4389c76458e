"""All light curves of a star searched for one period."""

from __future__ import annotations

import numpy as np
import pytest

from scope.lightcurves import LightCurves
from scope.periods import PeriodOptions, search_periods
from scope.periods.columns import joint_columns
from scope.periods.joint import search_stars
from tests.periods.curves import contact, joined, sawtooth, simulate, sine

OPTIONS = PeriodOptions(max_freq=6.0)


def star(*bands: tuple[np.ndarray, np.ndarray, np.ndarray], **more: str) -> dict[str, object]:
    """The joint result of one star, by column."""
    found = search_stars(joined(bands), np.array([0, len(bands)]), OPTIONS, **more)
    return {name: column[0] for name, column in found.items()}


def faint(seed: int, period: float = 0.6137) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A sine wave of an amplitude of 0.6 times the noise."""
    return simulate(sine, period=period, n=70, noise=0.33, seed=seed)


def test_columns_are_the_declared_ones_in_order() -> None:
    found = search_stars(joined([faint(1), faint(2)]), np.array([0, 2]), OPTIONS)
    assert list(found) == [column.name for column in joint_columns()]
    for column in joint_columns():
        assert found[column.name].dtype == (bool if column.dtype == "bool" else float)


def test_bands_find_together_what_none_finds_alone() -> None:
    stars = [[faint(10 * s + band) for band in range(4)] for s in range(1, 7)]
    alone = search_periods(joined([band for bands in stars for band in bands]), OPTIONS).columns
    right = np.abs(alone["period_LS_BIC"] / 0.6137 - 1.0) < 0.01
    together = [star(*bands)["period_BANDS"] for bands in stars]
    right_together = np.abs(np.array(together) / 0.6137 - 1.0) < 0.01
    assert right_together.sum() >= 5
    assert right.mean() < 0.8 * right_together.mean()


def test_a_curve_twice_has_its_own_period_and_twice_its_criterion() -> None:
    # The criteria of independent light curves add up.
    curve = simulate(sawtooth, period=0.55, n=120)
    single = search_periods(joined([curve]), OPTIONS).columns
    twice = star(curve, curve)
    assert twice["period_BANDS"] == single["period_LS_BIC"][0]
    assert twice["significance_BANDS"] == pytest.approx(2.0 * single["significance_LS_BIC"][0])
    assert twice["n_bands_BANDS"] == 2.0


def test_bands_may_differ_in_level_amplitude_phase_and_epochs() -> None:
    time, mag, error = simulate(sine, period=0.7, n=60, seed=3)
    later = simulate(sine, period=0.7, n=90, seed=4, baseline=45.0)
    shifted = (later[0] + 0.21, 3.0 + 0.5 * later[1], later[2])
    found = star((time, mag, error), shifted)
    assert found["period_BANDS"] == pytest.approx(0.7, rel=0.003)
    assert not found["doubled_BANDS"]


def test_a_contact_binary_is_doubled() -> None:
    found = star(*(simulate(contact, period=0.8, seed=s) for s in (1, 2)))
    assert found["period_BANDS"] == pytest.approx(1.6, rel=0.003) or found["doubled_BANDS"]
    assert found["doubled_BANDS"]
    assert found["period_alt_BANDS"] == pytest.approx(0.5 * float(found["period_BANDS"]))  # type: ignore[arg-type]


def test_stars_do_not_depend_on_each_other() -> None:
    curves = joined([faint(s) for s in range(5)])
    both = search_stars(curves, np.array([0, 2, 5]), OPTIONS)
    for i, (low, high) in enumerate([(0, 2), (2, 5)]):
        alone = search_stars(curves[low:high], np.array([0, high - low]), OPTIONS)
        assert all(both[name][i].tobytes() == alone[name][0].tobytes() for name in both)


def test_one_usable_band_is_no_joint_search() -> None:
    time, mag, error = simulate(sine)
    flat = (time, np.full_like(mag, 16.0), error)
    for bands in ([(time, mag, error)], [(time, mag, error), flat]):
        found = star(*bands)
        assert np.isnan(found["period_BANDS"])  # type: ignore[call-overload]
        assert np.isnan(found["n_bands_BANDS"])  # type: ignore[call-overload]
    empty = LightCurves(np.empty(0, np.int64), np.zeros(1, np.int64), *[np.empty(0)] * 3)
    assert len(search_stars(empty, np.zeros(1, np.int64), OPTIONS)["period_BANDS"]) == 0
