"""The report of a target: counts worked out by hand, odd catalogues, and a look in a browser."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from scope.io import read_metadata, read_table, write_table
from scope.report import plot_report
from scope.report.fetch_examples import best_examples
from scope.report.tally import tally_catalog
from tests.report import fakes

CLASSES = {"vnv": "variable", "ea": "EA"}
THRESHOLDS = {"label": 0.7, "evaluation": 0.5}
SIX = {
    "_id": [1, 2, 3, 4, 5, 6],
    "ra": [359.9, 0.1, 0.2, 0.3, 0.4, 0.5],
    "filter": [1, 1, 2, 2, 2, 2],
    "reason": [None, None, None, None, "too_few_epochs", "bright_star"],
    "imputed": [0, 3, 0, 1, 0, 0],
    "n_epochs": [60, 70, 80, 90, 10, 20],
    "vnv_dnn": [0.9, 0.7, 0.2, 0.6, None, None],
    "vnv_xgb": [0.8, 0.4, 0.1, 0.9, None, None],
    "ea_dnn": [0.1, 0.1, 0.1, 0.95, None, None],
    "ea_xgb": [0.2, 0.2, 0.3, 1.0, None, None],
}


def page_of(folder: Path, columns: dict[str, list[object]]) -> str:
    """Draw the report of a catalogue and return its text."""
    catalog = fakes.write_catalog(folder / "field_250.parquet", columns)
    plot_report(catalog, [], [], folder / "page.html", thresholds=THRESHOLDS, classes=CLASSES)
    return (folder / "page.html").read_text()


def test_rows_are_counted_as_by_hand(tmp_path: Path) -> None:
    tally = tally_catalog(fakes.write_catalog(tmp_path / "c.parquet", SIX), CLASSES, THRESHOLDS)
    assert (tally.rows, tally.classified, tally.imputed) == (6, 4, 2)
    assert tally.reasons == {"too_few_epochs": 1, "bright_star": 1}
    assert tally.median_epochs == 75.0


def test_classes_are_counted_as_by_hand(tmp_path: Path) -> None:
    tally = tally_catalog(fakes.write_catalog(tmp_path / "c.parquet", SIX), CLASSES, THRESHOLDS)
    variable = tally.classes["vnv"].at["label"]
    # DNN: 0.9 and 0.7 reach 0.7; XGB: 0.8 and 0.9. Both: row 1. Alike: rows 1 and 3.
    assert variable.reached == {"dnn": 2, "xgb": 2}
    assert (variable.both, variable.either, variable.same_side) == (1, 3, 2)
    half = tally.classes["vnv"].at["evaluation"]
    assert (half.both, half.either, half.same_side) == (2, 3, 3)
    assert tally.classes["vnv"].compared == 4


def test_histograms_are_those_of_numpy(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    scores = rng.random(9000).astype(np.float32)
    columns = {"_id": np.arange(9000), "vnv_dnn": scores, "vnv_xgb": scores[::-1]}
    path = fakes.write_catalog(tmp_path / "c.parquet", columns)
    found = tally_catalog(path, {"vnv": "variable"}, THRESHOLDS).classes["vnv"]
    # Away from the edges of bins, where the rounding of either side may differ.
    expected, _ = np.histogram(scores.astype(float), bins=50, range=(0, 1))
    assert np.abs(found.histograms["dnn"] - expected).max() <= 1
    assert found.histograms["dnn"].sum() == found.planes["dnn", "xgb"].sum() == 9000


def test_the_best_examples_have_the_highest_mean_score_one_per_star(tmp_path: Path) -> None:
    path = fakes.write_catalog(tmp_path / "c.parquet", SIX)
    assert [example.id for example in best_examples(path)["vnv"]] == [1, 4, 2]
    same_star = {**SIX, "ra": [10.0] * 6}
    path = fakes.write_catalog(tmp_path / "d.parquet", same_star)
    assert [example.id for example in best_examples(path)["vnv"]] == [1]


def test_the_page_is_the_same_twice_and_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    first, second = (page_of(tmp_path / name, SIX) for name in ("one", "two"))
    assert first == second
    assert str(tmp_path) not in first
    # Links out are followed by people only: everything that a browser loads is inside.
    assert not re.search(r"""(src|<use href|<image[^>]* href)=["'](?!#|data:)""", first)
    assert not re.search("<(script|link|iframe|img|object|embed)|url[(]|@import", first)
    links = re.findall(r"""<a href=["'](?!#)([^"']*)["']([^>]*)>""", first)
    assert links
    assert all(url.startswith("https://") for url, _ in links)
    assert all('rel="noreferrer noopener"' in rest for _, rest in links)


