"""Reading forwards: the rows of a plain read, in parts of any size."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from scope.catalog.cursor import Cursor
from scope.errors import CorruptFileError
from scope.io import read_table
from tests.catalog.tables import write_unit


@pytest.mark.parametrize("step", [1, 7, 300, 1000])
def test_parts_of_any_size_make_up_the_file(tmp_path: Path, step: int) -> None:
    path = write_unit(tmp_path / "unit.parquet", range(1000))
    cursor = Cursor(path, ["median", "_id"])
    parts = [cursor.take(min(step, 1000 - start)) for start in range(0, 1000, step)]
    assert pa.concat_tables(parts).equals(read_table(path, ["median", "_id"]))


def test_no_rows_have_the_columns_all_the_same(tmp_path: Path) -> None:
    path = write_unit(tmp_path / "unit.parquet", [])
    assert Cursor(path, ["median", "_id"]).take(0).schema.names == ["median", "_id"]


def test_more_rows_than_there_are_name_the_file(tmp_path: Path) -> None:
    cursor = Cursor(write_unit(tmp_path / "unit.parquet", [1, 2, 3]))
    cursor.take(2)
    with pytest.raises(CorruptFileError, match=r"unit\.parquet: 1 rows left, 2 wanted"):
        cursor.take(2)


def test_a_file_that_was_read_to_its_end_holds_no_memory(tmp_path: Path) -> None:
    path = write_unit(tmp_path / "unit.parquet", range(1000))
    before = pa.total_allocated_bytes()
    cursor = Cursor(path)
    cursor.take(999)
    assert pa.total_allocated_bytes() - before > 1_000_000
    cursor.take(1)
    assert pa.total_allocated_bytes() - before < 10_000
