"""The script that trains all classes, and the files of figures about trained classes."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score, roc_auc_score

from scope.cli import main as scope_cli
from scope.cli.create_training_script import main
from scope.config import load_config
from scope.config.classes import ClassDefinition
from scope.errors import ConfigError, CorruptFileError, InputError, NotFoundError
from scope.io import read_table, write_table
from scope.models.training.splits import SETS
from scope.tasks.variables.training.assemble_training_stats import (
    assemble_training_stats,
    read_stats,
)
from scope.tasks.variables.training.create_training_script import ScriptOptions, positive_counts
from scope.tasks.variables.training.training_scores import TrainingScores
from tests.small_models import small_bundle, small_scores
from tests.training_sets import labelled_features, training_set


def test_only_classes_above_the_count_are_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    table = read_table(training_set())
    n_eclipsing = int((table.column("eclipsing").to_numpy() > 0.7).sum())
    argv = ["--path-dataset", str(training_set()), "--algorithm", "xgb"]
    # strictly more than the count
    assert main([*argv, "--min-count", str(n_eclipsing)]) == 0
    text = (tmp_path / "train_script.sh").read_text()
    tags = [line.split()[2] for line in text.splitlines() if line.startswith("scope-train")]
    assert tags == ["vnv", "pnp", "puls", "rrlyr"]
    assert "eclipsing" not in capsys.readouterr().out
    assert main([*argv, "--min-count", str(n_eclipsing - 1), "--filename", "more.sh"]) == 0
    assert "--tag e " in (tmp_path / "more.sh").read_text()
    assert main([*argv, "--min-count=9999", "--train-all", "--filename", "all.sh"]) == 0
    assert "--tag ea " in (tmp_path / "all.sh").read_text()
    assert main([*argv, "--min-count=9999", "--filename", "none.sh"]) == 2


def test_a_script_that_exists_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train_script.sh").write_text("mine")
    assert scope_cli.main(["create_training_script", "--path-dataset", str(training_set())]) == 2
    assert "script that exists already: 'train_script.sh'" in capsys.readouterr().err
    assert (tmp_path / "train_script.sh").read_text() == "mine"


def test_the_script_runs_and_says_all_that_it_was_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    start = Path("models/dnn/old/vnv.keras")
    start.parent.mkdir(parents=True)
    start.write_bytes(b"")
    argv = ["--path-dataset", str(training_set("ELS_ECE_EAOV")), "--group", "new one"]
    argv += ["--period-suffix", "ELS_ECE_EAOV", "--pre-trained-group-name", "old"]
    assert main([*argv, "--add-keywords=--epochs 200 --gpu 0"]) == 0
    # a command in place of the real one, which tells what it was given, and fails once
    fake = tmp_path / "scope-train"
    fake.write_text('#!/bin/bash\nprintf "%s|" "$@" >> calls; echo >> calls; [ "$2" != pnp ]\n')
    fake.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(["./train_script.sh"], env={**os.environ, "PATH": path}, check=False)
    assert done.returncode == 1
    calls = [line.split("|")[:-1] for line in (tmp_path / "calls").read_text().splitlines()]
    assert [call[1] for call in calls] == ["vnv", "pnp", "e", "ea", "puls", "rrlyr"]
    common = ["--path-dataset", str(training_set("ELS_ECE_EAOV")), "--algorithm", "dnn"]
    common += ["--group", "new one", "--period-suffix", "ELS_ECE_EAOV"]
    more = ["--epochs", "200", "--gpu", "0", "--save"]
    start_options = ["--pre-trained-model", str(start)]
    assert calls[0] == ["--tag", "vnv", *common, *start_options, *more]
    assert calls[1] == ["--tag", "pnp", *common, *more]


def test_labels_are_counted_by_the_table_of_classes() -> None:
    definitions = load_config().class_definitions()
    counts = positive_counts(training_set(), definitions)
    table = read_table(training_set())
    # "periodic" begins like the column of periods; features above 0.7 are no labels
    assert counts["pnp"] == int((table.column("periodic").to_numpy() > 0.7).sum()) > 0
    assert set(counts) == {"vnv", "pnp", "e", "ea", "puls", "rrlyr"}


def test_a_training_set_without_labels_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_table(labelled_features(4).select(["_id", "star", "iqr"]), path, {})
    with pytest.raises(InputError, match="training set without a label"):
        positive_counts(path, load_config().class_definitions())


def test_figures_are_those_of_the_stars_of_the_set(tmp_path: Path) -> None:
    bundle = small_bundle("xgb")
    models = bundle.folder.parents[1]
    scores, _ = TrainingScores.read(small_scores("xgb"))
    for part in ("val", "test"):
        written = assemble_training_stats(models, "xgb", "small", part=part, output=tmp_path)
        folder = tmp_path / "xgb_revised_stats"
        names = [str(path.relative_to(tmp_path)) for path in written]
        assert names == [
            "xgb_revised_stats/low.json",
            "xgb_feature_importances/low.json",
            "xgb_revised_stats/red.json",
            "xgb_feature_importances/red.json",
        ]
        stats = read_stats(folder)
        rows = scores.judged("red", SETS.index(part))
        called = rows.scores > 0.5
        # scikit-learn on the same rows
        for name, function, values in (
            ("accuracy", accuracy_score, called),
            ("precision", precision_score, called),
            ("recall", recall_score, called),
            ("f1_score", f1_score, called),
            ("roc_auc", roc_auc_score, rows.scores),
        ):
            assert stats["red"][name] == pytest.approx(function(rows.target, values)), name


def test_importances_are_named_by_feature(tmp_path: Path) -> None:
    models = small_bundle("xgb").folder.parents[1]
    assemble_training_stats(models, "xgb", "small", importance_directory="imp", output=tmp_path)
    found = read_stats(tmp_path / "imp")
    # rows below a period of 0.5 are positive
    assert max(found["low"], key=lambda name: found["low"][name]) in ("period_LS", "curve_0")


def test_a_class_is_not_taken_for_one_that_begins_alike(tmp_path: Path) -> None:
    for tag in ("ea", "ew", "eb", "e"):
        (tmp_path / f"{tag}.json").write_text(json.dumps({"recall": tag}))
    assert read_stats(tmp_path, ["e", "f"]) == {"e": {"recall": "e"}}
    assert list(read_stats(tmp_path)) == ["e", "ea", "eb", "ew"]
    (tmp_path / "e.json").write_text("{")
    with pytest.raises(CorruptFileError, match=r"e\.json"):
        read_stats(tmp_path)
    with pytest.raises(NotFoundError, match="assemble-training-stats"):
        read_stats(tmp_path / "nowhere")


def test_the_documented_name_of_the_command_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    models = str(small_bundle("xgb").folder.parents[1])
    argv = ["assemble_training_stats", "--algorithm", "xgb", "--group_name", "small"]
    assert scope_cli.main([*argv, "--models-dir", models, "--stats-directory", "stats"]) == 0
    assert "xgb_stats: 2 classes" in capsys.readouterr().out
    assert np.isfinite(read_stats(tmp_path / "xgb_stats")["low"]["recall"])


def test_a_script_of_hostile_names_runs_nothing_but_its_commands(tmp_path: Path) -> None:
    """Run by bash with a `scope-train` that writes down what it was given, word by word."""
    mark, said = tmp_path / "ran", tmp_path / "said"
    hostile = f"a'; touch {mark}; $(touch {mark}) `touch {mark}` \"\n#|&> *"
    options = ScriptOptions("xgb", hostile, hostile, hostile, add_keywords="--x 'b; c'")
    program = tmp_path / "scope-train"
    program.write_text(f'#!/bin/bash\nprintf "%s\\0" "$@" > {said}\n')
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-c", options.command("vnv")], env=environment, check=True)
    words = said.read_text().split("\0")
    assert words[words.index("--path-dataset") + 1] == hostile
    assert words[words.index("--group") + 1] == hostile
    assert words[words.index("--x") + 1] == "b; c"
    assert not mark.exists()


@pytest.mark.parametrize("tag", ["a b", "a;b", "$(a)", "../a", "a'", ""])
def test_no_class_is_called_like_a_command(tag: str) -> None:
    """Tags alone reach scripts and names of files; columns of labels do not."""
    with pytest.raises(ConfigError, match="tag"):
        ClassDefinition(tag, "a column; touch x", "ontological")
