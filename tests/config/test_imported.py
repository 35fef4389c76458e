"""A configuration of SCoPe, with the sections, spellings and forms of its published defaults."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import yaml

from scope.cli.main import main
from scope.config import load_config
from scope.config.imported import check_imported, import_config
from scope.services.credentials import find_credentials

OLD = """
kowalski:
  hosts:
    kowalski: {token: }
    gloria: {token: secret-token}
    melman: {username: me, password: secret-word}
  port: 443
  protocol: https
  timeout: 600
  collections:
    gaia: Gaia_EDR3
    sources: ZTF_sources_20240515
    features: ZTF_source_features_DR16
    classifications: ZTF_source_classifications_DR16
    alerts: ZTF_alerts
  max_timestamp_hjd: 2459951.5
fritz: {token: fritz-secret, protocol: https, host: fritz.science, max_attempts: 10, sleep_time: 5}
wandb:
  project: scope
  token: wandb-secret
  sweep_config_dnn:
    method: bayes
    parameters: {lr: {min: 0.0003, max: 0.03}, amsgrad: {min: 3.0e-5, max: 0.003}}
taxonomy: {class: tds, name: x, subclasses: []}
features:
  info: {period_suffix: ELS_ECE_EAOV}
  phenomenological:
    ad: {include: true, dtype: float, periodic: false}
    ccd: {include: false, dtype: Int64}
    period: {include: true, dtype: float, periodic: true}
  ontological:
    ad: {include: true, dtype: float, impute_strategy: None}
    AllWISE__w1mpro: {include: false, dtype: float, impute_strategy: regress}
    AllWISE___id: {include: false, dtype: Int64, impute_strategy: None}
feature_stats:
  ad: {min: 0.1, max: 2}
feature_generation:
  path_to_features:
  dataset: tools/fritzDownload/merged.parquet
  ids_skipGaia: specific_ids_dropCloseSources.json
  period_algorithms: {CPU: [LS, CE], GPU: [ELS, ECE, EAOV]}
  fields_to_run: [296, 297]
  cesium_features: [all_times_nhist_numpeaks]
  external_catalog_features: {AllWISE: {projection: {_id: 1}}}
  period_search: {max_freq: 96, min_n_lc_points: 60, period_batch_size: 1000}
training:
  dataset: tools/fritzDownload/merged.parquet
  xgboost:
    gridsearch_params_start_stop_step:
      max_depth: [3, 8, 2]
      subsample: [6, 11, 2]
    other_training_params: {eta: [0.3, 0.1], seed: 42, nfold: 4, num_boost_round: 500}
    plot_params: {cm_include_count: false}
  classes:
    vnv: {label: variable, threshold: 0.6, balance: , features: phenomenological, lr: 0.02,
          amsgrad: 0.0003724, epsilon: 1.0e-08}
inference: {fields_to_run: [297, 298, 300], path_to_preds: }
fields_to_exclude: [300]
strange: 1
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("GLORIA", "MELMAN", "FRITZ"):
        monkeypatch.delenv(f"{name}_INSTANCE_TOKEN", raising=False)
    (tmp_path / "old.yaml").write_text(OLD)
    return tmp_path


def test_what_means_the_same_is_taken_over(home: Path) -> None:
    assert main(["import-config", "old.yaml"]) == 0
    config = load_config()
    assert config.survey == "kowalski"
    assert config.kowalski.timeout == 600
    assert config.kowalski.collections.sources == "ZTF_sources_20240515"
    assert set(config.kowalski.hosts) == {"kowalski", "gloria", "melman"}
    assert config.feature_generation.max_timestamp_hjd == 2459951.5
    assert config.feature_generation.min_n_lc_points == 60
    assert config.feature_generation.period_search.max_freq == 96
    # 300 is excluded, 297 stands twice
    assert config.targets == ("field_296", "field_297", "field_298")
    assert config.lists["specific_ids"].path == "tools/fritzDownload/merged.parquet"
    assert config.features.phenomenological["period"].include
    assert not config.features.ontological["AllWISE__w1mpro"].include


