"""``scope train`` as documented: what each option changes, and what comes of a training."""

from __future__ import annotations

import functools
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scope.cli import main as scope_cli
from scope.cli.run import command_parser
from scope.cli.train import main
from scope.config import load_config
from scope.io import read_table, write_table
from scope.tasks.variables.bundles.model_bundle import ModelBundle
from scope.tasks.variables.training.train_bundle import default_features
from scope.tasks.variables.training.training_settings import algorithm_options, training_settings
from scope.workflows.training_overrides import training_overrides
from tests.tasks.variables.published_files import draw_weights, write_h5
from tests.training_sets import training_set

USUAL = ["--tag", "vnv", "--path-dataset", "t.parquet"]


def settings_of(*options: str) -> dict[str, Any]:
    """What a training is done with, of the class, the data, the network and the trees."""
    config = load_config(
        overrides=training_overrides(vars(command_parser("scope-train").parse_args(options)))
    )
    settings = training_settings(config)
    (definition,) = settings["definitions"]
    parts = (
        definition,
        settings["data"],
        *(algorithm_options(config, name) for name in ("dnn", "xgb")),
    )
    found = {name: value for part in parts for name, value in vars(part).items()}
    return {**found, **{name: settings[name] for name in ("group", "period_suffix", "features")}}


@functools.cache
def usual_settings() -> dict[str, Any]:
    """What a training without options is done with."""
    return settings_of(*USUAL)


OPTIONS = {
    "--tag=ew": {"tag": "ew", "label": "EW", "exclusive": True},
    "--threshold=0.6": {"threshold": 0.6},
    "--balance=2.5": {"balance": 2.5},
    "--weight-per-class": {"weight_per_class": True},
    "--weight_per_class=true": {"weight_per_class": True},
    "--batch_size=32": {"batch_size": 32},
    "--epochs=300": {"epochs": 300},
    "--patience=30": {"patience": 30},
    "--lr=0.01": {"learning_rate": 0.01},
    "--learning-rate=0.02": {"learning_rate": 0.02},
    "--beta-1=0.8": {"beta_1": 0.8},
    "--beta-2=0.99": {"beta_2": 0.99},
    "--epsilon=1e-6": {"epsilon": 1e-6},
    "--amsgrad=false": {"amsgrad": False},
    "--conv_branch=false": {"conv_branch": False},
    "--dense-branch false": {"dense_branch": False},
    "--optimizer=sgd --momentum=0.5": {"optimizer": "sgd", "momentum": 0.5},
    "--decay=0.1 --callbacks early_stopping": {"decay": 0.1, "callbacks": ("early_stopping",)},
    "--callbacks": {"callbacks": ()},
    "--monitor=loss": {"monitor": "loss"},
    "--plateau-patience=3": {"plateau_patience": 3},
    "--shuffle-buffer-size=512": {"shuffle_buffer_size": 512},
    "--run-eagerly": {"run_eagerly": True},
    "--scale_features=median_std": {"scaling": "median_std"},
    "--test-size=0.2": {"test_size": 0.2},
    "--val-size=0.3": {"val_size": 0.3},
    "--sky-block-deg=2": {"sky_block_deg": 2.0},
    "--skip-cv=false": {"skip_cv": False},
    "--group=new": {"group": "new"},
    "--period_suffix=ELS_ECE_EAOV": {"period_suffix": "ELS_ECE_EAOV"},
}


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_changes_what_it_should_and_nothing_else(option: str) -> None:
    before, after = usual_settings(), settings_of(*USUAL, *shlex.split(option))
    expected = OPTIONS[option]
    assert {name: after[name] for name in expected} == expected
    # Of a class, some settings are its own; names of columns carry the suffix.
    follows = {"epsilon", "negative_label", "parent"} if "--tag" in option else set()
    follows |= {"features"} if "suffix" in option else set()
    changed = {name for name in before if before[name] != after[name]}
    assert changed - follows == set(expected)


def test_the_command_line_comes_before_classes_and_these_before_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(
        "training: {balance: 5, dnn: {batch_size: 16, epochs: 7}, classes: {vnv: {patience: 9}}}"
    )
    found = settings_of(*USUAL)
    assert (found["batch_size"], found["epochs"], found["patience"]) == (16, 7, 9)
    found = settings_of(*USUAL, "--batch-size=8", "--patience=4", "--balance=none")
    assert (found["batch_size"], found["epochs"], found["patience"]) == (8, 7, 4)
    assert found["balance"] is None
    assert settings_of(*USUAL, "--balance=-1")["balance"] == 5


