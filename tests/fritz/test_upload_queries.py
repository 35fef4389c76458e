"""``scope upload-queries`` against the stub: a round of questions about light curves of the sky."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scope.active.labels import Label
from scope.active.ledger import Ledger
from scope.active.loop import (
    RoundOptions,
    find_loop,
    merge_labels,
    prepare_pool,
    query_round,
    train_member,
)
from scope.active.queries import Asking
from scope.active.scoring import score_round
from scope.cli.main import main
from scope.errors import ServiceError
from scope.fritz import upload_queries
from scope.io.frames import read_parquet, write_parquet
from tests.services.fritz_stub import Fault

TASK, CLASSES = "variables", ("fast", "slow")
NAMED = "my-star"
ROUND = "results/active/variables/1"
COMMAND = ["upload-queries", ROUND, "--group-ids", "4"]
ORIGIN = "SCoPe_question"


@pytest.fixture
def asked(stub, stars) -> pd.DataFrame:
    """A round of two members about eight stars, four with labels; one has a name on Fritz."""
    slow = np.arange(len(stars)) % 2
    frame = pd.DataFrame(
        {
            "_id": [star["objectid"] for star in stars],
            "ra": [star["objra"] for star in stars],
            "dec": [star["objdec"] for star in stars],
            "obj_id": [None] * (len(stars) - 1) + [NAMED],
            "filter": 1,
            "period_LS_BIC": np.where(slow, 100.0, 0.5),
            "skew": np.arange(len(stars)) / 7,
        }
    )
    write_parquet(frame, "features.parquet")
    settings = {"data": "features.parquet", "classes": list(CLASSES), "period": "period_LS_BIC"}
    with open("config.yaml", "a") as file:
        file.write(f"active: {{tasks: {{variables: {{options: {settings}}}}}}}\n")
    folder, ledger = Path(ROUND), Ledger("labels")
    pool, labels = folder.parent / "pool", folder / "labels.parquet"
    ledger.append(
        Label(str(frame["_id"][k]), TASK, CLASSES[slow[k]], source="catalogue") for k in range(4)
    )
    loop, options = find_loop(TASK, settings), RoundOptions(asking=Asking(size=4), held_out=0.0)
    prepare_pool(TASK, settings, pool)
    merge_labels(ledger, TASK, 1, None, labels, loop, pool, options)
    members = [folder / "members" / f"{number}.parquet" for number in range(2)]
    for number, path in enumerate(members):
        train_member(TASK, 1, number, labels, pool, path, loop, options)
    score_round(members, labels, folder / "scores.parquet", CLASSES)
    place = folder / "queries.parquet"
    query_round(TASK, 1, members, labels, pool, place, ledger, loop, options)
    return read_parquet(place)


def sources(stub) -> list[str]:
    return sorted(row["obj_id"] for row in stub.database.all("select * from sources"))


def questions(stub) -> dict[str, dict]:
    rows = stub.database.all("select * from annotations")
    return {row["obj_id"]: row["data"] for row in rows if row["origin"] == ORIGIN}


def test_each_question_is_a_source_with_its_reason_once(stub, asked, stars, capsys) -> None:
    before = stub.written()
    assert main([*COMMAND, "--dry-run"]) == 0
    assert "would send POST /api/sources" in capsys.readouterr().out
    assert stub.written() == before
    assert not Path(ROUND, "fritz").exists()
    assert main(COMMAND) == 0
    assert "4 sources in groups 4" in capsys.readouterr().out
    found = questions(stub)
    assert len(found) == 4
    assert sources(stub) == sorted(found)
    assert NAMED in found
    place = {str(star["objectid"]): star for star in stars}
    rows = {row["id"]: row for row in stub.database.all("select * from objs")}
    for name, facts in found.items():
        star = place[facts["ztf_id"]]
        assert (rows[name]["ra"], rows[name]["dec"]) == (star["objra"], star["objdec"])
        assert facts["asked_by"] == "entropy"
        assert facts["object"] == (NAMED if name == NAMED else facts["ztf_id"])
        assert facts["period"] in (0.5, 100.0)
    assert sorted(facts["rank"] for facts in found.values()) == [1, 2, 3, 4]
    assert stub.database.value("select count(*) from photometry") > 50
    comments = stub.database.all("select * from comments")
    assert {row["text"] for row in comments} == {"Which class is it? fast, slow"}
    assert len(comments) == 4
    # The table with names is that of the round, and every question has its own.
    named = read_parquet(Path(ROUND, "fritz", "queries.parquet"))
    assert named["object"].tolist() == asked["object"].tolist()
    assert {found[name]["object"] for name in named["obj_id"]} == set(asked["object"])
    # Nobody has classified anything by this: it is a question.
    assert stub.database.value("select count(*) from classifications") == 0
    done = len(stub.written())
    assert main(COMMAND) == 0
    assert len(stub.written()) == done


def test_an_upload_that_is_killed_goes_on_and_posts_nothing_twice(stub, asked) -> None:
    """Two kills while it writes; lost answers, and requests that are done after an error."""
    stub.faults.at_random(0.1, (Fault("done", 504), Fault("cut"), Fault("half")), seed=2)
    for writes in (3, 7):
        command = [sys.executable, "-m", "scope.cli.main", *COMMAND]
        path = f"{Path(__file__).parents[2]}:{os.environ.get('PYTHONPATH', '')}"
        child = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path})
        while len(stub.written()) < writes and child.poll() is None:
            time.sleep(0.002)
        child.kill()
        assert child.wait() == -9
    assert main(COMMAND) == 0
    stub.faults.clear()
    done = len(stub.written())
    assert main(COMMAND) == 0
    assert len(stub.written()) == done
    assert len(sources(stub)) == len(set(sources(stub))) == 4
    for table in ("annotations", "comments"):
        rows = stub.database.all(f"select * from {table}")
        assert len(rows) == len({row["obj_id"] for row in rows}) == 4
    assert set(questions(stub)) == set(sources(stub))


def with_error(error: float | None) -> None:
    """State a calibration error in the scores of the round."""
    path = Path(ROUND, "scores.parquet")
    scores = read_parquet(path)
    scores.attrs.pop("ece_out_of_bag", None)
    scores.attrs |= {} if error is None else {"ece_out_of_bag": error}
    write_parquet(scores, path)


@pytest.mark.parametrize(
    ("error", "options", "shown"),
    [(0.05, [], True), (0.3, [], False), (None, [], False), (0.3, ["--post-doubtful"], True)],
)
def test_probabilities_of_members_that_cannot_be_trusted_are_not_shown(
    stub, asked, error, options, shown
) -> None:
    with_error(error)
    assert main([*COMMAND, "--skip-phot", *options]) == 0
    scores = read_parquet(Path(ROUND, "scores.parquet")).set_index("object")
    start = "calibrated" if "calibrated_fast" in scores else "mean"
    for facts in questions(stub).values():
        found = {name: facts[name] for name in facts if name.startswith("p_")}
        expected = {f"p_{one}": scores.loc[facts["object"], f"{start}_{one}"] for one in CLASSES}
        expected = {name: round(float(p), 4) for name, p in expected.items() if p >= 0.05}
        assert found == (expected if shown else {})


def said_in_round(number: int, error: float) -> list[str]:
    """Ask the same questions as those of another round, and return the command."""
    place = str(Path(ROUND).with_name(str(number)))
    shutil.copytree(ROUND, place, ignore=shutil.ignore_patterns("fritz"))
    spoil(f"{place}/queries.parquet", round=number)
    scores = read_parquet(Path(place, "scores.parquet"))
    scores.attrs["ece_out_of_bag"] = error
    write_parquet(scores, Path(place, "scores.parquet"))
    return ["upload-queries", place, *COMMAND[2:], "--skip-phot"]


def test_what_is_told_of_a_question_is_what_holds_now(stub, asked) -> None:
    """Nothing of the annotation of an earlier run or round is left in it."""
    with_error(0.3)
    command = [*COMMAND, "--skip-phot"]
    for options, shown in (([], False), (["--post-doubtful"], True), ([], False)):
        assert main([*command, *options]) == 0
        found = questions(stub).values()
        assert [any(n.startswith("p_") for n in one) for one in found] == [shown] * 4
    with_error(0.05)
    assert main(command) == 0
    assert main(said_in_round(2, error=0.4)) == 0
    for facts in questions(stub).values():
        assert facts["round"] == 2
        assert not any(name.startswith("p_") for name in facts)
    assert stub.database.value("select count(*) from annotations") == 4


def test_a_run_that_ends_early_keeps_the_names_of_the_run_before(stub, asked, monkeypatch) -> None:
    command, named = [*COMMAND, "--skip-phot"], Path(ROUND, "fritz", "queries.parquet")
    assert main(command) == 0
    before = read_parquet(named)["obj_id"].tolist()
    post, posted = upload_queries.post_query, []

    def cut(*arguments):
        posted.append(arguments)
        if len(posted) == 3:
            raise ServiceError("the network is gone")
        return post(*arguments)

    monkeypatch.setattr(upload_queries, "post_query", cut)
    assert main(command) != 0
    assert len(posted) == 3
    assert read_parquet(named)["obj_id"].tolist() == before


def test_two_light_curves_of_one_star_are_one_question_on_fritz(stub, asked, stars) -> None:
    """The better rank is told, in every run, and an answer is one about both."""
    frame = read_parquet("features.parquet")
    two = frame.index[frame["_id"].astype(str).isin(asked["object"][:2])]
    frame.loc[two, ["ra", "dec"]] = frame.loc[two[0], ["ra", "dec"]].to_numpy()
    write_parquet(frame, "features.parquet")
    assert main([*COMMAND, "--skip-phot"]) == 0
    done = len(stub.written())
    assert main([*COMMAND, "--skip-phot"]) == 0
    assert len(stub.written()) == done
    named = read_parquet(Path(ROUND, "fritz", "queries.parquet")).set_index("object")["obj_id"]
    one, other = (named[str(frame["_id"][k])] for k in two)
    assert one == other
    assert len(questions(stub)) == 3
    assert questions(stub)[one]["rank"] == min(
        asked["rank"][asked["object"].isin(frame["_id"][two].astype(str))]
    )


def test_a_name_that_is_another_star_is_refused_and_the_others_are_asked(
    stub, asked, capsys
) -> None:
    stub.call("POST", "/api/sources", {"id": NAMED, "ra": 1.0, "dec": 1.0, "group_ids": [5]})
    assert main([*COMMAND, "--skip-phot"]) == 2
    assert "1 source refused" in capsys.readouterr().out
    assert len(questions(stub)) == 3
    assert NAMED not in questions(stub)


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda: Path(ROUND, "queries.parquet").unlink(), ("round without questions", ROUND)),
        (lambda: Path(ROUND, "scores.parquet").unlink(), ("round without scores",)),
        (lambda: spoil("features.parquet", _id=1), ("in none of the features", "4 light curves")),
        (lambda: spoil("features.parquet", dec=np.nan), ("without a position", "dec nan")),
        (lambda: spoil(f"{ROUND}/queries.parquet", object="9"), ("another pool",)),
        (lambda: others_scores(), ("scores of another pool",)),
        (lambda: dropped("ra"), ("missing columns", "ra")),
        (lambda: dropped("_id"), ("missing columns", "_id")),
        (lambda: spoil("features.parquet", _id=2.0**53 + 2), ("_id that was rounded",)),
        (lambda: twice(), ("two positions or names",)),
    ],
    ids=[
        *("no questions", "no scores", "other features", "no position", "other pool"),
        *("other scores", "no ra", "no ids", "ids as floats", "two positions"),
    ],
)
def test_a_round_that_cannot_be_posted_is_one_line(stub, asked, capsys, harm, words) -> None:
    before = stub.written()
    harm()
    assert main(COMMAND) == 2
    (line,) = (one for one in capsys.readouterr().err.splitlines() if "error" in one.lower())
    for word in words:
        assert word in line
    assert stub.written() == before
    assert not Path(ROUND, "fritz").exists()


def spoil(path: str, **columns) -> None:
    frame = read_parquet(path)
    attrs = dict(frame.attrs)
    frame = frame.assign(**columns)
    frame.attrs = attrs
    write_parquet(frame, path)


def others_scores() -> None:
    """Put the scores of each row at another one's."""
    path = Path(ROUND, "scores.parquet")
    scores = read_parquet(path)
    turned = scores[::-1].reset_index(drop=True)
    turned.attrs = scores.attrs | {"ece_out_of_bag": 0.01}
    write_parquet(turned, path)


