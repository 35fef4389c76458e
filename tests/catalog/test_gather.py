"""Gathering, against a plain sort of all rows in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from scope.catalog import gather
from scope.errors import DuplicateIdError, InputError
from scope.io import read_metadata, read_table, write_table
from scope.provenance import STAGES
from tests.catalog.tables import imputed_table, write_unit


def interleaved(tmp_path: Path, n: int = 9000, units: int = 5) -> list[Path]:
    """Write units that share out shuffled ids."""
    ids = np.random.default_rng(1).permutation(n) * 7 + 10_000
    return [
        write_unit(tmp_path / f"unit_{unit}.parquet", sorted(ids[unit::units].tolist()))
        for unit in range(units)
    ]


def test_rows_come_in_ascending_order_of_id_with_every_value_unchanged(tmp_path: Path) -> None:
    paths = interleaved(tmp_path)
    gather(paths, tmp_path / "out.parquet")
    expected = pa.concat_tables([read_table(path) for path in paths]).sort_by("_id")
    result = read_table(tmp_path / "out.parquet")
    assert result.num_rows == 9000
    assert result.drop_columns(["provenance"]).equals(expected)


def test_the_order_of_the_units_does_not_change_a_byte(tmp_path: Path) -> None:
    paths = interleaved(tmp_path, n=500)
    gather(paths, tmp_path / "one.parquet")
    gather(paths[::-1], tmp_path / "other.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "other.parquet").read_bytes()


def test_units_without_rows_are_welcome(tmp_path: Path) -> None:
    empty = write_unit(tmp_path / "empty.parquet", [])
    full = write_unit(tmp_path / "full.parquet", [5, 6])
    gather([empty, full], tmp_path / "out.parquet")
    assert read_table(tmp_path / "out.parquet").column("_id").to_pylist() == [5, 6]
    gather([empty], tmp_path / "none.parquet")
    result = read_table(tmp_path / "none.parquet")
    assert result.num_rows == 0
    assert result.schema.names == [*imputed_table([]).schema.names, "provenance"]


def test_rows_of_one_making_share_one_provenance(tmp_path: Path) -> None:
    gather(interleaved(tmp_path, n=50), tmp_path / "out.parquet")
    assert set(read_table(tmp_path / "out.parquet").column("provenance").to_pylist()) == {0}
    metadata = read_metadata(tmp_path / "out.parquet")
    assert len(metadata["provenance"]) == 1
    assert metadata["stages"] == {"imputed": STAGES["imputed"], "gathered": STAGES["gathered"]}
    assert metadata["backend"] == "cpu"


def test_rows_made_on_different_devices_point_to_their_own_record(tmp_path: Path) -> None:
    cpu = write_unit(tmp_path / "a.parquet", [1, 3], backend="cpu")
    cuda = write_unit(tmp_path / "b.parquet", [2, 4], backend="cuda")
    gather([cpu, cuda], tmp_path / "out.parquet", {"note": "mixed"})
    metadata = read_metadata(tmp_path / "out.parquet")
    keys = read_table(tmp_path / "out.parquet").column("provenance").to_pylist()
    assert [metadata["provenance"][key]["backend"] for key in keys] == ["cpu", "cuda"] * 2
    assert "backend" not in metadata
    assert metadata["config_hash"] == "c0ffee"
    assert metadata["note"] == "mixed"


def test_an_id_in_two_units_names_both(tmp_path: Path) -> None:
    one = write_unit(tmp_path / "one.parquet", [1, 5, 9])
    two = write_unit(tmp_path / "two.parquet", [2, 5, 8])
    with pytest.raises(DuplicateIdError, match=r"5 in .*one\.parquet and .*two\.parquet"):
        gather([one, two], tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()


def test_an_id_twice_in_one_unit_names_it(tmp_path: Path) -> None:
    path = write_unit(tmp_path / "one.parquet", [1, 5, 5])
    with pytest.raises(DuplicateIdError, match=r"one\.parquet: 5"):
        gather([path], tmp_path / "out.parquet")


def test_a_unit_out_of_order_is_refused(tmp_path: Path) -> None:
    path = write_unit(tmp_path / "one.parquet", [1, 7, 5])
    with pytest.raises(InputError, match=r"order of _id, .*one\.parquet.*5 after 7 in row 2"):
        gather([path], tmp_path / "out.parquet")


def test_the_first_column_that_differs_is_named(tmp_path: Path) -> None:
    one = write_unit(tmp_path / "one.parquet", [1])
    table = imputed_table([2])
    index = table.schema.get_field_index("median")
    other = table.set_column(index, "median", table.column("median").cast(pa.float64()))
    write_table(other, tmp_path / "two.parquet", {})
    with pytest.raises(InputError, match=r"two\.parquet: 'median double'; allowed: median float"):
        gather([one, tmp_path / "two.parquet"], tmp_path / "out.parquet")
    write_table(table.drop_columns(["dmdt"]), tmp_path / "two.parquet", {})
    with pytest.raises(InputError, match=r"column 21 of .*two\.parquet: 'no column'"):
        gather([one, tmp_path / "two.parquet"], tmp_path / "out.parquet")


def test_no_units_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no units"):
        gather([], tmp_path / "out.parquet")
