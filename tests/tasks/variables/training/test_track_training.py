"""Tracking and sweeps. Weights & Biases is a stand-in here, with the signatures of its API.

The stand-in has the parameters of ``wandb.init``, ``Run.log`` and ``Run.finish`` that version
0.19 and later document; docs/training.md says what was tried with the package itself.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from scope.config import Config, load_config
from scope.errors import BackendError, ConfigError, InputError
from scope.tasks.variables.training import run_sweep as run_sweep_module
from scope.tasks.variables.training.run_sweep import run_sweep, with_settings
from scope.tasks.variables.training.track_training import track_training, tracking_mode
from scope.tasks.variables.training.train_classes import TrainedClasses, replace_training
from scope.tasks.variables.training.training_settings import algorithm_options, training_settings


class FakeRun:
    """A run that keeps what it is told."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.logged: list[tuple[int | None, dict[str, Any]]] = []
        self.summary: dict[str, Any] = {}
        self.exit_code: int | None = -1

    def log(
        self, data: dict[str, Any], step: int | None = None, commit: bool | None = None
    ) -> None:
        self.logged.append((step, data))

    def finish(self, exit_code: int | None = None, *, quiet: bool | None = None) -> None:
        self.exit_code = exit_code


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[FakeRun]:
    """The runs of a stand-in for the package."""
    found: list[FakeRun] = []

    def init(
        entity: str | None = None,
        project: str | None = None,
        *,
        name: str | None = None,
        config: dict[str, Any] | None = None,
        group: str | None = None,
        job_type: str | None = None,
        mode: str | None = None,
        reinit: str | None = None,
    ) -> FakeRun:
        json.dumps(config)
        found.append(FakeRun({k: v for k, v in locals().items() if k != "found"}))
        return found[-1]

    module = types.ModuleType("wandb")
    module.init = init  # type: ignore[attr-defined]
    module.__spec__ = types.SimpleNamespace(name="wandb")  # type: ignore[assignment]
    monkeypatch.setitem(sys.modules, "wandb", module)
    return found


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without the package."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


def config_with(**wandb: Any) -> Config:
    training = {"dataset": "t.parquet", "tags": ["ew"], "group": "mine"}
    return load_config(overrides={"wandb": wandb, "training": training})


FIGURES = {
    "val": {"average_precision": 0.8, "roc_auc": 0.9, "precision": None},
    "test": {"average_precision": 0.7, "recall": 0.6},
}
REPORT = {"best_epoch": 2, "history": {"loss": [0.5, 0.4], "val_loss": [0.6, 0.55]}}


def test_without_the_package_nothing_is_tracked_unless_asked_for(absent: None) -> None:
    assert tracking_mode(config_with().wandb) == "disabled"
    assert tracking_mode(config_with(mode="disabled").wandb) == "disabled"
    track_training(config_with(), "dnn", "train")({"ew": FIGURES}, {"ew": REPORT})
    for mode in ("offline", "online"):
        # told before the training, not after it
        with pytest.raises(BackendError, match=r"wandb.mode: .*install the wandb extra"):
            track_training(config_with(mode=mode), "dnn", "train")


def test_with_the_package_runs_are_offline(runs: list[FakeRun]) -> None:
    for mode, expected in (("auto", "offline"), ("offline", "offline"), ("online", "online")):
        assert tracking_mode(config_with(mode=mode).wandb) == expected
    assert runs == []


