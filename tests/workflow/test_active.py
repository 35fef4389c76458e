"""Two rounds of questions through the workflow, as `make demo-spectra` plays them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from scope.active.answers import next_round
from scope.active.ledger import Ledger
from scope.active.loop import facts_of
from scope.cli.demo_spectra import main
from scope.cli.main import main as scope_main
from scope.desk.desk import Desk
from scope.desk.label_mode import labelling_of
from scope.desk.pictures import find_pictures
from scope.desk.star_facts import find_row
from scope.desk.table import Question
from scope.io.frames import read_parquet
from scope.workflows.demo_spectra import HOME, TASK, run_rounds, true_labels


@pytest.fixture(scope="module")
def played(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    options = ["--folder", str(folder), "--members", "2", "--objects", "170", "--learner", "trees"]
    assert main(options) == 0
    return folder


def test_the_second_round_knows_the_answers_of_the_first_and_waits(played):
    assert next_round(played / HOME) == 2
    first, second = (read_parquet(played / HOME / n / "labels.parquet") for n in ("1", "2"))
    asked = read_parquet(played / HOME / "1" / "queries.parquet")
    assert set(second["object"]) == {*first["object"], *asked["object"]}
    assert second["held_out"].sum() == first["held_out"].sum() > 0
    assert facts_of(played / HOME / "2" / "scores.parquet")["out_of_bag"] > 0
    assert (played / "rounds.png").stat().st_size > 0


def test_the_loop_is_played_with_known_labels_and_drawn(played, root, capsys, monkeypatch):
    """By the rule and by the command, with the same numbers; what labels are known is a table."""
    truth = true_labels(played / "survey" / "truth.csv")
    rows = "".join(f"{name},{label}\n" for name, label in truth.items())
    (played / "known.csv").write_text(f"object,label\n{rows}")
    simulation = (
        "{labels: known.csv, start: 20, rounds: 2, splits: 2, strategies: [random, margin]}"
    )
    text = (played / "demo.yaml").read_text().replace("size: 30", "size: 10")
    (played / "play.yaml").write_text(f"{text}      simulation: {simulation}\n")
    command = [sys.executable, "-m", "snakemake", "-c2", "--snakefile", str(root / "Snakefile")]
    command += ["--configfile", "play.yaml", "--", "simulated_curves"]
    done = subprocess.run(command, cwd=played, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    folder = played / HOME / "simulation"
    assert (folder / "curves.png").read_bytes().startswith(b"\x89PNG")
    gains = pd.read_csv(folder / "gains.csv")
    assert set(gains["n_labels"]) == {20, 30, 40}
    assert set(gains["strategy"]) == {"random", "margin"}
    assert (gains["gain"][gains["strategy"] == "random"] == 0).all()
    assert (gains["splits"] == 2).all()
    # The same by hand, from the files of the splits.
    curves = pd.concat([read_parquet(folder / f"{number}.parquet") for number in (0, 1)])
    at = curves[curves["n_labels"] == 40].pivot(index="split", columns="strategy")["accuracy"]
    chosen = gains[(gains["metric"] == "accuracy") & (gains["n_labels"] == 40)]
    (gain,) = chosen["gain"][chosen["strategy"] == "margin"]
    assert gain == pytest.approx((at["margin"] - at["random"]).mean(), abs=1e-6)
    assert {"ap_STAR", "ap_QSO_LZ"} <= set(curves.columns)
    monkeypatch.chdir(played)
    again = ["simulate-queries", TASK, "--config-path", "play.yaml", "--output", "again"]
    assert scope_main(again) == 0
    assert "better in" in capsys.readouterr().out
    assert (played / "again" / "gains.csv").read_bytes() == (folder / "gains.csv").read_bytes()


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("{name},NEBULA", ("row 1", "known.csv", "NEBULA", "QSO_HZ")),
        ("{name},STAR\n{name},GALAXY", ("{name}", "two known labels", "STAR, GALAXY")),
        ("39,STAR", ("no known label",)),
    ],
)
def test_known_labels_that_cannot_be_used_are_one_line(
    played, tmp_path, capsys, monkeypatch, rows, words
):
    name = next(iter(true_labels(played / "survey" / "truth.csv")))
    known = tmp_path / "known.csv"
    known.write_text(f"object,label\n{rows.format(name=name)}\n")
    monkeypatch.chdir(played)
    command = ["simulate-queries", TASK, "--config-path", "demo.yaml", "--labels", str(known)]
    assert scope_main([*command, "--output", str(tmp_path / "out")]) == 2
    (line,) = (one for one in capsys.readouterr().err.splitlines() if "error" in one.lower())
    for word in words:
        assert word.format(name=name) in line
    assert not (tmp_path / "out").exists()


def test_an_answer_that_is_no_class_is_one_line_and_teaches_nothing(played, root, tmp_path):
    """Row 4 of the file, counted from 1; rows that were left empty before it count too."""
    folder = tmp_path / "run"
    shutil.copytree(played, folder, ignore=shutil.ignore_patterns(".snakemake", "members"))
    asked = read_parquet(folder / HOME / "2" / "queries.parquet")["object"].tolist()
    said = ["", "", "STAR", "QUASAR"]
    rows = "".join(f"{one},{label},ann\n" for one, label in zip(asked, said, strict=False))
    (folder / HOME / "2" / "answers.csv").write_text(f"object,label,labeller\n{rows}")
    ledger = (folder / "labels" / "ledger.jsonl").read_bytes()
    command = [sys.executable, "-m", "snakemake", "-c1", "--snakefile", str(root / "Snakefile")]
    command += ["--configfile", "demo.yaml", "--", f"{HOME}/3/labels.parquet"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    said_of_it = {one for one in done.stderr.splitlines() if one.startswith("error:")}
    (line,) = said_of_it
    for word in ("row 4", "answers.csv", asked[3], "'QUASAR'", "STAR, GALAXY, QSO_LZ, QSO_HZ"):
        assert word in line
    assert "Traceback" not in done.stderr
    assert (folder / HOME / "2" / "answers.csv").exists()
    assert not (folder / HOME / "3").exists() or not any((folder / HOME / "3").iterdir())
    assert (folder / "labels" / "ledger.jsonl").read_bytes() == ledger


def test_a_round_without_answers_before_it_is_refused(played, root):
    command = [sys.executable, "-m", "snakemake", "-n", "--snakefile", str(root / "Snakefile")]
    command += ["--configfile", "demo.yaml", "--", f"{HOME}/3/sheet.csv"]
    done = subprocess.run(command, cwd=played, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert f"{HOME}/2/answers.csv" in done.stdout + done.stderr


def test_labels_given_in_the_desk_are_learnt_from_without_a_file(played):
    """Last of this file: the desk asks the second round's questions, and all are answered."""
    ledger, truth = Ledger(played / "labels"), true_labels(played / "survey" / "truth.csv")
    pictures = find_pictures(played / HOME)
    assert pictures is not None
    desk = Desk.of_pictures(pictures)
    labelling = labelling_of(desk, ledger, "ann")
    asked = set(read_parquet(played / HOME / "2" / "queries.parquet")["object"])
    said = set()
    while len(said) < len(asked):
        first = labelling.queue(desk, Question(), [])["stars"][0]
        name = desk.object_of(find_row(desk, first["target"], first["id"]))
        labelling.say(desk, first["target"], first["id"], truth[name])
        said.add(name)
    assert said == asked
    assert next_round(played / HOME, ledger, TASK) == 3
    run_rounds(played, cores=2)
    assert not (played / HOME / "2" / "answers.csv").exists()
    third = read_parquet(played / HOME / "3" / "labels.parquet").set_index("object")["label"]
    assert {name: third[name] for name in asked} == {name: truth[name] for name in asked}
    # Its sheet waits for people, and what is there is not made again.
    times = {path: path.stat().st_mtime_ns for path in (played / HOME).rglob("*.parquet")}
    ledger.append(
        [
            {
                "object": next(iter(asked)),
                "task": TASK,
                "label": "STAR",
                "labeller": "bob",
                "round": 3,
            }
        ]
    )
    run_rounds(played, cores=2)
    assert times == {path: path.stat().st_mtime_ns for path in (played / HOME).rglob("*.parquet")}
