"""The stages that ask a survey: complete in rows, in order, with reasons and records."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scope.errors import InputError
from scope.features.crossmatch_catalogues import crossmatch_columns
from scope.io import read_metadata, read_table
from scope.lightcurves.bright_stars import BrightStarOptions
from scope.lightcurves.cleaning import CleaningOptions
from scope.schema import SOURCES, lightcurve_schema, validate
from scope.surveys.archive import Archive
from scope.surveys.fetch_crossmatch import fetch_crossmatch
from scope.surveys.fetch_lightcurves import fetch_lightcurves
from scope.surveys.fetch_sources import fetch_sources
from tests.surveys.bulk_files import change, write_bulk
from tests.surveys.test_matching import catalogue_table

UNIT = "ccd_02_quad_3"
CLEANING = CleaningOptions(min_epochs=3)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    folder = tmp_path / "archive"
    write_bulk(folder, [5, 0, 2, 4])
    write_bulk(folder, [3], band="r")
    return Archive(folder)


def fetch(archive: Archive, folder: Path, rows: int = 4096, **options) -> tuple[Path, Path]:
    sources, curves = folder / "sources.parquet", folder / "curves.parquet"
    facts = {"config_hash": "abc"}
    fetch_sources(archive, 300, UNIT, sources, facts=facts, **options)
    fetch_lightcurves(
        archive, sources, 300, UNIT, curves, cleaning=CLEANING, rows=rows, facts=facts
    )
    return sources, curves


def test_every_source_keeps_its_row_with_a_light_curve_or_a_reason(archive, tmp_path):
    sources, curves = fetch(archive, tmp_path)
    validate(read_table(sources), SOURCES)
    table = read_table(curves)
    validate(table, lightcurve_schema("float32"))
    assert table.column("_id").equals(read_table(sources).column("_id"))
    assert table.column("reason").to_pylist() == [
        None, "no_light_curve", "too_few_epochs", None, None,
    ]  # fmt: skip
    assert [len(times) for times in table.column("hmjd").to_pylist()] == [5, 0, 0, 4, 3]
    assert table.column("n_epochs").to_pylist() == [5, 0, 2, 4, 3]


def test_the_files_say_where_they_came_from(archive, tmp_path):
    sources, curves = fetch(archive, tmp_path, bright_star=BrightStarOptions())
    record = read_metadata(sources)
    assert record["data_release"] == "DR5"
    assert record["bright_star_cut"] is False
    record = read_metadata(curves)
    assert record["stages"].keys() == {"sources", "lightcurves"}
    assert record["min_epochs"] == 3
    assert record["max_timestamp_hjd"] is None
    assert record["config_hash"] == "abc"


def test_the_rows_in_memory_leave_no_trace(archive, tmp_path):
    _, first = fetch(archive, tmp_path / "a")
    _, second = fetch(archive, tmp_path / "b", rows=1)
    assert first.read_bytes() == second.read_bytes()


def test_the_order_of_the_files_leaves_no_trace(archive, tmp_path):
    before = [path.read_bytes() for path in fetch(archive, tmp_path / "a")]
    path = archive.files(300, UNIT)[0]
    pq.write_table(pq.read_table(path).take(pa.array([2, 0, 3, 1])), path)
    assert [path.read_bytes() for path in fetch(archive, tmp_path / "b")] == before


def test_sources_near_a_bright_star_keep_their_row_and_that_reason(archive, tmp_path):
    # G 8 and colour 0.5 spoil 60.55"; sources lie 0.01 deg * cos 20 = 33.8" apart.
    gaia = catalogue_table("Gaia_EDR3", [100.03], [20.0], phot_g_mean_mag=[8.0],
                           phot_bp_mean_mag=[8.3], phot_rp_mean_mag=[7.8])  # fmt: skip
    (archive.folder / "crossmatch").mkdir()
    pq.write_table(gaia, archive.folder / "crossmatch" / "Gaia_EDR3.parquet")
    sources, curves = fetch(archive, tmp_path, bright_star=BrightStarOptions())
    # The fourth source is the star itself.
    expected = [None, None, "bright_star", None, None]
    assert read_table(sources).column("reason").to_pylist() == expected
    assert read_metadata(sources)["bright_star_cut"] is True
    assert read_table(curves).column("reason").to_pylist() == [
        None, "no_light_curve", "bright_star", None, None,
    ]  # fmt: skip
    fetch_sources(archive, 300, UNIT, sources)
    assert read_table(sources).column("reason").null_count == 5


def test_light_curves_that_are_not_listed_are_left_out_and_listed_ones_missed(archive, tmp_path):
    sources, curves = tmp_path / "sources.parquet", tmp_path / "curves.parquet"
    fetch_sources(archive, 300, UNIT, sources)
    table = read_table(sources)
    ids = table.column("_id").to_numpy()
    extra = np.sort(np.append(ids[[0, 3]], [1, 300102300000900, 999999999999999]))
    rows = table.take(pa.array([0] * len(extra))).set_column(0, "_id", pa.array(extra))
    pq.write_table(rows, sources)
    for size in (1, 2, 100):
        fetch_lightcurves(archive, sources, 300, UNIT, curves, cleaning=CLEANING, rows=size)
        result = read_table(curves)
        assert result.column("_id").to_pylist() == extra.tolist()
        assert result.column("n_epochs").to_pylist() == [0, 5, 4, 0, 0]
        assert result.column("reason").to_pylist()[3] == "no_light_curve"


def test_cross_matches_have_a_row_per_source_and_all_columns(archive, tmp_path):
    sources, _ = fetch(archive, tmp_path)
    (archive.folder / "crossmatch").mkdir()
    wise = catalogue_table("AllWISE", [100.01], [20.0001], ph_qual=["AAUU"])
    pq.write_table(wise, archive.folder / "crossmatch" / "AllWISE.parquet")
    output = tmp_path / "match.parquet"
    fetch_crossmatch(archive, sources, output, radius_arcsec=2.0)
    table = read_table(output)
    validate(table, (SOURCES[0], *crossmatch_columns()))
    assert table.column("_id").equals(read_table(sources).column("_id"))
    assert table.column("AllWISE__ph_qual").to_pylist() == [None, "AAUU", None, None, None]
    assert read_metadata(output)["xmatch_radius_arcsec"] == 2.0
    fetch_crossmatch(archive, sources, output, radius_arcsec=0.1)
    assert read_table(output).column("AllWISE___id").null_count == 5


def test_an_empty_quadrant_gives_files_without_rows(tmp_path):
    write_bulk(tmp_path / "archive", [])
    archive = Archive(tmp_path / "archive")
    sources, curves = fetch(archive, tmp_path, bright_star=BrightStarOptions())
    fetch_crossmatch(archive, sources, tmp_path / "match.parquet")
    validate(read_table(sources), SOURCES)
    validate(read_table(curves), lightcurve_schema())
    validate(read_table(tmp_path / "match.parquet"), (SOURCES[0], *crossmatch_columns()))
    assert read_table(curves).num_rows == 0


def test_a_fault_halfway_leaves_no_file(archive, tmp_path):
    sources = tmp_path / "sources.parquet"
    fetch_sources(archive, 300, UNIT, sources)
    path = archive.files(300, UNIT)[1]
    change(path, mag=pa.array([15.0]))
    with pytest.raises(InputError, match=path.name):
        fetch_lightcurves(archive, sources, 300, UNIT, tmp_path / "curves.parquet", rows=1)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["archive", "sources.parquet"]


def test_what_is_impossible_in_an_archive_costs_its_row_or_its_point(archive, tmp_path, caplog):
    path = archive.files(300, UNIT)[0]
    table = pq.read_table(path)
    times, mags = table.column("hmjd").to_pylist(), table.column("mag").to_pylist()
    times[0][0], mags[0][1] = 0.0, 99.0
    times[3] = [time + 2400000.5 for time in times[3]]
    change(
        path,
        hmjd=pa.array(times),
        mag=pa.array(mags, pa.list_(pa.float32())),
        objra=pa.array([100.0, 361.0, 100.0, 100.0]),
        objdec=pa.array([20.0, 20.0, float("nan"), 20.0]),
        filterid=pa.array([1, 1, 1, 1]),
    )
    sources, curves = fetch(archive, tmp_path)
    impossible = "impossible_position"
    listed, cleaned = read_table(sources), read_table(curves)
    assert listed.column("reason").to_pylist() == [None, impossible, impossible, None, None]
    assert listed.column("ra").to_pylist()[:3] == [100.0, None, None]
    assert cleaned.column("reason").to_pylist() == [None, impossible, impossible, None, None]
    # Dates of the fixture: a day apart from 58000.25 on.
    assert cleaned.column("hmjd").to_pylist()[0] == [58002.25, 58003.25, 58004.25]
    assert cleaned.column("hmjd").to_pylist()[3] == [58000.25 + k for k in range(4)]
    assert "1 impossible_magnitude, 1 impossible_time" in caplog.text
    assert "1 light curves are Julian dates" in caplog.text
    # Nothing lies around a position that is none.
    assert read_table(sources).num_rows == 5
    fetch_crossmatch(archive, sources, tmp_path / "match.parquet")
    assert 361.0 not in archive.cone([1.0], [20.0], 10.0).column("ra").to_pylist()
