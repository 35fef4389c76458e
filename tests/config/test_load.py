"""Layers of configuration, and what is said about their faults."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from snakemake.cli import parse_config

from scope.config import load_config
from scope.config.classes import CLASSES
from scope.config.renamed import REPLACED, replaced_keys
from scope.errors import ConfigError, NotFoundError
from scope.lightcurves.cleaning import CleaningOptions


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_later_layers_win_key_by_key(tmp_path: Path) -> None:
    root, run = tmp_path / "checkout", tmp_path / "run"
    write(root / "config/config.yaml", "thresholds: {label: 0.1, posting: 0.1, sampling: 0.1}")
    write(run / "config/config.yaml", "thresholds: {label: 0.2, posting: 0.2}")
    write(run / "config.yaml", "thresholds: {label: 0.3}")
    config = load_config(root=root, run_folder=run, overrides={"archive": "bulk"})
    assert config.thresholds.model_dump() == {
        "label": 0.3,
        "evaluation": 0.5,
        "posting": 0.2,
        "sampling": 0.1,
    }
    assert config.archive == "bulk"
    stronger = load_config(root=root, run_folder=run, overrides={"thresholds": {"label": 0.4}})
    assert stronger.thresholds.label == 0.4


def test_a_map_that_is_given_replaces_the_one_before(tmp_path: Path) -> None:
    root, run = tmp_path / "checkout", tmp_path / "run"
    maps = "gcn: {post_group_ids_by_tag: {GRB: [48], Fermi: [48]}}\nprobabilities: "
    write(root / "config/config.yaml", maps + "{stated: {ea: 0.1}}")
    # nothing else is changed by a map beside it
    assert load_config(root=root, run_folder=run).gcn.post_group_ids_by_tag["Fermi"] == (48,)
    more = "kowalski: {hosts: {gloria: {port: 1}}}\nprobabilities: {stated: {}}\n"
    write(run / "config.yaml", "gcn: {post_group_ids_by_tag: {GRB: [6]}}\n" + more)
    config = load_config(root=root, run_folder=run)
    assert config.gcn.post_group_ids_by_tag == {"GRB": (6,)}
    assert list(config.kowalski.hosts) == ["gloria"]
    assert config.probabilities.stated == {}
    stronger = {"gcn": {"post_group_ids_by_tag": {}, "days_ago": 3.0}}
    config = load_config(root=root, run_folder=run, overrides=stronger)
    assert config.gcn.post_group_ids_by_tag == {}
    # as `key:` without a value, it says nothing
    write(run / "config.yaml", "gcn: {post_group_ids_by_tag: }\n")
    assert len(load_config(root=root, run_folder=run).gcn.post_group_ids_by_tag) == 2


def test_features_and_classes_have_files_of_their_own(tmp_path: Path) -> None:
    write(tmp_path / "config/features.yaml", "features: {phenomenological: {ad: {include: off}}}")
    write(tmp_path / "config/classes.yaml", "training: {classes: {ea: {balance: 9}}}")
    config = load_config(run_folder=tmp_path)
    assert "ad" not in config.model_features("phenomenological")
    assert config.training.classes["ea"].balance == 9
    assert config.training.classes["ea"].batch_size == 32
    assert len(config.training.classes) == len(CLASSES)


def test_a_named_file_stands_in_for_those_of_the_run_folder(tmp_path: Path) -> None:
    write(tmp_path / "config.yaml", "archive: here")
    other = write(tmp_path / "other.yaml", "data_release: 20")
    config = load_config(run_folder=tmp_path, config_path=other)
    assert (config.archive, config.data_release) == (None, "DR20")
    with pytest.raises(NotFoundError, match=r"no such configuration file.*missing\.yaml"):
        load_config(config_path=tmp_path / "missing.yaml")


def test_an_empty_file_and_an_empty_section_change_nothing(tmp_path: Path) -> None:
    write(tmp_path / "config.yaml", "# nothing yet\n")
    assert load_config(run_folder=tmp_path) == load_config()
    write(tmp_path / "config.yaml", "feature_generation:\n  # max_freq: 24\n")
    assert load_config(run_folder=tmp_path) == load_config()


def test_without_a_checkout_the_defaults_are_built_in(tmp_path: Path) -> None:
    assert load_config(root=tmp_path, run_folder=tmp_path) == load_config()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("thresholds:\n  label: [0.5\n", r"config\.yaml, line 3, column 1: .*check indentation"),
        ("archive: a\narchive: b\n", r"config\.yaml, line 2, column 1: \"key 'archive' stands tw"),
        ("a: b: c\n", r"config\.yaml, line 1, column 5: 'mapping values are not allowed"),
        ("- archive\n", r"without keys, .*config\.yaml: 'list'"),
        ("archive: !!python/object:os.system {}\n", r"line 1, .*constructor"),
        ("1: x\n", r"line 1, .*key 1 is no text"),
    ],
)
def test_a_file_that_is_no_yaml_is_named_with_the_line(
    tmp_path: Path, text: str, message: str
) -> None:
    write(tmp_path / "config.yaml", text)
    with pytest.raises(ConfigError, match=message) as caught:
        load_config(run_folder=tmp_path)
    assert "\n" not in str(caught.value)


def test_an_unknown_key_names_its_file_and_the_nearest_known_one(tmp_path: Path) -> None:
    write(tmp_path / "config.yaml", "feature_generation: {period_search: {max_frq: 24}}")
    with pytest.raises(
        ConfigError,
        match=r"section feature_generation\.period_search, in .*config\.yaml: 'max_frq'; "
        r"allowed: max_freq, .*did you mean 'max_freq'",
    ):
        load_config(run_folder=tmp_path)


def test_a_key_that_is_like_no_other_gets_the_list_of_all() -> None:
    with pytest.raises(ConfigError, match=r"'zzz'; allowed: label, evaluation, posting, sampling$"):
        load_config(overrides={"thresholds": {"zzz": 1}})


def test_an_unknown_feature_and_an_unknown_search_are_found_by_name() -> None:
    with pytest.raises(ConfigError, match=r"features\.ontological.*'medain'.*mean 'median'"):
        load_config(overrides={"features": {"ontological": {"medain": {"include": True}}}})
    with pytest.raises(ConfigError, match=r"period_algorithms\.0.*'LS_BIK'.*mean 'LS_BIC'"):
        load_config(overrides={"feature_generation": {"period_algorithms": ["LS_BIK"]}})


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"thresholds": {"label": 2}},
            r"thresholds\.label, in --config or --configfile: 2; allowed: less",
        ),
        ({"thresholds": {"label": True}}, "a value other than true and false"),
        ({"thresholds": {"label": float("nan")}}, "finite number"),
        ({"inference": {"algorithms": ["rf"]}}, "'rf'; allowed: cnn, dnn, quasarnet, xgb"),
        ({"inference": 3}, "inference, in --config or --configfile: 3; allowed: a section of keys"),
        ({"targets": ["297"]}, "'297'; allowed: field_<number>, such as field_297"),
        ({"data_release": "latest"}, "'latest'; allowed: a number, or DR and a number"),
        ({"training": {"classes": {"new": {"label": "x"}}}}, r"classes\.new\.features'; set it"),
        ({"training": {"classes": {"All": {}}}}, "'All'; allowed: small letters"),
        ({"feature_generation": {"dmdt_ints": {"dtints": [0, 1]}}}, "at least 27 items"),
        (
            {"feature_generation": {"dmdt_ints": {"dtints": [0] * 27}}},
            "dtints.*edges that rise, each above the one before",
        ),
        ({"features": {"info": {"period_suffix": "ELS"}}}, "'ELS'; allowed: LS_BIC"),
        (
            {"features": {"ontological": {"cesium_skew": {"include": True}}}},
            r"unknown key in section features\.ontological.*cesium_skew",
        ),
    ],
)
def test_a_value_that_cannot_be_used_says_what_can(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(overrides=overrides)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(overrides={"archiv": "x", "thresholds": {"label": 2}})
    first, *rest = str(caught.value).splitlines()
    assert first == "2 configuration keys that cannot be used:"
    assert sorted(line.split(", in")[0].strip() for line in rest) == [
        "configuration key thresholds.label",
        "unknown key",
    ]


def test_one_name_serves_as_a_list_of_one_and_one_group_for_both_algorithms() -> None:
    config = load_config(overrides={"targets": "field_297", "inference": {"group": "ss23"}})
    assert config.targets == ("field_297",)
    assert {config.inference.group_of(name) for name in ("dnn", "xgb")} == {"ss23"}


def test_the_command_line_of_the_workflow_sets_values_of_every_kind() -> None:
    words = ["archive=FOLDER", "data_release=5", "targets=[field_250]"]
    section = "{min_n_lc_points: 20, bright_star: {skip: true}, max_timestamp_hjd: null, "
    words.append(f"feature_generation={section}period_search: {{max_freq: 2.5}}}}")
    words.append("inference={formats: [csv], group: ss23, classes: null}")
    config = load_config(overrides=parse_config(words))
    assert (config.archive, config.data_release) == ("FOLDER", "DR5")
    assert config.targets == ("field_250",)
    assert config.cleaning_options() == CleaningOptions(min_epochs=20)
    assert config.bright_star_options() is None
    assert config.period_options().max_freq == 2.5
    assert config.inference.formats == ("csv",)
    assert config.inference.classes is None


def test_exponents_without_a_point_are_numbers(tmp_path: Path) -> None:
    # YAML 1.1 takes 1e-9 for a text
    write(tmp_path / "config.yaml", "training: {classes: {ea: {epsilon: 1e-9}}}")
    assert load_config(run_folder=tmp_path).training.classes["ea"].epsilon == 1e-9


@pytest.mark.parametrize("pattern", REPLACED)
def test_every_replaced_key_is_recognised_and_none_is_in_use(pattern: str) -> None:
    values: Any = "anything"
    names = pattern.replace("features.*", "features.ontological").replace("*", "ad").split(".")
    for name in reversed(names):
        values = {name: values}
    assert (".".join(names), REPLACED[pattern]) in list(replaced_keys(values))
    with pytest.raises(ConfigError, match=r"it (is|has|stands)"):
        load_config(overrides=values)


def test_the_defaults_hold_no_replaced_key() -> None:
    assert list(replaced_keys(load_config().model_dump())) == []


def test_the_configuration_of_the_published_pipeline_gets_an_answer_for_its_first_key() -> None:
    # sections and keys as in SCoPe's own defaults
    published = {
        "kowalski": {"max_timestamp_hjd": 2459951.5},
        "feature_generation": {"period_algorithms": {"CPU": ["LS", "CE"], "GPU": ["ELS"]}},
    }
    with pytest.raises(ConfigError, match=r"kowalski\.max_timestamp_hjd'; it is now feature_gen"):
        load_config(overrides=published)
    del published["kowalski"]
    with pytest.raises(ConfigError, match=r"period_algorithms\.CPU'; it is now one list"):
        load_config(overrides=published)


def test_reading_the_configuration_needs_no_heavy_library() -> None:
    heavy = [
        "numba",
        "scipy",
        "pandas",
        "sklearn",
        "tensorflow",
        "xgboost",
        "onnxruntime",
        "matplotlib",
        "snakemake",
    ]
    code = (
        "import sys; from scope.config import load_config; load_config(); "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "[]", result.stderr


def test_algorithms_that_look_at_something_else_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"cannot score light curves.*'cnn'; allowed: dnn, xgb$"):
        load_config(overrides={"inference": {"algorithms": ["xgb", "cnn"]}})
