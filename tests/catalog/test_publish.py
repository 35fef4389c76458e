"""The catalogue of both algorithms, and the documented way to join their predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from scope.catalog import gather, merge, publish_catalog
from scope.errors import InputError
from scope.io import read_metadata, read_table, write_table
from scope.io.frames import read_parquet
from scope.provenance import STAGES
from tests.catalog.tables import write_scores, write_unit

TAGS = ["vnv", "ea", "rrab"]


def write_predictions(folder: Path, algorithm: str, n: int = 300, **facts: Any) -> Path:
    """Write the predictions of one algorithm for the same rows each time."""
    unit = write_unit(folder / f"unit_{algorithm}.parquet", list(range(100, 100 + n)), **facts)
    gather([unit], folder / f"gathered_{algorithm}.parquet")
    table = read_table(folder / f"gathered_{algorithm}.parquet")
    scores = write_scores(
        folder / f"scores_{algorithm}.parquet",
        table,
        [f"{tag}_{algorithm}" for tag in TAGS],
        facts={"bundle": {"group": "starter", "sha256": algorithm}},
    )
    path = folder / f"preds_{algorithm}.parquet"
    merge(folder / f"gathered_{algorithm}.parquet", [scores], path, algorithm=algorithm)
    return path


def test_the_catalogue_has_each_row_and_each_key_once_and_all_scores(tmp_path: Path) -> None:
    paths = [write_predictions(tmp_path, "dnn"), write_predictions(tmp_path, "xgb")]
    publish_catalog(paths, tmp_path / "catalog.parquet")
    result, dnn, xgb = (read_table(p) for p in (tmp_path / "catalog.parquet", *paths))
    assert result.schema.names == [*dnn.schema.names, *(f"{tag}_xgb" for tag in TAGS)]
    assert result.num_rows == 300
    assert result.drop_columns([f"{tag}_xgb" for tag in TAGS]).equals(dnn)
    assert result.column("ea_xgb").equals(xgb.column("ea_xgb"))


def test_the_record_names_the_models_of_each_algorithm(tmp_path: Path) -> None:
    paths = [write_predictions(tmp_path, "dnn"), write_predictions(tmp_path, "xgb")]
    publish_catalog(paths, tmp_path / "catalog.parquet", {"note": 1})
    metadata = read_metadata(tmp_path / "catalog.parquet")
    assert {name: bundle["sha256"] for name, bundle in metadata["bundle"].items()} == {
        "dnn": "dnn",
        "xgb": "xgb",
    }
    assert metadata["preprocessing"] == "abc"
    assert len(metadata["provenance"]) == 1
    assert metadata["note"] == 1
    assert metadata["stages"]["catalog"] == STAGES["catalog"]


def test_models_trained_apart_keep_their_own_imputation_columns(tmp_path: Path) -> None:
    paths = [
        write_predictions(tmp_path, "dnn", preprocessing="one", imputable=["a"]),
        write_predictions(tmp_path, "xgb", preprocessing="other", imputable=["b"]),
    ]
    publish_catalog(paths, tmp_path / "catalog.parquet")
    result = read_table(tmp_path / "catalog.parquet")
    assert "imputed" not in result.schema.names
    assert result.column("imputed_xgb").equals(read_table(paths[1]).column("imputed"))
    metadata = read_metadata(tmp_path / "catalog.parquet")
    assert metadata["provenance"]["xgb"][0]["preprocessing"] == "other"
    assert metadata["imputable"] == {"dnn": ["a"], "xgb": ["b"]}


def test_one_algorithm_makes_a_catalogue_too(tmp_path: Path) -> None:
    path = write_predictions(tmp_path, "xgb")
    publish_catalog([path], tmp_path / "catalog.parquet")
    assert read_table(tmp_path / "catalog.parquet").equals(read_table(path))


def test_a_key_that_differs_in_one_bit_is_refused(tmp_path: Path) -> None:
    paths = [write_predictions(tmp_path, "dnn"), write_predictions(tmp_path, "xgb")]
    table = read_table(paths[1])
    period = table.column("period").to_pylist()
    period[7] = float(np.nextafter(period[7], 100))
    index = table.schema.get_field_index("period")
    write_table(table.set_column(index, "period", pa.array(period)), paths[1])
    with pytest.raises(InputError, match=r"period .* and .*, _id 107"):
        publish_catalog(paths, tmp_path / "catalog.parquet")
    assert not (tmp_path / "catalog.parquet").exists()


def test_undefined_periods_are_equal_periods(tmp_path: Path) -> None:
    paths = [write_predictions(tmp_path, "dnn"), write_predictions(tmp_path, "xgb")]
    for path in paths:
        table = read_table(path)
        period = [float("nan") if value is None else value for value in table["period"].to_pylist()]
        index = table.schema.get_field_index("period")
        write_table(table.set_column(index, "period", pa.array(period)), path)
    publish_catalog(paths, tmp_path / "catalog.parquet")
    assert read_table(tmp_path / "catalog.parquet").num_rows == 300


def test_predictions_of_other_rows_are_refused(tmp_path: Path) -> None:
    paths = [write_predictions(tmp_path, "dnn", n=30), write_predictions(tmp_path, "xgb", n=31)]
    with pytest.raises(InputError, match=r"different numbers of rows.*30 in .*31 in "):
        publish_catalog(paths, tmp_path / "catalog.parquet")


def test_the_same_algorithm_twice_is_refused(tmp_path: Path) -> None:
    path = write_predictions(tmp_path, "dnn", n=30)
    with pytest.raises(InputError, match=r"dnn, dnn.*one file per algorithm"):
        publish_catalog([path, path], tmp_path / "catalog.parquet")


def test_the_documented_merge_on_eleven_columns_keeps_every_row(tmp_path: Path) -> None:
    # "Analyzing Predictions" of SCoPe's documentation, as printed but for the folder
    paths = {name: write_predictions(tmp_path, name) for name in ("dnn", "xgb")}
    dnn_frames, xgb_frames = [], []
    dnn_frames.append(read_parquet(paths["dnn"]))
    xgb_frames.append(read_parquet(paths["xgb"]))
    field_preds_dnn = pd.concat(dnn_frames)
    field_preds_xgb = pd.concat(xgb_frames)
    merge_cols = ["_id", "Gaia_EDR3___id", "AllWISE___id", "PS1_DR1___id",
                  "ra", "dec", "period", "field", "ccd", "quad", "filter"]  # fmt: skip
    dnn_xgb_preds = pd.merge(field_preds_dnn, field_preds_xgb, on=merge_cols)

    assert len(dnn_xgb_preds) == 300
    assert dnn_xgb_preds["_id"].tolist() == list(range(100, 400))
    assert dnn_xgb_preds["period"].isna().sum() == 100  # rows with a reason are kept as well
    both = dnn_xgb_preds.set_index("_id")
    catalog = field_preds_xgb.set_index("_id")
    assert both["ea_xgb"].equals(catalog["ea_xgb"])
