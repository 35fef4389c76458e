"""Many light curves in a few flat arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.errors import InputError, MissingColumnError

HJD_OF_HMJD_ZERO = 2400000.5
"""HJD of HMJD 0, in days."""


@dataclass(frozen=True)
class LightCurves:
    """Light curves as flat arrays with offsets (compressed sparse rows).

    Attributes
    ----------
    ids : (n,) int64
        Source ids, one per light curve.
    offsets : (n + 1,) int64
        Curve ``i`` has the points ``offsets[i]:offsets[i + 1]``.
    time : (points,) float64
        Heliocentric time in days, less ``time_zero_hjd``. Float64 also where the
        file held float32.
    mag, magerr : (points,) float32 or float64
        Magnitudes and their standard errors. NaN means no measurement.
    catflags : (points,) integer or None
        Photometric quality flags; 0 is good. None where they were not kept.
    time_zero_hjd : float
        HJD of ``time`` 0: 2400000.5 for HMJD, 0 for HJD.

    Raises
    ------
    InputError
        If lengths do not agree or offsets decrease.
    """

    ids: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]
    time: npt.NDArray[np.float64]
    mag: npt.NDArray[np.floating]
    magerr: npt.NDArray[np.floating]
    catflags: npt.NDArray[np.integer] | None = None
    time_zero_hjd: float = HJD_OF_HMJD_ZERO

    def __post_init__(self) -> None:
        n_points = len(self.time)
        lengths = {len(self.mag), len(self.magerr), n_points}
        if self.catflags is not None:
            lengths.add(len(self.catflags))
        if len(lengths) != 1:
            raise InputError(
                "light curves with columns of unequal length",
                value=sorted(lengths),
                allowed="as many times as magnitudes, errors and flags",
                todo="check the file that they came from",
            )
        if len(self.offsets) != len(self.ids) + 1:
            raise InputError(
                "offsets that do not belong to the ids",
                value=f"{len(self.offsets)} offsets, {len(self.ids)} ids",
                allowed="one offset more than ids",
            )
        offsets = self.offsets
        if offsets[0] != 0 or offsets[-1] != n_points or np.any(np.diff(offsets) < 0):
            raise InputError(
                "offsets that do not cover the points",
                value=f"first {offsets[0]}, last {offsets[-1]}, {n_points} points",
                allowed="rising from 0 to the number of points",
            )

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def n_epochs(self) -> npt.NDArray[np.int64]:
        """Number of points of each curve, (n,) int64."""
        return np.diff(self.offsets)

    def __getitem__(self, index: slice) -> LightCurves:
        """Return a contiguous range of curves, sharing memory with this one."""
        start, stop, step = index.indices(len(self))
        if step != 1:
            raise InputError("slice of light curves", value=index, allowed="a step of 1")
        stop = max(start, stop)
        low, high = self.offsets[start], self.offsets[stop]
        return LightCurves(
            ids=self.ids[start:stop],
            offsets=self.offsets[start : stop + 1] - low,
            time=self.time[low:high],
            mag=self.mag[low:high],
            magerr=self.magerr[low:high],
            catflags=None if self.catflags is None else self.catflags[low:high],
            time_zero_hjd=self.time_zero_hjd,
        )

    def take(self, indices: npt.ArrayLike) -> LightCurves:
        """Return the curves at `indices`, in that order, copied."""
        indices = np.asarray(indices, dtype=np.int64)
        lengths = self.n_epochs[indices]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        points = np.repeat(self.offsets[indices] - offsets[:-1], lengths) + np.arange(offsets[-1])
        return LightCurves(
            ids=self.ids[indices],
            offsets=offsets,
            time=self.time[points],
            mag=self.mag[points],
            magerr=self.magerr[points],
            catflags=None if self.catflags is None else self.catflags[points],
            time_zero_hjd=self.time_zero_hjd,
        )

    def batches(self, size: int) -> Iterator[LightCurves]:
        """Yield contiguous batches of at most `size` curves."""
        for start in range(0, len(self), size):
            yield self[start : start + size]

    @classmethod
    def concatenate(cls, parts: Sequence[LightCurves]) -> LightCurves:
        """Join light curves of one time zero, in order.

        Raises
        ------
        InputError
            If there is nothing to join or the time zeros differ.
        """
        if not parts:
            raise InputError("concatenation of no light curves", allowed="at least one part")
        zeros = {part.time_zero_hjd for part in parts}
        if len(zeros) != 1:
            raise InputError("concatenation over time zeros", value=sorted(zeros), allowed="one")
        lengths = np.concatenate([part.n_epochs for part in parts])
        flags = [part.catflags for part in parts if part.catflags is not None]
        return cls(
            ids=np.concatenate([part.ids for part in parts]),
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            time=np.concatenate([part.time for part in parts]),
            mag=np.concatenate([part.mag for part in parts]),
            magerr=np.concatenate([part.magerr for part in parts]),
            catflags=np.concatenate(flags) if len(flags) == len(parts) else None,
            time_zero_hjd=parts[0].time_zero_hjd,
        )

    @classmethod
    def from_arrow(
        cls,
        table: pa.Table | pa.RecordBatch,
        *,
        id_column: str = "_id",
        time_column: str = "hmjd",
    ) -> LightCurves:
        """Wrap the list columns of an Arrow table, without a copy where types allow it.

        Parameters
        ----------
        table : pyarrow.Table or pyarrow.RecordBatch
            Columns `id_column` (integer), `time_column`, ``mag``, ``magerr`` and,
            where present, ``catflags`` (lists of equal length per row). Null lists
            are empty curves, null values are NaN.
        time_column : str
            ``hmjd`` or ``hjd``; it sets ``time_zero_hjd``.

        Raises
        ------
        MissingColumnError
            If a column is missing.
        InputError
            If the lists of one row differ in length.
        """
        names = table.schema.names
        needed = [id_column, time_column, "mag", "magerr"]
        missing = [name for name in needed if name not in names]
        if missing:
            raise MissingColumnError(
                "light-curve table without columns",
                value=", ".join(missing),
                allowed=needed,
                todo=f"the table has: {', '.join(names)}",
            )
        time, offsets = _flatten(table.column(time_column))
        parts = {"mag": _flatten(table.column("mag")), "magerr": _flatten(table.column("magerr"))}
        if "catflags" in names:
            parts["catflags"] = _flatten(table.column("catflags"))
        ids = (
            np.asarray(table.column(id_column).to_numpy(zero_copy_only=False), dtype=np.int64)
            if isinstance(table, pa.RecordBatch)
            else np.asarray(table.column(id_column).to_numpy(), dtype=np.int64)
        )
        for name, (_, other) in parts.items():
            if not np.array_equal(other, offsets):
                row = int(np.argmax(np.diff(other) != np.diff(offsets)))
                raise InputError(
                    f"light curve whose {name} and {time_column} differ in length",
                    value=f"{id_column} {ids[row]}: {np.diff(other)[row]} and "
                    f"{np.diff(offsets)[row]}",
                    allowed="lists of one length per row",
                )
        flags = parts["catflags"][0] if "catflags" in parts else None
        return cls(
            ids=ids,
            offsets=offsets,
            time=np.asarray(time, dtype=np.float64),
            mag=_as_float(parts["mag"][0]),
            magerr=_as_float(parts["magerr"][0]),
            catflags=flags,
            time_zero_hjd=0.0 if time_column == "hjd" else HJD_OF_HMJD_ZERO,
        )

    def to_arrow(self, *, id_column: str = "_id") -> pa.Table:
        """Return list columns over this object's memory, without a copy.

        The time column is ``hmjd`` or ``hjd``, after ``time_zero_hjd``. Offsets are
        64-bit (large lists) only where 32 bits do not suffice.
        """
        time_column = "hjd" if self.time_zero_hjd == 0.0 else "hmjd"
        columns = {id_column: pa.array(self.ids)}
        large = self.offsets[-1] > np.iinfo(np.int32).max
        maker = pa.LargeListArray if large else pa.ListArray
        offsets = pa.array(self.offsets.astype(np.int64 if large else np.int32))
        values: dict[str, npt.NDArray[Any]] = {
            time_column: self.time,
            "mag": self.mag,
            "magerr": self.magerr,
        }
        if self.catflags is not None:
            values["catflags"] = self.catflags
        for name, value in values.items():
            columns[name] = maker.from_arrays(offsets, pa.array(value))
        return pa.table(columns)


def _flatten(
    column: pa.ChunkedArray | pa.Array,
) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """Return the values and offsets of a list column; nulls are empty lists or NaN."""
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks)
    if not (pa.types.is_list(column.type) or pa.types.is_large_list(column.type)):
        raise InputError(
            "light-curve column that holds no lists",
            value=str(column.type),
            allowed="a list of numbers per row",
        )
    if not (
        pa.types.is_integer(column.type.value_type) or pa.types.is_floating(column.type.value_type)
    ):
        raise InputError(
            "light-curve column whose lists hold no numbers",
            value=str(column.type),
            allowed="lists of integers or floats",
            todo="convert the column",
        )
    if column.null_count:
        lengths = np.nan_to_num(column.value_lengths().to_numpy(zero_copy_only=False))
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    else:
        offsets = column.offsets.to_numpy().astype(np.int64)
        offsets = offsets - offsets[0]
    values = column.flatten().to_numpy(zero_copy_only=False)
    return values, offsets


def _as_float(values: npt.NDArray[np.generic]) -> npt.NDArray[np.floating]:
    """Keep float32 and float64, widen anything else to float64."""
    if values.dtype in (np.float32, np.float64):
        return values  # type: ignore[return-value]
    return values.astype(np.float64)
