"""The points of all light curves of a star, as one nested column."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.io import read_ids, read_table

POINTS = "lightcurve"

POINT_FIELDS = (
    pa.field("hmjd", pa.list_(pa.float64())),
    pa.field("mag", pa.list_(pa.float64())),
    pa.field("magerr", pa.list_(pa.float64())),
    pa.field("filter", pa.list_(pa.int32())),
    pa.field("_id", pa.list_(pa.int64())),
)
"""Heliocentric modified Julian date [d], magnitude and its error [mag], filter, light curve."""

POINTS_TYPE = pa.struct(list(POINT_FIELDS))


class PointsReader:
    """Reads the points of stars from files of cleaned light curves.

    Parameters
    ----------
    paths : sequence of path
        Units of light curves, see `scope.schema.LIGHTCURVES`. One is held in memory at a time.
    """

    def __init__(self, paths: Sequence[str | Path]) -> None:
        ids = [np.asarray(read_ids(path)) for path in paths]
        unit = np.repeat(np.arange(len(ids)), [len(part) for part in ids])
        row = np.concatenate([np.arange(len(part)) for part in ids] or [np.zeros(0, np.int64)])
        every = np.concatenate(ids or [np.zeros(0, np.int64)])
        order = np.argsort(every, kind="stable")
        self._ids, self._unit, self._row = every[order], unit[order], row[order]
        self._read = lru_cache(maxsize=1)(
            lambda number: read_table(paths[number], ["hmjd", "mag", "magerr"]).combine_chunks()
        )

    def of(self, light_curves: pa.ListArray, filters: pa.ListArray) -> pa.StructArray:
        """Return the points of stars by light curve and time, a struct of lists for each.

        Light curves that no file has, and those without points, add none.

        Parameters
        ----------
        light_curves : (m,) list of int64
        filters : (m,) list of int32
        """
        m = len(light_curves)
        star = np.repeat(np.arange(m), np.diff(light_curves.offsets.to_numpy()))
        ids = light_curves.flatten().to_numpy()
        band = filters.flatten().to_numpy()
        place = np.minimum(np.searchsorted(self._ids, ids), max(len(self._ids) - 1, 0))
        there = np.flatnonzero(self._ids[place] == ids) if len(self._ids) else place[:0]
        parts: dict[str, list[npt.NDArray[np.generic]]] = {
            name: [] for name in ("curve", "hmjd", "mag", "magerr")
        }
        for number in np.unique(self._unit[place[there]]):
            mine = there[self._unit[place[there]] == number]
            table = self._read(int(number)).take(pa.array(self._row[place[mine]]))
            times = table.column("hmjd").combine_chunks()
            lengths = np.diff(times.offsets.to_numpy())
            parts["curve"].append(np.repeat(mine, lengths))
            for name in ("hmjd", "mag", "magerr"):
                column = table.column(name).combine_chunks()
                parts[name].append(column.flatten().to_numpy().astype(np.float64))
        whole = {
            name: np.concatenate(values) if values else np.zeros(0, float)
            for name, values in parts.items()
        }
        curve = whole["curve"].astype(np.int64)
        order = np.lexsort((whole["hmjd"], curve))
        counts = np.bincount(star[curve], minlength=m)
        offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32())
        values = [
            *(whole[name][order] for name in ("hmjd", "mag", "magerr")),
            band[curve][order],
            ids[curve][order],
        ]
        lists = [
            pa.ListArray.from_arrays(offsets, pa.array(part, field.type.value_type))
            for part, field in zip(values, POINT_FIELDS, strict=True)
        ]
        return pa.StructArray.from_arrays(lists, fields=list(POINT_FIELDS))
