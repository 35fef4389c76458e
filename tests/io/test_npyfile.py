"""Arrays that strangers wrote: numbers are read, everything else is refused and nothing runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scope.active.som import load_map
from scope.errors import CorruptFileError, NotFoundError
from scope.io.npyfile import read_npy
from scope.tasks.spectra.ensemble import ARRAYS, load_examples
from tests.io.test_pickled import Program

NUMBERS = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize("mapped", [False, True])
def test_numbers_come_back(tmp_path: Path, mapped: bool) -> None:
    np.save(tmp_path / "a.npy", NUMBERS)
    np.testing.assert_array_equal(read_npy(tmp_path / "a.npy", mapped=mapped), NUMBERS)


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("kind", ["objects", "pickle", "npz", "cut", "empty", "text"])
def test_all_else_is_refused_in_one_line(tmp_path: Path, kind: str, mapped: bool) -> None:
    path = tmp_path / "a.npy"
    program = Program(tmp_path / "ran")
    np.save(path, NUMBERS)
    if kind == "objects":
        np.save(path, np.array([program], dtype=object))
    elif kind == "pickle":
        NUMBERS.dump(path)
    elif kind == "npz":
        with path.open("wb") as file:
            np.savez(file, a=NUMBERS)
    else:
        path.write_bytes({"cut": path.read_bytes()[:-9], "empty": b"", "text": b"1,2\n"}[kind])
    with pytest.raises(CorruptFileError, match="cut short, or no array"):
        read_npy(path, mapped=mapped)
    assert not (tmp_path / "ran").exists()


def test_folders_of_ensembles_and_maps_say_what_is_missing_or_wrong(tmp_path: Path) -> None:
    for read in (load_examples, load_map):
        with pytest.raises(NotFoundError, match=r"no such file of an array.*train_qnet_ensemble"):
            read(tmp_path)
    for name in (*ARRAYS, "weights", "loss"):
        np.save(tmp_path / f"{name}.npy", np.array([Program(tmp_path / "ran")], dtype=object))
    for read in (load_examples, load_map):
        with pytest.raises(CorruptFileError, match="no array of numbers"):
            read(tmp_path)
    assert not (tmp_path / "ran").exists()
