"""The stub of Fritz against what a real SkyPortal 1.4.0 was seen to answer otherwise.

Expected values are the recorded exchanges: status, message, keys and types.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from scope.fritz.download_sources import Labellers, source_row
from tests.services.fritz_sky import client_of
from tests.services.fritz_stub import StubFritz
from tests.services.test_fritz_transcript import assert_alike

FOREIGN = "ZTFJ024526.10-261702.4"


@pytest.fixture
def recorded(real_data: Path) -> Path:
    folder = real_data / "services" / "differences"
    if not folder.is_dir():
        pytest.skip(f"no recorded exchanges in {folder}")
    return folder


@pytest.fixture
def stub() -> Iterator[StubFritz]:
    """Groups 5, 6 and 7 as there; the administrator is in all, the member in 5."""
    with StubFritz(limited=False) as server:
        for name in ("other", "scope A", "scope B", "scope C"):
            server.call("POST", "/api/groups", {"name": name})
        yield server


@pytest.fixture
def member(stub: StubFritz) -> str:
    return stub.add_user("member", groups=(5,))


def exchanges(path: Path) -> list[dict[str, Any]]:
    """Read exchanges; a file that was cut by grep has the number before the line."""
    lines = [re.sub(r"^\d+:", "", line) for line in path.read_text().splitlines()]
    found = []
    for line in lines:
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def answer_to(stub: StubFritz, exchange: dict[str, Any], token: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.request(
            exchange["method"],
            f"http://127.0.0.1:{stub.port}{exchange['path']}",
            data=exchange["request"] or None,
            headers={"Authorization": f"token {token}"},
            timeout=30,
        )


def plain(message: str) -> str:
    """Return a message of the database without the statement."""
    return message.partition("\n[SQL")[0]


def assert_same(exchange: dict[str, Any], answer: requests.Response) -> None:
    expected = json.loads(exchange["response"])
    assert answer.status_code == exchange["status"], exchange["path"]
    assert answer.headers["Content-Type"] == exchange["ctype"]
    found = answer.json()
    assert plain(found.get("message", "")) == plain(expected.get("message", ""))
    assert_alike(expected, found, exchange["path"])


def save(stub: StubFritz, name: str, *groups: int) -> None:
    body = {"id": name, "ra": 41.35874938964844, "dec": -26.283994674682617, "origin": "Fritz"}
    stub.call("POST", "/api/sources", {**body, "group_ids": list(groups)})


def test_names_that_routes_of_notes_do_not_take(recorded, stub) -> None:
    replayed = 0
    for exchange in exchanges(recorded / "colon_in_name.jsonl"):
        if "/photometry" in exchange["path"] or exchange["response"].count("{") > 6:
            continue
        assert_same(exchange, answer_to(stub, exchange, stub.admin))
        replayed += 1
    assert replayed >= 6


def test_events_without_a_localization(recorded, stub) -> None:
    for exchange in exchanges(recorded / "event_without_localization.jsonl"):
        query = dict(parse_qsl(urlsplit(exchange["path"]).query))
        if not stub.database.all("select * from events"):
            event = {"dateobs": query["localizationDateobs"], "tags": ["GRB"]}
            stub.call("POST", "/api/gcn_event", event)
        assert_same(exchange, answer_to(stub, exchange, stub.admin))


def test_groups_of_others(recorded, stub, member) -> None:
    save(stub, FOREIGN, 5, 6)
    unique, foreign_key = exchanges(recorded / "foreign_group.jsonl")
    # saved to group 6 by somebody else, which a member of 5 does not see
    assert_same(unique, answer_to(stub, unique, member))
    save(stub, "ZTF26gcn0", 5)
    assert_same(foreign_key, answer_to(stub, foreign_key, stub.admin))
    # nothing of that request was done
    assert [g["id"] for g in stub.call("GET", "/api/sources/ZTF26gcn0/groups")] == [5]


def test_a_request_to_save_and_a_classification_for_a_group_of_others(
    recorded, stub, member
) -> None:
    save(stub, FOREIGN, 5)
    tree = {"class": "phenomenological", "subclasses": [{"class": "variable"}]}
    stub.call("POST", "/api/taxonomy", {"name": "P", "version": "1", "hierarchy": tree})
    asked = [
        exchange
        for exchange in exchanges(recorded / "foreign_group_save_request.jsonl")
        if exchange["method"] == "POST"
    ]
    seen = set()
    for exchange in asked:
        if exchange["n"] in seen:
            continue
        seen.add(exchange["n"])
        assert_same(exchange, answer_to(stub, exchange, member))
    assert len(seen) == 4
    row = stub.database.one("select * from sources where group_id = 7")
    assert (row["active"], row["requested"]) == (False, True)
    row = stub.database.one("select * from classifications")
    assert row["groups"] == [7]
    # the member sees neither
    found = stub.call("GET", f"/api/sources/{FOREIGN}", token=member)
    assert [group["id"] for group in found["groups"]] == [5]
    assert found["classifications"] == []


def test_annotations_of_others(recorded, stub, member) -> None:
    name = "ZTFJ024838.92-261635.9"
    save(stub, name, 5)
    note = {"origin": "scope_test", "data": {"grade": 0}}
    number = stub.call("POST", f"/api/sources/{name}/annotations", note)["annotation_id"]
    for exchange in exchanges(recorded / "annotation_of_other_403.jsonl"):
        path = exchange["path"].rpartition("/")[0]
        assert_same(exchange, answer_to(stub, {**exchange, "path": f"{path}/{number}"}, member))


def test_taxonomies(recorded, stub) -> None:
    first, post, second = exchanges(recorded / "taxonomy_default_groups.jsonl")
    assert_same(first, answer_to(stub, first, stub.admin))
    body = json.loads(post["request"])
    # the number of the sitewide group is another one here
    sitewide = stub.call("GET", "/api/groups?name=Sitewide Group")[0]["id"]
    post["request"] = json.dumps({**body, "group_ids": [sitewide, 99]})
    assert_same(post, answer_to(stub, post, stub.admin))
    assert_same(second, answer_to(stub, second, stub.admin))
    names = [group["name"] for group in json.loads(second["response"])["data"][0]["groups"]]
    found = stub.call("GET", "/api/taxonomy")[0]["groups"]
    assert [group["name"] for group in found] == names == ["Sitewide Group"]


def test_sources_with_labels(recorded, stub) -> None:
    listed = json.loads((recorded / "sources_includeLabellers.json").read_text())
    tree = {"class": "phenomenological", "subclasses": [{"class": "variable"}]}
    stub.call("POST", "/api/taxonomy", {"name": "P", "version": "1", "hierarchy": tree})
    labelled = [one for one in listed["data"]["sources"] if one["labellers"]]
    assert len(labelled) == 5
    save(stub, "a", 5)
    one = {"obj_id": "a", "classification": "variable", "taxonomy_id": 1, "probability": 0.9}
    body = {**one, "group_ids": [5], "origin": "SCoPe", "vote": False}
    stub.call("POST", "/api/classification", body)
    stub.call("POST", "/api/sources/a/annotations", {"origin": "x", "data": {"period": 1.0}})
    found = stub.call("GET", "/api/sources?group_ids=5&includeLabellers=true")
    assert_alike(labelled[0], found["sources"][0], "source")
    assert set(found) == set(listed["data"])
    # as recorded, too: of a source by its name, the beginning of the list of people
    text = (recorded / "source_includeLabellers.txt").read_text()
    person = stub.call("GET", "/api/sources/a?includeLabellers=true")["labellers"][0]
    keys = set(re.findall(r'"(\w+)": (?=["\[nf\d])', text))
    assert len(keys) > 10
    assert keys <= set(person)


def test_the_recorded_list_becomes_rows_with_names(recorded, stub, tmp_path) -> None:
    sources = json.loads((recorded / "sources_includeLabellers.json").read_text())["data"][
        "sources"
    ]
    fritz = client_of(stub, tmp_path)
    text = (recorded / "source_includeLabellers.txt").read_text()
    username = re.search(r'"username": "([^"]+)"', text)[1]
    asked = []

    def get(path, **parameters):
        asked.append(path)
        return {"id": path, "labellers": [{"id": 2, "username": username}]}

    fritz.get = get
    labellers = Labellers(fritz)
    rows = [source_row(source, labellers.of(source)) for source in sources]
    assert [row["labellers"] for row in rows if row["labellers"]] == [username] * 5
    # five labels of one person are one request
    assert len(asked) == 1
