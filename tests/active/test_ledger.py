"""The ledger: only grows, survives kills and several writers, refuses what it cannot use."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time

import pandas as pd
import pytest

from scope.active.labels import Label, read_labels
from scope.active.ledger import Ledger
from scope.active.settle import settle
from scope.errors import CorruptFileError, InputError, MissingColumnError, UsageError


def label(name="1", said="QSO", who="ann", **more):
    return Label(name, "spectra", said, labeller=who, date="2025-01-31", **more)


def test_what_was_said_comes_back_in_order(tmp_path):
    ledger = Ledger(tmp_path)
    assert ledger.append([label("39627784716716099"), label("2", "STAR")]) == 2
    assert ledger.append([label("3", note="is; it?")]) == 1
    frame = ledger.read("spectra")
    assert list(frame["object"]) == ["39627784716716099", "2", "3"]
    assert list(frame["weight"]) == [1.0, 1.0, 1.0]
    assert ledger.read("stamps").empty


def test_a_change_of_mind_and_back_is_kept_but_saying_it_again_is_not(tmp_path):
    ledger = Ledger(tmp_path)
    assert [ledger.append([label(said=said)]) for said in ("A", "A", "B", "A", "A")] == [
        1,
        0,
        1,
        1,
        0,
    ]
    both = [label("2", "vnv"), label("2", "ew", weight=0.5)]
    assert [ledger.append(both) for _ in range(2)] == [2, 0]


@pytest.mark.parametrize("cut", [1, 30, 300, 500])
def test_a_call_that_was_cut_short_never_happened(tmp_path, cut):
    whole, torn = Ledger(tmp_path / "whole"), Ledger(tmp_path / "torn")
    for ledger in (whole, torn):
        ledger.append([label("0")])
        ledger.append([label(str(number)) for number in range(1, 5)])
    os.truncate(torn.path, torn.path.stat().st_size - cut)
    assert list(torn.read()["object"]) == ["0"]
    torn.append([label(str(number)) for number in range(1, 5)])
    assert torn.path.read_bytes() == whole.path.read_bytes()


def _write_for_ever(folder, who):
    ledger = Ledger(folder)
    for number in range(10**6):
        ledger.append([label(f"{number}.{part}", who=who) for part in range(7)])


def test_two_writers_that_are_killed_leave_whole_calls(tmp_path):
    context = multiprocessing.get_context("fork")
    for attempt in range(4):
        writers = [
            context.Process(target=_write_for_ever, args=(tmp_path, f"{who}{attempt}"))
            for who in "ab"
        ]
        for writer in writers:
            writer.start()
        time.sleep(random.uniform(0.05, 0.2))
        for writer in writers:
            os.kill(writer.pid, signal.SIGKILL)
            writer.join()
    counts = Ledger(tmp_path).read().groupby(["labeller", "object"]).size()
    assert (counts == 1).all()
    calls = Ledger(tmp_path).read()["object"].str.split(".").str[0]
    whole = pd.DataFrame({"who": Ledger(tmp_path).read()["labeller"], "call": calls})
    assert (whole.groupby(["who", "call"]).size() == 7).all()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"weight": 1.5}, "0 to 1"),
        ({"weight": "much"}, "0 to 1"),
        ({"round": 1.5}, "whole number"),
        ({"source": "rumour"}, "human"),
        ({"labeller": ""}, "labeller"),
        ({"date": "31.1.2025"}, "ISO"),
        ({"object": 3.9627e16}, "digits"),
        ({"object": ""}, "without object"),
        ({"label": "BLAZAR"}, "QSO, STAR"),
        ({"task": "Spectra!"}, "small letters"),
        ({"note": "two\nlines"}, "one line"),
        ({"colour": "red"}, "unknown keys"),
    ],
)
def test_a_label_that_cannot_be_used_leaves_all_out(tmp_path, wrong, says):
    good = {"object": "1", "task": "spectra", "label": "QSO", "labeller": "ann"}
    with pytest.raises(InputError, match=says):
        Ledger(tmp_path).append([good, {**good, **wrong}], allowed=("QSO", "STAR"))
    assert Ledger(tmp_path).labels() == []


def test_a_line_of_something_else_is_named(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.append([label()])
    with ledger.path.open("a") as file:
        file.write("hello\n")
    with pytest.raises(CorruptFileError, match="line 2"):
        ledger.labels()


def test_csv_goes_out_and_comes_in(tmp_path):
    one, two = Ledger(tmp_path / "one"), Ledger(tmp_path / "two")
    one.append([label("39627784716716099"), label("2", "STAR", weight=0.25, round=3)])
    assert one.export_csv(tmp_path / "labels.csv") == 2
    assert two.import_csv(tmp_path / "labels.csv") == 2
    assert two.path.read_bytes() == one.path.read_bytes()
    assert two.import_csv(tmp_path / "labels.csv") == 0


def test_ids_that_a_spreadsheet_rounded_are_refused(tmp_path):
    path = tmp_path / "answers.csv"
    path.write_text("object;task;label\n3.96278E+16;spectra;QSO\n")
    with pytest.raises(InputError, match="rounded"):
        read_labels(path, labeller="ann")
    path.write_text("object,what\n1,QSO\n")
    with pytest.raises(MissingColumnError, match="label"):
        read_labels(path, task="spectra")


def test_rows_without_an_answer_are_left_out(tmp_path):
    path = tmp_path / "answers.csv"
    path.write_text("object,label,labeller\n1,QSO,ann\n2,,\n3,STAR,ann\n")
    assert [x.object for x in read_labels(path, task="spectra")] == ["1", "3"]


def test_held_out_objects_are_fixed_before_the_first_answer(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.hold_out("spectra", ["2", 1])
    ledger.hold_out("spectra", ["1", "2"])
    assert ledger.held_out("spectra") == ["1", "2"]
    with pytest.raises(UsageError, match="cannot be changed"):
        ledger.hold_out("spectra", ["1"])
    ledger.append([Label("9", "stamps", "real", labeller="ann", round=1)])
    with pytest.raises(UsageError, match="round 1"):
        ledger.hold_out("stamps", ["1"])


def test_votes_count_each_labeller_once_and_the_expert_breaks_ties():
    said = [label(said="A", who="ann"), label(said="B", who="ann"), label(said="A", who="bob")]
    (tie,) = settle(said, "votes", experts=["bob"])
    assert (tie.label, tie.settled_by, tie.votes, tie.labellers) == ("A", "expert", 1, 2)
    (votes,) = settle([*said, label(said="B", who="cid")], "votes", experts=["bob"])
    assert (votes.label, votes.settled_by, votes.conflict) == ("B", "votes", True)
    (expert,) = settle([*said, label(said="B", who="cid")], "expert", experts=["bob"])
    assert (expert.label, expert.settled_by) == ("A", "expert")
    (last,) = settle(said, "last")
    assert (last.label, last.said) == ("A", "ann: B; bob: A")


def test_people_come_before_catalogues():
    said = [label(said="A", who="", source="catalogue"), label(said="B", who="ann")]
    (one,) = settle(said)
    assert (one.label, one.settled_by, one.conflict) == ("B", "human", True)


def test_classes_that_do_not_exclude_each_other_are_settled_one_by_one():
    said = [
        label(said="vnv"),
        label(said="ew", weight=0.2),
        label(said="ew", who="bob", weight=0.9),
    ]
    ew, vnv = settle(said, experts=["bob"], several=True)
    assert (ew.label, ew.weight, ew.settled_by) == ("ew", 0.9, "expert")
    assert (vnv.label, vnv.weight, vnv.conflict) == ("vnv", 1.0, False)
