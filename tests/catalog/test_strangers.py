"""Light curves unlike anything the models know: counted as such, and given no label."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from scope.catalog.catalog_counts import summarize
from scope.catalog.strangers import novelty_columns, strange_rows
from scope.fritz.field_check import without_strange
from scope.io import write_table

P = [0.5, 0.02, 0.019, None, 0.001]


def catalog(path: Path) -> Path:
    table = pa.table(
        {
            "_id": pa.array(range(5), pa.int64()),
            "reason": pa.array([None, None, None, "too_few_epochs", None], pa.string()),
            "ood_p": pa.array(P, pa.float32()),
            "vnv_xgb": pa.array([0.9, 0.9, 0.9, None, 0.2], pa.float32()),
        }
    )
    write_table(table, path, {})
    return path


def test_a_row_at_the_cut_is_not_strange() -> None:
    values = np.array([np.nan if p is None else p for p in P], dtype=np.float32)
    assert strange_rows({"ood_p": values}, 0.02).tolist() == [False, False, True, False, True]
    assert not strange_rows({"ood_p": values}, 0.0).any()


def test_either_algorithm_can_find_a_row_strange() -> None:
    names = novelty_columns(["_id", "ood_p_dnn", "ood_p_xgb", "vnv_p"])
    assert names == ["ood_p_dnn", "ood_p_xgb"]
    values = {names[0]: np.array([0.5, 0.001]), names[1]: np.array([0.001, 0.5])}
    assert strange_rows(values, 0.02).all()


def test_strange_rows_count_in_no_class(tmp_path: Path) -> None:
    path = catalog(tmp_path / "preds.parquet")
    asked = summarize(path, 0.7, 0.02)
    assert (asked.rows, asked.classified, asked.strange) == (5, 4, 2)
    assert asked.above == {"vnv": {"xgb": 2}}
    assert summarize(path, 0.7).above == {"vnv": {"xgb": 3}}


def test_strange_rows_are_not_uploaded() -> None:
    table = pd.DataFrame({"obj_id": list("abcde"), "ood_p": P})
    assert without_strange(table, 0.02)["obj_id"].tolist() == ["a", "b", "d"]
    bare = table[["obj_id"]]
    assert without_strange(bare, 0.02) is bare
