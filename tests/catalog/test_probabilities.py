"""The probability columns of a catalogue, from models that were trained for the tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy.special import expit, logit

from scope.catalog import gather, merge, publish_catalog
from scope.catalog.prevalence_options import PrevalenceOptions
from scope.catalog.probabilities import Probabilities, load_probabilities
from scope.config import Config
from scope.errors import BundleError, ConfigError
from scope.io import read_metadata, read_table, write_table
from scope.models.calibration.class_tree import ClassTree
from scope.plugins import ALGORITHMS
from scope.report.expected import why_no_probabilities
from scope.tasks.variables.bundles.model_bundle import ModelBundle
from scope.tasks.variables.training.fuse import Fusion, fuse
from tests.catalog.tables import write_scores, write_unit
from tests.small_models import DEFINITIONS, small_bundle, small_scores, small_training_set, train

ALGORITHM_NAMES = ("dnn", "xgb")
TREE = ClassTree({"low": None, "red": "low"})
TAGS = ("low", "red")
FEW = PrevalenceOptions(min_rows=10**6)


@pytest.fixture(scope="module")
def fusion(tmp_path_factory: pytest.TempPathFactory) -> Fusion:
    output = tmp_path_factory.mktemp("models") / "fused" / "small"
    bundles = [small_bundle(name) for name in ALGORITHM_NAMES]
    return fuse(bundles, [small_scores(name) for name in ALGORITHM_NAMES], output)


def write_predictions(
    folder: Path, bundle: ModelBundle, n: int = 3000, tags: Sequence[str] | None = None
) -> Path:
    """Write random scores of a bundle for the same rows each time; every third has a reason."""
    name = bundle.algorithm
    unit = write_unit(folder / f"unit_{name}.parquet", list(range(100, 100 + n)))
    gathered = folder / f"gathered_{name}.parquet"
    gather([unit], gathered)
    scores = write_scores(
        folder / f"scores_{name}.parquet",
        read_table(gathered),
        [f"{tag}_{name}" for tag in tags or bundle.classes],
        facts={"bundle": bundle.identity},
    )
    merge(gathered, [scores], folder / f"preds_{name}.parquet", algorithm=name)
    return folder / f"preds_{name}.parquet"


def published(
    folder: Path,
    fusion: Fusion | None,
    *,
    algorithms: tuple[str, ...] = ALGORITHM_NAMES,
    options: PrevalenceOptions | None = None,
    tree: ClassTree = TREE,
    n: int = 3000,
) -> tuple[pa.Table, dict[str, Any]]:
    """Return the catalogue of random scores and its record."""
    bundles = [small_bundle(name) for name in algorithms]
    paths = [write_predictions(folder, bundle, n) for bundle in bundles]
    output = folder / "catalog.parquet"
    publish_catalog(paths, output, probabilities=Probabilities(bundles, fusion, tree, options))
    return read_table(output), read_metadata(output)


def numbers(table: pa.Table, name: str) -> np.ndarray:
    return np.asarray(table.column(name).to_numpy(), dtype=np.float64)


def healthy(table: pa.Table) -> np.ndarray:
    return np.array([reason is None for reason in table.column("reason").to_pylist()])


def test_probabilities_follow_the_scores_class_by_class(tmp_path: Path, fusion: Fusion) -> None:
    table, _ = published(tmp_path, fusion)
    first = table.schema.names.index("low_xgb") + 2
    assert table.schema.names[first:] == [
        *("low_dnn_p", "low_xgb_p", "low_p_train", "low_p_field", "low_p", "low_set"),
        *("red_dnn_p", "red_xgb_p", "red_p_train", "red_p_field", "red_p", "red_set"),
        "tree_shift",
    ]
    for name in table.schema.names[first:]:
        assert table.schema.field(name).metadata[b"description"]
        missing = table.column(name).is_null().to_numpy()
        np.testing.assert_array_equal(missing, ~healthy(table), err_msg=name)


def test_each_step_is_the_formula_of_its_paper(tmp_path: Path, fusion: Fusion) -> None:
    # Random scores are unlike those of training: nothing is estimated from them unasked.
    table, record = published(tmp_path, fusion, options=PrevalenceOptions(most_distance=1))
    good = healthy(table)
    scores = np.clip(numbers(table, "red_xgb")[good], 1e-12, 1 - 2**-24)
    platt = small_bundle("xgb").calibration.classes["red"].parameters  # type: ignore[union-attr]
    by_trees = platt["slope"] * logit(scores) + platt["intercept"]
    np.testing.assert_allclose(numbers(table, "red_xgb_p")[good], expit(by_trees), rtol=1e-5)
    stack = fusion.stacks["red"]
    by_both = (
        stack.weights["dnn"] * logit(numbers(table, "red_dnn_p")[good])
        + stack.weights["xgb"] * by_trees
        + stack.intercept
    )
    together = numbers(table, "red_p_train")[good]
    np.testing.assert_allclose(together, expit(by_both), rtol=1e-4)
    facts = record["probabilities"]["classes"]["red"]
    before, after = facts["training_prevalence"], facts["prevalence"]
    assert abs(after - before) > 0.01
    shifted = expit(by_both - logit(before) + logit(after))
    np.testing.assert_allclose(numbers(table, "red_p_field")[good], shifted, rtol=1e-4)
    item = fusion.calibration.classes["red"]
    assert item.lowest_positive is not None
    assert item.highest_negative is not None
    sets = 1 * (together >= item.lowest_positive) + 2 * (together <= item.highest_negative)
    assert (numbers(table, "red_set")[good] == sets).mean() > 0.999  # float32 at the edges


def test_no_class_is_above_the_one_that_it_is_a_kind_of(tmp_path: Path, fusion: Fusion) -> None:
    table, record = published(tmp_path, fusion, options=FEW)
    good = healthy(table)
    low, red = (numbers(table, f"{tag}_p")[good] for tag in ("low", "red"))
    before = {tag: numbers(table, f"{tag}_p_field")[good] for tag in ("low", "red")}
    wrong = before["red"] > before["low"]
    assert 0 < wrong.mean() < 1
    assert (red <= low).all()
    # two classes that are out of order meet in the middle, by half of their distance
    middle = (before["red"] + before["low"]) / 2
    np.testing.assert_allclose(red[wrong], middle[wrong], rtol=1e-5)
    np.testing.assert_array_equal(red[~wrong], before["red"][~wrong])
    shift = np.where(wrong, (before["red"] - before["low"]) / 2, 0)
    np.testing.assert_allclose(numbers(table, "tree_shift")[good], shift, atol=1e-6)
    assert record["probabilities"]["tree"] == {"low": None, "red": "low"}


def test_an_estimated_prevalence_is_the_mean_of_the_probabilities_that_follow(
    tmp_path: Path, fusion: Fusion
) -> None:
    apart = ClassTree({"low": None, "red": None})
    options = PrevalenceOptions(most_distance=1)
    table, record = published(tmp_path, fusion, options=options, tree=apart)
    assert record["probabilities"]["rows"] == healthy(table).sum() == 2000
    for tag in ("low", "red"):
        found = record["probabilities"]["classes"][tag]
        assert found["prevalence_from"] == "estimated"
        low, high = found["prevalence_interval"]
        assert low <= found["prevalence"] <= high
        # Saerens et al. (2002): the fixed point of their iteration
        mean = numbers(table, f"{tag}_p_field")[healthy(table)].mean()
        assert found["prevalence"] == pytest.approx(mean, abs=1e-3)


def test_scores_unlike_training_keep_its_frequency_and_say_so(
    tmp_path: Path, fusion: Fusion
) -> None:
    table, record = published(tmp_path, fusion)  # random scores
    for tag in ("low", "red"):
        found = record["probabilities"]["classes"][tag]
        assert found["prevalence_from"] == "training"
        assert found["prevalence"] == found["training_prevalence"]
        assert found["prevalence_why"].startswith("scores unlike training")
        assert table.column(f"{tag}_p_field").equals(table.column(f"{tag}_p_train"))


def test_stated_frequencies_survive_the_tree(tmp_path: Path, fusion: Fusion) -> None:
    options = PrevalenceOptions(stated={"low": 0.05})
    table, record = published(tmp_path, fusion, options=options)
    good = healthy(table)
    assert record["probabilities"]["classes"]["low"]["prevalence_from"] == "stated"
    for name in ("low_p_field", "low_p"):
        assert numbers(table, name)[good].mean() == pytest.approx(0.05, rel=1e-4)
    assert (numbers(table, "red_p")[good] <= numbers(table, "low_p")[good]).all()


def test_small_targets_are_taken_to_be_as_in_training(tmp_path: Path, fusion: Fusion) -> None:
    table, record = published(tmp_path, fusion, n=30)
    found = record["probabilities"]["classes"]["low"]
    assert found["prevalence_from"] == "training"
    assert found["prevalence"] == found["training_prevalence"]
    assert table.column("low_p_field").equals(table.column("low_p_train"))


def test_nothing_is_estimated_if_so_configured(tmp_path: Path, fusion: Fusion) -> None:
    options = PrevalenceOptions(estimate=False, stated={"low": 0.2})
    _, record = published(tmp_path, fusion, options=options)
    kinds = {
        tag: item["prevalence_from"] for tag, item in record["probabilities"]["classes"].items()
    }
    assert kinds == {"low": "stated", "red": "training"}
    facts = record["probabilities"]["classes"]["red"]
    assert facts["prevalence"] <= 0.2
    assert facts["prevalence_why"].startswith("as configured")


def test_a_row_has_the_same_probability_in_any_company(tmp_path: Path, fusion: Fusion) -> None:
    (tmp_path / "many").mkdir()
    (tmp_path / "few").mkdir()
    many, _ = published(tmp_path / "many", fusion, options=FEW)
    few, _ = published(tmp_path / "few", fusion, options=FEW, n=30)
    for name in ("low_p_train", "red_p", "red_set", "tree_shift"):
        # scores are drawn row by row, so the first rows are the same
        assert few.column(name).to_pylist()[:30] == many.column(name).to_pylist()[:30]


def test_one_algorithm_alone_gives_probabilities_too(tmp_path: Path) -> None:
    table, record = published(tmp_path, None, algorithms=("xgb",))
    assert "low_dnn_p" not in table.schema.names
    assert table.column("low_p_train").equals(table.column("low_xgb_p"))
    assert record["probabilities"]["fusion"] is None


def test_two_algorithms_without_fusion_keep_their_own_probabilities(tmp_path: Path) -> None:
    table, record = published(tmp_path, None)
    ends = [name for name in table.schema.names if name.startswith("low_")]
    assert ends == ["low_dnn", "low_xgb", "low_dnn_p", "low_xgb_p"]
    assert record["probabilities"]["classes"] == {}
    assert "tree_shift" not in table.schema.names


def test_models_without_calibration_give_scores_alone(tmp_path: Path) -> None:
    bundle = train(small_training_set(), tmp_path / "bare", "xgb", calibration=None)
    path = write_predictions(tmp_path, bundle, n=60)
    probabilities = Probabilities([bundle], None, TREE)
    publish_catalog([path], tmp_path / "catalog.parquet", probabilities=probabilities)
    assert read_table(tmp_path / "catalog.parquet").equals(read_table(path))
    assert "probabilities" not in read_metadata(tmp_path / "catalog.parquet")


def test_scores_of_other_models_are_refused(tmp_path: Path) -> None:
    other = train(small_training_set(), tmp_path / "other", "xgb")
    path = write_predictions(tmp_path, other, n=60)
    probabilities = Probabilities([small_bundle("xgb")], None, TREE)
    with pytest.raises(BundleError, match=r"xgb that were made by other models.*score the target"):
        publish_catalog([path], tmp_path / "catalog.parquet", probabilities=probabilities)
    assert not (tmp_path / "catalog.parquet").exists()


def test_a_fusion_of_other_models_is_refused(fusion: Fusion) -> None:
    with pytest.raises(BundleError, match="fusion of other models than those in use"):
        Probabilities([small_bundle("xgb")], fusion, TREE)


def test_settings_of_the_configuration_arrive(tmp_path: Path) -> None:
    options: Mapping[str, Any] = {
        "prevalence": "training",
        "lists": "estimated",
        "min_rows": 5,
        "stated": {"low": 0.5},
        "most_distance": 0.2,
    }
    folder = small_bundle("xgb").folder
    parents = {"low": None, "red": "low"}
    found = load_probabilities([folder], None, parents, options)
    assert found.options == PrevalenceOptions(False, 5, {"low": 0.5}, 0.2)
    assert found.tree == TREE
    listed = load_probabilities([folder], None, parents, options, exclusive=["red"], listed=True)
    assert listed.options.estimate
    assert listed.tree.exclusive == {"red"}
    defaults = load_probabilities([folder], None, {}, Config().probabilities.model_dump())
    assert defaults.options == PrevalenceOptions()
    with pytest.raises(ConfigError, match="kind of itself"):
        load_probabilities([folder], None, {"low": "low"}, options)


def test_every_column_is_in_the_documentation(tmp_path: Path, fusion: Fusion, root: Path) -> None:
    table, _ = published(tmp_path, fusion, n=30)
    text = (root / "docs" / "catalog.md").read_text()
    for name in table.schema.names:
        general = name
        for tag in ("low", "red"):
            general = general.replace(f"{tag}_", "<class>_", 1)
        assert f"`{general}`" in text, name


def test_no_class_of_periodic_stars_is_likely_where_a_trend_has_the_period(
    tmp_path: Path, fusion: Fusion
) -> None:
    bundles = [small_bundle(name) for name in ALGORITHM_NAMES]
    paths = [write_predictions(tmp_path, bundle) for bundle in bundles]
    flags = np.arange(3000) % 2 == 0
    for path in paths:
        table = read_table(path)
        place = table.schema.get_field_index("alias_trend")
        table = table.set_column(place, "alias_trend", pa.array(flags))
        write_table(table, path, read_metadata(path))
    free, held = tmp_path / "free.parquet", tmp_path / "held.parquet"
    for output, periodic in ((free, ()), (held, ("red",))):
        tree = ClassTree({"low": None, "red": "low"}, periodic=frozenset(periodic))
        publish_catalog(paths, output, probabilities=Probabilities(bundles, fusion, tree, FEW))
    before, after = read_table(free), read_table(held)
    flagged = flags & healthy(after)
    cut = min(0.5, fusion.calibration.classes["red"].cut or 0.5)
    for name in ("red_p", "red_p_train", "red_p_field", "red_dnn_p", "red_xgb_p"):
        old, new = numbers(before, name), numbers(after, name)
        assert old[flagged].max() > 0.5
        if name == "red_p_train":
            # A row that nothing tells is not called by the recommended cut.
            assert cut - 0.001 < new[flagged].max() <= cut
        else:
            assert new[flagged].max() == 0.5
        apart = np.isfinite(old) & ~flagged
        assert np.array_equal(new[apart], old[apart])
    changed = numbers(before, "red_p_train") > cut
    sets = numbers(after, "red_set")
    assert set(sets[flagged & changed]) == {3}
    assert np.array_equal(sets[flagged & ~changed], numbers(before, "red_set")[flagged & ~changed])
    # All doors of the field check count what the catalogue has: nulls, and the real rows.
    table = after.select(
        ["reason", "alias_trend", *(f"{t}_{a}" for t in TAGS for a in ALGORITHM_NAMES)]
    )
    table = table.append_column("null", pa.array(["shuffled"] * len(table)))
    write_table(table, tmp_path / "nulls.parquet", {})
    publish_catalog(
        paths,
        tmp_path / "checked.parquet",
        probabilities=Probabilities(bundles, fusion, tree, FEW),
        nulls=tmp_path / "nulls.parquet",
    )
    checked = read_metadata(tmp_path / "checked.parquet")["field_check"]["classes"]["red"]
    for edge in checked["columns"]["red_p"]["above"]:
        expected = int((numbers(after, "red_p") >= np.float32(edge["threshold"])).sum())
        assert (edge["real"], edge["null"]) == (expected, expected)
    # What is not told by a period keeps its probability, and so do all scores.
    for name in ("low_p_train", "low_dnn", "red_xgb"):
        assert after.column(name).equals(before.column(name))


def test_rows_that_tell_nothing_of_a_class_tell_nothing_of_its_frequency(
    tmp_path: Path, fusion: Fusion
) -> None:
    """Expected: the estimate from the other rows alone."""
    bundles = [small_bundle(name) for name in ALGORITHM_NAMES]
    (path,) = (write_predictions(tmp_path, bundles[0]),)
    scores = read_table(path).filter(pa.array(healthy(read_table(path))))
    flags = np.arange(len(scores)) % 3 > 0
    place = scores.schema.get_field_index("alias_trend")
    flagged = scores.set_column(place, "alias_trend", pa.array(flags))
    tree = ClassTree({"low": None, "red": None}, periodic=frozenset({"red"}))
    found = []
    for rows in (flagged, scores.filter(pa.array(~flags))):
        columns = Probabilities(bundles[:1], None, tree, PrevalenceOptions(min_rows=10)).for_scores(
            rows.schema.names
        )
        columns.count(rows)
        columns.settle()
        found.append(columns.frequencies["red"].value)
    assert found[0] == pytest.approx(found[1], abs=1e-6)


def test_kinds_of_a_periodic_class_are_periodic() -> None:
    tree = ClassTree(Config().class_parents(), periodic=frozenset(Config().periodic_classes()))
    periodic = {"pnp", "sin", "ea", "rscvn", "mir", "rrab", "dscu", "ceph2", "bis", "blher"}
    assert all(map(tree.has_period, periodic))
    assert not any(map(tree.has_period, ("vnv", "agn", "cv", "longt", "yso", "transient", "dip")))


@pytest.fixture
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelBundle:
    """Models of a user's own algorithm, trained by themselves, for one class more."""
    monkeypatch.setenv("SCOPE_ALGORITHMS", "")
    ALGORITHMS.add({"hgb": "tests.workflow.my_trees:HGB"})
    blue = replace(DEFINITIONS[1], tag="blue")
    return train(small_training_set(), tmp_path / "own", "hgb", definitions=[*DEFINITIONS, blue])


