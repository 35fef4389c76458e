"""Rounds in files: labels of before, members, summary, questions, sheet; by a tiny task."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from scope.active import loop as rounds
from scope.active.answers import is_answered, next_round, write_answers
from scope.active.labels import WITHDRAWN, Label
from scope.active.ledger import Ledger
from scope.active.members import FILLINGS, n_files, read_members
from scope.active.play_queries import tree_members
from scope.active.queries import Asking
from scope.active.scoring import score_round
from scope.active.sheet import write_sheet
from scope.cli.main import main as scope_main
from scope.errors import ConfigError, InputError, NotFoundError, UsageError
from scope.io.frames import read_parquet, write_parquet


class Points:
    """Points on a line, negative or positive; every object has two rows."""

    classes = ("minus", "plus")
    unsure = ("no idea",)

    def prepare(self, folder):
        x = np.repeat(np.linspace(-1, 1, 40), 2)
        np.save(folder / "x.npy", x[:, None])
        frame = pd.DataFrame({"object": [f"p{i // 2}" for i in range(80)], "missing": False})
        frame.loc[[0, 1], "missing"] = True
        frame.attrs = {"task": "points"}
        write_parquet(frame, folder / "pool.parquet")

    learners = ("five", "one")
    with_dropout = ("five",)

    def member(self, folder, rows, y, seed, learner):
        trees = {"five": 5, "one": 1}[learner]
        return tree_members(np.load(folder / "x.npy"), 2, trees)(rows, y, seed)

    def passes(self, folder, rows, y, seed, passes):
        p = self.member(folder, rows, y, seed, "five")
        noise = np.random.default_rng(seed).uniform(0.9, 1, (passes, 1))
        return np.stack([p * one + (1 - one) / 2 for one in noise], axis=1)

    def features(self, folder):
        return np.load(folder / "x.npy")

    def draw(self, folder, row, said):
        return f"<svg><title>row {row}</title></svg>"


OPTIONS = rounds.RoundOptions(members=4, asking=Asking(size=5), held_out=0.25)


def label(number):
    return "plus" if number >= 20 else "minus"


def play(folder, ledger, number, answers=None, options=None, task=None):
    options, task = options or OPTIONS, task or Points()
    at, pool = folder / str(number), folder / "pool"
    if not pool.exists():
        pool.mkdir(parents=True)
        task.prepare(pool)
    labels = at / "labels.parquet"
    rounds.merge_labels(ledger, "points", number, answers, labels, task, pool, options)
    files = range(n_files(options.filling, options.members))
    members = [at / "members" / f"{member}.parquet" for member in files]
    for member, path in enumerate(members):
        rounds.train_member("points", number, member, labels, pool, path, task, options)
    score_round(members, labels, at / "scores.parquet", task.classes)
    rounds.query_round(
        "points", number, members, labels, pool, at / "queries.parquet", ledger, task, options
    )
    write_sheet(
        at / "queries.parquet",
        at / "scores.parquet",
        pool,
        at / "sheet.csv",
        at / "sheet.html",
        task,
    )
    return at


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger(tmp_path / "labels")
    ledger.append(
        Label(f"p{i}", "points", label(i), source="catalogue", date="2025-01-01")
        for i in (2, 6, 10, 14, 24, 28, 32, 36)
    )
    return ledger


def test_a_round_asks_about_the_border_and_the_next_learns_from_the_answers(ledger, tmp_path):
    at = play(tmp_path / "run", ledger, 1)
    asked = read_parquet(at / "queries.parquet")
    assert asked["object"].is_unique
    assert len(ledger.held_out("points")) == 2
    assert not set(asked["object"]) & {*ledger.held_out("points"), "p0", "p2", "p36"}
    assert np.median([abs(int(name[1:]) - 19.5) for name in asked["object"]]) < 8
    assert rounds.facts_of(at / "queries.parquet")["left_out"]["data_missing"] == 2
    sheet = pd.read_csv(at / "sheet.csv")
    assert sheet["label"].isna().all()
    page = (at / "sheet.html").read_text()
    assert page.count("<article") == 5
    assert next_round(tmp_path / "run") == 1
    sheet["label"] = [label(int(name[1:])) for name in sheet["object"]]
    sheet["labeller"] = "ann"
    sheet.to_csv(at / "answers.csv", index=False)
    assert next_round(tmp_path / "run") == 2
    after = play(tmp_path / "run", ledger, 2, at / "answers.csv")
    known = read_parquet(after / "labels.parquet")
    assert set(sheet["object"]) <= set(known["object"])
    assert not set(read_parquet(after / "queries.parquet")["object"]) & set(sheet["object"])
    assert rounds.facts_of(after / "scores.parquet")["held_out"] == 4


def test_a_round_that_runs_again_writes_the_same_bytes(ledger, tmp_path):
    first = play(tmp_path / "one", ledger, 1)
    second = play(tmp_path / "two", ledger, 1)
    for path in first.rglob("*.*"):
        assert path.read_bytes() == (second / path.relative_to(first)).read_bytes(), path.name
    content = ledger.path.read_bytes()
    (first / "answers.csv").write_text("object,label\np19,minus\n")
    play(tmp_path / "one", ledger, 2, first / "answers.csv")
    once = ledger.path.read_bytes()
    play(tmp_path / "one", ledger, 2, first / "answers.csv")
    assert ledger.path.read_bytes() == once != content


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("p19,zero", "minus, plus"),
        ("q7,plus", "not in the pool"),
        ("p19,", "without an answer"),
    ],
)
def test_answers_that_cannot_be_used_are_named_and_nothing_is_kept(ledger, tmp_path, rows, says):
    play(tmp_path / "run", ledger, 1)
    before = ledger.path.read_bytes()
    answers = tmp_path / "answers.csv"
    answers.write_text(
        f"object,label\np18,minus\n{rows}\n" if rows != "p19," else f"object,label\n{rows}\n"
    )
    with pytest.raises(InputError, match=says):
        play(tmp_path / "run", ledger, 2, answers)
    assert ledger.path.read_bytes() == before


def test_an_answer_about_a_held_out_object_is_refused(ledger, tmp_path):
    play(tmp_path / "run", ledger, 1)
    answers = tmp_path / "answers.csv"
    answers.write_text(f"object,label\n{ledger.held_out('points')[0]},plus\n")
    with pytest.raises(InputError, match="held out"):
        play(tmp_path / "run", ledger, 2, answers)


def test_no_labels_no_task_no_second_class_are_said(ledger, tmp_path):
    with pytest.raises(NotFoundError, match="no label"):
        play(tmp_path / "run", Ledger(tmp_path / "empty"), 1)
    with pytest.raises(ConfigError, match="poetry"):
        rounds.find_loop("poetry", {})
    one = Ledger(tmp_path / "one")
    one.append([Label("p2", "points", "minus", source="catalogue")])
    with pytest.raises(InputError, match="two classes"):
        play(tmp_path / "single", one, 1)
    assert replace(OPTIONS, members=3).members == 3


@pytest.mark.parametrize("filling", FILLINGS)
def test_four_fillings_of_one_table_of_members(ledger, tmp_path, filling):
    """All objects that are learnt from, two rows each, are in the bag of seeds and passes."""
    at = play(tmp_path / "run", ledger, 1, options=replace(OPTIONS, filling=filling))
    paths = sorted((at / "members").iterdir())
    assert len(paths) == (1 if filling == "dropout" else OPTIONS.members)
    p, bag, objects = read_members(paths, Points.classes)
    assert p.shape == (80, 4, 2)
    np.testing.assert_allclose(p.sum(axis=2), 1, atol=1e-6)
    known = read_parquet(at / "labels.parquet")
    learnt = objects[np.isin(objects, known["object"][~known["held_out"]])]
    inside = bag[np.isin(objects, learnt)]
    if filling in ("seeds", "dropout"):
        assert inside.all()
        assert "ece_out_of_bag" not in rounds.facts_of(at / "scores.parquet")
    else:
        assert 0.3 < inside.mean() < 0.95
        assert rounds.facts_of(at / "scores.parquet")["out_of_bag"] > 0
    assert not bag[~np.isin(objects, learnt)].any()
    learners = [rounds.facts_of(path)["learner"] for path in paths]
    turns = {"algorithms": ["five", "one", "five", "one"], "dropout": ["five"]}
    assert learners == turns.get(filling, ["five"] * 4)
    assert len(read_parquet(at / "queries.parquet")) == 5


@pytest.mark.parametrize("filling", ["bootstrap", "seeds"])
def test_rows_without_data_of_a_learnt_object_are_in_its_bag(ledger, tmp_path, filling):
    """Expected: what is in the bag is whole objects, as the module of members says."""

    class Gaps(Points):
        def prepare(self, folder):
            super().prepare(folder)
            frame = read_parquet(folder / "pool.parquet")
            frame.loc[::2, "missing"] = True
            write_parquet(frame, folder / "pool.parquet")

    options = replace(OPTIONS, filling=filling)
    at = play(tmp_path / "run", ledger, 1, options=options, task=Gaps())
    _, bag, objects = read_members(sorted((at / "members").iterdir()), Points.classes)
    of_object = pd.DataFrame(bag).groupby(objects)
    assert bag.any()
    pd.testing.assert_frame_equal(of_object.any(), of_object.all())
    if filling == "seeds":
        facts = rounds.facts_of(at / "scores.parquet")
        # Both rows of the objects that are held out, and none of those that were learnt from.
        assert facts["out_of_bag"] == facts["held_out"] == 4


def test_passes_are_of_a_learner_with_dropout_or_refused(ledger, tmp_path):
    """Passes train one with dropout whichever comes first, and say which."""

    class Others(Points):
        learners = ("one", "five")

    options = replace(OPTIONS, filling="dropout")
    at = play(tmp_path / "run", ledger, 1, options=options, task=Others())
    assert rounds.facts_of(at / "members" / "0.parquet")["learner"] == "five"
    Others.learners = ("one",)
    with pytest.raises(UsageError, match=r"dropout .*'one'.*allowed: five.*learner"):
        play(tmp_path / "refused", ledger, 1, options=options, task=Others())
    assert not list((tmp_path / "refused" / "1").glob("members/*"))


def test_nobody_is_asked_again_who_has_named_another_class(ledger, tmp_path):
    """Three of five stars are `zero`, which the loop lacks; one of these is taken back."""
    run = tmp_path / "run"
    asked = list(read_parquet(play(run, ledger, 1) / "queries.parquet")["object"])
    words = ["zero", "zero", "zero", *(label(int(name[1:])) for name in asked[3:])]
    for name, said in zip(asked, words, strict=True):
        ledger.append([Label(name, "points", said, labeller="ann", round=1)])
    taken = Label(asked[0], "points", "zero", 0.0, labeller="ann", round=1, note=WITHDRAWN)
    ledger.append([taken, Label(asked[0], "points", "no idea", labeller="bob", round=1)])
    ledger.append([Label("p5", "points", "zero", source="catalogue", date="2025-01-01")])
    assert next_round(run, ledger, "points") == 2
    options = replace(OPTIONS, asking=Asking(size=40))
    second = play(run, ledger, 2, options=options) / "queries.parquet"
    again = set(read_parquet(second)["object"])
    assert not again & set(asked)
    # A catalogue was not asked.
    assert "p5" in again
    assert rounds.facts_of(second)["left_out"]["answered"] == 4
    assert rounds.facts_of(second)["classes"] == ["minus", "plus", "no idea"]


def test_what_is_held_out_decides_no_question(ledger, tmp_path):
    """The classes of all that is held out are swapped: ``weakest`` asks the same of the others."""
    options = replace(OPTIONS, asking=Asking("weakest", 5), held_out=0.5)
    first = play(tmp_path / "one", ledger, 1, options=options)
    labels = read_parquet(first / "labels.parquet")
    held = labels["held_out"].to_numpy()
    assert held.sum() == 4
    swapped = np.where(labels["label"] == "plus", "minus", "plus")
    write_parquet(labels.assign(label=np.where(held, swapped, labels["label"])), tmp_path / "l")
    members = sorted((first / "members").iterdir())
    place = tmp_path / "one" / "pool"
    arguments = (tmp_path / "l", place, tmp_path / "q.parquet", ledger, Points(), options)
    rounds.query_round("points", 1, members, *arguments)
    expected, found = (
        read_parquet(path) for path in (first / "queries.parquet", tmp_path / "q.parquet")
    )
    pd.testing.assert_frame_equal(found, expected)


def test_a_missing_member_is_named(ledger, tmp_path):
    at = play(tmp_path / "run", ledger, 1)
    paths = sorted((at / "members").iterdir())
    paths[2].unlink()
    with pytest.raises(NotFoundError, match="members/2"):
        read_members(paths, Points.classes)


def test_labels_of_the_desk_are_answers(ledger, tmp_path):
    """All but one are said, one of them is taken back: the round waits; then it is answered."""
    run = tmp_path / "run"
    at = play(run, ledger, 1)
    asked = sorted(read_parquet(at / "queries.parquet")["object"])

    def say(name, said, **more):
        ledger.append([Label(name, "points", said, labeller="ann", round=1, **more)])

    for name in asked[1:]:
        say(name, label(int(name[1:])))
    say(asked[1], label(int(asked[1][1:])), weight=0.0, note=WITHDRAWN)
    assert next_round(run, ledger, "points") == 1
    for name in asked[:2]:
        say(name, "no idea")
    assert next_round(run, ledger, "points") == 2
    assert next_round(run) == 1
    after = play(run, ledger, 2)
    known = read_parquet(after / "labels.parquet").set_index("object")["label"]
    assert set(asked) <= set(known.index)
    assert (known[asked[:2]] == "no idea").all()
    learnt = read_parquet(after / "members" / "0.parquet")
    assert not learnt[learnt["object"].isin(asked[:2])]["in_bag"].any()


def test_some_answers_of_the_desk_become_the_file(ledger, tmp_path):
    run = tmp_path / "run"
    at = play(run, ledger, 1)
    with pytest.raises(InputError, match="no answer"):
        write_answers(at, ledger, "points")
    asked = read_parquet(at / "queries.parquet")["object"]
    ledger.append([Label(asked[0], "points", "plus", labeller="ann", round=1)])
    ledger.append([Label("p1", "points", "plus", labeller="ann", round=1)])
    assert not is_answered(at, ledger, "points")
    arguments = ["--task", "points", "--ledger", str(ledger.folder)]
    assert scope_main(["labels", "answers", str(at), *arguments]) == 0
    assert pd.read_csv(at / "answers.csv")["object"].tolist() == [asked[0]]
    assert is_answered(at)
    before = len(ledger.labels())
    play(run, ledger, 2, at / "answers.csv")
    assert len(ledger.labels()) == before
    with pytest.raises(UsageError, match="answers"):
        write_answers(at, ledger, "points")
    with pytest.raises(NotFoundError, match="without questions"):
        write_answers(run / "7", ledger, "points")


def test_labels_of_classes_that_another_loop_asks_about_are_left_alone(ledger, tmp_path):
    ledger.append([Label("p3", "points", "zero", source="catalogue", date="2025-01-01")])
    at = play(tmp_path / "run", ledger, 1)
    assert "p3" not in set(read_parquet(at / "labels.parquet")["object"])