def dropped(column: str) -> None:
    write_parquet(read_parquet("features.parquet").drop(columns=[column]), "features.parquet")


def twice() -> None:
    """State another position of each light curve as well."""
    frame = read_parquet("features.parquet")
    write_parquet(pd.concat([frame, frame.assign(dec=-20.0)]), "features.parquet")


def test_a_group_of_others_and_a_round_of_another_task_are_refused(stub, asked, capsys) -> None:
    before = stub.written()
    assert main(["upload-queries", ROUND, "--group-ids", "99"]) == 2
    assert "99" in capsys.readouterr().err
    path = Path(ROUND, "queries.parquet")
    frame = read_parquet(path)
    frame.attrs["task"] = "spectra"
    write_parquet(frame, path)
    assert main(COMMAND) == 2
    assert "of no light curves" in capsys.readouterr().err
    assert stub.written() == before


MAP = {
    "fast": {"fritz_label": "RR Lyrae", "taxonomy_id": 1},
    "slow": {"fritz_label": "flaring", "taxonomy_id": 1},
}
BACK = ["download-answers", ROUND, "--taxonomy-map", "map.json"]


@pytest.fixture
def on_fritz(stub, asked) -> list[str]:
    """The names of the questions on Fritz, in their order."""
    Path("map.json").write_text(json.dumps(MAP))
    assert main([*COMMAND, "--skip-phot"]) == 0
    return read_parquet(Path(ROUND, "fritz", "queries.parquet"))["obj_id"].tolist()


