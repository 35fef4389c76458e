"""The snippets of SCoPe's documents, as printed, on small data.

Where a printed snippet is wrong (a class whose name begins another one's, labels counted by
how columns are called, counts by label and figures by tag), its right form is in
`scope.report.analysis`; tests/report/test_analysis.py has those.
"""

from __future__ import annotations

import json
import pathlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import matplotlib
import pytest

matplotlib.use("agg")

import glob

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from scope.cli.main import main
from scope.config import load_config
from scope.report.analysis import agreement, read_scores
from tests.catalog.test_publish import write_predictions
from tests.training_sets import training_set

FIELDS = (487, 563, 777)


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Predictions of three fields and a training set where the documents look for them."""
    folder = tmp_path_factory.mktemp("run")
    for number, field in enumerate(FIELDS):
        for algorithm in ("dnn", "xgb"):
            scratch = folder / f"scratch_{field}"
            scratch.mkdir(exist_ok=True)
            found = write_predictions(scratch, algorithm, n=60 + 30 * number)
            place = folder / f"preds_{algorithm}/field_{field}/field_{field}.parquet"
            place.parent.mkdir(parents=True)
            found.rename(place)
            _shift_ids(place, 1000 * number)
    (folder / "fritzDownload").mkdir()
    (folder / "fritzDownload/training_set.parquet").write_bytes(training_set().read_bytes())
    return folder


def _shift_ids(path: pathlib.Path, by: int) -> None:
    """Give the light curves of a field ids of their own."""
    from scope.utils import read_parquet, write_parquet

    frame = read_parquet(path)
    frame["_id"] += by
    write_parquet(frame, path)


@pytest.fixture
def here(run_folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pathlib.Path]:
    monkeypatch.chdir(run_folder)
    yield run_folder
    plt.close("all")


def documented_frames() -> tuple[Any, Any, Any]:
    """Predictions of both algorithms and their join, as the documents make them."""
    from scope.utils import read_parquet

    field_list = [487, 563, 777]
    path_to_dnn_preds = "preds_dnn"
    path_to_xgb_preds = "preds_xgb"
    dnn_frames, xgb_frames = [], []
    for field in field_list:
        dnn_frames.append(read_parquet(f"{path_to_dnn_preds}/field_{field}/field_{field}.parquet"))
        xgb_frames.append(read_parquet(f"{path_to_xgb_preds}/field_{field}/field_{field}.parquet"))
    field_preds_dnn = pd.concat(dnn_frames)
    field_preds_xgb = pd.concat(xgb_frames)
    merge_cols = ["_id", "Gaia_EDR3___id", "AllWISE___id", "PS1_DR1___id"]
    merge_cols += ["ra", "dec", "period", "field", "ccd", "quad", "filter"]
    dnn_xgb_preds = pd.merge(field_preds_dnn, field_preds_xgb, on=merge_cols)
    return field_preds_dnn, field_preds_xgb, dnn_xgb_preds


def test_predictions_are_read_as_printed(
    here: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pathlib.Path, "home", lambda: here)
    (here / "scope").mkdir(exist_ok=True)
    place = here / "scope/preds_xgb/field_297"
    place.mkdir(parents=True)
    source = here / "preds_xgb/field_487/field_487.parquet"
    (place / "field_297.parquet").write_bytes(source.read_bytes())

    path_preds = pathlib.Path.home() / "scope/preds_xgb/field_297/field_297.parquet"
    from scope.utils import read_parquet

    preds = read_parquet(path_preds)
    assert len(preds) == 60
    assert preds.attrs["stages"]["preds"] >= 1


def test_both_algorithms_are_joined_and_compared_as_printed(here: pathlib.Path) -> None:
    field_preds_dnn, field_preds_xgb, dnn_xgb_preds = documented_frames()
    assert len(field_preds_dnn) == len(field_preds_xgb) == len(dnn_xgb_preds) == 60 + 90 + 120
    # One line more than printed: these files have every light curve, also those without scores.
    dnn_xgb_preds = dnn_xgb_preds[dnn_xgb_preds["reason_x"].isna()]
    assert len(dnn_xgb_preds) == 180

    def hist_plot(classif: str) -> Any:
        fig, ax = plt.subplots()
        ax.hist(field_preds_dnn[classif + "_dnn"], bins=50, alpha=0.5, label="DNN")
        ax.hist(field_preds_xgb[classif + "_xgb"], bins=50, alpha=0.5, label="XGB")
        ax.set_xlabel("Score")
        ax.set_ylabel("Count")
        ax.set_title(classif)
        ax.legend()
        return fig

    def heatmap(classif: str) -> Any:
        dnn_scores = dnn_xgb_preds[classif + "_dnn"]
        xgb_scores = dnn_xgb_preds[classif + "_xgb"]
        fig, ax = plt.subplots()
        h = ax.hist2d(dnn_scores, xgb_scores, bins=50, cmap="viridis")
        plt.colorbar(h[3], ax=ax)
        ax.set_xlabel("DNN")
        ax.set_ylabel("XGB")
        ax.set_title(classif)
        thresh = 0.5
        agree = np.mean((dnn_scores > thresh) == (xgb_scores > thresh))
        return fig, agree

    assert hist_plot("ea").axes[0].get_title() == "ea"
    _, agree = heatmap("ea")
    files = [[f"preds_{a}/field_{f}/field_{f}.parquet" for f in FIELDS] for a in ("dnn", "xgb")]
    assert agree == pytest.approx(agreement(read_scores(*files), "ea", 0.5))


def test_labels_figures_and_importances_are_drawn_as_documented(here: pathlib.Path) -> None:
    common = ["--path_dataset=fritzDownload/training_set.parquet", "--group=trained", "--save"]
    argv = ["train", "--tag", "vnv", "e", "ea", *common, "--algorithm=xgb"]
    assert main([*argv, "--calibrate=false"]) == 0
    # Networks take long to train: these trees stand in for them.
    dnn = pathlib.Path("dnn_revised_stats")
    assert main(["assemble_training_stats", "--algorithm", "xgb", "--group", "trained"]) == 0
    dnn.mkdir()
    for path in pathlib.Path("xgb_revised_stats").iterdir():
        (dnn / path.name).write_text(path.read_text())

    from scope.utils import read_parquet

    training_set = read_parquet("fritzDownload/training_set.parquet")
    threshold = 0.7
    labels = load_config().class_labels()
    # As printed, but for what counts: columns of labels, by class, and not by their first letters.
    counts = {
        tag: (training_set[label] >= threshold).sum()
        for tag, label in labels.items()
        if label in training_set
    }
    counts_df = pd.DataFrame.from_dict(counts, orient="index", columns=["count"])
    counts_df = counts_df.sort_values("count", ascending=False)
    assert counts_df.loc["pnp", "count"] > 0

    classifications = ["e", "ea", "vnv"]

    def load_stats(pattern: str) -> Any:
        stats = {}
        for classif in classifications:
            files = glob.glob(pattern.format(classif=classif))
            if files:
                with open(files[0]) as f:
                    stats[classif] = json.load(f)
        return pd.DataFrame.from_dict(stats, orient="index")

    # As printed, but for the dot: e is no beginning of ea then.
    stats_dnn = load_stats("dnn_revised_stats/{classif}.*json")
    stats_xgb = load_stats("xgb_revised_stats/{classif}.*json")
    assert stats_xgb["class"].tolist() == classifications

    fig, ax = plt.subplots(figsize=(6, 5))
    ax.plot([0, 1], [0, 1], linestyle="--", color="black")
    ax.scatter(
        stats_dnn["recall"],
        stats_xgb["recall"],
        c=counts_df.reindex(stats_dnn.index)["count"],
        cmap="viridis",
        edgecolors="k",
    )
    plt.colorbar(ax.collections[0], label="Positive examples")
    assert np.isfinite(ax.collections[0].get_array().astype(float)).all()

    top_n = 3
    top_features: list[str] = []
    for classif in classifications:
        files = glob.glob(f"xgb_feature_importances/{classif}.*json")
        if not files:
            continue
        with open(files[0]) as f:
            importance = json.load(f)
        features = sorted(importance, key=importance.get, reverse=True)[:top_n]
        top_features.extend(features)
    feature_counts = Counter(top_features)
    names, freqs = zip(*feature_counts.most_common(20), strict=True)
    fig, ax = plt.subplots(figsize=(10, 8))
    ax.barh(names, freqs, color="navy")
    # variability is put into this feature, and the two others follow from it and the period
    assert names[0] in ("iqr", "period_LS_BIC")
    assert sum(freqs) == 9
    assert fig.axes
