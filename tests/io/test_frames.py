"""DataFrames come back from every format with their types and their metadata."""

from __future__ import annotations

import json
import time

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from scope.errors import CorruptFileError, InputError, MissingColumnError, NotFoundError
from scope.io import (
    read_csv,
    read_dataframe,
    read_hdf,
    read_metadata,
    read_parquet,
    write_dataframe,
    write_hdf,
    write_table,
)

ATTRS = {"backend": "cpu", "stages": {"features": 1}, "cut": [2459951.5, None, True]}
EXTENSIONS = ["parquet", "h5", "csv"]

SURVEY_ID = 2**60 + 1
"""Between two float64: it is lost wherever integers pass through floats."""


@pytest.fixture
def frame() -> pd.DataFrame:
    """Predictions with every type of column that products have."""
    return pd.DataFrame(
        {
            "_id": np.array([10296582009946, 10296582009947, 10296582009948]),
            "Gaia_EDR3___id": pd.array([SURVEY_ID, None, SURVEY_ID + 2], dtype="Int64"),
            "filter": pd.array([1, None, 3], dtype="Int32"),
            "ra": [0.1 + 0.2, np.nan, 1e-300],
            "vnv_dnn": np.array([0.1, np.nan, 3e-7], dtype=np.float32),
            "imputed": np.array([0, 2**63 + 5, 1], dtype=np.uint64),
            "terrestrial": [True, False, True],
            "matched": pd.array([True, None, False], dtype="boolean"),
            "reason": ["no, period", None, "NA"],
            "hmjd": [np.array([58000.25, 58001.5]), None, np.array([])],
        }
    )


def save(frame, path):
    frame = frame.copy()
    frame.attrs = dict(ATTRS)
    write_dataframe(frame, path)
    return frame


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_types_values_and_metadata_come_back(frame, tmp_path, extension):
    path = tmp_path / f"preds.{extension}"
    save(frame, path)
    found = read_dataframe(path)
    assert found.attrs == ATTRS
    pd.testing.assert_frame_equal(found.drop(columns="hmjd"), frame.drop(columns="hmjd"))
    assert found["Gaia_EDR3___id"][0] == SURVEY_ID
    for ours, theirs in zip(found["hmjd"], frame["hmjd"], strict=True):
        assert (ours is None and theirs is None) or np.array_equal(ours, theirs)


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_the_same_frame_gives_the_same_bytes(frame, tmp_path, extension):
    path = tmp_path / f"preds.{extension}"
    save(frame, path)
    first = path.read_bytes()
    again = read_dataframe(path)
    time.sleep(1.1)  # HDF5 keeps times of creation to the second, where it is let
    save(again, path)
    assert path.read_bytes() == first


