"""The archive's folder: what file names say, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from scope.errors import InputError, NotFoundError, UsageError
from scope.surveys.layout import (
    abbreviated,
    file_name,
    find_files,
    parse_file_name,
    parse_release,
)


def test_a_public_file_name_says_where_it_is_from():
    file = parse_file_name(Path("ztf_000250_zr_c16_q2_dr5.parquet"))
    assert file is not None
    assert (file.field, file.filter, file.ccd, file.quad, file.release) == (250, 2, 16, 2, 5)
    assert file.rc == 61
    assert file_name(250, 16, 2, "r", 5) == file.path.name


@pytest.mark.parametrize(
    "name",
    [
        "truth.parquet",
        "ztf_250_zg_c01_q1_dr5.parquet",
        "ztf_000250_zy_c01_q1_dr5.parquet",
        "ztf_000250_zg_c17_q1_dr5.parquet",
        "ztf_000250_zg_c01_q5_dr5.parquet",
        "ztf_000250_zg_c01_q1_dr5.parquet.part",
    ],
)
def test_other_names_are_none_of_the_archive(name):
    assert parse_file_name(Path(name)) is None


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_files_are_found_in_folders_below_and_through_links(tmp_path: Path):
    archive = tmp_path / "archive"
    touch(archive, "b/ztf_000251_zg_c01_q1_dr5.parquet", "notes.txt")
    touch(tmp_path, "elsewhere/ztf_000250_zg_c01_q1_dr5.parquet")
    (archive / "a").symlink_to(tmp_path / "elsewhere")
    (archive / "loop").symlink_to(archive)
    assert [file.field for file in find_files(archive)] == [250, 251]


def test_no_folder_and_an_empty_folder_say_what_is_expected(tmp_path: Path):
    with pytest.raises(NotFoundError, match="no such archive folder"):
        find_files(tmp_path / "nowhere")
    with pytest.raises(NotFoundError, match=r"ztf_000250_zg_c01_q1_dr5\.parquet"):
        find_files(tmp_path)


def test_two_releases_are_refused_until_one_is_chosen(tmp_path: Path):
    touch(tmp_path, "ztf_000250_zg_c01_q1_dr5.parquet", "ztf_000250_zg_c01_q1_dr13.parquet")
    with pytest.raises(InputError, match="DR5, DR13"):
        find_files(tmp_path)
    assert [file.release for file in find_files(tmp_path, "DR13")] == [13]
    assert [file.release for file in find_files(tmp_path, 5)] == [5]
    with pytest.raises(NotFoundError, match=r"DR6.*allowed: DR5, DR13"):
        find_files(tmp_path, "dr6")


def test_one_file_in_two_folders_is_refused(tmp_path: Path):
    touch(tmp_path, "a/ztf_000250_zg_c01_q1_dr5.parquet", "b/ztf_000250_zg_c01_q1_dr5.parquet")
    with pytest.raises(InputError, match="two files of one quadrant"):
        find_files(tmp_path)


def test_a_release_is_a_number():
    with pytest.raises(UsageError, match="latest"):
        parse_release("latest")


def test_long_lists_are_abbreviated():
    assert abbreviated([1, 2, 3, 7, 9, 10]) == "1-3, 7, 9-10"
    many = abbreviated(range(0, 200, 2))
    assert many.startswith("0, 2, 4")
    assert many.endswith("…, 198")
    assert abbreviated([]) == ""
