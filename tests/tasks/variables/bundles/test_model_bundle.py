"""Bundles: what is checked, and what is said when something does not fit."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from scope.errors import BundleError, ConfigError, InputError
from scope.tasks.variables.bundles.model_bundle import ModelBundle, bundle_folder
from tests.small_models import DEFINITIONS, FEATURES, small_bundle, small_training_set, train


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of a whole bundle, to be broken."""
    return Path(shutil.copytree(small_bundle("xgb").folder, tmp_path / "models" / "xgb" / "small"))


def change(folder: Path, **changes: Any) -> None:
    manifest = json.loads((folder / "bundle.json").read_text())
    manifest.update(changes)
    (folder / "bundle.json").write_text(json.dumps(manifest))


def test_a_bundle_tells_what_its_models_see() -> None:
    bundle = small_bundle("xgb")
    assert (bundle.algorithm, bundle.group, bundle.period_suffix) == ("xgb", "small", "LS")
    assert bundle.classes == ("low", "red")
    assert bundle.features("low") == tuple(FEATURES["phenomenological"])
    assert bundle.features("red") == tuple(FEATURES["ontological"])
    assert bundle.definition("red") == DEFINITIONS[1]
    assert bundle.column("low") == "low_xgb"


def test_the_manifest_lists_the_hash_of_every_other_file() -> None:
    bundle = small_bundle("xgb")
    hashes = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in bundle.folder.iterdir()
        if path.name != "bundle.json"
    }
    assert bundle.manifest["files"] == hashes
    others = {"preprocessing.json", "calibration.json", "metrics.json", "card.md"}
    assert set(hashes) == {"low.ubj", "red.ubj", *others}


def test_inputs_and_outputs_are_described() -> None:
    manifest = small_bundle("dnn").manifest
    shapes = {item["name"]: item["shape"] for item in manifest["inputs"]}
    assert shapes == {
        "phenomenological": [None, 5],
        "ontological": [None, 9],
        "dmdt": [None, 26, 26],
    }
    assert manifest["outputs"][1] == {"name": "red_dnn", "kind": "score"}
    assert manifest["thresholds"] == {"low": 0.7, "red": 0.7}


def test_both_algorithms_share_their_preprocessing_to_the_byte() -> None:
    trees, networks = (
        (small_bundle(algorithm).folder / "preprocessing.json").read_bytes()
        for algorithm in ("xgb", "dnn")
    )
    assert trees == networks


def test_a_copy_is_the_same_bundle(folder: Path) -> None:
    assert ModelBundle.load(folder).sha256 == small_bundle("xgb").sha256


@pytest.mark.parametrize("name", ["red.ubj", "preprocessing.json", "card.md"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(BundleError, match=f"without files that it lists: '{name}'.*train it again"):
        ModelBundle.load(folder)


@pytest.mark.parametrize("name", ["low.ubj", "preprocessing.json", "calibration.json"])
def test_a_changed_file_is_named(folder: Path, name: str) -> None:
    (folder / name).write_bytes((folder / name).read_bytes() + b" ")
    with pytest.raises(BundleError, match=f"another hash.*'{name}'"):
        ModelBundle.load(folder)


def test_a_model_that_does_not_belong_is_named(folder: Path) -> None:
    shutil.copy(folder / "low.ubj", folder / "guest.ubj")
    with pytest.raises(BundleError, match=r"do not belong to it: 'guest\.ubj'"):
        ModelBundle.load(folder)


def test_a_folder_without_manifest_is_no_bundle(folder: Path) -> None:
    (folder / "bundle.json").unlink()
    with pytest.raises(BundleError, match=r"without bundle\.json"):
        ModelBundle.load(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "recipe"},
        {"schema_version": 7},
        {"algorithm": "svm"},
        {"members": [{"class": "a"}]},
        {"members": 3},
    ],
)
def test_a_manifest_of_another_kind_is_refused(folder: Path, changes: dict[str, Any]) -> None:
    change(folder, **changes)
    with pytest.raises(BundleError, match="no kind that this version reads"):
        ModelBundle.load(folder)


