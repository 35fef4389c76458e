"""Figures of six rows, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from scope.models.evaluation.score_metrics import metrics_table, score_metrics

TARGET = np.array([True, True, False, True, False, False])
SCORES = np.array([0.9, 0.8, 0.7, 0.4, 0.2, 0.1])


def test_figures_of_six_rows() -> None:
    found = score_metrics(TARGET, SCORES)
    # ranks of the positive rows are 1, 2 and 4: precision there is 1, 1 and 3/4
    assert found["average_precision"] == pytest.approx((1 + 1 + 3 / 4) / 3)
    # of nine pairs one is the wrong way round (0.4 below 0.7)
    assert found["roc_auc"] == pytest.approx(8 / 9)
    assert found["brier"] == pytest.approx((0.01 + 0.04 + 0.49 + 0.36 + 0.04 + 0.01) / 6)
    assert (found["precision"], found["recall"]) == (2 / 3, 2 / 3)
    assert found["f1"] == pytest.approx(2 / 3)
    assert (found["n"], found["n_positive"]) == (6, 3)


def test_what_is_undefined_is_null() -> None:
    found = score_metrics(np.array([False, False]), np.array([0.1, 0.2]))
    undefined = ("average_precision", "roc_auc", "precision", "recall", "f1")
    assert all(found[name] is None for name in undefined)


def test_no_rows_have_no_figures() -> None:
    assert score_metrics(np.empty(0, dtype=bool), np.empty(0))["brier"] is None


def test_the_table_has_a_line_per_class() -> None:
    table = metrics_table({"ea": {"test": score_metrics(TARGET, SCORES)}})
    assert table.splitlines()[-1] == "| ea | 6 | 3 | 0.917 | 0.889 | 0.667 | 0.667 |"
