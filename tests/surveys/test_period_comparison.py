"""Our periods beside published ones; expected relations by arithmetic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scope.errors import MissingColumnError
from scope.surveys.period_comparison import compare_periods, comparison_lines, period_relations


def test_relations_of_periods() -> None:
    published = np.full(9, 0.7)
    f = 1 / 0.7
    ours = np.array(
        [0.7001, 0.35, 1.4, 0.7 / 3, 2.1, 1 / (f + 1), 1 / (2.0054758 - f), 0.523, np.nan]
    )
    expected = ["P", "P/2", "2P", "P/3", "3P", "alias", "alias", "other", "none"]
    assert period_relations(ours, published).tolist() == expected


def test_periods_are_compared_by_light_curve(tmp_path: Path) -> None:
    labels = pd.DataFrame(
        {
            "objectid": [1, 2, 3, 4],
            "catalogue": "VSX",
            "catalogue_class": ["EA", "EA", "RRAB", "RRAB"],
            "catalogue_period_days": [2.0, 3.0, 0.5, None],
        }
    )
    labels.to_parquet(tmp_path / "labels.parquet")
    pd.DataFrame({"_id": [4, 2, 1], "period_LS_BIC": [0.5, 3.0, 1.0]}).to_parquet(
        tmp_path / "f.parquet"
    )
    counts = compare_periods(
        tmp_path / "labels.parquet", tmp_path / "f.parquet", "period_LS_BIC", tmp_path / "p.parquet"
    )
    # Light curve 3 has no features and 4 no published period.
    assert counts == {"VSX EA": {"P": 1, "P/2": 1}}
    assert len(comparison_lines(counts)) == 2
    with pytest.raises(MissingColumnError, match="period_X"):
        compare_periods(
            tmp_path / "labels.parquet", tmp_path / "f.parquet", "period_X", tmp_path / "p.parquet"
        )