def test_a_truncated_manifest_is_refused(folder: Path) -> None:
    path = folder / "bundle.json"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(BundleError, match="no kind that this version reads"):
        ModelBundle.load(folder)


def test_features_that_the_preprocessing_does_not_make_are_named(folder: Path) -> None:
    change(folder, features={**FEATURES, "ontological": ["curve_0", "parallax"]})
    with pytest.raises(BundleError, match=r"class 'red' needs .*: 'parallax'"):
        ModelBundle.load(folder)


def test_another_period_search_is_refused(folder: Path) -> None:
    change(folder, period_suffix="LS_BIC")
    with pytest.raises(BundleError, match="two period searches: 'LS_BIC, LS'"):
        ModelBundle.load(folder)


def test_a_bundle_without_calibration_is_whole(tmp_path: Path) -> None:
    bundle = train(small_training_set(), tmp_path / "small", "xgb", calibration=None)
    assert bundle.calibration is None
    assert not (bundle.folder / "calibration.json").exists()
    assert ModelBundle.load(bundle.folder).classes == ("low", "red")


def test_the_calibration_of_other_classes_is_refused(folder: Path, tmp_path: Path) -> None:
    other = train(small_training_set(), tmp_path / "other", "xgb", definitions=DEFINITIONS[:1])
    shutil.copy(other.folder / "calibration.json", folder)
    manifest = json.loads((folder / "bundle.json").read_text())
    manifest["files"]["calibration.json"] = other.manifest["files"]["calibration.json"]
    change(folder, files=manifest["files"])
    with pytest.raises(BundleError, match=r"calibration of other models: 'xgb: low'"):
        ModelBundle.load(folder)


def test_trees_of_another_class_are_refused(folder: Path) -> None:
    shutil.copy(folder / "low.ubj", folder / "red.ubj")
    manifest = json.loads((folder / "bundle.json").read_text())
    manifest["files"]["red.ubj"] = manifest["files"]["low.ubj"]
    change(folder, files=manifest["files"])
    with pytest.raises(BundleError, match="trained on other features"):
        ModelBundle.load(folder).classifier("red")


def test_a_group_that_is_not_there_names_those_that_are(folder: Path) -> None:
    models = folder.parents[1]
    assert bundle_folder(models, "xgb", "small") == folder
    with pytest.raises(BundleError, match=r"no xgb models of group 'ss23'.*allowed: small"):
        bundle_folder(models, "xgb", "ss23")
    with pytest.raises(BundleError, match="no group has dnn models"):
        bundle_folder(models, "dnn", "small")
    with pytest.raises(ConfigError, match="'svm'; allowed: dnn, xgb"):
        bundle_folder(models, "svm", "small")


def test_classes_come_in_the_order_of_the_bundle() -> None:
    bundle = small_bundle("xgb")
    assert bundle.select(["red", "low"]) == ("low", "red")
    assert bundle.select(None) == ("low", "red")
    with pytest.raises(ConfigError, match="'blue'; allowed: low, red"):
        bundle.select(["blue"])
    with pytest.raises(ConfigError, match="no class at all"):
        bundle.select([])


def test_training_again_replaces_a_bundle_but_no_other_folder(tmp_path: Path) -> None:
    output = tmp_path / "small"
    output.mkdir()
    first = train(small_training_set(), output, "xgb", definitions=DEFINITIONS[:1])
    second = train(small_training_set(), output, "xgb", definitions=DEFINITIONS[1:])
    assert (first.classes, second.classes) == (("low",), ("red",))
    assert ModelBundle.load(output).classes == ("red",)
    assert [path.name for path in tmp_path.iterdir()] == ["small"]
    (output / "bundle.json").unlink()
    with pytest.raises(InputError, match="no model bundle stands where"):
        train(small_training_set(), output, "xgb", definitions=DEFINITIONS[:1])
