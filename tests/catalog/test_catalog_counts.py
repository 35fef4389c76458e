"""Counts of a product, against counting in pandas."""

from __future__ import annotations

from pathlib import Path

import pytest

from scope.catalog import publish_catalog, summarize
from scope.errors import InputError, MissingColumnError
from scope.io.frames import read_parquet
from tests.catalog.tables import write_unit
from tests.catalog.test_publish import write_predictions


def test_rows_reasons_and_scores_above_the_threshold_are_counted(tmp_path: Path) -> None:
    paths = [write_predictions(tmp_path, "dnn"), write_predictions(tmp_path, "xgb")]
    publish_catalog(paths, tmp_path / "catalog.parquet")
    frame = read_parquet(tmp_path / "catalog.parquet")
    summary = summarize(tmp_path / "catalog.parquet", 0.7)
    assert (summary.rows, summary.classified) == (300, 200)
    assert summary.reasons == {"too_few_epochs": 100}
    assert list(summary.above) == ["vnv", "ea", "rrab"]
    for tag, counts in summary.above.items():
        for algorithm in ("dnn", "xgb"):
            assert counts[algorithm] == (frame[f"{tag}_{algorithm}"] > 0.7).sum() > 0


def test_a_file_without_scores_or_reasons_is_refused(tmp_path: Path) -> None:
    unit = write_unit(tmp_path / "unit.parquet", [1, 2])
    with pytest.raises(InputError, match="without scores"):
        summarize(unit, 0.7)
    scores = tmp_path / "scores_xgb.parquet"
    write_predictions(tmp_path, "xgb", n=4)
    with pytest.raises(MissingColumnError, match="reason"):
        summarize(scores, 0.7)
