"""The feature stage: every source has a row, features or a reason, and one set of bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from scope.errors import InputError, MissingColumnError, NotFoundError
from scope.features.batch import compute_batch, thread_pool
from scope.features.compute_features import _in_order, compute_features
from scope.features.crossmatch_catalogues import crossmatch_columns
from scope.features.options import FeatureOptions
from scope.features.registry import product_columns
from scope.features.unit_rows import Rows
from scope.io import read_metadata, read_table, write_table
from scope.lightcurves import LightCurves
from scope.lightcurves.cleaning import emptied
from scope.lightcurves.files import CleanedLightCurves, write_lightcurve_file
from scope.periods import PeriodOptions
from scope.periods.joint import search_stars
from scope.provenance import record
from scope.schema import SOURCES, arrow_schema, validate
from tests.features.curves import random_curves

N = 40
OPTIONS = FeatureOptions(PeriodOptions(max_freq=1.0))
DROPPED = {3: "bright_star", 4: "too_few_epochs", 17: "no_good_epochs", 39: "no_light_curve"}
FLAT = 21
"""A curve of constant magnitude: every period explains as much of it, nothing."""
BRIEF = 22
"""A curve of one night, which has no trial period."""


@pytest.fixture(scope="module")
def curves() -> LightCurves:
    """Forty curves, four of them dropped, one flat, one brief."""
    curves = random_curves(N)
    flat = slice(curves.offsets[FLAT], curves.offsets[FLAT + 1])
    curves.mag[flat] = 15.0
    brief = slice(curves.offsets[BRIEF], curves.offsets[BRIEF + 1])
    curves.time[brief] = curves.time[brief.start] + np.linspace(0.0, 0.4, curves.n_epochs[BRIEF])
    return emptied(curves, np.isin(np.arange(N), list(DROPPED)))


@pytest.fixture(scope="module")
def unit(tmp_path_factory: pytest.TempPathFactory, curves: LightCurves) -> Path:
    """A folder with the three files of a unit."""
    folder = tmp_path_factory.mktemp("unit")
    reasons = np.array([DROPPED.get(i) for i in range(N)], dtype=object)
    origin = record("sources", data_release="DR20")
    sources = {
        "_id": curves.ids,
        "ra": np.linspace(10.0, 11.0, N),
        "dec": np.linspace(40.0, 41.0, N),
        **{name: np.full(N, 1, dtype=np.int32) for name in ("field", "ccd", "quad", "filter")},
        "obj_id": pa.nulls(N, pa.string()),
        "n_listed": np.full(N, 300, dtype=np.int32),
        "reason": pa.array([r if r == "bright_star" else None for r in reasons], pa.string()),
    }
    write_table(pa.table(sources, arrow_schema(SOURCES)), folder / "sources.parquet", origin)
    n_epochs = np.where(reasons == "too_few_epochs", 12, curves.n_epochs)
    write_lightcurve_file(
        [CleanedLightCurves(curves, n_epochs, reasons)],
        folder / "lightcurves.parquet",
        record("lightcurves", origin),
    )
    write_crossmatch(folder / "crossmatch.parquet", curves.ids, record("crossmatch", origin))
    return folder


def write_crossmatch(path: Path, ids: np.ndarray, metadata: dict) -> None:
    """Write cross-matches: a Gaia parallax of a thousandth of the id, all else unknown."""
    columns = (SOURCES[0], *crossmatch_columns())
    values: dict[str, object] = {}
    for column in columns:
        if column.dtype == "bool":
            values[column.name] = np.full(len(ids), column.name == "Gaia_EDR3__searched")
        else:
            values[column.name] = pa.nulls(len(ids), column.field.type)
    values["_id"] = ids
    values["Gaia_EDR3__parallax"] = ids / 1000.0
    write_table(pa.table(values, arrow_schema(columns)), path, metadata)


def run(unit: Path, output: Path, **settings: object) -> bytes:
    files = [unit / f"{name}.parquet" for name in ("lightcurves", "sources", "crossmatch")]
    compute_features(*files, output, **{"options": OPTIONS, **settings})  # type: ignore[arg-type]
    return output.read_bytes()


@pytest.fixture(scope="module")
def product(unit: Path) -> pa.Table:
    run(unit, unit / "features.parquet")
    return read_table(unit / "features.parquet")


def test_every_source_has_a_row_with_features_or_a_reason(
    product: pa.Table, curves: LightCurves
) -> None:
    assert product.column("_id").to_pylist() == curves.ids.tolist()
    reasons = dict(enumerate(product.column("reason").to_pylist()))
    assert {i: reason for i, reason in reasons.items() if reason} == {**DROPPED, BRIEF: "no_period"}
    assert product.column("n_epochs").to_pylist()[4] == 12


def test_rows_hold_the_features_of_their_own_light_curve(
    product: pa.Table, curves: LightCurves
) -> None:
    kept = [i for i in range(N) if i not in DROPPED]
    values = compute_batch(curves.take(kept), OPTIONS)
    rows = product.take(kept)
    for name in ("n", "sw", "period_LS_BIC", "f1_amp_LS_BIC"):
        found = rows.column(name).to_numpy(zero_copy_only=False)
        np.testing.assert_array_equal(found, values[name])
    assert np.count_nonzero(np.isfinite(values["period_LS_BIC"])) == len(kept) - 1
    np.testing.assert_array_equal(np.stack(rows.column("dmdt").to_pylist()), values["dmdt"])


def test_dropped_rows_have_nulls_and_a_row_without_a_period_keeps_the_rest(
    product: pa.Table,
) -> None:
    dropped = product.take(list(DROPPED))
    for name in ("n", "median", "period_LS_BIC", "f1_a_LS_BIC", "dmdt"):
        assert dropped.column(name).null_count == len(DROPPED)
    brief = product.slice(BRIEF, 1).to_pylist()[0]
    assert brief["n"] == brief["n_epochs"]
    assert brief["dmdt"] is not None
    assert brief["period_LS_BIC"] is None
    assert brief["log10_fap_LS_BIC"] is None
    assert brief["f1_a_LS_BIC"] is None


def test_a_flat_row_has_a_period_that_is_surely_a_false_alarm(
    product: pa.Table, curves: LightCurves
) -> None:
    flat = product.slice(FLAT, 1).to_pylist()[0]
    assert flat["reason"] is None
    assert flat["median"] == 15.0
    assert flat["log10_fap_LS_BIC"] == 0.0
    assert flat["significance_LS_BIC"] < 0.0
    time = curves.time[curves.offsets[FLAT] : curves.offsets[FLAT + 1]]
    assert flat["period_LS_BIC"] == pytest.approx(np.ptp(time) / 2.0)
    assert flat["f1_a_LS_BIC"] == pytest.approx(15.0)


def test_cross_matches_are_joined_by_id(product: pa.Table) -> None:
    ids = product.column("_id").to_numpy()
    np.testing.assert_array_equal(product.column("Gaia_EDR3__parallax").to_numpy(), ids / 1000.0)
    assert product.column("Gaia_EDR3__searched").to_pylist() == [True] * N
    assert product.column("n_ztf_alerts").null_count == N


def test_the_file_has_the_registry_s_schema_and_says_where_it_is_from(
    unit: Path, product: pa.Table
) -> None:
    validate(product, product_columns(OPTIONS))
    assert product.schema.names == [column.name for column in product_columns(OPTIONS)]
    metadata = read_metadata(unit / "features.parquet")
    assert metadata["data_release"] == "DR20"
    assert metadata["backend"] == "cpu"
    assert metadata["fourier"] == "raw"
    assert metadata["period_search"]["max_freq"] == 1.0
    assert set(metadata["stages"]) == {"sources", "lightcurves", "crossmatch", "features"}


@pytest.mark.parametrize(("rows", "workers"), [(1, 1), (1, 2), (7, 2), (1000, 2)])
def test_the_bytes_do_not_depend_on_chunks_or_workers(
    unit: Path, tmp_path: Path, product: pa.Table, rows: int, workers: int
) -> None:
    found = run(unit, tmp_path / "again.parquet", rows=rows, workers=workers)
    assert read_table(tmp_path / "again.parquet").num_rows == N
    assert found == (unit / "features.parquet").read_bytes()


def test_without_a_cross_match_its_columns_are_null_and_nobody_searched(
    unit: Path, tmp_path: Path
) -> None:
    output = tmp_path / "features.parquet"
    compute_features(
        unit / "lightcurves.parquet", unit / "sources.parquet", None, output, options=OPTIONS
    )
    table = read_table(output)
    assert table.column("Gaia_EDR3__parallax").null_count == N
    assert table.column("Gaia_EDR3__searched").to_pylist() == [False] * N


def test_a_unit_without_sources_has_the_full_schema_and_no_rows(tmp_path: Path) -> None:
    empty = arrow_schema(SOURCES).empty_table()
    write_table(empty, tmp_path / "sources.parquet", record("sources"))
    write_lightcurve_file([], tmp_path / "lightcurves.parquet", record("lightcurves"))
    write_crossmatch(tmp_path / "crossmatch.parquet", np.empty(0, np.int64), record("crossmatch"))
    run(tmp_path, tmp_path / "features.parquet")
    table = read_table(tmp_path / "features.parquet")
    assert table.num_rows == 0
    assert table.schema.names == [column.name for column in product_columns(OPTIONS)]


@pytest.mark.parametrize("rows", [1, 1000])
@pytest.mark.parametrize("change", ["other id", "fewer", "more"])
@pytest.mark.parametrize("file", ["sources", "crossmatch"])
def test_files_with_other_ids_are_refused_and_leave_no_product(
    unit: Path, tmp_path: Path, file: str, change: str, rows: int
) -> None:
    for name in ("lightcurves", "sources", "crossmatch"):
        (tmp_path / f"{name}.parquet").write_bytes((unit / f"{name}.parquet").read_bytes())
    table = read_table(unit / f"{file}.parquet")
    ids = table.column("_id").to_numpy().copy()
    if change == "other id":
        ids[5] += 1
    if change == "more":
        table = pa.concat_tables([table, table.slice(0, 1)])
        ids = np.append(ids, ids[-1] + 50)
    table = table.set_column(0, table.schema.field(0), pa.array(ids))
    write_table(table.slice(0, N - 2) if change == "fewer" else table, tmp_path / f"{file}.parquet")
    with pytest.raises(InputError, match=f"{file}.parquet"):
        run(tmp_path, tmp_path / "features.parquet", rows=rows)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "crossmatch.parquet",
        "lightcurves.parquet",
        "sources.parquet",
    ]


def test_a_missing_file_and_a_missing_column_are_named(unit: Path, tmp_path: Path) -> None:
    lightcurves = unit / "lightcurves.parquet"
    with pytest.raises(NotFoundError, match="nowhere"):
        compute_features(lightcurves, tmp_path / "nowhere.parquet", None, tmp_path / "f.parquet")
    broken = tmp_path / "sources.parquet"
    write_table(read_table(unit / "sources.parquet").drop_columns(["ra"]), broken)
    with pytest.raises(MissingColumnError, match="ra"):
        compute_features(lightcurves, broken, None, tmp_path / "f.parquet")


def test_the_reader_is_only_a_few_pieces_ahead_of_the_writer(curves: LightCurves) -> None:
    pieces_read = 0

    def pieces() -> Iterator[Rows]:
        nonlocal pieces_read
        for start in range(40):
            pieces_read += 1
            one = curves[start : start + 1]
            yield Rows(pa.table({}), one, one.n_epochs, np.array([None], dtype=object), None)

    options = FeatureOptions(PeriodOptions(algorithms=("Ones",)))
    with thread_pool(1) as pool:
        done = 0
        for _ in _in_order(pieces(), pool, options, "cpu", limit=3):
            done += 1
            assert pieces_read - done <= 4
    assert done == 40


def test_the_stage_searches_the_bands_of_a_star_together_where_asked(
    unit: Path, tmp_path: Path, curves: LightCurves
) -> None:
    sources = read_table(unit / "sources.parquet").to_pydict()
    sources["ra"][7], sources["dec"][7], sources["filter"][7] = 10.0, 40.0, 2
    schema = arrow_schema(SOURCES)
    write_table(pa.table(sources, schema), tmp_path / "sources.parquet", record("sources"))
    output = tmp_path / "features.parquet"
    options = FeatureOptions(PeriodOptions(max_freq=1.0), bands_radius_arcsec=1.0)
    compute_features(
        unit / "lightcurves.parquet", tmp_path / "sources.parquet", None, output, options=options
    )
    found = read_table(output).column("period_BANDS").to_pylist()
    expected = search_stars(curves.take([0, 7]), np.array([0, 2]), options.periods)
    assert found[0] == found[7] == expected["period_BANDS"][0]
    assert found.count(None) == N - 2
