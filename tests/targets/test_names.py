"""Names of targets and the units of a field."""

from __future__ import annotations

from pathlib import Path

import pytest

from scope.errors import NotFoundError, UsageError
from scope.surveys.archive import Archive
from scope.surveys.base import NO_FIELD, parse_unit, unit_name
from scope.targets import FieldTarget, ListTarget, parse_target
from tests.surveys.bulk_files import write_bulk


def test_a_field_is_parsed_and_named_back():
    assert parse_target("field_297") == FieldTarget(297)
    assert parse_target("field_297").name == "field_297"


@pytest.mark.parametrize("name", ["ids_mine", "ids_a.b-c_d", "ids_2024-02-14T20-11-05"])
def test_a_list_is_parsed_and_named_back(name):
    assert parse_target(name) == ListTarget(name.removeprefix("ids_"))
    assert parse_target(name).name == name
    assert parse_target(name).field == NO_FIELD


@pytest.mark.parametrize(
    "name",
    ["field_0297", "field_", "297", "field_2000", "field_-1", "ids_", "ids_a b", "Field_1"],
)
def test_other_names_are_refused_with_an_example(name):
    with pytest.raises(UsageError, match="field_297"):
        parse_target(name)


def test_the_units_of_a_field_are_the_quadrants_that_have_files(tmp_path: Path):
    for ccd, quad, band in [(12, 1, "g"), (2, 3, "g"), (2, 3, "r")]:
        write_bulk(tmp_path, [1], ccd=ccd, quad=quad, band=band)
    archive = Archive(tmp_path)
    assert archive.units(parse_target("field_300").field) == ["ccd_02_quad_3", "ccd_12_quad_1"]
    with pytest.raises(NotFoundError, match="301"):
        archive.units(parse_target("field_301").field)


def test_units_are_named_and_parsed_back():
    names = [unit_name(ccd, quad) for ccd in range(1, 17) for quad in range(1, 5)]
    assert len(set(names)) == 64
    assert [parse_unit(name) for name in names] == [
        (c, q) for c in range(1, 17) for q in (1, 2, 3, 4)
    ]
    assert names == sorted(names)


@pytest.mark.parametrize(
    "name", ["ccd_1_quad_1", "ccd_17_quad_1", "ccd_01_quad_5", "ccd_00_quad_1"]
)
def test_names_of_no_quadrant_are_refused(name):
    with pytest.raises(UsageError, match="ccd_16_quad_4"):
        parse_unit(name)
