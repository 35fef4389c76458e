"""Cross-matching: the nearest within the radius, and nulls that can be told apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scope.column_types import arrow_type
from scope.errors import InputError, MissingColumnError
from scope.features.crossmatch_catalogues import CATALOGUES, crossmatch_columns
from scope.surveys.archive import Archive
from tests.surveys.bulk_files import write_bulk

ARCSEC = 1 / 3600
GAIA = CATALOGUES["Gaia_EDR3"]


def catalogue_table(name: str, ra, dec, **given) -> pa.Table:
    """A table of a catalogue whose other columns count up."""
    n = len(ra)
    columns = {"ra": pa.array(np.array(ra, float)), "dec": pa.array(np.array(dec, float))}
    for column in CATALOGUES[name].columns:
        values = given.get(column.name, np.arange(1, n + 1))
        columns[column.name] = pa.array(values).cast(arrow_type(column.dtype))
    return pa.table(columns)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    write_bulk(tmp_path, [1])
    (tmp_path / "crossmatch").mkdir()
    return Archive(tmp_path)


def put(archive: Archive, name: str, table: pa.Table) -> None:
    pq.write_table(table, archive.folder / "crossmatch" / f"{name}.parquet")


def test_the_columns_are_those_of_the_published_catalogue():
    # Names as the public classifications have them: three underscores before id.
    names = [column.name for column in crossmatch_columns()]
    assert len(set(names)) == len(names) == 2 + 10 + 12 + 12 + 4
    for name in ("n_ztf_alerts", "mean_ztf_alert_braai", "AllWISE___id", "AllWISE__w4sigmpro",
                 "AllWISE__ph_qual", "Gaia_EDR3___id", "Gaia_EDR3__parallax_error",
                 "Gaia_EDR3__phot_bp_rp_excess_factor", "PS1_DR1___id",
                 "PS1_DR1__yMeanPSFMagErr", "PS1_DR1__qualityFlag"):  # fmt: skip
        assert name in names


def test_the_nearest_within_the_radius_is_taken_not_the_first(archive: Archive):
    table = catalogue_table("Gaia_EDR3", [10, 10, 10], np.array([1.5, -0.5, 40]) * ARCSEC)
    put(archive, "Gaia_EDR3", table)
    match = archive.crossmatch([10.0, 10.0], [0.0, 37.9 * ARCSEC], 2.0).to_pydict()
    assert match["Gaia_EDR3___id"] == [2, None]
    assert match["Gaia_EDR3__parallax"] == [2.0, None]
    assert match["Gaia_EDR3__searched"] == [True, True]


def test_without_a_table_columns_are_null_and_the_flag_says_so(archive: Archive):
    match = archive.crossmatch([10.0], [0.0], 2.0)
    expected = [c for c in crossmatch_columns() if "alert" not in c.name]
    assert match.schema.names != []
    for column in expected:
        assert match.schema.field(column.name).type == arrow_type(column.dtype)
        value = match.column(column.name)[0].as_py()
        assert value is (False if column.name.endswith("__searched") else None)


def test_a_value_the_catalogue_has_not_is_null(archive: Archive):
    put(archive, "Gaia_EDR3", catalogue_table("Gaia_EDR3", [10.0], [0.0], parallax=[np.nan]))
    match = archive.crossmatch([10.0], [0.0], 2.0).to_pydict()
    assert match["Gaia_EDR3__parallax"] == [None]
    assert match["Gaia_EDR3__pmra"] == [1.0]


def test_ids_given_as_text_become_numbers_without_rounding(archive: Archive):
    # A Gaia source_id beyond 2**53, which float64 cannot hold.
    text = "4472832130942575873"
    table = catalogue_table("Gaia_EDR3", [10.0], [0.0]).set_column(2, "_id", pa.array([text]))
    put(archive, "Gaia_EDR3", table)
    assert archive.crossmatch([10.0], [0.0], 2.0).to_pydict()["Gaia_EDR3___id"] == [int(text)]


def test_matches_do_not_depend_on_which_positions_are_asked_together(archive: Archive):
    rng = np.random.default_rng(5)
    ra, dec = rng.uniform(359.9, 360.1, 400) % 360, rng.uniform(-0.1, 0.1, 400)
    put(archive, "AllWISE", catalogue_table("AllWISE", ra, dec, ph_qual=["AABC"] * 400))
    near_ra, near_dec = (ra[:50] + 1e-4) % 360, dec[:50] + 1e-4
    whole = archive.crossmatch(near_ra, near_dec, 30.0)
    parts = [archive.crossmatch(near_ra[i : i + 7], near_dec[i : i + 7], 30.0)
             for i in range(0, 50, 7)]  # fmt: skip
    assert pa.concat_tables(parts).combine_chunks().equals(whole.combine_chunks())
    assert whole.column("AllWISE___id").null_count == 0


def test_a_table_is_read_only_around_the_positions(archive: Archive):
    ra = np.arange(0, 360, 1.0)
    put(archive, "Gaia_EDR3", catalogue_table("Gaia_EDR3", ra, np.zeros(360)))
    region = archive.catalogue("Gaia_EDR3", [359.5, 0.5], [0.0, 0.0], 3600.0)
    assert region is not None
    assert sorted(region.column("ra").to_pylist()) == [0, 1, 359]
    assert archive.catalogue("PS1_DR1", [0.0], [0.0], 1.0) is None


def test_alerts_are_counted_and_their_scores_averaged(archive: Archive):
    dec = np.array([0.5, -1.0, 1.9, 2.1, 100, 200]) * ARCSEC
    braai = [0.9, None, 0.5, 1.0, float("nan"), 1.0]
    put(archive, "alerts", pa.table({"ra": [10.0] * 6, "dec": dec, "braai": braai}))
    alerts = archive.alerts([10.0, 10.0, 10.0], [0.0, 100 * ARCSEC, 50 * ARCSEC], 2.0).to_pydict()
    # By hand: three within 2", of which two have a score; one without a score; none.
    assert alerts["n_ztf_alerts"] == [3, 1, 0]
    assert alerts["mean_ztf_alert_braai"] == pytest.approx([0.7, 0.0, 0.0])
    assert alerts["ZTF_alerts__searched"] == [True] * 3


def test_without_a_table_alerts_are_unknown_not_none(archive: Archive):
    alerts = archive.alerts([10.0], [0.0], 2.0).to_pydict()
    assert alerts["n_ztf_alerts"] == alerts["mean_ztf_alert_braai"] == [None]
    assert alerts["ZTF_alerts__searched"] == [False]


def test_an_empty_table_matches_nothing_but_was_searched(archive: Archive):
    put(archive, "Gaia_EDR3", catalogue_table("Gaia_EDR3", [], []))
    match = archive.crossmatch([10.0], [0.0], 2.0).to_pydict()
    assert match["Gaia_EDR3___id"] == [None]
    assert match["Gaia_EDR3__searched"] == [True]


def test_no_positions_have_no_matches_but_all_columns(archive: Archive):
    put(archive, "Gaia_EDR3", catalogue_table("Gaia_EDR3", [1.0], [1.0]))
    match = archive.crossmatch([], [], 2.0)
    assert match.num_rows == 0
    assert match.schema.field("Gaia_EDR3___id").type == pa.int64()


def test_a_table_without_a_column_is_refused(archive: Archive):
    table = catalogue_table("Gaia_EDR3", [1.0], [1.0]).drop_columns(["parallax"])
    put(archive, "Gaia_EDR3", table)
    with pytest.raises(MissingColumnError, match=r"Gaia_EDR3\.parquet.*parallax"):
        archive.crossmatch([1.0], [1.0], 2.0)


def test_a_column_that_is_no_number_is_refused(archive: Archive):
    table = catalogue_table("Gaia_EDR3", [1.0], [1.0])
    put(archive, "Gaia_EDR3", table.set_column(2, "_id", pa.array(["Gaia DR3 5"])))
    with pytest.raises(InputError, match=r"'_id' of a wrong type in .*Gaia_EDR3\.parquet"):
        archive.crossmatch([1.0], [1.0], 2.0)


def test_the_archive_names_the_tables_it_has(archive: Archive):
    put(archive, "Gaia_EDR3", catalogue_table("Gaia_EDR3", [1.0], [1.0]))
    path = archive.folder / "crossmatch" / "Gaia_EDR3.parquet"
    assert archive.crossmatch_files() == {"Gaia_EDR3": path}
