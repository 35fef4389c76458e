"""Tables are written whole, with bytes that depend on their rows only."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scope.errors import InputError, MissingColumnError
from scope.io import TableWriter, read_metadata, read_table, write_table
from scope.schema import arrow_schema

from . import COLUMNS


def written(path, table, sizes, row_group_rows=256):
    """The bytes of a file into which `table` went in pieces of these sizes, over and over."""
    with TableWriter(path, COLUMNS, {"a": 1}, row_group_rows) as writer:
        start, turn = 0, 0
        while start < table.num_rows:
            size = sizes[turn % len(sizes)]
            writer.write(table.slice(start, size))
            start, turn = start + size, turn + 1
    return path.read_bytes()


def test_what_was_written_is_read(table, tmp_path):
    path = tmp_path / "t.parquet"
    written(path, table, [100])
    found = read_table(path)
    found.validate(full=True)
    assert found.equals(table)
    assert read_metadata(path) == {"a": 1}
    assert found.schema.field("ra").metadata[b"unit"] == b"deg"
    assert not found.schema.field("_id").nullable


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=5))
def test_the_bytes_do_not_depend_on_the_sizes_of_the_pieces(table, tmp_path, sizes):
    path = tmp_path / "t.parquet"
    assert written(path, table, sizes) == written(path, table, [table.num_rows])


@pytest.mark.parametrize("size", [1, 255, 256, 257, 1000, 100_000])
def test_the_bytes_are_the_same_for_one_row_at_a_time_and_for_all_at_once(table, tmp_path, size):
    path = tmp_path / "t.parquet"
    assert written(path, table, [size]) == written(path, table, [table.num_rows])


def test_the_bytes_do_not_depend_on_how_the_pieces_lie_in_memory(table, tmp_path):
    path = tmp_path / "t.parquet"
    whole = written(path, table, [1000])
    # Shuffled and put back by `take`: other buffers, other chunks, same rows.
    order = np.random.default_rng(2).permutation(table.num_rows)
    shuffled = table.take(pa.array(order)).take(pa.array(np.argsort(order)))
    chunked = pa.concat_tables([shuffled.slice(0, 300), shuffled.slice(300)])
    assert written(path, chunked, [1000]) == whole


def test_row_groups_have_the_fixed_size_and_the_last_one_the_rest(table, tmp_path):
    path = tmp_path / "t.parquet"
    written(path, table, [7, 300])
    metadata = pq.ParquetFile(path).metadata
    sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    assert sizes == [256, 256, 256, 232]


def test_a_table_without_rows_has_its_full_schema(tmp_path):
    path = tmp_path / "t.parquet"
    with TableWriter(path, COLUMNS, {"a": 1}) as writer:
        writer.write(arrow_schema(COLUMNS).empty_table())
    assert read_table(path).num_rows == 0
    assert read_table(path).schema.equals(arrow_schema(COLUMNS))
    assert read_metadata(path) == {"a": 1}


def test_columns_are_put_in_order_and_cast_where_nothing_is_lost(table, tmp_path):
    path = tmp_path / "t.parquet"
    whole = written(path, table, [1000])
    other = table.select(table.schema.names[::-1])
    position = other.schema.get_field_index("filter")
    other = other.set_column(position, "filter", other["filter"].cast(pa.int64()))
    assert written(path, other, [1000]) == whole


def test_batches_are_as_good_as_tables(table, tmp_path):
    path = tmp_path / "t.parquet"
    with TableWriter(path, COLUMNS) as writer:
        for batch in table.to_batches():
            writer.write(batch)
    assert writer.rows == 1000
    assert read_table(path).equals(table)


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (lambda t: t.drop_columns(["ra"]), MissingColumnError, "'ra'"),
        (lambda t: t.append_column("new", t["ra"]), InputError, "unexpected columns.*'new'"),
        (
            lambda t: t.set_column(0, "_id", pa.array([None] * len(t), pa.int64())),
            InputError,
            "'_id' with missing values.*1000 nulls",
        ),
        (
            lambda t: t.set_column(3, "filter", pa.array([2**40] * len(t))),
            InputError,
            "'filter'.*int32",
        ),
        (lambda t: t.set_column(7, "mag", t["ra"]), InputError, "'mag'.*list"),
    ],
    ids=["missing", "unexpected", "null", "too large", "other type"],
)
def test_a_piece_that_does_not_fit_is_refused_and_leaves_no_file(
    table, tmp_path, spoil, error, message
):
    path = tmp_path / "t.parquet"
    spoiled = spoil(table)

    def write() -> None:
        with TableWriter(path, COLUMNS, None, 100) as writer:
            writer.write(table)
            writer.write(spoiled)

    with pytest.raises(error, match=message):
        write()
    assert list(tmp_path.iterdir()) == []


def test_an_error_between_pieces_leaves_no_file(table, tmp_path):
    def write() -> None:
        with TableWriter(tmp_path / "t.parquet", COLUMNS, None, 100) as writer:
            writer.write(table)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert list(tmp_path.iterdir()) == []


def test_writing_after_the_end_is_a_bug(table, tmp_path):
    with TableWriter(tmp_path / "t.parquet", COLUMNS) as writer:
        pass
    with pytest.raises(RuntimeError):
        writer.write(table)


def test_a_writer_killed_midway_leaves_no_product_and_a_rerun_the_same_bytes(table, tmp_path):
    source, path = tmp_path / "source.parquet", tmp_path / "t.parquet"
    write_table(table, source)
    code = f"""
