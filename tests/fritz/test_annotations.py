"""``scope-manage-annotation`` against the stub."""

from __future__ import annotations

from pathlib import Path

import pytest

from scope.cli.manage_annotation import main
from tests.services.fritz_stub import Fault


@pytest.fixture
def sources(stub):
    for name in ("a", "b"):
        stub.call("POST", "/api/sources", {"id": name, "ra": 1.0, "dec": 2.0, "group_ids": [4]})
    Path("sample.csv").write_text("obj_id,period\na,0.5\nb,1.5\n")
    return stub


def notes(stub, name: str) -> dict[str, dict]:
    return {n["origin"]: n["data"] for n in stub.call("GET", f"/api/sources/{name}/annotations")}


def manage(action: str, *options: str, source: str = "sample.csv", status: int = 0) -> None:
    command = ["--action", action, "--source", source, "--origin", "revisedperiod"]
    assert main([*command, "--key", "period", *options]) == status


def test_the_documented_example_and_what_follows(sources, capsys) -> None:
    stub = sources
    stub.call("POST", "/api/groups", {"name": "third"})
    command = ("post", "--group_ids", "4", "5", "6")
    manage(*command)
    assert notes(stub, "a") == {"revisedperiod": {"period": 0.5}}
    assert "b: period = 1.5 posted" in capsys.readouterr().out
    before = len(stub.written())
    manage(*command)
    assert len(stub.written()) == before
    manage("post", "--value", "7", source="a")
    assert "not posted: period is 0.5 there" in capsys.readouterr().out
    manage("update", "--value", "7", source="a")
    assert notes(stub, "a") == {"revisedperiod": {"period": 7}}
    manage("delete")
    assert notes(stub, "a") == notes(stub, "b") == {}


def test_other_values_of_an_annotation_stay(sources, capsys) -> None:
    stub = sources
    body = {"origin": "revisedperiod", "data": {"phase": 0.1, "period": 1.0}}
    stub.call("POST", "/api/sources/a/annotations", body)
    manage("update", "--value", "2.5", source="a")
    assert notes(stub, "a")["revisedperiod"] == {"phase": 0.1, "period": 2.5}
    manage("delete", source="a")
    assert notes(stub, "a")["revisedperiod"] == {"phase": 0.1}
    assert "period deleted, phase kept" in capsys.readouterr().out


def test_a_post_that_landed_is_not_repeated(sources) -> None:
    sources.faults.next(Fault("done", 504), of="POST")
    manage("post", "--value", "text", source="a")
    assert notes(sources, "a") == {"revisedperiod": {"period": "text"}}
    assert len(sources.written()) == 1


def test_mistakes(sources, capsys) -> None:
    manage("post", source="a", status=2)
    assert "give it with --value" in capsys.readouterr().err
    manage("delete", source="nobody", status=2)
    assert "not on Fritz: '1 of 1'" in capsys.readouterr().err
    manage("update", "--value", "1", source="b")
    assert "not updated: there is no annotation" in capsys.readouterr().out
    manage("post", "--value", "3", "--dry-run", source="b")
    assert 'would send POST /api/sources/b/annotations {"origin"' in capsys.readouterr().out
    assert sources.written() == []