def test_scales_may_come_from_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*USUAL, "--feature-stats=config"]) == 2
    assert "feature_stats" in capsys.readouterr().err
    stats = {"min": 0.0, "max": 2.0, "median": 1.0, "std": 0.5}
    (tmp_path / "config.yaml").write_text(
        "feature_stats:\n  period: {min: 0.02, max: 517.5, median: 0.17, std: 41.9}\n"
        + "".join(f"  {n}: {json.dumps(stats)}\n" for n in ("ad", "f1_a"))
    )
    scales = settings_of(*USUAL, "--feature-stats=config")["scales"]
    # names in the file have no suffix, columns of periodic features have one
    assert set(scales) == {"ad", "f1_a_LS_BIC", "period_LS_BIC"}
    assert scales["ad"]["max"] == 2.0


class Asked(Exception):
    """Ends a command at the call of the library."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the library is asked for, in place of a training."""
    seen: dict[str, Any] = {}

    def note(config: Any, folder: Any, **settings: Any) -> None:
        seen.update(settings, config=config)
        raise Asked

    monkeypatch.setattr("scope.tasks.variables.training.train_classes.train_classes", note)
    return seen


def test_options_of_the_run_reach_the_library(asked: dict[str, Any]) -> None:
    with pytest.raises(Asked):
        main(USUAL)
    usual = dict(asked)
    assert usual["config"].training.dataset == "t.parquet"
    for option, name, value in (
        ("--algorithm=XGB", "algorithm", "xgb"),
        ("--verbose=1", "verbose", 1),
        ("--verbose", "verbose", 1),
        ("--workers=3", "workers", 3),
        ("--calibrate=false", "calibrate", False),
    ):
        with pytest.raises(Asked):
            main([*USUAL, option])
        assert asked[name] == value != usual[name]


