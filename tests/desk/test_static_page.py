"""A selection as one file: it opens without a server, shows the stars, and runs nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow as pa
import pytest

from scope.desk.desk import Desk
from scope.desk.static_page import MOST_STARS, static_page
from scope.desk.table import Question
from scope.errors import UsageError
from scope.io import read_metadata, read_table, write_table
from tests.browser import Browser
from tests.desk.fields import invented

HOSTILE = "</script><script>document.title='run'</script><!-- <img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    results = invented(tmp_path_factory.mktemp("desk"), 60)
    path = results / "catalog" / "field_250.parquet"
    table = read_table(path)
    names = pa.array([HOSTILE] * len(table), pa.string())
    write_table(table.append_column("obj_id", names), path, read_metadata(path))
    return Desk.open(results)


@pytest.fixture(scope="module")
def question(desk: Desk) -> Question:
    """Three stars; each costs a periodogram."""
    rows = desk.table.page(Question("reason is null"), ["_id"], limit=3)
    return Question(f"_id in ({', '.join(map(str, rows['_id'].to_pylist()))})")


def test_the_page_holds_the_stars_asked_for_and_no_address(desk: Desk, question: Question) -> None:
    page = static_page(desk, question, ["_id", "mag", "obj_id"], sort="mag")
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    data = json.loads(text)
    expected = desk.table.page(question, ["_id", "mag"], sort="mag")["_id"].to_pylist()
    assert data["rows"]["_id"] == expected
    assert list(data["stars"]) == [f"field_250/{one}" for one in expected]
    one = data["stars"][f"field_250/{expected[0]}"]
    assert len(one["curves"]["curves"][0]["time"]) > 10
    assert one["periodogram"]["peaks"]
    assert page.count("<script") == 2, "the markup of a name is no element"
    assert "src=" not in re.sub(r"<script.*?</script>", "", page, flags=re.S)


@pytest.mark.parametrize("text", ["mag < 0", ""])
def test_no_or_too_many_stars_are_told(
    desk: Desk, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scope.desk.static_page.MOST_STARS", min(MOST_STARS, 20))
    with pytest.raises(UsageError, match="page of no or too many stars"):
        static_page(desk, Question(text), ["_id"])


def test_it_works_from_a_file(desk: Desk, question: Question, tmp_path: Path) -> None:
    path = tmp_path / "stars of mine.html"
    path.write_text(static_page(desk, question, ["_id", "mag", "obj_id"]), encoding="utf-8")
    page = Browser()
    page.go(path.as_uri())
    page.wait("document.documentElement.dataset.ready")
    rows = page.run("document.querySelectorAll('#stars tbody tr').length")
    assert rows == desk.table.count(question)
    page.click("[data-sort=mag]")
    page.click("#stars tbody a")
    page.wait("/point was left out|Not used/.test(document.querySelector('#time')?.innerText)")
    page.click("#draw-periodogram")
    page.wait("!!document.querySelector('[data-period^=peak]')")
    assert not page.run("document.title").startswith("run")
    assert page.problems == []
    assert {url.split(":")[0] for url in page.requests} <= {"file", "about", "data"}
    page.close()
