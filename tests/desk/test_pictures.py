"""Stamps and spectra on the desk: what is drawn of them, and labels by keys in a real browser."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from starlette.testclient import TestClient

from scope.active.ledger import Ledger
from scope.desk.app import desk_app
from scope.desk.desk import Desk
from scope.desk.label_mode import labelling_of
from scope.desk.pictures import find_pictures
from scope.desk.spectra import SUMMARY, PoolSpectra, Scored
from scope.desk.stamps import AlertNights, StampSet
from scope.desk.table import Question
from scope.errors import ConfigError, InputError
from scope.io import write_table
from scope.models.spectra.wavelength_grid import LINEAR_GRID, LOG_GRID, REST_ANGSTROM, Grid
from scope.tasks.spectra.loop import CLASSES
from scope.tasks.spectra.simulate import SurveyOptions, simulate_survey
from scope.tasks.spectra.spectrum_files import read_all, tree_files
from scope.tasks.stamps.sets import LABELS_FILE, open_set, write_labels
from scope.tasks.stamps.votes import last_votes
from tests.browser import Browser, chromium
from tests.conftest import ROOT
from tests.tasks.stamps.test_alerts import other_survey
from tests.tasks.stamps.test_classifier import SIZE, drawn_set

HOSTILE = "../../x<img src=x onerror=document.title='run'>"
Z = 1.3
"""Redshift of the quasar that is drawn here."""


@pytest.fixture(scope="module")
def stamps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A labelled set; the name of its first row is markup and a path."""
    folder = drawn_set(tmp_path_factory.mktemp("sets") / "data_1")
    labels, array = open_set(folder)
    array.close()
    names = labels["id"].tolist()
    write_labels(labels.assign(id=[HOSTILE, *names[1:]]), folder / LABELS_FILE)
    return folder


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of a loop: a quasar with its lines at z = 1.3, two exposures of it, and noise."""
    folder = tmp_path_factory.mktemp("loop") / "results"
    place = folder / "active" / "spectra"
    wave = LOG_GRID.wavelength(np.arange(LOG_GRID.n_bins), half_bin=True)
    rng = np.random.default_rng(1)
    x = rng.normal(0, 0.1, (4, len(wave)))
    for rest in REST_ANGSTROM.values():
        x[:2] += 5 * np.exp(-(((wave - rest * (1 + Z)) / 40) ** 2) / 2)
    (place / "pool").mkdir(parents=True)
    np.save(place / "pool" / "x.npy", x)
    columns: dict[str, Any] = {"object": ["77", "77", "78", "79"]}
    columns |= {"missing": [False, False, False, True], "tileid": [1] * 4, "expid": [1, 2, 1, 1]}
    write_table(pa.table(columns), place / "pool" / "pool.parquet", {"grid": "log"})
    p = np.array([[0.1, 0.1, 0.7, 0.1], [0.1, 0.1, 0.7, 0.1], [0.6, 0.3, 0.05, 0.05], [np.nan] * 4])
    scores = {f"mean_{tag}": p[:, k] for k, tag in enumerate(CLASSES)}
    scores |= {"mutual_information": p[:, 0], "n_members": np.array([5, 5, 5, 0])}
    asked = {"object": ["78"], "rank": [1], "score": [0.5], "reason": ["entropy"], "round": [1]}
    write_table(pa.table({"object": columns["object"], **scores}), place / "1" / "scores.parquet")
    write_table(pa.table({**asked, "row": [2]}), place / "1" / "queries.parquet")
    return folder


def facts(desk: Desk, number: int | str, **more: Any) -> dict[str, Any]:
    question = {"target": next(iter(desk.targets)), "id": str(number), **more}
    found = TestClient(desk_app(desk)).get("/api/star", params={"q": json.dumps(question)})
    return dict(found.json())


def test_a_folder_says_what_it_is(stamps: Path, pool: Path, tmp_path: Path) -> None:
    assert isinstance(find_pictures(stamps), StampSet)
    assert isinstance(find_pictures(pool), PoolSpectra)
    assert isinstance(find_pictures(pool / "active" / "spectra"), PoolSpectra)
    assert find_pictures(tmp_path) is None


def test_layers_of_a_stamp_are_drawn_with_their_names(stamps: Path) -> None:
    desk = Desk.of_pictures(StampSet(stamps))
    labels, array = open_set(stamps)
    row = int(np.flatnonzero(labels["label"] == 0)[0])
    found = facts(desk, row)
    names = [one["layer"] for one in found["stamps"]]
    assert names[:3] == ["science", "template", "difference"]
    assert len(set(names)) == 6
    image = Image.open(io.BytesIO(base64.b64decode(found["stamps"][2]["jpeg"])))
    pixels = np.asarray(image, dtype=float)
    assert pixels.shape == (SIZE, SIZE)
    # The single hot pixel of the set is in the middle, here as there.
    assert np.unravel_index(pixels.argmax(), pixels.shape) == (SIZE // 2, SIZE // 2)
    assert "error" in facts(desk, row, scale="../x")
    assert "error" in facts(desk, "../1")
    array.close()
    client = TestClient(desk_app(desk))
    for ids in (["1"] * 101, "1"):
        asked = client.get("/api/stamps", params={"q": json.dumps({"ids": ids})})
        assert asked.status_code == 400
    ids = ["../1", str(row), "999999999"]
    few = client.get("/api/stamps", params={"q": json.dumps({"ids": ids})}).json()
    assert few == {str(row): found["stamps"][:3]}


def test_what_is_hidden_of_a_model_stands_nowhere(stamps: Path) -> None:
    desk = Desk.of_pictures(StampSet(stamps, label_class=1, hide_scores=True))
    assert not {"score", "class", "class_p"} & set(desk.table.kinds)
    assert set(desk.table.page(Question(), ["label"], limit=1000)["label"].to_pylist()) == {1}
    assert facts(desk, desk.table.page(Question(), ["_id"])["_id"][0].as_py())["classes"] == []
    with pytest.raises(ConfigError, match="label_class"):
        StampSet(stamps, label_class=7)
    with pytest.raises(InputError, match="no detections"):
        Desk.of_pictures(StampSet(stamps, label_class=-1))


def test_alerts_are_drawn_from_their_packets(tmp_path: Path) -> None:
    (tmp_path / "packets").mkdir()
    (tmp_path / "packets" / "x.avro").write_bytes(other_survey(81, "wntr", True))
    # As long as ids of ZTF: a browser would round it.
    ids, scores = [12, 1127495406315015005], pa.array([0.2, None], pa.float32())
    columns = {"candid": ids, "object_id": ["X1", "X2"], "score": scores, "ra": [1.0, 2.0]}
    table = pa.table({**columns, "dec": [3.0, 4.0], "reason": [None, "no_stamps"]})
    write_table(table, tmp_path / "results" / "stamps" / "night.parquet", {})
    source = find_pictures(tmp_path / "results", tmp_path / "packets")
    assert isinstance(source, AlertNights)
    desk = Desk.of_pictures(source)
    found = facts(desk, 12)
    assert [one["layer"] for one in found["stamps"]] == ["science", "template", "difference"]
    assert found["row"]["class"] == "bogus"
    assert found["row"]["class_p"] == pytest.approx(0.8)
    assert "no such packet" in facts(desk, ids[1])["why"]
    without = Desk.of_pictures(AlertNights(tmp_path / "results", source.inputs))
    assert "--archive" in facts(without, 12)["why"]


def test_lines_are_marked_at_the_proposed_redshift(pool: Path) -> None:
    desk = Desk.of_pictures(PoolSpectra(pool / "active" / "spectra"))
    found = facts(desk, 0)["spectrum"]
    assert found["z"] == pytest.approx(Z, abs=0.01)
    assert {one["name"]: one["rest"] for one in found["lines"]}["MgII"] == pytest.approx(2796.35)
    assert len(found["wavelength"]) == len(found["flux"]) == LOG_GRID.n_bins
    assert facts(desk, 2)["spectrum"]["z"] is None, "a star has no lines of quasars"
    rows = desk.table.page(Question(), ["class", "class_p", "rank", "reason"]).to_pylist()
    assert [one["class"] for one in rows] == ["QSO_LZ", "QSO_LZ", "STAR", None]
    assert [one["rank"] for one in rows] == [None, None, 1, None]
    assert rows[3]["reason"] == "data_missing"


def test_a_label_is_of_the_object_with_all_its_rows(pool: Path, tmp_path: Path) -> None:
    desk = Desk.of_pictures(PoolSpectra(pool / "active" / "spectra"))
    labels = labelling_of(desk, Ledger(tmp_path), "ann")
    queue = [one["id"] for one in labels.queue(desk, Question(), [])["stars"]]
    assert queue[0] == "2", "what people are asked about comes first"
    assert "3" not in queue, "there is nothing to see of it"
    labels.say(desk, "spectra", "0", "QSO_LZ")
    assert [one["id"] for one in labels.queue(desk, Question(), ["2"])["stars"]] == []
    (said,) = labels.ledger.labels("spectra")
    assert (said.object, said.label, said.round) == ("77", "QSO_LZ", 1)
    by_name = labelling_of(desk, Ledger(tmp_path / "b"), "ann", [("79", "x"), ("77", "y")], 2)
    assert [one["id"] for one in by_name.queue(desk, Question(), [])["stars"]] == ["3", "0"]


@pytest.mark.parametrize("grid", [LOG_GRID, LINEAR_GRID], ids=lambda grid: grid.name)
def test_spectra_of_an_ensemble_are_read_from_their_tree(tmp_path: Path, grid: Grid) -> None:
    survey = simulate_survey(tmp_path / "survey", SurveyOptions(objects=6, exposures=1, step=8.0))
    tile, exposure, file = tree_files(survey)[0]
    spectra = read_all(file, grid)
    n = len(spectra)
    columns = {"TARGETID": spectra.targetid, "TILEID": [tile] * n, "EXPID": [exposure] * n}
    columns |= {"P_NOT": [0.2] * n, "P_QSO": [0.8] * n, "Z_CENTRE": [2.5] * n}
    table = pa.table({**columns, "N_MEMBERS": [3] * n})
    write_table(table, tmp_path / "out" / SUMMARY, {"grid": grid.name})
    source = find_pictures(tmp_path / "out", survey)
    assert isinstance(source, Scored)
    desk = Desk.of_pictures(source)
    found = facts(desk, 1)
    assert found["spectrum"]["z"] == 2.5
    assert found["spectrum"]["flux"] == pytest.approx(spectra.x[1], abs=1e-4)
    centres = grid.wavelength(np.arange(grid.n_bins), half_bin=True)
    assert found["spectrum"]["wavelength"] == pytest.approx(centres, abs=0.01)
    assert "--archive" in facts(Desk.of_pictures(Scored(tmp_path / "out")), 1)["why"]


@contextmanager
def opened(folder: Path, ledger: Path) -> Iterator[Browser]:
    """The label page of a folder, in a browser."""
    chromium()
    command = [sys.executable, "-m", "scope.cli.main", "desk", str(folder), "--label"]
    command += ["--ledger", str(ledger), "--labeller", "ann"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        line = next(line for line in process.stdout if "The desk is at " in line)
        address = line.split("The desk is at ")[1].strip()
        page = Browser()
        try:
            page.go(address)
            page.wait("!!document.documentElement.dataset.ready")
            yield page
            assert page.problems == []
            outside = [url for url in page.requests if not url.startswith((address, "data:"))]
            assert [url for url in outside if url != "about:blank"] == []
        finally:
            page.close()
            process.terminate()


def next_one(page: Browser, before: str) -> str:
    page.wait(f"document.querySelector('[data-star]')?.dataset.star !== '{before}'")
    page.wait("!!document.querySelector('[data-star]')?.dataset.star && !LabelView.busy")
    return str(page.run("document.querySelector('[data-star]').dataset.star"))


def test_stamps_are_labelled_by_r_u_and_b(stamps: Path, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "labels")
    with opened(stamps, ledger.folder) as page:
        rows = page.run("document.querySelectorAll('#stars tbody tr').length")
        page.wait(f"document.querySelectorAll('td.thumbs img').length === {3 * rows}")
        page.run("location.hash = '#/star/data_1-set/0'")
        page.wait("document.querySelectorAll('#stamps img').length === 6")
        assert HOSTILE in page.text("article h2")
        assert page.run("document.querySelectorAll('article h2 img').length") == 0
        assert page.run("document.querySelector('#stamps img').naturalWidth") == SIZE
        page.run("location.hash = '#/label'")
        here = next_one(page, "")
        for key in "rub":
            page.key(key)
            here = next_one(page, here)
        page.key("Backspace")
        assert next_one(page, here) != here
    said = [(one.label, one.note) for one in ledger.labels("stamps")]
    assert said == [("real", ""), ("unsure", ""), ("bogus", ""), ("bogus", "withdrawn")]
    assert sorted(last_votes(ledger).values()) == [-1, 1]


def test_a_spectrum_is_labelled_and_its_lines_are_moved(pool: Path, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "labels")
    with opened(pool, ledger.folder) as page:
        page.click("#stars tbody a")
        label = "document.querySelector('#pictures canvas')?.getAttribute('aria-label') || ''"
        page.wait(f"({label}).includes('MgII')")
        page.type("#redshift", "0.5")
        page.key("Tab")
        page.wait(f"({label}).includes('z = 0.5000')")
        assert "MgII 4195 Å" in page.run(label), "2796.35 * 1.5"
        page.click("#proposed")
        page.wait(f"!({label}).includes('z = 0.5000')")
        page.run("location.hash = '#/label'")
        here = next_one(page, "")
        page.key("q")
        next_one(page, here)
    (said,) = ledger.labels("spectra")
    assert (said.object, said.label) == ("78", "QSO_LZ")


def test_eyeball_is_the_desk_with_its_token(
    stamps: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gotorb import eyeball

    started: list[Any] = []
    monkeypatch.setattr(eyeball, "serve", lambda *given: started.append(given))
    eyeball.show(stamps, labeller="ann", ledger=tmp_path, port=0)
    ((desk, port, _),) = started
    assert port == 0
    about = desk.labelling.about()
    assert {one["tag"]: one["key"] for one in about["classes"]} == {
        "real": "r",
        "unsure": "u",
        "bogus": "b",
    }
    assert about["undo"] == "Backspace"
