"""LightCurves: flat arrays from and to Arrow lists, sliced and joined."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from scope.errors import InputError, MissingColumnError
from scope.lightcurves.align import aligned
from scope.lightcurves.curves import LightCurves


@pytest.fixture
def table() -> pa.Table:
    return pa.table(
        {
            "_id": [1, 2, 3],
            "hmjd": pa.array([[1.0, 2.0], [], [3.0]]),
            "mag": pa.array([[15, 16], [], [17]], pa.list_(pa.float32())),
            "magerr": pa.array([[0.1, 0.2], [], [0.3]], pa.list_(pa.float32())),
            "catflags": pa.array([[0, 1], [], [0]], pa.list_(pa.uint16())),
        }
    )


def test_a_table_goes_in_and_comes_out(table):
    curves = LightCurves.from_arrow(table)
    assert curves.n_epochs.tolist() == [2, 0, 1]
    assert curves.time_zero_hjd == 2400000.5
    assert curves.to_arrow().equals(table)


def test_arrow_memory_is_shared_where_types_allow(table):
    curves = LightCurves.from_arrow(table)
    values = table.column("mag").chunk(0).values.to_numpy()
    assert np.shares_memory(curves.mag, values)
    back = curves.to_arrow().column("hmjd").chunk(0).values.to_numpy()
    assert np.shares_memory(back, curves.time)


def test_float32_times_are_widened_exactly(table):
    times = pa.array([[58000.004], [], [58001.0]], pa.list_(pa.float32()))
    short = pa.list_(pa.float32())
    narrow = pa.table(
        {
            "_id": [1, 2, 3],
            "hmjd": times,
            "mag": pa.array([[1.0], [], [2.0]], short),
            "magerr": pa.array([[1.0], [], [2.0]], short),
        }
    )
    curves = LightCurves.from_arrow(narrow)
    assert curves.time.dtype == np.float64
    assert curves.time.tolist() == [float(np.float32(58000.004)), 58001.0]


def test_missing_lists_are_empty_and_missing_values_nan():
    curves = LightCurves.from_arrow(
        pa.table(
            {
                "_id": [1, 2],
                "hjd": [[1.0, 2.0], None],
                "mag": [[15.0, None], None],
                "magerr": [[0.1, 0.1], None],
            }
        ),
        time_column="hjd",
    )
    assert curves.n_epochs.tolist() == [2, 0]
    assert np.isnan(curves.mag[1])
    assert curves.time_zero_hjd == 0.0


def test_slices_share_memory_and_know_their_points(table):
    curves = LightCurves.from_arrow(table)
    part = curves[1:]
    assert part.ids.tolist() == [2, 3]
    assert part.time.tolist() == [3.0]
    assert np.shares_memory(part.time, curves.time)
    assert LightCurves.from_arrow(table.slice(1)).time.tolist() == [3.0]


def test_batches_joined_are_the_whole(table):
    curves = LightCurves.from_arrow(table)
    assert LightCurves.concatenate(list(curves.batches(2))).to_arrow().equals(table)


def test_taken_curves_come_in_the_order_asked_for(table):
    taken = LightCurves.from_arrow(table).take([2, 0])
    assert taken.ids.tolist() == [3, 1]
    assert taken.mag.tolist() == [17, 15, 16]


def test_time_zeros_do_not_mix(table):
    curves = LightCurves.from_arrow(table)
    other = LightCurves.from_arrow(table.rename_columns({"hmjd": "hjd"}), time_column="hjd")
    with pytest.raises(InputError, match="time zeros"):
        LightCurves.concatenate([curves, other])


def test_a_missing_column_is_named(table):
    with pytest.raises(MissingColumnError, match="magerr"):
        LightCurves.from_arrow(table.drop_columns(["magerr"]))


def test_a_row_with_unequal_lists_loses_its_points_and_the_others_stand(table):
    longer = table.set_column(2, "mag", pa.array([[1.0, 2.0], [], [3.0, 4.0]]))
    found, whole = LightCurves.from_arrow(longer), LightCurves.from_arrow(table)
    assert found.faults.tolist() == [None, None, "unequal_lists"]
    assert found.n_epochs.tolist() == [2, 0, 0]
    assert found[:2].time.tolist() == whole[:2].time.tolist()
    # The fault goes wherever its light curve goes.
    assert found.take([2, 0]).faults.tolist() == ["unequal_lists", None]
    assert found[1:].faults.tolist() == [None, "unequal_lists"]
    joined = LightCurves.concatenate([whole, found])
    assert joined.faults.tolist() == [None] * 5 + ["unequal_lists"]
    assert aligned(found, np.array([3, 9])).faults.tolist() == ["unequal_lists", None]


def test_offsets_must_cover_the_points():
    with pytest.raises(InputError, match="offsets"):
        LightCurves(np.array([1]), np.array([0, 2]), np.zeros(3), np.zeros(3), np.zeros(3))
