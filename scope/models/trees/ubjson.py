"""Universal Binary JSON (https://ubjson.org, draft 12), as far as XGBoost writes it.

Read here before XGBoost does: its own reader believes every length that a file states, and ends
the whole process on a file that is cut short.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

MAX_DEPTH = 16

_NUMBERS = {
    ord(marker): struct.Struct(form)
    for marker, form in {
        **{"i": ">b", "U": ">B", "I": ">h", "l": ">i", "L": ">q", "d": ">f", "D": ">d"},
    }.items()
}
"""Marker of a number -> how it is read."""

_LENGTHS = {ord(marker) for marker in "LlIiU"}
_ARRAYS = {
    ord(marker): np.dtype(form)
    for marker, form in {
        **{"i": "i1", "U": "u1", "I": ">i2", "l": ">i4", "L": ">i8", "d": ">f4", "D": ">f8"},
    }.items()
}
_CONSTANTS = {ord("Z"): None, ord("T"): True, ord("F"): False}
_TEXT, _ARRAY, _OBJECT, _END, _TYPE, _COUNT, _LONG = (ord(marker) for marker in "S[{}$#L")


def read_ubjson(content: bytes) -> Any:
    """Return a value; arrays of numbers of one type as NumPy arrays.

    Raises
    ------
    ValueError
        If it is not whole, or not what XGBoost writes.
    """
    reader = _Reader(content)
    value = reader.value(reader.marker(), 0)
    if reader.place != len(content):
        raise ValueError(f"{len(content) - reader.place} bytes behind its end")
    return value


class _Reader:
    """A place in some bytes."""

    def __init__(self, content: bytes) -> None:
        self.content, self.place, self.size = content, 0, len(content)

    def marker(self) -> int:
        """Return the next byte."""
        place = self.place
        if place >= self.size:
            raise ValueError(f"cut short at byte {place}")
        self.place = place + 1
        return self.content[place]

    def skip(self, size: int) -> int:
        """Go on by so many bytes and return where they begin."""
        place = self.place
        if not 0 <= size <= self.size - place:
            raise ValueError(f"cut short at byte {place}")
        self.place = place + size
        return place

    def value(self, marker: int, depth: int) -> Any:
        """Return the value behind its marker."""
        if depth > MAX_DEPTH:
            raise ValueError("nested too deep")
        number = _NUMBERS.get(marker)
        if number is not None:
            return number.unpack_from(self.content, self.skip(number.size))[0]
        if marker == _TEXT:
            return self._text()
        if marker == _ARRAY:
            return self._array(depth)
        if marker == _OBJECT:
            return self._object(depth)
        if marker in _CONSTANTS:
            return _CONSTANTS[marker]
        raise ValueError(f"no value at byte {self.place - 1}")

    def _length(self) -> int:
        marker = self.marker()
        if marker not in _LENGTHS:
            raise ValueError(f"no length at byte {self.place - 1}")
        number = _NUMBERS[marker]
        return int(number.unpack_from(self.content, self.skip(number.size))[0])

    def _text(self) -> str:
        start = self.skip(self._length())
        return self.content[start : self.place].decode("utf-8")

    def _array(self, depth: int) -> Any:
        marker = self.marker()
        if marker == _TYPE:
            dtype = _ARRAYS.get(self.marker())
            if dtype is None or self.marker() != _COUNT:
                raise ValueError(f"array of an unknown type at byte {self.place - 1}")
            length = self._length()
            start = self.skip(length * dtype.itemsize)
            return np.frombuffer(self.content, dtype, length, start)
        if marker != _COUNT:
            raise ValueError(f"array without a length at byte {self.place - 1}")
        size = self._length()
        if not 0 <= size <= self.size - self.place:
            raise ValueError(f"cut short at byte {self.place}")
        return [self.value(self.marker(), depth + 1) for _ in range(size)]

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while (marker := self.marker()) != _END:
            # The marker of a name's length; names have no marker of their own.
            self.place -= 1
            if marker != _LONG:
                raise ValueError(f"no name at byte {self.place}")
            name = self._text()
            if name in found:
                raise ValueError(f"{name!r} stands twice")
            found[name] = self.value(self.marker(), depth + 1)
        return found
