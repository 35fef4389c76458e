"""The NumPy arrays, types and scalars that stand in a pickle, made without its help."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from scope.errors import InputError

_DTYPE = re.compile(r"(\?|b|B|O|O4|O8|b1|[iu][1248]|f[248]|c(8|16)|[SU]\d{1,6}|[Mm]8)", re.ASCII)
_UNIT = re.compile(rb"[YMWDhmsunpfa]|ms|us|ns|ps|fs|as|generic")


class PickledProgramError(InputError):
    """A pickle that would do more than hold data."""


class Name(NamedTuple):
    """A function or class that a pickle asks for; it is never looked up."""

    module: str
    name: str


_CORE = ("numpy.core.multiarray", "numpy._core.multiarray")
_NUMERIC = ("numpy.core.numeric", "numpy._core.numeric")
ARRAY = Name("numpy", "ndarray")
_DTYPE_NAME = Name("numpy", "dtype")


class Blank:
    """An array or type before its state is known.

    Attributes
    ----------
    kind : str or None
        Type as NumPy spells it, of a type.
    keys : list of int
        Where the memo has it.
    """

    def __init__(self, kind: str | None = None) -> None:
        self.kind = kind
        self.keys: list[int] = []


def refused(what: str) -> PickledProgramError:
    return PickledProgramError(
        "pickled value that is no plain data, and is not read",
        value=what[:200],
        allowed="numbers, texts, lists and NumPy arrays of them",
        todo="a pickle can hold a program; ask whoever wrote the file for Parquet",
    )


def _blank_array(kind: Any, shape: Any, code: Any) -> Blank:
    if kind != ARRAY:
        raise refused(f"array of kind {kind!r}")
    return Blank()


def _blank_dtype(kind: Any, *flags: Any) -> Blank:
    if not (isinstance(kind, str) and _DTYPE.fullmatch(kind)):
        raise refused(f"type {kind!r}")
    return Blank(kind)


def build_dtype(kind: str, *state: Any) -> np.dtype[Any]:
    """Return a type; its state is (version, byte order, fields …, unit of a time)."""
    order = state[1] if isinstance(state[1], str) else state[1].decode("ascii")
    if order not in ("<", ">", "|", "=") or any(part is not None for part in state[2:5]):
        raise refused(f"type {kind} of parts")
    if kind[0] in "Mm" and len(state) > 8:
        unit, number = state[8][1][:2]
        unit = unit.encode() if isinstance(unit, str) else unit
        if not _UNIT.fullmatch(unit):
            raise refused(f"unit {unit!r}")
        kind += "" if unit == b"generic" else f"[{int(number)}{unit.decode()}]"
    kind = "O" if kind[0] == "O" else kind
    return np.dtype(kind if order == "|" else order + kind)


def build_array(version: Any, shape: Any, dtype: Any, fortran: Any, content: Any) -> Any:
    """Return an array; its elements are a list of objects, or bytes."""
    if not isinstance(dtype, np.dtype):
        raise refused("array without a type")
    if dtype.hasobject:
        # Elements stand row by row, in whatever order the array had them in memory.
        return _objects(content, shape)
    if isinstance(content, str):
        content = content.encode("latin1")
    return _plain(content, dtype, shape, "F" if fortran else "C")


def _objects(content: Any, shape: Any) -> Any:
    if type(content) is not list or len(content) != _count(shape):
        raise refused("array of another length")
    if any(isinstance(cell, Blank | Name) for cell in content):
        raise refused("array of no values")
    array = np.empty(len(content), dtype=object)
    for row, cell in enumerate(content):
        array[row] = cell
    return array.reshape(shape)


def _plain(content: Any, dtype: Any, shape: Any, order: Any) -> Any:
    if not isinstance(content, bytes | bytearray) or not isinstance(dtype, np.dtype):
        raise refused("array without bytes")
    if dtype.hasobject or len(content) != _count(shape) * dtype.itemsize:
        raise refused("array of another length")
    if not dtype.itemsize:
        return np.empty(shape, dtype)
    return np.frombuffer(bytearray(content), dtype).reshape(shape, order=order)


def _count(shape: Any) -> int:
    if type(shape) is not tuple or not all(type(n) is int and n >= 0 for n in shape):
        raise refused("array of no shape")
    return math.prod(shape)


def _scalar(dtype: Any, content: Any) -> Any:
    if isinstance(content, str):
        content = content.encode("latin1")
    return _plain(content, dtype, (1,), "C")[0]


def _latin(text: Any, encoding: Any = "latin1") -> bytes:
    """Return bytes that an old protocol writes as a text."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise refused("bytes in another form")
    return text.encode("latin1")


MAKERS: dict[Name, Callable[..., Any]] = {
    _DTYPE_NAME: _blank_dtype,
    Name("_codecs", "encode"): _latin,
    Name("__builtin__", "bytes"): lambda: b"",
    **{Name(module, "_reconstruct"): _blank_array for module in _CORE},
    **{Name(module, "scalar"): _scalar for module in _CORE},
    **{Name(module, "_frombuffer"): _plain for module in _NUMERIC},
}
