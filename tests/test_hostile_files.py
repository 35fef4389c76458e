"""No command runs what a stranger put into a file; each door is tried with a harmless program."""

from __future__ import annotations

import shlex
import subprocess
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scope.cli import (
    combine_preds,
    create_training_script,
    download_gcn_sources,
    post_taxonomy,
    train,
    upload_classification,
)
from scope.cli.main import main
from scope.errors import InputError, ScopeError
from scope.io import read_dataframe
from scope.report.html_tables import table as html_table
from scope.report.page import Section, assemble
from scope.targets.lists import read_source_list
from scope.tasks.variables.bundles.import_models import _fitted
from scope.tasks.variables.training.create_training_script import ScriptOptions
from scope.tasks.variables.training_sets.read_labels import read_labels
from tests.io.test_pickled import Program

HOSTILE = """a'; touch "ran" #$(touch ran)`touch ran`\n&<b>"""


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An HDF5 table that has what all commands look for, and a program."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FRITZ_INSTANCE_TOKEN", "none")
    columns = {"_id": [1, 2], "ra": [1.0, 2.0], "dec": [1.0, 2.0], "obj_id": ["a", "b"]}
    frame = pd.DataFrame({**columns, "vnv": [0.1, 0.9]})
    frame["dmdt"] = [Program(tmp_path / "ran"), 1]
    frame.to_hdf(tmp_path / "set.h5", key="df")
    return tmp_path / "set.h5"


def upload(path: str) -> int:
    """Name all that an upload needs."""
    Path("map.json").write_text('{"vnv": {"fritz_label": "variable", "taxonomy_id": 1012}}')
    argv = ["--file", path, "--group-ids", "1", "--classification", "read"]
    return upload_classification.main([*argv, "--taxonomy-map", "map.json"])


COMMANDS: dict[str, Callable[[str], int]] = {
    "training set": lambda path: train.main(["--tag", "vnv", "--path-dataset", path]),
    "script": lambda path: create_training_script.main(["--path-dataset", path]),
    "upload": upload,
}
READERS: dict[str, Callable[[Path], object]] = {
    "list": read_source_list,
    "labels": lambda path: read_labels([path]),
    "table": read_dataframe,
    "training set of imported models": lambda path: _fitted(path, ["vnv"], {}, "LS", "min_max"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_runs_a_program(
    table: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert COMMANDS[command](str(table)) == 2
    told = capsys.readouterr().err.splitlines()
    assert "no plain data" in told[-1]
    assert not (table.parent / "ran").exists()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("reader", READERS)
def test_no_reader_runs_a_program(table: Path, reader: str) -> None:
    with pytest.raises(InputError, match="no plain data"):
        READERS[reader](table)
    assert not (table.parent / "ran").exists()


def test_the_program_would_leave_a_file(table: Path) -> None:
    """The test above could fail."""
    pd.read_hdf(table)
    assert (table.parent / "ran").exists()


def test_yaml_makes_no_objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    program = "a: !!python/object/apply:os.mkdir [ran]\n"
    for name in ("config.yaml", "private.yaml", "taxonomy.yaml"):
        Path(name).write_text(program)
    monkeypatch.setenv("FRITZ_INSTANCE_TOKEN", "none")
    assert main(["import-config", "config.yaml"]) == 2
    assert post_taxonomy.main(["--taxonomy", "taxonomy.yaml"]) == 2
    monkeypatch.delenv("FRITZ_INSTANCE_TOKEN")
    assert post_taxonomy.main(["--taxonomy", "taxonomy.yaml"]) == 2
    assert not Path("ran").exists()


def test_a_parquet_file_with_a_pickled_type_runs_nothing(tmp_path: Path) -> None:
    import pickle

    import pyarrow as pa
    import pyarrow.parquet as pq

    kind = {
        b"ARROW:extension:name": b"arrow.py_extension_type",
        b"ARROW:extension:metadata": pickle.dumps(Program(tmp_path / "ran")),
    }
    schema = pa.schema([pa.field("a", pa.int64(), metadata=kind)])
    pq.write_table(pa.table({"a": [1]}, schema=schema), tmp_path / "t.parquet")
    with suppress(ScopeError), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read_dataframe(tmp_path / "t.parquet")
    assert not (tmp_path / "ran").exists()


def test_numpy_refuses_pickles_by_itself(tmp_path: Path) -> None:
    """Whoever reads .npy files does it by NumPy's safe reader; none asks for the other one."""
    np.save(tmp_path / "a.npy", np.array([Program(tmp_path / "ran")], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        np.load(tmp_path / "a.npy")
    sources = Path(__file__).parents[1] / "scope"
    for path in sources.rglob("*.py"):
        text = path.read_text()
        for door in ("allow_pickle=True", "joblib", "HDFStore(str", "pd.read_hdf", "read_pickle"):
            assert door not in text, f"{path} has {door}"
    pickled = [p.name for p in sources.rglob("*.py") if "pickle.load" in p.read_text()]
    assert pickled == []


def test_a_script_of_training_commands_quotes_everything(tmp_path: Path) -> None:
    options = ScriptOptions("xgb", HOSTILE, HOSTILE, HOSTILE, HOSTILE, None, "")
    command = options.command(HOSTILE)
    assert [shlex.split(command)[n] for n in (2, 4, 8, 10, 12)] == [HOSTILE] * 5
    script = f'scope-train() {{ printf "%s\\0" "$@"; }}\n{command}\n'
    told = subprocess.run(
        ["bash"], input=script, cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    assert told.count(HOSTILE) == 5
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("dateobs", ["../../x", "/etc/x", "2023-05-21T05:30:43/../../x", "$(x)"])
def test_the_time_of_an_event_is_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dateobs: str
) -> None:
    monkeypatch.setenv("FRITZ_INSTANCE_TOKEN", "none")
    (tmp_path / "run").mkdir()
    monkeypatch.chdir(tmp_path / "run")
    assert download_gcn_sources.main(["--dateobs", dateobs]) == 2
    assert combine_preds.main(["--dateobs", dateobs]) == 2
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_names_in_a_report_are_text() -> None:
    """Python's own parser of HTML finds no element that a name made."""
    from html.parser import HTMLParser

    name = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    found = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            found.append(tag)

    rows = html_table(name, [name], [])
    text = assemble(name, "lead", [(name, name, name)], [Section("a", name, rows)], {name: name})
    Tags().feed(text)
    assert "table" in found
    assert not {"script", "img"} & set(found)


SCRIPT = "x</script><script>alert(1)</script>"


@pytest.mark.parametrize(
    "settings",
    [
        {"lists": {SCRIPT: "a.csv"}},
        {"surveys": {SCRIPT: {"folder": "a"}}},
        {"targets": [SCRIPT]},
        {"targets": [f"ids_{SCRIPT}"]},
        {"training": {"targets": [f"survey_{SCRIPT}"]}},
        {"training": {"group": SCRIPT}},
        {"inference": {"group": {"xgb": SCRIPT}}},
        {"inference": {"algorithms": [SCRIPT]}},
        {"algorithms": {SCRIPT: "module:Class"}},
    ],
)
def test_names_that_snakemake_puts_into_its_report_are_letters(settings: dict) -> None:
    """`snakemake --report` shows names of files and wildcards: targets, algorithms, groups."""
    from scope.config import load_config
    from scope.errors import ConfigError

    with pytest.raises(ConfigError, match="script"):
        load_config(overrides=settings)
