"""Metrics of scores: how well they tell positive from negative rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

EVALUATION_CUT = 0.5


def score_metrics(
    target: npt.NDArray[np.bool_], scores: npt.NDArray[np.floating], cut: float = EVALUATION_CUT
) -> dict[str, Any]:
    """Return the figures of one class on one set.

    Parameters
    ----------
    target : (n,) bool
    scores : (n,) float
        From 0 to 1.
    cut : float
        A row is called positive above it.

    Returns
    -------
    dict
        Numbers of rows and positive rows; average precision and ROC AUC, null unless
        both sides are there; Brier score; accuracy, precision, recall and F1 at the cut,
        null where they are 0 / 0.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    called = scores > cut
    hits = int((called & target).sum())
    both = bool(target.any() and not target.all())
    return {
        "n": len(target),
        "n_positive": int(target.sum()),
        "average_precision": float(average_precision_score(target, scores)) if both else None,
        "roc_auc": float(roc_auc_score(target, scores)) if both else None,
        "brier": float(np.mean((scores - target) ** 2)) if len(target) else None,
        "accuracy": _ratio(int((called == target).sum()), len(target)),
        "precision": _ratio(hits, int(called.sum())),
        "recall": _ratio(hits, int(target.sum())),
        "f1": _ratio(2 * hits, int(called.sum() + target.sum())),
    }


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def metrics_table(classes: Mapping[str, Mapping[str, Any]], part: str = "test") -> str:
    """Return the figures of one set as a Markdown table, one line per class."""
    lines = [
        "| class | rows | positive | average precision | ROC AUC | precision | recall |",
        "|---|---|---|---|---|---|---|",
    ]
    for tag, sets in classes.items():
        item = sets[part]
        figures = [item[n] for n in ("average_precision", "roc_auc", "precision", "recall")]
        cells = ["-" if value is None else f"{value:.3f}" for value in figures]
        lines.append(f"| {tag} | {item['n']} | {item['n_positive']} | {' | '.join(cells)} |")
    return "\n".join(lines)
