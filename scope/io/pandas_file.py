"""Tables that pandas wrote into HDF5 files, read without PyTables.

PyTables and pandas unpickle what a file holds (names, attributes, columns of texts or arrays),
and with that run what whoever wrote it wanted. Here h5py reads, and pickles are read as data
(`scope.io.pickled`). Links to other files are not followed, and a small file cannot ask for much
memory. The layout is that of ``pandas/io/pytables.py``: "fixed" and "table".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scope.errors import InputError, few
from scope.io.pandas_nodes import (
    child_of,
    dataset_of,
    decoded_texts,
    encoding_of,
    is_pickled,
    is_text,
    is_text_type,
    name_of,
    plain_type,
    text_of,
    unknown,
    value_of,
)
from scope.io.pickled import decode_pickle

if TYPE_CHECKING:
    import h5py
    import pandas as pd

    Array = npt.NDArray[Any]

SMALL_BYTES = 256 << 20
MAX_RATIO = 100
"""Bytes that a file may unpack to: `SMALL_BYTES`, or this many times its own size."""


class PandasFile:
    """The pandas tables of an HDF5 file.

    Parameters
    ----------
    file : h5py.File
    file_bytes : int
        Size of the file.
    small_bytes : int
        What it may unpack to in any case.
    """

    def __init__(self, file: h5py.File, file_bytes: int, *, small_bytes: int = SMALL_BYTES) -> None:
        self._file = file
        self._most = self._left = max(small_bytes, MAX_RATIO * file_bytes)

    def group(self, key: str) -> h5py.Group | None:
        """Return the group of a table; None if there is no table of that name."""
        import h5py

        node: Any = self._file
        for part in key.strip("/").split("/"):
            node = child_of(node, part) if isinstance(node, h5py.Group) else None
        return node if isinstance(node, h5py.Group) and "pandas_type" in node.attrs else None

    def only_array(self) -> Array:
        """Return the only dataset of a file that pandas did not write.

        Raises
        ------
        InputError
            If there is none or another one, or it unpacks to too much, or holds no plain values.
        """
        names = list(self._file)
        if len(names) != 1:
            raise InputError(
                "HDF5 file without one data set", value=few(names) or "none", allowed="one"
            )
        return self._array(dataset_of(self._file, names[0]))

    def read(self, group: h5py.Group) -> pd.DataFrame | pd.Series:
        """Return a table.

        Raises
        ------
        InputError
            If it holds a pickled program, unpacks to too much, or is of a form that is not read.
        """
        kind = text_of(group, "pandas_type")
        if kind == "frame":
            return self._fixed_frame(group)
        if kind == "series":
            return self._fixed_series(group)
        form = text_of(group, "table_type")
        if (kind, form) == ("frame_table", "appendable_frame"):
            return self._appendable(group)
        if (kind, form) == ("series_table", "appendable_series"):
            column = self._appendable(group).iloc[:, 0]
            # What pandas calls a series without a name.
            return column.rename(None) if column.name == "values" else column
        raise unknown(f"{kind} {form}")

    def _fixed_frame(self, group: h5py.Group) -> pd.DataFrame:
        import pandas as pd

        items = self._index(group, "axis0")
        rows = self._index(group, "axis1")
        parts = []
        for number in range(int(group.attrs["nblocks"])):
            names = items[items.get_indexer(self._index(group, f"block{number}_items"))]
            values = self._values(group, f"block{number}_values")
            block = values.T if isinstance(values, np.ndarray) else values
            part = pd.DataFrame(block, columns=names, index=rows)
            if isinstance(values, np.ndarray) and is_text(values):
                part = part.astype("str")
            parts.append(part)
        if not parts:
            return pd.DataFrame(columns=items, index=rows)
        return pd.concat(parts, axis=1).reindex(columns=items)

    def _fixed_series(self, group: h5py.Group) -> pd.Series:
        import pandas as pd

        values: Any = self._values(group, "values")
        return pd.Series(values, index=self._index(group, "index"), name=name_of(group))

    def _values(self, group: h5py.Group, key: str) -> Any:
        """Return an array of a fixed table, column by column, or a pandas array of texts."""
        import pandas as pd

        node = dataset_of(group, key)
        kind = text_of(node, "value_type")
        if is_pickled(node):
            values: Any = decode_pickle(self._row(node))
            if kind is not None and is_text_type(kind):
                return pd.array(values, dtype=kind)
        else:
            values = self._array(node)
            shape = value_of(node, "shape", None)
            if shape is not None:
                # pandas stores one element in place of none.
                if math.prod(shape):
                    raise unknown(f"shape {shape}")
                values = np.empty(shape, dtype=plain_type(kind))
            elif kind is not None and kind[:8] in ("datetime", "timedelt"):
                values = self._times(values, kind, value_of(node, "tz", None))
        if not isinstance(values, np.ndarray | pd.DatetimeIndex):
            raise unknown(type(values).__name__)
        return values.T if node.attrs.get("transposed", 0) else values

    def _times(self, values: Array, kind: str, zone: Any) -> Any:
        import pandas as pd

        times = values.astype(np.int64).view(plain_type(kind))
        if zone is None:
            return times
        if not isinstance(zone, str):
            raise unknown("time zone")
        return pd.DatetimeIndex(times.ravel()).tz_localize("UTC").tz_convert(zone)

    def _index(self, group: h5py.Group, key: str) -> pd.Index:
        """Return row labels or column names."""
        variety = text_of(group, f"{key}_variety")
        if variety == "multi":
            return self._levels(group, key)
        if variety != "regular":
            raise unknown(f"index of variety {variety}")
        return self._one_level(group, key)

    def _levels(self, group: h5py.Group, key: str) -> pd.MultiIndex:
        import pandas as pd

        numbers = range(int(group.attrs[f"{key}_nlevels"]))
        levels: list[Any] = [self._one_level(group, f"{key}_level{number}") for number in numbers]
        codes = [self._values(group, f"{key}_label{number}") for number in numbers]
        return pd.MultiIndex(levels=levels, codes=codes, names=[level.name for level in levels])

    def _one_level(self, group: h5py.Group, key: str) -> pd.Index:
        import pandas as pd

        node = dataset_of(group, key)
        kind = text_of(node, "kind") or ""
        if kind == "object":
            labels = decode_pickle(self._row(node))
            return pd.Index(np.asarray(labels, dtype=object), dtype=object, name=name_of(node))
        values = self._array(node)
        shape = value_of(node, "shape", None)
        if shape is not None:
            values = np.empty(shape, dtype=plain_type(text_of(node, "value_type")))
        return self._labels(values, kind, encoding_of(group), node)

    def _labels(self, values: Array, kind: str, encoding: str, node: h5py.Dataset) -> pd.Index:
        import pandas as pd

        name = name_of(node)
        if kind == "string":
            missing = text_of(node, "nan_rep") if "nan_rep" in node.attrs else "nan"
            return pd.Index(decoded_texts(values, encoding, missing), dtype="str", name=name)
        if kind.startswith(("datetime64", "timedelta64")):
            times = self._times(values, kind, value_of(node, "tz", None))
            return pd.Index(times, name=name)
        if kind == "date":
            days: list[Any] = [date.fromordinal(int(day)) for day in values]
            return pd.Index(days, dtype=object, name=name)
        if kind not in ("integer", "float", "bool"):
            raise unknown(f"index of kind {kind}")
        return pd.Index(values, name=name)

    def _appendable(self, group: h5py.Group) -> pd.DataFrame:
        """Return a table of rows, which pandas can add to."""
        import pandas as pd

        node = dataset_of(group, "table")
        rows = self._array(node)
        [(_, index_name)] = value_of(group, "index_cols")
        [(axis, names)] = value_of(group, "non_index_axes")
        about = value_of(group, "info")
        if axis != 1 or about.get(1, {}).get("type") == "MultiIndex":
            raise unknown("columns in levels")
        index = self._row_labels(group, node, rows[index_name], index_name, about)
        parts = [
            self._table_block(group, node, rows[name], name, index, about)
            for name in value_of(group, "values_cols")
        ]
        columns = pd.Index(names, name=(about.get(1, {}).get("names") or [None])[0])
        frame = pd.concat(parts, axis=1) if parts else pd.DataFrame(index=index)
        return frame.reindex(columns=columns)

    def _row_labels(
        self,
        group: h5py.Group,
        node: h5py.Dataset,
        values: Array,
        name: str,
        about: Mapping[Any, Any],
    ) -> pd.Index:
        kind = text_of(node, f"{name}_kind") or ""
        if text_of(node, f"{name}_meta") == "category":
            raise unknown("index of categories")
        settings = about.get(name, {})
        if kind == "string":
            key = f"{name}_nan_rep"
            missing = text_of(node, key) if key in node.attrs else "nan"
            values, kind = decoded_texts(values, encoding_of(group), missing), "text"
        import pandas as pd

        label = settings.get("index_name")
        if kind == "text":
            return pd.Index(values, dtype="str", name=label)
        if kind.startswith(("datetime64", "timedelta64")):
            return pd.Index(self._times(values, kind, settings.get("tz")), name=label)
        if kind not in ("integer", "float", "bool"):
            raise unknown(f"index of kind {kind}")
        return pd.Index(values, name=label)

    def _table_block(
        self,
        group: h5py.Group,
        node: h5py.Dataset,
        values: Array,
        name: str,
        index: pd.Index,
        about: Mapping[Any, Any],
    ) -> pd.DataFrame:
        """Return columns of one type."""
        import pandas as pd

        names = value_of(node, f"{name}_kind")
        kind = text_of(node, f"{name}_dtype") or ""
        meta = text_of(node, f"{name}_meta")
        if meta == "category":
            content: Any = self._categories(group, values.ravel(), name, about)
            return pd.DataFrame({names[0]: content}, index=index)
        if kind.startswith(("string", "bytes")):
            content = decoded_texts(
                values, encoding_of(group), self._missing_text(group, node, name)
            )
        elif kind.startswith(("datetime64", "timedelta64")):
            content = self._times(values, kind, about.get(name, {}).get("tz"))
        elif kind == "date":
            raise unknown("column of dates")
        else:
            content = values.astype(plain_type(kind), copy=False)
        if isinstance(content, np.ndarray) and content.ndim == 1:
            content = content[:, np.newaxis]
        frame = pd.DataFrame(content, columns=pd.Index(names), index=index)
        texts = kind.startswith(("string", "bytes")) and is_text(np.asarray(content))
        return frame.astype("str") if texts or meta in ("str", "string") else frame

    @staticmethod
    def _missing_text(group: h5py.Group, node: h5py.Dataset, name: str) -> str | None:
        """Return the text that stands for a missing one; None if none does."""
        if group.attrs.get("data_col_nan_rep", 0):
            return text_of(node, f"{name}_nan_rep")
        return text_of(group, "nan_rep") or "nan"

    def _categories(
        self, group: h5py.Group, codes: Array, name: str, about: Mapping[Any, Any]
    ) -> pd.Categorical:
        import pandas as pd

        place: Any = group
        for part in ("meta", name, "meta"):
            place = child_of(place, part)
        if place is None:
            raise unknown("categories without names")
        names = pd.Index(self._appendable(place).iloc[:, 0]).rename(None)
        ordered = bool(about.get(name, {}).get("ordered"))
        return pd.Categorical.from_codes(codes, categories=names, ordered=ordered)

    def _array(self, node: h5py.Dataset) -> Array:
        """Return all of a dataset; booleans are stored as bit fields."""
        import h5py

        self._spend(node.size * node.dtype.itemsize if node.dtype.kind != "O" else None)
        values: Array = node[()]
        if not isinstance(values, np.ndarray):
            raise unknown("a single value")
        stored = node.id.get_type()
        return values.astype(bool) if stored.get_class() == h5py.h5t.BITFIELD else values

    def _row(self, node: h5py.Dataset) -> bytes:
        """Return the one pickle of a dataset."""
        # A variable length is known after reading alone; it cannot exceed the file.
        if node.shape != (1,) or not is_pickled(node):
            raise unknown("objects in another form")
        content = np.asarray(node[0])
        self._spend(content.nbytes)
        return content.tobytes()

    def _spend(self, n_bytes: int | None) -> None:
        if n_bytes is None:
            raise unknown("values of no fixed size")
        self._left -= n_bytes
        if self._left < 0:
            raise InputError(
                "HDF5 file that unpacks to far more than it holds",
                value=f"over {self._most} bytes",
                todo="write it without compression if that is meant, or as Parquet",
            )