def test_the_key_of_the_private_file_is_used_online(
    runs: list[FakeRun], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys: list[str | None] = []
    sys.modules["wandb"].login = lambda *, key=None: keys.append(key)  # type: ignore[attr-defined]
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    (tmp_path / "private.yaml").write_text("wandb: {wandb: {token: abc}}")
    (tmp_path / "private.yaml").chmod(0o600)
    for mode in ("offline", "online"):
        config = config_with(mode=mode)
        track_training(config, "dnn", "train")({"ew": FIGURES}, {"ew": REPORT})
    assert keys == ["abc"]
    monkeypatch.setenv("WANDB_API_KEY", "def")
    track_training(config, "dnn", "train")({"ew": FIGURES}, {"ew": REPORT})
    assert keys == ["abc"]
    assert "abc" not in str([run.settings for run in runs])


def test_a_training_is_a_run_with_its_settings_losses_and_figures(runs: list[FakeRun]) -> None:
    config = config_with(entity="us", project="stars")
    track_training(config, "dnn", "tune")({"ew": FIGURES}, {"ew": REPORT})
    (run,) = runs
    asked = {name: run.settings[name] for name in ("entity", "project", "name", "group")}
    assert asked == {"entity": "us", "project": "stars", "name": "ew-42", "group": "mine"}
    assert (run.settings["job_type"], run.settings["mode"]) == ("tune", "offline")
    settings = run.settings["config"]
    assert (settings["tag"], settings["batch_size"], settings["optimizer"]) == ("ew", 64, "adam")
    assert run.logged == [
        (1, {"loss": 0.5, "val_loss": 0.6}),
        (2, {"loss": 0.4, "val_loss": 0.55}),
    ]
    assert run.summary == {
        "val_average_precision": 0.8,
        "val_roc_auc": 0.9,
        "test_average_precision": 0.7,
        "test_recall": 0.6,
    }
    assert run.exit_code is None


def test_trees_are_tracked_with_what_the_search_found(runs: list[FakeRun]) -> None:
    report = {"parameters": {"max_depth": 7}, "importance": {}}
    track_training(config_with(), "xgb", "train")({"ew": FIGURES}, {"ew": report})
    assert runs[0].logged == []
    assert runs[0].summary["parameters"] == {"max_depth": 7}
    assert runs[0].settings["config"]["skip_cv"] is True


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What a sweep trains, each with a validation loss that is lowest at a rate of 0.003."""
    seen: list[dict[str, Any]] = []

    def train(config: Config, folder: Any, **settings: Any) -> TrainedClasses:
        (definition,) = training_settings(config)["definitions"]
        network = algorithm_options(config, "dnn")
        seen.append({**vars(definition), **vars(network), **settings})
        if definition.learning_rate > 0.02:
            raise InputError("too fast")
        loss = abs(definition.learning_rate - 0.003)
        report = {"best_epoch": 1, "history": {"loss": [1.0], "val_loss": [loss]}}
        figures = {"val": {"average_precision": 1 - loss}, "test": {"average_precision": 0.123}}
        return TrainedClasses(None, {"ew": figures}, {"ew": report}, Path("s"))  # type: ignore[arg-type]

    monkeypatch.setattr("scope.tasks.variables.training.run_sweep.train_classes", train)
    return seen


def test_a_sweep_finds_settings_and_says_nothing_of_test_stars(
    trainings: list[dict[str, Any]], runs: list[FakeRun], tmp_path: Path
) -> None:
    parameters = {
        "lr": {"values": [0.001, 0.003, 0.03]},
        "decay": {"value": 0.1},
        "callbacks": {"value": "early_stopping"},
    }
    sweeping = {"method": "grid", "run_cap": 5, "parameters": parameters}
    config = config_with(sweep_config_dnn=sweeping)
    output = tmp_path / "sweeps_dnn" / "ew.json"
    best = run_sweep(config, "ew", output, algorithm="dnn", job_type="sweep", device="cpu")
    assert best.parameters["learning_rate"] == 0.003
    assert best.describe().startswith("--lr=0.003 --decay=0.1")
    assert [item["learning_rate"] for item in trainings] == [0.001, 0.003, 0.03]
    assert {(item["decay"], item["callbacks"], item["calibrate"]) for item in trainings} == {
        (0.1, ("early_stopping",), False)
    }
    results = json.loads(output.read_text())["runs"]
    assert [item["error"] for item in results] == [None, None, "too fast"]
    assert "0.123" not in output.read_text()
    assert [run.exit_code for run in runs] == [None, None, 1]
    assert all("test" not in name for run in runs for name in run.summary)


def test_a_sweep_may_raise_average_precision(
    trainings: list[dict[str, Any]], absent: None, tmp_path: Path
) -> None:
    sweeping = {
        "method": "bayes",
        "run_cap": 8,
        "metric": {"name": "val_average_precision", "goal": "maximize"},
        "parameters": {"lr": {"min": 1e-3, "max": 1e-2}},
    }
    config = config_with(sweep_config_dnn=sweeping)
    best = run_sweep(config, "ew", tmp_path / "s.json", algorithm="dnn", job_type="sweep")
    assert len(trainings) == 8
    rates = [item["learning_rate"] for item in trainings]
    assert best.parameters["learning_rate"] == min(rates, key=lambda rate: abs(rate - 0.003))


def test_a_sweep_that_was_killed_is_gone_on_with_and_a_changed_one_begun_anew(
    trainings: list[dict[str, Any]],
    absent: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    output = tmp_path / "sweeps_dnn" / "ew.json"

    def rates(run_cap: int, **training: Any) -> list[float]:
        """Rates that are trained by a sweep of five, of which `run_cap` at most."""
        sweeping = {"method": "grid", "run_cap": run_cap}
        sweeping["parameters"] = {"lr": {"values": [0.001, 0.002, 0.003, 0.004, 0.005]}}
        trainings.clear()
        config = config_with(sweep_config_dnn=sweeping)
        config = replace_training(config, **training)
        try:
            best = run_sweep(config, "ew", output, algorithm="dnn", job_type="sweep")
        except KeyboardInterrupt:
            return [item["learning_rate"] for item in trainings]
        written = [item["val_loss"] for item in json.loads(output.read_text())["runs"]]
        assert (len(written), min(written)) == (run_cap, best.val_loss)
        return [item["learning_rate"] for item in trainings]

    train = run_sweep_module.train_classes

    def killed(config: Config, folder: Any, **settings: Any) -> TrainedClasses:
        done = train(config, folder, **settings)
        if len(trainings) == 3:
            raise KeyboardInterrupt
        return done

    monkeypatch.setattr(run_sweep_module, "train_classes", killed)
    assert rates(4) == [0.001, 0.002, 0.003]
    monkeypatch.setattr(run_sweep_module, "train_classes", train)
    # what was broken off is trained again, what was finished is not
    assert rates(4) == [0.003, 0.004]
    output.unlink()
    assert rates(4) == []
    assert rates(5) == [0.005]
    data = tmp_path / "t.parquet"
    for content in (b"one", b"another"):
        data.write_bytes(content)
        assert rates(2, dataset=str(data)) == [0.001, 0.002]
    assert rates(2, balance=3.0) == [0.001, 0.002]


def test_what_the_machine_lacks_is_no_result_of_a_sweep(
    trainings: list[dict[str, Any]],
    absent: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once it is there, or a table is mended, the same command tries all settings."""
    train = run_sweep_module.train_classes
    config = config_with(
        sweep_config_dnn={"method": "grid", "parameters": {"lr": {"values": [0.001, 0.002]}}}
    )
    for error, told in (
        (BackendError("no GPU"), BackendError),
        (InputError("no stars"), ConfigError),
    ):

        def broken(*_: Any, error: Exception = error, **__: Any) -> TrainedClasses:
            raise error

        monkeypatch.setattr(run_sweep_module, "train_classes", broken)
        with pytest.raises(told, match=str(error)):
            run_sweep(config, "ew", tmp_path / "ew.json", algorithm="dnn", job_type="sweep")
    monkeypatch.setattr(run_sweep_module, "train_classes", train)
    run_sweep(config, "ew", tmp_path / "ew.json", algorithm="dnn", job_type="sweep")
    assert [item["learning_rate"] for item in trainings] == [0.001, 0.002]


def test_a_sweep_of_what_is_no_setting_is_refused(absent: None, tmp_path: Path) -> None:
    config = config_with(sweep_config_dnn={"parameters": {"learning_rat": {"value": 1}}})
    with pytest.raises(ConfigError, match="did you mean 'learning_rate'"):
        run_sweep(config, "ew", tmp_path / "s.json", algorithm="dnn", job_type="sweep")


def test_settings_of_a_sweep_come_before_those_for_all_classes() -> None:
    overrides = {"training": {"tags": ["ew", "ea"], "dnn": {"batch_size": 16}, "balance": 3}}
    config = with_settings(
        load_config(overrides=overrides), "ew", {"batch_size": 8, "balance": 2, "momentum": 0.5}
    )
    (definition,) = training_settings(config)["definitions"]
    assert (definition.tag, definition.batch_size, definition.balance) == ("ew", 8, 2)
    assert algorithm_options(config, "dnn").momentum == 0.5
    with pytest.raises(ConfigError, match=r"classes\.ew\.beta_1"):
        with_settings(load_config(), "ew", {"beta_1": 2})
