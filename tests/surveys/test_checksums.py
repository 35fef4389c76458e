"""A file of an archive that differs from the published list of MD5 sums is refused."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from scope.errors import CorruptFileError
from scope.surveys.archive import Archive
from tests.surveys.bulk_files import write_bulk

UNIT = "ccd_02_quad_3"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of an archive with its list, uncompressed, so that any flipped value is read."""
    path = write_bulk(tmp_path / "0" / "field000300", [40, 30])
    pq.write_table(pq.read_table(path), path, compression="none", use_dictionary=False)
    digest = hashlib.md5(path.read_bytes()).hexdigest()
    (tmp_path / "checksum.md5").write_text(f"{digest}  0/field000300/{path.name}\n")
    return path


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for place in range(600, 800):
        content[place] ^= 0x10
    path.write_bytes(content)


def test_flipped_bytes_are_found_at_every_door(path: Path, tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    ids = archive.sources(300, UNIT).column("_id").to_numpy()
    assert archive.lightcurves(ids).n_epochs.tolist() == [40, 30]
    flip(path)
    doors = (
        lambda survey: survey.sources(300, UNIT),
        lambda survey: list(survey.iter_lightcurves(300, UNIT)),
        lambda survey: survey.lightcurves(ids),
        lambda survey: survey.sources_by_id(ids),
    )
    for survey in (archive, Archive(tmp_path)):
        for door in doors:
            with pytest.raises(CorruptFileError, match=f"not as it was published.*{path.name}"):
                door(survey)


@pytest.mark.parametrize("place", ["objra", "mag.list.element"])
def test_foreign_page_checksums_are_checked_where_a_file_has_them(
    tmp_path: Path, place: str
) -> None:
    """Pages with checksums, as any writer may make them, and no list; one bit of a value flips."""
    path = write_bulk(tmp_path / "0" / "field000300", [40, 30])
    table = pq.read_table(path)
    for checksum in (True, False):
        pq.write_table(
            table, path, compression="none", use_dictionary=False, write_page_checksum=checksum
        )
        chunks = pq.read_metadata(path).row_group(0)
        columns = [chunks.column(number) for number in range(chunks.num_columns)]
        (column,) = [column for column in columns if column.path_in_schema == place]
        content = bytearray(path.read_bytes())
        # The last byte of a chunk is data, not a header.
        content[column.data_page_offset + column.total_compressed_size - 1] ^= 0x10
        path.write_bytes(content)

        def read() -> object:
            return Archive(tmp_path).sources(300, UNIT), list(
                Archive(tmp_path).iter_lightcurves(300, UNIT)
            )

        if checksum:
            with pytest.raises(CorruptFileError, match=path.name):
                read()
        else:
            # Nothing tells: docs/archive.md says so.
            read()


def test_a_file_is_looked_at_once_for_each_date_that_it_has(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Archive(tmp_path).sources(300, UNIT)
    looked: list[str] = []
    real = hashlib.file_digest
    monkeypatch.setattr(
        "hashlib.file_digest", lambda file, kind: looked.append(file.name) or real(file, kind)
    )
    Archive(tmp_path).sources(300, UNIT)
    assert looked == []
    os.utime(path, ns=(1, 1))
    Archive(tmp_path).sources(300, UNIT)
    assert looked == [str(path)]


def test_without_a_list_or_an_entry_nothing_is_checked(path: Path, tmp_path: Path) -> None:
    (tmp_path / "checksum.md5").write_text("no list\n\n")
    assert Archive(tmp_path).sources(300, UNIT).num_rows == 2
    (tmp_path / "checksum.md5").unlink()
    assert Archive(tmp_path).sources(300, UNIT).num_rows == 2
