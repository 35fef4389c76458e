"""What the layers above take from the configuration."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from scope.config import Config, load_config
from scope.config.classes import CLASS_FIELDS, CLASSES
from scope.config.training import ClassSetting, Network
from scope.errors import ConfigError
from scope.features.options import FeatureOptions
from scope.features.registry import model_features
from scope.lightcurves.bright_stars import BrightStarOptions
from scope.lightcurves.cleaning import CleaningOptions
from scope.models.networks.two_branch import NetworkOptions
from scope.models.trees.boosted_trees import TreeOptions
from scope.periods.options import PeriodOptions
from scope.tasks.variables.training.training_settings import training_settings


def changed(section: str, **values: Any) -> Config:
    return load_config(overrides={section: values})


def test_the_defaults_are_those_of_the_library() -> None:
    config = Config()
    assert config.cleaning_options() == CleaningOptions()
    assert config.bright_star_options() == BrightStarOptions()
    assert config.period_options() == PeriodOptions()
    options = config.feature_options()
    assert options.model_suffix == FeatureOptions().model_suffix
    assert options.facts() == FeatureOptions().facts()


def test_the_defaults_are_those_of_the_published_pipeline() -> None:
    # values of SCoPe's configuration and of its commands (release 0.9.5)
    config = Config()
    assert config.cleaning_options().min_epochs == 50
    assert config.cleaning_options().min_cadence_minutes == 30.0
    assert config.xmatch_radius_arcsec() == 2.0
    assert config.period_options().max_freq == 48.0
    assert config.period_options().samples_per_peak == 10
    assert config.thresholds_by_name() == {
        "label": 0.7,
        "evaluation": 0.5,
        "posting": 0.7,
        "sampling": 0.9,
    }


def test_what_is_set_arrives() -> None:
    config = changed(
        "feature_generation",
        min_n_lc_points=20,
        min_cadence_minutes=5,
        max_timestamp_hjd=2459951.5,
        bright_star={"query_radius_arcsec": 100},
        period_algorithms=["ELS_ECE_EAOV", "LS_BIC"],
        period_search={"max_freq": 2, "top_n_periods": 7},
        fourier="polar",
        groups="top_periods",
    )
    assert config.cleaning_options() == CleaningOptions(20, 5.0, 2459951.5)
    bright = config.bright_star_options()
    assert bright is not None
    assert bright.query_radius_arcsec == 100
    options = config.feature_options()
    assert options.periods.algorithms == ("ELS_ECE_EAOV", "LS_BIC")
    assert (options.periods.max_freq, options.periods.top_n_periods) == (2, 7)
    assert (options.fourier, options.groups, options.model_suffix) == (
        "polar",
        ("top_periods",),
        "LS_BIC",
    )
    assert changed("feature_generation", bright_star={"skip": True}).bright_star_options() is None


def test_every_epoch_can_be_kept() -> None:
    config = changed("feature_generation", min_cadence_minutes=0)
    assert config.cleaning_options().min_cadence_minutes == 0
    assert config.period_options().max_freq == 48
    with pytest.raises(ConfigError, match="min_cadence_minutes out of range"):
        changed(
            "feature_generation", min_cadence_minutes=0, period_search={"scale_min_period": True}
        )


def test_models_see_35_and_61_features_in_the_order_of_the_registry() -> None:
    config = Config()
    assert len(config.model_features("phenomenological")) == 35
    assert config.model_features("ontological") == model_features("ontological", "LS_BIC")
    assert len(config.model_features("ontological")) == 61


def test_features_can_be_switched_and_imputed_otherwise() -> None:
    config = load_config(
        overrides={
            "features": {
                "ontological": {
                    "pdot": {"include": True},
                    "period": {"include": False, "impute_strategy": "Median"},
                    "ad": {"impute_strategy": None},
                }
            }
        }
    )
    names = config.model_features("ontological")
    assert "pdot_LS_BIC" in names
    assert "period_LS_BIC" not in names
    assert config.imputation()["period_LS_BIC"] == "median"
    assert config.imputation()["ad"] == "none"
    assert config.imputation()["n_ztf_alerts"] == "zero"


def test_class_settings_and_class_definitions_have_the_same_keys() -> None:
    assert {*ClassSetting.model_fields, "tag", "released"} == set(CLASS_FIELDS)


def test_the_classes_are_the_published_ones_unless_changed() -> None:
    assert Config().class_definitions() == list(CLASSES)
    config = changed("training", classes={"ea": {"balance": 3}, "new": NEW})
    some = config.class_definitions(("new", "ea"))
    assert [definition.tag for definition in some] == ["ea", "new"]
    assert (some[0].balance, some[0].label, some[0].batch_size) == (3, "EA", 32)
    assert (some[1].features, some[1].released) == ("ontological", False)
    assert config.class_labels()["new"] == "brand new"
    with pytest.raises(ConfigError, match=r"'mira'.*mean 'mir'"):
        config.class_definitions(("mira",))


NEW = {"label": "brand new", "features": "ontological"}


@pytest.mark.parametrize(
    ("section", "values"),
    [
        ("feature_generation", {"min_n_lc_points": 20}),
        ("feature_generation", {"period_search": {"max_freq": 24}}),
        ("feature_generation", {"max_timestamp_hjd": 2459951.5}),
        ("data_release", "DR5"),
        ("simulation", {"seed": 7}),
    ],
)
def test_what_decides_numbers_decides_the_hash(section: str, values: Any) -> None:
    assert load_config(overrides={section: values}).config_hash != Config().config_hash


@pytest.mark.parametrize(
    ("section", "values"),
    [
        ("targets", ["field_297"]),
        ("thresholds", {"label": 0.5}),
        ("inference", {"classes_per_job": "one", "batch_rows": 5, "formats": ["csv"]}),
        ("training", {"random_state": 3}),
        ("data_release", None),
    ],
)
def test_what_decides_no_number_leaves_the_hash_alone(section: str, values: Any) -> None:
    assert load_config(overrides={section: values}).config_hash == Config().config_hash


def test_the_folder_of_the_archive_leaves_no_trace_in_the_hash() -> None:
    hashes = {load_config(overrides={"archive": f}).config_hash for f in ("here", "/data/there")}
    assert len(hashes) == 1


def test_sections_of_training_have_the_keys_and_defaults_of_its_options() -> None:
    training = Config().training
    shared = training.dnn.model_dump(exclude=set(Network.PER_CLASS))
    assert shared == asdict(NetworkOptions())
    assert training.xgboost.model_dump() == asdict(TreeOptions())


def test_a_setting_for_all_networks_replaces_that_of_each_class() -> None:
    own = {item.tag: item.batch_size for item in Config().class_definitions()}
    assert (own["vnv"], own["dip"]) == (64, 2)
    config = load_config(overrides={"training": {"dnn": {"batch_size": 256}}})
    assert {item.batch_size for item in config.class_definitions()} == {256}


def test_settings_of_training_arrive() -> None:
    config = load_config(
        overrides={
            "training": {
                "dnn": {"conv_branch": False},
                "xgboost": {"max_depth": 5},
                "test_size": 0.2,
                "scale_features": "median_std",
            }
        }
    )
    settings = training_settings(config)
    assert settings["options"]["dnn"]["conv_branch"] is False
    assert settings["options"]["xgb"]["max_depth"] == 5
    assert (settings["data"].test_size, settings["data"].scaling) == (0.2, "median_std")
    assert settings["definitions"][0].negative_label == "non-variable"


def test_models_can_see_the_period_of_all_bands_where_it_is_searched() -> None:
    info = {"info": {"period_suffix": "BANDS"}}
    together = {"bands_together": {"search": True}}
    config = Config.model_validate({"features": info, "feature_generation": together})
    assert config.feature_options().model_suffix == "BANDS"
    assert "period_BANDS" in config.model_features("ontological")
    with pytest.raises(ConfigError, match="BANDS: also bands_together"):
        Config.model_validate({"features": info})
