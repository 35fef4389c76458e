"""Scans of whole grids: both backends against definitions, other packages and each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from scope.errors import BackendError
from scope.periods import PeriodOptions, frequency_grid
from scope.periods.api import prepare_curve
from scope.periods.backends import Backend, Curve, Scan, cpu, get_backend, reference
from scope.periods.grid import Grid, removed_ranges
from tests.periods.curves import curve, detached, flat, nightly, sawtooth, simulate, sine

STATISTICS = ("LS", "CE", "AOV")
OPTIONS = PeriodOptions(max_freq=6.0)


def at_equal_times() -> Curve:
    """Each time of observation three times, with other magnitudes."""
    time, mag, error = simulate(sine, n=120)
    star = prepare_curve(np.repeat(time[::3], 3), mag, error)
    assert star is not None
    return star


CURVES = {
    "sine": curve(sine),
    "sawtooth at night": curve(sawtooth, baseline=120.0, n=90, at_night=True),
    "eclipses": curve(detached, period=1.9, n=300),
    "noise": curve(flat, n=80),
    "few points": curve(sine, n=24),
    "many points": curve(sine, n=1200, baseline=25.0),
    "one night": curve(sine, period=0.04, n=60, baseline=0.4),
    "eight magnitudes": curve(lambda phase: np.round(7 * phase), noise=1e-9, n=70),
    "five points": curve(sine, n=5),
    "equal times": at_equal_times(),
    "5,000 points": curve(sine, n=5000, baseline=20.0),
    "ten years": curve(detached, period=47.3, n=200, baseline=3652.5),
}
HIGHEST = {"one night": 60.0, "5,000 points": 2.0, "ten years": 0.1}
"""Frequencies [1/d] at which the grid ends, where not at 6."""
BINS = {"five points": 2}


@pytest.fixture(params=["cpu", "reference"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each backend that runs anywhere."""
    return get_backend(request.param)


def options_of(name: str, **changes: object) -> PeriodOptions:
    """Options with a grid, and no more phase bins than points, that suit the curve."""
    changes = {"phase_bins": BINS.get(name, 20), **changes}
    return PeriodOptions(max_freq=HIGHEST.get(name, 6.0), **changes)  # type: ignore[arg-type]


def scanned(
    backend: Backend, statistic: str, star: Curve, options: PeriodOptions, keep: int = 40
) -> tuple[Scan, Grid]:
    grid = frequency_grid(star.time.max(), options)
    removed = removed_ranges(grid, options)
    return backend.scan(statistic, star, grid, removed, keep, options), grid


@pytest.mark.parametrize("statistic", STATISTICS)
def test_the_best_frequency_of_a_sine_wave_is_its_own(backend: Backend, statistic: str) -> None:
    scan, grid = scanned(backend, statistic, CURVES["sine"], OPTIONS)
    assert abs(scan.frequency[0] - 1 / 0.7) < 2 * grid.df


@pytest.mark.parametrize("name", ["sine", "sawtooth at night", "noise"])
def test_power_is_that_of_astropy(backend: Backend, name: str) -> None:
    from astropy.timeseries import LombScargle

    star = CURVES[name]
    frequency = np.linspace(0.1, 6.0, 200)
    expected = LombScargle(star.time, star.mag, star.error).power(frequency, method="slow")
    np.testing.assert_allclose(
        backend.evaluate("LS", star, frequency, OPTIONS), expected, rtol=1e-8, atol=1e-10
    )


def test_a_sine_wave_goes_through_any_three_points(backend: Backend) -> None:
    star = curve(sine, n=3)
    scan, _ = scanned(backend, "LS", star, OPTIONS)
    np.testing.assert_allclose(scan.value, 1.0, rtol=1e-6)


def test_entropy_and_variance_ratio_of_a_case_worked_by_hand(backend: Backend) -> None:
    # Four points fall in two of two phase bins and two magnitude bins: bin 0 holds
    # 0, 0, 1 and bin 1 holds 1. H = 3/4 (2/3 ln 3/2 + 1/3 ln 3) + 0. Means 1/3 and 1, grand
    # mean 1/2: between = 3 (1/6)^2 + (1/2)^2 = 1/3, within = 2/3, F = (4 - 2) / 1 * 1/2.
    star = Curve(
        np.array([0.0, 0.1, 0.2, 0.7]),
        np.array([0.0, 0.0, 1.0, 1.0]) - 0.5,
        np.full(4, 0.25),
        np.ones(4),
    )
    options = PeriodOptions(phase_bins=2, mag_bins=2)
    one = np.array([1.0])
    entropy = 0.75 * (2 / 3 * np.log(3 / 2) + 1 / 3 * np.log(3))
    assert backend.evaluate("CE", star, one, options)[0] == pytest.approx(entropy, rel=1e-12)
    assert backend.evaluate("AOV", star, one, options)[0] == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("name", CURVES)
def test_compiled_scans_find_what_plain_numpy_finds(name: str, statistic: str) -> None:
    options = options_of(name)
    fast, _ = scanned(cpu, statistic, CURVES[name], options)
    slow, _ = scanned(reference, statistic, CURVES[name], options)
    np.testing.assert_allclose(fast.frequency[:10], slow.frequency[:10], rtol=1e-12)
    np.testing.assert_allclose(fast.peak_frequency[:10], slow.peak_frequency[:10], rtol=1e-12)
    np.testing.assert_allclose(fast.value, slow.value, rtol=1e-7, atol=1e-9)
    # Mean and deviation come from the approximate scan: a point within 2e-7 cycles of a
    # bin's edge may fall on either side of it.
    assert fast.mean == pytest.approx(slow.mean, rel=1e-5)
    assert fast.deviation == pytest.approx(slow.deviation, rel=1e-3)


