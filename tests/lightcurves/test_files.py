"""Light-curve files: raw ones in any order, cleaned ones with their reasons."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scope.errors import InputError, MissingColumnError
from scope.io import read_metadata, read_table
from scope.lightcurves.align import aligned
from scope.lightcurves.curves import LightCurves
from scope.lightcurves.files import (
    CleanedLightCurves,
    iter_lightcurve_file,
    iter_raw_lightcurves,
    write_lightcurve_file,
)
from scope.schema import lightcurve_schema, validate


def curves(ids, lengths, dtype=np.float32, zero=2400000.5) -> LightCurves:
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    points = int(offsets[-1])
    return LightCurves(
        ids=np.array(ids, dtype=np.int64),
        offsets=offsets,
        time=np.arange(points) + 58000.0 + (2400000.5 - zero),
        mag=np.linspace(15, 16, points, dtype=dtype),
        magerr=np.full(points, 0.1, dtype=dtype),
        time_zero_hjd=zero,
    )


def piece(ids, lengths, reasons, **kwargs) -> CleanedLightCurves:
    n_epochs = np.maximum(lengths, 3)
    return CleanedLightCurves(
        curves(ids, lengths, **kwargs), n_epochs, np.array(reasons, dtype=object)
    )


def test_cleaned_light_curves_come_back_as_they_were_written(tmp_path: Path):
    path = tmp_path / "curves.parquet"
    reasons = [None, "too_few_epochs", None]
    write_lightcurve_file([piece([1, 2, 3], [4, 0, 2], reasons)], path, {"min_epochs": 2})

    (back,) = iter_lightcurve_file(path)
    assert back.lightcurves.ids.tolist() == [1, 2, 3]
    assert back.lightcurves.n_epochs.tolist() == [4, 0, 2]
    assert back.lightcurves.time.tolist() == [58000 + i for i in range(6)]
    assert back.lightcurves.mag.dtype == np.float32
    assert back.n_epochs.tolist() == [4, 3, 3]
    assert back.reasons.tolist() == reasons
    assert read_metadata(path)["min_epochs"] == 2
    validate(read_table(path), lightcurve_schema("float32"))


def test_the_size_of_pieces_leaves_no_trace(tmp_path: Path):
    whole = piece(range(10), [3] * 10, [None] * 10)
    parts = [
        CleanedLightCurves(whole.lightcurves[i : i + 3], whole.n_epochs[i : i + 3],
                           whole.reasons[i : i + 3])
        for i in range(0, 10, 3)
    ]  # fmt: skip
    write_lightcurve_file([whole], tmp_path / "whole", {})
    write_lightcurve_file(parts, tmp_path / "parts", {})
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "parts").read_bytes()
    assert [len(p.lightcurves) for p in iter_lightcurve_file(tmp_path / "whole", 4)] == [4, 4, 2]


def test_no_light_curves_leave_a_file_with_all_columns(tmp_path: Path):
    write_lightcurve_file([], tmp_path / "none", {})
    assert list(iter_lightcurve_file(tmp_path / "none")) == []
    validate(read_table(tmp_path / "none"), lightcurve_schema())


def test_times_are_written_as_hmjd_whatever_their_zero(tmp_path: Path):
    write_lightcurve_file([piece([1], [3], [None], zero=0.0)], tmp_path / "file", {})
    (back,) = iter_lightcurve_file(tmp_path / "file")
    assert back.lightcurves.time.tolist() == [58000, 58001, 58002]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Three light curves, not in the order of their ids."""
    table = pa.table(
        {
            "objectid": [30, 10, 20],
            "objra": [3.0, 1.0, 2.0],
            "hmjd": [[1.0, 2.0], [5.0], []],
            "mag": [[15.0, 16.0], [17.0], []],
            "magerr": [[0.1, 0.1], [0.2], []],
            "catflags": [[0, 1], [0], []],
        }
    )
    path = tmp_path / "raw.parquet"
    pq.write_table(table, path)
    return path


def test_raw_light_curves_come_by_id_with_the_columns_asked_for(raw: Path):
    pieces = list(iter_raw_lightcurves(raw, columns=["objra"], rows=2))
    tables, parts = zip(*pieces, strict=True)
    assert pa.concat_tables(tables).to_pydict() == {"objectid": [10, 20, 30], "objra": [1, 2, 3]}
    both = LightCurves.concatenate(parts)
    assert both.n_epochs.tolist() == [1, 0, 2]
    assert both.catflags.tolist() == [0, 0, 1]


def test_flags_may_be_absent_only_where_that_is_said(raw: Path):
    pq.write_table(pq.read_table(raw).drop_columns(["catflags"]), raw)
    with pytest.raises(MissingColumnError, match="catflags"):
        list(iter_raw_lightcurves(raw))
    assert next(iter_raw_lightcurves(raw, flags=False))[1].catflags is None


def test_lists_of_unequal_length_cost_their_row_only(raw: Path):
    table = pq.read_table(raw)
    pq.write_table(table.set_column(3, "mag", pa.array([[15.0, 16.0], [17.0, 18.0], []])), raw)
    _, curves = next(iter_raw_lightcurves(raw))
    faults = dict(zip(curves.ids.tolist(), curves.faults, strict=True))
    assert faults[10] == "unequal_lists"
    assert curves.n_epochs[curves.ids == 10] == 0
    assert [fault for number, fault in faults.items() if number != 10] == [None, None]


def test_a_column_without_lists_names_the_file(raw: Path):
    pq.write_table(pq.read_table(raw).set_column(3, "mag", pa.array([1.0, 2.0, 3.0])), raw)
    with pytest.raises(InputError, match=r"holds no lists.*raw\.parquet"):
        list(iter_raw_lightcurves(raw))


def test_light_curves_are_put_in_the_order_of_ids_with_gaps_for_the_missing():
    some = curves([30, 10], [2, 1])
    result = aligned(some, np.array([10, 15, 30, 40, 10]))
    assert result.ids.tolist() == [10, 15, 30, 40, 10]
    assert result.n_epochs.tolist() == [1, 0, 2, 0, 1]
    assert result.time.tolist() == [58002, 58000, 58001, 58002]


def test_light_curves_in_that_order_already_are_not_copied():
    some = curves([10, 30], [2, 1])
    assert aligned(some, np.array([10, 30])) is some


def test_no_light_curves_are_all_missing():
    result = aligned(curves([], []), np.array([1, 2]))
    assert result.n_epochs.tolist() == [0, 0]
