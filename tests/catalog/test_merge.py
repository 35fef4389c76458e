"""Predictions: keys and scores joined row by row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from scope.catalog import gather, merge
from scope.errors import InputError, MissingColumnError
from scope.io import read_metadata, read_table, write_table
from tests.catalog.tables import write_scores, write_unit

# Columns of a published prediction file of SCoPe, in its order, before the scores.
PUBLISHED = ["_id", "Gaia_EDR3___id", "AllWISE___id", "PS1_DR1___id", "ra", "dec", "period"]
PUBLISHED += ["field", "ccd", "quad", "filter"]
OURS = [
    *("n_epochs", "significance", "log10_fap", "alias_trend", "reason", "imputed", "ood_p"),
    "provenance",
]


def gathered(tmp_path: Path, n: int = 5000, *, obj_id: bool = False) -> Path:
    ids = np.arange(n) * 3 + 7
    units = [
        write_unit(tmp_path / f"unit_{k}.parquet", ids[k::2].tolist(), obj_id=obj_id)
        for k in range(2)
    ]
    gather(units, tmp_path / "gathered.parquet")
    return tmp_path / "gathered.parquet"


def predictions(tmp_path: Path, **options: bool) -> tuple[pa.Table, pa.Table, list[Path]]:
    """Merge two score files; return the predictions, what was gathered and the score files."""
    path = gathered(tmp_path, **options)
    table = read_table(path)
    bundle = {"bundle": {"group": "starter", "sha256": "f00"}}
    scores = [
        write_scores(tmp_path / "some.parquet", table, ["vnv_dnn", "ea_dnn"], facts=bundle),
        write_scores(tmp_path / "more.parquet", table, ["rrab_dnn"], facts=bundle),
    ]
    merge(path, scores, tmp_path / "preds.parquet", algorithm="dnn", facts={"data_release": 20})
    return read_table(tmp_path / "preds.parquet"), table, scores


def test_columns_are_those_of_published_predictions_then_ours_then_the_scores(
    tmp_path: Path,
) -> None:
    result, _, _ = predictions(tmp_path)
    assert result.schema.names == [*PUBLISHED, *OURS, "vnv_dnn", "ea_dnn", "rrab_dnn"]


def test_names_of_objects_stand_behind_the_id_where_there_are_any(tmp_path: Path) -> None:
    result, table, _ = predictions(tmp_path, obj_id=True)
    assert result.schema.names[:3] == ["_id", "obj_id", "Gaia_EDR3___id"]
    assert result.column("obj_id").equals(table.column("obj_id"))


def test_every_row_is_there_with_its_keys_unchanged(tmp_path: Path) -> None:
    result, table, _ = predictions(tmp_path)
    assert result.num_rows == table.num_rows == 5000
    for name in ["_id", "ra", "dec", "period", "field", "filter", *OURS]:
        assert result.column(name).equals(table.column(name)), name


def test_survey_ids_are_zero_where_there_is_none_and_exact_where_there_is(tmp_path: Path) -> None:
    result, table, _ = predictions(tmp_path)
    assert set(result.column("AllWISE___id").to_pylist()) == {0}
    wanted = [value or 0 for value in table.column("Gaia_EDR3___id").to_pylist()]
    assert result.column("Gaia_EDR3___id").to_pylist() == wanted
    assert max(wanted) > 2**53  # a float would have rounded it


def test_scores_are_not_rounded_and_null_where_a_reason_stands(tmp_path: Path) -> None:
    result, _, scores = predictions(tmp_path)
    assert result.column("ea_dnn").equals(read_table(scores[0]).column("ea_dnn"))
    assert result.schema.field("ea_dnn").type == pa.float32()
    without = [score is None for score in result.column("ea_dnn").to_pylist()]
    assert without == [reason is not None for reason in result.column("reason").to_pylist()]


def test_the_record_names_models_settings_and_stages(tmp_path: Path) -> None:
    predictions(tmp_path)
    metadata = read_metadata(tmp_path / "preds.parquet")
    assert metadata["bundle"] == {"group": "starter", "sha256": "f00"}
    assert metadata["config_hash"] == "c0ffee"
    assert metadata["data_release"] == 20
    assert set(metadata["stages"]) == {"imputed", "gathered", "scores", "preds"}


def test_every_column_says_what_it_is(tmp_path: Path) -> None:
    result, _, _ = predictions(tmp_path)
    assert all(field.metadata[b"description"] for field in result.schema)
    assert result.schema.field("period").metadata[b"unit"] == b"d"


def test_scores_of_other_rows_are_refused(tmp_path: Path) -> None:
    path = gathered(tmp_path)
    scores = write_scores(tmp_path / "scores.parquet", read_table(path), ["ea_xgb"])
    table = read_table(scores)
    ids = table.column("_id").to_numpy().copy()
    ids[4500] += 1
    write_table(table.set_column(0, "_id", pa.array(ids)), scores, {})
    with pytest.raises(InputError, match=f"_id {4500 * 3 + 7} and {4500 * 3 + 8}"):
        merge(path, [scores], tmp_path / "preds.parquet", algorithm="xgb")
    assert not (tmp_path / "preds.parquet").exists()


def test_too_few_scores_are_refused(tmp_path: Path) -> None:
    path = gathered(tmp_path)
    scores = write_scores(tmp_path / "s.parquet", read_table(path).slice(0, 10), ["ea_xgb"])
    with pytest.raises(InputError, match=r"number of rows, .*s\.parquet: 10; allowed: 5000"):
        merge(path, [scores], tmp_path / "preds.parquet", algorithm="xgb")


@pytest.mark.parametrize("row", [0, 4])
def test_a_row_needs_either_a_score_or_a_reason(tmp_path: Path, row: int) -> None:
    # row 0 is fine and loses its score, row 4 has a reason and gets one
    path = gathered(tmp_path, n=9)
    scores = write_scores(tmp_path / "s.parquet", read_table(path), ["ea_xgb"])
    values = read_table(scores).column("ea_xgb").to_pylist()
    values[row] = float("nan") if row == 0 else 0.5
    table = read_table(scores).set_column(1, "ea_xgb", pa.array(values, pa.float32()))
    write_table(table, scores, {})
    with pytest.raises(InputError, match=f"neither a score nor a reason.*_id {row * 3 + 7}, ea"):
        merge(path, [scores], tmp_path / "preds.parquet", algorithm="xgb")


def test_a_class_scored_twice_is_refused(tmp_path: Path) -> None:
    path = gathered(tmp_path, n=9)
    one = write_scores(tmp_path / "one.parquet", read_table(path), ["ea_xgb"])
    two = write_scores(tmp_path / "two.parquet", read_table(path), ["ea_xgb"])
    with pytest.raises(InputError, match=r"ea_xgb in .*one\.parquet and .*two\.parquet"):
        merge(path, [one, two], tmp_path / "preds.parquet", algorithm="xgb")


def test_scores_of_another_algorithm_are_refused(tmp_path: Path) -> None:
    path = gathered(tmp_path, n=9)
    scores = write_scores(tmp_path / "s.parquet", read_table(path), ["ea_xgb"])
    with pytest.raises(InputError, match=r"ea_xgb float.*<class>_dnn"):
        merge(path, [scores], tmp_path / "preds.parquet", algorithm="dnn")


def test_a_gathered_file_without_a_key_column_is_refused(tmp_path: Path) -> None:
    path = gathered(tmp_path, n=9)
    table = read_table(path)
    scores = write_scores(tmp_path / "s.parquet", table, ["ea_xgb"])
    write_table(table.drop_columns(["period"]), path, {})
    with pytest.raises(MissingColumnError, match=r"gathered\.parquet: 'period'"):
        merge(path, [scores], tmp_path / "preds.parquet", algorithm="xgb")