def test_numbers_stand_on_the_page(tmp_path: Path) -> None:
    text = re.sub(r"<[^>]+>", " ", page_of(tmp_path, SIX))
    assert "4 of 6 light curves" in " ".join(text.split())
    assert "too_few_epochs" in text


@pytest.mark.parametrize(
    "columns",
    [
        {name: [] for name in SIX},
        {**SIX, **{name: [None] * 6 for name in SIX if "_dnn" in name or "_xgb" in name}},
        {**SIX, "vnv_dnn": [None] * 6, "ea_dnn": [None] * 6},
        {name: values for name, values in SIX.items() if not name.startswith("ea_")},
    ],
    ids=["no rows", "no scores", "one algorithm", "one class"],
)
def test_odd_catalogues_have_a_page_too(tmp_path: Path, columns: dict[str, list[object]]) -> None:
    assert "</html>" in page_of(tmp_path, columns)


def test_a_page_of_many_light_curves_stays_small(tmp_path: Path) -> None:
    catalog, features, curves = fakes.invent_field(tmp_path, 3000)
    plot_report(
        catalog,
        features,
        curves,
        tmp_path / "page.html",
        thresholds=fakes.THRESHOLDS,
        classes=fakes.CLASSES,
    )
    assert 200_000 < (tmp_path / "page.html").stat().st_size < 5_000_000


def test_a_browser_shows_the_page(tmp_path: Path) -> None:
    if os.environ.get("SCOPE_NO_CHROMIUM") == "1":
        pytest.skip("SCOPE_NO_CHROMIUM=1")
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    assert browser, "no chromium: apt-get install chromium, or leave out with SCOPE_NO_CHROMIUM=1"
    page_of(tmp_path, SIX)
    picture = tmp_path / "page.png"
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    flags += "--disable-background-networking --disable-component-update --disable-sync"
    subprocess.run(
        [
            browser,
            *flags.split(),
            f"--user-data-dir={tmp_path / 'profile'}",
            "--window-size=1280,2000",
            f"--screenshot={picture}",
            (tmp_path / "page.html").as_uri(),
        ],
        check=True,
        timeout=120,
        capture_output=True,
    )
    from matplotlib.image import imread

    pixels = imread(picture)
    assert pixels.shape[:2] == (2000, 1280)
    # Text and lines on a light ground: neither blank nor an error page of one colour.
    dark = (pixels[..., :3].mean(axis=2) < 0.5).mean()
    assert 0.005 < dark < 0.5


def _check(passed: bool, null: int) -> dict[str, object]:
    line = {"threshold": 0.7, "real": 3, "null": null, "share": null / 50, "highest_share": 0.5}
    columns = {"vnv_p": {"above": [{**line, "false_discovery_rate": 0.25}], "sum_share": 0.1}}
    return {
        "passed": passed,
        "failed": [] if passed else ["vnv"],
        "rows": {"real": 4, "shuffled": 50, "white_noise": 50},
        "limits": {"threshold": 0.7, "share": {}, "sum": 0.01},
        "classes": {"vnv": {"null": "white_noise", "passed": passed, "columns": columns}},
    }


@pytest.mark.parametrize(("passed", "null"), [(True, 0), (False, 20)])
def test_the_first_screen_says_what_is_found_where_nothing_is(
    tmp_path: Path, passed: bool, null: int
) -> None:
    catalog = fakes.write_catalog(tmp_path / "field_250.parquet", SIX)
    table = read_table(catalog)
    facts = {**read_metadata(catalog), "field_check": _check(passed, null)}
    write_table(table, catalog, facts)
    plot_report(catalog, [], [], tmp_path / "p.html", thresholds=THRESHOLDS, classes=CLASSES)
    page = (tmp_path / "p.html").read_text()
    head = page[page.index("<header>") : page.index("<nav")]
    assert ('class="check failed"' in head) is not passed
    assert f'{null} <span class="of">of 50</span>' in head
    assert ("fails" in head) is not passed
    # The table of classes has the same rates; its evaluation threshold was not counted.
    assert "<td>25.0 %</td>" in page[page.index('id="classes"') :]


def test_a_catalogue_without_the_check_says_so(tmp_path: Path) -> None:
    assert "Nothing says whether" in page_of(tmp_path, SIX)
