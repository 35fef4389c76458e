"""astropy and pandas read our files, with units."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa

from scope.io import read_parquet, write_parquet, write_table
from scope.schema import SOURCES, arrow_schema

TABLE = pa.table(
    [
        pa.array([1, 2, 3]),
        pa.array([10.0, None, 12.0]),
        pa.array([5.0, None, 7.0]),
        *[pa.array([1, None, 2], pa.int32())] * 4,
        pa.array(["a star with a long name", None, "b"]),
        pa.array([9, 8, 7], pa.int32()),
        pa.array([None, "no_period", None]),
    ],
    schema=arrow_schema(SOURCES),
)


def test_astropy_reads_null_texts_units_and_descriptions(tmp_path: Path) -> None:
    from astropy import table as astropy

    write_table(TABLE, tmp_path / "sources.parquet", {"stages": {"sources": 1}})
    found = astropy.Table.read(tmp_path / "sources.parquet")
    assert found["obj_id"][0] == "a star with a long name"
    assert found["reason"].tolist() == ["None", "no_period", "None"]
    assert str(found["ra"].unit) == "deg"
    assert found["dec"].description == "Declination, ICRS"
    assert found["_id"].tolist() == [1, 2, 3]


def test_astropy_reads_texts_that_are_all_null_and_tables_without_rows(tmp_path: Path) -> None:
    from astropy import table as astropy

    for table in (TABLE.slice(0, 0), TABLE.slice(1, 1)):
        write_table(table, tmp_path / "sources.parquet", {})
        assert len(astropy.Table.read(tmp_path / "sources.parquet")) == table.num_rows


def test_units_are_in_attrs_whoever_reads_and_survive_writing_again(tmp_path: Path) -> None:
    write_table(TABLE, tmp_path / "one.parquet", {"stages": {"sources": 1}})
    units = {"ra": "deg", "dec": "deg"}
    assert pd.read_parquet(tmp_path / "one.parquet").attrs["units"] == units
    frame = read_parquet(tmp_path / "one.parquet")
    assert frame.attrs == {"stages": {"sources": 1}, "units": units}
    write_parquet(frame, tmp_path / "two.parquet")
    assert read_parquet(tmp_path / "two.parquet").attrs == frame.attrs
    # Of columns that are left out nothing is said.
    write_parquet(frame[["_id", "dec"]], tmp_path / "three.parquet")
    assert read_parquet(tmp_path / "three.parquet").attrs["units"] == {"dec": "deg"}


def test_astropy_reads_a_product_with_null_histograms_without_them(tmp_path: Path) -> None:
    """As docs/catalog.md says; astropy stacks lists of a fixed size and has no null among them."""
    from astropy import table as astropy

    dmdt = pa.array([[0.5] * 4, None, [1.0] * 4], pa.list_(pa.float32(), 4))
    path = tmp_path / "features.parquet"
    write_table(TABLE.append_column("dmdt", dmdt), path, {})
    found = astropy.Table.read(path, exclude_names=["dmdt"])
    assert found["_id"].tolist() == [1, 2, 3]
    assert str(found["ra"].unit) == "deg"
    histograms = read_parquet(path)["dmdt"]
    assert histograms[0].tolist() == [0.5] * 4
    assert histograms[1] is None
