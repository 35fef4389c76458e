"""Fusion of networks and trees: its weights where they are known, and whom it serves."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit, logit

from scope.errors import BundleError, InputError
from scope.io import write_table
from scope.models.training.splits import TEST
from scope.plugins import ALGORITHMS
from scope.tasks.variables.bundles.model_bundle import ModelBundle
from scope.tasks.variables.training.fuse import Fusion, Stack, fuse, learn_stack, models_in_use
from scope.tasks.variables.training.training_scores import ClassScores, TrainingScores
from tests.small_models import (
    DEFINITIONS,
    feature_table,
    small_bundle,
    small_scores,
    small_training_set,
    train,
)

BASE = 0.3


def small_fusion(output: Path) -> Fusion:
    bundles = [small_bundle(name) for name in ("dnn", "xgb")]
    return fuse(bundles, [small_scores(name) for name in ("dnn", "xgb")], output)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("models") / "fused" / "small"
    small_fusion(output)
    return output


def known_rows(n: int = 40_000) -> tuple[TrainingScores, dict[str, np.ndarray]]:
    """Rows that two algorithms judge by independent evidence, each of them rightly."""
    rng = np.random.default_rng(0)
    target = rng.random(n) < BASE
    values = {}
    for name, spread in (("dnn", 1.0), ("xgb", 2.0)):
        seen = rng.normal(np.where(target, 1.0, -1.0), spread)
        values[name] = 2 * seen / spread**2 + logit(BASE)
    part = ClassScores(target, np.ones(n, bool), np.zeros(n, np.float32), BASE)
    zero = np.zeros(n, np.int64)
    return TrainingScores(
        np.arange(n), np.arange(n), zero.astype(np.int8), {}, {"ea": part}
    ), values


def test_independent_evidence_is_added_and_the_prevalence_counted_once() -> None:
    # Bayes: log-odds of both = sum of either - log-odds of the prevalence
    scores, values = known_rows()
    stack = learn_stack(scores, "ea", values)
    assert stack.weights == pytest.approx({"dnn": 1, "xgb": 1}, abs=0.05)
    assert stack.intercept == pytest.approx(-logit(BASE), abs=0.05)


def test_the_same_evidence_twice_is_evidence_once() -> None:
    scores, values = known_rows()
    stack = learn_stack(scores, "ea", {"dnn": values["dnn"], "xgb": values["dnn"]})
    assert stack.weights == pytest.approx({"dnn": 0.5, "xgb": 0.5}, abs=0.03)
    assert stack.log_odds({"dnn": values["dnn"], "xgb": values["dnn"]}) == pytest.approx(
        values["dnn"], abs=0.2
    )


def test_noise_counts_next_to_nothing_and_never_against_a_class() -> None:
    scores, values = known_rows()
    noise = np.random.default_rng(1).normal(size=len(values["dnn"]))
    for junk in (noise, -values["dnn"] + noise):
        stack = learn_stack(scores, "ea", {"dnn": values["dnn"], "xgb": junk})
        assert 0 < stack.weights["xgb"] < 0.03


def test_one_algorithm_is_left_as_it_is() -> None:
    scores, values = known_rows(100)
    stack = learn_stack(scores, "ea", {"xgb": values["xgb"]})
    assert stack == Stack({"xgb": 1.0}, 0.0)
    np.testing.assert_array_equal(stack.log_odds(values), values["xgb"])


def test_a_fusion_knows_its_bundles_and_gives_back_what_was_learnt(folder: Path) -> None:
    fusion = Fusion.load(folder)
    assert fusion.bundles == {name: small_bundle(name).sha256 for name in ("dnn", "xgb")}
    assert list(fusion.stacks) == ["low", "red"]
    assert {item.method for item in fusion.calibration.classes.values()} == {"identity"}
    values = {"dnn": np.array([0.5, -2.0]), "xgb": np.array([1.5, -1.0])}
    stack = fusion.stacks["red"]
    expected = (
        stack.weights["dnn"] * values["dnn"] + stack.weights["xgb"] * values["xgb"]
    ) + stack.intercept
    np.testing.assert_allclose(fusion.log_odds("red", values), expected)


def test_fused_probabilities_are_judged_on_test_stars_beside_either_algorithm(
    folder: Path,
) -> None:
    metrics = json.loads((folder / "metrics.json").read_text())["classes"]["red"]
    assert metrics["test"]["n_stars"] == 27
    fusion = Fusion.load(folder)
    values, target = {}, np.empty(0)
    for name in ("dnn", "xgb"):
        scores, _ = TrainingScores.read(small_scores(name))
        rows = scores.judged("red", TEST)
        bundle = small_bundle(name)
        assert bundle.calibration is not None
        values[name] = bundle.calibration.classes["red"].log_odds(rows.scores)
        target = rows.target
        own = json.loads((bundle.folder / "metrics.json").read_text())["classes"]["red"]["test"]
        assert metrics["compared"][name]["average_precision"] == own["average_precision"]
    brier = float(np.mean((expit(fusion.log_odds("red", values)) - target) ** 2))
    assert metrics["calibrated"]["brier"]["score"] == pytest.approx(brier, rel=1e-5)
    assert "| red |" in (folder / "card.md").read_text()


def test_the_same_bundles_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    small_fusion(tmp_path / "small")
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / "small" / path.name).read_bytes()


@pytest.mark.parametrize("name", ["calibration.json", "metrics.json", "bundle.json"])
def test_a_changed_or_missing_file_is_refused(folder: Path, tmp_path: Path, name: str) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    (copy / name).write_bytes((copy / name).read_bytes()[:-40])
    with pytest.raises(BundleError, match="fusion that cannot be used"):
        Fusion.load(copy)
    (copy / name).unlink()
    with pytest.raises(BundleError, match="fusion that cannot be used"):
        Fusion.load(copy)


def test_a_bundle_of_models_is_no_fusion() -> None:
    with pytest.raises(BundleError, match=r"scope model bundle.*scope fusion, version 1"):
        Fusion.load(small_bundle("xgb").folder)


def test_scores_of_other_models_and_other_training_sets_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.parquet"
    write_table(feature_table(seed=1), other, {})
    scores = tmp_path / "scores.parquet"
    apart = train(other, tmp_path / "apart", "xgb", scores_output=scores)
    network = small_bundle("dnn")
    with pytest.raises(InputError, match="scores of other models than"):
        fuse([network, apart], [small_scores("dnn"), small_scores("xgb")], tmp_path / "f")
    with pytest.raises(InputError, match="different training sets"):
        fuse([network, apart], [small_scores("dnn"), scores], tmp_path / "f")
    assert not (tmp_path / "f").exists()


def test_models_without_calibration_cannot_be_fused(tmp_path: Path) -> None:
    scores = tmp_path / "scores.parquet"
    bundle: ModelBundle = train(
        small_training_set(),
        tmp_path / "bare",
        "xgb",
        calibration=None,
        definitions=DEFINITIONS[:1],
        scores_output=scores,
    )
    with pytest.raises(InputError, match="without probabilities to fuse"):
        fuse([bundle], [scores], tmp_path / "f")


def _bundles(folder: Path, *places: str) -> None:
    for place in places:
        (folder / place).mkdir(parents=True)
        (folder / place / "bundle.json").write_text("{}")


def test_the_fusion_in_use_is_that_of_the_models_that_lie_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCOPE_ALGORITHMS", "")
    ALGORITHMS.add({"hgb": "tests.workflow.my_trees:HGB"})
    own, shipped = tmp_path / "own", tmp_path / "shipped"
    _bundles(own, "variables/hgb/mine", "variables/hgb/starter")
    _bundles(shipped, "dnn/starter", "xgb/starter", "fused/starter")
    both = {"dnn": "starter", "xgb": "starter"}
    for groups in (both, {**both, "hgb": "mine"}, {**both, "hgb": "starter"}):
        folders, fusion = models_in_use([own, shipped], groups)
        assert fusion == shipped / "fused" / "starter"
        assert len(folders) == len(groups)
    assert models_in_use([own, shipped], {"xgb": "starter"})[1] is None
    assert models_in_use([own, shipped], {"xgb": "starter", "hgb": "mine"})[1] is None


def test_a_fusion_that_needs_a_model_which_is_not_in_use_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Models of one's own algorithm lie beside one of the two that were fused."""
    monkeypatch.setenv("SCOPE_ALGORITHMS", "")
    ALGORITHMS.add({"hgb": "tests.workflow.my_trees:HGB"})
    _bundles(tmp_path, "variables/hgb/small", "variables/xgb/small", "variables/dnn/small")
    fusion = tmp_path / "variables" / "fused" / "small"
    small_fusion(fusion)
    groups = {"xgb": "small", "hgb": "small"}
    assert models_in_use(tmp_path, groups)[1] is None
    assert models_in_use(tmp_path, {**groups, "dnn": "small"})[1] == fusion
