"""Impossible points cost themselves, whatever else is in their light curve or file."""

from __future__ import annotations

import numpy as np
import pytest

from scope.errors import ConfigError, InputError
from scope.lightcurves.cleaning import CleaningOptions, clean, clean_rows
from scope.lightcurves.curves import LightCurves
from scope.lightcurves.points import POINT_REASONS, PointLimits

KEEP_ALL = CleaningOptions(min_epochs=1, min_cadence_minutes=0)
GOOD = 58000.25 + np.arange(6.0)


def curves(*times, mag=None, magerr=None, **kwargs) -> LightCurves:
    flat = np.concatenate([np.asarray(time, float) for time in times])
    n = len(flat)
    return LightCurves(
        ids=np.arange(1, len(times) + 1),
        offsets=np.concatenate([[0], np.cumsum([len(time) for time in times])]),
        time=flat,
        mag=np.full(n, 16.0) if mag is None else np.asarray(mag),
        magerr=np.full(n, 0.02) if magerr is None else np.asarray(magerr),
        **kwargs,
    )


@pytest.mark.parametrize("wild", [2458315.8, 0.0, -1.0, -58000.0, 1e9, 1e300, 14000.0, 90000.0])
def test_an_impossible_date_costs_one_point(wild):
    cleaned = clean_rows(curves(GOOD, [*GOOD[:3], wild, *GOOD[3:]]), KEEP_ALL)
    assert cleaned.lightcurves[1:].time.tolist() == GOOD.tolist()
    assert cleaned.lightcurves[:1].time.tolist() == GOOD.tolist()
    assert cleaned.left_out.points == {"impossible_time": 1}
    assert cleaned.reasons.tolist() == [None, None]


@pytest.mark.parametrize("wild", [np.nan, np.inf, -np.inf])
def test_a_date_that_is_no_number_is_missing(wild):
    cleaned = clean_rows(curves([wild, *GOOD]), KEEP_ALL)
    assert cleaned.lightcurves.time.tolist() == GOOD.tolist()
    assert cleaned.left_out.points == {"missing": 1}


@pytest.mark.parametrize("mag", [1e10, 99.0, -99.0, -1e30, 99.999, -999.0, 9999.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_magnitude_that_is_none_costs_one_point(mag, dtype):
    values = np.array([16, mag, 16, 15, 16, 17], dtype)
    cleaned = clean_rows(curves(GOOD, mag=values), KEEP_ALL)
    assert cleaned.lightcurves.mag.tolist() == [16, 16, 15, 16, 17]
    assert cleaned.left_out.points == {"impossible_magnitude": 1}


def test_vega_and_the_sun_and_differences_of_magnitudes_are_magnitudes():
    values = np.array([0.0, -26.7, -1.5, 0.01, 27.5, 31.0])
    assert clean(curves(GOOD, mag=values), KEEP_ALL)[0].mag.tolist() == values.tolist()


@pytest.mark.parametrize("error", [0.0, -0.1, 9.999, 99.0, 1e10, 1e-30])
def test_an_error_that_is_none_costs_one_point(error):
    values = np.array([0.02, 0.02, error, 0.02, 0.02, 0.02], np.float32)
    cleaned = clean_rows(curves(GOOD, magerr=values), KEEP_ALL)
    assert cleaned.lightcurves.time.tolist() == np.delete(GOOD, 2).tolist()
    assert cleaned.left_out.points == {"impossible_error": 1}


def test_a_zero_with_a_flag_is_flagged_and_every_reason_has_a_meaning():
    raw = curves(GOOD, mag=[0, 99, 16, 16, 16, 16], catflags=np.array([1, 0, 0, 0, 0, 0]))
    cleaned = clean_rows(raw, CleaningOptions(1, 0.0, 2458005.0))
    assert cleaned.left_out.points == {"flagged": 1, "impossible_magnitude": 1, "after_cut": 1}
    assert set(cleaned.left_out.points) <= set(POINT_REASONS)


def test_dates_of_another_system_are_taken_as_that_and_told(caplog):
    julian = GOOD + 2400000.5
    # Dates in quarters of a day, so that both systems hold them exactly.
    for raw in (curves(julian), curves(GOOD, time_zero_hjd=0.0)):
        caplog.clear()
        cleaned, reasons = clean(raw, KEEP_ALL)
        right = GOOD if raw.time_zero_hjd else julian
        assert cleaned.time.tolist() == right.tolist()
        assert reasons.tolist() == [None]
        assert "in place of" in caplog.text
    assert "1 light curves are modified Julian dates (hmjd) in place of Julian" in caplog.text


def test_no_cut_is_made_on_dates_of_another_system():
    cut = CleaningOptions(1, 0.0, 2458003.0)
    # Of modified dates this cut would leave out none, of Julian ones all.
    for raw in (
        curves(GOOD + 2400000.5),
        curves(GOOD, time_zero_hjd=0.0),
        curves(np.arange(1.0, 9.0)),
    ):
        cleaned = clean_rows(raw, cut)
        assert cleaned.reasons.tolist() == ["other_dates"]
        with pytest.raises(InputError, match="max_timestamp_hjd cannot be made"):
            cleaned.left_out.require_dates("x.parquet", cut.max_timestamp_hjd)
        cleaned.left_out.require_dates("x.parquet", None)
    # One such light curve among others costs itself.
    mixed = clean_rows(curves(GOOD, GOOD + 2400000.5), cut)
    assert mixed.reasons.tolist() == [None, "other_dates"]
    assert mixed.lightcurves.time.tolist() == [58000.25, 58001.25, 58002.25]
    mixed.left_out.require_dates("x.parquet", cut.max_timestamp_hjd)


def test_days_from_an_unknown_zero_stay_as_they_are_but_seconds_do_not(caplog):
    days, seconds = 0.5 + np.arange(6.0), 1.5e9 + 86400 * np.arange(6.0)
    cleaned, reasons = clean(curves(days, seconds), KEEP_ALL)
    assert cleaned.time.tolist() == days.tolist()
    assert reasons.tolist() == [None, "no_good_epochs"]
    assert "2 light curves are neither Julian dates (hjd) nor modified" in caplog.text


def test_the_dates_of_one_light_curve_do_not_depend_on_the_others():
    rng = np.random.default_rng(5)
    pool = np.array([0.0, -3.0, 2458000.5, 1e9, np.nan, *GOOD])
    rows = [rng.choice(pool, rng.integers(0, 9)) for _ in range(40)]
    together, reasons = clean(curves(*rows), KEEP_ALL)
    for row, time in enumerate(rows):
        alone, reason = clean(curves(time), KEEP_ALL)
        assert together[row : row + 1].time.tolist() == alone.time.tolist()
        assert reasons[row] == reason[0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"earliest_hmjd": 9e4},
        {"faintest_mag": -40.0},
        {"smallest_error": 0.0},
        {"largest_error": float("nan")},
    ],
)
def test_limits_without_anything_between_are_refused(wrong):
    with pytest.raises(ConfigError, match="allowed"):
        PointLimits(**wrong)
