"""Cone searches read files near the positions only, whatever is added or changed meanwhile."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import scope.surveys.index as index_module
from scope.io import iter_batches
from scope.surveys.archive import Archive
from scope.surveys.index import INDEX
from tests.surveys.bulk_files import change, write_bulk


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three quadrants 10 deg apart, around right ascension 0, in two filters."""
    folder = tmp_path / "archive"
    for quad, ra in ((1, 355.0), (2, 5.0), (3, 359.99)):
        for band in "gr":
            path = write_bulk(folder, [3, 4, 5], quad=quad, band=band)
            change(path, objra=pa.array((ra + np.arange(3) / 100) % 360))
    return folder


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were looked at for the index."""
    names: list[str] = []
    look = index_module._look_at

    def spy(name, *arguments):
        names.append(name)
        return look(name, *arguments)

    monkeypatch.setattr(index_module, "_look_at", spy)
    return names


def found(folder: Path, ra: float, radius: float = 2.0) -> list[int]:
    return Archive(folder).cone([ra], [20.0], radius).column("_id").to_pylist()


def test_the_index_is_made_once_and_used_again(folder: Path, looked_at: list[str]) -> None:
    first = found(folder, 5.01)
    assert len(first) == 2
    assert len(looked_at) == 6
    assert (folder / INDEX).is_file()
    assert found(folder, 5.01) == first
    assert found(folder, 180.0) == []
    assert len(looked_at) == 6


def test_a_quadrant_on_both_sides_of_zero_is_found_from_either(folder: Path) -> None:
    # light curves at 359.99, 0 and 0.01 deg
    assert len(found(folder, 0.0)) == 2
    assert len(found(folder, 360.0)) == 2
    assert len(found(folder, 0.01, radius=40)) == 4


def test_only_files_near_the_positions_are_read(folder: Path) -> None:
    archive = Archive(folder)
    near = archive._index.near([5.0], [20.0], 2.0)
    assert ["_q2_" in path.name for path in near] == [True, True]
    assert archive._index.near([np.nan], [20.0], 2.0) == []
    # 5 deg to 355 deg are 10 deg, less the quadrants' own extent
    assert len(archive._index.near([5.0], [20.0], 10 * 3600)) == 6


def test_files_that_changed_or_came_are_looked_at_again(folder: Path, looked_at) -> None:
    found(folder, 5.0)
    looked_at.clear()
    path = write_bulk(folder, [3], quad=4, band="g")
    change(path, objra=pa.array([200.0]))
    changed = sorted(folder.glob("*_q2_*"))[0]
    change(changed, objra=pa.array([201.0, 202.0, 203.0]))
    assert len(found(folder, 200.0)) == 1
    assert len(found(folder, 201.0)) == 1
    assert len(found(folder, 5.0)) == 1
    assert sorted(looked_at) == sorted([path.name, changed.name])
    path.unlink()
    assert found(folder, 200.0) == []


def test_a_damaged_index_is_made_again(folder: Path) -> None:
    found(folder, 5.0)
    (folder / INDEX).write_bytes(b"PAR1 nothing")
    assert len(found(folder, 5.0)) == 2
    assert pq.read_table(folder / INDEX).num_rows == 6


def test_an_archive_that_cannot_be_written_to_has_its_index_in_the_cache(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looked_at
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder.chmod(0o555)
    assert len(found(folder, 5.0)) == 2
    assert [p.suffix for p in (tmp_path / "cache/scope-variables").iterdir()] == [".parquet"]
    found(folder, 5.0)
    assert len(looked_at) == 6
    folder.chmod(0o755)
    assert not (folder / INDEX).exists()


def test_ids_of_no_scheme_are_looked_for_where_they_can_be(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    write_bulk(folder, [3, 4], ids=[11, 15], quad=1)
    write_bulk(folder, [5, 6], ids=[21, 25], quad=2)
    archive = Archive(folder)
    assert archive.lightcurves(np.array([25, 15, 99])).n_epochs.tolist() == [6, 4, 0]
    (path,) = archive._index.holding(np.array([22, 99]))
    assert "_q2_" in path.name
    assert archive._index.holding(np.array([16, 20])) == []
    assert archive.sources_by_id(np.array([25, 99])).column("_id").to_pylist() == [25]


def test_only_row_groups_with_wanted_rows_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": np.arange(10)}), path, row_group_size=3)
    wanted = np.isin(np.arange(10), [4, 9])
    pieces = [t.column("a").to_pylist() for t in iter_batches(path, rows=3, holding=wanted)]
    assert [value for piece in pieces for value in piece] == [3, 4, 5, 9]
