"""A file is there whole or not at all."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

from scope.errors import ScopeError
from scope.io import atomic_path, write_bytes


def hidden(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name.startswith(".")]


def test_the_file_appears_only_when_the_block_ends(tmp_path):
    path = tmp_path / "deep" / "product"
    with atomic_path(path) as temporary:
        temporary.write_text("all")
        assert not path.exists()
        assert temporary.parent == path.parent
        assert temporary.name.startswith(".product.")
        assert temporary.name.endswith(".tmp")
    assert path.read_text() == "all"
    assert hidden(path.parent) == []


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "product"
    path.write_text("old")

    def fail() -> None:
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        fail()
    assert path.read_text() == "old"
    assert hidden(tmp_path) == []


def test_an_interrupt_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), atomic_path(tmp_path / "product"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_the_file_has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "plain").touch()
    write_bytes(b"", tmp_path / "ours")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "ours")}
    assert len(modes) == 1


def test_a_killed_writer_leaves_no_product_and_the_next_one_clears_up(tmp_path):
    path = tmp_path / "product"
    code = f"""
import os, signal
from scope.io import atomic_path
with atomic_path({str(path)!r}) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", code], check=False)
    assert killed.returncode == -9
    assert not path.exists()
    assert len(hidden(tmp_path)) == 1
    write_bytes(b"all", path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["product"]


def test_clearing_up_spares_a_writer_at_work_and_files_of_other_products(tmp_path):
    path = tmp_path / "product"
    bystanders = [tmp_path / ".product.tmp", tmp_path / ".product.csv.0123456789abcdef.tmp"]
    for bystander in bystanders:
        bystander.touch()
    with atomic_path(path) as first:
        first.write_text("first")
        write_bytes(b"second", path)
        assert first.exists()
    assert path.read_text() == "first"
    assert all(bystander.exists() for bystander in bystanders)


def test_any_library_can_write_to_the_temporary_path(tmp_path):
    # HDF5 locks what it writes and refuses a file that is locked.
    with atomic_path(tmp_path / "product.h5") as temporary, h5py.File(temporary, "w") as file:
        file["a"] = 1
    with h5py.File(tmp_path / "product.h5") as file:
        assert file["a"][()] == 1


def test_without_locks_files_are_written_all_the_same(tmp_path, monkeypatch):
    monkeypatch.delattr(fcntl, "F_OFD_SETLK")
    path = tmp_path / "product"
    with atomic_path(path) as first:
        write_bytes(b"second", path)
        assert first.exists()
    assert [entry.name for entry in tmp_path.iterdir()] == ["product"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_a_readable_error_that_names_the_product(tmp_path, monkeypatch, code):
    def full(handle: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ScopeError, match=r"no space left.*product.*free some space"):
        write_bytes(b"all", tmp_path / "product")
    assert list(tmp_path.iterdir()) == []


def test_other_errors_of_the_system_are_not_disguised(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "product"):
        (tmp_path / "some other file").read_bytes()


def test_a_folder_in_the_way_is_a_readable_error(tmp_path):
    (tmp_path / "product").mkdir()
    with pytest.raises(ScopeError, match="it is a folder"):
        write_bytes(b"", tmp_path / "product")


def test_a_file_in_place_of_the_folder_is_a_readable_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ScopeError, match="cannot write"):
        write_bytes(b"", tmp_path / "file" / "product")
    with pytest.raises(ScopeError, match="cannot write"):
        write_bytes(b"", tmp_path / "file" / "deep" / "product")


def test_a_folder_that_may_not_be_written_to_is_a_readable_error(tmp_path):
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)
    if os.access(folder, os.W_OK):
        folder = Path("/sys")  # Where nobody may make files, not even root.
    with pytest.raises(ScopeError, match="cannot write"):
        write_bytes(b"", folder / "product")
