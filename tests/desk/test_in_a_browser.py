"""The desk in a real browser: each control is used, and nothing is asked of other machines."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from scope.active.ledger import Ledger
from scope.io import read_metadata, read_table, write_table
from tests.browser import Browser, chromium
from tests.conftest import ROOT
from tests.desk.fields import invented

HOSTILE = "<img src=x onerror=document.title='run'><script>document.title='run'</script>"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An invented field; its first star has markup for a name."""
    chromium()
    results = invented(tmp_path_factory.mktemp("desk"))
    path = results / "catalog" / "field_250.parquet"
    table = read_table(path)
    names = np.full(len(table), None, dtype=object)
    names[0] = HOSTILE
    table = table.append_column("obj_id", pa.array(names, pa.string()))
    write_table(table, path, read_metadata(path))
    return results


@pytest.fixture(scope="module")
def address(results: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "scope.cli.main", "desk", str(results), "--label"]
    command += ["--ledger", str(results.parent / "labels"), "--labeller", "ann"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "The desk is at " in line:
                break
        yield line.split("The desk is at ")[1].strip()
        process.terminate()


@pytest.fixture
def browser(address: str) -> Iterator[Browser]:
    page = Browser()
    page.go(address)
    page.wait("document.documentElement.dataset.ready")
    yield page
    # What is told with status 400 is logged by the browser.
    assert [text for text in page.problems if "status of 400" not in text] == []
    outside = [url for url in page.requests if not url.startswith((address, "data:", "blob:"))]
    assert [url for url in outside if url != "about:blank"] == []
    page.close()


def count(page: Browser) -> int:
    return int(page.text("#count").split()[0].replace(",", ""))


def column(page: Browser, number: int) -> list[str]:
    return json.loads(
        page.run(
            "JSON.stringify([...document.querySelectorAll("
            f"'#stars tbody td:nth-child({number})')].map(cell => cell.innerText))"
        )
    )


def test_filter_sort_columns_and_pages(browser: Browser) -> None:
    every = count(browser)
    browser.type("#filter", "mag < 18 and not class is null")
    browser.key("Enter")
    browser.wait("/ of /.test(document.querySelector('#count').innerText)")
    assert 0 < count(browser) < every
    mag = json.loads(
        browser.run(
            "JSON.stringify([...document.querySelectorAll('#stars th')].map(h => h.innerText))"
        )
    )
    place = next(i for i, text in enumerate(mag, 1) if text.startswith("mag"))
    assert all(float(text) < 18 for text in column(browser, place))
    browser.click("[data-sort=mag]")
    browser.wait("document.querySelector('[aria-sort=ascending]')?.innerText.startsWith('mag')")
    shown = [float(text) for text in column(browser, place)]
    assert shown == sorted(shown)
    browser.click("[data-sort=mag]")
    browser.wait("!!document.querySelector('[aria-sort=descending]')")
    assert [float(text) for text in column(browser, place)] == sorted(shown, reverse=True)
    browser.type("#filter", "magn < 18")
    browser.key("Enter")
    browser.wait("document.querySelector('#problem').innerText.includes('magn')")
    assert "allowed: mag" in browser.text("#problem")
    browser.click("#clear")
    browser.wait(f"document.querySelector('#count').innerText.startsWith('{every} ')")
    browser.click("#columns summary")
    browser.run("document.querySelector('#columns input[type=search]').focus()")
    browser.send("Input.insertText", text="rrab_xgb")
    browser.click("#columns .columns input")
    browser.wait("!!document.querySelector('[data-sort=rrab_xgb]')")
    first = column(browser, 2)
    browser.click("[aria-label='Next page']")
    browser.wait("document.querySelector('[aria-label=Page]').value === '2'")
    assert not set(first) & set(column(browser, 2))
    browser.click("[aria-label='Last page']")
    browser.wait(f"document.querySelector('[aria-label=Page]').value === '{-(-every // 100)}'")
    assert len(column(browser, 2)) == (every % 100 or 100)


def test_a_region_is_drawn_and_given_by_numbers(browser: Browser) -> None:
    every = count(browser)
    browser.click("#figure-period_amplitude figcaption button")
    x, y = browser.centre("#figure-period_amplitude canvas")
    corners = [(x - 60, y - 50), (x + 60, y - 50), (x + 60, y + 50), (x - 60, y + 50)]
    path = [
        (a[0] + (b[0] - a[0]) * t / 8, a[1] + (b[1] - a[1]) * t / 8)
        for a, b in zip(corners, [*corners[1:], corners[0]], strict=True)
        for t in range(8)
    ]
    browser.drag(path)
    browser.wait("/ of /.test(document.querySelector('#count').innerText)")
    drawn = count(browser)
    assert 0 < drawn < every
    kept = browser.run("new URLSearchParams(location.hash.split('?')[1]).get('s')")
    assert [one["diagram"] for one in json.loads(kept)["regions"]] == ["period_amplitude"]
    browser.click("[aria-label='Remove the region on: Period and amplitude']")
    browser.wait(f"document.querySelector('#count').innerText.startsWith('{every} ')")
    browser.click("#figure-sky summary")
    browser.run(
        "(() => { const n = [...document.querySelectorAll('#figure-sky input')];"
        "['359.5', '1', '20', '22'].forEach((v, k) => { n[k].value = v; }); })()"
    )
    browser.click("#figure-sky form button")
    browser.wait("/ of /.test(document.querySelector('#count').innerText)")
    assert 0 < count(browser) < every


def period(page: Browser) -> float:
    return float(page.run("document.querySelector('#period').value"))


def test_a_star_is_understood_in_three_clicks(browser: Browser) -> None:
    browser.type("#filter", "not class is null")
    browser.key("Enter")
    browser.wait("/ of /.test(document.querySelector('#count').innerText)")
    chosen = count(browser)
    browser.click("#stars tbody tr:last-child a")
    browser.wait("/left out|Not used/.test(document.querySelector('#time')?.innerText)")
    assert browser.run("scrollY") == 0, "a star opened from far down the table begins at its top"
    before = period(browser)
    assert before > 0
    browser.click("[data-period='2P']")
    assert period(browser) == pytest.approx(2 * before, rel=1e-6)
    browser.run("document.querySelector('#slider').focus()")
    browser.key("ArrowRight")
    slid = period(browser)
    assert slid != pytest.approx(2 * before, rel=1e-9)
    assert slid == pytest.approx(2 * before, rel=1e-2)
    browser.click("#draw-periodogram")
    browser.wait("document.querySelectorAll('[data-period^=peak]').length >= 3")
    browser.click("[data-period^='peak 1']")
    browser.click("#draw-features")
    browser.wait("document.querySelectorAll('#features tbody tr').length >= 3")
    browser.click("#time input[type=checkbox]")
    assert " 0 points" in str(browser.run("document.querySelector('#time canvas').ariaLabel"))
    found = "[...document.querySelectorAll('#links a')].map(a => [a.innerText, a.rel])"
    links = json.loads(browser.run(f"JSON.stringify({found})"))
    assert {"SIMBAD", "VSX", "Gaia", "SNAD", "ALeRCE", "Fritz"} == {name for name, _ in links}
    assert {rel for _, rel in links} == {"noreferrer noopener"}
    browser.click("#back")
    browser.wait("!!document.querySelector('#stars tbody tr')")
    assert count(browser) == chosen, "the table is as it was left"


def test_markup_in_a_name_is_text(browser: Browser, results: Path) -> None:
    first = read_table(results / "catalog" / "field_250.parquet")["_id"][0].as_py()
    browser.run(f"location.hash = '#/star/field_250/{first}'")
    browser.wait("document.querySelector('article h2')?.innerText.includes('onerror')")
    assert browser.run("document.title").startswith("<img")
    assert browser.run("document.querySelectorAll('article img, article script').length") == 0
    browser.run("location.hash = '#/star/..%2F..%2Fetc/passwd'")
    browser.wait("document.querySelector('[role=alert]')?.innerText.includes('no such star')")


STAR = "document.querySelector('[data-star]')?.dataset.star"


def shown(page: Browser, condition: str) -> None:
    """Wait until a star to label is shown of which something is true."""
    page.wait(f"!!{STAR} && {STAR} {condition} && !LabelView.busy")


def test_labels_by_keys_undo_and_skip(browser: Browser, results: Path) -> None:
    ledger = Ledger(results.parent / "labels")
    browser.run("location.hash = '#/label'")
    browser.wait("document.querySelector('[data-star]')?.dataset.star && !LabelView.busy")
    star = browser.run("document.querySelector('[data-star]').dataset.star")
    browser.key(browser.run("document.querySelector('[data-label=rrab]').ariaKeyShortcuts"))
    shown(browser, f"!== '{star}'")
    (said,) = ledger.labels()
    assert (said.object, said.label, said.labeller) == (star, "rrab", "ann")
    browser.key("u")
    shown(browser, f"=== '{star}'")
    assert ledger.labels()[-1].note == "withdrawn"
    browser.key("s")
    shown(browser, f"!== '{star}'")
    second = browser.run("document.querySelector('[data-star]').dataset.star")
    browser.type("#note", HOSTILE)
    browser.click("[data-label=ea]")
    shown(browser, f"!== '{second}'")
    last = ledger.labels()[-1]
    assert (last.object, last.label, last.note) == (second, "ea", HOSTILE)
    assert browser.run("document.querySelectorAll('main img').length") == 0
    assert "1 labelled" in browser.text("#progress")
    # What is not shown gets no label: not the star that was to come, nor that of before.
    browser.run(
        "LabelView.real = Api.get; Api.get = (name, question) => name === 'star'"
        " ? Promise.reject(new Error('no page')) : LabelView.real.call(Api, name, question)"
    )
    number = len(ledger.labels())
    browser.key("s")
    browser.wait("document.querySelector('#label-problem').innerText === 'no page'")
    assert not browser.run("!!document.querySelector('[data-star]')")
    browser.click("[data-label=ea]")
    browser.run("Api.get = LabelView.real")
    browser.key("s")
    shown(browser, "!== ''")
    assert len(ledger.labels()) == number


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_and_everything_has_a_name(browser: Browser, dark: bool) -> None:
    browser.dark(dark)
    # Contrast of WCAG 2, from the colours that the browser computed.
    found = json.loads(browser.run(CONTRASTS))
    assert min(found.values()) >= 4.5, found
    assert browser.run(NAMELESS) == []
    browser.run("document.querySelector('#stars a').click()")
    browser.wait("!!document.querySelector('#source')")
    assert browser.run(NAMELESS) == []
    browser.resize(360, 740)
    browser.wait("document.documentElement.clientWidth <= 360")
    assert browser.run("document.documentElement.scrollWidth") <= 360


NAMELESS = """[...document.querySelectorAll('button, input, select, a, canvas')].filter(node =>
    !(node.textContent.trim() || node.getAttribute('aria-label')
      || (node.labels && node.labels.length))).map(node => node.outerHTML)"""
CONTRASTS = """(() => {
    const light = (text) => { const part = /^#(..)(..)(..)$/.exec(text.length === 4
        ? '#' + [...text.slice(1)].map(c => c + c).join('') : text).slice(1)
        .map(hex => parseInt(hex, 16) / 255)
        .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
      return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2]; };
    const style = getComputedStyle(document.documentElement), result = {};
    for (const ground of ['--ground', '--card'])
      for (const ink of ['--ink', '--soft', '--accent', '--bad', '--g', '--r', '--i']) {
        const [a, b] = [ground, ink].map(name => light(style.getPropertyValue(name).trim()));
        result[ink + ' on ' + ground] = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      }
    return JSON.stringify(result);
})()"""


def test_keys_alone_reach_a_star(browser: Browser) -> None:
    browser.run("document.querySelector('#filter').focus()")
    for _ in range(80):
        browser.key("Tab")
        if browser.run("!!document.activeElement.closest('#stars tbody')"):
            break
    browser.key("Enter")
    browser.wait("location.hash.startsWith('#/star/')")
