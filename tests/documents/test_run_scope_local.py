"""``run-scope-local`` as documented, on a local archive."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from scope.cli import run_scope_local
from scope.runs import run_workflow as workflow
from scope.surveys.archive import Archive
from scope.targets.lists import read_source_list
from scope.utils import read_csv, read_parquet
from scope.workflows.run_scope_local import list_path
from tests.documents.in_process import run_workflow
from tests.services.kowalski_stub import StubKowalski
from tests.services.kowalski_stub.documents import SOURCES, collections_of


def predictions(home: Path, began: str, algorithm: str) -> Path:
    name = f"field_{began}_specific_ids"
    return home / f"preds_{algorithm}" / name / f"{name}.parquet"


def test_the_folders_are_named_by_the_time_that_is_printed(local_run) -> None:
    home, began, _ = local_run
    datetime.strptime(began, "%Y-%m-%dT%H-%M-%S")
    features = home / f"generated_features_{began}/specific_ids"
    assert (features / f"gen_features_{began}_specific_ids.parquet").is_file()
    for algorithm in ("dnn", "xgb"):
        path = predictions(home, began, algorithm)
        assert path.is_file()
        assert path.with_suffix(".csv").is_file()
        # the product of the workflow, not a copy of it
        made = home / f"results/preds_{algorithm}/ids_{began}.parquet"
        assert path.samefile(made)


def test_every_light_curve_of_every_source_is_scored_under_its_name(local_run, archive) -> None:
    home, began, _ = local_run
    listed = Archive(archive).sources(700, "ccd_01_quad_1").to_pandas()
    wanted = pd.read_csv(home / "tools/local_scope_radec.csv")
    # The light curves whose position is that of a row, found by comparing all with all.
    expected = {}
    for row in wanted.itertuples():
        near = np.hypot((listed.ra - row.ra) * np.cos(np.radians(row.dec)), listed.dec - row.dec)
        expected |= dict.fromkeys(listed._id[near * 3600 < 2], row.obj_id)
    assert len(expected) == 6
    for algorithm in ("dnn", "xgb"):
        preds = read_parquet(predictions(home, began, algorithm))
        assert dict(zip(preds._id, preds.obj_id, strict=True)) == expected
        scores = preds[[name for name in preds if name.endswith(f"_{algorithm}")]]
        assert scores.notna().all(axis=None)
        assert preds.reason.isna().all()
        table = read_csv(predictions(home, began, algorithm).with_suffix(".csv"))
        assert table.columns.tolist() == preds.columns.tolist()
        meta = json.loads(predictions(home, began, algorithm).with_name("meta.json").read_text())
        assert meta["total"] == 6
        assert meta["field"] == f"{began}_specific_ids"
        assert len(meta[f"{algorithm}_models"]) == scores.shape[1]


def test_options_reach_the_features(local_run) -> None:
    home, began, _ = local_run
    attrs = read_parquet(predictions(home, began, "xgb")).attrs
    assert attrs["backend"] == "cpu"
    assert attrs["period_search"]["remove_terrestrial"] is True
    assert attrs["period_search"]["max_freq"] == 1.0
    assert attrs["cone_radius_arcsec"] == 2.0


def test_what_was_found_is_saved_as_a_list_that_can_be_asked_for_again(local_run) -> None:
    home, began, printed = local_run
    saved = read_source_list(home / "sources.parquet")
    assert sorted(set(saved.names)) == ["obj_1", "obj_2", "obj_3"]
    listed = pq.read_table(home / f"results/lists/ids_{began}/light_curves.parquet")
    assert saved.ids.tolist() == listed.column("_id").to_pylist()
    np.testing.assert_allclose(saved.ra, listed.column("ra").to_numpy(), atol=1e-9)
    assert "3 rows asked for: 3 found" in printed


def test_the_example_inputs_are_sources_of_the_simulation(archive, root) -> None:
    ids = read_source_list(root / "tools/local_scope_ztfid.csv").ids
    assert Archive(archive).sources_by_id(ids).num_rows == len(ids) == 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--group-names a --algorithms xgb dnn", "fewer --group-names than --algorithms"),
        ("--group-names a b --algorithms xgb xgb", "each once"),
        ("--group-names nothing --algorithms xgb", "no xgb models of group 'nothing'"),
        ("--algorithms svm", "--algorithm: 'svm'; allowed: cnn, dnn, quasarnet, xgb"),
        ("--algorithm xgb", "unrecognized arguments: --algorithm"),
        ("--doCPU --doGPU", "different devices"),
        ("--period-algorithms ELS_ECE_EAOV --algorithms xgb", "those that the models need"),
        ("--feature-stats config", "--feature-stats"),
    ],
)
def test_mistakes_are_told_before_anything_runs(
    options, message, tmp_path, monkeypatch, capsys, archive
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["--path-dataset", "tools/local_scope_ztfid.csv", "--archive", str(archive)]
    assert run_scope_local.main([*arguments, *options.split()]) == 2
    error = capsys.readouterr().err
    assert message in re.sub(r"\s+", " ", error)
    assert not Path("results").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--path-dataset none.csv --algorithms xgb", "no survey to look for the sources"),
        ("--path-dataset none.csv --algorithms xgb --archive sky", "none.csv"),
    ],
)
def test_a_survey_or_list_that_is_not_there_is_told_without_the_workflow(
    options, message, tmp_path, monkeypatch, capsys, archive
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sky").symlink_to(archive)
    never = lambda *given: pytest.fail("it was started")  # noqa: E731
    monkeypatch.setattr(workflow, "run_snakemake_here", never)
    assert run_scope_local.main([*options.split(), "--group-names", "starter"]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("error: ") == 1


def test_the_example_inputs_are_found_from_any_folder(tmp_path, monkeypatch, root) -> None:
    monkeypatch.chdir(tmp_path)
    example = "tools/local_scope_ztfid.csv"
    assert list_path(example) == root / example
    Path("tools").mkdir()
    Path(example).touch()
    assert list_path(example) == Path(example)
    assert list_path("nowhere.csv") == Path("nowhere.csv")


def test_more_groups_than_algorithms_are_named_in_a_warning(caplog) -> None:
    from scope.workflows.scoring import check_algorithms

    assert check_algorithms(["xgb"], ["DR16_stats", "nobalance_DR16_DNN_stats"]) == {
        "xgb": "DR16_stats"
    }
    assert "not used: nobalance_DR16_DNN_stats" in caplog.text


def test_the_example_with_ids_runs_on_kowalski(
    make_home, archive, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    home = make_home()
    monkeypatch.chdir(home)
    monkeypatch.setattr(workflow, "run_workflow", run_workflow)
    collections = collections_of(archive)
    ids = [document["_id"] for document in collections[SOURCES]][:5]
    rows = [f"{number},obj_{row // 2}.x" for row, number in enumerate(ids)]
    example = "tools/local_scope_ztfid.csv"
    Path(example).write_text("\n".join(["ztf_id,obj_id", *rows, "10700001999999,lost"]))
    with StubKowalski(collections) as stub:
        stub.faults.at_random(0.1)
        monkeypatch.setenv("GLORIA_INSTANCE_TOKEN", stub.token())
        host = f"{{host: 127.0.0.1, port: {stub.port}, protocol: http}}"
        Path("config.yaml").write_text(
            f"survey: kowalski\nkowalski: {{hosts: {{gloria: {host}}}}}\n"
            "feature_generation: {min_n_lc_points: 20, period_search: {max_freq: 1.0}}\n"
        )
        options = f"--path-dataset {example} --doCPU --doRemoveTerrestrial --scale_features min_max"
        groups = "--group-names DR16_stats nobalance_DR16_DNN_stats --algorithms xgb"
        assert run_scope_local.main([*options.split(), *groups.split()]) == 0
    printed = capsys.readouterr()
    preds = read_parquet(predictions(home, printed.out.split()[-1], "xgb"))
    assert preds["_id"].tolist() == sorted([*ids, 10700001999999])
    found = dict(zip(preds["_id"], preds["obj_id"], strict=True))
    assert [found[number] for number in ids] == [row.split(",")[1] for row in rows]
    assert preds.set_index("_id").loc[10700001999999, "reason"] == "no_light_curve"
    assert "1  the survey has no light curve of this id" in printed.out
    assert not list(home.glob("preds_dnn"))
    assert preds.attrs["data_release"] == "20240117"
