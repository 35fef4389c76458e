"""The stub of Fritz against exchanges recorded from a real SkyPortal server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.services.fritz_stub import StubFritz

RAW = {
    "malformed json": "{bad",
    "ann POST NaN": '{"origin": "e", "data": {"a": NaN}, "group_ids": [4]}',
}
"""Bodies that the recording does not hold, being no JSON."""

HEADERS = {
    "no auth header": {},
    "bad token": {"Authorization": "token 00000000-0000-0000-0000-000000000000"},
    "Bearer scheme": {"Authorization": "Bearer {}"},
}
"""The recording leaves out who asked; the names of these exchanges tell."""

EARLIER = 25
"""Sources that were saved between two recorded exchanges."""


@pytest.fixture(scope="module")
def exchanges(real_data: Path) -> list[dict[str, Any]]:
    lines = (real_data / "services" / "fritz_transcript.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def send(stub: StubFritz, exchange: dict[str, Any]) -> requests.Response:
    label = exchange["label"]
    headers = HEADERS.get(label, {"Authorization": "token {}"})
    body = None if exchange["json"] is None else json.dumps(exchange["json"])
    with requests.Session() as session:
        session.trust_env = False
        return session.request(
            exchange["method"],
            f"http://127.0.0.1:{stub.port}{exchange['path']}",
            params=exchange["query"],
            data=RAW.get(label, body),
            headers={name: value.format(stub.admin) for name, value in headers.items()},
            timeout=30,
        )


def assert_alike(expected: Any, found: Any, place: str) -> None:
    """Check keys and types, of lists those of the first item."""
    assert type(found) is type(expected), place
    if isinstance(expected, dict):
        assert set(found) == set(expected), place
        for name in expected:
            assert_alike(expected[name], found[name], f"{place}.{name}")
    elif isinstance(expected, list) and expected:
        assert found, place
        assert_alike(expected[0], found[0], f"{place}[0]")


def test_every_recorded_request_gets_the_recorded_status_keys_and_types(exchanges) -> None:
    assert len(exchanges) == 122
    with StubFritz(limited=False) as stub:
        for exchange in exchanges:
            label = exchange["label"]
            if label == "sources p1":
                name = exchange["body"]["data"]["sources"][0]["id"].rpartition("_")[0]
                for k in range(EARLIER):
                    place = {"ra": 150.1 + 0.001 * k, "dec": 2.2, "group_ids": [4]}
                    stub.call("POST", "/api/sources", {"id": f"{name}_{k}", **place})
            answer = send(stub, exchange)
            assert answer.status_code == exchange["status"], label
            assert answer.headers["Content-Type"] == exchange["ctype"], label
            expected = exchange["body"]
            found = answer.json() if answer.text else {"__text__": ""}
            assert_alike(expected, found, label)
            data = expected.get("data")
            if isinstance(data, dict) and "totalMatches" in data:
                assert found["data"]["totalMatches"] == data["totalMatches"], label
