"""A folder of bulk files as a survey, and every way in which it can be wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scope.errors import (
    CorruptFileError,
    DuplicateIdError,
    IdentifierError,
    MissingColumnError,
    NotFoundError,
    UsageError,
)
from scope.lightcurves.curves import LightCurves
from scope.schema import SOURCES, validate
from scope.surveys.archive import Archive
from tests.surveys.bulk_files import change, write_bulk

UNIT = "ccd_02_quad_3"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Field 300 with one quadrant in g and r and one in g; field 301 with one."""
    write_bulk(tmp_path, [3, 0, 5])
    write_bulk(tmp_path, [2, 4], band="r")
    write_bulk(tmp_path, [1], ccd=11, quad=1)
    write_bulk(tmp_path / "more", [1], field=301)
    return tmp_path


def everything(archive: Archive, rows: int) -> LightCurves:
    return LightCurves.concatenate(list(archive.iter_lightcurves(300, UNIT, rows)))


def test_it_knows_its_fields_units_and_release(folder: Path):
    archive = Archive(folder)
    assert archive.release == "DR5"
    assert archive.fields() == [300, 301]
    assert archive.units(300) == [UNIT, "ccd_11_quad_1"]
    assert [path.name for path in archive.files(300, UNIT)] == [
        "ztf_000300_zg_c02_q3_dr5.parquet",
        "ztf_000300_zr_c02_q3_dr5.parquet",
    ]


def test_the_sources_of_a_unit_are_those_of_all_its_filters_by_id(folder: Path):
    sources = Archive(folder).sources(300, UNIT)
    validate(sources, SOURCES)
    table = sources.to_pydict()
    assert table["_id"] == [
        300102300000000, 300102300000001, 300102300000002, 300202300000000, 300202300000001,
    ]  # fmt: skip
    assert table["filter"] == [1, 1, 1, 2, 2]
    assert set(table["field"]) == {300}
    assert set(table["ccd"]) == {2}
    assert set(table["quad"]) == {3}
    assert table["n_listed"] == [3, 0, 5, 2, 4]
    assert table["reason"] == [None] * 5


def test_light_curves_come_by_id_whatever_the_rows_in_memory(folder: Path):
    archive = Archive(folder)
    whole = everything(archive, 4096)
    assert whole.ids.tolist() == archive.sources(300, UNIT).column("_id").to_pylist()
    assert whole.n_epochs.tolist() == [3, 0, 5, 2, 4]
    assert whole.mag.dtype == np.float32
    for rows in (1, 2):
        assert everything(archive, rows).to_arrow().equals(whole.to_arrow())
        assert max(len(part) for part in archive.iter_lightcurves(300, UNIT, rows)) == rows


def test_files_that_are_not_sorted_come_by_id_too(folder: Path):
    expected = everything(Archive(folder), 4096).to_arrow()
    for path in folder.glob("*.parquet"):
        table = pq.read_table(path)
        order = np.random.default_rng(3).permutation(table.num_rows)
        pq.write_table(table.take(pa.array(order)), path)
    for rows in (1, 4096):
        assert everything(Archive(folder), rows).to_arrow().equals(expected)


def test_ids_of_no_scheme_interleave_over_the_filters(tmp_path: Path):
    write_bulk(tmp_path, [1, 2, 3], ids=[10, 30, 50])
    write_bulk(tmp_path, [4, 5], ids=[20, 60], band="r")
    archive = Archive(tmp_path)
    for rows in (1, 2, 100):
        curves = everything(archive, rows)
        assert curves.ids.tolist() == [10, 20, 30, 50, 60]
        assert curves.n_epochs.tolist() == [1, 4, 2, 3, 5]
    sources = archive.sources(300, UNIT).to_pydict()
    assert sources["_id"] == [10, 20, 30, 50, 60]
    # What the id does not say the columns do.
    assert sources["filter"] == [1, 2, 1, 1, 2]
    assert set(sources["ccd"]) == {2}


