"""Files of `hickle`, read without running what is in them.

hickle keeps Python's types, and what it does not know, as pickles, which Python's reader runs
as programs. Here the structure is read with `h5py`, types by their names alone, and anything
but plain values, texts and arrays is refused. Files are written by hickle itself.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scope.errors import CorruptFileError, InputError, NotFoundError
from scope.io.atomic import atomic_path

if TYPE_CHECKING:
    import h5py

MAX_DEPTH = 32
_ROOTS = ("data", "data_0")


class PickledObjectError(InputError):
    """A file that wants a program to be run."""


def write_hickle(value: Any, path: str | Path) -> None:
    """Write plain values and arrays, whole or not at all.

    Raises
    ------
    InputError
        If something is neither.
    """
    import hickle

    _check_plain(value, "value", 0)
    with atomic_path(path) as temporary:
        temporary.unlink()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            hickle.dump(value, str(temporary), mode="w")


def _check_plain(value: Any, where: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise InputError("value nested too deep", value=where)
    if isinstance(value, Mapping):
        for name, part in value.items():
            if not isinstance(name, str):
                raise InputError("name that is no text", value=repr(name))
            _check_plain(part, f"{where}.{name}", depth + 1)
    elif isinstance(value, list | tuple):
        for part in value:
            _check_plain(part, where, depth + 1)
    elif isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            raise InputError("array of objects", value=where)
    elif not (value is None or isinstance(value, bool | int | float | str | np.generic)):
        raise InputError("value that no file keeps", value=f"{where}: {type(value).__name__}")


def read_hickle(path: str | Path) -> Any:
    """Read a file of hickle 3 to 5 that holds plain values, texts and arrays.

    Raises
    ------
    NotFoundError, CorruptFileError
    PickledObjectError
        If it holds anything else; nothing of it is run.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            root = next((file[name] for name in _ROOTS if name in file), None)
            if root is None:
                raise CorruptFileError(
                    "file that hickle did not write", value=str(path), allowed="a .hkl file"
                )
            return _read(root, file, 0)
    except FileNotFoundError as error:
        raise NotFoundError("no such file", value=str(path)) from error
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError) as error:
        raise CorruptFileError(
            "hickle file that cannot be read, or not whole",
            value=f"{path}: {error}".splitlines()[0],
        ) from error


def _read(node: Any, file: h5py.File, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise _refused("a value nested too deep")
    kind = _kind(node, file)
    reader = _READERS.get(kind)
    if reader is None:
        raise _refused(kind or "a value without a type")
    return reader(node, file, depth)


def _refused(what: str) -> PickledObjectError:
    return PickledObjectError(
        "hickle file with something that is no plain value",
        value=what,
        allowed=sorted(_READERS),
        todo="it would be run as a program, and was not; ask for the arrays in a plain file",
    )


def _kind(node: Any, file: h5py.File) -> str:
    """Return the name of a value's type: of the table of types, or as older files say it."""
    import h5py

    base = node.attrs.get("base_type")
    mark = node.attrs.get("type")
    if isinstance(mark, h5py.Reference):
        entry = file[mark]
        base = entry.attrs.get("base_type")
        mark = entry.name if base is None else None
    if isinstance(base, h5py.Reference):
        base = file[base].name.rsplit("/", 1)[-1]
    if base is not None:
        return _text(base)
    # hickle 3 has the name itself, in a list.
    if isinstance(mark, np.ndarray) and mark.size == 1:
        mark = mark.ravel()[0]
    name = _text(mark).rsplit("/", 1)[-1] if mark is not None else ""
    return {"hickle": "root3", "string": "str", "unicode": "str"}.get(name, name)


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _number(convert: Callable[[Any], Any]) -> Callable[[Any, Any, int], Any]:
    return lambda node, file, depth: convert(np.asarray(node[()]).ravel()[0])


def _array(node: Any, file: Any, depth: int) -> Any:
    import h5py

    if isinstance(node, h5py.Group):
        # Texts are kept one by one.
        return np.array(_items(node, file, depth), dtype=_text(node.attrs["np_dtype"]))
    value = node[()]
    if isinstance(value, h5py.Empty):
        return np.empty(0, dtype=_text(node.attrs.get("np_dtype", "f8")))
    if np.asarray(value).dtype.hasobject:
        raise _refused("an array of objects")
    return np.asarray(value)


def _string(node: Any, file: Any, depth: int) -> str:
    value = node[()]
    if isinstance(value, np.ndarray):
        value = b"".join(np.ravel(value).tolist()) if value.dtype.kind == "S" else value.ravel()[0]
    return _text(value)


def _list(node: Any, file: Any, depth: int) -> list[Any]:
    import h5py

    if isinstance(node, h5py.Dataset):
        value = node[()]
        return [] if isinstance(value, h5py.Empty) else np.asarray(value).tolist()
    return _items(node, file, depth)


def _items(node: Any, file: Any, depth: int) -> list[Any]:
    names = sorted(node, key=lambda name: int(node[name].attrs.get("item_index", 0)))
    if names and "item_index" not in node[names[0]].attrs:
        names = sorted(node, key=lambda name: int(name.rsplit("data", 1)[-1].strip("_") or 0))
    return [_read(node[name], file, depth + 1) for name in names]


def _dict(node: Any, file: Any, depth: int) -> dict[str, Any]:
    found = {}
    order = sorted(node, key=lambda name: int(node[name].attrs.get("key_idx", 0)))
    for name in order:
        key_type = _text(node[name].attrs.get("key_base_type", "str")).strip("b'")
        if key_type not in ("str", "bytes"):
            raise _refused(f"a name of type {key_type}")
        child = node[name]
        if "type" not in child.attrs and "data_0" in child:
            child = child["data_0"]
        found[name.strip("\"'")] = _read(child, file, depth + 1)
    return found


def _root3(node: Any, file: Any, depth: int) -> Any:
    items = _items(node, file, depth)
    return items[0] if len(items) == 1 else tuple(items)


_READERS: dict[str, Callable[[Any, Any, int], Any]] = {
    "dict": _dict,
    "list": _list,
    "tuple": lambda node, file, depth: tuple(_list(node, file, depth)),
    "ndarray": _array,
    "np.ndarray": _array,
    "np_scalar": lambda node, file, depth: np.asarray(node[()]).ravel()[0],
    "str": _string,
    "int": _number(int),
    "float": _number(float),
    "bool": _number(bool),
    "None": lambda node, file, depth: None,
    "none": lambda node, file, depth: None,
    "root3": _root3,
}
