"""An upload that ends anywhere takes nothing away that it has not replaced.

The rule that is checked: of the classifications that a source had for its groups, and of those
that the table has for it, one or the other are all there at any moment; other groups lose none.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scope.errors import ServiceError
from scope.fritz.journal import Journal
from scope.fritz.taxonomy_map import Entry
from scope.fritz.upload import Upload, UploadOptions
from scope.fritz.upload_rows import UploadRow
from scope.io import read_dataframe
from scope.services.fritz import Fritz
from tests.services.fritz_sky import GROUP, OTHER_GROUP, client_of
from tests.services.fritz_stub import StubFritz
from tests.services.fritz_stub.routes import Refusal

OLD = {"variable": 0.2, "RR Lyrae": 0.3, "flaring": 0.7}
NEW = {"variable": 0.9, "periodic": 0.8, "flaring": 0.7}
"""One class with another probability, one that goes, one that comes, one that stays."""

SHARED = "Cataclysmic"
"""A class that the source has for both groups."""

NAMES = ("star",)


class Killed(BaseException):
    """The process is gone."""


class Fatal(Fritz):
    """A client whose process is killed at one request: before it is sent, or after it."""

    at, after = -1, False

    def attempt(self, method: str, path: str, *rest: Any, **more: Any) -> Any:
        self.at -= 1
        if self.at == 0 and not self.after:
            raise Killed
        answer = super().attempt(method, path, *rest, **more)
        if self.at == 0:
            raise Killed
        return answer


@pytest.fixture
def stub(stub: StubFritz) -> Iterator[StubFritz]:
    """A source that has all of `OLD`, and a class that it shares with another group."""
    for number, name in enumerate(NAMES):
        place = {"id": name, "ra": 10.0 + number, "dec": 20.0, "group_ids": [4, 5]}
        stub.call("POST", "/api/sources", place)
        for label, p in OLD.items():
            classify(stub, name, label, p, [GROUP])
        classify(stub, name, SHARED, 0.6, [GROUP, OTHER_GROUP])
    return stub


def classify(stub: StubFritz, name: str, label: str, p: float, groups: list[int]) -> None:
    one = {"obj_id": name, "classification": label, "taxonomy_id": 1, "probability": p}
    more = {"group_ids": groups, "origin": "SCoPe", "ml": True, "vote": False, "label": False}
    stub.call("POST", "/api/classification", {**one, **more})


def rows() -> list[UploadRow]:
    """Two rows of the source."""
    parts = [("star", ["variable"]), ("star", ["periodic", "flaring"])]
    return [
        UploadRow(
            number,
            10.0,
            20.0,
            name,
            period=0.5,
            classes={Entry(label, 1): NEW[label] for label in labels},
        )
        for number, (name, labels) in enumerate(parts)
    ]


def upload(fritz: Fritz, journal: str | None, batch: int) -> None:
    options = UploadOptions(
        (GROUP,),
        use_existing_obj_id=True,
        skip_phot=True,
        replace_classifications=True,
        comment="seen",
        batch=batch,
    )
    with Journal(journal, fritz.options.address) as steps:
        Upload(fritz, steps, options, None).run(rows())


def of_group(stub: StubFritz, name: str, group: int) -> list[tuple[str, float]]:
    found = stub.database.all("select * from classifications where obj_id = ?", name)
    return sorted(
        (one["classification"], one["probability"]) for one in found if group in one["groups"]
    )


def check(stub: StubFritz) -> None:
    for name in NAMES:
        there = set(of_group(stub, name, GROUP))
        old = {*OLD.items(), (SHARED, 0.6)}
        assert old <= there or set(NEW.items()) <= there, there
        assert of_group(stub, name, OTHER_GROUP) == [(SHARED, 0.6)]


def check_done(stub: StubFritz) -> None:
    for name in NAMES:
        assert of_group(stub, name, GROUP) == sorted(NEW.items())
        assert of_group(stub, name, OTHER_GROUP) == [(SHARED, 0.6)]
        assert len(stub.call("GET", f"/api/sources/{name}/comments")) == 1


def requests_of(stub: StubFritz) -> list[str]:
    return [f"{method} {path}" for method, path, _ in stub.requests]


@pytest.fixture
def snapshot(stub: StubFritz) -> Iterator[Any]:
    """Return what sets the server back to the state before the upload."""
    import sqlite3

    kept = sqlite3.connect(":memory:")
    stub.database._connection.backup(kept)

    def restore() -> None:
        kept.backup(stub.database._connection)
        stub.requests.clear()

    yield restore
    kept.close()


@pytest.mark.parametrize(
    ("journal", "batch", "after"),
    [
        ("journal.jsonl", 1, True),
        ("journal.jsonl", 100, False),
        (None, 1, False),
        (None, 100, True),
    ],
)
def test_a_kill_at_each_request_in_turn(stub, snapshot, journal, batch, after) -> None:
    for k in itertools.count(1):
        snapshot()
        Path("journal.jsonl").unlink(missing_ok=True)
        fritz = client_of(stub, Path(), requests_per_second=1e5, settle_seconds=0.0)
        fritz.__class__ = Fatal
        fritz.at, fritz.after = k, after
        try:
            upload(fritz, journal, batch)
        except Killed:
            check(stub)
        else:
            check_done(stub)
            break
        # the next run, with the journal or without it, comes to the end
        fritz.at = -1
        upload(fritz, journal, batch)
        check_done(stub)
    # each of the requests was the last one once
    assert k > 12


@pytest.mark.parametrize(("journal", "batch"), [("journal.jsonl", 100), (None, 1)])
def test_a_refusal_of_each_request_in_turn(stub, snapshot, monkeypatch, journal, batch) -> None:
    real = StubFritz.handle
    ended, k = 0, 0
    while True:
        k += 1
        snapshot()
        Path("journal.jsonl").unlink(missing_ok=True)
        left = iter([True] * (k - 1) + [False])

        def refuse(self, method, path, query, body, user, left=left):
            if not next(left, True):
                raise Refusal(400, "refused for a test")
            return real(self, method, path, query, body, user)

        monkeypatch.setattr(StubFritz, "handle", refuse)
        fritz = client_of(stub, Path(), requests_per_second=1e5, settle_seconds=0.0)
        try:
            upload(fritz, journal, batch)
        except ServiceError:
            ended += 1
        check(stub)
        refused = next(left, None) is None
        monkeypatch.setattr(StubFritz, "handle", real)
        if not refused:
            break
        upload(fritz, journal, batch)
        check_done(stub)
    assert k > 12
    # only where something is read that must be known
    assert ended < k


def test_what_is_refused_is_a_line_of_the_receipt_and_the_rest_goes_on(stub, capsys) -> None:
    import json

    from scope.cli.upload_classification import main

    member = stub.add_user("member", groups=(GROUP,))
    place = {"id": "moon", "ra": 11.0, "dec": 20.0, "group_ids": [4, 5]}
    stub.call("POST", "/api/sources", place)
    note = {"origin": "ids", "data": {"k": 1}, "group_ids": [GROUP]}
    stub.call("POST", "/api/sources/star/annotations", note)
    Path("map.json").write_text(
        json.dumps({"periodic": {"fritz_label": "periodic", "taxonomy_id": 1}})
    )
    Path("t.csv").write_text(
        "ra,dec,obj_id,periodic,Gaia_EDR3___id\n10,20,star,0.9,17\n11,20,moon,0.9,18\n"
    )
    command = ["--file", "t.csv", "--group-ids", "4", "--classification", "periodic"]
    command += ["--taxonomy-map", "map.json", "--use-existing-obj-id", "--skip-phot"]
    command += ["--post-survey-id", "--survey-id-origin", "ids"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FRITZ_INSTANCE_TOKEN", member)
        assert main(command) == 2
        printed = capsys.readouterr()
        assert "steps that Fritz refuses: 1" in printed.err
        assert "1 annotation refused" in printed.out
        assert "2 classification posted" in printed.out
        receipt = read_dataframe("fritzUpload/t_fritzUpload_receipt.parquet")
        refused = receipt[receipt["status"] == "refused"]
        assert refused["obj_id"].tolist() == ["star"]
        assert "Could not find any accessible annotations" in refused["detail"].iloc[0]
        # the next run tries that step again, and nothing else
        before = len(stub.written())
        assert main(command) == 2
        assert [path for _, path, _ in stub.written()[before:]] == [
            "/api/sources/star/annotations/1"
        ]
        stub.call("DELETE", "/api/sources/star/annotations/1")
        assert main(command) == 0
        assert "1 annotation posted" in capsys.readouterr().out
        # and of the whole only what it did
        assert main(command) == 0
        printed = capsys.readouterr().out
        assert "2 classification posted by an earlier run" in printed
        assert "posted\n" not in printed
