"""The page about trained models against the figures that it shows."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from scope.cli.main import main
from scope.errors import BundleError
from scope.report import bundle_charts as charts
from scope.report.plot_bundle import plot_bundle
from scope.tasks.variables.training.fuse import fuse
from tests.small_models import small_bundle, small_scores, small_training_set, train

LABELS = {"low": "low period", "red": "red <star>"}
VOID = {"meta", "path", "rect", "polyline", "line", "image", "use", "br"}


class Page(HTMLParser):
    """Elements and text of a page; fails where tags do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.charts: list[str] = []
        self.ids: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "svg":
            self.charts.append(str(values["aria-label"]))
        if "id" in values:
            self.ids.append(str(values["id"]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def page_of(folder: Path, output: Path) -> tuple[Page, str]:
    plot_bundle(folder, output, labels=LABELS)
    text = output.read_text()
    return Page(text), text


@pytest.fixture(scope="module")
def fused(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("models") / "fused" / "small"
    names = ("dnn", "xgb")
    fuse([small_bundle(n) for n in names], [small_scores(n) for n in names], output)
    return output


def test_the_page_shows_the_figures_of_every_class(tmp_path: Path) -> None:
    folder = small_bundle("xgb").folder
    page, _ = page_of(folder, tmp_path / "page.html")
    metrics = json.loads((folder / "metrics.json").read_text())["classes"]
    words = " ".join(page.text)
    for tag, item in metrics.items():
        assert f"class-{tag}" in page.ids
        for figure in (
            item["test"]["average_precision"],
            item["test"]["roc_auc"],
            item["calibrated"]["expected_calibration_error"],
            item["recommended"]["completeness"],
        ):
            assert f"{figure:.3f}" in words
    assert "red <star>" in words
    assert len(page.charts) == 2 * 3 + 2  # three per class, features and numbers of light curves


def test_the_page_stands_alone_and_is_the_same_each_time(tmp_path: Path) -> None:
    folder = small_bundle("dnn").folder
    page, text = page_of(folder, tmp_path / "page.html")
    assert page_of(folder, tmp_path / "again.html")[1] == text
    assert not re.search(r"<script|https?://|src=", text)
    assert str(tmp_path) not in text
    assert sum("Losses of" in chart for chart in page.charts) == 2


def test_the_page_of_a_fusion_compares_it_with_either(tmp_path: Path, fused: Path) -> None:
    page, _ = page_of(fused, tmp_path / "page.html")
    metrics = json.loads((fused / "metrics.json").read_text())["classes"]["red"]
    gain = metrics["test"]["average_precision"] - max(
        metrics["compared"][name]["average_precision"] for name in ("dnn", "xgb")
    )
    assert f"{gain:+.3f}" in " ".join(page.text)
    assert "XGB recall against DNN recall of 2 classes" in page.charts


def test_models_without_calibration_have_a_page_too(tmp_path: Path) -> None:
    bundle = train(small_training_set(), tmp_path / "bare", "xgb", calibration=None)
    page, _ = page_of(bundle.folder, tmp_path / "page.html")
    assert any("calibration error of scores" in chart for chart in page.charts)
    assert "0 with probabilities" in page.text


def test_models_of_another_version_are_refused(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(small_bundle("xgb").folder, tmp_path / "copy"))
    (folder / "metrics.json").write_text('{"classes": {"low": {"test": {}}}}')
    with pytest.raises(BundleError, match="without the figures of this version"):
        plot_bundle(folder, tmp_path / "page.html")
    (folder / "metrics.json").unlink()
    with pytest.raises(BundleError, match=r"metrics\.json cannot be read"):
        plot_bundle(folder, tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_the_command_writes_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "page.html"
    assert main(["plot-bundle", str(small_bundle("xgb").folder), "--output", str(output)]) == 0
    assert capsys.readouterr().out.strip() == str(output)
    assert main(["plot-bundle", str(tmp_path), "--output", str(output)]) == 2
    assert "error: models whose bundle.json cannot be read" in capsys.readouterr().err


def test_bars_are_as_long_as_their_numbers() -> None:
    drawn = charts.counts_chart([("a", 40), ("b", 10)], "things")
    widths = [float(w) for w in re.findall(r'<rect class="good-fill"[^>]* width="([\d.]+)"', drawn)]
    assert widths[0] == pytest.approx(4 * widths[1], rel=0.01)


def test_the_curve_of_precision_leaves_out_cuts_above_all_scores() -> None:
    curve = {"cut": [0.0, 0.5, 0.9], "true_positives": [2, 1, 0], "false_positives": [2, 0, 0]}
    drawn = charts.cut_chart("x", curve, 2)
    lines = re.findall(r'<polyline class="(\w+)-line" points="([^"]+)"', drawn)
    assert {name: len(points.split()) for name, points in lines} == {"recall": 3, "precision": 2}
    assert "NaN" not in drawn
    assert np.isfinite([float(v) for v in re.findall(r"[\d.]+", lines[1][1])]).all()
