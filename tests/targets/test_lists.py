"""Lists of sources in every format and spelling; what is asked for and what is found."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scope.errors import CorruptFileError, InputError, MissingColumnError, NotFoundError
from scope.io import read_metadata, read_table
from scope.surveys.archive import Archive
from scope.surveys.listed import ListedSources
from scope.targets.fetch_list import ROWS, fetch_list
from scope.targets.lists import (
    DEC_NAMES,
    ID_NAMES,
    NO_ID,
    OBJECT_NAMES,
    RA_NAMES,
    read_source_list,
)
from tests.services.kowalski_stub import StubKowalski
from tests.services.kowalski_stub.documents import SOURCES, collections_of
from tests.surveys.bulk_files import write_bulk
from tests.surveys.kowalski_sky import simulate, survey_of

IDS = [10297581009946, 10297581009947]
FRAME = pd.DataFrame(
    {
        "ztf_id": IDS,
        "ra": [10.5, 359.9],
        "dec": [-5.25, 80.0],
        "obj_id": ["obj_1", "V* a.b_c"],
    }
)


def save(frame: pd.DataFrame, path: Path) -> Path:
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    elif path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_hdf(path, key="df")
    return path


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".h5"])
def test_ids_positions_and_names_come_from_every_format(tmp_path: Path, suffix: str) -> None:
    wanted = read_source_list(save(FRAME, tmp_path / f"list{suffix}"))
    assert wanted.ids.tolist() == IDS
    assert wanted.ra.tolist() == [10.5, 359.9]
    assert wanted.dec.tolist() == [-5.25, 80.0]
    assert wanted.names == ("obj_1", "V* a.b_c")


def test_the_json_of_the_gcn_tool_is_a_list(tmp_path: Path) -> None:
    entry = {"fritz_name": "ZTF_1.b", "radec_geojson": {"coordinates": [10.5 - 180, -5.25]}}
    path = tmp_path / "specific.json"
    path.write_text(json.dumps({str(IDS[0]): entry, str(IDS[1]): {**entry, "fritz_name": None}}))
    wanted = read_source_list(path)
    assert wanted.ids.tolist() == IDS
    np.testing.assert_allclose(wanted.ra, 10.5)
    assert wanted.dec.tolist() == [-5.25, -5.25]
    # 10.5 deg are 0 h 42 min 0 s
    assert wanted.names == ("ZTF_1.b", "ZTFJ004200.00-051500.0")


def test_nested_coordinates_of_a_table_are_positions(tmp_path: Path) -> None:
    nested = [{"radec_geojson": {"coordinates": [-169.5, -5.25]}}]
    frame = pd.DataFrame({"ztf_id": IDS[:1], "coordinates": nested, "fritz_name": ["a_b.c"]})
    frame.to_parquet(tmp_path / "list.parquet")
    wanted = read_source_list(tmp_path / "list.parquet")
    assert (wanted.ra[0], wanted.dec[0], wanted.names) == (10.5, -5.25, ("a_b.c",))


@pytest.mark.parametrize("name", OBJECT_NAMES)
def test_every_spelling_of_the_name_is_known(tmp_path: Path, name: str) -> None:
    frame = FRAME.rename(columns={"obj_id": name})
    assert read_source_list(save(frame, tmp_path / "a.csv")).names == ("obj_1", "V* a.b_c")


@pytest.mark.parametrize("name", ID_NAMES)
def test_every_spelling_of_the_id_is_known(tmp_path: Path, name: str) -> None:
    path = save(pd.DataFrame({name: IDS}), tmp_path / "a.csv")
    wanted = read_source_list(path)
    assert wanted.ids.tolist() == IDS
    assert wanted.names == tuple(f"ZTF_{identity}" for identity in IDS)


@pytest.mark.parametrize(("ra", "dec"), list(zip(RA_NAMES, DEC_NAMES, strict=False)))
def test_every_spelling_of_the_position_is_known(tmp_path: Path, ra: str, dec: str) -> None:
    wanted = read_source_list(save(pd.DataFrame({ra: [10.5], dec: [-5.25]}), tmp_path / "a.csv"))
    assert (wanted.ra[0], wanted.dec[0], wanted.ids[0]) == (10.5, -5.25, NO_ID)
    assert wanted.names == ("ZTFJ004200.00-051500.0",)


def test_an_id_with_gaps_in_its_column_keeps_all_digits(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("ztf_id,ra,dec,name\n297101100000001,,,a\n,10.5,2,b\n,,,\n")
    wanted = read_source_list(path)
    assert wanted.ids.tolist() == [297101100000001, NO_ID, NO_ID]
    assert wanted.names == ("a", "b", None)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("ztf_id\nabc\n", InputError, "row 1 .*'abc'"),
        ("ztf_id\n1.5\n", InputError, "whole number"),
        ("ra,dec\n10,95\n", InputError, "not on the sphere, in row 1"),
        ("ra,dec\n10,x\n", InputError, "dec that is no number, in row 1"),
        ("ra\n10\n", MissingColumnError, "half of a position"),
        ("a,b\n1,2\n", MissingColumnError, "neither ids nor positions"),
        ("ztf_id\n", InputError, "the table has no rows"),
        ("", CorruptFileError, "not readable"),
    ],
)
def test_what_is_no_list_is_told_with_the_row(tmp_path: Path, text, error, message) -> None:
    path = tmp_path / "list.csv"
    path.write_text(text)
    with pytest.raises(error, match=message):
        read_source_list(path)


def test_other_files_are_no_lists(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        read_source_list(tmp_path / "none.csv")
    with pytest.raises(InputError, match="unknown format"):
        read_source_list(tmp_path / "none.txt")


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """Sources 0.01 deg apart from (100, 20) on, the same in two filters."""
    folder = tmp_path / "archive"
    write_bulk(folder, [3, 4, 5])
    write_bulk(folder, [6, 7], band="r")
    return Archive(folder)


G = [300102300000000 + number for number in range(3)]
R = [300202300000000 + number for number in range(2)]


def find(survey, text: str, folder: Path, radius: float = 2.0):
    (folder / "list.csv").write_text(text)
    counts = fetch_list(
        survey,
        folder / "list.csv",
        folder / "curves.parquet",
        folder / "rows.parquet",
        cone_radius_arcsec=radius,
    )
    curves, rows = read_table(folder / "curves.parquet"), read_table(folder / "rows.parquet")
    assert rows.schema.names == [column.name for column in ROWS]
    assert sum(counts.values()) == rows.num_rows
    return curves.to_pydict(), rows.to_pydict()


def test_positions_find_all_filters_and_keep_their_names(archive, tmp_path) -> None:
    text = "ra,dec,name\n100.01,20.0,a_b.c\n100.0,20.0003,obj_1\n150,20,far\n"
    curves, rows = find(archive, text, tmp_path)
    assert curves["_id"] == [*G[:2], *R]
    assert curves["obj_id"] == ["obj_1", "a_b.c", "obj_1", "a_b.c"]
    assert curves["n_listed"] == [3, 4, 6, 7]
    assert rows["outcome"] == ["found", "found", "not_found"]
    assert rows["n_found"] == [2, 2, 0]


def test_the_radius_decides(archive, tmp_path) -> None:
    text = "ra,dec\n100.0,20.0003\n"
    # 0.0003 deg are 1.08 arcsec
    assert find(archive, text, tmp_path, radius=1.0)[0]["_id"] == []
    assert find(archive, text, tmp_path, radius=1.1)[0]["_id"] == [G[0], R[0]]
    # 0.01 deg in right ascension are 33.8 arcsec at this declination
    assert len(find(archive, text, tmp_path, radius=35)[0]["_id"]) == 4


def test_a_light_curve_of_two_rows_is_given_to_the_nearer_and_the_other_is_told(
    archive, tmp_path, caplog
) -> None:
    text = "ra,dec,name\n100.0,20.0003,far\n100.0,20.0001,near\n100.0,20.0001,again\n"
    curves, rows = find(archive, text, tmp_path)
    assert curves["obj_id"] == ["near", "near"]
    assert rows["outcome"] == ["duplicate", "found", "duplicate"]
    assert rows["n_found"] == [2, 2, 2]
    assert rows["n_given"] == [0, 2, 0]
    assert "2 rows duplicate" in caplog.text
    assert "row 1 (far), 3 (again)" in caplog.text


def test_ids_come_out_once_and_missing_ones_with_a_reason(archive, tmp_path) -> None:
    lost = 300102300000099
    text = f"ztf_id,name\n{G[1]},a\n{lost},b\n{G[1]},c\n,d\n{R[0]},e\n"
    curves, rows = find(archive, text, tmp_path)
    assert curves["_id"] == [G[1], lost, R[0]]
    assert curves["obj_id"] == ["a", "b", "e"]
    assert curves["reason"] == [None, "no_light_curve", None]
    assert curves["quad"] == [3, 3, 3]
    assert rows["outcome"] == ["found", "not_found", "duplicate", "no_position", "found"]


def test_an_id_beats_a_position(archive, tmp_path) -> None:
    text = f"ztf_id,ra,dec,name\n,100.0,20.0,place\n{G[0]},,,number\n"
    curves, rows = find(archive, text, tmp_path)
    assert dict(zip(curves["_id"], curves["obj_id"], strict=True)) == {
        G[0]: "number",
        R[0]: "place",
    }
    assert rows["outcome"] == ["found", "found"]


def test_the_record_tells_list_radius_and_release(archive, tmp_path) -> None:
    find(archive, "ra,dec\n100.0,20.0\n", tmp_path)
    said = read_metadata(tmp_path / "curves.parquet")
    assert said["data_release"] == "DR5"
    assert said["cone_radius_arcsec"] == 2.0
    assert len(said["list_sha256"]) == 64


def test_units_of_a_list_are_parts_that_together_are_all(archive, tmp_path) -> None:
    find(archive, f"ztf_id\n{G[2]}\n{G[0]}\n{R[0]}\n", tmp_path)
    listed = ListedSources(archive, tmp_path / "curves.parquet", 2)
    parts = [listed.sources(0, unit).column("_id").to_pylist() for unit in listed.units()]
    assert parts == [[G[0]], [G[2], R[0]]]
    (curves,) = listed.iter_lightcurves(0, "chunk_001", 10)
    assert curves.ids.tolist() == parts[1]
    assert curves.n_epochs.tolist() == [5, 6]
    assert listed.facts()["data_release"] == "DR5"


def test_an_object_has_all_its_bands_in_one_unit(archive, tmp_path) -> None:
    names = dict(zip((*G, *R), ("a", "b", "a", "b", "a"), strict=False))
    table = "".join(f"{number},{name}\n" for number, name in names.items())
    find(archive, f"ztf_id,name\n{table}", tmp_path)
    for parts in (1, 2, 3, 7):
        listed = ListedSources(archive, tmp_path / "curves.parquet", parts)
        units = [listed.sources(0, unit) for unit in listed.units()]
        held = [set(unit.column("obj_id").to_pylist()) for unit in units]
        assert sum(map(len, held)) == 2
        ids = [unit.column("_id").to_pylist() for unit in units]
        assert sorted(number for part in ids for number in part) == sorted(names)
        assert ids == [sorted(part) for part in ids]


def test_kowalski_and_the_archive_find_the_same(tmp_path_factory, tmp_path) -> None:
    folder = simulate(tmp_path_factory.mktemp("sky") / "archive", n_stars=15)
    collections = collections_of(folder)
    documents = collections[SOURCES][:12]
    places = [one["coordinates"]["radec_geojson"]["coordinates"] for one in documents]
    lines = [f"{lon + 180},{lat},,s_{n}.x" for n, (lon, lat) in enumerate(places[4:])]
    lines += [f",,{one['_id']},i_{n}" for n, one in enumerate(documents[:4])]
    text = "\n".join(["ra,dec,ztf_id,name", *lines, ",,10700001999999,lost"])
    with StubKowalski(collections) as stub:
        stub.faults.at_random(0.1)
        curves, rows = find(survey_of(stub), text, tmp_path)
    assert rows["outcome"].count("found") == 12 - rows["outcome"].count("duplicate")
    assert rows["outcome"][-1] == "not_found"
    assert set(curves["_id"]) >= {one["_id"] for one in documents}
    on_archive, _ = find(Archive(folder), "\n".join(["ra,dec,ztf_id,name", *lines[:8]]), tmp_path)
    # Ids differ between the two; positions and names do not.
    names = {name for name in curves["obj_id"] if name.startswith("s_")}
    assert set(on_archive["obj_id"]) >= names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ra,dec,mag\n64.4,37.8,16.5,\n", "line 2"),
        ("ztf_id\n7.00110E+14\n", "rounded, in row 1"),
        ("ztf_id\n1237655504567926785.0\n", "rounded, in row 1"),
        ("ztf_id,name\n700101100000001,1E+05\n", "name that was rounded, in row 1"),
        ('ra,dec\n"64,4","37,8"\n', "ra that is no number, in row 1.*'64,4'"),
        ("ra,dec\n361,0\n", "not on the sphere, in row 1"),
        ("ztf_id,ra,dec\n7,1,2\n8,64.1,\n", "half of a position in row 2.*dec empty"),
        ("ztf_id\n-5\n", "below 0, in row 1"),
        ("ra,dec,ra\n1,2,3\n", "twice"),
    ],
)
def test_a_list_that_lost_something_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_source_list(tmp_path / "list.csv")


def test_names_and_sexagesimal_positions_of_a_list(tmp_path: Path) -> None:
    text = "Name;RA;Dec\n0012;04:16:24;+37:30:00\nNA;64.1;-00 30 00\n2019E5;4h16m24s;1d30m0s\n"
    (tmp_path / "list.csv").write_text("\ufeff" + text)
    wanted = read_source_list(tmp_path / "list.csv")
    assert wanted.names == ("0012", "NA", "2019E5")
    # 4 h 16 min 24 s are 64.1 deg
    np.testing.assert_allclose(wanted.ra, 64.1, atol=1e-12)
    np.testing.assert_allclose(wanted.dec, [37.5, -0.5, 1.5], atol=1e-12)


@pytest.mark.parametrize("suffix", [".parquet", ".h5"])
def test_float_ids_are_exact_or_refused(tmp_path: Path, suffix: str) -> None:
    path = save(pd.DataFrame({"ztf_id": [700101100000001.0, np.nan]}), tmp_path / f"a{suffix}")
    assert read_source_list(path).ids.tolist() == [700101100000001, NO_ID]
    path = save(pd.DataFrame({"ztf_id": [1.2376555045679268e18]}), tmp_path / f"b{suffix}")
    with pytest.raises(InputError, match="rounded, in row 1"):
        read_source_list(path)


def test_an_infinite_coordinate_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    for pair in ("[1e400, 2]", "[true, false]"):
        path.write_text(f'{{"1": {{"radec_geojson": {{"coordinates": {pair}}}}}}}')
        with pytest.raises(InputError, match="coordinates that cannot be read, in row 1"):
            read_source_list(path)


@pytest.mark.parametrize("names", ["RAJ2000,DEJ2000", "_RAJ2000,_DEJ2000", "RA_ICRS,DE_ICRS"])
def test_positions_are_found_as_the_cds_calls_them(tmp_path: Path, names: str) -> None:
    """Names of columns of VizieR and SIMBAD; 4 h 16 min 24 s are 64.1 deg."""
    from scope.io.user_tables import read_user_table

    path = tmp_path / "list.csv"
    path.write_text(f"Name,{names}\na,04 16 24,+37 30 00\nb,64.1,37.5\n")
    wanted = read_source_list(path)
    np.testing.assert_allclose([wanted.ra, wanted.dec], [[64.1] * 2, [37.5] * 2], atol=1e-12)
    table = read_user_table(path, places=("ra", "dec"))
    np.testing.assert_allclose([table["ra"], table["dec"]], [[64.1] * 2, [37.5] * 2], atol=1e-12)
