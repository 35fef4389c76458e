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
    **{b"i": ("b", 1), b"U": ("B", 1), b"I": (">h", 2), b"l": (">i", 4), b"L": (">q", 8)},
    **{b"d": (">f", 4), b"D": (">d", 8)},
}
"""Marker of a number -> its form for `struct`, bytes."""

_ARRAYS = {
    **{b"i": "i1", b"U": "u1", b"I": ">i2", b"l": ">i4", b"L": ">i8", b"d": ">f4", b"D": ">f8"},
}
_CONSTANTS = {b"Z": None, b"T": True, b"F": False}


def read_ubjson(content: bytes) -> Any:
    """Return a value; arrays of numbers of one type as NumPy arrays.

    Raises
    ------
    ValueError
        If it is not whole, or not what XGBoost writes.
    """
    reader = _Reader(content)
    value = reader.value(reader.take(1), 0)
    if reader.place != len(content):
        raise ValueError(f"{len(content) - reader.place} bytes behind its end")
    return value


class _Reader:
    """A place in some bytes."""

    def __init__(self, content: bytes) -> None:
        self.content, self.place = content, 0

    def take(self, size: int) -> bytes:
        """Return the next bytes."""
        if not 0 <= size <= len(self.content) - self.place:
            raise ValueError(f"cut short at byte {self.place}")
        self.place += size
        return self.content[self.place - size : self.place]

    def value(self, marker: bytes, depth: int) -> Any:
        """Return the value behind its marker."""
        if depth > MAX_DEPTH:
            raise ValueError("nested too deep")
        if marker in _NUMBERS:
            form, size = _NUMBERS[marker]
            return struct.unpack(form, self.take(size))[0]
        if marker in _CONSTANTS:
            return _CONSTANTS[marker]
        if marker == b"S":
            return self._text()
        if marker == b"[":
            return self._array(depth)
        if marker == b"{":
            return self._object(depth)
        raise ValueError(f"no value at byte {self.place - 1}")

    def _length(self) -> int:
        marker = self.take(1)
        if marker not in (b"L", b"l", b"I", b"i", b"U"):
            raise ValueError(f"no length at byte {self.place - 1}")
        return int(self.value(marker, 0))

    def _text(self) -> str:
        return self.take(self._length()).decode("utf-8")

    def _array(self, depth: int) -> Any:
        marker = self.take(1)
        if marker == b"$":
            kind = self.take(1)
            if kind not in _ARRAYS or self.take(1) != b"#":
                raise ValueError(f"array of an unknown type at byte {self.place - 1}")
            dtype = np.dtype(_ARRAYS[kind])
            return np.frombuffer(self.take(self._length() * dtype.itemsize), dtype)
        if marker != b"#":
            raise ValueError(f"array without a length at byte {self.place - 1}")
        size = self._length()
        if not 0 <= size <= len(self.content) - self.place:
            raise ValueError(f"cut short at byte {self.place}")
        return [self.value(self.take(1), depth + 1) for _ in range(size)]

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while (marker := self.take(1)) != b"}":
            # The marker of a name's length; names have no marker of their own.
            self.place -= 1
            if marker != b"L":
                raise ValueError(f"no name at byte {self.place}")
            name = self._text()
            if name in found:
                raise ValueError(f"{name!r} stands twice")
            found[name] = self.value(self.take(1), depth + 1)
        return found
