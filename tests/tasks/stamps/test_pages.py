"""The page of an image in a real browser, and what votes make of a labelled set."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import numpy as np
import pytest

from scope.active.labels import WITHDRAWN, Label
from scope.active.ledger import Ledger
from scope.checkout import SHIPPED_MODELS
from scope.tasks.stamps.image_folder import ImageFolder
from scope.tasks.stamps.judging import posterior
from scope.tasks.stamps.sets import open_set
from scope.tasks.stamps.truth import make_truth_set
from scope.tasks.stamps.votes import apply_votes
from tests.browser import Browser

from .test_classifier import drawn_set

STARTER = SHIPPED_MODELS / "stamps" / "cnn" / "starter"


@pytest.fixture(scope="module")
def visual(night, tmp_path_factory):
    """An image of the night, scored by the model that is shipped."""
    from gotorb.visualise import ClassifierImageVisual

    source = ImageFolder(night)
    image = source.images(1)[0]
    return ClassifierImageVisual(
        STARTER,
        image.path,
        31,
        exposures=source.exposures(image),
        out_dir=tmp_path_factory.mktemp("pages") / "page",
        image_id=image.image_id,
    )


@pytest.fixture
def browser():
    page = Browser()
    yield page
    page.close()


def column(browser, name):
    """What a column of the table shows, from top to bottom."""
    found = browser.run(
        "JSON.stringify([...document.querySelectorAll('#stars tbody tr')].map(row => row.cells["
        f"[...document.querySelectorAll('#stars thead th')].findIndex(one => one.textContent"
        f".startsWith('{name}'))].textContent))"
    )
    return [float(text.strip("<> ")) for text in json.loads(found)]


def test_the_page_of_an_image_sorts_and_opens_without_a_server(visual, browser):
    page = visual.main()
    n = len(visual.scored.table)
    assert page == visual.out_dir / "index.html"
    assert [path.name for path in visual.out_dir.iterdir()] == ["index.html"]
    browser.go(page.as_uri())
    browser.wait("!!document.documentElement.dataset.ready")
    scores = column(browser, "score")
    assert scores == sorted(scores, reverse=True)
    assert scores == pytest.approx(np.sort(visual.scored.table["score"])[::-1], abs=1e-3)
    for name in ("mag", "realbogus"):
        browser.click(f"[data-sort={name}]")
        values = column(browser, name)
        assert values == sorted(values)
        browser.click(f"[data-sort={name}]")
        assert column(browser, name) == values[::-1]
    # Six layers and three exposures of each, and its posterior.
    assert browser.run("document.querySelectorAll('td.thumbs img').length") == 9 * n
    assert browser.run("document.querySelectorAll('td.thumbs svg.posterior').length") == n
    high = browser.run("document.querySelectorAll('td.grade.high').length")
    table = visual.scored.table[["score", "realbogus", "cnn_realbogus"]]
    assert high == int((table > 0.75).to_numpy().sum())
    browser.click("#stars tbody a")
    browser.wait("document.querySelectorAll('#stamps img').length === 9")
    words = browser.run("document.querySelector('#posterior canvas').getAttribute('aria-label')")
    assert "of the samples above one half" in words
    assert browser.problems == []
    others = [url for url in browser.requests if not url.startswith(("file:", "data:", "about:"))]
    assert others == []


def test_a_page_is_light_and_loads_nothing(visual):
    text = visual.main().read_text()
    assert len(text) < 60_000 + len(visual.scored.table) * 13_000
    assert not re.findall(r'(?:src|href)="(?!data:|#)', text)


def test_candidates_are_those_with_any_score_of_one_half(visual):
    text = visual.marshall_ingest().read_text()
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])
    scores = visual.scored.table[["score", "realbogus", "cnn_realbogus"]].to_numpy()
    expected = np.flatnonzero(scores.max(axis=1) >= 0.5)
    assert 0 < len(expected) < len(scores)
    assert len(data["rows"]["_id"]) == len(expected)
    assert sorted(data["rows"]["score"], reverse=True) == data["rows"]["score"]
    for number, row in zip(
        data["rows"]["_id"], expected[np.argsort(-scores[expected, 0])], strict=True
    ):
        found = data["stars"][f"{data['rows']['target'][0]}/{number}"]["star"]
        highest = np.argmax(found["posterior"]["density"]) / 60
        assert abs(highest - np.median(visual.scored.samples[row])) < 0.15


def test_an_image_is_labelled_on_the_desk_by_r_u_and_b(visual, night, browser, tmp_path):
    """The command's own desk; the votes reach a labelled set of the same image."""
    program = "import sys; from gotorb.visualise import ClassifierImageVisual as V; a = sys.argv\n"
    program += "V(a[1], a[2], out_dir=a[3], image_id=int(a[4])).show(labeller='ann', port=0)"
    image = ImageFolder(night).images(1)[0]
    folder = tmp_path / "image"
    given = [str(STARTER), image.path, str(folder), str(image.image_id)]
    command = [sys.executable, "-u", "-c", program, *given]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            address = next(line for line in process.stdout if "Open " in line).split()[1]
            browser.go(f"{address}#/label")
            browser.wait("!!document.documentElement.dataset.ready")
            seen = ""
            for key in "rub":
                browser.wait(
                    f"(document.querySelector('[data-star]')?.dataset.star ?? '') !== '{seen}'"
                )
                browser.wait("!!document.querySelector('[data-star]') && !LabelView.busy")
                seen = browser.run("document.querySelector('[data-star]').dataset.star")
                browser.key(key)
            browser.wait("document.querySelector('#progress').textContent.startsWith('3 ')")
            assert browser.problems == []
        finally:
            process.terminate()
    said = Ledger(folder / "labels").labels("stamps")
    assert [one.label for one in said] == ["real", "unsure", "bogus"]
    made = make_truth_set(night, tmp_path, stamp_size=31)
    apply_votes(made, folder / "labels")
    voted, stamps = open_set(made, "voted_")
    stamps.close()
    found = voted.set_index("id")["label"][[one.object for one in said]]
    assert found.tolist() == [1, -1, 0]


def test_a_posterior_has_unit_area_within_zero_and_one():
    samples = np.random.default_rng(1).uniform(0, 1, 50)
    x, y = posterior(samples, np.linspace(0, 1, 2001))
    assert np.trapezoid(y, x) == pytest.approx(1, abs=1e-3)


def test_votes_become_labels_of_a_new_pair_of_files(tmp_path):
    folder = drawn_set(tmp_path / "data_1")
    before, stamps = open_set(folder)
    stamps.close()
    ledger = Ledger(folder / "labels")
    names = before["id"]
    votes = ((3, "real", ""), (5, "bogus", ""), (3, "unsure", ""), (7, "unsure", ""))
    for row, label, note in (*votes, (7, "unsure", WITHDRAWN)):
        ledger.append([Label(names.iloc[row], "stamps", label, labeller="ann", note=note)])
    apply_votes(folder)
    voted, stamps = open_set(folder, "voted_")
    stamps.close()
    assert voted["label"].iloc[[3, 5]].tolist() == [-1, 0]
    # A vote that was taken back is none.
    others = np.setdiff1d(np.arange(len(voted)), [3, 5])
    assert (voted["label"].iloc[others] == before["label"].iloc[others]).all()
