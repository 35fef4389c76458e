"""``scope-download-gcn-sources`` against the stub."""

from __future__ import annotations

import json
from pathlib import Path

from scope.cli.download_gcn_sources import main
from scope.gcn.sources import parse_dateobs
from scope.io import read_table
from scope.targets.lists import read_source_list
from tests.gcn.events import DATEOBS, add_event


def test_the_documented_example(stub, stars, capsys) -> None:
    add_event(stub, stars)
    assert main(["--dateobs", DATEOBS]) == 0
    stem = Path("fritzDownload/specific_ids_GCN_sources.2023-05-21T05-30-43")
    table = read_table(f"{stem}.parquet").to_pydict()
    # three sources at stars, in g and r; those without detections after the event are not in it
    assert sorted(set(table["fritz_name"])) == ["ZTF23aaaaaa0", "ZTF23aaaaaa1", "ZTF23aaaaaa2"]
    assert {star["objectid"] for star in stars[:3]} <= set(table["ztf_id"])
    assert len(table["ztf_id"]) == len(set(table["ztf_id"])) == 6
    content = json.loads(Path(f"{stem}.json").read_text())
    first = content[str(stars[0]["objectid"])]
    assert first["fritz_name"] == "ZTF23aaaaaa0"
    assert first["radec_geojson"]["coordinates"][0] == stars[0]["objra"] - 180.0
    # both are lists that the workflow takes
    for kind in ("parquet", "json"):
        listed = read_source_list(f"{stem}.{kind}")
        assert sorted(listed.ids.tolist()) == table["ztf_id"]
        assert set(listed.names) == set(table["fritz_name"])


def test_groups_days_and_radius(stub, stars, capsys) -> None:
    add_event(stub, stars)
    assert main(["--dateobs", DATEOBS, "--group-ids", "5"]) == 0
    assert "0 sources" in capsys.readouterr().out
    assert main(["--dateobs", DATEOBS, "--days-range", "0.5"]) == 0
    assert "0 sources" in capsys.readouterr().out
    assert main(["--dateobs", DATEOBS, "--radius-arcsec", "0.0001"]) == 0
    assert "3 sources" in capsys.readouterr().out


def test_mistakes(stub, capsys) -> None:
    assert main(["--dateobs", "2023-05-21"]) == 2
    assert "2023-05-21T05:30:43" in capsys.readouterr().err
    assert main(["--dateobs", DATEOBS]) == 2
    assert "gcn_event/2023-05-21T05:30:43, GCN event not found" in capsys.readouterr().err
    assert parse_dateobs(DATEOBS).year == 2023