def test_models_that_were_trained_apart_stand_beside_a_fusion_of_the_others(
    tmp_path: Path, fusion: Fusion, apart: ModelBundle
) -> None:
    before, record = published(tmp_path, fusion)
    bundles = [*(small_bundle(name) for name in ALGORITHM_NAMES), apart]
    paths = [write_predictions(tmp_path, bundle) for bundle in bundles]
    tree = ClassTree({"low": None, "red": "low", "blue": None})
    output = tmp_path / "three.parquet"
    publish_catalog(paths, output, probabilities=Probabilities(bundles, fusion, tree))
    after, three = read_table(output), read_metadata(output)["probabilities"]
    assert "not_fused" not in record["probabilities"]
    assert (three["fused"], three["not_fused"]) == (list(ALGORITHM_NAMES), ["hgb"])
    for tag in TAGS:
        for end in ("_dnn_p", "_xgb_p", "_p_train", "_p_field", "_p", "_set"):
            assert after.column(f"{tag}{end}").equals(before.column(f"{tag}{end}")), tag + end
        one, other = three["classes"][tag], record["probabilities"]["classes"][tag]
        assert one["prevalence"] == pytest.approx(other["prevalence"], rel=1e-12)
    # Of a class that the fusion does not know there is the word of the one that knows it.
    assert after.column("blue_p_train").equals(after.column("blue_hgb_p"))
    assert after.column("low_hgb_p").null_count == after.column("low_p").null_count


