"""Data in the byte format of pickle, read as data: nothing is imported and nothing is called.

pandas and PyTables write texts, lists and arrays in HDF5 files as pickles, which Python's own
reader runs as a program, whoever wrote it. Here the few instructions that make plain values and
NumPy arrays are followed, and all others are refused. The format is that of Python's
`pickletools`; what NumPy writes in it is in its ``ndarray.__reduce__`` and ``dtype.__reduce__``.
"""

from __future__ import annotations

import io
import pickletools
import struct
from collections.abc import Callable
from typing import IO, Any

import numpy as np

from scope.io.pickled_arrays import (
    ARRAY,
    MAKERS,
    Blank,
    Name,
    PickledProgramError,
    build_array,
    build_dtype,
    refused,
)

MAX_DEPTH = 32
"""Lists in lists, at most: what walks them later does so by recursion."""

MAX_SPREAD = 64
MIN_SPREAD = 64 << 20
"""Bytes that repeated values may stand for, at most: per byte of the pickle, or in all."""

_MAX_INTEGER_BYTES = 16
_NA = (Name("pandas", "NA"), Name("pandas._libs.missing", "NA"))


def decode_pickle(content: bytes) -> Any:
    """Return the value of a pickle that holds data alone.

    Parameters
    ----------
    content : bytes
        A pickle of protocol 0 to 5.

    Returns
    -------
    object
        None, booleans, numbers, texts, bytes, lists, tuples, dicts, and NumPy arrays and scalars
        of these; pandas' missing value.

    Raises
    ------
    PickledProgramError
        If it asks for anything else.
    """
    try:
        return _Reader(content).read()
    except PickledProgramError:
        raise
    except (ValueError, TypeError, LookupError, ArithmeticError, struct.error) as error:
        raise refused(f"not whole: {error}") from error


