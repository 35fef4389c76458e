"""Figures about predictions and trainings: what is in them, and that mistakes are told."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from scope.cli.main import main
from scope.errors import InputError, MissingColumnError, UsageError
from scope.io import write_parquet
from scope.report import analysis
from scope.report.plots import new_figure, save_figure
from tests.training_sets import training_set


def predictions(algorithm: str, ids: list[int], scores: list[float]) -> pd.DataFrame:
    """Predictions whose positions and periods differ in the last digit between algorithms."""
    jitter = 1e-13 if algorithm == "xgb" else 0.0
    frame = pd.DataFrame(
        {"_id": ids, "ra": 10 + jitter, "period": 1 + jitter, f"e_{algorithm}": scores}
        | {f"ew_{algorithm}": np.array(scores) / 2}
    )
    frame.attrs["made_by"] = "a test"
    return frame


@pytest.fixture
def files(tmp_path: Path) -> tuple[list[Path], list[Path]]:
    """Two fields by networks and, in another order, by trees; one row is in one file only."""
    found: dict[str, list[Path]] = {"dnn": [], "xgb": []}
    for algorithm, field, ids, scores in (
        ("dnn", 1, [1, 2, 3], [0.1, 0.6, 0.95]),
        ("dnn", 2, [4, 5], [0.8, np.nan]),
        ("xgb", 1, [3, 2, 1], [0.9, 0.4, 0.2]),
        ("xgb", 2, [4, 5, 6], [0.55, 0.5, 0.5]),
    ):
        path = tmp_path / f"{algorithm}_{field}.parquet"
        write_parquet(predictions(algorithm, ids, scores), path)
        found[algorithm].append(path)
    return found["dnn"], found["xgb"]


def test_rows_are_matched_by_id_alone(files: tuple[list[Path], list[Path]]) -> None:
    scores = analysis.read_scores(*files)
    assert scores.index.tolist() == [1, 2, 3, 4, 5]
    assert scores["e_xgb"].tolist() == [0.2, 0.4, 0.9, 0.55, 0.5]
    assert analysis.common_classes(scores) == ["e", "ew"]


def test_agreement_counts_what_both_have_scored(files: tuple[list[Path], list[Path]]) -> None:
    scores = analysis.read_scores(*files)
    # by hand, of ids 1 to 4: only id 2 lies on both sides of 0.5, only id 4 of 0.7
    assert analysis.agreement(scores, "e", 0.5) == 3 / 4
    assert analysis.agreement(scores, "e", 0.7) == 3 / 4
    # a score at the threshold is not above it: id 3 has 0.95 and 0.9
    assert analysis.agreement(scores, "e", 0.9) == 3 / 4
    assert analysis.agreement(scores, "e", 0.99) == 1


def test_predictions_that_do_not_fit_are_refused(
    files: tuple[list[Path], list[Path]], tmp_path: Path
) -> None:
    dnn, xgb = files
    with pytest.raises(InputError, match="stands twice in the dnn predictions: 1"):
        analysis.read_scores([*dnn, dnn[0]], xgb)
    with pytest.raises(InputError, match="without a light curve in common"):
        analysis.read_scores(dnn[:1], xgb[1:])
    write_parquet(predictions("dnn", [1], [0.5]).drop(columns="_id"), tmp_path / "no_id.parquet")
    with pytest.raises(MissingColumnError, match="_id"):
        analysis.read_scores([tmp_path / "no_id.parquet"], xgb)
    with pytest.raises(InputError, match=r"'ea'; allowed: e, ew"):
        analysis.select_classes(analysis.read_scores(dnn, xgb), ["e", "ea"])


def bars(figure: Figure) -> dict[str, float]:
    """Name and length of each bar."""
    axes = figure.axes[0]
    names = [text.get_text() for text in axes.get_yticklabels()]
    return {n: p.get_width() for n, p in zip(names, axes.patches, strict=True)}  # type: ignore[attr-defined]


def test_the_histogram_counts_each_score_once(files: tuple[list[Path], list[Path]]) -> None:
    axes = analysis.plot_score_histogram(analysis.read_scores(*files), "e").axes[0]
    heights = np.array([patch.get_height() for patch in axes.patches])  # type: ignore[attr-defined]
    dnn, xgb = heights.reshape(2, 50)
    assert (dnn.sum(), xgb.sum()) == (4, 5)
    assert np.flatnonzero(dnn).tolist() == [5, 30, 40, 47]


def test_the_heat_map_names_its_thresholds(files: tuple[list[Path], list[Path]]) -> None:
    scores = analysis.read_scores(*files)
    figure = analysis.plot_score_heatmap(scores, "e", {"evaluation": 0.5, "label": 0.7})
    title = figure.axes[0].get_title()
    assert "evaluation > 0.5: 75.0% agree" in title
    assert "label > 0.7" in title
    counts = figure.axes[0].images[0].get_array()
    # x is the DNN score: id 3 has 0.95 and, by trees, 0.9
    assert counts is not None
    assert (counts[45, 47], counts.sum()) == (1, 4)
    assert (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()) == ("DNN score", "XGB score")


def test_labels_are_drawn_most_first() -> None:
    found = bars(analysis.plot_label_counts({"e": 5, "ew": 0, "pnp": 9}, {"pnp": "periodic"}))
    assert found == {"pnp (periodic)": 9, "e": 5}


def test_points_have_the_colour_of_the_labels_of_their_class() -> None:
    dnn = {"vnv": {"recall": 0.8}, "e": {"recall": 0.5}, "ea": {"recall": None}, "x": {}}
    xgb = {"e": {"recall": 0.6}, "vnv": {"recall": 0.9}, "ea": {"recall": 0.1}}
    figure = analysis.plot_stats_scatter(dnn, xgb, {"vnv": 100, "e": 10, "ea": 7}, "recall")
    _, points = figure.axes[0].collections
    assert np.asarray(points.get_offsets()).tolist() == [[0.8, 0.9], [0.5, 0.6]]
    assert np.asarray(points.get_array()).tolist() == [100, 10]
    assert "1 classes have no recall" in figure.axes[0].get_title()
    with pytest.raises(InputError, match="'precision'; allowed: recall"):
        analysis.plot_stats_scatter(dnn, xgb, {}, "precision")


def test_top_features_are_counted_over_classes() -> None:
    importances = {
        "e": {"iqr": 3.0, "period": 9.0, "ad": 1.0, "sw": 0.5},
        "ew": {"period": 2.0, "skew": 1.0},
    }
    counted = analysis.top_features(importances, 2)
    assert counted == Counter({"period": 2, "iqr": 1, "skew": 1})
    assert bars(analysis.plot_top_features(counted, 2)) == {"period": 2, "iqr": 1, "skew": 1}


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_a_figure_is_the_same_bytes_again(tmp_path: Path, suffix: str) -> None:
    for name in ("a", "b"):
        figure, axes = new_figure(2, 2)
        axes.plot([0, 1], [1, 0])
        save_figure(figure, tmp_path / f"{name}{suffix}")
    first, second = ((tmp_path / f"{name}{suffix}").read_bytes() for name in ("a", "b"))
    assert first == second
    with pytest.raises(UsageError, match="format of a figure"):
        save_figure(figure, tmp_path / "c.gif")


def test_the_commands_draw_all_figures(
    files: tuple[list[Path], list[Path]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    dnn, xgb = (list(map(str, paths)) for paths in files)
    assert main(["plot-predictions", "--dnn", *dnn, "--xgb", *xgb, "--classes", "e"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("5 light curves")
    for name in ("label > 0.7", "evaluation > 0.5", "posting > 0.7", "sampling > 0.9"):
        assert name in shown[1]
    assert shown[2].split() == ["e", "0.750", "0.750", "0.750", "0.750"]
    for folder in ("dnn_revised_stats", "xgb_revised_stats", "xgb_feature_importances"):
        (tmp_path / folder).mkdir()
        content = {"iqr": 1.0} if "imp" in folder else {"precision": 0.5, "recall": 0.5}
        (tmp_path / folder / "e.json").write_text(json.dumps(content))
    assert main(["plot-training-stats", "--path-dataset", str(training_set())]) == 0
    names = {path.name for path in (tmp_path / "plots").iterdir()}
    assert names == {
        *("e.scores.png", "e.dnn_xgb.png", "label_counts.png", "precision.png", "recall.png"),
        "feature_importance.png",
    }
