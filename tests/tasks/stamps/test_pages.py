"""The page of an image in a real browser, and what votes make of a labelled set."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import numpy as np
import pytest

from scope.active.labels import WITHDRAWN, Label
from scope.active.ledger import Ledger
from scope.tasks.stamps.judging import posterior
from scope.tasks.stamps.sets import open_set
from scope.tasks.stamps.visualise import PageRow, stamp_page
from scope.tasks.stamps.votes import apply_votes

from .test_classifier import drawn_set

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def browser() -> str:
    if os.environ.get("SCOPE_NO_CHROMIUM") == "1":
        pytest.skip("SCOPE_NO_CHROMIUM=1")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    assert found, "no chromium: apt-get install chromium, or leave out with SCOPE_NO_CHROMIUM=1"
    return found


def dom(address: str, profile, *flags: str) -> str:
    done = subprocess.run(
        [browser(), *FLAGS, f"--user-data-dir={profile}", *flags, "--dump-dom", address],
        check=True,
        timeout=240,
        capture_output=True,
        text=True,
    )
    return done.stdout


def rows(n):
    rng = np.random.default_rng(0)
    scores = [0.3, 0.95, 0.6, 0.1][:n]
    return [
        PageRow(
            f"d{number}",
            {"score": score, "realbogus": 1 - score, "cnn_realbogus": float("nan")},
            np.clip(rng.normal(score, 0.05, 50), 0, 1),
            [("science", rng.normal(size=(31, 31))), ("difference", rng.normal(size=(31, 31)))],
        )
        for number, score in enumerate(scores)
    ]


def test_the_page_sorts_by_a_score_in_a_browser(tmp_path):
    page = tmp_path / "index.html"
    page.write_text(stamp_page("image <1>", rows(4)))
    made = dom(page.as_uri() + "#sort=score", tmp_path / "profile")
    assert re.findall(r"<td>(d\d)</td>", made) == ["d1", "d2", "d0", "d3"]
    assert 'class="good">0.950' in made
    assert 'class="bad">0.100' in made
    assert "image &lt;1&gt;" in made


def test_a_page_is_light_and_loads_nothing(tmp_path):
    text = stamp_page("x", rows(4))
    assert len(text) < 4 * 12_000
    assert not re.findall(r'(?:src|href)="(?!data:)', text)


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