def test_statistics_and_sweeps_are_taken_over(home: Path) -> None:
    config = check_imported(import_config(yaml.safe_load(OLD)), "old")
    assert config.feature_stats["ad"].max == 2
    assert config.wandb.project == "scope"
    parameters = config.wandb.sweep_config_dnn.parameters
    # any number other than zero switched it on
    assert parameters["amsgrad"].value is True
    assert (parameters["lr"].min, parameters["lr"].max) == (3e-4, 3e-2)


def test_the_search_of_the_published_models_is_chosen(home: Path) -> None:
    config = check_imported(import_config(yaml.safe_load(OLD)), "old")
    assert config.feature_generation.period_algorithms == ("ELS_ECE_EAOV",)
    assert config.features.info.period_suffix == "ELS_ECE_EAOV"


def test_values_of_another_form_are_translated(home: Path) -> None:
    training = check_imported(import_config(yaml.safe_load(OLD)), "old").training
    # range(3, 8, 2) is 3, 5, 7; and of tenths range(6, 11, 2) is 0.6, 0.8, 1.0
    assert training.xgboost.max_depth_grid == (3, 7, 2)
    assert training.xgboost.subsample_grid == (0.6, 1.0, 0.2)
    assert training.xgboost.eta_list == (0.3, 0.1)
    assert training.dataset == "tools/fritzDownload/merged.parquet"
    assert (training.xgboost.n_folds, training.xgboost.num_boost_round) == (4, 500)
    vnv = training.classes["vnv"]
    assert (vnv.threshold, vnv.amsgrad, vnv.learning_rate, vnv.epsilon) == (0.6, True, 3e-4, 1e-8)


def test_secrets_go_to_a_private_file_that_is_found(home: Path, capsys) -> None:
    main(["import-config", "old.yaml"])
    text = Path("config.yaml").read_text() + capsys.readouterr().out
    assert "secret" not in text
    assert stat.S_IMODE(Path("private.yaml").stat().st_mode) == 0o600
    gloria = find_credentials("kowalski", "gloria")
    assert gloria is not None
    assert gloria.token == "secret-token"
    melman = find_credentials("kowalski", "melman")
    assert melman is not None
    assert (melman.username, melman.password) == ("me", "secret-word")
    assert find_credentials("kowalski", "kowalski") is None
    wandb = find_credentials("wandb", "wandb")
    assert wandb is not None
    assert wandb.token == "wandb-secret"


def test_what_has_no_place_is_told_with_the_reason(home: Path, capsys) -> None:
    main(["import-config", "old.yaml"])
    printed = capsys.readouterr().out
    for key in ("taxonomy", "strange", "training.classes.*.lr"):
        assert f"left out: {key} " in printed
    # what no model could see, and was not included, needs no word
    assert "AllWISE___id" not in printed


def test_files_that_are_there_stay(home: Path, capsys) -> None:
    Path("config.yaml").write_text("survey: archive\n")
    assert main(["import-config", "old.yaml"]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert Path("config.yaml").read_text() == "survey: archive\n"
    assert main(["import-config", "old.yaml", "--overwrite"]) == 0


def test_the_one_server_of_early_versions_is_one_of_several() -> None:
    old = {"kowalski": {"host": "gloria.caltech.edu", "port": 443, "token": "abc"}}
    imported = import_config(old)
    assert imported.private == {"kowalski": {"gloria": {"token": "abc"}}}
    assert imported.values["kowalski"]["hosts"] == {"gloria": {}}


def test_a_value_that_cannot_be_used_names_the_file(home: Path, capsys) -> None:
    Path("bad.yaml").write_text("kowalski: {port: many}\n")
    assert main(["import-config", "bad.yaml"]) == 2
    assert "bad.yaml" in capsys.readouterr().err
    assert not Path("config.yaml").exists()