def test_magnitudes_are_wide_where_any_file_has_them_wide(folder: Path):
    write_bulk(folder, [2, 4], band="r", mag_type=pa.float64())
    parts = list(Archive(folder).iter_lightcurves(300, UNIT, 1))
    assert {part.mag.dtype for part in parts} == {np.dtype(np.float64)}


def test_an_empty_quadrant_has_no_rows_and_all_columns(tmp_path: Path):
    write_bulk(tmp_path, [])
    archive = Archive(tmp_path)
    assert list(archive.iter_lightcurves(300, UNIT)) == []
    assert archive.sources(300, UNIT).num_rows == 0


def test_light_curves_of_ids_come_in_the_order_asked_for(folder: Path):
    ids = [300202300000001, 301102300000000, 5, 300102300000000, 300102300099999]
    curves = Archive(folder).lightcurves(ids)
    assert curves.ids.tolist() == ids
    assert curves.n_epochs.tolist() == [4, 1, 0, 3, 0]
    assert Archive(folder).lightcurves([]).n_epochs.tolist() == []


def test_a_cone_finds_light_curves_of_all_filters_and_fields(folder: Path):
    # Positions of the files: 0.01 deg = 36" apart in right ascension, at declination 20.
    found = Archive(folder).cone([100.0101, 0.0, 100.0], [20.0, 0.0, 20.0], 2.0).to_pydict()
    assert found["query"] == [0, 0, 2, 2, 2, 2]
    assert found["_id"] == [
        300102300000001, 300202300000001,
        300102300000000, 300111100000000, 300202300000000, 301102300000000,
    ]  # fmt: skip
    # 0.0001 deg in right ascension at declination 20 is 0.36" * cos 20.
    assert found["separation_arcsec"][:2] == pytest.approx([0.33829] * 2, abs=1e-4)


def test_no_such_field_lists_those_that_exist(folder: Path):
    with pytest.raises(NotFoundError, match=r"302; allowed: 300-301 \(2 in all\)"):
        Archive(folder).sources(302, UNIT)


def test_no_such_unit_lists_those_that_exist(folder: Path):
    with pytest.raises(NotFoundError, match="allowed: ccd_02_quad_3, ccd_11_quad_1"):
        Archive(folder).files(300, "ccd_01_quad_1")
    with pytest.raises(UsageError, match="ccd_2_quad_3"):
        Archive(folder).files(300, "ccd_2_quad_3")


def read_all(folder: Path) -> None:
    archive = Archive(folder)
    archive.sources(300, UNIT)
    everything(archive, 2)


def test_a_truncated_file_is_named(folder: Path):
    path = Archive(folder).files(300, UNIT)[0]
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CorruptFileError, match=path.name):
        read_all(folder)


@pytest.mark.parametrize("column", ["objectid", "catflags", "objra", "hmjd"])
def test_a_missing_column_is_named_with_its_file(folder: Path, column: str):
    path = Archive(folder).files(300, UNIT)[1]
    change(path, **{column: None})
    with pytest.raises(MissingColumnError, match=rf"{path.name}.*{column}"):
        Archive(folder).sources(300, UNIT)
    with pytest.raises(MissingColumnError, match=rf"{path.name}.*{column}"):
        everything(Archive(folder), 2)


def test_a_duplicate_id_is_named_with_its_file(folder: Path):
    path = Archive(folder).files(300, UNIT)[0]
    change(path, objectid=pa.array([300102300000000, 300102300000001, 300102300000000]))
    with pytest.raises(DuplicateIdError, match=rf"{path.name}.*300102300000000"):
        Archive(folder).sources(300, UNIT)
    for rows in (1, 4096):
        with pytest.raises(DuplicateIdError, match=rf"{path.name}.*300102300000000"):
            everything(Archive(folder), rows)
    with pytest.raises(DuplicateIdError, match="300102300000000"):
        Archive(folder).lightcurves([300102300000000])


