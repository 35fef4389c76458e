"""What cells say. Expected values are what is written, digit by digit, and closed forms."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from scope.cells import (
    RefusedCell,
    exact_id,
    parse_degrees,
    parse_id,
    parse_name,
    parse_number,
    zeros_for_digits,
)
from scope.errors import InputError

LONG = 1237655504567926913
"""No float64 holds it."""


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("700110100000001", 700110100000001),
        (" 700110100000001.0 ", 700110100000001),
        (str(LONG), LONG),
        (b"700110100000001", 700110100000001),
        (np.int64(LONG), LONG),
        (Decimal(LONG), LONG),
        (700110100000001.0, 700110100000001),
        ("", None),
        ("NA", None),
        (float("nan"), None),
        (pd.NA, None),
    ],
)
def test_an_id_is_exact(cell, expected) -> None:
    assert parse_id(cell) == expected


@pytest.mark.parametrize(
    "cell",
    [
        *("7.00110E+14", "4.29581E+09", "1e5", f"{LONG}.0", "700110100000001.6", "abc", "1_000"),
        *("1,237", "'12", '="12"', "ZTF700110100000001", "١٢", "9" * 19, float(LONG), 0.5, True),
        np.float32(700110100000001),
    ],
)
def test_an_id_that_may_have_lost_digits_or_is_none_is_refused(cell) -> None:
    with pytest.raises(RefusedCell):
        parse_id(cell)
    with pytest.raises(InputError, match="Gaia id of x"):
        exact_id(cell, "Gaia id of x")


def test_a_refused_id_says_how_to_write_it() -> None:
    with pytest.raises(InputError, match=r"was rounded.*4\.29581E\+09.*all their digits"):
        exact_id("4.29581E+09", "id")


@pytest.mark.parametrize(
    "name",
    ["2019E5", "2020e12", "0012", "NA", "nan", "None", "null", "inf", "1e5", "True", "12.50"],
)
def test_names_are_what_is_written(name) -> None:
    assert parse_name(name) == name
    assert parse_name(f" {name} ") == name


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (LONG, str(LONG)),
        (np.int32(12), "12"),
        (12.0, "12"),
        (b"star 1\0\0", "star 1"),
        (True, "True"),
        (None, None),
        ("  ", None),
        (float("nan"), None),
        (pd.NA, None),
    ],
)
def test_other_cells_as_names(cell, expected) -> None:
    assert parse_name(cell) == expected


@pytest.mark.parametrize("cell", [float(LONG), 12.5, "4.29581E+09", "1.23766E+18", [1]])
def test_names_that_are_no_whole_numbers_any_more_are_refused(cell) -> None:
    with pytest.raises(RefusedCell):
        parse_name(cell)


def test_numbers_have_a_point_and_no_separators() -> None:
    for text in ("0,5", "1,234.5", "1_0", "0x10", "95%", "x", "1 0"):
        with pytest.raises(RefusedCell):
            parse_number(text)
    assert [parse_number(text) for text in (".5", "1.", "-1e-3", "+2", "Inf")] == [
        *(0.5, 1.0, -0.001, 2.0, np.inf)
    ]
    assert np.isnan([parse_number(text) for text in ("", "nan", "NA", "--", "null")]).all()


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        # 4 h 16 min 24 s are 4.27333… h, 64.1 deg
        ("04:16:24", "ra", 64.1),
        ("04 16 24.0", "ra", 64.1),
        ("4h16m24s", "ra", 64.1),
        ("04h 16m 24.0s", "ra", 64.1),
        ("64d06m00s", "ra", 64.1),
        ("64.1", "ra", 64.1),
        ("+37:30:00", "dec", 37.5),
        ("37 30 00", "dec", 37.5),
        ("37d30m00s", "dec", 37.5),
        ("-00:30:00", "dec", -0.5),
        ("\N{MINUS SIGN}00:30:00", "dec", -0.5),
        ("37° 30' 00\"", "dec", 37.5),
    ],
)
def test_positions_are_degrees_or_hours_minutes_seconds(text, kind, expected) -> None:
    assert parse_degrees(text, kind) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("text", ["64,1", "04:16", "04:61:00", "04:16:60", "x", "64.1 37.5", "inf"])
def test_what_is_no_position_is_refused(text) -> None:
    with pytest.raises(RefusedCell, match="no number"):
        parse_degrees(text, "ra")


def test_hours_are_no_declination() -> None:
    with pytest.raises(RefusedCell, match="hours"):
        parse_degrees("4h16m24s", "dec")


def test_zeros_in_place_of_digits_are_seen() -> None:
    # 1237655504567926913 with the 15 digits that a spreadsheet keeps, and with 17
    assert zeros_for_digits(["1237655504567920000", "4295806720"])
    assert zeros_for_digits(["1237655504567926900", "2079018300197390400"])
    assert not zeros_for_digits(["1237655504567920000", str(LONG)])
    assert not zeros_for_digits(["700110100000000", "10297581000000"])
