"""The table of classes against the counts of the published configuration."""

from __future__ import annotations

import pytest

from scope.config import load_config
from scope.config.classes import CLASSES, OWN, PUBLISHED, ClassDefinition, class_definitions
from scope.errors import ConfigError
from scope.fritz.taxonomy import Taxonomy
from scope.fritz.taxonomy_map import Entry, columns_of, generate_map


def test_there_are_52_classes_of_which_44_were_released() -> None:
    # Healy et al. 2024, ApJS 272, 14: 44 classes in the catalogue of DR16
    assert len(PUBLISHED) == 52
    assert sum(definition.released for definition in CLASSES) == 44


def test_tags_and_labels_are_unique() -> None:
    assert len({definition.tag for definition in CLASSES}) == len(CLASSES)
    assert len({definition.label for definition in CLASSES}) == len(CLASSES)


def test_the_first_22_classes_are_phenomenological_and_the_other_30_ontological() -> None:
    kinds = [definition.features for definition in PUBLISHED]
    assert kinds == ["phenomenological"] * 22 + ["ontological"] * 30


def test_our_own_classes_come_after_the_published_ones() -> None:
    assert CLASSES[:52] == PUBLISHED
    assert [definition.tag for definition in OWN] == ["transient"]
    assert not any(definition.released for definition in OWN)


def test_only_the_variable_class_has_negatives_of_its_own() -> None:
    special = [(c.tag, c.negative_label) for c in CLASSES if c.negative_label is not None]
    assert special == [("vnv", "non-variable")]


def test_definitions_come_in_the_order_asked_for() -> None:
    assert [c.tag for c in class_definitions(["rrab", "ea", "vnv"])] == ["rrab", "ea", "vnv"]


def test_an_unknown_class_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"'mira'.*mir"):
        class_definitions(["mira"])


@pytest.mark.parametrize(
    ("name", "value"),
    [("amsgrad", 0.0003), ("threshold", 1.0), ("balance", 0.5), ("batch_size", 0)],
)
def test_a_value_that_cannot_be_used_is_refused(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=rf"with {name}.*training\.classes\.ea\.{name}"):
        ClassDefinition("ea", "EA", "phenomenological", **{name: value})  # type: ignore[arg-type]


def test_a_class_is_one_entry_of_the_configuration(tmp_path) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "classes.yaml").write_text(
        "training:\n  classes:\n    dscs:\n      label: double star\n"
        "      features: ontological\n      parent: bis\n      exclusive: true\n"
    )
    config = load_config(run_folder=tmp_path)
    assert len(config.class_definitions()) == len(CLASSES) + 1
    (one,) = config.class_definitions(("dscs",))
    assert (one.label, one.parent, one.exclusive, one.released) == (
        "double star",
        "bis",
        True,
        False,
    )
    assert config.class_labels()["dscs"] == "double star"
    assert config.class_parents()["dscs"] == "bis"
    assert "dscs" in config.exclusive_classes()
    # the map for Fritz is made of the same entry
    taxonomies = [Taxonomy(7, "ours", frozenset({"double star"}))]
    made, missing = generate_map(columns_of("tags", config.class_labels()), taxonomies)
    assert made["dscs"] == Entry("double star", 7)
    assert "dscs" not in missing
