"""Attributes and arrays of an HDF5 file that pandas wrote, each looked at before it is used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scope.errors import InputError
from scope.io.pickled import decode_pickle

if TYPE_CHECKING:
    import h5py

    Array = npt.NDArray[Any]

_ABSENT = object()


def text_of(node: Any, name: str) -> str | None:
    """Return an attribute as a text; None where there is none."""
    raw = node.attrs.get(name)
    if isinstance(raw, str):
        return raw
    if not isinstance(raw, bytes):
        return None
    return None if raw == b"N." else raw.decode("utf-8", "replace")


def value_of(node: Any, name: str, default: Any = _ABSENT) -> Any:
    """Return an attribute that PyTables may have pickled, or a plain one."""
    raw = node.attrs.get(name, default)
    if raw is _ABSENT:
        raise unknown(f"table without {name}")
    if not isinstance(raw, bytes):
        return raw
    return decode_pickle(raw) if raw.endswith(b".") else raw.decode("utf-8")


def metadata_of(group: h5py.Group, name: str) -> Any:
    """Return an attribute of a table as data, None where there is none."""
    return value_of(group, name, None)


def name_of(node: Any) -> Any:
    """Return the name of an index or a column."""
    raw = node.attrs.get("name")
    if isinstance(raw, bytes):
        try:
            raw = decode_pickle(raw) if raw.endswith(b".") else raw.decode("utf-8")
        except InputError:
            raw = raw.decode("utf-8", "replace")
    return raw if isinstance(raw, str | int | float) else None


def encoding_of(group: h5py.Group) -> str:
    found = text_of(group, "encoding") or "UTF-8"
    if found.lower() not in ("utf-8", "utf8", "latin1", "latin-1", "iso-8859-1", "ascii"):
        raise unknown(f"texts in {found}")
    return found


def child_of(group: Any, name: str) -> Any:
    """Return what lies in a group; nothing in another file, or by way of a link."""
    import h5py

    if group is None or group.get(name, getlink=True) is None:
        return None
    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise unknown(f"link {name}")
    return group[name]


def dataset_of(group: h5py.Group, name: str) -> h5py.Dataset:
    import h5py

    node = child_of(group, name)
    if not isinstance(node, h5py.Dataset):
        raise unknown(f"table without {name}")
    if node.is_virtual or node.external:
        raise unknown(f"{name} in another file")
    pipeline = node.id.get_create_plist()
    for number in range(pipeline.get_nfilters()):
        code, _, _, title = pipeline.get_filter(number)
        if not h5py.h5z.filter_avail(code):
            raise InputError(
                "HDF5 table in a compression that is not read",
                value=title.decode("ascii", "replace") or f"filter {code}",
                allowed="none, or zlib",
                todo="write it with complib='zlib', or as Parquet",
            )
    return node


def is_pickled(node: h5py.Dataset) -> bool:
    import h5py

    inner = h5py.check_vlen_dtype(node.dtype)
    return isinstance(inner, np.dtype) and inner == np.uint8


def is_text(values: Array) -> bool:
    import pandas as pd

    return values.dtype == object and pd.api.types.infer_dtype(values.ravel()) == "string"


def is_text_type(kind: str) -> bool:
    return kind in ("str", "string", "string[python]", "string[pyarrow]")


def plain_type(kind: str | None) -> np.dtype[Any]:
    kind = {"datetime64": "datetime64[ns]", "timedelta64": "timedelta64[ns]"}.get(kind or "", kind)
    if kind is not None and is_text_type(kind):
        kind = "object"
    try:
        found = np.dtype(kind)
    except (TypeError, ValueError):
        found = np.dtype("V1")
    if kind is None or found.kind not in "biufcMmOS" or found.names is not None:
        raise unknown(f"values of type {kind}")
    return found


def decoded_texts(values: Array, encoding: str, missing: str | None) -> Array:
    """Return texts of fixed width; the text `missing` stands for none."""
    if values.dtype.kind != "S":
        raise unknown(f"texts of type {values.dtype}")
    texts = np.empty(values.size, dtype=object)
    for row, raw in enumerate(values.ravel().tolist()):
        text = raw.decode(encoding, "surrogatepass" if encoding.lower() == "utf-8" else "strict")
        texts[row] = np.nan if missing and text == missing else text
    return texts.reshape(values.shape)


def unknown(what: str) -> InputError:
    return InputError(
        "HDF5 table of a form that is not read",
        value=what,
        allowed="a DataFrame of numbers, texts and arrays, as pandas writes it",
        todo="write it as Parquet",
    )


def tables_and_arrays(file: h5py.File) -> tuple[Sequence[str], Sequence[str]]:
    """Return the names of the pandas tables of a file, and a line on each of its arrays."""
    import h5py

    tables, arrays = [], []

    def look(name: str, node: Any) -> None:
        if isinstance(node, h5py.Group) and "pandas_type" in node.attrs:
            tables.append(f"/{name}")
        elif isinstance(node, h5py.Dataset):
            shape = tuple(int(n) for n in node.shape or ())
            arrays.append(f"{name} {shape} {node.dtype}")

    file.visititems(look)
    return tables, arrays