@pytest.mark.real
@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("name", ["s82_rrlyr", "eros_ramp"])
def test_real_curves_are_scanned_as_by_plain_numpy(
    real_data: Path, name: str, statistic: str
) -> None:
    table = pq.read_table(real_data / "light_curves" / name / "lightcurves.parquet")
    kept = 0
    for row in table.slice(0, 4).to_pylist():
        star = prepare_curve(row["hmjd"], row["mag"], row["magerr"])
        assert star is not None
        options = PeriodOptions(max_freq=1500.0 * 0.1 / star.time.max())
        if len(star.time) <= options.phase_bins:
            continue
        fast, _ = scanned(cpu, statistic, star, options)
        slow, _ = scanned(reference, statistic, star, options)
        np.testing.assert_allclose(fast.frequency[:10], slow.frequency[:10], rtol=1e-12)
        np.testing.assert_allclose(fast.peak_frequency[:10], slow.peak_frequency[:10], rtol=1e-12)
        kept += 1
    assert kept > 2


@pytest.mark.parametrize("statistic", STATISTICS)
def test_removed_bands_are_left_out(backend: Backend, statistic: str) -> None:
    star = curve(sine, period=1.0, n=120)
    options = options_of("", remove_terrestrial=True)
    scan, _ = scanned(backend, statistic, star, options)
    for frequency in (scan.frequency, scan.peak_frequency):
        assert not np.any(np.abs(frequency - 1.0) <= 0.05)
        assert len(frequency) == 40


def test_compiled_scans_leave_out_the_same_points_as_plain_numpy() -> None:
    options = options_of("", remove_terrestrial=True)
    for statistic in STATISTICS:
        fast, _ = scanned(cpu, statistic, CURVES["sine"], options)
        slow, _ = scanned(reference, statistic, CURVES["sine"], options)
        np.testing.assert_allclose(fast.frequency, slow.frequency, rtol=1e-12)
        np.testing.assert_allclose(fast.peak_frequency, slow.peak_frequency, rtol=1e-12)
        assert fast.mean == pytest.approx(slow.mean, rel=1e-5)


@pytest.mark.parametrize("samples", [2, 3, 7, 10, 25])
def test_any_sampling_of_the_peaks(samples: int) -> None:
    options = PeriodOptions(samples_per_peak=samples, max_freq=4.0)
    fast, _ = scanned(cpu, "LS", CURVES["sine"], options)
    slow, _ = scanned(reference, "LS", CURVES["sine"], options)
    np.testing.assert_allclose(fast.frequency, slow.frequency, rtol=1e-12)
    assert fast.mean == pytest.approx(slow.mean, rel=1e-8)


@pytest.mark.parametrize("bins", [(2, 1), (5, 3), (20, 10), (33, 7), (300, 4)])
def test_any_number_of_bins(bins: tuple[int, int]) -> None:
    options = PeriodOptions(phase_bins=bins[0], mag_bins=bins[1], max_freq=2.0)
    for star in (curve(sawtooth, n=400), curve(sawtooth, n=100)):
        for statistic in ("CE", "AOV"):
            if statistic == "AOV" and len(star.time) <= bins[0]:
                continue
            fast, _ = scanned(cpu, statistic, star, options)
            slow, _ = scanned(reference, statistic, star, options)
            np.testing.assert_allclose(fast.value[:10], slow.value[:10], rtol=1e-9, atol=1e-12)


def test_peaks_are_local_and_apart(backend: Backend) -> None:
    scan, grid = scanned(backend, "LS", CURVES["sawtooth at night"], OPTIONS)
    steps = np.rint((scan.peak_frequency - grid.f0) / grid.df)
    gaps = np.abs(steps[:, None] - steps)[~np.eye(len(steps), dtype=bool)]
    assert gaps.min() > OPTIONS.samples_per_peak
    around = grid.frequency(np.clip(steps[:, None] + [-1, 0, 1], 0, grid.n - 1))
    values = backend.evaluate("LS", CURVES["sawtooth at night"], around.ravel(), OPTIONS)
    assert np.all(values.reshape(-1, 3).argmax(axis=1) == 1)


def test_a_long_grid_is_scanned_as_accurately_as_a_short_one() -> None:
    # The direct sums at the frequencies found, over a grid that is re-seeded 200 times.
    time = nightly(np.random.default_rng(5), 60, 1500.0)
    star = prepare_curve(time, 15 + 0.3 * np.sin(2 * np.pi * time / 0.05), np.full(60, 0.02))
    assert star is not None
    scan, grid = scanned(cpu, "LS", star, PeriodOptions(max_freq=24.0))
    assert grid.n > 350_000
    assert scan.frequency[0] == pytest.approx(20.0, abs=grid.df)
    np.testing.assert_allclose(
        scan.value, reference.evaluate("LS", star, scan.frequency, OPTIONS), atol=1e-12
    )


def test_an_unknown_backend_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(BackendError, match=r"cpu, .*reference"):
        get_backend("tpu")