def test_an_id_in_two_files_of_a_unit_is_named_with_both(tmp_path: Path):
    write_bulk(tmp_path, [1, 1], ids=[1, 2])
    write_bulk(tmp_path, [1], ids=[2], band="r")
    with pytest.raises(DuplicateIdError, match=r"zg_.*zr_.*objectid 2"):
        Archive(tmp_path).sources(300, UNIT)
    with pytest.raises(DuplicateIdError, match=r"zg_.*zr_.*objectid 2"):
        everything(Archive(tmp_path), 10)


def test_ids_that_disagree_with_a_column_are_refused(folder: Path):
    path = Archive(folder).files(300, UNIT)[1]
    change(path, rcid=pa.array([6, 7], pa.int8()))
    with pytest.raises(IdentifierError, match=rf"rc.*{path.name}.*300202300000001"):
        Archive(folder).sources(300, UNIT)


def test_ids_that_disagree_with_the_file_name_are_refused(folder: Path):
    path = Archive(folder).files(300, UNIT)[1]
    path.rename(path.with_name("ztf_000300_zr_c02_q4_dr5.parquet"))
    with pytest.raises(IdentifierError, match="ztf_000300_zr_c02_q4_dr5"):
        Archive(folder).sources(300, "ccd_02_quad_4")


def test_columns_that_disagree_with_the_file_name_are_refused(tmp_path: Path):
    path = write_bulk(tmp_path, [1, 1], ids=[1, 2])
    change(path, fieldid=pa.array([300, 299]))
    with pytest.raises(IdentifierError, match=r"field.*objectid 2: 299.*allowed: 300"):
        Archive(tmp_path).sources(300, UNIT)


def test_lists_of_unequal_length_cost_their_row_only(folder: Path):
    path = Archive(folder).files(300, UNIT)[1]
    whole = everything(Archive(folder), 1)
    change(path, magerr=pa.array([[0.1, 0.1], [0.1]]))
    spoilt = everything(Archive(folder), 1)
    row = spoilt.ids.tolist().index(300202300000001)
    assert [name for name in spoilt.faults if name] == ["unequal_lists"]
    assert spoilt.faults[row] == "unequal_lists"
    others = np.arange(len(whole)) != row
    assert np.array_equal(whole.n_epochs[others], spoilt.n_epochs[others])
    assert Archive(folder).lightcurves([300202300000001]).faults.tolist() == ["unequal_lists"]


def test_undefined_and_unsorted_times_are_no_errors(folder: Path):
    path = Archive(folder).files(300, UNIT)[1]
    change(path, hmjd=pa.array([[2.0, 1.0], [1.0, None, float("nan"), 2.0]]))
    assert everything(Archive(folder), 1).n_epochs.tolist() == [3, 0, 5, 2, 4]


def test_memory_holds_a_piece_not_the_file(tmp_path: Path):
    # One row group of 6,000 light curves, about 12 MB, as public files have.
    write_bulk(tmp_path, [100] * 6000)
    before = pa.total_allocated_bytes()
    held = 0
    n_curves = 0
    for part in Archive(tmp_path).iter_lightcurves(300, UNIT, 100):
        n_curves += len(part)
        held = max(held, pa.total_allocated_bytes() - before)
    assert n_curves == 6000
    assert held < 3e6


@pytest.mark.real
@pytest.mark.parametrize(
    ("field", "unit", "rows"), [(250, "ccd_01_quad_1", 5449), (202, "ccd_16_quad_2", 3003)]
)
def test_a_real_public_quadrant_is_read_whole(real_data: Path, field, unit, rows):
    # Row counts as documented with the data.
    archive = Archive(real_data / "light_curves" / "ztf_dr5_bulk")
    assert archive.release == "DR5"
    assert archive.fields() == [202, 250]
    assert archive.units(field) == [unit]
    sources = archive.sources(field, unit)
    ids = sources.column("_id").to_numpy()
    assert len(np.unique(ids)) == rows
    curves = LightCurves.concatenate(list(archive.iter_lightcurves(field, unit, 1000)))
    assert curves.ids.tolist() == ids.tolist()
    assert curves.n_epochs.tolist() == sources.column("n_listed").to_pylist()
