"""``scope-download-gcn-sources`` against the stub."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scope.cli.download_gcn_sources import main
from scope.gcn.event_sources import event_sources, parse_dateobs
from scope.io import read_table
from scope.targets.lists import read_source_list
from tests.gcn.events import DATEOBS, MJD, add_event, add_points
from tests.services.fritz_sky import client_of


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


WINDOWS = {
    "before": ((-100.0, -1.0), (), False),
    "known": ((-100.0, 1.0), (), True),
    "known_and_later": ((-100.0, 3.0, 50.0), (), True),
    "around": ((-100.0, 50.0), (3.0,), False),
    "after": ((50.0,), (), False),
    "new": ((0.5,), (), True),
    "still_there": ((0.5, 50.0), (), True),
    "limits": ((), (3.0,), False),
    "nothing": ((), (), False),
}
"""Days of detections and of limits after the event, and whether there is one within a week."""


@pytest.mark.parametrize("told", [True, False], ids=["told", "silent"])
def test_sources_count_by_a_detection_in_the_window_whatever_else_they_have(
    stub, stars, tmp_path, monkeypatch, told
) -> None:
    centre = {"ra": stars[0]["objra"], "dec": stars[0]["objdec"], "error": 2.0}
    stub.call("POST", "/api/gcn_event", {"dateobs": DATEOBS, "skymap": centre, "tags": []})
    for name, (detections, limits, _) in WINDOWS.items():
        place = {"ra": centre["ra"], "dec": centre["dec"], "group_ids": [4]}
        stub.call("POST", "/api/sources", {"id": name, **place})
        days = [MJD + day for day in detections]
        add_points(stub, name, *days, limits=tuple(MJD + day for day in limits))
    if not told:
        # a server that leaves out what it was asked for
        real = type(stub.views).source
        monkeypatch.setattr(type(stub.views), "source", lambda *a: real(*a) | {"photstats": []})
    found = event_sources(client_of(stub, tmp_path), DATEOBS)
    assert {source.name for source in found} == {k for k, (*_, yes) in WINDOWS.items() if yes}
    asked = [path for _, path, _ in stub.requests if "/photometry" in path]
    # of those with detections before and after, and else of none
    assert len(asked) == (2 if told else len(WINDOWS))


def test_an_event_without_a_localization_is_no_mistake(stub, capsys) -> None:
    stub.call("POST", "/api/gcn_event", {"dateobs": DATEOBS, "tags": ["GRB"]})
    assert main(["--dateobs", DATEOBS]) == 0
    printed = capsys.readouterr()
    assert "no localization yet" in printed.out
    assert printed.err == ""
    assert not Path("fritzDownload").exists()


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
