"""``get-quad-ids`` and ``get-features`` as documented, on a stub of Kowalski and on an archive."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from scope.cli import get_features, get_quad_ids, run_inference
from scope.io import read_table
from scope.surveys.get_quad_ids import read_quad_ids
from tests.services.kowalski_stub import StubKowalski
from tests.services.kowalski_stub.documents import SOURCES
from tests.surveys.feature_sky import collections_with_features
from tests.surveys.kowalski_sky import simulate

SMALL = "feature_generation: {min_n_lc_points: 20, period_search: {max_freq: 1.0}}\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate(tmp_path_factory.mktemp("sky") / "archive", n_stars=12)


@pytest.fixture(scope="module")
def sky(folder: Path) -> Iterator[tuple[StubKowalski, pa.Table]]:
    collections, table = collections_with_features(folder)
    with StubKowalski(collections) as server:
        yield server, table


@pytest.fixture
def stub(sky, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StubKowalski:
    """The stub as a user has Kowalski: config.yaml in the working directory, a token set."""
    server: StubKowalski = sky[0]
    server.faults.clear()
    monkeypatch.chdir(tmp_path)
    host = f"{{host: 127.0.0.1, port: {server.port}, protocol: http}}"
    Path("config.yaml").write_text(
        f"survey: kowalski\nkowalski: {{hosts: {{gloria: {host}}}}}\n{SMALL}"
    )
    monkeypatch.setenv("GLORIA_INSTANCE_TOKEN", server.token())
    return server


def names(folder: str) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


def test_the_documented_steps_on_kowalski(stub, sky, capsys: pytest.CaptureFixture[str]) -> None:
    stub.faults.at_random(0.1)
    assert get_quad_ids.main(["--field", "700", "--whole-field"]) == 0
    expected = sky[1].column("_id").to_pylist()
    assert read_quad_ids("ids/field_700/field_700.h5").tolist() == expected
    assert f"{len(expected)} ids in 1 of 64 quadrants" in capsys.readouterr().out
    command = ["--field", "700", "--whole-field", "--impute-missing-features"]
    assert get_features.main(command) == 0
    table = read_table("features/field_700/field_700_iter_0.parquet")
    assert table.column("_id").to_pylist() == expected
    printed = capsys.readouterr().out
    assert f"{len(expected)} light curves" in printed
    assert get_features.main(command) == 0
    assert "0 files written, 1 were there already" in capsys.readouterr().out


def test_the_documented_steps_on_an_archive(
    folder, tmp_path, monkeypatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text(f"archive: {folder}\n{SMALL}")
    assert get_quad_ids.main(["--field", "700", "--whole-field"]) == 0
    assert get_features.main(["--field", "700", "--whole-field", "--impute_missing_features"]) == 0
    ids = read_quad_ids("ids/field_700/field_700.h5")
    table = read_table("features/field_700/field_700_iter_0.parquet")
    np.testing.assert_array_equal(table.column("_id").to_numpy(), ids)
    assert "period_LS_BIC" in table.schema.names
    assert "with features" in capsys.readouterr().out


def test_quadrants_have_files_of_their_own(folder, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text(SMALL)
    place = ["--field", "700", "--archive", str(folder), "--ccd-range", "1", "--quad_range=1"]
    assert get_quad_ids.main([*place, "2", "--minobs", "50", "--output", "all.txt"]) == 2
    place = [*place[:-1], "--quad-range", "1", "2"]
    assert get_quad_ids.main([*place, "--minobs", "50", "--output", "all.txt"]) == 0
    assert names("ids/field_700") == [
        "data_ccd_01_quad_1.h5",
        "data_ccd_01_quad_2.h5",
        "data_ccd_1_quad_1_field_700.csv",
        "data_ccd_1_quad_2_field_700.csv",
        "meta.json",
    ]
    listed = Path("all.txt").read_text()
    assert listed == Path("ids/field_700/data_ccd_1_quad_1_field_700.csv").read_text()
    options = ["--suffix", "x", "--column-list", "n", "median", "--write-csv", "true", "--tm"]
    assert get_features.main([*place, *options, "--max-sources", "10"]) == 0
    written = names("features/field_700")
    assert "ccd_01_quad_1_x_iter_0.parquet" in written
    assert "ccd_01_quad_1_x_iter_1.csv" in written
    assert read_table("features/field_700/ccd_01_quad_2_x_iter_0.parquet").num_rows == 0


def test_several_can_share_a_list(stub, sky, capsys) -> None:
    assert get_quad_ids.main(["--field", "700", "--whole-field", "--catalog", SOURCES]) == 0
    ids = read_quad_ids("ids/field_700/field_700.h5")
    whole = ["--field", "700", "--whole-field", "--limit-per-query", "3", "--max-sources", "8"]
    assert get_features.main([*whole, "--start", "8", "--end", "16"]) == 0
    table = read_table("features/field_700/field_700_iter_1.parquet")
    assert table.column("_id").to_pylist() == ids[8:16].tolist()
    assert names("features/field_700") == ["field_700_iter_1.parquet"]
    # a part is not taken for the whole
    score = ["--field", "700", "--whole-field", "--algorithm", "xgb", "--group-name", "starter"]
    assert run_inference.main(score) == 2
    assert "field_700_iter_0.parquet" in capsys.readouterr().err
    assert get_features.main([*whole, "--end", "8"]) == 0
    assert run_inference.main(score) == 2
    error = capsys.readouterr().err
    assert f"no features of {len(ids) - 16} of {len(ids)} listed light curves" in error
    assert "run get-features again" in error
    assert not Path("preds_xgb").exists()
    made = {path: path.stat().st_mtime_ns for path in Path("features/field_700").iterdir()}
    assert get_features.main(whole) == 0
    assert {path: path.stat().st_mtime_ns for path in made} == made
    parts = [read_table(path) for path in sorted(Path("features/field_700").iterdir())]
    assert pa.concat_tables(parts).column("_id").to_pylist() == ids.tolist()
    assert get_features.main([*whole, "--no-write-results", "--suffix", "y"]) == 0
    assert len(names("features/field_700")) == len(parts)
    odd = [*whole, "--start", "2", "--end", "6"]
    assert get_features.main(odd) == 2
    assert "--suffix" in capsys.readouterr().err
    assert get_features.main([*odd, "--suffix", "some"]) == 0
    table = read_table("features/field_700/field_700_some_iter_0.parquet")
    assert table.column("_id").to_pylist() == ids[2:6].tolist()


@pytest.mark.parametrize(
    ("command", "options", "message"),
    [
        (get_quad_ids, ["--ccd", "2"], "unrecognized arguments: --ccd"),
        (get_quad_ids, ["--ccd-range", "5", "2"], "--ccd-range: '5 2'"),
        (get_quad_ids, ["--quad-range", "1", "5"], "from 1 to 4"),
        (get_quad_ids, ["--limit", "0"], "below 1"),
        (get_features, ["--start", "1"], "--whole-field"),
        (get_features, ["--field", "700"], "run get-quad-ids first"),
        (get_features, ["--whole-field"], "run get-quad-ids first"),
    ],
)
def test_mistakes_are_told_in_a_line(stub, capsys, command, options, message) -> None:
    assert command.main(options) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert "Traceback" not in error


def test_without_a_survey_both_say_what_to_set(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert get_quad_ids.main(["--field", "700"]) == 2
    assert "set the key archive" in capsys.readouterr().err


def test_a_wrong_token_is_one_line(stub, monkeypatch, capsys) -> None:
    monkeypatch.setenv("GLORIA_INSTANCE_TOKEN", "eyJ.wrong")
    assert get_quad_ids.main(["--field", "700", "--whole-field"]) == 2
    error = capsys.readouterr().err
    assert "does not accept our credentials" in error
    assert "eyJ.wrong" not in error


def test_a_collection_of_kowalski_is_no_part_of_an_archive(folder, capsys) -> None:
    archive = ["--archive", str(folder), "--field", "700"]
    assert get_quad_ids.main([*archive, "--catalog", "ZTF_sources_20240117"]) == 2
    assert "set the key survey to kowalski" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["get-quad-ids", "get-features"])
def test_both_are_commands_that_list_their_options(name) -> None:
    command = Path(sys.executable).with_name(name)
    done = subprocess.run([command, "--help"], capture_output=True, text=True, check=True)
    for option in ("--field", "--ccd-range", "--quad-range", "--whole-field", "--verbose"):
        assert option in done.stdout
    assert "(default: " in done.stdout


def test_what_the_file_itself_cannot_fill_names_another_way(
    folder, tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    archive = tmp_path / "archive"
    archive.mkdir()
    # no tables of catalogues: their features are missing everywhere
    for path in folder.glob("ztf_*.parquet"):
        shutil.copy(path, archive)
    Path("config.yaml").write_text(f"archive: {archive}\n{SMALL}")
    assert get_quad_ids.main(["--field", "700", "--whole-field"]) == 0
    command = ["--field", "700", "--whole-field", "--impute-missing-features"]
    assert get_features.main(command) == 2
    assert "--no-self-impute" in capsys.readouterr().err
    assert not Path("features").exists()
