"""Pages in a real browser, and votes by keyboard into the ledger."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
import time

import numpy as np
import pytest

from scope.active.ledger import Ledger
from scope.errors import ConfigError, InputError
from scope.tasks.stamps.eyeball import EyeballSet, app, apply_votes, record_vote
from scope.tasks.stamps.judging import posterior
from scope.tasks.stamps.sets import open_set
from scope.tasks.stamps.visualise import PageRow, stamp_page

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


class Shown(EyeballSet):
    """A set without a model."""

    def __init__(self, folder):
        self.folder = folder
        self.labels, self._stamps = open_set(folder)
        self.order = np.arange(len(self.labels))[::-1]
        self._place = {int(row): number for number, row in enumerate(self.order)}
        self._scores = None


@pytest.fixture
def shown(tmp_path):
    return Shown(drawn_set(tmp_path / "data_1"))


def test_a_key_labels_what_is_shown_and_the_next_one_comes(shown, tmp_path):
    """The page itself, served, with a press of b put in when it has loaded."""
    import uvicorn

    ledger = Ledger(tmp_path / "labels")
    made = app(shown, ledger, "ann")
    press = """<script>setTimeout(() => document.dispatchEvent(
      new KeyboardEvent("keydown", { key: "b", bubbles: true })), 1500);</script>"""
    page = made.routes[0].endpoint

    from starlette.responses import HTMLResponse
    from starlette.routing import Route

    made.router.routes[0] = Route(
        "/", lambda request: HTMLResponse(page(request).body.decode() + press)
    )
    server = uvicorn.Server(uvicorn.Config(made, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.05)
        port = server.servers[0].sockets[0].getsockname()[1]
        address = f"http://127.0.0.1:{port}/"
        found = dom(address, tmp_path / "profile", "--virtual-time-budget=8000")
    finally:
        server.should_exit = True
        thread.join(30)
    (vote,) = ledger.labels("stamps")
    assert (vote.object, vote.label, vote.labeller) == (shown.labels["id"].iloc[-1], "bogus", "ann")
    assert f"row {len(shown.labels) - 2}:" in found  # The next one is shown.
    assert len(re.findall(r"<img [^>]*data:image/jpeg", found)) == 6


def test_votes_become_labels_of_a_new_pair_of_files(shown, tmp_path):
    ledger = Ledger(shown.folder / "labels")
    names = shown.labels["id"]
    for row, key in ((3, "r"), (5, "b"), (3, "u")):
        record_vote(shown, ledger, "ann", {"id": names.iloc[row], "vote": key})
    apply_votes(shown.folder)
    voted, _ = open_set(shown.folder, "voted_")
    assert voted["label"].iloc[[3, 5]].tolist() == [-1, 0]
    others = np.setdiff1d(np.arange(len(voted)), [3, 5])
    assert (voted["label"].iloc[others] == shown.labels["label"].iloc[others]).all()


def test_votes_on_nothing_are_refused(shown, tmp_path):
    ledger = Ledger(tmp_path / "labels")
    for given in ({}, {"vote": "x", "id": "1"}, {"vote": "r", "id": "gone"}, [1]):
        with pytest.raises(InputError):
            record_vote(shown, ledger, "ann", given)
    assert ledger.labels("stamps") == []
    with pytest.raises(ConfigError, match="zscale"):
        shown.describe("3", scale="log")
    assert shown.describe("3")["row"] == 3
