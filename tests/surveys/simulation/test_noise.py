"""Errors, limits, flags and outliers of simulated measurements."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from scope.surveys.simulation import pointing
from scope.surveys.simulation.cadence import make_cadence
from scope.surveys.simulation.noise import draw_coverage, draw_error_curve, observe

CADENCE = make_cadence(
    np.random.default_rng(5),
    *pointing.quadrant_centre(604, 1, 1),
    n_epochs_median=400,
    years=6.0,
)
ROWS = np.flatnonzero(CADENCE.band == 2)
CURVE = draw_error_curve(np.random.default_rng(1), 2)


def _observe(mag, seed=0, **options):
    options = {"coverage": 1.0, **options}
    true = np.full(len(ROWS), float(mag))
    return observe(np.random.default_rng(seed), CADENCE, true, ROWS, CURVE, **options)


@pytest.mark.real
def test_errors_grow_with_magnitude_as_in_real_light_curves(real_data):
    folder = real_data / "light_curves"
    mags, errors = [], []
    for path in (
        folder / "ztf_wd/lightcurves.parquet",
        folder / "ztf_dr5_bulk/ztf_000250_zg_c01_q1_dr5.parquet",
        folder / "ztf_dr5_bulk/ztf_000202_zg_c16_q2_dr5.parquet",
    ):
        table = pq.read_table(path, columns=["mag", "magerr"])
        mags.append(np.concatenate(table.column("mag").to_numpy()))
        errors.append(np.concatenate(table.column("magerr").to_numpy()))
    simulated = [draw_error_curve(np.random.default_rng(seed), 1) for seed in range(20)]
    for mag in (13.0, 14.0, 15.0, 16.0, 17.0, 18.0, 19.0, 20.0, 20.75):
        real = [
            np.median(e[near])
            for m, e in zip(mags, errors, strict=True)
            if np.sum(near := np.abs(m - mag) < 0.15) > 30
        ]
        mine = np.median([curve(np.array([mag]))[0] for curve in simulated])
        # The real quadrants, from a good one to one at airmass 2, span a factor of two.
        assert 0.75 * min(real) < mine < 1.25 * max(real)


def test_errors_have_a_floor_and_level_off_at_the_limit():
    error = CURVE(np.array([15.0, 20.5, 23.0]))
    assert 0.009 < error[0] < 0.02
    assert 0.15 < error[1] < 0.21
    assert error[2] < 0.21


def test_measurements_scatter_by_their_errors():
    # Real constant stars: median absolute deviation over error 0.9 to 1.2 at all magnitudes.
    for mag in (14.0, 16.0, 18.0):
        observed = _observe(mag)
        good = observed.catflags == 0
        pull = (observed.mag[good] - mag) / observed.magerr[good]
        assert 0.8 < 1.4826 * np.median(np.abs(pull - np.median(pull))) < 1.3


def test_a_few_points_in_a_thousand_are_outliers():
    observed = _observe(16.0)
    good = observed.catflags == 0
    pull = np.abs(observed.mag[good] - 16.0) / observed.magerr[good]
    assert 0.0005 < np.mean(pull > 4.5) < 0.012


def test_flagged_points_are_worse():
    observed = _observe(16.0)
    off = np.abs(observed.mag - 16.0)
    bad = observed.catflags > 0
    assert 0.02 < np.mean(bad) < 0.25
    assert np.median(off[bad]) > 1.5 * np.median(off[~bad])


def test_faint_stars_are_seen_in_deep_exposures_only():
    counts = [len(_observe(mag).rows) for mag in (17.0, 19.5, 20.5, 21.5)]
    assert counts[0] > 0.9 * len(ROWS)
    assert counts == sorted(counts, reverse=True)
    assert counts[3] < 0.1 * len(ROWS)
    seen = _observe(20.5).rows
    assert np.median(CADENCE.depth[seen]) > np.median(CADENCE.depth[ROWS])


def test_saturated_stars_are_not_listed():
    assert len(_observe(11.0).rows) == 0
    assert 0 < len(_observe(12.5).rows) < len(ROWS)


def test_coverage_is_the_share_of_exposures_on_working_pixels():
    share = len(_observe(16.0, coverage=0.3).rows) / len(_observe(16.0).rows)
    assert share == pytest.approx(0.3, abs=0.05)


def test_most_stars_are_covered_almost_always_and_some_seldom():
    shares = np.array([draw_coverage(np.random.default_rng(seed)) for seed in range(2000)])
    assert np.mean(shares > 0.9) > 0.8
    assert 0.03 < np.mean(shares < 0.5) < 0.12
    assert np.all((shares > 0) & (shares <= 1))
