"""What the report of a target says beside its counts; expected values are worked out by hand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from scope.io import read_metadata, read_table, write_table
from scope.report import expected, plot_report
from scope.report.figures import PeriodAmplitude
from scope.report.links import star_links
from scope.report.page import Section, assemble
from tests.report import fakes

CLASSES = {"vnv": "variable", "ea": "EA"}
THRESHOLDS = {"label": 0.7}
FOUR: dict[str, list[Any]] = {
    "_id": [1, 2, 3, 4],
    "ra": [10.0, 11.0, 12.0, 13.0],
    "imputed": [1, 3, 0, 0],
    "reason": [None, None, None, "too_few_epochs"],
    "vnv_dnn": [0.9, 0.8, 0.2, None],
    "vnv_xgb": [0.8, 0.9, 0.1, None],
    "ea_dnn": [0.9, 0.9, 0.1, None],
    "ea_xgb": [0.9, 0.2, 0.3, None],
    "vnv_p": [0.75, 0.5, 0.25, None],
    "ea_p": [0.5, 0.125, 0.0, None],
}
ESTIMATED = {"prevalence": 0.5, "prevalence_from": "estimated", "prevalence_interval": [0.2, 0.7]}
TRAINING = {"prevalence": 0.1, "prevalence_from": "training", "prevalence_why": "a list"}
CHECKED = {
    "passed": True,
    "failed": [],
    "rows": {},
    "limits": {"threshold": 0.7, "share": {}, "sum": 0.01},
    "classes": {},
}
RECORD = {
    "probabilities": {"classes": {"vnv": ESTIMATED, "ea": TRAINING}, "rows": 30, "tree": {}},
    "field_check": CHECKED,
    "imputable": ["AllWISE__w1mpro", "n_ztf_alerts"],
    "bundle": {"dnn": {"group": "best"}, "xgb": {"group": "best"}},
}


def page_of(
    folder: Path,
    columns: dict[str, list[Any]],
    record: dict[str, Any],
    names: list[str | None] | None = None,
    features: list[Path] | None = None,
) -> str:
    catalog = fakes.write_catalog(folder / "ids_mine.parquet", columns)
    table, facts = read_table(catalog), {**read_metadata(catalog), **record}
    if names is not None:
        table = table.append_column("obj_id", pa.array(names, pa.string()))
    write_table(table, catalog, facts)
    output = folder / "page.html"
    plot_report(catalog, features or [], [], output, thresholds=THRESHOLDS, classes=CLASSES)
    return output.read_text()


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html[html.index("<body>") :]).split())


def test_labels_are_counted_by_light_curve(tmp_path: Path) -> None:
    # Rows 1 and 2 have a label by both; row 1 has two of them.
    assert "Labelled 2 light curves with a class" in text_of(page_of(tmp_path, FOUR, RECORD))


def test_the_page_leads_with_trust_then_what_is_here_and_ends_with_what_models_are_for(
    tmp_path: Path,
) -> None:
    page = page_of(tmp_path, FOUR, RECORD)
    marks = ['class="check', 'id="here"', "Coverage: light curves", "<nav", "both of either"]
    places = [page.index(mark) for mark in marks]
    assert places == sorted(places)
    # Tables for those who develop models, and long ones, are closed until they are asked for.
    closed = re.sub(r"<details>.*?</details>", "", page[page.index("<nav") :], flags=re.S)
    assert "<table" not in closed


def test_a_long_list_of_classes_is_folded_after_the_most_frequent(tmp_path: Path) -> None:
    tags = [f"c{number}" for number in range(12)]
    lines = [(float(number), (tag, tag, str(number))) for number, tag in enumerate(tags)]
    html = expected._folded("Classes", ("class", "tag", "n"), lines)
    shown, _, rest = html.partition("<details>")
    assert re.findall(r">(c\d+)</th>", shown) == tags[:3:-1]
    assert "4 more classes" in rest
    assert re.findall(r">(c\d+)</th>", rest) == tags[3::-1]


def test_expected_numbers_are_sums_with_the_interval_of_the_frequency(tmp_path: Path) -> None:
    text = text_of(page_of(tmp_path, FOUR, RECORD))
    # 0.75 + 0.5 + 0.25, and 0.2 and 0.7 of 30 rows; two mean scores reach 0.7.
    assert "variable vnv 1.5 6.0 to 21 2 estimated" in text
    assert "No number to expect for EA: frequency of the training set" in text


def test_classes_without_a_number_for_one_reason_stand_together(tmp_path: Path) -> None:
    why = {"prevalence_from": "training", "prevalence_why": "scores unlike training (distance {})"}
    classes = {
        tag: {**why, "prevalence_why": why["prevalence_why"].format(far)}
        for tag, far in (("vnv", 0.3), ("ea", 0.2))
    }
    record = {**RECORD, "probabilities": {**RECORD["probabilities"], "classes": classes}}
    text = text_of(page_of(tmp_path, FOUR, record))
    assert text.count("No number to expect for") == 1
    assert "No number to expect for variable, EA: frequency of the training set" in text


def test_a_sum_where_nothing_is_leaves_no_number_and_fails_nothing(tmp_path: Path) -> None:
    check = {**CHECKED, "uncounted": ["vnv"], "limits": {"threshold": 0.7, "sum": 0.005}}
    text = text_of(page_of(tmp_path, FOUR, {**RECORD, "field_check": check}))
    assert "find next to nothing where there is nothing" in text
    assert "Small probabilities of vnv add up all the same" in text
    assert "still add up to more than 0.5 % of the light curves" in text
    assert "6.0 to 21" not in text


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({"field_check": {**CHECKED, "passed": False}}, "in which nothing can be found"),
        ({"field_check": None}, "no shuffled light curves were scored"),
        ({"probabilities": {}}, "scores only"),
    ],
)
def test_without_a_passed_check_no_probability_is_shown(
    tmp_path: Path, record: dict[str, Any], why: str
) -> None:
    text = text_of(page_of(tmp_path, FOUR, {**RECORD, **record}))
    assert re.search(f"to expect is not said: [^.]*{why}", text)
    assert re.search(f"Probabilities are not shown: [^.]*{why}", text)
    assert "probability 0.750" not in text
    assert "probability 0.750" in text_of(page_of(tmp_path, FOUR, RECORD))


def banner_of(page: str) -> str:
    found = re.search(r'<div class="check warned".*?</div>', page, re.S)
    return "" if found is None else re.sub(r"<[^>]+>", "", found[0])


def test_the_first_screen_has_no_banner_without_cause(tmp_path: Path) -> None:
    rare = {**FOUR, "vnv_dnn": [0.9, 0.1, 0.2, None], "ea_xgb": [0.9, 0.1, 0.3, None]}
    rare["vnv_xgb"] = [0.9, 0.1, 0.1, None]
    rare["ea_dnn"] = [0.1, 0.1, 0.1, None]
    assert banner_of(page_of(tmp_path, rare, RECORD)) == ""


def test_the_first_screen_warns_of_a_class_with_more_than_half_of_the_rows(tmp_path: Path) -> None:
    # Mean scores of vnv: 0.85, 0.85 of three; of ea only 0.9.
    found = banner_of(page_of(tmp_path, FOUR, RECORD))
    assert "variable (2, 66.7 %)" in found
    assert "EA" not in found


def test_the_first_screen_warns_of_rows_that_are_all_filled_in(tmp_path: Path) -> None:
    page = page_of(tmp_path, {**FOUR, "imputed": [1, 3, 1, 0]}, RECORD)
    assert "Every classified light curve has features that were missing" in banner_of(page)
    # Bit 0 in three rows, bit 1 in one; the row without scores does not count.
    assert "AllWISE__w1mpro 3 100 % n_ztf_alerts 1 33.3 %" in text_of(page)


def test_models_that_were_trained_apart_have_a_bitmask_each(tmp_path: Path) -> None:
    catalog = fakes.write_catalog(tmp_path / "ids_mine.parquet", FOUR)
    table = read_table(catalog).drop_columns(["imputed"])
    for name, values in (("dnn", [1, 0, 0, 0]), ("xgb", [0, 2, 0, 0])):
        table = table.append_column(f"imputed_{name}", pa.array(values, pa.uint64()))
        table = table.append_column(f"provenance_{name}", pa.array([0] * 4, pa.int32()))
    names = {"dnn": ["skew"], "xgb": ["skew", "n_ztf_alerts"]}
    write_table(table, catalog, {**read_metadata(catalog), **RECORD, "imputable": names})
    output = tmp_path / "page.html"
    plot_report(catalog, [], [], output, thresholds=THRESHOLDS, classes=CLASSES)
    text = text_of(output.read_text())
    assert "2 of the classified light curves" in text
    assert "n_ztf_alerts 1 33.3 % skew 1 33.3 %" in text
    assert "provenance, imputed" not in text


def test_the_first_screen_warns_of_starters_and_of_nothing_classified(tmp_path: Path) -> None:
    starters = {"bundle": {"dnn": {"group": "starter"}, "xgb": {"group": "best"}}}
    assert "Starter models (DNN) made" in banner_of(page_of(tmp_path, FOUR, {**RECORD, **starters}))
    nothing = {name: values for name, values in FOUR.items() if "_" not in name or name == "_id"}
    nothing["reason"] = ["too_few_epochs"] * 4
    for name in ("vnv_dnn", "vnv_xgb"):
        nothing[name] = [None] * 4
    found = banner_of(page_of(tmp_path, nothing, RECORD))
    assert "No light curve was classified, most often because of too_few_epochs" in found


def test_tables_that_are_missing_are_named(tmp_path: Path) -> None:
    path = fakes.write_features(
        tmp_path / "f.parquet", [1, 2, 3, 4], [1] * 4, [17.0] * 4, [0.1] * 4
    )
    table = read_table(path)
    for name in ("AllWISE", "Gaia_EDR3", "PS1_DR1", "ZTF_alerts"):
        table = table.append_column(f"{name}__searched", pa.array([name == "Gaia_EDR3"] * 4))
    table = table.append_column("Gaia_EDR3___id", pa.array([5, None, 6, 7], pa.int64()))
    write_table(table, path, read_metadata(path))
    page = page_of(tmp_path, FOUR, RECORD, features=[path])
    assert "No table of AllWISE and PS1_DR1 and ZTF alerts" in banner_of(page)
    assert "Gaia_EDR3 yes 4 3 75.0 %" in text_of(page)


def test_lists_show_the_names_that_they_came_with(tmp_path: Path) -> None:
    page = page_of(tmp_path, FOUR, RECORD, names=["<b>mine", None, "theirs", "x"])
    assert "<strong>&lt;b&gt;mine</strong>" in page
    assert "<b>mine" not in page
    assert "<strong>2</strong>" in page


def test_links_are_of_the_position_and_of_the_ids() -> None:
    # The example of the SNAD viewer's own documents, and a Gaia source.
    links = star_links(247.45543, 24.77282, {"_id": 633207400004730, "Gaia_EDR3___id": 77})
    assert links["SNAD"] == "https://ztf.snad.space/view/633207400004730"
    assert links["Gaia"].endswith("&Source=77")
    assert "Coord=247.455430%20%2B24.772820&" in links["SIMBAD"]
    assert "ra=247.455430&dec=24.772820&" in links["ALeRCE"]
    south = star_links(10.0, -5.0, {"_id": 1})
    assert "10.000000%20-5.000000" in south["Gaia"]
    assert "search/" in south["SNAD"]
    assert star_links(float("nan"), 1.0, {"_id": 1}) == {}


def test_simulated_stars_have_no_links(tmp_path: Path) -> None:
    page = page_of(tmp_path, FOUR, {**RECORD, "simulation": {"seed": 1}})
    assert "https://" not in page[page.index("<body>") :]


def test_the_record_is_folded_with_a_line_per_class(tmp_path: Path) -> None:
    part = page_of(tmp_path, FOUR, {**RECORD, "config_hash": "ab" * 100})
    part = part[part.index('<section id="provenance"') :]
    assert not re.sub(r"<details>.*</details>", "", part, flags=re.S).count("<tr>")
    assert part.count("0.2 to 0.7") == 1
    assert "<summary>200 characters</summary>" in part


def test_every_point_of_a_background_is_drawn_in_the_panels_of_the_classes(tmp_path: Path) -> None:
    """Styles that need an svg around them do not reach into <use>: looked at in a browser."""
    if os.environ.get("SCOPE_NO_CHROMIUM") == "1":
        pytest.skip("SCOPE_NO_CHROMIUM=1")
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    assert browser, "no chromium: apt-get install chromium, or leave out with SCOPE_NO_CHROMIUM=1"
    rng = np.random.default_rng(1)
    diagram = PeriodAmplitude(10 ** rng.uniform(0, 2, 3000), 10 ** rng.uniform(-1, 1, 3000))
    none = np.empty(0)
    shades = []
    for name, background in (("with", diagram.background()), ("without", "")):
        body = background + diagram.class_chart("EA", none, none)
        page = tmp_path / f"{name}.html"
        page.write_text(assemble("t", "", [], [Section("a", "b", body)], {}))
        picture = tmp_path / f"{name}.png"
        flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
        flags += "--disable-background-networking --disable-component-update --disable-sync"
        subprocess.run(
            [
                browser,
                *flags.split(),
                f"--user-data-dir={tmp_path / 'profile'}",
                "--window-size=700,700",
                f"--screenshot={picture}",
                page.as_uri(),
            ],
            check=True,
            timeout=120,
            capture_output=True,
        )
        from matplotlib.image import imread

        shades.append(imread(picture)[..., :3].mean(axis=2))
    assert (np.abs(shades[0] - shades[1]) > 0.05).mean() > 0.01
