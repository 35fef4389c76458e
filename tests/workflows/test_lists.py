"""What commands on a list of sources leave."""

from __future__ import annotations

from pathlib import Path

import pytest

from scope.surveys.archive import Archive
from scope.targets.fetch_list import fetch_list
from scope.targets.lists import read_source_list
from scope.targets.plan import listed_file
from scope.workflows.lists import write_found
from tests.surveys.bulk_files import write_bulk


def test_what_the_survey_lacks_is_not_among_what_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_bulk(tmp_path / "archive", [4, 5])
    survey = Archive(tmp_path / "archive")
    ids = survey.sources(300, "ccd_02_quad_3").column("_id").to_pylist()
    lost = ids[0] + 77
    table = tmp_path / "wanted.csv"
    table.write_text(f"ztf_id,name\n{lost},lost\n{ids[0]},there\n")
    listed = Path(listed_file("ids_a"))
    listed.parent.mkdir(parents=True)
    fetch_list(survey, table, listed, listed.with_name("rows.parquet"), cone_radius_arcsec=2.0)
    found = read_source_list(write_found("ids_a", "found.parquet"))
    assert found.ids.tolist() == [ids[0]]
    assert found.names == ("there",)
