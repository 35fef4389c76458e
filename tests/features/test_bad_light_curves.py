"""What is wrong in a file of light curves costs what is wrong, and says why."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scope.cli.generate_features import main
from scope.errors import InputError
from scope.features.generate_features import generate_features
from scope.features.options import FeatureOptions
from scope.io import read_table
from scope.lightcurves.cleaning import CleaningOptions
from scope.periods import PeriodOptions

CHEAP = FeatureOptions(periods=PeriodOptions(algorithms=("LS",), max_freq=4.0))
CLEANING = CleaningOptions(min_epochs=20)
N = 4
POINTS = 30
IDENTITY = ("_id", "ra", "dec", "filter")


def file_of(**columns: Any) -> pa.Table:
    """Four sine waves, 30 points each at quarters of days, and columns in place of theirs."""
    rng = np.random.default_rng(11)
    time = [58300 + np.sort(rng.choice(2000, POINTS, replace=False)) / 4 for _ in range(N)]
    mag = [16 + 0.3 * np.sin(2 * np.pi * t / 1.7) + rng.normal(0, 0.02, POINTS) for t in time]
    own: dict[str, Any] = {
        "_id": pa.array(range(1, N + 1)),
        "ra": pa.array([10.0] * N),
        "dec": pa.array([5.0] * N),
        "filter": pa.array([1] * N),
        "hmjd": pa.array(time),
        "mag": pa.array(mag),
        "magerr": pa.array([np.full(POINTS, 0.02)] * N),
    }
    return pa.table({**own, **columns})


def features(table: pa.Table, folder: Path, cleaning: CleaningOptions = CLEANING) -> pa.Table:
    pq.write_table(table, folder / "curves.parquet")
    generate_features(
        folder / "curves.parquet", folder / "features.parquet", cleaning=cleaning, options=CHEAP
    )
    return read_table(folder / "features.parquet")


def with_points(table: pa.Table, row: int, **points: list[float]) -> pa.Table:
    """Add points at the end of one light curve."""
    for name, values in points.items():
        lists = table.column(name).to_pylist()
        lists[row] = [*lists[row], *values]
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(lists))
    return table


def test_points_that_are_no_measurements_leave_no_trace_in_any_feature(tmp_path: Path) -> None:
    whole = features(file_of(), tmp_path)
    spoilt = with_points(
        file_of(),
        2,
        hmjd=[2458315.8, 1e9, 0.0, -5.0, *[58310.1 + k for k in range(9)]],
        mag=[16.0] * 4 + [1e10, 99.0, -99.0, np.nan, np.inf, -1e30, 16.0, 16.0, 16.0],
        magerr=[0.02] * 10 + [-0.1, 0.0, 99.0],
    )
    # Every value, the histogram of differences among them: expected is the clean file.
    assert features(spoilt, tmp_path).equals(whole)


def test_a_constant_star_with_one_placeholder_is_as_without_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    flat = file_of(mag=pa.array([16 + rng.normal(0, 0.02, POINTS) for _ in range(N)]))
    spoilt = with_points(flat, 0, hmjd=[58311.3], mag=[1e10], magerr=[0.02])
    assert features(spoilt, tmp_path).equals(features(flat, tmp_path))


@pytest.mark.parametrize(
    "kind",
    [
        pa.list_(pa.float64(), POINTS),
        pa.large_list(pa.float64()),
        pa.list_(pa.float64()),
        pa.list_(pa.decimal128(12, 6)),
    ],
    ids=str,
)
def test_lists_of_every_kind_hold_light_curves(kind: pa.DataType, tmp_path: Path) -> None:
    table = file_of()
    # Magnitudes in 64ths, so that decimals and floats are the same numbers.
    mag = np.round(np.array(table.column("mag").to_pylist()) * 64) / 64
    columns = {
        "hmjd": table.column("hmjd").to_pylist(),
        "mag": mag.tolist(),
        "magerr": np.full((N, POINTS), 0.03125).tolist(),
    }
    expected = features(file_of(**{k: pa.array(v) for k, v in columns.items()}), tmp_path)
    if pa.types.is_decimal(kind.value_type):
        columns = {k: [[Decimal(str(x)) for x in row] for row in v] for k, v in columns.items()}
    typed = {name: pa.array(values, kind) for name, values in columns.items()}
    assert features(file_of(**typed), tmp_path).equals(expected)


def test_null_lists_and_nulls_in_lists_cost_their_row_or_their_point(tmp_path: Path) -> None:
    whole = features(file_of(), tmp_path)
    table = with_points(file_of(), 3, hmjd=[58310.3], mag=[None], magerr=[0.02])
    mag = table.column("mag").to_pylist()
    mag[1] = None
    table = table.set_column(table.schema.get_field_index("mag"), "mag", pa.array(mag))
    found = features(table, tmp_path)
    assert found.column("reason").to_pylist() == [None, "unequal_lists", None, None]
    kept = pa.array([0, 2, 3])
    assert found.take(kept).equals(whole.take(kept))


def test_impossible_identities_keep_their_row_with_a_reason_and_nulls(tmp_path: Path) -> None:
    table = file_of(
        _id=pa.array([-5, 1, 2, 3]),
        ra=pa.array([10.0, 361.0, 10.0, 10.0]),
        dec=pa.array([5.0, 5.0, float("nan"), 5.0]),
        filter=pa.array([1, 1, 1, 9]),
    )
    found = features(table, tmp_path)
    position = "impossible_position"
    reasons = ["impossible_id", position, position, "impossible_filter"]
    assert found.column("_id").to_pylist() == [-5, 1, 2, 3]
    assert found.column("reason").to_pylist() == reasons
    assert found.column("ra").to_pylist() == [10.0, None, None, 10.0]
    assert found.column("filter").to_pylist() == [1, 1, 1, None]
    assert found.column("period_LS").null_count == N


def test_a_baseline_too_long_for_the_grid_gets_a_reason(tmp_path: Path) -> None:
    pq.write_table(
        with_points(file_of(), 1, hmjd=[87000.0], mag=[16.0], magerr=[0.02]),
        tmp_path / "c.parquet",
    )
    # 4 cycles per day, 10 samples per peak: 500 days need 20,000 frequencies, at most.
    periods = PeriodOptions(algorithms=("LS",), max_freq=4.0, max_trial_frequencies=20_000)
    options = FeatureOptions(periods=periods, bands_radius_arcsec=1.0)
    for bands in (None, 1.0):
        options = FeatureOptions(periods=periods, bands_radius_arcsec=bands)
        summary = generate_features(
            tmp_path / "c.parquet", tmp_path / "f.parquet", cleaning=CLEANING, options=options
        )
        assert summary.reasons == {"baseline_too_long": 1}
        assert summary.rows == N


def test_a_cut_on_dates_of_another_system_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = file_of()
    table = table.rename_columns(["hjd" if n == "hmjd" else n for n in table.schema.names])
    cut = CleaningOptions(min_epochs=20, max_timestamp_hjd=2458500.0)
    with pytest.raises(InputError, match="modified Julian dates"):
        features(table, tmp_path, cut)
    assert not (tmp_path / "features.parquet").exists()
    # Without a cut nothing depends on it: the features are those of the right name.
    right = features(file_of(), tmp_path)
    found = features(table, tmp_path)
    assert found.column("reason").null_count == N
    for name in ("period_LS", "wstd", "stetson_j"):
        assert found.column(name).to_pylist() == pytest.approx(right.column(name).to_pylist())
    argv = ["--light-curves", str(tmp_path / "curves.parquet"), "--max-timestamp-hjd", "2458500"]
    assert main([*argv, "--output", str(tmp_path / "x.parquet"), "--min-n-lc-points", "20"]) == 2
    said = capsys.readouterr().err
    assert said.count("error: ") == 1
    assert "Traceback" not in said