def classify(stub, name: str, label: str, probability=None, token=None, **more) -> int:
    body = {"obj_id": name, "classification": label, "probability": probability}
    body |= {"taxonomy_id": 1, "group_ids": [4], "vote": False, "label": False, **more}
    found = stub.call("POST", "/api/classification", body, token)
    return found["classification_id"]


def test_answers_come_back_as_the_file_that_the_next_round_learns_from(stub, asked, on_fritz):
    """By hand: two people on the first; a model, a class of others, one voted down, one denied."""
    ann, bob = (stub.add_user(name, admin=True, groups=(4,)) for name in ("ann", "bob"))
    classify(stub, on_fritz[0], "RR Lyrae", 0.6, ann)
    classify(stub, on_fritz[0], "flaring", 0.9, ann)
    classify(stub, on_fritz[0], "RR Lyrae", None, bob)
    classify(stub, on_fritz[1], "flaring", 0.99, ann, ml=True)
    classify(stub, on_fritz[1], "Cataclysmic", None, ann)
    number = classify(stub, on_fritz[2], "RR Lyrae", None, ann)
    stub.call("POST", f"/api/classification/votes/{number}", {"vote": -1}, bob)
    classify(stub, on_fritz[2], "flaring", 0.0, bob)
    classify(stub, NAMED, "RR Lyrae", None, bob)
    assert main(BACK) == 0
    answers = pd.read_csv(Path(ROUND, "answers.csv"), dtype={"object": str})
    found = {(row.object, row.labeller): (row.label, row.weight) for row in answers.itertuples()}
    assert found == {
        (asked["object"][0], "ann"): ("slow", 0.9),
        (asked["object"][0], "bob"): ("fast", 1.0),
        (NAMED, "bob"): ("fast", 1.0),
    }
    ledger, settings = Ledger("labels"), {"data": "features.parquet", "classes": list(CLASSES)}
    place, loop = Path("results/active/variables"), find_loop(TASK, settings)
    answered, labels = place / "1/answers.csv", place / "2/labels.parquet"
    merge_labels(ledger, TASK, 2, answered, labels, loop, place / "pool", RoundOptions())
    known = read_parquet(labels).set_index("object")["label"]
    assert known[NAMED] == "fast"
    assert len(known) == 4 + 2


