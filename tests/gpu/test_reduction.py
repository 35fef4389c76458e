"""What is left of a periodogram on a device, against sorting all of it."""

from __future__ import annotations

import numpy as np
import pytest

from scope.periods import PeriodOptions
from scope.periods.backends import Curve
from scope.periods.backends.cuda.device import Device
from scope.periods.backends.cuda.ragged_points import starts_of
from scope.periods.backends.cuda.reduction import Periodograms, reduced
from scope.periods.backends.cuda.replay import ScanRequest
from scope.periods.grid import Grid
from tests.gpu.curves import Floats

Ranges = list[tuple[int, int]]
F0, DF = 0.25, 0.125
"""Powers of two, so that a frequency says its grid position exactly."""


def reduce_on(
    device: Device, merits: list[Floats], removed: list[Ranges], keep: int, separation: int
) -> tuple[list[list[list[int]]], Floats]:
    """Grid positions of the best points and peaks of each periodogram, and its moments."""
    options = PeriodOptions(samples_per_peak=separation)
    star = Curve(*(np.ones(3) for _ in range(4)))
    requests = [
        ScanRequest(
            "LS",
            star,
            Grid(F0, DF, len(merit)),
            np.array(ranges, dtype=np.int64).reshape(-1, 2),
            keep,
            options,
        )
        for merit, ranges in zip(merits, removed, strict=True)
    ]
    with device.workspace() as workspace:
        sizes = [len(merit) for merit in merits]
        values = Periodograms(
            workspace.put(np.array(sizes, dtype=np.int64)),
            workspace.put(starts_of(sizes)),
            workspace.put(np.concatenate(merits)),
        )
        f0, df = (workspace.put(np.full(len(merits), value)) for value in (F0, DF))
        frequency, moments = reduced(workspace, requests, values, f0, df, keep)
        best = workspace.get(frequency).reshape(len(merits), 2, keep)
        found = [
            [[int((f - F0) / DF) for f in part if not np.isnan(f)] for part in parts]
            for parts in best
        ]
        return found, workspace.get(moments).reshape(-1, 2)


def sorted_points(merit: Floats, allowed: Floats, keep: int) -> list[int]:
    order = np.lexsort((np.arange(len(merit)), -merit))
    return [int(k) for k in order if allowed[k] and merit[k] > -np.inf][:keep]


def sorted_peaks(merit: Floats, allowed: Floats, keep: int, separation: int) -> list[int]:
    """Best first, each local maximum that no better one is within `separation` steps of."""
    before, after = np.append(-np.inf, merit[:-1]), np.append(merit[1:], -np.inf)
    chosen: list[int] = []
    for k in np.lexsort((np.arange(len(merit)), -merit)):
        peak = allowed[k] and merit[k] > before[k] and merit[k] >= after[k]
        if peak and all(abs(k - other) > separation for other in chosen):
            chosen.append(int(k))
    return chosen[:keep]


def merits() -> list[Floats]:
    """Periodograms of many sizes: noise, few values, plateaus, one peak, waves, one value."""
    rng = np.random.default_rng(5)
    few = rng.integers(0, 4, 3000).astype(float)
    plateaus = np.repeat(rng.normal(size=300), 7)
    hill = -((np.arange(5000) - 2310.0) ** 2)
    waves = np.sin(np.arange(2049) / 9.0) + 1e-3 * rng.normal(size=2049)
    infinite = rng.normal(size=700)
    infinite[[3, 400]] = np.inf
    return [
        rng.normal(size=4097),
        few,
        plateaus,
        hill,
        waves,
        infinite,
        np.array([1.0]),
        np.array([1.0, 2.0]),
        np.zeros(600),
        rng.normal(size=256),
    ]


@pytest.mark.parametrize(("keep", "separation"), [(1, 10), (50, 10), (400, 3), (30, 600)])
def test_the_best_of_all_chunks_are_the_best_of_the_whole(
    device: Device, keep: int, separation: int
) -> None:
    given = merits()
    nothing: list[Ranges] = [[] for _ in given]
    found, _ = reduce_on(device, given, nothing, keep, separation)
    for merit, (points, peaks) in zip(given, found, strict=True):
        everywhere = np.ones(len(merit), dtype=bool)
        assert points == sorted_points(merit, everywhere, keep)
        assert peaks == sorted_peaks(merit, everywhere, keep, separation)


def test_removed_ranges_hold_no_point_and_no_peak(device: Device) -> None:
    given = merits()
    removed: list[Ranges] = [[(0, min(20, len(m) - 1)), (250, 530), (600, 600)] for m in given]
    found, moments = reduce_on(device, given, removed, 40, 5)
    for merit, ranges, (points, peaks), (mean, deviation) in zip(
        given, removed, found, moments, strict=True
    ):
        allowed = np.ones(len(merit), dtype=bool)
        for first, stop in ranges:
            allowed[first:stop] = False
        assert points == sorted_points(merit, allowed, 40)
        assert peaks == sorted_peaks(merit, allowed, 40, 5)
        if np.all(np.isfinite(merit)):
            assert mean == pytest.approx(merit[allowed].mean(), rel=1e-9, abs=1e-12)
            assert deviation == pytest.approx(merit[allowed].std(), rel=1e-9, abs=1e-9)


def test_a_periodogram_that_is_removed_altogether_leaves_nothing(device: Device) -> None:
    found, moments = reduce_on(device, [np.arange(300.0)], [[(0, 300)]], 5, 2)
    assert found == [[[], []]]
    assert np.all(np.isnan(moments))


def test_values_that_are_no_numbers_are_passed_over(device: Device) -> None:
    merit = np.arange(600.0)
    merit[[0, 299, 599]] = np.nan
    found, _ = reduce_on(device, [merit], [[]], 4, 2)
    assert found[0][0] == [598, 597, 596, 595]
