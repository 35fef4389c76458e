"""Objects of this package in a file that is data and nothing else, for processes of its own.

What a pickle does when it is read, whoever can write the file decides. Here values are JSON and
plain arrays, and an object is a data class or a named tuple: when it is read, its class is
looked up among those that are defined in this package or in a module that is imported already,
and made from its fields. No other function can be named.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scope.errors import InputError
from scope.jsontext import parse_json

_TREE = "tree"
_OWN = "scope"
_SEQUENCES: dict[str, Any] = {kind.__name__: kind for kind in (list, tuple, set, frozenset)}


def write_plain(value: object, path: str | Path) -> None:
    """Write a value: numbers, texts, paths, lists, tables of keys, arrays, and data classes.

    Raises
    ------
    InputError
        If something else is in it; the message says where.
    """
    arrays: dict[str, Any] = {}
    tree = _encode(value, arrays, type(value).__name__)
    with Path(path).open("wb") as file:
        arrays[_TREE] = np.array(json.dumps(tree))
        np.savez(file, **arrays)


def read_plain(path: str | Path) -> Any:
    """Read what `write_plain` wrote.

    Raises
    ------
    ValueError
        If it holds a pickle, or is no such file.
    InputError
        If it names a class that is no data class of a known module.
    """
    with np.load(path, allow_pickle=False) as stored:
        if isinstance(stored, np.ndarray) or _TREE not in stored.files:
            raise ValueError(f"no file of plain data: {path}")
        arrays = {name: stored[name] for name in stored.files}
    return _decode(parse_json(str(arrays.pop(_TREE))), arrays)


def _encode(value: Any, arrays: dict[str, Any], where: str) -> Any:
    """Return a value as JSON: plain ones as they are, others as an object with one key."""
    if value is None or isinstance(value, bool | int | float | str):
        return _plain(value)
    if isinstance(value, np.ndarray | np.generic):
        return _encoded_array(value, arrays, where)
    if isinstance(value, Path):
        return {"path": str(value)}
    kind = type(value)
    if _is_record(kind):
        names = (
            [item.name for item in fields(kind) if item.init]
            if is_dataclass(kind)
            else (kind._fields)
        )
        parts = {name: _encode(getattr(value, name), arrays, f"{where}.{name}") for name in names}
        return {"object": [kind.__module__, kind.__qualname__, parts]}
    if isinstance(value, Mapping):
        pairs = [
            [_encode(name, arrays, where), _encode(part, arrays, f"{where}[{name!r}]")]
            for name, part in value.items()
        ]
        return {"table": pairs}
    if type(value) in _SEQUENCES.values():
        name = type(value).__name__
        return {name: [_encode(part, arrays, f"{where}[]") for part in value]}
    raise InputError(
        f"value that is no plain data, {where}",
        value=type(value).__name__,
        allowed="numbers, texts, paths, lists, tables of keys, arrays and data classes",
    )


def _is_record(kind: Any) -> bool:
    """Whether a class is a data class or a named tuple."""
    return is_dataclass(kind) or (issubclass(kind, tuple) and hasattr(kind, "_fields"))


def _plain(value: Any) -> Any:
    """Return a plain value; infinite ones and those that are none have no form in JSON."""
    if isinstance(value, float) and not np.isfinite(value):
        return {"float": repr(float(value))}
    # Of NumPy's own and of enumerations only the value is kept.
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return None


def _encoded_array(value: Any, arrays: dict[str, Any], where: str) -> Any:
    if value.dtype == object:
        texts = value.ravel().tolist()
        if not all(one is None or isinstance(one, str) for one in texts):
            raise InputError(f"array of objects, {where}", allowed="texts")
        return {"texts": [list(value.shape), texts]}
    name = f"a{len(arrays)}"
    arrays[name] = value
    return {"array" if isinstance(value, np.ndarray) else "number": name}


def _decode(node: Any, arrays: Mapping[str, Any]) -> Any:
    if not isinstance(node, dict):
        return node
    ((kind, content),) = node.items()
    if kind == "float":
        return float(content)
    if kind == "path":
        return Path(content)
    if kind == "array":
        return arrays[content]
    if kind == "number":
        return arrays[content][()]
    if kind == "texts":
        found = np.empty(len(content[1]), dtype=object)
        found[:] = content[1]
        return found.reshape(content[0])
    if kind == "table":
        return {_decode(name, arrays): _decode(part, arrays) for name, part in content}
    if kind == "object":
        module, name, parts = content
        return _record_class(module, name)(
            **{field: _decode(part, arrays) for field, part in parts.items()}
        )
    return _SEQUENCES[kind](_decode(part, arrays) for part in content)


def _record_class(module: str, name: str) -> Any:
    """Return such a class by its name; nothing else, and of no module that is not known yet."""
    if module.partition(".")[0] == _OWN:
        found: Any = importlib.import_module(module)
    else:
        found = sys.modules.get(module)
    for part in name.split("."):
        found = vars(found).get(part) if found is not None else None
    own = isinstance(found, type) and _is_record(found) and found.__module__ == module
    if not own:
        raise InputError(
            "class that no file may name",
            value=f"{module}.{name}",
            allowed="data classes of this package",
        )
    return found
