"""Labels of downloaded sources, and a training set with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scope.errors import InputError
from scope.fritz.download_classification import count_texts
from scope.fritz.download_sources import FOUND_COLUMNS, JOINED_COLUMNS
from scope.fritz.merge_features import label_columns, updated_training_set
from scope.fritz.taxonomy_map import TaxonomyMap, read_map
from scope.io.user_tables import read_user_table

LONG = 2079018300197390465
"""No float64 holds it."""


@pytest.fixture
def mapper(tmp_path: Path) -> TaxonomyMap:
    path = tmp_path / "map.json"
    path.write_text(
        '{"variable": {"fritz_label": "variable", "taxonomy_id": 1012},'
        ' "CV": {"fritz_label": "Cataclysmic", "taxonomy_id": 1011}}'
    )
    return read_map(path)


@pytest.mark.parametrize("reading", [{"text": JOINED_COLUMNS}, {}])
def test_a_row_without_a_class_changes_no_label(
    tmp_path: Path, mapper: TaxonomyMap, reading: dict
) -> None:
    path = tmp_path / "download.csv"
    # as another program saves it, without our first line
    rows = [
        ",".join(FOUND_COLUMNS),
        "a,1,2,variable,1012,,,,,,me,2",
        "b,1,2,,,,,,,,,",
        "c,1,2,Cataclysmic,1011,0.25,,,,,me,1",
    ]
    path.write_text("\n".join(rows))
    table = read_user_table(path, **reading)
    assert count_texts(table["classification"]) == 2
    labels = label_columns(table, mapper).set_index("obj_id")
    assert labels["variable"].to_dict() == {"a": 1.0, "b": 0.0, "c": 0.0}
    assert labels["CV"].to_dict() == {"a": 0.0, "b": 0.0, "c": 0.25}
    voted = label_columns(table, mapper, min_vote_diff=2).set_index("obj_id")
    assert voted["variable"].to_dict() == {"a": 1.0, "c": 0.0}
    assert voted["CV"].to_dict() == {"a": 0.0, "c": 0.0}


@pytest.mark.parametrize(("votes", "classes"), [("x", "variable"), ("1", "variable;Cataclysmic")])
def test_cells_that_do_not_fit_are_told(mapper: TaxonomyMap, votes: str, classes: str) -> None:
    table = pd.DataFrame({"obj_id": ["a"], "classification": [classes], "sum_votes": [votes]})
    with pytest.raises(InputError, match="of a"):
        label_columns(table, mapper)


def test_labels_that_are_not_known_stay_empty() -> None:
    old = pd.DataFrame(
        {
            "obj_id": ["p", "q", "r"],
            "ztf_id": [1, 2, 3],
            "vnv": [np.nan, 0.5, np.nan],
            "AllWISE___id": [LONG, LONG + 2, LONG + 4],
        }
    )
    new = pd.DataFrame(
        {"obj_id": ["R", "S"], "ztf_id": [3, 4], "vnv": [1.0, np.nan], "CV": [0.0, 0.75]}
    )
    result = updated_training_set(old, new, ["vnv", "CV"]).set_index("ztf_id")
    np.testing.assert_array_equal(result["vnv"], [np.nan, 0.5, 1.0, 0.0])
    np.testing.assert_array_equal(result["CV"], [np.nan, np.nan, 0.0, 0.75])
    # a column that the new rows lack keeps all digits
    assert result["AllWISE___id"].tolist() == [LONG, LONG + 2, LONG + 4, pd.NA]
    assert old["vnv"].isna().sum() == 2