def test_answers_that_cannot_be_fetched_are_one_line(stub, on_fritz, capsys):
    capsys.readouterr()
    assert main(BACK) == 2
    assert "nobody on Fritz has answered" in capsys.readouterr().err
    classify(stub, NAMED, "flaring")
    assert main([*BACK, "--group-ids", "5"]) == 2
    assert "nobody on Fritz has answered" in capsys.readouterr().err
    Path("map.json").write_text(json.dumps({"fast": MAP["fast"]}))
    assert main(BACK) == 2
    assert "taxonomy map without classes of the task" in capsys.readouterr().err
    Path("map.json").write_text(json.dumps(dict.fromkeys(CLASSES, MAP["fast"])))
    assert main(BACK) == 2
    assert "one class for two of the task" in capsys.readouterr().err
    Path("map.json").write_text(json.dumps(MAP))
    whole = Path("config.yaml").read_text()
    Path("config.yaml").write_text(whole.partition("active:")[0])
    assert main(BACK) == 2
    assert "answers to no classes" in capsys.readouterr().err
    Path("config.yaml").write_text(whole)
    assert not Path(ROUND, "answers.csv").exists()
    assert main(BACK) == 0
    assert main(BACK) == 2
    assert "round that has its answers" in capsys.readouterr().err
    Path(ROUND, "answers.csv").unlink()
    Path(ROUND, "fritz", "queries.parquet").unlink()
    assert main(BACK) == 2
    assert "was not asked on Fritz" in capsys.readouterr().err
