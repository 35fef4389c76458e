"""Rows chosen the same way whatever the size and the order of the batches they come in."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]


def id_hash(ids: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """Return a well-mixed, invertible hash of ids; (n,) uint64.

    The finaliser of SplitMix64 (Steele, Lea & Flood 2014, OOPSLA, fig. 15): rows with
    the smallest hashes are a random-looking sample that is the same everywhere.

    `ids`: (n,) int64.
    """
    z = ids.astype(np.int64).view(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


class Smallest:
    """The rows with the smallest keys of all that were added, ties by id.

    Parameters
    ----------
    size : int
        How many rows are kept.

    Attributes
    ----------
    ids : (n,) int64
        Ids of the rows kept, by rising key; n <= `size`.
    columns : dict of (n,) arrays
        Their other values.
    seen : int
        How many rows were added.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.seen = 0
        self.ids: npt.NDArray[np.int64] = np.empty(0, np.int64)
        self.columns: dict[str, Array] = {}
        self._keys: Array = np.empty(0)

    def add(self, keys: Array, ids: npt.NDArray[np.int64], **columns: Array) -> None:
        """Add rows.

        `keys` (of any one sortable type), `ids` and the other values: (m,) each.
        """
        self.seen += len(ids)
        if len(self.ids) == self.size and self.size:
            chosen = keys <= self._keys[-1]
            keys, ids = keys[chosen], ids[chosen]
            columns = {name: values[chosen] for name, values in columns.items()}
        if self.columns:
            keys = np.concatenate([self._keys, keys])
            ids = np.concatenate([self.ids, ids])
            columns = {
                name: np.concatenate([self.columns[name], columns[name]]) for name in columns
            }
        order = np.lexsort((ids, keys))[: self.size]
        self._keys, self.ids = keys[order], ids[order]
        self.columns = {name: values[order] for name, values in columns.items()}

    def floats(self, name: str) -> npt.NDArray[np.float64]:
        """Return a column as float64, (n,); empty where no row was added."""
        return np.asarray(self.columns.get(name, np.empty(0)), dtype=np.float64)


class Sample(Smallest):
    """Sample of at most `size` rows, chosen by the hash of their ids."""

    def add_rows(self, ids: npt.NDArray[np.int64], **columns: Array) -> None:
        """Add rows.

        `ids` and the other values: (m,) each.
        """
        self.add(id_hash(ids), ids, **columns)
