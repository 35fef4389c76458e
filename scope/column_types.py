"""Types of columns by their names, such as ``list<float32>``, as Arrow has them."""

from __future__ import annotations

import re

import pyarrow as pa

from scope.errors import InputError

_PRIMITIVES: dict[str, pa.DataType] = {
    "bool": pa.bool_(),
    "int8": pa.int8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "uint64": pa.uint64(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "string": pa.string(),
}
_LIST = re.compile(r"^list<(?P<item>.+)>$")
_FIXED_LIST = re.compile(r"^fixed_size_list<(?P<item>.+)>\[(?P<size>\d+)\]$")


def arrow_type(dtype: str) -> pa.DataType:
    """Return the Arrow type that a column's type string stands for.

    Parameters
    ----------
    dtype : str
        ``int64``, ``float32``, ``string``, …, ``list<T>`` or ``fixed_size_list<T>[N]``.

    Raises
    ------
    InputError
        If the string is none of these.
    """
    if dtype in _PRIMITIVES:
        return _PRIMITIVES[dtype]
    if match := _LIST.match(dtype):
        return pa.list_(arrow_type(match["item"]))
    if match := _FIXED_LIST.match(dtype):
        return pa.list_(arrow_type(match["item"]), int(match["size"]))
    raise InputError(
        "unknown column type",
        value=dtype,
        allowed=[*_PRIMITIVES, "list<T>", "fixed_size_list<T>[N]"],
    )
