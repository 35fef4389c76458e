"""The charts of the page about trained models, each a string with an inline SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scope.report.svg import Chart

PARTS = (0, 0.2, 0.4, 0.6, 0.8, 1)
SIZE = (250.0, 210.0)


def reliability_chart(name: str, raw: Mapping[str, Any], calibrated: Mapping[str, Any]) -> str:
    """Draw the rate of positive rows against the mean probability of each bin.

    Parameters
    ----------
    name : str
        Of the class.
    raw, calibrated : mapping
        ``bins`` of the bare scores and of the probabilities; either may be empty.
    """
    chart = Chart.sized(*SIZE, (0.0, 1.0), (0.0, 1.0))
    chart.line([0, 1], [0, 1], "threshold")
    for css, found in (("rest", raw), ("good", calibrated)):
        if found:
            bins = found["bins"]
            chart.dots(bins["mean_probability"], bins["rate"], f"{css} bin")
    chart.axes("mean probability", "part that is", x_ticks=PARTS, y_ticks=PARTS)
    errors = [
        f"{words} {found['expected_calibration_error']:.3f}"
        for words, found in (("of scores", raw), ("of probabilities", calibrated))
        if found
    ]
    return chart.render(f"Reliability diagram of {name}; calibration error {', '.join(errors)}")


def cut_chart(name: str, curve: Mapping[str, Sequence[float]], n_positive: int) -> str:
    """Draw precision and recall of the rows above a cut on the score.

    Parameters
    ----------
    curve : mapping
        Numbers of true and false positives above each cut.
    n_positive : int
        At least 1.
    """
    cut, hits = np.array(curve["cut"]), np.array(curve["true_positives"], dtype=float)
    called = hits + np.array(curve["false_positives"])
    some = called > 0
    chart = Chart.sized(*SIZE, (0.0, 1.0), (0.0, 1.0))
    chart.line(cut, hits / n_positive, "recall-line")
    chart.line(cut[some], hits[some] / called[some], "precision-line")
    chart.axes("score above", "", x_ticks=PARTS, y_ticks=PARTS)
    return chart.render(f"Precision and recall of {name} against the cut on the score")


def precision_recall_chart(
    name: str, curve: Mapping[str, Sequence[float]], n_positive: int, average: float | None
) -> str:
    """Draw precision against recall; the level line is the part of positive rows."""
    hits = np.array(curve["true_positives"], dtype=float)
    false = np.array(curve["false_positives"], dtype=float)
    some = hits + false > 0
    chart = Chart.sized(*SIZE, (0.0, 1.0), (0.0, 1.0))
    chart.line(hits[some] / n_positive, hits[some] / (hits + false)[some], "precision-line")
    chart.axes("recall", "precision", x_ticks=PARTS, y_ticks=PARTS)
    told = "" if average is None else f", average precision {average:.3f}"
    return chart.render(f"Precision against recall of {name}{told}")


def agreement_chart(
    points: Sequence[tuple[str, float, float]], figure: str, pair: tuple[str, str]
) -> str:
    """Draw a figure of one algorithm against that of the other, a point per class.

    Parameters
    ----------
    points : sequence of (class, first, second)
    pair : tuple of str
        What the algorithms are called.
    figure : str
        What is drawn, such as ``recall``.
    """
    chart = Chart.sized(330, 300, (0.0, 1.0), (0.0, 1.0))
    chart.line([0, 1], [0, 1], "threshold")
    chart.dots([x for _, x, _ in points], [y for _, _, y in points], "member")
    for name, x, y in points:
        chart.text(float(chart.x(x)) + 5, float(chart.y(y)) + 3, name, "tick")
    first, second = pair
    chart.axes(f"{first} {figure}", f"{second} {figure}", x_ticks=PARTS, y_ticks=PARTS)
    return chart.render(f"{second} {figure} against {first} {figure} of {len(points)} classes")


def loss_chart(name: str, history: Mapping[str, Sequence[float]], best_epoch: int) -> str:
    """Draw the losses of a training by epoch, and the epoch whose weights were kept."""
    losses = {part: list(history[part]) for part in ("loss", "val_loss")}
    top = max(max(values) for values in losses.values())
    epochs = np.arange(1, len(losses["loss"]) + 1)
    chart = Chart.sized(*SIZE, (0.0, float(max(len(epochs), 2))), (0.0, top or 1.0))
    chart.line(epochs, losses["loss"], "recall-line")
    chart.line(epochs, losses["val_loss"], "precision-line")
    _, high, _, low = chart.box
    at = float(chart.x(best_epoch))
    chart.add(f'<path class="threshold" d="M{at:.1f},{high:.1f}V{low:.1f}"/>')
    chart.axes("epoch", "loss")
    return chart.render(
        f"Losses of {name} over {len(epochs)} epochs; the weights of epoch {best_epoch} were kept"
    )


def counts_chart(counts: Sequence[tuple[str, int]], label: str) -> str:
    """Draw numbers as bars, one per name, downwards in the order given.

    Parameters
    ----------
    counts : sequence of (name, number)
        At least one.
    label : str
        Of the axis.
    """
    height = 46.0 + 16 * len(counts)
    longest = max(count for _, count in counts)
    chart = Chart.sized(
        620, height, (0.0, 1.05 * longest), (0.0, float(len(counts))), margins=(4, 14, 38, 190)
    )
    left = chart.box[0]
    for row, (name, count) in enumerate(counts):
        y = float(chart.y(len(counts) - row))
        width = float(chart.x(count)) - left
        chart.add(
            f'<rect class="good-fill" x="{left:.1f}" y="{y + 2:.1f}" width="{width:.1f}" '
            'height="11"/>'
        )
        chart.text(left - 5, y + 11.5, name, "tick end")
    chart.axes(label, "", y_ticks=())
    return chart.render(f"Bars of {len(counts)} numbers, {label}, at most {longest}")
