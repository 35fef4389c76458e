"""Every column is declared once; tables, files and documentation have what is declared."""

from __future__ import annotations

import re

import pyarrow.parquet as pq
import pytest
from astropy.io.votable.ucd import parse_ucd

from scope.bands import BANDS
from scope.catalog.probability_columns import SHIFT, final_columns, single_column
from scope.errors import InputError
from scope.features.options import FeatureOptions
from scope.features.registry import product_columns
from scope.io.writer import write_table
from scope.report.columns_page import columns_page
from scope.schema import (
    IMPUTED,
    LOG10_FAP,
    OOD,
    PERIOD,
    PLACE_NAMES,
    PROVENANCE,
    SIGNIFICANCE,
    SOURCES,
    SURVEY_IDS,
    Column,
    arrow_schema,
    key_columns,
    kind_of,
    lightcurve_schema,
)

from .conftest import ROOT

ALL = (
    *SOURCES,
    *lightcurve_schema(),
    *product_columns(FeatureOptions()),
    *SURVEY_IDS,
    *(PERIOD, SIGNIFICANCE, LOG10_FAP, IMPUTED, OOD, PROVENANCE, SHIFT),
    *final_columns("vnv"),
    single_column("vnv", "dnn"),
)


@pytest.mark.parametrize("ucd", sorted({column.ucd for column in ALL if column.ucd}))
def test_descriptors_are_words_of_the_vocabulary_in_an_order_that_it_allows(ucd: str) -> None:
    # astropy's copy of the IVOA's list of UCD1+ words
    parse_ucd(ucd, check_controlled_vocabulary=True)


def test_columns_that_people_join_and_plot_by_have_a_descriptor_and_a_kind() -> None:
    for column in ALL:
        assert column.kind
        assert column.description
        if column.kind in ("id", "position", "probability", "error", "brightness", "set"):
            assert column.ucd, column.name


def test_what_is_declared_of_a_column_is_in_the_file(tmp_path) -> None:
    schema = arrow_schema(SOURCES)
    write_table(schema.empty_table(), tmp_path / "a.parquet", {})
    for column, field in zip(SOURCES, pq.read_schema(tmp_path / "a.parquet"), strict=True):
        said = {key.decode(): value.decode() for key, value in field.metadata.items()}
        assert said["description"] == column.description
        assert said["kind"] == kind_of(field) == column.kind
        assert said.get("ucd", "") == column.ucd
        assert field.nullable == column.nullable


def test_a_kind_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match=r"kind of column 'a'.*probability"):
        Column("a", "int32", kind="number")


def test_columns_of_places_are_there_together_or_not_at_all() -> None:
    with_them = [column.name for column in key_columns(["_id", "ccd"])]
    without = [column.name for column in key_columns(["_id", "filter"])]
    assert [name for name in with_them if name not in PLACE_NAMES] == without
    assert set(with_them) - set(without) == set(PLACE_NAMES)


def test_the_page_of_columns_is_what_the_declarations_say() -> None:
    page = (ROOT / "docs" / "columns.md").read_text(encoding="utf-8")
    assert page == columns_page(), "python -m scope.report.columns_page docs/columns.md"
    assert "| `ra` | float64 | deg | position | pos.eq.ra;meta.main | yes |" in page


OTHERS = ("scope/product/", "scope/tasks/", "scope/active/")
"""Tables whose rows are stars, alerts or questions: the same words mean something else there."""


def test_names_that_tables_share_are_written_out_in_one_place() -> None:
    once = re.compile(r'Column\(\s*\*?\(?"(n_epochs|reason|obj_id|Gaia_EDR3___id|provenance)"')
    found = {
        path.relative_to(ROOT).as_posix(): once.findall(path.read_text(encoding="utf-8"))
        for path in (ROOT / "scope").rglob("*.py")
    }
    # what somebody asked for, and what is said of stars, is no column of light curves
    found.pop("scope/targets/fetch_list.py")
    found = {path: names for path, names in found.items() if not path.startswith(OTHERS)}
    assert {path: names for path, names in found.items() if names} == {
        "scope/schema.py": ["provenance"]
    }


def test_bands_keep_the_numbers_that_products_have() -> None:
    # of the Zwicky Transient Facility, and in the order in which others were added
    assert [(band.number, band.name) for band in BANDS[:7]] == [
        *((1, "g"), (2, "r"), (3, "i"), (4, "u"), (5, "z"), (6, "y"), (7, "V"))
    ]
    assert len({band.number for band in BANDS}) == len({band.name for band in BANDS}) == len(BANDS)