import os, signal
from scope.io import TableWriter, read_table
table = read_table({str(source)!r})
with TableWriter({str(path)!r}, table.schema, None, 100) as writer:
    writer.write(table.slice(0, 555))
    os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", code], check=False)
    assert killed.returncode == -9
    assert not path.exists()
    write_table(table, path, row_group_rows=100)
    write_table(table, tmp_path / "undisturbed.parquet", row_group_rows=100)
    assert path.read_bytes() == (tmp_path / "undisturbed.parquet").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "source.parquet",
        "t.parquet",
        "undisturbed.parquet",
    ]


def test_a_disk_that_fills_up_is_a_readable_error_and_leaves_no_file(on_a_full_disk, tmp_path):
    # Noise of 8 MB does not compress into 1 MiB.
    code = f"""
import numpy as np, pyarrow as pa, pathlib
from scope.errors import ScopeError
from scope.io import write_csv, write_hdf, write_table
folder = pathlib.Path({str(tmp_path)!r})
table = pa.table({{"x": np.random.default_rng(0).random(1_000_000)}})
frame = table.slice(0, 200_000).to_pandas()
for write, what, name in (
    (write_table, table, "t.parquet"), (write_csv, frame, "t.csv"), (write_hdf, frame, "t.h5")
):
    try:
        write(what, folder / name)
    except ScopeError as error:
        print(error, [path.name for path in folder.iterdir()])
"""
    lines = on_a_full_disk(code, tmp_path).splitlines()
    assert len(lines) == 3
    for line, name in zip(lines, ("t.parquet", "t.csv", "t.h5"), strict=True):
        assert line.startswith(f"no space left on the disk: '{tmp_path / name}'")
        assert line.endswith("[]")


def test_settings_that_shape_the_bytes_are_pinned(table, tmp_path):
    path = tmp_path / "t.parquet"
    written(path, table, [1000])
    group = pq.ParquetFile(path).metadata.row_group(0)
    chunks = {group.column(i).path_in_schema: group.column(i) for i in range(group.num_columns)}
    assert {chunk.compression for chunk in chunks.values()} == {"ZSTD"}
    assert [name for name, chunk in chunks.items() if chunk.has_dictionary_page] == ["reason"]
    assert all(chunk.is_stats_set for name, chunk in chunks.items() if "." not in name)
