"""Who may ask the desk, and that nothing of a request becomes a path or a script."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from scope.active.ledger import Ledger
from scope.desk.app import desk_app
from scope.desk.desk import Desk
from scope.desk.label_mode import Labelling
from scope.desk.security import Guard, new_token
from tests.desk.fields import invented

TOKEN, PORT = "secret-token", 8123
ORIGIN = f"http://127.0.0.1:{PORT}"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return invented(tmp_path_factory.mktemp("desk"), 60)


@pytest.fixture
def client(results: Path, tmp_path: Path) -> TestClient:
    desk = Desk.open(results)
    labels = Labelling(Ledger(tmp_path / "labels"), "ann", {"rrab": "RR Lyrae ab"})
    desk = Desk(desk.targets, desk.table, desk.curves, desk.config, desk.models, labels)
    return TestClient(Guard(desk_app(desk), TOKEN, PORT), base_url=ORIGIN)


def test_every_address_needs_the_token(client: TestClient) -> None:
    for path in ("/", "/static/main.js", "/api/about", "/api/rows", "/api/label", "/api/export"):
        assert client.get(f"/{TOKEN}{path}").status_code in (200, 400, 405)
        for wrong in ("", "/wrong", f"/{TOKEN[:-1]}", f"/{TOKEN}x", f"/{TOKEN.upper()}"):
            found = client.get(f"{wrong}{path}")
            assert found.status_code == 403, f"{wrong}{path}"
            assert TOKEN not in found.text
    assert new_token() != new_token()
    assert len(new_token()) >= 32


@pytest.mark.parametrize(
    "host",
    ["evil.com", f"evil.com:{PORT}", "127.0.0.1", "127.0.0.1:1", f"127.0.0.1:{PORT}.evil.com"],
)
def test_another_name_is_refused(client: TestClient, host: str) -> None:
    # A name of another site that was bound to 127.0.0.1 anew.
    assert client.get(f"/{TOKEN}/", headers={"Host": host}).status_code == 421


def test_only_pages_of_the_desk_write(client: TestClient, results: Path) -> None:
    rows = client.get(f"/{TOKEN}/api/rows").json()["rows"]
    body = json.dumps({"target": "field_250", "id": str(rows["_id"][0]), "label": "rrab"})
    own = {"Content-Type": "application/json", "Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
    wrong: list[dict[str, str]] = [
        {**own, "Origin": "http://evil.com"},
        {**own, "Origin": "null"},
        {**own, "Sec-Fetch-Site": "cross-site"},
        {**own, "Content-Type": "text/plain"},
        {**own, "Content-Type": "application/x-www-form-urlencoded"},
    ]
    address = f"/{TOKEN}/api/label"
    for headers in wrong:
        assert client.post(address, content=body, headers=headers).status_code == 403
    assert client.post(address, content="x" * 70_000, headers=own).status_code == 413
    assert client.post(address, content=body, headers=own).json() == {"said": "rrab"}
    assert client.get(address).status_code == 405


def test_without_label_mode_nothing_can_be_written(results: Path) -> None:
    client = TestClient(Guard(desk_app(Desk.open(results)), TOKEN, PORT), base_url=ORIGIN)
    own = {"Content-Type": "application/json", "Origin": ORIGIN}
    for name in ("label", "undo", "next"):
        assert client.post(f"/{TOKEN}/api/{name}", content="{}", headers=own).status_code in (
            404,
            405,
        )


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static//etc/passwd",
        "/../../etc/passwd",
        "/static/%00",
        "/api/../static/main.js%00",
    ],
)
def test_no_path_leads_out_of_the_pages(client: TestClient, path: str) -> None:
    found = client.get(f"/{TOKEN}{path}")
    assert found.status_code in (403, 404)
    assert "import" not in found.text
    assert "root:" not in found.text


@pytest.mark.parametrize(
    "question",
    [
        {"target": "../../etc/passwd", "id": "1"},
        {"target": "field_250", "id": "1; DROP TABLE stars"},
        {"target": {"a": 1}, "id": []},
        {"target": "field_250", "id": "../1"},
    ],
)
@pytest.mark.parametrize("name", ["star", "curves", "periodogram", "features", "neighbours", "why"])
def test_a_star_that_there_is_not_is_a_mistake_not_a_failure(
    client: TestClient, name: str, question: dict[str, Any]
) -> None:
    found = client.get(f"/{TOKEN}/api/{name}", params={"q": json.dumps(question)})
    assert found.status_code == 400
    assert "no such star" in found.json()["error"]


@pytest.mark.parametrize(
    "question",
    [
        "no json",
        "[1]",
        '{"filter": "mag >"}',
        '{"columns": ["nope"]}',
        '{"columns": "mag"}',
        '{"columns": [1]}',
        '{"sort": "mag; DROP TABLE stars"}',
        '{"sort": "nope"}',
        '{"offset": -1}',
        '{"offset": "1"}',
        '{"limit": 100000}',
        '{"regions": {}}',
        '{"regions": [1]}',
        '{"regions": [{"diagram": "sky", "corners": "x"}]}',
        "[" * 5000,
    ],
)
def test_a_question_that_makes_no_sense_is_told(client: TestClient, question: str) -> None:
    found = client.get(f"/{TOKEN}/api/rows", params={"q": question})
    assert found.status_code == 400
    assert found.json()["error"]


def test_answers_forbid_everything_from_elsewhere(client: TestClient) -> None:
    for path in ("/", "/static/main.js", "/api/about", "/nothing"):
        headers = client.get(f"/{TOKEN}{path}").headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http:" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Access-Control-Allow-Origin" not in headers
        assert "Server" not in headers
    page = client.get(f"/{TOKEN}/").text
    assert "<script>" not in page
    assert "http" not in page.replace("http-equiv", "")
