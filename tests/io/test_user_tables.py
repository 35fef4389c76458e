"""Tables as people, spreadsheets and other programs save them; expected is what they wrote."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scope.errors import CorruptFileError, InputError, NotFoundError
from scope.io import write_csv, write_table
from scope.io.user_tables import read_user_table
from scope.io.values import exact_ids, exact_names, exact_numbers, light_curve_ids, positions

LONG = 1237655504567926913
"""No float64 holds it."""


def csv(tmp_path, content: str | bytes, name: str = "t.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


PLAIN = "obj_id,ra,dec,Gaia_EDR3___id\n0012,64.1,37.5,1237655504567926913\nNA,65.1,37.6,\n"


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        "\ufeff" + PLAIN,
        PLAIN.encode("utf-16"),
        "sep=;\n" + PLAIN.replace(",", ";"),
        "# made by hand\n\n" + PLAIN,
        PLAIN.replace(",", " , "),
        PLAIN.replace("\n", ",\n"),
        PLAIN.replace("\n", ",,\n"),
        PLAIN.replace("64.1", '"64.1"').replace("0012", '"0012"'),
        PLAIN.replace("obj_id,ra,dec", "OBJ_ID, Ra ,DEC"),
        PLAIN.rstrip("\n"),
    ],
    ids=range(15),
)
def test_every_dialect_is_the_same_table(tmp_path, content) -> None:
    table = read_user_table(
        csv(tmp_path, content), names=["obj_id"], ids=["Gaia_EDR3___id"], places=("ra", "dec")
    )
    assert list(table.columns) == ["obj_id", "ra", "dec", "Gaia_EDR3___id"]
    assert table["obj_id"].tolist() == ["0012", "NA"]
    assert table["ra"].tolist() == [64.1, 65.1]
    assert table["dec"].tolist() == [37.5, 37.6]
    assert table["Gaia_EDR3___id"].tolist() == [LONG, pd.NA]
    assert table.index.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("ra,dec,mag\n1,2,3,\n4,5,6,\n", 2),
        ("ra,dec\n1,2\n3,4,5\n", 3),
        ("ra,dec\n1,2\n3\n", 3),
        ("a,ra,dec,\n1,2,3,4\n", 2),
        ("a,ra,dec\n\n# why\nx,64,2,37,5\n", 3),
        ('ra,dec\n1,2\n"3,4\n5,6\n', 4),
        ("ra;dec\n64,1;37,5;\n", 2),
    ],
)
def test_a_line_that_does_not_fit_is_named(tmp_path, content, line) -> None:
    with pytest.raises(InputError, match=rf"line {line}\b"):
        read_user_table(csv(tmp_path, content))


def test_a_comment_among_rows_is_no_source(tmp_path) -> None:
    with pytest.raises(InputError, match=r"comment below the names.*line 3"):
        read_user_table(csv(tmp_path, "obj_id,ra\na,1\n#b,2\n"))
    table = read_user_table(csv(tmp_path, 'obj_id,ra\na,1\n"#b",2\n'))
    assert table["obj_id"].tolist() == ["a", "#b"]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("", CorruptFileError),
        ("\n\n", CorruptFileError),
        ("# only\n", CorruptFileError),
        (",,\n1,2,3\n", CorruptFileError),
        (b"ra,n\xe4me\n1,2\n", CorruptFileError),
        ("ra,dec\n1,2\n".encode("utf-16-le"), CorruptFileError),
        ("ra,dec,ra\n1,2,3\n", InputError),
        ("ra,dec, ra\n1,2,3\n", InputError),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, content, error) -> None:
    with pytest.raises(error, match=r"t\.csv"):
        read_user_table(csv(tmp_path, content))


def test_names_without_rows_are_a_table_without_rows(tmp_path) -> None:
    table = read_user_table(csv(tmp_path, "obj_id,ra,dec\n"), places=("ra", "dec"))
    assert (len(table), list(table.columns)) == (0, ["obj_id", "ra", "dec"])


def test_files_that_are_not_there_or_of_another_kind(tmp_path) -> None:
    with pytest.raises(NotFoundError):
        read_user_table(tmp_path / "none.csv")
    with pytest.raises(InputError, match="unknown format"):
        read_user_table(csv(tmp_path, PLAIN, "t.txt"))


def test_the_index_that_pandas_wrote_is_a_column(tmp_path) -> None:
    frame = pd.DataFrame({"ztf_id": [3, 4], "x": [0.5, 1.5]}, index=[7, 9])
    frame.to_csv(tmp_path / "t.csv")
    table = read_user_table(tmp_path / "t.csv")
    assert table["Unnamed: 0"].tolist() == [7, 9]
    assert table["ztf_id"].tolist() == [3, 4]
    for suffix in ("parquet", "h5"):
        path = tmp_path / f"t.{suffix}"
        named = frame.set_index("ztf_id")
        named.to_parquet(path) if suffix == "parquet" else named.to_hdf(path, key="df")
        assert read_user_table(path)["ztf_id"].tolist() == [3, 4]
    frame.to_parquet(tmp_path / "u.parquet")
    assert list(read_user_table(tmp_path / "u.parquet").columns) == ["ztf_id", "x"]
    # evenly spaced numbers are no column of the file
    frame.assign(ztf_id=[3, 9]).set_index("ztf_id").to_parquet(tmp_path / "v.parquet")
    assert read_user_table(tmp_path / "v.parquet")["ztf_id"].tolist() == [3, 9]


def test_columns_of_no_known_kind_are_numbers_only_where_nothing_is_lost(tmp_path) -> None:
    text = (
        "a,b,c,d,e,f,g,h\n"
        f"1,0.5,012,2019E5,True,{LONG},{LONG}.0,1e-5\n"
        "2,NA,13,2020e12,False,,3.0,2\n"
    )
    table = read_user_table(csv(tmp_path, text))
    assert table["a"].tolist() == [1, 2]
    np.testing.assert_array_equal(table["b"], [0.5, np.nan])
    assert table["c"].tolist() == ["012", "13"]
    assert table["d"].tolist() == ["2019E5", "2020e12"]
    assert table["e"].dtype == bool
    assert table["f"].tolist() == [LONG, pd.NA]
    assert table["g"].tolist() == [f"{LONG}.0", "3.0"]
    assert table["h"].tolist() == [1e-5, 2.0]


def test_our_file_saved_by_a_spreadsheet_is_read(tmp_path) -> None:
    frame = pd.DataFrame(
        {
            "obj_id": ["0012", "NA"],
            "vnv": [0.95, 0.9],
            "ok": [True, False],
            "Gaia_EDR3___id": pd.array([LONG, None], dtype="Int64"),
        }
    )
    write_csv(frame, tmp_path / "ours.csv")
    text = (tmp_path / "ours.csv").read_text()
    comment, rest = text.split("\n", 1)
    quoted = '"' + comment.replace('"', '""') + '"'
    saved = {
        "bom": "\ufeff" + text.replace("\n", "\r\n"),
        "semicolons": f"\ufeff{quoted};;;\r\n" + rest.replace(",", ";").replace("\n", "\r\n"),
        "capitals": text.replace("True", "TRUE").replace("False", "FALSE"),
        "padded": f"{quoted},,,,,\n" + rest.replace("\n", ",,\n"),
    }
    for name, content in saved.items():
        found = read_user_table(csv(tmp_path, content, f"{name}.csv"))
        assert found["obj_id"].tolist() == ["0012", "NA"], name
        assert found["vnv"].tolist() == [0.95, 0.9], name
        assert found["ok"].tolist() == [True, False], name
        assert found["Gaia_EDR3___id"].tolist() == [LONG, pd.NA], name


@pytest.mark.parametrize(
    "destroyed", ["1.23766E+18", "1237655504567920000", "1237655504567926784.0"]
)
def test_our_file_whose_ids_a_spreadsheet_destroyed_is_refused(tmp_path, destroyed) -> None:
    frame = pd.DataFrame({"Gaia_EDR3___id": pd.array([LONG, None], dtype="Int64"), "x": [1.0, 2.0]})
    write_csv(frame, tmp_path / "t.csv")
    text = (tmp_path / "t.csv").read_text().replace(str(LONG), destroyed)
    with pytest.raises(InputError, match=rf"Gaia_EDR3___id.*{destroyed[:8]}"):
        read_user_table(csv(tmp_path, text))
    plain = csv(tmp_path, text.split("\n", 1)[1])
    with pytest.raises(InputError, match=rf"Gaia_EDR3___id.*{destroyed[:8]}"):
        read_user_table(plain, ids=["Gaia_EDR3___id"])


@pytest.mark.parametrize("suffix", ["parquet", "h5"])
def test_ids_and_names_of_other_formats(tmp_path, suffix) -> None:
    path = tmp_path / f"t.{suffix}"

    def read(**columns):
        frame = pd.DataFrame(columns)
        frame.to_parquet(path) if suffix == "parquet" else frame.to_hdf(path, key="df")
        return read_user_table(path, ids=["_id"], names=["obj_id"])

    assert read(_id=[700110100000001.0, np.nan])["_id"].tolist() == [700110100000001, pd.NA]
    assert read(obj_id=[12, LONG])["obj_id"].tolist() == ["12", str(LONG)]
    assert read(obj_id=[12.0, np.nan])["obj_id"].dropna().tolist() == ["12"]
    for column, name in ((float(LONG), "_id"), (float(LONG), "obj_id"), (0.5, "obj_id")):
        with pytest.raises(InputError, match=rf"{name} .*row 1 of"):
            read(**{name: [column, np.nan]})
    with pytest.raises(InputError, match="rounded"):
        read(_id=np.float32([700110100000001]))


def test_types_that_only_parquet_has(tmp_path) -> None:
    table = pa.table(
        {
            "obj_id": pa.array(["a", "a", None]).dictionary_encode(),
            "star": pa.array([b"s1  ", b"s2\0\0", None], pa.binary(4)),
            "_id": pa.array([LONG, None, 3], pa.int64()),
            "ra": pa.array(["04:16:24", "64.1", None], pa.large_string()),
            "dec": pa.array([1.0, 2.0, None], pa.float32()),
        }
    )
    write_table(table, tmp_path / "t.parquet")
    found = read_user_table(
        tmp_path / "t.parquet", ids=["_id"], names=["obj_id", "star"], places=("ra", "dec")
    )
    assert found["obj_id"].tolist()[:2] == ["a", "a"]
    assert found["star"].tolist()[:2] == ["s1", "s2"]
    assert found["_id"].tolist() == [LONG, pd.NA, 3]
    np.testing.assert_allclose(found["ra"], [64.1, 64.1, np.nan])
    twice = pa.table([[1], [2]], names=["ra", "ra"])
    pq.write_table(twice, tmp_path / "twice.parquet")
    with pytest.raises(InputError, match="twice"):
        read_user_table(tmp_path / "twice.parquet")


def test_columns_name_the_row_that_cannot_be_read() -> None:
    with pytest.raises(InputError, match=r"id that was rounded, in row 2 of t: '1E\+09'"):
        exact_ids(["1", "1E+09"], "id", "t")
    with pytest.raises(InputError, match="name that is a number, in row 0 of t"):
        exact_names(pd.Series([0.5]), "name", "t", first=0)
    with pytest.raises(InputError, match="x that is no number, in row 1 of t: '0,5'"):
        exact_numbers(["0,5"], "x", "t")
    for ra, dec in ((360.1, 0.0), (-180.1, 0.0), (1.0, 90.1)):
        with pytest.raises(InputError, match="not on the sphere, in row 2"):
            positions([1.0, ra], [1.0, dec], "t")
    with pytest.raises(InputError, match="spreadsheet"):
        exact_names(["1237655504567920000"], "name", "t")


@pytest.mark.parametrize("cell", ["9" * 5000, "9" * 5000 + ".0", "-" + "9" * 5000, "0" * 5000])
def test_thousands_of_digits_are_no_id(tmp_path: Path, cell: str) -> None:
    """Python refuses to read them as a number; the table has one line of an error."""
    path = tmp_path / "t.csv"
    path.write_text(f"objectid,other\n{cell},{cell}\n")
    with pytest.raises(InputError, match="does not fit 64 bits, in row 1"):
        read_user_table(path, ids=["objectid"])


def test_names_that_a_program_wrote_as_floats_are_refused(tmp_path: Path) -> None:
    """Whole numbers and a gap, as pandas writes them; one such name among others is a name."""
    path = tmp_path / "t.csv"
    pd.DataFrame({"star": [12, None, 13]}).to_csv(path)
    with pytest.raises(InputError, match=r"'star' .* wrote names as floats: '12\.0'"):
        read_user_table(path, names=["star"])
    path.write_text("star\n12.0\nV1.5\n")
    assert read_user_table(path, names=["star"])["star"].tolist() == ["12.0", "V1.5"]


@pytest.mark.parametrize("cell", [pd.Timestamp("2019-05-01"), [1], {"a": 1}])
def test_what_is_no_text_is_not_called_a_number(cell: object) -> None:
    with pytest.raises(InputError, match="name that is no text, in row 1"):
        exact_names([cell], "name", "t")


@pytest.mark.parametrize(
    ("suffix", "cells"),
    [("parquet", [True, False]), ("h5", [True, False]), ("h5", [64.1 + 0j, 1j])],
)
def test_truth_values_and_complex_numbers_are_no_positions(
    tmp_path: Path, suffix: str, cells: list
) -> None:
    path = tmp_path / f"t.{suffix}"
    frame = pd.DataFrame({"ra": cells, "dec": [1.0, 2.0]})
    frame.to_parquet(path) if suffix == "parquet" else frame.to_hdf(path, key="df")
    with pytest.raises(InputError, match="ra that is no number, in row 1"):
        read_user_table(path, places=("ra", "dec"))


def test_ids_of_light_curves_are_not_negative() -> None:
    assert light_curve_ids([0, None, 7], "_id", "t").tolist() == [0, pd.NA, 7]
    with pytest.raises(InputError, match="_id below 0, in row 3 of t: -5"):
        light_curve_ids([0, None, -5], "_id", "t")


def test_what_is_declared_a_name_is_as_written_whatever_stands_beside_it(tmp_path: Path) -> None:
    # With a decimal point beside it 2019E5 looks like a number.
    path = tmp_path / "t.csv"
    path.write_text("Object,median\n2019E5,1\n1.5,2\n0012,3\nNA,4\n")
    expected = ["2019E5", "1.5", "0012", "NA"]
    assert read_user_table(path, names=["object"])["object"].tolist() == expected
    path.write_text("object\n2019E5\n1.5\n")
    assert read_user_table(path, names=["object"])["object"].tolist() == expected[:2]
