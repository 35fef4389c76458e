"""Every command line that SCoPe's documents print: it is understood, and those on features and
predictions do here what the documents say.

The Python snippets are in tests/test_documented_snippets.py, the scripts for a cluster in
tests/cli, the tools on Fritz in tests/fritz, the cron job in tests/gcn.
"""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from scope.catalog import infer_file
from scope.cli import generate_features, get_features, get_quad_ids, run_inference
from scope.cli.commands import COMMANDS as TABLE
from scope.cli.run import command_parser, parsed
from scope.io import read_metadata, read_table
from scope.runs import run_workflow as workflow
from scope.surveys.archive import Archive
from scope.surveys.get_quad_ids import read_quad_ids
from scope.targets.lists import read_source_list
from scope.utils import read_parquet
from scope.workflows import generate_features as feature_flow
from scope.workflows import run_inference as inference_flow
from scope.workflows.feature_files import SPECIFIC, FieldPlace, feature_files
from tests.documents.in_process import run_workflow

DOCUMENTED = """
get-quad-ids --field 297 --whole-field
get-features --field 297 --whole-field --impute-missing-features
generate-features --field 297 --ccd 2 --quad 3 --doGPU
generate-features --doSpecificIDs
create-inference-script --filename get_all_preds_xgb.sh --group-name ss23 --algorithm xgb \
  --period-suffix ELS_ECE_EAOV --feature-directory generated_features
run-inference-slurm
run-inference-job-submission
run-scope-local --path-dataset tools/local_scope_ztfid.csv --doCPU --doRemoveTerrestrial \
  --scale_features min_max --group-names DR16_stats nobalance_DR16_DNN_stats --algorithms xgb
run-scope-local --path-dataset tools/local_scope_radec.csv --doCPU --write_csv \
  --doRemoveTerrestrial --group-names DR16_stats nobalance_DR16_DNN_stats --algorithms xgb dnn
scope-download-classification --file sample.csv --group-ids 360 361 --start 10 \
  --merge-features True --features-catalog ZTF_source_features_DR16 --features-limit 5000 \
  --taxonomy-map golden_dataset_mapper.json --output-dir fritzDownload \
  --output-filename merged_classifications_features --output-format parquet \
  --get-ztf-filters --impute-missing-features
scope-download-gcn-sources --dateobs 2023-05-21T05:30:43
scope-upload-classification --file sample.csv --group-ids 500 250 750 \
  --classification variable flaring --taxonomy-map map.json --comment confident --start 35 \
  --stop 50 --skip-phot --p-threshold 0.9 --write-obj-id --result-format csv \
  --use-existing-obj-id --post-survey-id --replace-classifications
scope-manage-annotation --action post --source sample.csv --group_ids 200 300 400 \
  --origin revisedperiod --key period
./scope.py train --tag=vnv --path_dataset=data/training/dataset.d15.csv --batch_size=64 \
  --epochs=100 --verbose=1 --pre_trained_model=models/vnv/20210324_220331/vnv.20210324_220331
./scope.py train --tag=vnv --path_dataset=x.csv --batch_size=32 --threshold=0.6
./scope.py train --tag=pnp --path_dataset=data/training/dataset.d15.csv --scale_features=min_max \
  --batch_size=64 --epochs=300 --patience=30 --random_state=1 --verbose=1 --gpu=1 \
  --conv_branch=true --save
./scope.py fetch-datasets
./scope.py fetch-models
"""
"""The commands as printed, with numbers for their <field_number>, <ccd_number> and <quad_number>,
and a class and state for those of the loop."""

COMMANDS = [line for line in DOCUMENTED.splitlines() if line]


def entry_of(command: str, root: Path) -> tuple[ModuleType, str]:
    """Return the module and the function of an installed command, or of `scope.py`."""
    if command == "./scope.py":
        assert (root / "scope.py").stat().st_mode & 0o100
        return importlib.import_module("scope.cli.main"), "main"
    scripts = tomllib.loads((root / "pyproject.toml").read_text())["project"]["scripts"]
    module, _, function = scripts[command].partition(":")
    return importlib.import_module(module), function