def test_a_gpu_is_the_one_of_its_number_or_an_error(
    asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
    monkeypatch.setattr("scope.models.runtime.devices.n_cuda_devices", lambda: 1)
    with pytest.raises(Asked):
        main([*USUAL, "--gpu=1"])
    assert (asked["device"], os.environ["CUDA_VISIBLE_DEVICES"]) == ("cuda", "6")
    assert main([*USUAL, "--gpu=1"]) == 2
    assert "CUDA device that is not there: 1; allowed: 0 to 0" in capsys.readouterr().err
    monkeypatch.setattr("scope.models.runtime.devices.n_cuda_devices", lambda: 0)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert main([*USUAL, "--gpu", "0"]) == 2


def test_a_trained_model_is_found_with_and_without_its_suffix(
    asked: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("vnv.20210324_220331.h5", "vnv.keras", "vnv.json"):
        (tmp_path / name).write_bytes(b"")
    for given, algorithm, found in (
        ("vnv.20210324_220331", "dnn", "vnv.20210324_220331.h5"),
        ("vnv.20210324_220331.h5", "dnn", "vnv.20210324_220331.h5"),
        ("vnv", "dnn", "vnv.keras"),
        ("vnv", "xgb", "vnv.json"),
    ):
        with pytest.raises(Asked):
            main(
                [*USUAL, "--algorithm", algorithm, f"--pre_trained_model={tmp_path / given}"]
                + ["--weights-only"] * (algorithm == "dnn")
            )
        start = asked["start"]["vnv"]
        assert (start.path.name, start.weights_only) == (found, algorithm == "dnn")
    for options, message in (
        (["--pre-trained-model", str(tmp_path / "ew")], "no trained dnn model"),
        (["--weights-only"], "weights of no model"),
        (["--tag", "vnv", "ew", "--pre-trained-model", str(tmp_path / "vnv")], "one class"),
        (
            ["--algorithm=xgb", "--weights-only", "--pre-trained-model", str(tmp_path / "vnv")],
            "weights of a model that has none",
        ),
    ):
        assert main([*USUAL, *options]) == 2
        assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--tag", "vvn"], "unknown class: 'vvn'"),
        (["--tag", "vnv", "--path-dataset", "no.csv"], "no.csv"),
        (["--tag", "vnv"], "name it with --path-dataset"),
        ([*USUAL, "--threshold=2"], "threshold, in the command line: 2.0; allowed: less than 1"),
        ([*USUAL, "--monitor=0.5"], "monitor, in the command line: '0.5'; allowed: 'val_loss'"),
        ([*USUAL, "--scale-features=max"], "scale_features, in the command line"),
        ([*USUAL, "--dense-branch=false", "--conv-branch=false"], "network without branches"),
        ([*USUAL, "--float-convert-types", "64", "16"], "32-bit features"),
        ([*USUAL, "--period-suffix=XYZ"], "unknown period suffix: 'XYZ'"),
        ([*USUAL, "--batchsize=3"], "unrecognized arguments: --batchsize=3"),
        ([*USUAL, "--algorithm=xgb", "--run-sweeps"], "skip-cv"),
    ],
)
def test_a_mistake_is_one_line(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(options) == 2
    assert message in capsys.readouterr().err


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which trees of some classes and states were trained, one command each."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        (folder / "config.yaml").write_text("training: {calibration: {n_folds: 2}}")
        common = ["--path_dataset", str(training_set()), "--algorithm", "xgb", "--save"]
        assert scope_cli.main(["train", "--tag=vnv", *common, "--plot"]) == 0
        assert scope_cli.main(["train", "--tag", "e", "rrlyr", *common]) == 0
        states = ["--random_state", "42", "7"]
        assert scope_cli.main(["train", "--tag=vnv", *common, *states, "--threshold=0.6"]) == 0
    return folder


def test_classes_trained_one_by_one_make_one_bundle(trained: Path) -> None:
    bundle = ModelBundle.load(trained / "models/xgb/experiment")
    assert bundle.classes == ("vnv", "e", "rrlyr")
    # the last training of a class counts
    assert bundle.definition("vnv").threshold == 0.6
    assert bundle.definition("e").threshold == 0.7
    assert bundle.calibration is not None
    assert set(bundle.calibration.classes) == {"vnv", "e", "rrlyr"}
    # positive rows above 0.4: the label follows from this feature alone
    metrics = json.loads((bundle.folder / "metrics.json").read_text())
    assert metrics["classes"]["vnv"]["test"]["roc_auc"] > 0.99
    assert bundle.manifest["trained"]["e"]["options"]["seed"] == 42


def test_models_of_another_state_go_to_a_group_of_their_own(trained: Path) -> None:
    other = ModelBundle.load(trained / "models/xgb/experiment_state_7")
    assert other.classes == ("vnv",)
    assert other.manifest["options"]["seed"] == 7
    here = (trained / "models/xgb/experiment/vnv.ubj").read_bytes()
    assert (other.folder / "vnv.ubj").read_bytes() != here


def test_the_plots_are_where_they_are_said_to_be(trained: Path) -> None:
    folder = trained / "plots_xgb/experiment/vnv"
    for part in ("train", "val", "test"):
        names = sorted(path.name for path in (folder / part).iterdir())
        assert names == ["vnv_cm.png", "vnv_recall.png", "vnv_roc.png", "vnv_stats.json"]
    importance = json.loads((folder / "vnv_impvars.json").read_text())
    assert max(importance, key=lambda name: importance[name]) == "iqr"


def test_without_save_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    argv = ["--tag=vnv", "--path-dataset", str(training_set()), "--algorithm=xgb"]
    assert main([*argv, "--calibrate=false"]) == 0
    assert list(tmp_path.iterdir()) == []
    shown = capsys.readouterr().out
    assert "models not kept; --save keeps them" in shown
    assert [line.split()[:2] for line in shown.splitlines()[1:3]] == [
        ["vnv", "val"],
        ["vnv", "test"],
    ]


def test_what_was_trained_otherwise_is_not_mixed(
    trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(trained)
    before = (trained / "models/xgb/experiment/bundle.json").read_bytes()
    argv = ["--tag=puls", "--path-dataset", str(training_set()), "--algorithm=xgb", "--save"]
    assert main([*argv, "--scale-features=median_std"]) == 2
    assert "other training stars, features, imputation or scaling" in capsys.readouterr().err
    assert main([*argv, "--calibrate=false"]) == 2
    assert "other calibration" in capsys.readouterr().err
    assert (trained / "models/xgb/experiment/bundle.json").read_bytes() == before


def test_features_of_another_search_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["--tag=vnv", "--path-dataset", str(training_set("ELS_ECE_EAOV")), "--algorithm=xgb"]
    assert main(argv) == 2
    message = capsys.readouterr().err
    assert "another period search: 'ELS_ECE_EAOV'; allowed: LS_BIC" in message
    assert "--period-suffix" in message


def test_boosting_goes_on_from_trees(
    trained: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import xgboost

    monkeypatch.chdir(tmp_path)
    start = trained / "models/xgb/experiment/e.ubj"
    argv = ["--tag=e", "--path-dataset", str(training_set()), "--algorithm=xgb", "--save"]
    assert main([*argv, f"--pre_trained_model={start.with_suffix('')}", "--calibrate=false"]) == 0
    first = xgboost.Booster(model_file=str(start))
    bundle = ModelBundle.load(tmp_path / "models/xgb/experiment")
    longer = xgboost.Booster(model_file=str(bundle.folder / "e.ubj"))
    n = first.num_boosted_rounds()
    assert longer.num_boosted_rounds() > n
    assert longer[:n].get_dump() == first.get_dump()
    assert "went_on_from" in bundle.manifest["trained"]["e"]


def test_the_documented_command_trains_a_network(tmp_path: Path, root: Path) -> None:
    # The documents' own example; data, classes and models are where it says they are.
    (tmp_path / "data/training").mkdir(parents=True)
    dataset = tmp_path / "data/training/dataset.d15.csv"
    frame = _flat(training_set())
    frame.to_csv(dataset, index=False)
    features = len(default_features("LS_BIC")["phenomenological"])
    stem = "models/vnv/20210324_220331/vnv.20210324_220331"
    write_h5(tmp_path / f"{stem}.h5", draw_weights(features), features)
    command = (
        "train --tag=vnv --path_dataset=data/training/dataset.d15.csv --batch_size=64 --epochs=2 "
        f"--verbose=1 --pre_trained_model={stem} --conv_branch=true --calibrate=false --save "
        "--plot_model"
    )
    done = subprocess.run(
        [sys.executable, str(root / "scope.py"), *command.split()],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Epoch 2/2" in done.stdout
    bundle = ModelBundle.load(tmp_path / "models/dnn/experiment")
    assert bundle.classes == ("vnv",)
    assert (bundle.definition("vnv").batch_size, bundle.definition("vnv").epochs) == (64, 2)
    assert "went_on_from" in bundle.manifest["trained"]["vnv"]
    assert (tmp_path / "plots_dnn/experiment/vnv/vnv_network.png").stat().st_size > 10_000


def _flat(path: Path) -> Any:
    """The training set as a table of text: histograms as JSON."""
    import pandas as pd

    frame = pd.read_parquet(path)
    frame["dmdt"] = [json.dumps([float(v) for v in cell]) for cell in frame["dmdt"]]
    return frame


def test_the_script_in_the_root_does_not_hide_the_package(root: Path) -> None:
    code = "import scope, scope.errors; print(scope.__path__)"
    for folder in (root, root / "docs"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert str(root / "scope") in done.stdout


def test_classes_that_see_no_catalogues_are_trained_without_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    table = read_table(training_set())
    catalogues = [n for n in table.column_names if n.startswith(("Gaia", "AllWISE", "PS1"))]
    assert len(catalogues) == 22
    write_table(table.drop_columns(catalogues), tmp_path / "t.parquet", {})
    argv = ["--path-dataset", "t.parquet", "--algorithm=xgb", "--calibrate=false", "--save"]
    assert main(["--tag=vnv", *argv]) == 0
    assert main(["--tag=e", *argv]) == 0
    assert ModelBundle.load(tmp_path / "models/xgb/experiment").classes == ("vnv", "e")
    capsys.readouterr()
    assert main(["--tag=rrlyr", *argv]) == 2
    assert "missing columns" in capsys.readouterr().err


DOCUMENTED = (
    "tag path-dataset algorithm gpu verbose job-type group run-sweeps period-suffix threshold "
    "balance weight-per-class scale-features test-size val-size random-state feature-stats "
    "batch-size shuffle-buffer-size epochs float-convert-types lr beta-1 beta-2 epsilon decay "
    "momentum monitor patience callbacks run-eagerly pre-trained-model save plot plot-model "
    "weights-only skip-cv conv-branch"
)


def test_every_documented_option_is_there() -> None:
    known = command_parser("scope-train").format_help()
    missing = [name for name in DOCUMENTED.split() if f"--{name}" not in known]
    assert missing == []


def test_the_documented_loop_over_classes_and_states_is_understood() -> None:
    classes = "pnp longt i fla ew eb ea e agn bis blyr ceph dscu lpv mir puls rrlyr rscvn srv"
    for tag in (*classes.split(), "wuma", "yso"):
        command = (
            f"--tag={tag} --path_dataset=data/training/dataset.d15.csv --scale_features=min_max "
            "--batch_size=64 --epochs=300 --patience=30 --random_state=42 --verbose=1 --gpu=1 "
            "--conv_branch=true --save"
        )
        options = command_parser("scope-train").parse_args(command.split())
        assert (options.tag, options.gpu, options.verbose, options.save) == ([tag], 1, 1, True)
        assert training_overrides(vars(options))["training"]["classes"][tag] == {
            "batch_size": 64,
            "epochs": 300,
            "patience": 30,
        }
