"""HDF5 tables are read as pandas reads them, and nothing in one is run, followed or unpacked."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest

from scope.errors import InputError, ScopeError
from scope.io import read_hdf, write_hdf
from scope.io.pandas_file import PandasFile
from tests.io.test_pickled import Program

PLAIN = pd.DataFrame(
    {
        "_id": np.array([10296582009946, 2**60 + 1, 3]),
        "ra": [0.1, np.nan, 1e-300],
        "dec": [1.0, 2.0, 3.0],
        "v": np.array([1, 2, 3], dtype=np.float32),
        "imputed": np.array([0, 2**63 + 5, 1], dtype=np.uint64),
        "t": [True, False, True],
        "reason": ["no, period", None, "NAé"],
        "s": ["a", "nan", "c"],
        "when": pd.to_datetime(["2020-01-01", "2021-01-01", None]),
    }
)
OBJECTS = PLAIN.assign(
    h=[np.array([1.0, 2.0]), None, np.array([])],
    mixed=[1, "a", None],
    lists=[[1, 2], [3], []],
    far=PLAIN["when"].dt.tz_localize("US/Pacific"),
    span=pd.to_timedelta([1, 2, 3], unit="h"),
    text=pd.array(["a", None, "c"], dtype="string"),
)
TABLE: dict[str, Any] = {"format": "table"}
WHAT: dict[str, tuple[Any, dict[str, Any]]] = {
    "plain": (PLAIN, {}),
    "objects": (OBJECTS, {}),
    "no rows": (OBJECTS.drop(columns="far").iloc[:0], {}),
    "no columns": (PLAIN[[]], {}),
    "numbered columns": (pd.DataFrame(np.arange(12.0).reshape(4, 3)), {}),
    "rows by text": (PLAIN.set_index("reason"), {}),
    "rows by number": (PLAIN.set_index("dec"), {}),
    "rows by several": (PLAIN.set_index(["_id", "dec"]), {}),
    "rows by anything": (PLAIN.set_index(pd.Index([1, "a", 2.5], dtype=object)), {}),
    "names": (PLAIN.rename_axis("row").rename_axis(columns="column"), {}),
    "zlib": (pd.DataFrame({"a": np.arange(9.0), "b": ["x"] * 9}), {"complevel": 5}),
    "series": (PLAIN["ra"], {}),
    "series of arrays": (OBJECTS["h"], {}),
    "table": (PLAIN, TABLE),
    "table by column": (PLAIN, {**TABLE, "data_columns": ["ra", "s"]}),
    "table of categories": (
        PLAIN.assign(c=pd.Categorical(["x", "y", "x"]), d=pd.Categorical([2, 1, 2], ordered=True)),
        TABLE,
    ),
    "table of zones": (PLAIN.assign(when=OBJECTS["far"]), TABLE),
    "table by text": (PLAIN.assign(reason=["a", "b", "nan"]).set_index("reason"), TABLE),
    "table with another gap": (PLAIN, {**TABLE, "nan_rep": "_x_"}),
    "table of a series": (PLAIN["ra"], TABLE),
}


@pytest.fixture(autouse=True)
def quiet(recwarn: pytest.WarningsRecorder) -> None:
    """Files of pandas have no metadata, and pandas warns of objects."""


@pytest.mark.parametrize("name", WHAT)
def test_what_pandas_writes_is_read_as_pandas_reads_it(tmp_path: Path, name: str) -> None:
    written, options = WHAT[name]
    path = tmp_path / "set.h5"
    written.to_hdf(path, key="df", **options)
    expected = pd.read_hdf(path, key="df")
    found = read_hdf(path)
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(found, expected)
    else:
        pd.testing.assert_series_equal(found, expected)


def _refusal(path: Path) -> str | None:
    """Return why a file is not read; None if it is."""
    try:
        read_hdf(path)
    except ScopeError as error:
        return str(error)
    return None


def _stored(path: Path, change: Callable[[pd.HDFStore], object]) -> Path:
    with pd.HDFStore(path, mode="w") as store:
        store.put("df", PLAIN)
        change(store)
    return path


def _object_array(store: Any, program: Program) -> None:
    store.put("df", PLAIN.assign(h=[program, 1, 2]))


def _attribute(name: str, node: str = "/df") -> Callable[[Any, Program], None]:
    def change(store: Any, program: Program) -> None:
        store._handle.get_node(node)._v_attrs[name] = program

    return change


def _table_attribute(store: Any, program: Program) -> None:
    store.put("df", PLAIN, format="table")
    store._handle.get_node("/df/table")._v_attrs["values_block_0_kind"] = program


def _table_info(store: Any, program: Program) -> None:
    store.put("df", PLAIN, format="table")
    store._handle.get_node("/df")._v_attrs["info"] = {"index": program}


PLACES: dict[str, Callable[[Any, Program], None]] = {
    "a column of objects": _object_array,
    "the metadata": _attribute("metadata"),
    "the name of the rows": _attribute("name", "/df/axis1"),
    "a shape": _attribute("shape", "/df/block0_values"),
    "an attribute of its own": _attribute("note"),
    "the kind of a table": _attribute("pandas_type"),
    "a column of a table": _table_attribute,
    "what a table says of itself": _table_info,
}


@pytest.mark.parametrize("place", PLACES)
def test_no_program_in_a_file_is_run(tmp_path: Path, place: str) -> None:
    program = Program(tmp_path / "ran")
    path = _stored(tmp_path / "set.h5", lambda store: PLACES[place](store, program))
    assert str(path) in (_refusal(path) or str(path))
    assert not program.path.exists()


def test_no_program_is_run_on_opening_a_file(tmp_path: Path) -> None:
    """PyTables unpickles this attribute to open a group."""
    program = Program(tmp_path / "ran")
    PLAIN.to_hdf(tmp_path / "set.h5", key="df")
    with h5py.File(tmp_path / "set.h5", "a") as file:
        file["df"].attrs["FILTERS"] = np.bytes_(pickle.dumps(program, 0))
    assert len(read_hdf(tmp_path / "set.h5")) == 3
    assert not program.path.exists()


def test_pandas_would_run_it(tmp_path: Path) -> None:
    """The test above could fail."""
    program = Program(tmp_path / "ran")
    pd.read_hdf(_stored(tmp_path / "set.h5", lambda store: _object_array(store, program)))
    assert program.path.exists()


def test_a_program_among_the_texts_is_named(tmp_path: Path) -> None:
    program = Program(tmp_path / "ran")
    path = _stored(tmp_path / "set.h5", lambda store: _object_array(store, program))
    with pytest.raises(InputError, match=rf"no plain data.*{path.name}.*io\.open"):
        read_hdf(path)


def test_reading_needs_no_pytables(tmp_path: Path) -> None:
    write_hdf(PLAIN.drop(columns="when"), tmp_path / "set.h5")
    code = (
        "import sys, pickle, scope.io\n"
        "def no(*args, **kwargs): raise AssertionError('unpickled')\n"
        "pickle.loads = pickle.load = pickle.Unpickler = no\n"
        f"assert len(scope.io.read_hdf({str(tmp_path / 'set.h5')!r})) == 3\n"
        "assert 'tables' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("kind", ["soft", "external", "dataset", "virtual"])
def test_nothing_of_another_file_is_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "set.h5"
    PLAIN[["ra", "dec"]].to_hdf(tmp_path / "other.h5", key="df")
    PLAIN[["ra", "dec"]].to_hdf(path, key="df")
    (tmp_path / "secret").write_bytes(b"secret" * 8)
    with h5py.File(path, "a") as file:
        attributes = dict(file["df/block0_values"].attrs)
        if kind in ("soft", "external"):
            del file["df"]
            link = h5py.ExternalLink(str(tmp_path / "other.h5"), "/df")
            file["df"] = link if kind == "external" else h5py.SoftLink("/elsewhere")
        else:
            del file["df/block0_values"]
            if kind == "dataset":
                outside = [(str(tmp_path / "secret"), 0, 48)]
                made = file.create_dataset("df/block0_values", (3, 2), "f8", external=outside)
            else:
                layout = h5py.VirtualLayout((3, 2), "f8")
                layout[:] = h5py.VirtualSource(
                    str(tmp_path / "other.h5"), "df/block0_values", (3, 2)
                )
                made = file.create_virtual_dataset("df/block0_values", layout)
            made.attrs.update(attributes)
    with pytest.raises(InputError, match=r"link df|in another file"):
        read_hdf(path)


def test_a_small_file_cannot_unpack_to_much(tmp_path: Path) -> None:
    path = tmp_path / "set.h5"
    pd.DataFrame({"a": np.zeros(2_000_000)}).to_hdf(path, key="df", complevel=9)
    size = path.stat().st_size
    assert size < 200_000
    with h5py.File(path) as file:
        small = PandasFile(file, size, small_bytes=1_000_000)
        group = small.group("df")
        assert group is not None
        with pytest.raises(InputError, match=r"unpacks to far more.*bytes"):
            small.read(group)
        assert len(PandasFile(file, size).read(group)) == 2_000_000
    with h5py.File(path, "a") as file:
        # Nothing is stored of it, and it would be 8 TB.
        del file["df/axis1"]
        made = file.create_dataset("df/axis1", (10**12,), "i8", chunks=(1024,))
        made.attrs["kind"] = np.bytes_("integer")
    with pytest.raises(InputError, match="unpacks to far more"):
        read_hdf(path)


def test_a_damaged_file_is_named_or_read(tmp_path: Path) -> None:
    path = tmp_path / "set.h5"
    write_hdf(OBJECTS.drop(columns=["far", "span", "when"]), path)
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    filled = np.flatnonzero(np.frombuffer(content, np.uint8))
    refused = 0
    for _ in range(200):
        damaged = bytearray(content)
        for place in rng.choice(filled, 20):
            damaged[place] = rng.integers(256)
        path.write_bytes(damaged)
        if (message := _refusal(path)) is not None:
            refused += 1
            assert str(path) in message
    assert refused > 50


def test_a_compression_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "set.h5"
    frame = pd.DataFrame({"a": np.arange(9.0)})
    frame.to_hdf(path, key="df", complevel=5, complib="blosc")
    with pytest.raises(InputError, match=r"compression that is not read.*blosc.*zlib"):
        read_hdf(path)
