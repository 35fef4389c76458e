"""Features that Kowalski holds for light curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.column_types import arrow_type
from scope.features.edges import SIZE
from scope.features.registry import REGISTRY
from scope.identifiers import resolve
from scope.schema import KEY_COLUMNS, N_EPOCHS, REASON, Column, require_columns
from scope.services.kowalski import Kowalski
from scope.services.kowalski_queries import find_query
from scope.surveys.kowalski import MAX_PER_QUERY
from scope.surveys.kowalski_documents import position_of, requested

NO_FEATURES = "no_features"

_OPTIONAL = ("position",)
"""Groups whose features have no column unless the collection has them."""

_NEVER = ("coordinates",)


class KowalskiFeatures:
    """The features of a collection, by id.

    Parameters
    ----------
    client : Kowalski
    collection : str
    ids_per_query : int
    columns : sequence of str, optional
        Names of features to take; all by default.
    """

    def __init__(
        self,
        client: Kowalski,
        collection: str,
        *,
        ids_per_query: int = 1000,
        columns: Sequence[str] | None = None,
    ) -> None:
        self.collection = collection
        self._client = client
        self._size = min(ids_per_query, MAX_PER_QUERY)
        self._columns = columns

    def facts(self) -> dict[str, Any]:
        """Return what products record of the collection."""
        return {
            "features_collection": self.collection,
            "features_ztf_dataRelease": self.collection.rpartition("_")[2],
        }

    def read(self, ids: npt.NDArray[np.int64]) -> tuple[pa.Table, dict[str, Any]]:
        """Return a row for each id, in their order, and the record of the rows.

        Columns are the keys, ``n_epochs``, ``reason``, the features by the order of the
        registry, null where the collection has none, and then what else it has. Rows that
        it lacks have the reason ``no_features``.

        Parameters
        ----------
        ids : (n,) int64

        Raises
        ------
        ServiceError
            If Kowalski cannot be asked.
        """
        projection = dict.fromkeys(self._columns or (), 1)
        chunks = [ids[start : start + self._size] for start in range(0, len(ids), self._size)]
        queries = [
            find_query(self.collection, {"_id": {"$in": chunk.tolist()}}, projection)
            for chunk in chunks
        ]
        documents: list[Mapping[str, Any]] = []
        for chunk, answer in zip(chunks, self._client.map(queries), strict=True):
            found, missing = requested(answer, chunk)
            if len(missing):
                again = find_query(self.collection, {"_id": {"$in": missing.tolist()}}, projection)
                found, _ = requested([*found, *self._client.query(again)], chunk)
            documents += found
        return features_table(ids, documents, self._columns), {}


def features_table(
    ids: npt.NDArray[np.int64],
    documents: Sequence[Mapping[str, Any]],
    columns: Sequence[str] | None = None,
) -> pa.Table:
    """Return documents of a collection of features as a table, a row for each id.

    See `KowalskiFeatures.read`. A histogram, 26 lists of 26 numbers, becomes one list.
    """
    by_id = {document["_id"]: document for document in documents}
    rows = [by_id.get(number, {}) for number in ids.tolist()]
    keys = _keys(ids, rows)
    arrays: dict[str, pa.Array] = {}
    for column in _columns_of(rows, columns):
        if column.name in keys:
            arrays[column.name] = keys[column.name].cast(arrow_type(column.dtype))
        else:
            arrays[column.name] = _array([row.get(column.name) for row in rows], column)
    missing = np.array([not row for row in rows], dtype=bool)
    reason = pa.array([NO_FEATURES if gone else None for gone in missing], pa.string())
    arrays["reason"] = reason
    return pa.table(arrays)


def _keys(ids: npt.NDArray[np.int64], rows: Sequence[Mapping[str, Any]]) -> dict[str, pa.Array]:
    """Return what identifies the rows; where it is not said, the ids tell it."""
    said = {
        name: pa.array([row.get(name) for row in rows], pa.int32())
        for name in ("field", "ccd", "quad", "filter")
    }
    places = [position_of(row) for row in rows]
    ra = [row.get("ra", place[0]) for row, place in zip(rows, places, strict=True)]
    dec = [row.get("dec", place[1]) for row, place in zip(rows, places, strict=True)]
    keys = dict(zip(said, resolve(ids, said), strict=True))
    keys["_id"] = pa.array(ids)
    keys["ra"] = pa.array(ra, pa.float64(), from_pandas=True)
    keys["dec"] = pa.array(dec, pa.float64(), from_pandas=True)
    keys["obj_id"] = pa.nulls(len(rows), pa.string())
    epochs = [row.get("n") for row in rows]
    keys["n_epochs"] = pa.array([None if n is None else int(n) for n in epochs], pa.int32())
    return keys


def _columns_of(rows: Sequence[Mapping[str, Any]], chosen: Sequence[str] | None) -> list[Column]:
    there = {name for row in rows for name in row}
    if chosen is not None:
        names = [name for name in dict.fromkeys(chosen) if name not in ("_id", "reason")]
        if there:
            known = [*there, *REGISTRY, *(column.name for column in (*KEY_COLUMNS, N_EPOCHS))]
            require_columns(known, names, " of the collection of features")
        return [KEY_COLUMNS[0], *(_column(name, rows) for name in names), REASON]
    columns = {column.name: column for column in (*KEY_COLUMNS, N_EPOCHS, REASON)}
    for name, feature in REGISTRY.items():
        if name in there or feature.group not in _OPTIONAL:
            columns.setdefault(name, _column(name, rows))
    for name in sorted(there - set(columns) - set(_NEVER)):
        columns[name] = _column(name, rows)
    return list(columns.values())


def _column(name: str, rows: Sequence[Mapping[str, Any]]) -> Column:
    known = {column.name: column for column in (*KEY_COLUMNS, N_EPOCHS)}
    if name in known:
        return known[name]
    if name in REGISTRY:
        feature = REGISTRY[name]
        about = feature.description, feature.kind, feature.ucd
        return Column(name, feature.dtype, feature.unit, True, *about)
    value = next((row[name] for row in rows if row.get(name) is not None), None)
    if isinstance(value, str):
        dtype = "string"
    elif isinstance(value, list):
        dtype = "list<float64>"
    else:
        dtype = "int64" if name.endswith("_id") and isinstance(value, int) else "float64"
    return Column(name, dtype)


def _array(values: list[Any], column: Column) -> pa.Array:
    """Return a column; NaN and null are both null, as in all products."""
    kind = arrow_type(column.dtype)
    if column.name == "dmdt":
        return _histograms(values, kind)
    if pa.types.is_integer(kind):
        whole = [None if v is None or v != v else int(v) for v in values]
        return pa.array(whole, kind)
    return pa.array(values, kind, from_pandas=True)


def _histograms(values: list[Any], kind: pa.DataType) -> pa.Array:
    flat = np.zeros((len(values), SIZE), dtype=np.float32)
    missing = np.ones(len(values), dtype=bool)
    for row, value in enumerate(values):
        if value is not None:
            flat[row] = np.asarray(value, dtype=np.float32).ravel()
            missing[row] = False
    return pa.FixedSizeListArray.from_arrays(
        pa.array(flat.ravel()), type=kind, mask=pa.array(missing)
    )
