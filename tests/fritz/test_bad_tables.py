"""Tables that broke the commands for Fritz: what is sent is what was written, or nothing is."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from scope.cli.download_classification import main as download
from scope.cli.manage_annotation import main as annotate
from scope.fritz.annotation_values import column_values, parsed_value
from scope.fritz.taxonomy_map import TaxonomyMap, read_map
from scope.fritz.upload_rows import upload_rows
from scope.io.user_tables import read_user_table

LONG = 1237655504567926913
"""No float64 holds it."""


@pytest.fixture
def mapper(tmp_path: Path) -> TaxonomyMap:
    path = tmp_path / "map.json"
    path.write_text('{"vnv": {"fritz_label": "variable", "taxonomy_id": 1}}')
    return read_map(path)


def rows(tmp_path: Path, mapper: TaxonomyMap, text: str):
    path = tmp_path / "up.csv"
    path.write_text(text)
    return upload_rows(read_user_table(path), ["vnv"], mapper, path=path)


@pytest.mark.parametrize("name", ["2019E5", "0012", "4295806720", "NA", "null", "None", "True"])
def test_names_to_upload_are_text(tmp_path, mapper, name) -> None:
    found = rows(tmp_path, mapper, f"obj_id,ra,dec,vnv\n{name},64.2,37.5,.95\n,64.1,37.5,.9\n")
    assert [row.obj_id for row in found] == [name, None]


def test_sexagesimal_positions_are_degrees(tmp_path, mapper) -> None:
    (row,) = rows(tmp_path, mapper, "ra,dec,vnv\n04:16:24.0,+37:30:00,0.95\n")
    assert (row.ra, row.dec) == pytest.approx((64.1, 37.5), abs=1e-12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('obj_id,ra,dec,vnv\na,"64,2","37,5",0.9\n', "ra that is no number, in row 0.*'64,2'"),
        ('ra,dec,vnv\n1,2,"0,95"\n', "probability of 'vnv' that is no number, in row 0"),
        ("ra,dec,vnv,Gaia_EDR3___id\n1,2,0.9,4.29581E+09\n", "was rounded, in row 0"),
        ("obj_id,ra,dec,vnv\n4.29581E+09,1,2,0.9\n", "obj_id that was rounded, in row 0"),
        ("ra,dec,vnv\n1,2,0.9,\n", "line 2"),
        ("ra,dec,vnv\n361,2,0.9\n", "not on the sphere, in row 0"),
        ("ra,dec,vnv\n1,,0.9\n", "position in row 0"),
        ("ra,dec,vnv\n1,2,0.9\n,,0.9\n", "no position in row 1"),
    ],
)
def test_what_cannot_be_uploaded_exactly_is_refused(tmp_path, mapper, text, message) -> None:
    from scope.errors import InputError

    with pytest.raises(InputError, match=message):
        rows(tmp_path, mapper, text)


def test_an_empty_cell_of_an_annotation_is_skipped_and_named(stub, capsys) -> None:
    for name in ("0012", "b"):
        stub.call("POST", "/api/sources", {"id": name, "ra": 1.0, "dec": 2.0, "group_ids": [4]})
    Path("a.csv").write_text(f"obj_id,gaia\n0012,{LONG}\nb,\n,7\n")
    options = ["--action", "post", "--source", "a.csv", "--origin", "o", "--key", "gaia"]
    assert annotate(options) == 0
    said = capsys.readouterr().out
    assert "b without gaia (row 2): skipped" in said
    assert "row 3 without obj_id: skipped" in said
    (note,) = stub.call("GET", "/api/sources/0012/annotations")
    assert note["data"] == {"gaia": LONG}
    assert stub.call("GET", "/api/sources/b/annotations") == []


@pytest.mark.parametrize("cell", ["1.23766E+18", "4.29581E+09", "1237655504567920000"])
def test_a_rounded_value_is_not_sent(stub, capsys, cell) -> None:
    Path("a.csv").write_text(f"obj_id,gaia\na,{cell}\n")
    options = ["--action", "post", "--source", "a.csv", "--origin", "o", "--key", "gaia"]
    assert annotate(options) == 2
    assert cell in capsys.readouterr().err


def test_a_position_to_download_may_be_sexagesimal(stub) -> None:
    import pandas as pd

    body = {"id": "ZTFJa", "ra": 64.1, "dec": 37.5, "group_ids": [4]}
    stub.call("POST", "/api/sources", body)
    Path("dl.csv").write_text("ra,dec\n04:16:24,37:30:00\n")
    assert download(["--file", "dl.csv", "--output-format", "csv"]) == 0
    table = pd.read_csv("fritzDownload/dl_fritzDownload.csv", comment="#")
    assert table["obj_id"].tolist() == ["ZTFJa"]
    assert table["ra"].tolist() == pytest.approx([64.1])


@pytest.mark.parametrize(
    "text", ["name,ra,dec\na,64.1,37.5,\n", 'ra,dec\n"64,1","37,5"\n', "obj_id\n1E+09\n"]
)
def test_what_cannot_be_read_is_not_asked_for(stub, text, capsys) -> None:
    Path("dl.csv").write_text(text)
    before = len(stub.requests) if hasattr(stub, "requests") else None
    assert download(["--file", "dl.csv"]) == 2
    assert capsys.readouterr().err.startswith("error: ")
    assert before is None or len(stub.requests) == before


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("Gaia_EDR3___1.23766E+18", "survey_id that was rounded, in row 0"),
        ("Gaia_EDR3___4295806720.0", "survey_id that was rounded, in row 0"),
        ("4295806720", "survey_id without the name of its survey, in row 0"),
    ],
)
def test_a_named_id_of_a_survey_is_exact(tmp_path, mapper, cell, message) -> None:
    from scope.errors import InputError

    with pytest.raises(InputError, match=message):
        rows(tmp_path, mapper, f"ra,dec,vnv,survey_id\n1,2,0.9,{cell}\n")
    (row,) = rows(tmp_path, mapper, f"ra,dec,vnv,survey_id\n1,2,0.9,Gaia_EDR3___{LONG}\n")
    assert row.survey_ids == (f"Gaia_EDR3___{LONG}",)


@pytest.mark.parametrize("cell", ["'785", '=""785""', "1,234,567", "0,5", "-12,25"])
def test_a_value_that_a_spreadsheet_marked_is_not_sent_as_text(tmp_path, cell) -> None:
    from scope.errors import InputError

    path = tmp_path / "a.csv"
    path.write_text(f'obj_id,key\na,1.5\nb,"{cell}"\n')
    with pytest.raises(InputError, match="no number as programs write it, in row 2"):
        column_values(read_user_table(path, text=["key"])["key"], "key", path)


def test_words_for_no_number_are_none_among_numbers_and_texts_among_texts() -> None:
    assert column_values(["1.5", "NaN", "null", None], "key", "t") == [1.5, None, None, None]
    assert column_values(["NA", "RR Lyrae"], "key", "t") == ["NA", "RR Lyrae"]


@pytest.mark.parametrize("text", ["9" * 5000, "1.0e999", "-1.0e+999"])
def test_numbers_that_json_or_python_cannot_hold_stay_texts(text) -> None:
    assert parsed_value(text) == text


def test_decimals_of_databases_are_numbers() -> None:
    found = column_values([Decimal("1.10"), Decimal("12"), None], "key", "t")
    assert found == [1.1, 12, None]
    assert isinstance(found[1], int)


@pytest.mark.parametrize("cell", ["inf", "-Infinity", float("inf"), Decimal("inf"), Decimal("nan")])
def test_an_infinite_value_among_numbers_is_not_sent(cell: object) -> None:
    from scope.errors import InputError

    if cell == cell:
        with pytest.raises(InputError, match="not finite, in row 2"):
            column_values([1.5, cell], "key", "t")
    else:
        assert column_values([1.5, cell], "key", "t") == [1.5, None]


@pytest.mark.parametrize(
    "origin", ["../../taxonomy", "o/../../x", "/etc/x", "o?a=1#b", "$(id)`id`"]
)
def test_an_origin_is_a_text_and_no_part_of_an_address(stub, capsys, origin) -> None:
    stub.call("POST", "/api/sources", {"id": "a", "ra": 1.0, "dec": 2.0, "group_ids": [4]})
    command = ["--action", "post", "--source", "a", "--origin", origin, "--key", "k"]
    status = annotate([*command, "--value", "1.5"])
    paths = {path.split("?")[0] for _, path, _ in stub.written()}
    assert paths <= {"/api/sources", "/api/sources/a/annotations"}
    notes = stub.call("GET", "/api/sources/a/annotations")
    # SkyPortal wants a letter, digit or underscore in front, and says so of others.
    expected = [] if status else [(origin, {"k": 1.5})]
    assert [(note["origin"], note["data"]) for note in notes] == expected
    assert status == (0 if origin[0].isalnum() else 2)
