"""Impossible ids, positions and filters are found the same way at every door."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from scope.lightcurves.identity import check_identity
from scope.surveys.kowalski_documents import sources_table

N = 9
IDS = np.array([1, 2, 3, 4, 5, 6, 7, 8, -9])
RA = pa.array([10.0, 361.0, 10.0, np.nan, None, 10.0, -51.9, 10.0, 10.0])
DEC = pa.array([5.0, 5.0, 91.0, 5.0, None, None, -1.2, 5.0, 5.0])
FILTER = np.array([1, 1, 2, 3, -1, 1, 1, 9, 1])
POSITION = "impossible_position"
REASONS = [None, *[POSITION] * 3, None, POSITION, None, "impossible_filter", "impossible_id"]


def test_what_is_impossible_gets_a_reason_and_is_taken_out():
    checked = check_identity(IDS, RA, DEC, {"filter": FILTER})
    assert checked.reasons.tolist() == REASONS
    # Unknown, a null, is no fault; half of a position is.
    assert checked.ra.to_pylist() == [10, None, None, None, None, None, 308.1, 10, 10]
    assert checked.dec.to_pylist() == [5, None, None, None, None, None, -1.2, 5, 5]
    assert checked.place["filter"].tolist() == [1, 1, 2, 3, -1, 1, 1, -1, 1]


def test_a_position_is_the_same_at_every_door(tmp_path):
    """Lists of people and files of surveys: expected values by the turn of a circle."""
    from scope.errors import InputError
    from scope.io.values import positions

    for ra, expected in ((-5.0, 355.0), (-180.0, 180.0), (360.0, 0.0), (-1e-15, 0.0), (0.0, 0.0)):
        checked = check_identity(np.ones(1, int), pa.array([ra]), pa.array([1.0]), {})
        assert checked.reasons.tolist() == [None]
        assert checked.ra.to_pylist() == [expected]
        assert positions([ra], [1.0], "t")[0].tolist() == [expected]
    for ra, dec in ((-180.1, 0.0), (360.1, 0.0), (1.0, -90.1), (np.inf, 0.0), (1.0, None)):
        column, other = pa.array([ra]), pa.array([dec], pa.float64())
        assert check_identity(np.ones(1, int), column, other, {}).reasons.tolist() == [POSITION]
        with pytest.raises(InputError, match="in row 1 of t"):
            positions(column, other, "t")


def test_one_column_alone_is_checked_too():
    for wrong in (361.0, np.nan):
        column = pa.array([10.0, wrong, None])
        checked = check_identity(np.arange(3), column, None, {})
        assert checked.reasons.tolist() == [None, POSITION, None]
    checked = check_identity(np.arange(3), None, pa.array([10.0, 91.0, None]), {})
    assert checked.reasons.tolist() == [None, POSITION, None]


def test_without_columns_nothing_is_wrong():
    checked = check_identity(np.arange(3), None, None, {})
    assert checked.reasons.tolist() == [None] * 3
    assert checked.ra.to_pylist() == [None] * 3


@pytest.mark.parametrize(
    ("name", "value"), [("ccd", 17), ("ccd", 0), ("quad", 5), ("rc", 64), ("filter", 0)]
)
def test_a_detector_that_there_is_not_is_found(name, value):
    checked = check_identity(np.array([1, 2]), None, None, {name: np.array([value, 1])})
    assert checked.reasons.tolist() == ["impossible_filter", None]
    assert checked.place[name].tolist() == [-1, 1]


def test_documents_of_kowalski_are_checked_alike():
    good = {"field": 600, "ccd": 1, "quad": 1, "filter": 1, "nobs": 9}

    def document(number, *place, **more):
        geojson = {"radec_geojson": {"coordinates": list(place)}} if place else {}
        return {"_id": number, "coordinates": geojson, **good, **more}

    table = sources_table(
        [
            document(1, -170.0, 5.0),
            document(2, 181.0, 5.0),
            document(3, -170.0, 91.0),
            document(4, -170.0, float("nan")),
            document(5),
            document(6, -170.0),
            document(7, -170.0, 5.0, filter=9),
            document(-8, -170.0, 5.0),
            {"_id": 9, **good, "coordinates": None},
        ]
    )
    reasons = [None, *[POSITION] * 3, None, POSITION, "impossible_filter", "impossible_id", None]
    assert table.column("reason").to_pylist() == reasons
    assert table.column("ra").to_pylist()[:5] == [10.0, None, None, None, None]
    assert table.column("filter").to_pylist()[6] is None
