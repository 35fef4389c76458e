"""Bundles of a task and an algorithm that the library has never heard of."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scope.errors import BackendError, BundleError, ConfigError, InputError
from scope.models import (
    Bundle,
    InputSpec,
    Member,
    Output,
    Rows,
    Task,
    TrainingData,
    bundle_folder,
    find_algorithm,
    load_bundle,
    write_bundle,
)
from scope.models.bundle import read_manifest
from scope.models.places import writing_folder
from scope.plugins import ALGORITHMS

SHAPE = (5, 5)


@dataclass
class Pictures(Task):
    name: str = "pictures"
    title: str = "pictures"
    inputs: tuple[InputSpec, ...] = (InputSpec("picture", (None, *SHAPE)),)
    old_places: tuple[str, ...] = ("{algorithm}/{group}", "../models_{algorithm}/{group}")
    pad: int = 5
    seen: list[Bundle] = field(default_factory=list)

    def check_bundle(self, bundle: Bundle) -> None:
        self.seen.append(bundle)
        if bundle.preparation["pad"] != self.pad:
            raise BundleError("pictures of another size", value=bundle.preparation["pad"])


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    monkeypatch.setenv("SCOPE_ALGORITHMS", "")
    ALGORITHMS.add({"centroid": "tests.bundles.centroid:Centroid"})


def rows(n: int = 40, seed: int = 1) -> Rows:
    rng = np.random.default_rng(seed)
    target = rng.random(n) < 0.5
    pictures = rng.normal(size=(n, *SHAPE)) / 20 + target[:, None, None]
    return Rows({"picture": pictures}, target, np.arange(n))


def write(folder: Path, **changes: Any) -> Bundle:
    """An ensemble of two."""
    algorithm = find_algorithm("centroid")
    models = {}
    for number in range(2):
        part = rows().take(np.arange(40) % 2 == number)
        data = TrainingData(part, rows(seed=2), (InputSpec("picture", (None, *SHAPE)),))
        models[f"net_{number}"] = algorithm.train(data, algorithm.options(), 0).content
    given: dict[str, Any] = {
        "task": "pictures",
        "algorithm": "centroid",
        "group": folder.name,
        "inputs": [InputSpec("picture", (None, *SHAPE))],
        "outputs": [Output("real_centroid")],
        "members": [
            Member(name, f"{name}.centre", "real_centroid", facts={"seed": 0}) for name in models
        ],
        "models": models,
        "metrics": {"members": {}},
        "card": "# pictures\n",
        "preparation": {"pad": 5},
        "facts": {"versions": {"numpy": np.__version__}},
    }
    return write_bundle(folder, **{**given, **changes})


def test_what_is_written_scores_as_what_was_trained(tmp_path):
    write(tmp_path / "pictures" / "centroid" / "first")
    task = Pictures()
    bundle = load_bundle(bundle_folder(tmp_path, task, "centroid", "first"), task)
    assert (bundle.task, bundle.algorithm, bundle.group) == ("pictures", "centroid", "first")
    assert list(bundle.members) == ["net_0", "net_1"]
    assert bundle.members["net_1"].facts == {"seed": 0}
    assert bundle.outputs["real_centroid"].kind == "score"
    assert task.seen == [bundle]
    test = rows(seed=3)
    positive = rows().take(np.arange(40) % 2 == 0)
    # The closed form: a Gaussian of the distance to the mean of the positive rows.
    centre = positive.inputs["picture"][positive.target].mean(axis=0)
    expected = np.exp(-((test.inputs["picture"] - centre) ** 2).sum(axis=(1, 2)))
    scores = bundle.scorer("net_0").score(test.inputs)
    assert scores == pytest.approx(expected.astype(np.float32), abs=0)
    assert not np.array_equal(scores, bundle.scorer("net_1").score(test.inputs))


@pytest.mark.parametrize("old", ["centroid/first", "../models_centroid/first"])
def test_the_old_places_are_still_found_after_the_new_one(tmp_path, old):
    models = tmp_path / "models"
    models.mkdir()
    at = models / old
    write(at)
    task = Pictures()
    assert bundle_folder(models, task, "centroid", "first").resolve() == at.resolve()
    new = models / "pictures" / "centroid" / "first"
    write(new)
    assert bundle_folder(models, task, "centroid", "first") == new


@pytest.mark.parametrize("place", ["pictures/centroid/first", "../models_centroid/first"])
def test_what_is_written_again_is_what_is_found_afterwards(tmp_path, place):
    models, task = tmp_path / "models", Pictures()
    models.mkdir()
    assert writing_folder(models, task, "centroid", "first") == models / "centroid" / "first"
    write(models / place)
    again = writing_folder(models, task, "centroid", "first")
    assert again.resolve() == (models / place).resolve()
    write(again)
    assert bundle_folder(models, task, "centroid", "first") == again


def test_a_group_that_is_nowhere_is_answered_with_those_there_are(tmp_path):
    write(tmp_path / "pictures" / "centroid" / "first")
    with pytest.raises(BundleError, match="first"):
        bundle_folder(tmp_path, Pictures(), "centroid", "second")
    with pytest.raises(ConfigError, match="unknown algorithm"):
        bundle_folder(tmp_path, Pictures(), "forest", "first")
    (tmp_path / "pictures" / "centroid" / "second").mkdir()
    with pytest.raises(BundleError, match=r"without bundle\.json"):
        bundle_folder(tmp_path, Pictures(), "centroid", "second")


def test_a_bundle_of_another_task_or_preparation_is_refused(tmp_path):
    folder = tmp_path / "first"
    write(folder)
    with pytest.raises(BundleError, match="another size"):
        load_bundle(folder, Pictures(pad=7))
    with pytest.raises(BundleError, match="another task"):
        load_bundle(folder, Pictures(name="photographs"))
    other = (InputSpec("spectrum", (None, 10)),)
    with pytest.raises(BundleError, match="another task"):
        load_bundle(folder, Pictures(inputs=other))


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda at: (at / "net_0.centre").unlink(), "without files that it lists"),
        (lambda at: (at / "card.md").write_text("better"), "another hash"),
        (lambda at: (at / "net_2.centre").write_text("{}"), "do not belong to it"),
        (lambda at: (at / "bundle.json").write_text("[]"), "no kind that this version reads"),
        (lambda at: (at / "bundle.json").unlink(), "without bundle.json"),
    ],
)
def test_a_bundle_that_is_not_whole_is_refused(tmp_path, harm, words):
    folder = tmp_path / "first"
    write(folder)
    harm(folder)
    with pytest.raises(BundleError, match=words):
        load_bundle(folder, Pictures())


@pytest.mark.parametrize(
    ("change", "value", "words"),
    [
        ("algorithm", "forest", "forest"),
        ("members", [], "no members"),
        ("schema_version", 99, "version 99"),
        ("outputs", [], "that is none"),
        ("members", [{"name": "a", "file": "../a.centre", "output": "real_centroid"}], "outside"),
        ("files", {"../../secret": "0" * 64}, "outside"),
    ],
)
def test_a_manifest_that_does_not_fit_together_is_refused(tmp_path, change, value, words):
    folder = tmp_path / "first"
    write(folder)
    manifest = json.loads((folder / "bundle.json").read_text())
    (folder / "bundle.json").write_text(json.dumps({**manifest, change: value}))
    with pytest.raises(BundleError, match=words):
        read_manifest(folder)


def test_a_folder_of_something_else_is_not_replaced(tmp_path):
    folder = tmp_path / "first"
    folder.mkdir()
    (folder / "thesis.tex").write_text("years of work")
    with pytest.raises(InputError, match="no model bundle"):
        write(folder)
    assert (folder / "thesis.tex").read_text() == "years of work"
    assert [path.name for path in tmp_path.iterdir()] == ["first"]


def test_a_failed_write_leaves_the_old_bundle(tmp_path, monkeypatch):
    before = write(tmp_path / "first").sha256
    monkeypatch.setattr(Path, "write_bytes", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        write(tmp_path / "first", card="# another\n")
    monkeypatch.undo()
    monkeypatch.setenv("SCOPE_ALGORITHMS", "")
    ALGORITHMS.add({"centroid": "tests.bundles.centroid:Centroid"})
    assert Bundle.load(tmp_path / "first").sha256 == before
    assert [path.name for path in tmp_path.iterdir()] == ["first"]


def test_members_are_chosen_in_the_order_of_the_bundle(tmp_path):
    bundle = write(tmp_path / "first")
    assert bundle.select(["net_1", "net_0"]) == ("net_0", "net_1")
    with pytest.raises(ConfigError, match="net_7"):
        bundle.scorer("net_7")


def test_a_device_that_an_algorithm_cannot_use_is_an_error():
    with pytest.raises(BackendError, match="cuda"):
        find_algorithm("centroid").check_device("cuda")
