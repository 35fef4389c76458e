"""Which quadrants have sources: counted by hand in files that the test writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from scope.cli import check_quads_for_sources
from scope.errors import NotFoundError
from scope.surveys.archive import Archive
from scope.surveys.check_quads import ArchiveCounts, CountSource, KowalskiCounts, check_quads
from tests.services.kowalski_stub import StubKowalski
from tests.services.kowalski_stub.documents import SOURCES, collections_of
from tests.surveys.bulk_files import write_bulk
from tests.surveys.kowalski_sky import survey_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Field 300: quadrant 3 of detector 2 in two filters, quadrant 1 of detector 2 in one."""
    write_bulk(tmp_path / "archive", [30, 5, 20, 19], ccd=2, quad=3)
    write_bulk(tmp_path / "archive", [40], ccd=2, quad=3, band="r")
    write_bulk(tmp_path / "archive", [50, 60], ccd=2, quad=1)
    return tmp_path / "archive"


@pytest.fixture(params=["archive", "kowalski"])
def source(request: pytest.FixtureRequest, folder: Path) -> Iterator[CountSource]:
    if request.param == "archive":
        yield ArchiveCounts(Archive(folder))
        return
    with StubKowalski(collections_of(folder)) as server:
        server.faults.at_random(0.05)
        yield KowalskiCounts(survey_of(server).client, SOURCES)


def test_sources_are_counted_by_quadrant(source: CountSource) -> None:
    found = check_quads(source, [299, 300, 301], count_sources=True)
    assert found == {"300": {"2": {"1": 2, "3": 5}}}


def test_sources_with_few_epochs_do_not_count(source: CountSource) -> None:
    assert check_quads(source, [300], min_epochs=45) == {"300": {"2": [1]}}


def test_fields_without_sources_are_an_error(source: CountSource) -> None:
    with pytest.raises(NotFoundError, match="fields 1, 2"):
        check_quads(source, [1, 2])


def test_the_command_writes_what_it_counts(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["--archive", str(folder), "--count_sources", "--minobs", "20", "--save"]
    assert check_quads_for_sources.main(command) == 0
    assert capsys.readouterr().out.splitlines() == [
        "field 300: 2 of 64 quadrants, 5 sources",
        "catalog_completeness.json",
    ]
    found = json.loads(Path("catalog_completeness.json").read_text())
    assert found == {"300": {"2": {"1": 2, "3": 3}}}


def test_words_that_are_no_fields_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert check_quads_for_sources.main(["--fields", "300", "x"]) == 2
    assert "allowed: field numbers, or all" in capsys.readouterr().err
