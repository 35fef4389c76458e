"""Rows come in the order of their ids, whatever the order of the file."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from scope.errors import InputError, MissingColumnError
from scope.io import read_ids, sorted_by_id, sorting, write_table


@pytest.fixture
def small_buckets(monkeypatch):
    """Make a table of 1,000 rows a large one."""
    monkeypatch.setattr(sorting, "_BUCKET_ROWS", 64)


@pytest.mark.parametrize("rows", [1, 63, 64, 300, 5000])
def test_rows_come_in_ascending_order_in_pieces_of_the_size_asked_for(
    table, tmp_path, small_buckets, rows
):
    path = tmp_path / "t.parquet"
    write_table(table, path)
    pieces = list(sorted_by_id(path, rows=rows))
    assert all(len(piece) == rows for piece in pieces[:-1])
    assert all(column.num_chunks == 1 for piece in pieces for column in piece.columns)
    # Independent: Arrow's own sort, in memory.
    assert pa.concat_tables(pieces).equals(table.take(pc.sort_indices(table["_id"])))


def test_a_file_in_order_and_a_shuffled_one_give_the_same_pieces(table, tmp_path, small_buckets):
    ordered = table.sort_by("_id")
    write_table(ordered, tmp_path / "ordered.parquet")
    write_table(table, tmp_path / "shuffled.parquet")
    first = list(sorted_by_id(tmp_path / "ordered.parquet", rows=170))
    second = list(sorted_by_id(tmp_path / "shuffled.parquet", rows=170))
    assert len(first) == len(second) == 6
    assert all(a.equals(b) for a, b in zip(first, second, strict=True))


def test_a_file_in_order_needs_no_scratch(table, tmp_path):
    write_table(table.sort_by("_id"), tmp_path / "t.parquet")
    assert sum(map(len, sorted_by_id(tmp_path / "t.parquet", scratch="/no such folder"))) == 1000


def test_scratch_files_go_away(table, tmp_path, small_buckets):
    write_table(table, tmp_path / "t.parquet")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    pieces = sorted_by_id(tmp_path / "t.parquet", rows=10, scratch=scratch)
    next(pieces)
    assert len(list(scratch.iterdir())) == 1
    pieces.close()
    assert list(scratch.iterdir()) == []


def test_equal_ids_keep_the_order_of_the_file(tmp_path, small_buckets):
    rng = np.random.default_rng(3)
    table = pa.table({"objectid": rng.integers(0, 20, 1000), "row": np.arange(1000)})
    write_table(table, tmp_path / "t.parquet")
    found = pa.concat_tables(sorted_by_id(tmp_path / "t.parquet", "objectid", rows=99))
    # Independent: pandas' stable sort.
    expected = table.to_pandas().sort_values("objectid", kind="stable")
    assert found["row"].to_pylist() == expected["row"].tolist()


def test_only_the_columns_asked_for_are_read(table, tmp_path, small_buckets):
    write_table(table, tmp_path / "t.parquet")
    found = pa.concat_tables(sorted_by_id(tmp_path / "t.parquet", columns=["mag", "ra"]))
    assert found.equals(table.sort_by("_id").select(["mag", "ra"]))
    with pytest.raises(MissingColumnError, match="period"):
        next(sorted_by_id(tmp_path / "t.parquet", columns=["period"]))


def test_a_file_without_rows_gives_nothing(table, tmp_path):
    write_table(table.slice(0, 0), tmp_path / "t.parquet")
    assert list(sorted_by_id(tmp_path / "t.parquet")) == []


def test_memory_does_not_grow_with_the_file(tmp_path, small_buckets):
    rng = np.random.default_rng(0)
    # 16 MB of magnitudes, 51 kB per bucket of 64 rows (256 buckets at most: 79 rows).
    mag = pa.ListArray.from_arrays(np.arange(0, 2_000_001, 100, np.int32), rng.random(2_000_000))
    write_table(pa.table({"_id": rng.permutation(20_000), "mag": mag}), tmp_path / "t.parquet")
    del mag
    before, most, n = pa.total_allocated_bytes(), 0, 0
    for piece in sorted_by_id(tmp_path / "t.parquet", rows=200):
        most = max(most, pa.total_allocated_bytes() - before)
        n += len(piece)
        del piece
    assert n == 20_000
    assert most < 4e6


@pytest.mark.parametrize(
    "ids",
    [
        pa.array([1.0, 2.0]),
        pa.array(["1", "2"]),
        pa.array([1, None]),
        pa.array([1, 2**63], pa.uint64()),
    ],
    ids=["float", "text", "null", "too large"],
)
def test_a_column_that_cannot_be_an_id_is_refused(tmp_path, ids):
    pq.write_table(pa.table({"_id": ids}), tmp_path / "t.parquet")
    with pytest.raises(InputError, match=r"'_id'.*t\.parquet"):
        next(sorted_by_id(tmp_path / "t.parquet"))


def test_ids_of_any_integer_width_are_read(tmp_path):
    pq.write_table(pa.table({"objectid": pa.array([3, 1], pa.uint16())}), tmp_path / "t.parquet")
    ids = read_ids(tmp_path / "t.parquet", "objectid")
    assert ids.dtype == np.int64
    assert ids.tolist() == [3, 1]