class _Reader:
    """The stack and the memo of one pickle."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}
        self._depths: dict[int, int] = {}
        self._kept: list[Any] = []
        self._spread = MIN_SPREAD + MAX_SPREAD * len(content)

    def read(self) -> Any:
        content = io.BytesIO(self._content)
        push, memo = self._stack.append, self._memo
        while code := content.read(1):
            if code == _TEXT:
                # With what follows it, nearly all of a column of texts.
                text = content.read(content.read(1)[0])
                push(text.decode("utf-8", "surrogatepass"))
            elif code == _MEMOIZE and type(self._stack[-1]) is str:
                memo[len(memo)] = self._stack[-1]
            elif code == b".":
                return self._finished(self._stack.pop())
            else:
                self._follow(code, content)
        raise refused("not whole")

    def _follow(self, code: bytes, content: IO[bytes]) -> None:
        """Do what an instruction says, with the argument that stands behind it."""
        operation = _OPERATIONS.get(code)
        if operation is None:
            raise refused(f"instruction {code!r}")
        argument = None if operation.arg is None else operation.arg.reader(content)
        if operation.name in _PUSHED:
            self._push(argument)
        elif operation.name in _ACTIONS:
            _ACTIONS[operation.name](self, argument)
        elif operation.name not in _SKIPPED:
            raise refused(f"instruction {operation.name}")

    @staticmethod
    def _finished(value: Any) -> Any:
        if isinstance(value, Blank | Name):
            raise refused("no value")
        return value

    def _push(self, value: Any) -> None:
        if isinstance(value, int) and abs(value) >> (8 * _MAX_INTEGER_BYTES):
            raise refused("integer without bound")
        self._stack.append(value)

    def _put(self, value: Any) -> Any:
        """Push a list, tuple, dict or array, after a look at how deep it is."""
        self._kept.append(value)
        self._depths[id(value)] = 1
        self._stack.append(value)
        return value

    def _deepen(self, container: Any, parts: list[Any]) -> None:
        depths = [self._depths.get(id(p), 1) for p in parts if isinstance(p, _NESTED)]
        if depths:
            deepest = max(self._depths.get(id(container), 1), 1 + max(depths))
            if deepest > MAX_DEPTH:
                raise refused(f"nested more than {MAX_DEPTH} deep")
            self._depths[id(container)] = deepest

    def _above_mark(self) -> list[Any]:
        start = self._marks.pop()
        parts = self._stack[start:]
        del self._stack[start:]
        return parts

    def mark(self, _: Any) -> None:
        self._marks.append(len(self._stack))

    def pop(self, _: Any) -> None:
        self._stack.pop()

    def pop_mark(self, _: Any) -> None:
        self._above_mark()

    def memoize(self, key: int | None) -> None:
        key = len(self._memo) if key is None else key
        value = self._memo[key] = self._stack[-1]
        if isinstance(value, Blank):
            value.keys.append(key)

    def get(self, key: int) -> None:
        """Push a value again; what it stands for in all is bounded, and nothing holds itself."""
        value = self._memo[int(key)]
        shared = isinstance(value, np.ndarray) and value.dtype.hasobject
        if shared or (type(value) in (list, dict, tuple) and self._depths[id(value)] > 1):
            raise refused("list of lists that stands twice")
        if isinstance(value, list | dict):
            value = self._put(value.copy())
        else:
            self._stack.append(value)
        self._spread -= _size(value)
        if self._spread < 0:
            raise refused("value that stands too often")

    def make_list(self, _: Any) -> None:
        parts = self._above_mark()
        self._deepen(self._put(parts), parts)

    def make_tuple(self, _: Any) -> None:
        self._tuple(self._above_mark())

    def tuple_of(self, size: int) -> None:
        parts = self._stack[len(self._stack) - size :]
        if len(parts) != size:
            raise IndexError("too few values")
        del self._stack[len(self._stack) - size :]
        self._tuple(parts)

    def _tuple(self, parts: list[Any]) -> None:
        self._deepen(self._put(tuple(parts)), parts)

    def make_dict(self, _: Any) -> None:
        parts = self._above_mark()
        self._fill(self._put({}), parts)

    def append(self, _: Any) -> None:
        self._extend([self._stack.pop()])

    def appends(self, _: Any) -> None:
        self._extend(self._above_mark())

    def _extend(self, parts: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not list:
            raise refused(f"append to {type(target).__name__}")
        self._deepen(target, parts)
        target.extend(parts)

    def set_item(self, _: Any) -> None:
        value = self._stack.pop()
        key = self._stack.pop()
        self._fill(self._stack[-1], [key, value])

    def set_items(self, _: Any) -> None:
        parts = self._above_mark()
        self._fill(self._stack[-1], parts)

    def _fill(self, target: Any, parts: list[Any]) -> None:
        if type(target) is not dict or len(parts) % 2:
            raise refused(f"item of {type(target).__name__}")
        self._deepen(target, parts)
        target.update(zip(parts[::2], parts[1::2], strict=True))

    def name(self, argument: str) -> None:
        self._named(*argument.split(" ", 1))

    def stacked_name(self, _: Any) -> None:
        name = self._stack.pop()
        self._named(self._stack.pop(), name)

    def _named(self, module: Any, name: Any) -> None:
        found = Name(str(module), str(name))
        if found in _NA:
            import pandas as pd

            self._stack.append(pd.NA)
        elif found in MAKERS or found == ARRAY:
            self._stack.append(found)
        else:
            raise refused(f"{found.module}.{found.name}")

    def reduce(self, _: Any) -> None:
        arguments = self._stack.pop()
        called = self._stack.pop()
        if type(called) is not Name or called not in MAKERS or type(arguments) is not tuple:
            raise refused(f"call of {called!r}")
        self._put(MAKERS[called](*arguments))

    def build(self, _: Any) -> None:
        state = self._stack.pop()
        blank = self._stack.pop()
        if type(blank) is not Blank or type(state) is not tuple:
            raise refused(f"state of {type(blank).__name__}")
        made = build_array(*state) if blank.kind is None else build_dtype(blank.kind, *state)
        for key in blank.keys:
            self._memo[key] = made
        self._put(made)
        self._deepen(made, [state])


_NESTED = (list, dict, tuple, np.ndarray)


def _size(value: Any) -> int:
    if isinstance(value, str | bytes | bytearray | list | dict | tuple):
        return 8 + len(value)
    return int(value.nbytes) if isinstance(value, np.ndarray) else 8


_TEXT, _MEMOIZE = b"\x8c", b"\x94"
_OPERATIONS = {item.code.encode("latin1"): item for item in pickletools.opcodes}

_SKIPPED = frozenset({"PROTO", "FRAME"})

_PUSHED = frozenset(
    {
        *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
        *("STRING", "BINSTRING", "SHORT_BINSTRING"),
        *("UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
        *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
    }
)
"""Instructions that put a value of their own on the stack."""

_ACTIONS: dict[str, Callable[[_Reader, Any], None]] = {
    "NONE": lambda reader, _: reader._push(None),
    "NEWTRUE": lambda reader, _: reader._push(True),
    "NEWFALSE": lambda reader, _: reader._push(False),
    "MARK": _Reader.mark,
    "POP": _Reader.pop,
    "POP_MARK": _Reader.pop_mark,
    "PUT": _Reader.memoize,
    "BINPUT": _Reader.memoize,
    "LONG_BINPUT": _Reader.memoize,
    "MEMOIZE": _Reader.memoize,
    "GET": _Reader.get,
    "BINGET": _Reader.get,
    "LONG_BINGET": _Reader.get,
    "EMPTY_LIST": lambda reader, _: reader._put([]),
    "EMPTY_TUPLE": lambda reader, _: reader._put(()),
    "EMPTY_DICT": lambda reader, _: reader._put({}),
    "LIST": _Reader.make_list,
    "TUPLE": _Reader.make_tuple,
    "TUPLE1": lambda reader, _: reader.tuple_of(1),
    "TUPLE2": lambda reader, _: reader.tuple_of(2),
    "TUPLE3": lambda reader, _: reader.tuple_of(3),
    "DICT": _Reader.make_dict,
    "APPEND": _Reader.append,
    "APPENDS": _Reader.appends,
    "SETITEM": _Reader.set_item,
    "SETITEMS": _Reader.set_items,
    "GLOBAL": _Reader.name,
    "STACK_GLOBAL": _Reader.stacked_name,
    "REDUCE": _Reader.reduce,
    "BUILD": _Reader.build,
}
