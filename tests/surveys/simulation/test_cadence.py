"""When a simulated quadrant is observed, against real light curves of the survey."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from scope.errors import InputError
from scope.surveys.simulation import pointing
from scope.surveys.simulation.cadence import BAD_EXPOSURE, FIRST_MJD, make_cadence

FIELDS = (250, 604, 532, 762, 644)
END_MJD = FIRST_MJD + 3 * 365.25


def _cadence(field=604, seed=1, **options):
    return make_cadence(
        np.random.default_rng(seed), *pointing.quadrant_centre(field, 1, 1), **options
    )


def _night_statistics(curves):
    """Days between nights and visits per night; nights change at 0 UT."""
    gaps, visits = [], []
    for times in curves:
        nights, counts = np.unique(np.floor(times), return_counts=True)
        gaps += np.diff(nights).tolist()
        visits += counts.tolist()
    return np.array(gaps), np.array(visits)


@pytest.fixture(scope="module")
def simulated():
    curves = []
    for field in FIELDS:
        for seed in range(3):
            cadence = _cadence(field, seed)
            curves += [cadence.time[cadence.band == band] for band in (1, 2)]
    return _night_statistics(curves)


@pytest.fixture(scope="module")
def observed(real_data):
    """Light curves of white dwarfs over the same three years, and the 482 longest of field 250."""
    table = pq.read_table(
        real_data / "light_curves/ztf_wd/lightcurves.parquet", columns=["hmjd"]
    ).to_pandas()
    curves = [np.sort(t[t < END_MJD]) for t in table.hmjd]
    bulk = pq.read_table(
        real_data / "light_curves/ztf_dr5_bulk/ztf_000250_zg_c01_q1_dr5.parquet",
        columns=["hmjd", "nepochs"],
        filters=[("nepochs", ">", 90)],
    ).to_pandas()
    curves = [t for t in curves if len(t) > 100]
    return _night_statistics(curves), _night_statistics([np.asarray(t, float) for t in bulk.hmjd])


@pytest.mark.real
def test_gaps_between_nights_lie_between_those_of_busy_and_of_quiet_real_fields(
    simulated, observed
):
    gaps, busy, quiet = simulated[0], observed[0][0], observed[1][0]
    for percent, slack in ((50, 1.0), (75, 2.0), (90, 5.0)):
        low, high = sorted(np.percentile(values, percent) for values in (busy, quiet))
        assert low - slack <= np.percentile(gaps, percent) <= high + slack
    short = [np.mean(values <= 2) for values in (gaps, busy, quiet)]
    assert min(short[1:]) - 0.12 <= short[0] <= max(short[1:]) + 0.05


@pytest.mark.real
def test_visits_per_night_are_those_of_real_light_curves(simulated, observed):
    for count in (1, 2, 3):
        real = np.mean(observed[0][1] == count)
        assert np.mean(simulated[1] == count) == pytest.approx(real, abs=0.08)
    # Some nights have dozens of exposures, so that decimation matters.
    assert 0.01 < np.mean(simulated[1] > 3) < 0.10
    assert np.max(simulated[1]) > 20


@pytest.mark.real
def test_fields_are_lost_behind_the_sun_for_as_long_as_real_ones(real_data):
    table = pq.read_table(real_data / "light_curves/ztf_wd/lightcurves.parquet").to_pandas()
    differences = []
    for _, group in table[table.fieldid < 1000].groupby("fieldid"):
        place = float(group.objra.iloc[0]), float(group.objdec.iloc[0])
        times = np.sort(np.concatenate(group.hmjd.to_list()))
        # Three seasons have two gaps or three; the second longest is one of them.
        real = np.sort(np.diff(times[times < END_MJD]))[-2]
        mine = np.sort(np.diff(make_cadence(np.random.default_rng(1), *place).time))[-2]
        differences.append(mine - real)
    assert len(differences) > 15
    assert abs(np.median(differences)) < 20
    assert np.percentile(np.abs(differences), 80) < 40


@pytest.mark.real
def test_as_many_exposures_are_flagged_as_in_real_bulk_files(real_data):
    shares = []
    for path in sorted((real_data / "light_curves/ztf_dr5_bulk").glob("ztf_*.parquet")):
        table = pq.read_table(path, columns=["hmjd", "catflags"])
        times = np.concatenate(table.column("hmjd").to_numpy())
        flags = np.concatenate(table.column("catflags").to_numpy())
        # An exposure is bad if most of its points are flagged.
        _, exposure = np.unique(times, return_inverse=True)
        shares.append(np.mean(np.bincount(exposure, flags > 0) / np.bincount(exposure) > 0.5))
    simulated = [np.mean(_cadence(seed=seed).flags == BAD_EXPOSURE) for seed in range(12)]
    assert np.mean(simulated) == pytest.approx(np.mean(shares), abs=0.05)


def test_a_field_is_not_observed_while_it_is_behind_the_sun():
    cadence = _cadence(604)
    ra, dec = pointing.quadrant_centre(604, 1, 1)
    elongation = pointing.separation_deg(*pointing.sun_position(cadence.time), ra, dec)
    assert elongation.min() > 30.0
    assert np.max(np.diff(cadence.time)) > 60.0


def test_exposures_are_taken_at_night_and_above_the_horizon():
    for field in (250, 830):
        cadence = _cadence(field)
        ra, dec = pointing.quadrant_centre(field, 1, 1)
        sun_ra, sun_dec = pointing.sun_position(cadence.time)
        assert np.max(pointing.altitude_deg(cadence.time, sun_ra, sun_dec)) < -10.0
        assert np.min(pointing.altitude_deg(cadence.time, ra, dec)) > 20.0


def test_moonlight_makes_exposures_shallower():
    cadence = _cadence(532)
    bright = pointing.moon_illumination(cadence.time) > 0.8
    for band in (1, 2):
        mine = cadence.band == band
        assert np.median(cadence.depth[mine & ~bright]) > np.median(cadence.depth[mine & bright])


def test_the_number_of_epochs_follows_the_request():
    few, many = (_cadence(n_epochs_median=n) for n in (60, 300))
    assert 3.3 < len(many) / len(few) < 6.5
    assert few.baseline > 800.0


def test_a_cadence_is_drawn_for_the_bands_asked_for():
    assert set(_cadence(bands=("r",)).band) == {2}
    assert set(_cadence(bands=("g", "r", "i")).band) == {1, 2, 3}


def test_times_rise_and_start_with_the_survey():
    cadence = _cadence()
    assert np.all(np.diff(cadence.time) >= 0)
    assert cadence.time[0] >= FIRST_MJD
    assert cadence.time[-1] < END_MJD + 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bands": ("g", "z")}, "bands to simulate"),
        ({"bands": ()}, "bands to simulate"),
        ({"years": 0.0}, "years to simulate"),
        ({"n_epochs_median": 0}, "epochs to simulate"),
        ({"n_epochs_median": 100000}, "more epochs than the nights have room for"),
    ],
)
def test_requests_that_cannot_be_met_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        _cadence(**options)
