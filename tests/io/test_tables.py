"""Tables are read whole or in pieces, and a file that is none is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scope.errors import CorruptFileError, InputError, MissingColumnError, NotFoundError
from scope.io import (
    count_rows,
    iter_batches,
    read_ids,
    read_metadata,
    read_schema,
    read_table,
    write_table,
)

READERS = [
    read_table,
    read_schema,
    read_metadata,
    count_rows,
    read_ids,
    lambda path: list(iter_batches(path)),
]


@pytest.fixture
def path(table, tmp_path) -> Path:
    path = tmp_path / "t.parquet"
    write_table(table, path, {"backend": "cpu"}, row_group_rows=300)
    return path


def test_columns_come_in_the_order_asked_for(table, path):
    assert read_table(path, ["reason", "_id"]).equals(table.select(["reason", "_id"]))
    piece = next(iter_batches(path, ["reason", "_id"], rows=10))
    assert piece.equals(table.select(["reason", "_id"]).slice(0, 10))


@pytest.mark.parametrize("rows", [1, 7, 300, 301, 1000, 10**6])
def test_pieces_are_of_the_size_asked_for_and_make_up_the_table(table, path, rows):
    pieces = list(iter_batches(path, rows=rows))
    assert all(len(piece) == rows for piece in pieces[:-1])
    assert all(column.num_chunks == 1 for piece in pieces for column in piece.columns)
    assert pa.concat_tables(pieces).equals(table)


def test_a_piece_has_at_least_one_row(path):
    with pytest.raises(InputError, match="1 or more"):
        next(iter_batches(path, rows=0))


def test_a_file_without_rows_gives_no_pieces(table, tmp_path):
    write_table(table.slice(0, 0), tmp_path / "e.parquet")
    assert list(iter_batches(tmp_path / "e.parquet")) == []
    assert count_rows(tmp_path / "e.parquet") == 0


def test_what_is_known_without_reading_rows(table, path):
    assert count_rows(path) == 1000
    assert read_schema(path).equals(table.schema)
    assert read_metadata(path) == {"backend": "cpu"}


def test_files_of_others_have_no_metadata(table, tmp_path):
    pq.write_table(table, tmp_path / "t.parquet")
    assert read_metadata(tmp_path / "t.parquet") == {}


@pytest.mark.parametrize("text", [b"no json", b"[1]", b"\xff"])
def test_metadata_that_are_no_object_are_a_fault_of_the_file(table, tmp_path, text):
    pq.write_table(table.replace_schema_metadata({"scope": text}), tmp_path / "t.parquet")
    with pytest.raises(CorruptFileError, match=r"t\.parquet"):
        read_metadata(tmp_path / "t.parquet")


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: b"",
        lambda content: content[:-1],
        lambda content: content[: len(content) // 2],
        lambda content: b"<html>404 Not Found</html>" * 100,
        lambda content: content[:-8] + b"\xff\xff\xff\x7f" + content[-4:],
    ],
    ids=["empty", "last byte lost", "half", "web page", "footer length"],
)
def test_a_truncated_or_foreign_file_is_named(path, read, spoil):
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(CorruptFileError, match=r"t\.parquet.*again"):
        read(path)


def test_a_flipped_bit_among_the_values_is_found(table, path):
    content = bytearray(path.read_bytes())
    # The middle of the file is in the pages, far from the footer.
    content[len(content) // 3] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(CorruptFileError, match=r"t\.parquet"):
        read_table(path)


@pytest.mark.parametrize("read", READERS)
def test_a_file_that_is_not_there_is_named(tmp_path, read):
    with pytest.raises(NotFoundError, match="absent"):
        read(tmp_path / "absent.parquet")


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(InputError, match="folder"):
        read_table(tmp_path)


@pytest.mark.parametrize(
    "read", [read_table, lambda path, columns: list(iter_batches(path, columns))]
)
def test_a_missing_column_is_named_with_the_file(path, read):
    with pytest.raises(MissingColumnError, match=r"t\.parquet: 'period, pdot'; .*score"):
        read(path, ["_id", "period", "pdot"])


def test_reading_in_pieces_takes_memory_for_a_piece(tmp_path):
    path = _write_large(tmp_path)
    before, most = pa.total_allocated_bytes(), 0
    for piece in iter_batches(path, rows=500):
        most = max(most, pa.total_allocated_bytes() - before)
        del piece
    # A piece is 0.4 MB, the table 16 MB in one row group.
    assert most < 4e6


def _write_large(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    mag = pa.ListArray.from_arrays(np.arange(0, 2_000_001, 100, np.int32), rng.random(2_000_000))
    table = pa.table({"_id": np.arange(20_000), "mag": mag})
    write_table(table, folder / "large.parquet", row_group_rows=20_000)
    return folder / "large.parquet"


def test_a_column_that_stands_twice_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table([[1], [2.0], [3.0]], names=["_id", "ra", "ra"]), path)
    for read in (read_table, lambda path, names=None: list(iter_batches(path, names))):
        for names in (None, ["_id", "ra"]):
            with pytest.raises(InputError, match=r"stands twice in .*t\.parquet: 'ra'"):
                read(path, names)
    # What is not asked for does not matter.
    assert read_table(path, ["_id"]).column("_id").to_pylist() == [1]


@pytest.mark.real
def test_a_real_bulk_file_is_read_in_pieces(real_data):
    path = real_data / "light_curves/ztf_dr5_bulk/ztf_000250_zg_c01_q1_dr5.parquet"
    # 5,449 light curves: README of the data.
    assert count_rows(path) == 5449
    assert sum(len(piece) for piece in iter_batches(path, ["objectid", "hmjd"], 1000)) == 5449
