"""Pickles are read as data: what Python writes comes back, and no program in one is run."""

from __future__ import annotations

import io
import pickle
import pickletools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from scope.io.pickled import decode_pickle
from scope.io.pickled_arrays import PickledProgramError

VALUES = [
    *(None, True, 1, 2**63 + 5, -(2**62), -1.5, float("inf"), "aé\n.", b"x\xff", ""),
    *([1, [2, "a"]], {"a": (1, 2, 3, 4), "b": [None]}, (1, (2, (3,)))),
    *(np.float32(3.5), np.int64(5), pd.NA),
]
ARRAYS = [
    np.arange(6.0).reshape(2, 3),
    np.asfortranarray(np.arange(6, dtype=np.int16).reshape(2, 3)),
    np.array([[1, "b"], [None, 2.5]], dtype=object).T,
    np.array(["abc", "d"]),
    np.array([b"abc", b"d"]),
    np.array([True, False]),
    np.array(["2020-01-01", "NaT"], dtype="M8[ns]"),
    np.array([1, 2], dtype=">i4"),
    np.array([], dtype=object),
    np.empty((0, 3)),
]
PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


class Program:
    """Its pickle writes a file when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (io.open, (str(self.path), "w"))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_python_writes_comes_back(protocol: int) -> None:
    for value in VALUES:
        found = decode_pickle(pickle.dumps(value, protocol))
        assert type(found) is type(value)
        assert found is value or found == value


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_arrays_come_back(protocol: int) -> None:
    nested = np.empty(3, dtype=object)
    nested[0], nested[2] = np.array([1.0, 2.0]), np.array([])
    for array in [*ARRAYS, nested]:
        found = decode_pickle(pickle.dumps(array, protocol))
        assert found.dtype == array.dtype
        np.testing.assert_equal(found.tolist(), array.tolist())


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("wrapped", [lambda p: p, lambda p: [1, {"a": (p,)}], "array"])
def test_a_program_is_refused_and_not_run(tmp_path: Path, protocol: int, wrapped: Any) -> None:
    program: Any = Program(tmp_path / "ran")
    if wrapped == "array":
        value: Any = np.array(["text", program], dtype=object)
    else:
        value = wrapped(program)
    content = pickle.dumps(value, protocol)
    with pytest.raises(PickledProgramError, match=r"no plain data.*io\.open"):
        decode_pickle(content)
    assert not (tmp_path / "ran").exists()
    # The test could fail: Python's own reader does run it.
    pickle.loads(content)
    assert (tmp_path / "ran").exists()


HANDMADE = {
    "another function of numpy": b"cnumpy\nload\n(S'x'\ntR.",
    "a function by its stack name": b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R.",
    "an old class": b"(S'true'\nios\nsystem\n.",
    "a new object": b"cnumpy\nndarray\n)\x81.",
    "an extension": b"\x80\x02\x82\x01.",
    "a persistent id": b"Pname\n.",
    "state of a list": b"](K\x01tb.",
    "a name as a value": b"cnumpy\nndarray\n.",
    "a structured type": b"cnumpy\ndtype\n(S'V8'\nI0\nI1\ntR.",
    "a type from a text": b"cnumpy\ndtype\n(S'f4,(9999999)f4'\nI0\nI1\ntR.",
    "a buffer of elsewhere": b"\x80\x05\x97.",
    "nothing": b"",
    "half": pickle.dumps([1, 2, 3])[:-2],
    "an empty stack": b".",
    "no mark": b"K\x01t.",
    "a place of the memo that is empty": b"h\x05.",
    "an integer without bound": b"\x8b\xff\x00\x00\x00" + b"\x7f" * 255 + b".",
    "a long length": b"\x8d" + b"\xff" * 8 + b".",
}


@pytest.mark.parametrize("name", HANDMADE)
def test_what_is_no_data_is_refused(name: str) -> None:
    with pytest.raises(PickledProgramError):
        decode_pickle(HANDMADE[name])


def test_a_small_pickle_cannot_stand_for_much() -> None:
    laughs: Any = ["ha"] * 100
    for _ in range(10):
        laughs = [laughs] * 100
    deep = b"]" * 1000 + b"a" * 999 + b"."
    itself: list[Any] = []
    itself.append(itself)
    many = b"\x8c\xff" + b"x" * 255 + b"\x94(" + b"h\x00" * 10_000_000 + b"l."
    for content in (pickle.dumps(laughs), deep, many):
        with pytest.raises(PickledProgramError):
            decode_pickle(content)
    # A list cannot hold itself: what stands in it is the list as it was then.
    assert decode_pickle(pickle.dumps(itself)) == [[]]
    assert decode_pickle(pickle.dumps([[1, 2]] * 3)) == [[1, 2]] * 3


def test_damaged_pickles_are_refused_or_data() -> None:
    content = pickle.dumps(np.array(["a", 1.5, None, np.arange(3.0)], dtype=object))
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(2000):
        damaged = bytearray(content)
        for place in rng.integers(0, len(content), 3):
            damaged[place] = rng.integers(256)
        try:
            decode_pickle(bytes(damaged))
        except PickledProgramError:
            refused += 1
    assert refused > 500


def test_every_instruction_is_followed_or_refused() -> None:
    """Of Python's list of instructions none is unknown here by its name."""
    from scope.io import pickled

    known = pickled._PUSHED | set(pickled._ACTIONS) | pickled._SKIPPED | {"STOP"}
    assert known < {operation.name for operation in pickletools.opcodes}
    calls = {"INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4", "PERSID", "BINPERSID"}
    assert not known & calls
