"""Ids of other surveys are those of the file, digit by digit."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from scope.errors import InputError
from scope.fritz.taxonomy_map import TaxonomyMap, read_map
from scope.fritz.upload_rows import upload_rows
from scope.io.user_tables import read_user_table

LONG = 2079018300197390465
"""No float64 holds it: the nearest is ...592."""


@pytest.fixture
def mapper(tmp_path: Path) -> TaxonomyMap:
    path = tmp_path / "map.json"
    path.write_text('{"variable": {"fritz_label": "variable", "taxonomy_id": 1}}')
    return read_map(path)


def test_a_blank_cell_rounds_no_other_id(tmp_path: Path, mapper: TaxonomyMap) -> None:
    path = tmp_path / "sample.csv"
    path.write_text(
        "ra,dec,variable,Gaia_EDR3___id,PS1_DR1___id\n"
        f"1,2,0.9,{LONG},70\n1,2,0.9,,\n1,2,0.9,{LONG + 2},-999\n"
    )
    rows = upload_rows(read_user_table(path), ["variable"], mapper)
    assert [row.survey_ids for row in rows] == [
        (f"Gaia_EDR3___{LONG}", "PS1_DR1___70"),
        (),
        (f"Gaia_EDR3___{LONG + 2}",),
    ]


@pytest.mark.parametrize("value", [float(LONG), "2.0790183e18", "x", 0.5])
def test_an_id_that_was_rounded_is_refused(mapper: TaxonomyMap, value: object) -> None:
    table = pd.DataFrame({"ra": [1.0], "dec": [2.0], "variable": [1.0], "Gaia_EDR3___id": [value]})
    with pytest.raises(InputError, match=r"Gaia_EDR3___id .*, in row 0"):
        upload_rows(table, ["variable"], mapper)