def test_a_class_that_fused_models_do_not_score_here_has_no_probability_of_all(
    tmp_path: Path, fusion: Fusion, apart: ModelBundle
) -> None:
    """The fusion weighs what both of its models say, and they say nothing of the class."""
    bundles = [*(small_bundle(name) for name in ALGORITHM_NAMES), apart]
    paths = [write_predictions(tmp_path, one, 300, tags=["low"]) for one in bundles[:2]]
    paths.append(write_predictions(tmp_path, apart, 300, tags=TAGS))
    output = tmp_path / "some.parquet"
    publish_catalog(paths, output, probabilities=Probabilities(bundles, fusion, TREE))
    names = read_table(output).schema.names
    assert {"low_p", "low_hgb_p", "red_hgb_p"} <= set(names)
    assert "red_p" not in names


def test_without_a_fusion_models_have_no_probability_together(
    tmp_path: Path, apart: ModelBundle
) -> None:
    bundles = [small_bundle("xgb"), apart]
    paths = [write_predictions(tmp_path, bundle, 300) for bundle in bundles]
    publish_catalog(
        paths, tmp_path / "two.parquet", probabilities=Probabilities(bundles, None, TREE)
    )
    record = read_metadata(tmp_path / "two.parquet")
    assert record["probabilities"]["not_fused"] == ["xgb", "hgb"]
    assert "low_p" not in read_table(tmp_path / "two.parquet").schema.names
    assert "XGB and HGB were trained apart" in why_no_probabilities(record)
