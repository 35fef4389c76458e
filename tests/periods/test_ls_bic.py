"""How the default search chooses among periods that fit about as well."""

from __future__ import annotations

import numpy as np
import pytest

from scope.periods import PeriodOptions, search_periods
from scope.periods.backends import Curve
from scope.periods.ls_bic import looks_halved, second_eclipse, simplest_first, softened
from tests.periods.curves import Floats, contact, curve, joined, sawtooth, simulate, sine


def algol(phase: Floats, second: float = 0.15) -> Floats:
    """A deep and a shallow eclipse over the light that the hot star throws on the other."""

    def dip(centre: float) -> Floats:
        distance = np.abs((phase - centre + 0.5) % 1.0 - 0.5)
        return np.exp(-0.5 * (distance / 0.05) ** 2)

    return 0.5 * dip(0.0) + second * dip(0.5) + 0.08 * np.cos(2 * np.pi * phase)


def one_eclipse(phase: Floats) -> Floats:
    """The same with an eclipse that is not there."""
    return algol(phase, second=0.0)


def star(shape, **arguments: float) -> Curve:  # type: ignore[no-untyped-def]
    return softened(curve(shape, **arguments))


def test_a_second_eclipse_of_its_own_depth_forbids_doubling() -> None:
    # Without the shallow eclipse the shape is that of a binary at half its period.
    assert looks_halved(star(one_eclipse, n=400, noise=0.02), 1.0 / 0.7)
    assert not looks_halved(star(algol, n=400, noise=0.02), 1.0 / 0.7)


def test_a_binary_of_equal_eclipses_is_still_seen_through() -> None:
    assert looks_halved(star(contact, n=400), 2.0 / 0.7)


@pytest.mark.parametrize("shape", [sine, sawtooth, contact])
def test_one_minimum_a_cycle_shows_no_second_eclipse(shape) -> None:  # type: ignore[no-untyped-def]
    frequency = (2.0 if shape is contact else 1.0) / 0.7
    # Faintest: of the sine at a quarter, of the sawtooth at 0.85, of the contact binary at 0.
    faintest = {sine: 0.25, sawtooth: 0.85, contact: 0.0}[shape]
    time, _, _ = simulate(shape, n=400)
    start = (time.min() * frequency) % 1.0
    found = second_eclipse(star(shape, n=400), frequency, (faintest - start) % 1.0)
    assert found < 4.0


def test_a_second_eclipse_is_as_clear_as_its_depth_over_its_error() -> None:
    time, _, _ = simulate(algol, n=400, noise=0.01)
    start = (time.min() / 0.7) % 1.0
    clear = second_eclipse(star(algol, n=400, noise=0.01), 1.0 / 0.7, -start % 1.0)
    assert clear > 8.0


def test_few_points_show_no_second_eclipse() -> None:
    assert second_eclipse(star(algol, n=8), 1.0 / 0.7, 0.0) == 0.0


def test_the_shortest_of_periods_that_are_nearly_as_good_comes_first() -> None:
    frequencies = np.array([0.5, 1.0001, 3.0, 1.5, 0.25])
    bic = np.array([-50.0, -47.0, -49.0, -46.5, -30.0])
    order = np.array([0, 2, 1, 3, 4])
    assert simplest_first(order, frequencies, bic).tolist() == [1, 0, 2, 3, 4]
    # No longer nearly as good: the triple of the frequency is.
    bic[1] = -45.0
    assert simplest_first(order, frequencies, bic).tolist() == [3, 0, 2, 1, 4]
    bic[3] = -45.0
    assert simplest_first(order, frequencies, bic).tolist() == order.tolist()


def test_a_steep_pulsator_with_few_epochs_gets_the_harmonics_that_it_needs() -> None:
    # 56 epochs allow two harmonics while many frequencies are tried, four at the end.
    time, mag, error = simulate(sawtooth, n=56, period=0.55, baseline=900.0)
    found = search_periods(joined([(time, mag, error)]), PeriodOptions(max_freq=6.0)).columns
    weight = 1.0 / np.hypot(error, 0.2 * np.std(mag)) ** 2
    gains = []
    for order in (2, 4):
        angle = 2 * np.pi * np.outer(time / found["period_LS_BIC"][0], np.arange(1, order + 1))
        design = np.hstack([np.ones((56, 1)), np.cos(angle), np.sin(angle)])
        root = np.sqrt(weight)
        left = np.linalg.lstsq(design * root[:, None], mag * root, rcond=None)[1][0]
        constant = np.sum(weight * (mag - np.average(mag, weights=weight)) ** 2)
        gains.append(-56 * np.log(left / constant) - 2 * order * np.log(56))
    assert gains[1] > gains[0] + 10.0
    assert found["significance_LS_BIC"][0] == pytest.approx(gains[1], rel=1e-6)