def test_hdf5_files_hold_no_time_of_day(frame, tmp_path):
    import h5py

    save(frame, tmp_path / "preds.h5")
    with h5py.File(tmp_path / "preds.h5") as file:
        times = []
        file.visititems(lambda name, node: times.append(h5py.h5o.get_info(node.id).mtime))
    assert set(times) == {0}


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_frame_without_rows_keeps_its_columns(frame, tmp_path, extension):
    save(frame.iloc[:0], tmp_path / f"empty.{extension}")
    found = read_dataframe(tmp_path / f"empty.{extension}")
    assert len(found) == 0
    assert list(found.columns) == list(frame.columns)
    assert found["_id"].dtype == np.int64
    assert found.attrs == ATTRS


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_writing_does_not_change_the_frame(frame, tmp_path, extension):
    before = frame.copy(deep=True)
    save(frame, tmp_path / f"preds.{extension}")
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_metadata_that_are_no_json_are_refused_and_leave_no_file(frame, tmp_path, extension):
    frame.attrs = {"model": object()}
    with pytest.raises(InputError, match="'model'"):
        write_dataframe(frame, tmp_path / f"preds.{extension}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_file_without_metadata_is_read_with_a_warning(tmp_path, extension):
    path = tmp_path / f"plain.{extension}"
    plain = pd.DataFrame({"_id": [1, 2]})
    writers = {
        "parquet": lambda: plain.to_parquet(path),
        "h5": lambda: plain.to_hdf(path, key="df"),
        "csv": lambda: plain.to_csv(path, index=False),
    }
    writers[extension]()
    with pytest.warns(UserWarning, match=f"no metadata.*plain.{extension}"):
        found = read_dataframe(path)
    pd.testing.assert_frame_equal(found, plain)


@pytest.mark.parametrize(
    ("extension", "content"),
    [
        ("parquet", b""),
        ("parquet", b"PAR1"),
        ("h5", b""),
        ("h5", b"\x89HDF\r\n\x1a\n\x00broken"),
        ("csv", b""),
        ("csv", b"\xff\xfe not a text"),
    ],
)
def test_a_truncated_or_foreign_file_is_named(tmp_path, extension, content):
    path = tmp_path / f"broken.{extension}"
    path.write_bytes(content)
    with pytest.raises(CorruptFileError, match=r"broken\."):
        read_dataframe(path)


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_file_cut_in_half_is_named(frame, tmp_path, extension):
    path = tmp_path / f"half.{extension}"
    save(frame, path)
    content = path.read_bytes()
    # A text cannot show that its last lines are missing; cut it within the column names.
    cut = content.index(b"_id,") + 20 if extension == "csv" else len(content) // 2
    path.write_bytes(content[:cut])
    with pytest.raises(CorruptFileError, match=r"half\."):
        read_dataframe(path)


@pytest.mark.parametrize("read", [read_parquet, read_hdf, read_csv])
def test_a_file_that_is_not_there_is_named(tmp_path, read):
    with pytest.raises(NotFoundError, match="absent"):
        read(tmp_path / "absent")


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_column_name_that_stands_twice_is_refused(tmp_path, extension):
    frame = pd.DataFrame([[1, 2, 3]], columns=["a", "b", "a"])
    with pytest.raises(InputError, match="twice: 'a'"):
        write_dataframe(frame, tmp_path / f"t.{extension}")


def test_an_unknown_extension_is_refused_with_the_known_ones(frame, tmp_path):
    with pytest.raises(InputError, match=r"\.parquet, \.h5, \.hdf5, \.csv"):
        write_dataframe(frame, tmp_path / "preds.fits")
    with pytest.raises(InputError, match=r"preds\.fits"):
        read_dataframe(tmp_path / "preds.fits")


class TestParquet:
    def test_the_metadata_are_json_under_the_key_scope(self, frame, tmp_path):
        save(frame, tmp_path / "preds.parquet")
        metadata = pq.read_schema(tmp_path / "preds.parquet").metadata
        assert json.loads(metadata[b"scope"]) == ATTRS
        assert read_metadata(tmp_path / "preds.parquet") == ATTRS
        # The rest is pandas' own, so that others read the same frame.
        pd.testing.assert_frame_equal(
            pd.read_parquet(tmp_path / "preds.parquet").drop(columns="hmjd"),
            frame.drop(columns="hmjd"),
        )

    def test_an_index_comes_back(self, frame, tmp_path):
        picked = frame.iloc[[2, 0]]
        save(picked, tmp_path / "picked.parquet")
        found = read_parquet(tmp_path / "picked.parquet")
        assert found.index.tolist() == [2, 0]
        named = frame.set_index("_id")
        save(named, tmp_path / "named.parquet")
        assert read_parquet(tmp_path / "named.parquet").index.name == "_id"

    def test_columns_can_be_picked(self, frame, tmp_path):
        save(frame, tmp_path / "preds.parquet")
        found = read_parquet(tmp_path / "preds.parquet", columns=["ra", "Gaia_EDR3___id", "_id"])
        assert list(found.columns) == ["ra", "Gaia_EDR3___id", "_id"]
        assert found.attrs == ATTRS
        with pytest.raises(MissingColumnError, match="period"):
            read_parquet(tmp_path / "preds.parquet", columns=["period"])

    def test_integers_with_nulls_stay_exact_in_products_of_the_pipeline(self, table, tmp_path):
        write_table(table, tmp_path / "t.parquet", {"backend": "cpu"})
        found = read_parquet(tmp_path / "t.parquet")
        assert found["filter"].dtype == pd.Int32Dtype()
        assert found["_id"].dtype == np.int64
        assert found["bits"].tolist() == table["bits"].to_pylist()
        assert list(found.columns) == table.schema.names
        only = read_parquet(tmp_path / "t.parquet", columns=["filter"])
        assert only["filter"].isna().tolist() == table["filter"].is_null().to_pylist()

    def test_cells_may_hold_matrices_and_dictionaries(self, tmp_path):
        frame = pd.DataFrame(
            {
                "dmdt": [np.eye(3), None, np.zeros((3, 3))],
                "coordinates": [{"radec_geojson": {"coordinates": [12.5, -3.0]}}] * 3,
            }
        )
        save(frame, tmp_path / "t.parquet")
        found = read_parquet(tmp_path / "t.parquet")
        # As the training code of SCoPe stacks them.
        assert np.array_equal(np.stack(found["dmdt"][0]), np.eye(3))
        assert found["dmdt"][1] is None
        assert found["coordinates"][0]["radec_geojson"]["coordinates"].tolist() == [12.5, -3.0]

    def test_a_column_of_mixed_types_is_refused(self, tmp_path):
        with pytest.raises(InputError, match="mixed"):
            save(pd.DataFrame({"mixed": [1, "a"]}), tmp_path / "t.parquet")

    def test_predictions_of_two_algorithms_merge_as_documented(self, tmp_path):
        keys = {"_id": [1, 2], "ra": [1.5, np.nan], "period": [0.123456789, 3.0]}
        save(pd.DataFrame({**keys, "vnv_dnn": [0.25, 0.5]}), tmp_path / "dnn.parquet")
        save(pd.DataFrame({**keys, "vnv_xgb": [0.75, 1.0]}), tmp_path / "xgb.parquet")
        dnn, xgb = (read_parquet(tmp_path / f"{name}.parquet") for name in ("dnn", "xgb"))
        merged = pd.merge(dnn, xgb, on=list(keys))
        assert merged[["vnv_dnn", "vnv_xgb"]].to_numpy().tolist() == [[0.25, 0.75], [0.5, 1.0]]


class TestHdf5:
    def test_pandas_reads_the_same_table(self, frame, tmp_path):
        save(frame, tmp_path / "preds.h5")
        found = pd.read_hdf(tmp_path / "preds.h5", key="df")
        assert found["_id"].tolist() == frame["_id"].tolist()
        assert found["Gaia_EDR3___id"].tolist() == [SURVEY_ID, None, SURVEY_ID + 2]

    def test_the_metadata_are_the_attribute_of_the_storer(self, frame, tmp_path):
        save(frame, tmp_path / "preds.h5")
        with pd.HDFStore(tmp_path / "preds.h5", mode="r") as store:
            assert store.get_storer("df").attrs.metadata == ATTRS

    def test_a_table_under_another_key_is_found_by_its_name(self, tmp_path):
        # SCoPe's training sets have further keys, dmdt among them.
        path = tmp_path / "training.h5"
        with pd.HDFStore(path, mode="w") as store:
            store.put("dmdt", pd.DataFrame({"x": [1.0]}), track_times=False)
            store.get_storer("dmdt").attrs.metadata = ATTRS
        assert read_hdf(path, key="dmdt").attrs == ATTRS
        with pytest.raises(InputError, match=r"'df'.*/dmdt"):
            read_hdf(path)

    def test_metadata_beyond_what_an_attribute_holds_are_refused(self, frame, tmp_path):
        frame.attrs = {"long": "x" * 70_000}
        with pytest.raises(InputError, match=r"60000.*Parquet"):
            write_hdf(frame, tmp_path / "preds.h5")

    @pytest.mark.real
    @pytest.mark.parametrize(
        ("name", "holds"),
        [
            ("487_12_1_17.h5", r"preds \(9875, 2\) float64"),
            ("features_331_2_3_7.h5", r"names \(123,\) \|S32; stats \(123, 25\) float64"),
        ],
    )
    def test_published_files_of_bare_arrays_are_described(self, real_data, name, holds):
        with pytest.raises(InputError, match=f"{name}.*bare arrays.*{holds}.*h5py"):
            read_hdf(real_data / "tables/scope_predictions" / name)


class TestCsv:
    def test_the_first_line_is_a_comment_and_the_rest_plain_csv(self, frame, tmp_path):
        save(frame, tmp_path / "preds.csv")
        first, columns, row, *_ = (tmp_path / "preds.csv").read_text().splitlines()
        assert first.startswith("# ")
        assert json.loads(first[2:])["scope"] == ATTRS
        assert columns == ",".join(frame.columns)
        assert row.startswith(f"10296582009946,{SURVEY_ID},1,0.30000000000000004,0.1,0,True,")
        plain = pd.read_csv(tmp_path / "preds.csv", comment="#")
        assert plain["_id"].tolist() == frame["_id"].tolist()

    def test_every_float_comes_back_exactly(self, tmp_path):
        rng = np.random.default_rng(0)
        n = 20_000
        exponent = 10.0 ** rng.integers(-37, 37, n)
        frame = pd.DataFrame({"x": rng.random(n) * exponent})
        frame["y"] = frame["x"].astype(np.float32)
        save(frame, tmp_path / "x.csv")
        pd.testing.assert_frame_equal(read_csv(tmp_path / "x.csv"), frame, check_exact=True)

    def test_texts_that_look_like_missing_values_are_texts(self, tmp_path):
        frame = pd.DataFrame({"obj_id": ["NA", "nan", "null", "None", "1", "a,b", 'q"q', "é\nz"]})
        save(frame, tmp_path / "t.csv")
        assert read_csv(tmp_path / "t.csv")["obj_id"].tolist() == frame["obj_id"].tolist()

    def test_a_named_index_is_written_an_unnamed_one_is_not(self, frame, tmp_path):
        save(frame.set_index("_id"), tmp_path / "named.csv")
        assert read_csv(tmp_path / "named.csv")["_id"].tolist() == frame["_id"].tolist()
        save(frame.iloc[[2, 0]], tmp_path / "picked.csv")
        assert list(read_csv(tmp_path / "picked.csv").columns) == list(frame.columns)

    def test_matrices_are_json(self, tmp_path):
        frame = pd.DataFrame({"dmdt": [np.eye(2, dtype=np.float32)], "names": [["a", None]]})
        save(frame, tmp_path / "t.csv")
        found = read_csv(tmp_path / "t.csv")
        assert found["dmdt"][0].tolist() == [[1, 0], [0, 1]]
        assert found["names"][0].tolist() == ["a", None]

    def test_columns_that_differ_from_the_first_line_are_a_fault(self, frame, tmp_path):
        path = tmp_path / "t.csv"
        save(frame, path)
        path.write_text(path.read_text().replace("vnv_dnn,imputed", "vnv_xgb,imputed"))
        with pytest.raises(CorruptFileError, match="first line"):
            read_csv(path)


def test_long_ids_of_a_plain_csv_with_gaps_are_exact_and_true_floats_stay(tmp_path):
    path = tmp_path / "plain.csv"
    rows = [f"{SURVEY_ID},1e18,7,{SURVEY_ID}.0", ",,,", f"-{SURVEY_ID},2.5,8,1"]
    path.write_text("\n".join(["id,flux,small,float_id", *rows]))
    with pytest.warns(UserWarning, match="no metadata"):
        frame = read_csv(path, text=["small", "absent"])
    assert frame["id"].tolist() == [SURVEY_ID, pd.NA, -SURVEY_ID]
    assert frame["flux"].tolist() == [1e18, pytest.approx(np.nan, nan_ok=True), 2.5]
    # A float has not all digits of the first one, so that they stay what was written.
    assert frame["float_id"].tolist()[::2] == [f"{SURVEY_ID}.0", "1"]
    assert frame["small"][0] == "7"
