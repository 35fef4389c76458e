"""Two rounds of questions through the workflow, as `make demo-spectra` plays them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scope.active.answers import next_round
from scope.active.ledger import Ledger
from scope.active.loop import facts_of
from scope.cli.demo_spectra import main
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
