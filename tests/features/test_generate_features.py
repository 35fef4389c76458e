"""Features for any file of light curves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scope.errors import DuplicateIdError, IdentifierError, InputError, MissingColumnError
from scope.features.batch import compute_batch
from scope.features.generate_features import generate_features
from scope.features.options import FeatureOptions
from scope.features.registry import product_columns
from scope.io import read_metadata, read_table
from scope.lightcurves import LightCurves
from scope.lightcurves.cleaning import CleaningOptions, clean
from scope.periods import PeriodOptions
from tests.features.curves import random_curves

N = 30
OPTIONS = FeatureOptions(PeriodOptions(max_freq=1.0))
CLEANING = CleaningOptions(min_epochs=80)
CHEAP = FeatureOptions(PeriodOptions(algorithms=("Ones",)))


def release_ids() -> np.ndarray:
    """Return object ids of field 250, g, ccd 1, quadrant 1."""
    return 250101100000000 + 7 * np.arange(N, dtype=np.int64)


def lightcurve_table() -> pa.Table:
    """Return a table in the layout of the public bulk light curves, a third of it short."""
    curves = random_curves(N, seed=2)
    table = curves.to_arrow()
    flags = pa.ListArray.from_arrays(
        pa.array(curves.offsets.astype(np.int32)),
        pa.array((np.arange(curves.offsets[-1]) % 20 == 0).astype(np.int32) * 32768),
    )
    return pa.table(
        {
            "objectid": release_ids(),
            "filterid": np.full(N, 1, dtype=np.int8),
            "fieldid": np.full(N, 250, dtype=np.int16),
            "rcid": np.full(N, 0, dtype=np.int8),
            "objra": np.linspace(10.0, 11.0, N, dtype=np.float32),
            "objdec": np.linspace(-20.0, -19.0, N, dtype=np.float32),
            "nepochs": curves.n_epochs,
            "hmjd": table.column("hmjd"),
            "mag": table.column("mag"),
            "magerr": table.column("magerr"),
            "catflags": flags,
        }
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[pa.Table, Path]:
    """The product of the table, and its path."""
    folder = tmp_path_factory.mktemp("generated")
    pq.write_table(lightcurve_table(), folder / "curves.parquet")
    generate_features(
        folder / "curves.parquet", folder / "f.parquet", cleaning=CLEANING, options=OPTIONS
    )
    return read_table(folder / "f.parquet"), folder / "f.parquet"


def test_every_light_curve_has_a_row_with_features_or_a_reason(
    made: tuple[pa.Table, Path],
) -> None:
    product, path = made
    assert product.column("_id").to_pylist() == release_ids().tolist()
    assert product.schema.names == [column.name for column in product_columns(OPTIONS)]
    reasons = product.column("reason").to_pylist()
    n_epochs = product.column("n_epochs").to_numpy()
    assert set(reasons) == {None, "too_few_epochs"}
    assert [reason is None for reason in reasons] == (n_epochs >= 80).tolist()
    assert 5 < sum(reason is None for reason in reasons) < N
    metadata = read_metadata(path)
    assert metadata["min_epochs"] == 80
    assert metadata["min_cadence_minutes"] == 30.0
    assert metadata["max_timestamp_hjd"] is None


def test_the_features_are_those_of_the_cleaned_light_curves(
    made: tuple[pa.Table, Path],
) -> None:
    raw = LightCurves.from_arrow(lightcurve_table(), id_column="objectid")
    cleaned, reasons = clean(raw, CLEANING)
    kept = np.flatnonzero([reason is None for reason in reasons])
    values = compute_batch(cleaned.take(kept), OPTIONS)
    rows = made[0].take(kept)
    for name in ("chi2red", "period_LS_BIC", "f1_relphi4_LS_BIC"):
        np.testing.assert_array_equal(rows.column(name).to_numpy(), values[name])


def test_field_and_detector_come_from_the_id(made: tuple[pa.Table, Path]) -> None:
    row = made[0].slice(0, 1).to_pylist()[0]
    assert (row["field"], row["ccd"], row["quad"], row["filter"]) == (250, 1, 1, 1)
    assert row["ra"] == 10.0
    assert row["obj_id"] is None


@pytest.mark.parametrize(("rows", "workers"), [(1, 2), (1000, 1)])
def test_shuffled_rows_give_the_same_bytes(
    made: tuple[pa.Table, Path], tmp_path: Path, rows: int, workers: int
) -> None:
    order = np.random.default_rng(5).permutation(N)
    pq.write_table(lightcurve_table().take(order), tmp_path / "shuffled.parquet", row_group_size=7)
    summary = generate_features(
        tmp_path / "shuffled.parquet",
        tmp_path / "f.parquet",
        cleaning=CLEANING,
        options=OPTIONS,
        rows=rows,
        workers=workers,
    )
    assert summary.rows == N
    assert summary.with_features == made[0].column("reason").null_count
    assert (tmp_path / "f.parquet").read_bytes() == made[1].read_bytes()


def test_a_bare_file_has_nulls_where_nothing_is_known(tmp_path: Path) -> None:
    # Only ids, times in HJD, magnitudes and errors; small ids belong to no ZTF scheme.
    table = random_curves(3).to_arrow()
    hjd = pa.array([[t + 2400000.5 for t in row] for row in table.column("hmjd").to_pylist()])
    bare = pa.table(
        {"_id": [5, 1, 3], "hjd": hjd, **{n: table.column(n) for n in table.schema.names[2:4]}}
    )
    pq.write_table(bare, tmp_path / "bare.parquet")
    generate_features(tmp_path / "bare.parquet", tmp_path / "f.parquet", options=CHEAP)
    product = read_table(tmp_path / "f.parquet")
    assert product.column("_id").to_pylist() == [1, 3, 5]
    for name in ("ra", "dec", "field", "ccd", "quad", "filter", "obj_id"):
        assert product.column(name).null_count == 3


def test_the_latest_date_cuts_points(tmp_path: Path) -> None:
    pq.write_table(lightcurve_table(), tmp_path / "curves.parquet")
    generate_features(
        tmp_path / "curves.parquet",
        tmp_path / "f.parquet",
        cleaning=CleaningOptions(min_epochs=1, max_timestamp_hjd=2458300.5),
        options=CHEAP,
    )
    table = lightcurve_table()
    expected = []
    for times, flags in zip(
        *(table.column(n).to_pylist() for n in ("hmjd", "catflags")), strict=True
    ):
        good = np.array(times)[(np.array(flags) == 0) & (np.array(times) <= 58300.0)]
        last, count = -np.inf, 0
        for t in good:
            if t - last >= 30.0 / 1440.0:
                last, count = t, count + 1
        expected.append(count)
    assert read_table(tmp_path / "f.parquet").column("n_epochs").to_pylist() == expected


def test_faults_of_the_file_are_named(tmp_path: Path) -> None:
    path, output = tmp_path / "curves.parquet", tmp_path / "f.parquet"
    table = lightcurve_table()
    pq.write_table(table.drop_columns(["magerr"]), path)
    with pytest.raises(MissingColumnError, match="magerr"):
        generate_features(path, output, options=CHEAP)
    pq.write_table(pa.concat_tables([table, table.slice(3, 1)]), path)
    with pytest.raises(DuplicateIdError, match=str(release_ids()[3])):
        generate_features(path, output, options=CHEAP)
    wrong = table.set_column(2, "fieldid", pa.array(np.full(N, 251, dtype=np.int16)))
    pq.write_table(wrong, path)
    with pytest.raises(IdentifierError, match="field"):
        generate_features(path, output, options=CHEAP)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="truncated"):
        generate_features(path, output, options=CHEAP)
    assert not output.exists()


def with_column(path: Path, name: str, cells: list) -> None:
    """Write the table with a column of its own in place of one, all rows alike but the first."""
    table = lightcurve_table()
    column = pa.array([cells[0], *[cells[1]] * (N - 1)])
    at = table.schema.get_field_index(name)
    pq.write_table(
        table.append_column(name, column) if at < 0 else table.set_column(at, name, column), path
    )


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["0012", "NA"], ["0012", "NA"]),
        (["2019E5", None], ["2019E5", None]),
        ([4295806720.0, None], ["4295806720", None]),
        ([b"a ", b"b"], ["a", "b"]),
    ],
)
def test_names_in_a_file_of_light_curves_are_text(
    tmp_path: Path, cells: list, expected: list
) -> None:
    with_column(tmp_path / "c.parquet", "obj_id", cells)
    generate_features(tmp_path / "c.parquet", tmp_path / "f.parquet", options=CHEAP)
    assert read_table(tmp_path / "f.parquet").column("obj_id").to_pylist()[:2] == expected


@pytest.mark.parametrize(
    ("name", "cells", "message"),
    [
        ("obj_id", [1.2376555045679268e18, None], "obj_id that was rounded, in row 1"),
        ("obj_id", ["a", "1.23766E+18"], "obj_id that was rounded, in row 2"),
        ("obj_id", ["12.0", "13.0"], "wrote names as floats"),
        ("objra", ["64.1", "64,1"], "objra that is no number, in row 2.*'64,1'"),
        ("objra", [True, False], "objra that is no number, in row 1"),
        ("filterid", [1.5, 1.0], "filterid that is no whole number, in row 1"),
        ("filterid", ["1", "g"], "filterid that is no whole number, in row 2"),
    ],
)
def test_what_lost_digits_or_is_none_is_refused_with_its_row(
    tmp_path: Path, name: str, cells: list, message: str
) -> None:
    with_column(tmp_path / "c.parquet", name, cells)
    with pytest.raises(InputError, match=message):
        generate_features(tmp_path / "c.parquet", tmp_path / "f.parquet", options=CHEAP)
    assert not (tmp_path / "f.parquet").exists()


def test_sexagesimal_positions_of_light_curves_are_degrees(tmp_path: Path) -> None:
    # 4h 16m 24s are 64.1 degrees.
    table = lightcurve_table()
    places = {"objra": ["04:16:24", "64.1"], "objdec": ["-00:30:00", "-0.5"]}
    for name, cells in places.items():
        column = pa.array([cells[0], *[cells[1]] * (N - 1)])
        table = table.set_column(table.schema.get_field_index(name), name, column)
    pq.write_table(table, tmp_path / "c.parquet")
    generate_features(tmp_path / "c.parquet", tmp_path / "f.parquet", options=CHEAP)
    found = read_table(tmp_path / "f.parquet")
    np.testing.assert_allclose(found.column("ra"), 64.1, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.column("dec"), -0.5, rtol=0, atol=1e-12)


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "rows", "kept"),
    [("ztf_000250_zg_c01_q1_dr5", 5449, 1362), ("ztf_000202_zg_c16_q2_dr5", 3003, 654)],
)
def test_a_real_bulk_file_is_row_complete(
    real_data: Path, tmp_path: Path, name: str, rows: int, kept: int
) -> None:
    # Rows and counts with 20 epochs or more: counted once on the files, by cleaning alone.
    path = real_data / "light_curves" / "ztf_dr5_bulk" / f"{name}.parquet"
    summary = generate_features(
        path, tmp_path / "f.parquet", cleaning=CleaningOptions(min_epochs=20), options=CHEAP
    )
    assert (summary.rows, summary.with_features) == (rows, kept)
    product = read_table(tmp_path / "f.parquet", ["_id", "reason", "sw", "field"])
    ids = pq.read_table(path, columns=["objectid"]).column(0).to_numpy()
    np.testing.assert_array_equal(product.column("_id").to_numpy(), np.sort(ids))
    assert product.column("sw").null_count == rows - kept
    assert set(product.column("field").to_pylist()) == {int(name.split("_")[1])}
