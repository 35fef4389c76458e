"""Many light curves in a few flat arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scope.errors import InputError, MissingColumnError

HJD_OF_HMJD_ZERO = 2400000.5
"""HJD of HMJD 0, in days."""

UNEQUAL_LISTS = "unequal_lists"


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
    faults : (n,) object or None
        Why a light curve could not be read, a key of `scope.schema.REASONS`; None where
        it could. Such a light curve has no points. None for all where none has a fault.

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
    faults: npt.NDArray[np.object_] | None = None

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
            faults=None if self.faults is None else self.faults[start:stop],
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
            faults=None if self.faults is None else self.faults[indices],
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
            faults=_joined_faults(parts),
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
            where present, ``catflags``: lists, large lists or lists of a fixed size, of
            floats, integers or decimals. Null lists are empty, null values are NaN. A
            row whose lists differ in length has no points, and the fault
            ``unequal_lists``.
        time_column : str
            ``hmjd`` or ``hjd``; it sets ``time_zero_hjd``.

        Raises
        ------
        MissingColumnError
            If a column is missing.
        InputError
            If a column holds no lists of numbers.
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
        columns = [time_column, "mag", "magerr", *(["catflags"] if "catflags" in names else [])]
        parts = {name: _flatten(table.column(name)) for name in columns}
        faults = _unequal(parts)
        if faults is not None:
            # The others of the table stand.
            is_fault = np.array([fault is not None for fault in faults])
            parts = {name: _without(part, is_fault) for name, part in parts.items()}
        lengths = parts[time_column].lengths
        ids = table.column(id_column).to_numpy(zero_copy_only=False)
        return cls(
            ids=np.asarray(ids, dtype=np.int64),
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            time=np.asarray(parts[time_column].values, dtype=np.float64),
            mag=_as_float(parts["mag"].values),
            magerr=_as_float(parts["magerr"].values),
            catflags=parts["catflags"].values if "catflags" in parts else None,
            time_zero_hjd=0.0 if time_column == "hjd" else HJD_OF_HMJD_ZERO,
            faults=faults,
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


class _Lists(NamedTuple):
    """A column of lists: all values one after another, and how many each row has."""

    values: npt.NDArray[Any]
    lengths: npt.NDArray[np.int64]


def value_type_of(dtype: pa.DataType) -> pa.DataType | None:
    """Return the type of the values of a list type of any kind; None for other types."""
    kinds = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return dtype.value_type if any(kind(dtype) for kind in kinds) else None


def _flatten(column: pa.ChunkedArray | pa.Array) -> _Lists:
    """Return the lists of a column; nulls are empty lists or NaN."""
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks)
    if pa.types.is_null(column.type):
        return _Lists(np.zeros(0), np.zeros(len(column), dtype=np.int64))
    kind = value_type_of(column.type)
    if kind is None:
        raise InputError(
            "light-curve column that holds no lists",
            value=str(column.type),
            allowed="a list of numbers per row",
        )
    if pa.types.is_decimal(kind) or pa.types.is_null(kind):
        values = column.flatten().cast(pa.float64())
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind):
        values = column.flatten()
    else:
        raise InputError(
            "light-curve column whose lists hold no numbers",
            value=str(column.type),
            allowed="lists of integers, floats or decimals",
            todo="convert the column",
        )
    # Of a slice, a null, and a list of a fixed size alike, this is what `flatten` gives.
    lengths = pc.fill_null(pc.list_value_length(column), 0)
    return _Lists(
        values.to_numpy(zero_copy_only=False),
        np.asarray(lengths.to_numpy(zero_copy_only=False), dtype=np.int64),
    )


def _unequal(parts: dict[str, _Lists]) -> npt.NDArray[np.object_] | None:
    """Return the fault of rows whose lists differ in length; None where there are none."""
    first, *others = (part.lengths for part in parts.values())
    differs = np.zeros(len(first), dtype=bool)
    for lengths in others:
        differs |= lengths != first
    if not differs.any():
        return None
    faults = np.full(len(first), None, dtype=object)
    faults[differs] = UNEQUAL_LISTS
    return faults


def _without(part: _Lists, rows: npt.NDArray[np.bool_]) -> _Lists:
    """Return lists that are empty in some rows."""
    kept = np.repeat(~rows, part.lengths)
    return _Lists(part.values[kept], np.where(rows, 0, part.lengths))


def _joined_faults(parts: Sequence[LightCurves]) -> npt.NDArray[np.object_] | None:
    if all(part.faults is None for part in parts):
        return None
    return np.concatenate(
        [
            np.full(len(part), None, dtype=object) if part.faults is None else part.faults
            for part in parts
        ]
    )


def _as_float(values: npt.NDArray[np.generic]) -> npt.NDArray[np.floating]:
    """Keep float32 and float64, widen anything else to float64."""
    if values.dtype in (np.float32, np.float64):
        return values  # type: ignore[return-value]
    return values.astype(np.float64)