def respelt(word: str) -> str:
    """Return an option with hyphens for underscores in its name, a value as it is."""
    name, equals, value = word.partition("=")
    return name.replace("_", "-") + equals + value if word.startswith("--") else word


@pytest.mark.parametrize("line", COMMANDS, ids=lambda line: " ".join(line.split()[:3]))
def test_every_documented_command_is_understood(line: str, root: Path, capsys) -> None:
    command, *words = line.split()
    module, function = entry_of(command, root)
    if not words:
        # printed by name alone
        with pytest.raises(SystemExit, match="0"):
            getattr(module, function)(["--help"])
        assert command in capsys.readouterr().out
        return
    parser = command_parser(command) if command in TABLE else module.build_parser()
    parse = parser.parse_args
    options = parse(words)
    given = {respelt(word.partition("=")[0]).strip("-") for word in words if word[:2] == "--"}
    assert given <= {name.replace("_", "-") for name in vars(options)}
    assert vars(parse([respelt(word) for word in words])) == vars(options)


@pytest.fixture
def home(make_home, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as a user of SCoPe has it; stages run in this process."""
    folder = make_home()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(workflow, "run_workflow", run_workflow)
    return folder


@pytest.fixture
def ids(archive: Path) -> np.ndarray:
    return Archive(archive).sources(700, "ccd_01_quad_1").column("_id").to_numpy()


def test_ids_and_features_of_a_field(home: Path, ids: np.ndarray) -> None:
    assert get_quad_ids.main(["--field", "700", "--whole-field"]) == 0
    np.testing.assert_array_equal(read_quad_ids("ids/field_700/field_700.h5"), ids)
    options = ["--field", "700", "--whole-field", "--impute-missing-features", "--no-self-impute"]
    assert get_features.main(options) == 0
    table = read_table("features/field_700/field_700_iter_0.parquet")
    np.testing.assert_array_equal(table.column("_id").to_numpy(), ids)
    # what lies there is scored, and nothing is computed again
    assert run_inference.main(["--field", "700", "--whole-field", "--xgb-model"]) == 0
    assert not Path("results").exists()
    assert len(read_parquet("preds_xgb/field_700/field_700.parquet")) == len(ids)


def test_features_of_a_quadrant_and_predictions_of_its_field(home, ids, capsys) -> None:
    place = ["--field", "700", "--ccd", "1", "--quad", "1"]
    assert generate_features.main([*place, "--doCPU", "--doRemoveTerrestrial"]) == 0
    left = Path("generated_features/field_700/gen_features_field_700_ccd_1_quad_1.parquet")
    assert left.samefile("results/features/field_700/ccd_01_quad_1.parquet")
    assert read_metadata(left)["period_search"]["remove_terrestrial"] is True
    np.testing.assert_array_equal(read_table(left).column("_id").to_numpy(), ids)
    where = ["--feature-directory", "generated_features"]
    options = ["--whole-field", "--group-name", "ss23", "--algorithm", "xgb", "--flag-ids"]
    assert run_inference.main(["--field", "700", *where, *options, "--write-csv"]) == 0
    path = Path("preds_xgb/field_700/field_700.parquet")
    preds = read_parquet(path)
    assert preds["_id"].tolist() == ids.tolist()
    assert preds.columns[:4].tolist() == [
        "_id", "Gaia_EDR3___id", "AllWISE___id", "PS1_DR1___id",
    ]  # fmt: skip
    assert sum(name.endswith("_xgb") for name in preds) == 30
    assert sorted(p.name for p in path.parent.iterdir()) == [
        "field_700.csv", "field_700.parquet", "field_700_flagged.json", "meta.json",
    ]  # fmt: skip
    # one quadrant has a file of its own
    assert run_inference.main([*place, *where, "--xgb-model", "--group-name", "ss23"]) == 0
    assert Path("preds_xgb/field_700/ccd_01_quad_1.parquet").is_file()


def test_features_that_are_not_there_are_made_for_the_predictions(home, ids) -> None:
    options = ["--whole-field", "--group-name", "ss23", "--xgb-model"]
    assert run_inference.main(["--field", "700", *options]) == 0
    left = Path("preds_xgb/field_700/field_700.parquet")
    assert left.samefile("results/preds_xgb/field_700.parquet")
    assert read_parquet(left)["_id"].tolist() == ids.tolist()


def test_a_whole_field_is_scored_by_the_models_that_were_named(home, tmp_path, monkeypatch) -> None:
    # The checkout has a group of this name, too; this one lacks a class.
    named = tmp_path / "models" / "xgb" / "starter"
    shutil.copytree(home / "models_xgb" / "ss23", named)
    manifest = json.loads((named / "bundle.json").read_text())
    gone = manifest["members"].pop()["class"]
    # Calibration is of all classes of a bundle or none.
    del manifest["files"]["calibration.json"]
    (named / "calibration.json").unlink()
    (named / "bundle.json").write_text(json.dumps(manifest))
    models = ["--models-dir", str(tmp_path / "models"), "--group-name", "starter", "--xgb-model"]
    assert run_inference.main(["--field", "700", "--whole-field", *models]) == 0
    preds = read_parquet("preds_xgb/field_700/field_700.parquet")
    tags = [member["class"] for member in manifest["members"]]
    assert [name for name in preds if name.endswith("_xgb")] == [f"{tag}_xgb" for tag in tags]
    assert f"{gone}_xgb" not in preds

    asked, made = {}, []
    monkeypatch.setattr(workflow, "run_workflow", lambda products, *a, **o: made.extend(products))
    monkeypatch.setattr(infer_file, "infer_files", lambda *a, **options: asked.update(options))
    monkeypatch.setattr(inference_flow, "report_predictions", lambda *a: None)
    options = ["--group-name", "ss23", "--xgb-model", "--device", "cuda", "--no-write-metadata"]
    assert run_inference.main(["--field", "700", "--whole-field", *options]) == 0
    assert made == [Path("results/features/field_700/ccd_01_quad_1.parquet")]
    assert asked["device"] == "cuda"


def test_features_and_predictions_of_specific_ids(home, capsys) -> None:
    options = ["--doSpecificIDs", "--fg-dataset", "tools/local_scope_ztfid.csv", "--doCPU"]
    assert generate_features.main(options) == 0
    left = Path("generated_features/specific_ids/gen_features_specific_ids.parquet")
    assert read_table(left).column("obj_id").to_pylist() == [*["obj_1", "obj_2", "obj_3"] * 2]
    assert "6 rows asked for: 6 found" in capsys.readouterr().out
    where = ["--feature-directory", "generated_features"]
    options = ["--field", "specific_ids", "--whole-field", "--xgb-model"]
    assert run_inference.main([*options, *where]) == 0
    preds = read_parquet("preds_xgb/field_specific_ids/field_specific_ids.parquet")
    assert preds["obj_id"].nunique() == 3


def test_the_first_sources_can_be_tried_and_replace_nothing(home, monkeypatch) -> None:
    folder = Path("generated_features/field_700")
    folder.mkdir(parents=True)
    whole = folder / "gen_features_field_700_ccd_1_quad_1.parquet"
    whole.write_text("all of it")
    options = ["--doCPU", "--stop-early", "--query-size-limit", "2"]
    assert generate_features.main([*options, "--field", "700"]) == 0
    assert whole.read_text() == "all of it"
    assert read_table(folder / f"{whole.stem}_first.parquet").num_rows == 2
    # nor are they taken for features of the field
    where = ["--feature-directory", "generated_features"]
    asked = parsed("run-inference", FieldPlace, ["--field", "700", "--whole-field", *where])
    assert feature_files(asked) == [whole]

    run = []
    monkeypatch.setattr(feature_flow, "_run_list", lambda _, __, ___, *what: run.append(what))
    table = ["--doSpecificIDs", "--fg-dataset", "tools/local_scope_ztfid.csv"]
    assert generate_features.main([*options, *table]) == 0
    ((name, settings, place),) = run
    assert (name, place.name) == (f"{SPECIFIC}_first", f"gen_features_{SPECIFIC}_first.parquet")
    assert len(read_source_list(settings["path"])) == 2


def test_quadrants_can_be_named_by_a_row_of_a_file(home) -> None:
    rows = Path("generated_features/slurm/slurm.dat")
    rows.parent.mkdir(parents=True)
    rows.write_text("0 700 9 9\n1 700 1 1\n")
    options = ["--doQuadrantFile", "--doCPU", "--doNotSave"]
    assert generate_features.main([*options, "--quadrant-index", "1"]) == 0
    assert Path("results/features/field_700/ccd_01_quad_1.parquet").is_file()
    assert not Path("generated_features/field_700").exists()
    assert generate_features.main([*options, "--quadrant-index", "2"]) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("", "features of what"),
        ("--field 700 --doSpecificIDs", "features of what"),
        ("--field 700 --ccd 17", "unknown unit"),
        ("--field 700 --doCPU --doGPU", "different devices"),
        ("--field 700 --backend reference", "allowed: cpu, cuda"),
        ("--field 999", "no such field"),
        ("--doSpecificIDs", "no list of sources of this name"),
        ("--field 700 --limit 5", "unrecognized arguments: --limit"),
    ],
)
def test_mistakes_with_features_are_told_in_a_line(home, capsys, options, message) -> None:
    assert generate_features.main(options.split()) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("", "either --features FILE or --field N"),
        ("--field 7x", "--field: '7x'"),
        ("--field 700 --feature-stats config", "--feature-stats"),
        ("--field 700 --period-suffix ELS_ECE_EAOV", "other than that of the models"),
        ("--field 700 --paths-models models_xgb/ss23/e.ubj", "one for each"),
        (
            "--field 700 --paths-models models_xgb/ss23/e.ubj --model-class-names vnv",
            "no model of class 'vnv'",
        ),
        ("--field 700 --group-name none", "no dnn models of group 'none'"),
    ],
)
def test_mistakes_with_predictions_are_told_in_a_line(home, capsys, options, message) -> None:
    assert run_inference.main(options.split()) == 2
    assert message in capsys.readouterr().err


def test_files_of_a_bundle_can_be_named_one_by_one(home) -> None:
    options = ["--doCPU", "--field", "700"]
    assert generate_features.main(options) == 0
    files = ["--paths-models", "models_xgb/ss23/vnv.ubj", "models_xgb/ss23/e.ubj"]
    named = [*files, "--model-class-names", "vnv", "e", "--feature-directory", "generated_features"]
    assert run_inference.main(["--field", "700", "--whole-field", "--xgb-model", *named]) == 0
    preds = read_parquet("preds_xgb/field_700/field_700.parquet")
    assert [name for name in preds if name.endswith("_xgb")] == ["vnv_xgb", "e_xgb"]


@pytest.mark.parametrize(
    "module",
    [
        "generate_features",
        "run_inference",
        "run_scope_local",
        "combine_preds",
        "select_fritz_sample",
    ],
)
def test_help_lists_all_options_with_defaults(module: str) -> None:
    code = f"import sys; from scope.cli.{module} import main; sys.exit(main(['--help']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    parser = command_parser(module.replace("_", "-"))
    for name in parser._option_string_actions:
        assert name in done.stdout
    assert "(default: " in done.stdout
