"""Two rounds of questions through the workflow, as `make demo-spectra` plays them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scope.active.answers import next_round
from scope.active.loop import facts_of
from scope.cli.demo_spectra import HOME, main
from scope.io.frames import read_parquet


@pytest.fixture(scope="module")
def played(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    options = ["--folder", str(folder), "--members", "2", "--objects", "120", "--learner", "trees"]
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
