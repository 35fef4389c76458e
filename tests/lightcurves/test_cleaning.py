"""Cleaning: which epochs stay, and why light curves go."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scope.errors import ConfigError
from scope.lightcurves.cleaning import CleaningOptions, clean, decimate, good_epochs
from scope.lightcurves.curves import LightCurves
from tests.lightcurves.slow import slow_clean

MINUTE = 1 / 1440
KEEP_ALL = CleaningOptions(min_epochs=1, min_cadence_minutes=0)


def one_curve(time, mag=None, magerr=None, catflags=None, **kwargs) -> LightCurves:
    size = len(time)
    arrays = {
        "ids": np.array([7]),
        "offsets": np.array([0, size]),
        "time": np.array(time, dtype=float),
        "mag": np.array(mag if mag is not None else np.arange(size), dtype=np.float32),
        "magerr": np.array(magerr if magerr is not None else np.full(size, 0.1), dtype=np.float32),
        "catflags": None if catflags is None else np.array(catflags, dtype=np.uint16),
    }
    for array in arrays.values():
        if array is not None:
            array.flags.writeable = False
    return LightCurves(**arrays, **kwargs)


def test_flagged_undefined_and_impossible_epochs_go():
    curve = one_curve(
        time=[1, 2, 3, np.nan, 5, 6, 7, 8],
        mag=[15, 15, np.nan, 15, np.inf, 15, 15, 15],
        magerr=[0.1, 0.1, 0.1, 0.1, 0.1, 0, -1, np.nan],
        catflags=[0, 32768, 0, 0, 0, 0, 0, 0],
    )
    cleaned, reasons = clean(curve, KEEP_ALL)
    assert cleaned.time.tolist() == [1]
    assert reasons.tolist() == [None]
    assert cleaned.catflags is None


def test_epochs_come_out_sorted_with_their_magnitudes():
    cleaned, _ = clean(one_curve([3, 1, 2], mag=[30, 10, 20]), KEEP_ALL)
    assert cleaned.time.tolist() == [1, 2, 3]
    assert cleaned.mag.tolist() == [10, 20, 30]


def test_of_equal_times_the_first_good_one_stays():
    curve = one_curve([2, 1, 1, 1], mag=[20, 11, 12, 13], catflags=[0, 1, 0, 0])
    cleaned, _ = clean(curve, KEEP_ALL)
    assert cleaned.mag.tolist() == [12, 20]


def test_decimation_counts_from_the_last_kept_epoch_not_from_the_last_one():
    # By hand: 0 stays, 20 is too near, 40 stays (40 after 0), 60 too near, 80 stays.
    time = np.arange(0, 100, 20) * MINUTE
    assert decimate(time, 30).tolist() == [True, False, True, False, True]


def test_an_epoch_exactly_one_cadence_later_stays():
    assert decimate([0.0, 0.25, 0.5], 360).tolist() == [True, True, True]


def test_decimation_of_nothing_is_nothing():
    assert decimate([]).tolist() == []


def test_the_hjd_cut_acts_on_epochs_and_includes_its_limit():
    curve = one_curve([59000.0, 59000.5, 59001.0])
    options = CleaningOptions(min_epochs=1, max_timestamp_hjd=2459001.0)
    assert clean(curve, options)[0].time.tolist() == [59000.0, 59000.5]


def test_the_hjd_cut_knows_the_time_zero():
    curve = one_curve([2459000.5, 2459001.5], time_zero_hjd=0.0)
    options = CleaningOptions(min_epochs=1, max_timestamp_hjd=2459001.0)
    assert clean(curve, options)[0].time.tolist() == [2459000.5]


def test_every_light_curve_keeps_its_row_and_a_reason():
    curves = LightCurves(
        ids=np.array([1, 2, 3, 4]),
        offsets=np.array([0, 0, 2, 4, 7]),
        time=np.array([1.0, 2, 1, 2, 1, 2, 3]),
        mag=np.full(7, 15.0),
        magerr=np.full(7, 0.1),
        catflags=np.array([1, 1, 0, 1, 0, 0, 0]),
    )
    cleaned, reasons = clean(curves, CleaningOptions(min_epochs=3))
    assert cleaned.ids.tolist() == [1, 2, 3, 4]
    assert cleaned.n_epochs.tolist() == [0, 0, 0, 3]
    assert reasons.tolist() == ["no_light_curve", "no_good_epochs", "too_few_epochs", None]
    assert good_epochs(curves, CleaningOptions()).n_epochs.tolist() == [0, 0, 1, 3]


def test_no_light_curves_clean_to_no_light_curves():
    cleaned, reasons = clean(one_curve([1.0])[:0])
    assert len(cleaned) == len(reasons) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_epochs": 0},
        {"min_cadence_minutes": -1},
        {"min_cadence_minutes": float("nan")},
        {"max_timestamp_hjd": float("inf")},
        # A modified date.
        {"max_timestamp_hjd": 58400.0},
    ],
)
def test_options_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match="allowed"):
        CleaningOptions(**wrong)


EPOCH = st.tuples(
    st.integers(0, 40).map(lambda step: step * 7 * MINUTE) | st.just(float("nan")),
    st.floats(10, 20, width=32) | st.just(float("nan")),
    st.floats(-0.5, 0.5, width=32),
    st.sampled_from([0, 0, 0, 1]),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(EPOCH, max_size=15), min_size=1, max_size=4), st.integers(1, 4))
def test_it_equals_plain_python(curves, min_epochs):
    columns = np.array([epoch for curve in curves for epoch in curve]).reshape(-1, 4).T
    lightcurves = LightCurves(
        ids=np.arange(len(curves)),
        offsets=np.concatenate([[0], np.cumsum([len(curve) for curve in curves])]),
        time=columns[0].copy(),
        mag=columns[1].copy(),
        magerr=columns[2].copy(),
        catflags=columns[3].astype(int),
    )
    cleaned, reasons = clean(lightcurves, CleaningOptions(min_epochs=min_epochs))
    for row, curve in enumerate(curves):
        columns_of_row = list(zip(*curve, strict=True)) or [(), (), (), ()]
        epochs, reason = slow_clean(*columns_of_row, min_epochs=min_epochs)
        part = cleaned[row : row + 1]
        assert reasons[row] == reason
        assert list(zip(part.time, part.mag, part.magerr, strict=True)) == epochs


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "n_50", "n_20"),
    [
        ("ztf_000250_zg_c01_q1_dr5.parquet", 832, 1362),
        ("ztf_000202_zg_c16_q2_dr5.parquet", 0, 654),
    ],
)
def test_a_real_quadrant_has_as_many_usable_curves_as_plain_python_counts(
    real_data: Path, name: str, n_50: int, n_20: int
):
    table = pq.read_table(real_data / "light_curves" / "ztf_dr5_bulk" / name)
    curves = LightCurves.from_arrow(table, id_column="objectid")
    rows = zip(*(table[c].to_pylist() for c in ("hmjd", "mag", "magerr", "catflags")), strict=True)
    slow = [slow_clean(*row, min_epochs=20) for row in rows]

    cleaned, reasons = clean(curves, CleaningOptions(min_epochs=20))

    assert reasons.tolist() == [reason for _, reason in slow]
    assert cleaned.time.tolist() == [epoch[0] for epochs, _ in slow for epoch in epochs]
    assert cleaned.mag.tolist() == [epoch[1] for epochs, _ in slow for epoch in epochs]
    assert sum(len(epochs) >= 20 for epochs, _ in slow) == n_20
    assert sum(len(epochs) >= 50 for epochs, _ in slow) == n_50
    assert (clean(curves)[0].n_epochs > 0).sum() == n_50


@pytest.mark.real
def test_real_flags_and_full_precision_times_are_cleaned_as_plain_python_does(real_data: Path):
    table = pq.read_table(real_data / "light_curves" / "ztf_wd" / "lightcurves.parquet")
    columns = [table[c].to_pylist() for c in ("hmjd", "mag", "magerr", "catflags")]
    assert any(any(flags) for flags in columns[3])
    slow = [slow_clean(*row) for row in zip(*columns, strict=True)]
    cleaned, reasons = clean(LightCurves.from_arrow(table, id_column="objectid"))
    assert reasons.tolist() == [reason for _, reason in slow]
    assert cleaned.time.tolist() == [epoch[0] for epochs, _ in slow for epoch in epochs]
    assert 0 < (cleaned.n_epochs > 0).sum() < len(cleaned)
