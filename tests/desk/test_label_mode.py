"""Labels of the desk in the ledger: what is said, taken back, asked for next, and survives."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from scope.active.ledger import Ledger
from scope.active.settle import settle
from scope.desk.desk import Desk
from scope.desk.label_mode import Labelling, class_keys, last_words, read_queries
from scope.desk.run_desk import DeskOptions, _labelling
from scope.desk.table import Question
from scope.errors import InputError, NotFoundError, UsageError
from scope.io import read_metadata, read_table, write_table
from scope.io.frames import write_parquet
from tests.conftest import ROOT
from tests.desk.fields import invented

CLASSES = {"rrab": "RR Lyrae ab", "ea": "EA", "ew": "EW"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk.open(invented(tmp_path_factory.mktemp("desk"), 60))


@pytest.fixture
def labels(tmp_path: Path) -> Labelling:
    return Labelling(Ledger(tmp_path / "labels"), "ann", CLASSES)


def ids(desk: Desk) -> list[str]:
    return [str(i) for i in desk.table.page(Question(), ["_id"], limit=60)["_id"].to_pylist()]


def settled(labels: Labelling) -> dict[str, str]:
    return {one.object: one.label for one in settle(labels.ledger.labels("variables"))}


def test_what_is_said_last_counts_and_undo_takes_it_back(desk: Desk, labels: Labelling) -> None:
    a, b, *_ = ids(desk)
    labels.say(desk, "field_250", a, "ea", "a “note” with <b>; =1+1")
    labels.say(desk, "field_250", b, "rrab")
    labels.say(desk, "field_250", a, "ew")
    assert settled(labels) == {a: "ew", b: "rrab"}
    assert labels.undo(desk, "field_250", a) == "ea"
    assert settled(labels) == {a: "ea", b: "rrab"}
    assert labels.undo(desk, "field_250", a) is None
    assert settled(labels) == {b: "rrab"}
    assert labels.undo(desk, "field_250", a) is None, "there is nothing left to take back"
    labels.say(desk, "field_250", a, "ea")
    assert settled(labels) == {a: "ea", b: "rrab"}
    assert set(last_words(labels.own())) == {a, b}
    assert len(labels.ledger.labels("variables")) == 6, "the ledger only grows"


def test_the_word_of_another_stands_when_one_takes_hers_back(desk: Desk, labels: Labelling) -> None:
    a, *_ = ids(desk)
    bob = Labelling(labels.ledger, "bob", CLASSES)
    bob.say(desk, "field_250", a, "ea")
    labels.say(desk, "field_250", a, "ew")
    labels.undo(desk, "field_250", a)
    assert settled(labels) == {a: "ea"}


@pytest.mark.parametrize(
    ("star", "tag", "note", "told"),
    [
        ("1", "ea", "", NotFoundError),
        ("../1", "ea", "", NotFoundError),
        (None, "nope", "", UsageError),
        (None, "../ea", "", UsageError),
        (None, "ea", "x" * 501, UsageError),
        (None, "ea", "withdrawn", UsageError),
        (None, "ea", "two\nlines", InputError),
        (None, "ea", "\x1b[31m", InputError),
    ],
)
def test_what_cannot_be_said_leaves_no_trace(
    desk: Desk,
    labels: Labelling,
    star: str | None,
    tag: str,
    note: str,
    told: type[Exception],
) -> None:
    with pytest.raises(told):
        labels.say(desk, "field_250", star or ids(desk)[0], tag, note)
    assert labels.ledger.labels() == []


def test_stars_in_doubt_come_first_and_none_twice(desk: Desk, labels: Labelling) -> None:
    queue = labels.queue(desk, Question(), [])["stars"]
    frame = desk.table.page(Question("reason is null"), ["class_p"], limit=60).to_pandas()
    frame["_id"] = desk.table.page(Question("reason is null"), ["_id"], limit=60)["_id"].to_pylist()
    doubt = frame.assign(doubt=(frame["class_p"] - 0.5).abs()).sort_values("doubt")
    assert [one["id"] for one in queue[:5]] == [str(i) for i in doubt["_id"][:5]]
    first, second = (one["id"] for one in queue[:2])
    labels.say(desk, "field_250", first, "ea")
    after = labels.queue(desk, Question(), [second])
    assert after["done"] == 1
    assert [one["id"] for one in after["stars"]][:1] == [queue[2]["id"]]
    assert {first, second}.isdisjoint(one["id"] for one in after["stars"])


def test_a_star_that_is_held_out_is_neither_asked_for_nor_labelled(
    desk: Desk, labels: Labelling
) -> None:
    first = labels.queue(desk, Question(), [])["stars"][0]["id"]
    labels.ledger.hold_out("variables", [first])
    assert first not in [one["id"] for one in labels.queue(desk, Question(), [])["stars"]]
    with pytest.raises(UsageError, match="held out"):
        labels.say(desk, "field_250", first, "ea")


def test_queries_come_in_their_order(desk: Desk, labels: Labelling, tmp_path: Path) -> None:
    a, b, c, *_ = ids(desk)
    table = pd.DataFrame(
        {
            "object": [a, "12", b, c],
            "rank": [3, 0, 1, 2],
            "reason": ["<b>x</b>", "gone", "mi", "mi"],
            "round": [4] * 4,
        }
    )
    table.to_csv(tmp_path / "queries.csv", index=False)
    queries, number = read_queries(tmp_path / "queries.csv")
    assert number == 4
    asked = Labelling(labels.ledger, "ann", CLASSES, queries, number)
    assert [one["id"] for one in asked.queue(desk, Question(), [])["stars"]] == [b, c, a]
    asked.say(desk, "field_250", b, "ea")
    assert [one["id"] for one in asked.queue(desk, Question(), [])["stars"]] == [c, a]
    assert labels.ledger.labels()[0].round == 4


def test_a_round_is_answered_by_its_own_classes(desk: Desk, tmp_path: Path) -> None:
    """What a loop cannot learn is not offered; without its words the desk's classes are."""
    frame = pd.DataFrame({"object": ids(desk)[:2], "rank": [1, 2], "round": [1, 1]})
    frame.to_csv(tmp_path / "plain.csv", index=False)
    frame.attrs["classes"] = ["rrab", "odd"]
    write_parquet(frame, tmp_path / "queries.parquet")
    of_round = DeskOptions(results="", ledger=str(tmp_path), labeller="ann")

    def labelling(name: str) -> Labelling:
        options = replace(of_round, queries=str(tmp_path / name))
        return _labelling(desk, options, lambda said: None)

    known = {one["tag"]: one["label"] for one in desk.classes}
    asked = labelling("queries.parquet")
    assert asked.classes == {"rrab": known["rrab"], "odd": "odd"}
    assert labelling("plain.csv").classes == known
    with pytest.raises(UsageError, match="no class"):
        asked.say(desk, "field_250", ids(desk)[0], "ea")
    assert "ea" in known


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A list of stars: two light curves in turn are of one star with a name, the last has none."""
    results = invented(tmp_path_factory.mktemp("named"), 60)
    path = results / "catalog" / "field_250.parquet"
    table, facts = read_table(path), read_metadata(path)
    names = [f"V{i // 2}" for i in range(59)] + [None]
    write_table(table.append_column("obj_id", pa.array(names, pa.string())), path, facts)
    return Desk.open(results)


def test_a_star_with_a_name_is_asked_for_and_labelled_by_it(named: Desk, tmp_path: Path) -> None:
    """As rounds of questions and training sets call it, `scope.tasks.variables`."""
    rows = named.table.page(Question(), ["_id", "obj_id"], sort="_id", limit=60).to_pylist()
    first, own = {}, {}
    for row in rows:
        first.setdefault(row["obj_id"], str(row["_id"]))
        own[str(row["_id"])] = row["obj_id"]
    lone = first.pop(None)
    queries = [("V7", "entropy"), (lone, "entropy"), ("V3", "entropy"), (first["V5"], "by id")]
    labels = Labelling(Ledger(tmp_path / "labels"), "ann", CLASSES, queries, 1)
    said = []
    while stars := labels.queue(named, Question(), [])["stars"]:
        said.append(stars[0]["id"])
        labels.say(named, stars[0]["target"], stars[0]["id"], "ea")
    assert [own[one] or one for one in said] == ["V7", lone, "V3", "V5"]
    assert [one.object for one in labels.own()] == ["V7", lone, "V3", first["V5"]]
    labels.undo(named, "field_250", said[0])
    assert settled(labels).keys() == {lone, "V3", first["V5"]}
    # Without questions no light curve of a star that has its label is asked for.
    free = Labelling(Ledger(tmp_path / "free"), "ann", CLASSES)
    before = free.queue(named, Question(), [])["stars"]
    free.say(named, "field_250", before[0]["id"], "ea")
    after = free.queue(named, Question(), [])["stars"]
    assert own[before[0]["id"]] in {own[one["id"]] for one in before}
    assert own[before[0]["id"]] not in {own[one["id"]] for one in after}


def test_a_star_is_found_by_each_light_curve_that_is_asked_for(tmp_path: Path) -> None:
    """Two questions about two light curves of one star are two labels."""
    results = invented(tmp_path, 60)
    catalog = read_table(results / "catalog" / "field_250.parquet")
    first, second, third, other = catalog["_id"].to_pylist()[:4]
    stars = {
        "star_id": pa.array([first, other]),
        "light_curves": pa.array([[first, second, third], [other]], pa.list_(pa.int64())),
        "ra": [10.0, 11.0],
        "dec": [0.0, 0.0],
        "rrab_p": pa.array([0.9, 0.1], pa.float32()),
    }
    write_table(pa.table(stars), results / "stars" / "field_250.parquet", {})
    desk = Desk.open(results)
    queries = [(str(one), "entropy") for one in (third, other, second)]
    labels = Labelling(Ledger(tmp_path / "labels"), "ann", CLASSES, queries, 1)
    said = []
    while rows := labels.queue(desk, Question(), [])["stars"]:
        said.append(rows[0]["id"])
        labels.say(desk, rows[0]["target"], rows[0]["id"], "ea")
    assert said == [str(first), str(other), str(first)]
    assert [one.object for one in labels.own()] == [str(third), str(other), str(second)]
    labels.undo(desk, "field_250", str(first))
    assert settled(labels).keys() == {str(third), str(other)}
    labels.undo(desk, "field_250", str(first))
    assert settled(labels).keys() == {str(other)}


def test_each_class_has_a_key_of_its_own() -> None:
    keys = class_keys(["rrab", "rrc", "ea", "eb", "ew", "sss", "u"])
    assert keys["rrab"] == "r"
    assert keys["ea"] == "e"
    assert len(set(keys.values())) == 7
    assert not set(keys.values()) & {"u", "s"}
    assert len(class_keys([f"c{i}" for i in range(50)])) == 34, "as many as there are keys"


WRITER = """
import sys
from pathlib import Path
from scope.active.ledger import Ledger
from scope.desk.desk import Desk
from scope.desk.label_mode import Labelling
results, ledger, name = sys.argv[1:]
desk = Desk.open(results)
labels = Labelling(Ledger(ledger), name, {"ea": "EA", "ew": "EW"})
rows = desk.table.ask("SELECT _id FROM stars ORDER BY _id")["_id"].to_pylist()
for number in range(10**6):
    tag = ("ea", "ew")[number // len(rows) % 2]
    labels.say(desk, "field_250", str(rows[number % len(rows)]), tag)
    print(number, flush=True)
"""


def test_labels_survive_a_kill_and_two_desks_lose_nothing(desk: Desk, tmp_path: Path) -> None:
    results = desk.targets["field_250"].results
    ledger = tmp_path / "labels"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(results), str(ledger), name],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for name in ("ann", "bob")
    ]
    answered = {}
    for name, writer in zip(("ann", "bob"), writers, strict=True):
        assert writer.stdout is not None
        last = -1
        while last < 40:
            last = int(writer.stdout.readline())
        answered[name] = last
    for name, writer in zip(("ann", "bob"), writers, strict=True):
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split() if writer.stdout is not None else []
        answered[name] = max([answered[name], *(int(line) for line in rest if line.isdigit())])
        writer.wait()
    found = Ledger(ledger).labels("variables")
    for name, last in answered.items():
        # All that was answered is there, and at most the one click that was not.
        assert len([one for one in found if one.labeller == name]) in (last + 1, last + 2)
    assert all(json.loads(line) for line in (ledger / "ledger.jsonl").read_text().splitlines())


def test_clicks_at_the_same_time_all_count(desk: Desk, labels: Labelling) -> None:
    threads = [
        threading.Thread(target=labels.say, args=(desk, "field_250", one, "ea"))
        for one in ids(desk)[:20]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(settled(labels)) == sorted(ids(desk)[:20])


def started(results: Path, ledger: Path, name: str) -> tuple[subprocess.Popen[str], str]:
    """A desk as people start it, and its address."""
    command = [sys.executable, "-m", "scope.cli.main", "desk", str(results), "--label"]
    command += ["--ledger", str(ledger), "--labeller", name]
    desk = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert desk.stdout is not None
    line = next(line for line in desk.stdout if "The desk is at " in line)
    return desk, line.split("The desk is at ")[1].strip()


def click(address: str, star: str, tag: str) -> None:
    """Send what a click sends; returns when the desk has answered."""
    body = json.dumps({"target": "field_250", "id": star, "label": tag, "note": "../<script>"})
    asked = urllib.request.Request(f"{address}api/label", body.encode())
    asked.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(asked, timeout=60) as answer:
        assert json.loads(answer.read()) == {"said": tag}


def test_a_desk_killed_in_the_middle_of_a_click_leaves_what_it_answered(
    desk: Desk, tmp_path: Path
) -> None:
    ledger, stars = tmp_path / "labels", ids(desk)
    desks = {
        name: started(desk.targets["field_250"].results, ledger, name) for name in ("ann", "bob")
    }
    answered: dict[str, list[str]] = {name: [] for name in desks}

    def work(name: str) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            for star in stars:
                click(desks[name][1], star, "ea")
                answered[name].append(star)

    workers = [threading.Thread(target=work, args=(name,)) for name in desks]
    for worker in workers:
        worker.start()
    while len(answered["ann"]) < 15:
        time.sleep(0.001)
    desks["ann"][0].send_signal(signal.SIGKILL)
    for worker in workers:
        worker.join()
    for process, _ in desks.values():
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
    assert len(answered["ann"]) < len(stars), "it was killed at work"
    assert answered["bob"] == stars, "the other desk lost nothing"
    said = Ledger(ledger).labels("variables")
    for name, sent in answered.items():
        found = [one.object for one in said if one.labeller == name]
        # The click that was not answered may be there or not, never half.
        assert found[: len(sent)] == sent
        assert len(found) <= len(sent) + 1
    assert {one.note for one in said} == {"../<script>"}
    # A new desk goes on where the killed one was.
    again, address = started(desk.targets["field_250"].results, ledger, "ann")
    left = next(
        star for star in stars if star not in {o.object for o in said if o.labeller == "ann"}
    )
    click(address, left, "ea")
    again.kill()
    again.communicate()
    assert Ledger(ledger).labels("variables")[-1].object == left
