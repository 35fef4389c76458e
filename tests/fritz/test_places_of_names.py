"""A name of a table is another star's where the two lie apart: nothing is sent, and it is told.

Positions are an arcsecond or a degree apart by construction; the radius is the documented 2 arcsec.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scope.cli.download_classification import main as download
from scope.cli.upload_classification import main as upload_main
from scope.io import read_dataframe

ARCSEC = 1 / 3600
MAP = {"variable": {"fritz_label": "variable", "taxonomy_id": 1}}


def save(stub, name: str, ra: float, dec: float) -> None:
    stub.call("POST", "/api/sources", {"id": name, "ra": ra, "dec": dec, "group_ids": [4]})


def upload(text: str, *options: str, status: int = 0) -> None:
    Path("map.json").write_text(json.dumps(MAP))
    Path("t.csv").write_text(text)
    command = ["--file", "t.csv", "--taxonomy-map", "map.json", "--group-ids", "4", "--skip-phot"]
    given = ["--classification", "read", "--use-existing-obj-id", *options]
    assert upload_main([*command, *given]) == status


def receipt() -> list[dict]:
    return read_dataframe("fritzUpload/t_fritzUpload_receipt.parquet").to_dict("records")


def classified(stub) -> list[str]:
    return sorted(row["obj_id"] for row in stub.database.all("select * from classifications"))


def test_a_source_that_lies_elsewhere_is_a_refused_row(stub, capsys) -> None:
    save(stub, "near", 10.0, 20.0)
    save(stub, "far", 10.5, 21.0)
    text = f"obj_id,ra,dec,variable\nnear,10,{20 + ARCSEC},0.9\nfar,64.1,37.5,0.9\nnew,12,20,0.8\n"
    upload(text, "--write-obj-id", status=2)
    assert "steps that Fritz refuses: 1" in capsys.readouterr().err
    assert classified(stub) == ["near", "new"]
    (refused,) = [row for row in receipt() if row["status"] == "refused"]
    assert (refused["row"], refused["obj_id"], refused["what"]) == (1, "far", "source")
    # both positions, and the separation: 50 deg of right ascension at these declinations
    from astropy.coordinates import SkyCoord

    apart = SkyCoord(10.5, 21.0, unit="deg").separation(SkyCoord(64.1, 37.5, unit="deg")).arcsec
    for part in ("ra 10.5, dec 21", "ra 64.1, dec 37.5", f"{apart:.6g} arcsec apart", "2 arcsec"):
        assert part in refused["detail"]
    # not a note of the source has changed
    assert stub.call("GET", "/api/sources/far/annotations") == []


def test_the_radius_decides_and_a_later_run_mends_the_receipt(stub) -> None:
    save(stub, "moving", 10.0, 20.0)
    text = f"obj_id,ra,dec,variable\nmoving,10,{20 + 3 * ARCSEC},0.9\n"
    upload(text, status=2)
    assert classified(stub) == []
    upload(text, "--radius-arcsec", "4")
    assert classified(stub) == ["moving"]
    assert "refused" not in {row["status"] for row in receipt()}


def test_one_name_at_two_places_of_a_table_is_refused_at_the_second(stub) -> None:
    upload("obj_id,ra,dec,variable\na,10,20,0.9\na,50,20,0.8\n", status=2)
    rows = receipt()
    assert {row["row"] for row in rows if row["status"] == "refused"} == {1}
    # what was done of the first stays in the receipt
    assert {row["what"] for row in rows if row["row"] == 0} >= {"source", "classification"}


@pytest.mark.parametrize("ra", [359.9999, 0.0001])
def test_positions_on_both_sides_of_right_ascension_0_are_near(stub, ra) -> None:
    save(stub, "a", (ra + 0.0002) % 360, 0.0)
    upload(f"obj_id,ra,dec,variable\na,{ra},0,0.9\n")
    assert classified(stub) == ["a"]


def test_what_is_downloaded_by_name_is_of_the_row_or_left_out(stub, caplog) -> None:
    save(stub, "here", 10.0, 20.0)
    save(stub, "there", 10.5, 21.0)
    for name in ("here", "there"):
        one = {"obj_id": name, "classification": "variable", "taxonomy_id": 1, "group_ids": [4]}
        stub.call("POST", "/api/classification", one)
    Path("d.csv").write_text("obj_id,ra,dec\nhere,10,20\nthere,64.1,37.5\nthere,,\n,,\n")
    assert download(["--file", "d.csv"]) == 0
    table = read_dataframe("fritzDownload/d_fritzDownload.parquet")
    assert table["classification"].fillna("").tolist() == ["variable", "", "variable", ""]
    assert "row 1 is left without its source" in caplog.text
    assert "ra 10.5, dec 21 on Fritz" in caplog.text
    assert "1 rows have neither a name nor a position: 3" in caplog.text


def test_half_a_position_and_no_rows_are_said(stub, capsys) -> None:
    Path("d.csv").write_text("name,ra,dec\na,64.1,37.5\nb,64.1,\n")
    assert download(["--file", "d.csv"]) == 2
    assert "half of a position in row 1 of d.csv: 'ra 64.1, dec empty'" in capsys.readouterr().err
    Path("d.csv").write_text("obj_id,ra,dec\n")
    assert download(["--file", "d.csv"]) == 2
    assert "the table has no rows: 'd.csv'" in capsys.readouterr().err
    Path("d.csv").write_text("obj_id,ra,dec\na,1,2\n")
    assert download(["--file", "d.csv", "--start", "1"]) == 2
    assert "--start: 1; allowed: up to 0" in capsys.readouterr().err
    upload("obj_id,ra,dec,variable\n", status=2)
    assert "the table has no rows: 't.csv'" in capsys.readouterr().err
    upload("obj_id,ra,dec,variable\na,1,2,0.9\n", "--start", "4", status=2)
    assert "between --start and --stop: '4 to 0'" in capsys.readouterr().err
    assert stub.written() == []


def test_an_annotation_table_without_rows_is_refused(stub, capsys) -> None:
    from scope.cli.manage_annotation import main as annotate

    Path("a.csv").write_text("obj_id,gaia\n")
    note = ["--action", "post", "--source", "a.csv", "--origin", "o", "--key", "gaia"]
    assert annotate(note) == 2
    assert "the table has no rows: 'a.csv'" in capsys.readouterr().err
