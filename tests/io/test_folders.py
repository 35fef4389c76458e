"""Two programs that write one folder: the later one is told, and nothing of the first is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from scope.errors import InputError
from scope.io.folders import check_unchanged, identity, place_folder
from scope.models.bundle_writer import MANIFEST, replace_folder
from scope.surveys.simulation.whole_folder import whole_folder


def test_a_folder_that_another_program_was_faster_to_write_stays(tmp_path: Path) -> None:
    target = tmp_path / "sky"

    def write() -> None:
        with whole_folder(target) as mine:
            (mine / "file").write_text("later")
            target.mkdir()
            (target / "file").write_text("first")

    with pytest.raises(InputError, match="another program has written meanwhile"):
        write()
    assert (target / "file").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["sky"]


def test_an_empty_folder_is_nobodys_and_a_file_is_somebodys(tmp_path: Path) -> None:
    for name in ("empty", "file", "staged", "other"):
        (tmp_path / name).mkdir() if name != "file" else (tmp_path / name).write_text("of a user")
    place_folder(tmp_path / "staged", tmp_path / "empty")
    with pytest.raises(InputError, match=r"meanwhile: '.*file'"):
        place_folder(tmp_path / "other", tmp_path / "file")
    assert (tmp_path / "file").read_text() == "of a user"


def test_a_folder_is_known_by_itself_and_not_by_its_name(tmp_path: Path) -> None:
    folder, other = tmp_path / "a", tmp_path / "b"
    check_unchanged(folder, identity(folder))
    folder.mkdir()
    seen = identity(folder)
    (folder / "more").write_text("")
    check_unchanged(folder, seen)
    other.mkdir()
    folder.rename(tmp_path / "aside")
    other.rename(folder)
    with pytest.raises(InputError, match="meanwhile"):
        check_unchanged(folder, seen)
    with pytest.raises(InputError, match="meanwhile"):
        check_unchanged(folder, None)


def test_a_link_to_another_disk_stays_and_its_folder_is_written(tmp_path: Path) -> None:
    disk = tmp_path / "scratch"
    disk.mkdir()
    for name in ("sky", "bundle"):
        (disk / name).mkdir()
        (tmp_path / name).symlink_to(disk / name)
    with whole_folder(tmp_path / "sky") as mine:
        (mine / "file").write_text("sky")
    for content in (b"first", b"second"):
        replace_folder(tmp_path / "bundle", {MANIFEST: content})
    assert (tmp_path / "sky").is_symlink()
    assert (tmp_path / "bundle").is_symlink()
    assert (disk / "sky" / "file").read_text() == "sky"
    assert (disk / "bundle" / MANIFEST).read_bytes() == b"second"
    assert len(list(disk.iterdir())) == 2
    assert len(list(tmp_path.iterdir())) == 3
