"""A selection as one file: it opens without a server, shows the stars, and runs nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from scope.desk.desk import Desk
from scope.desk.example_pages import write_example_pages
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
    page.wait("/left out|Not used/.test(document.querySelector('#time')?.innerText)")
    page.click("#draw-periodogram")
    page.wait("!!document.querySelector('[data-period^=peak]')")
    assert not page.run("document.title").startswith("run")
    assert page.problems == []
    assert {url.split(":")[0] for url in page.requests} <= {"file", "about", "data"}
    page.close()


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results with a star of each two light curves; three light curves are examples."""
    results = invented(tmp_path_factory.mktemp("examples"), 60)
    catalog = read_table(results / "catalog" / "field_250.parquet")
    scored = catalog.filter(pc.is_null(catalog["reason"]))
    ids = scored["_id"].to_pylist()
    pairs = [ids[at : at + 2] for at in range(0, len(ids) - 1, 2)]
    first = scored.take([ids.index(pair[0]) for pair in pairs])
    stars = pa.table(
        {
            "star_id": [pair[0] for pair in pairs],
            "obj_id": pa.array([HOSTILE] * len(pairs), pa.string()),
            **{name: first[name] for name in ("ra", "dec", "period", "n_epochs")},
            "light_curves": pa.array(pairs, pa.list_(pa.int64())),
        }
    )
    write_table(stars, results / "stars" / "field_250.parquet", {})
    asked = [pairs[0][0], pairs[0][1], pairs[3][1]]
    files = sorted((results / "lightcurves" / "field_250").glob("*.parquet"))
    every = pa.concat_tables([read_table(path) for path in files])
    kept = every.filter(pc.is_in(every["_id"], pa.array(asked, pa.int64())))
    write_table(kept, results / "examples" / "field_250.parquet", {})
    return results


def test_an_example_of_a_report_leads_to_the_page_of_its_star(
    examples: Path, tmp_path: Path
) -> None:
    places = [examples / name / "field_250.parquet" for name in ("stars", "examples")]
    features = sorted((examples / "features" / "field_250").glob("*.parquet"))
    assert write_example_pages(*places, tmp_path / "a.html", features=features) == 2
    # Whatever else lies there by now: light curves of a run are temporary, units come and go.
    moved = (examples / "lightcurves").rename(tmp_path / "lightcurves")
    stale = features[0].with_name("ccd_00_quad_1.parquet")
    table = read_table(features[0])
    place = table.schema.get_field_index("median")
    write_table(table.set_column(place, "median", pa.array([9.0] * len(table))), stale, {})
    write_example_pages(*places, tmp_path / "b.html", features=features)
    stale.unlink()
    moved.rename(examples / "lightcurves")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    asked = read_table(places[1])["_id"].to_pylist()
    stars = read_table(places[0])
    owner = {
        curve: star
        for star, curves in zip(
            stars["star_id"].to_pylist(), stars["light_curves"].to_pylist(), strict=True
        )
        for curve in curves
    }
    page = Browser()
    for number in asked:
        page.go("about:blank")
        page.go(f"{(tmp_path / 'a.html').as_uri()}#/curve/{number}")
        page.wait("/left out/.test(document.querySelector('#time')?.innerText)")
        assert str(owner[number]) in page.text("article h2")
        assert page.run("document.querySelectorAll('#rows tbody tr').length") == 2
        # The last example has one of two light curves with points here, and its page says so.
        told = "Points of 1 of its 2 light curves" in page.text("#time")
        assert told == (number == asked[-1])
        assert not page.run("!!document.querySelector('#draw-periodogram, #why, #neighbours')")
    page.run("location.hash = '#/curve/1'")
    page.wait("document.querySelector('[role=alert]')?.innerText.includes('light curve 1')")
    assert page.problems == []
    assert {url.split(":")[0] for url in page.requests} <= {"file", "about", "data"}
    page.close()


def test_a_report_without_examples_has_an_empty_file_of_stars(
    examples: Path, tmp_path: Path
) -> None:
    nothing = tmp_path / "examples.parquet"
    write_table(pa.table({"_id": pa.array([], pa.int64())}), nothing, {})
    stars = examples / "stars" / "field_250.parquet"
    assert write_example_pages(stars, nothing, tmp_path / "a.html") == 0
