"""The table of classes against the counts of the published configuration."""

from __future__ import annotations

import pytest

from scope.config.classes import CLASSES, OWN, PUBLISHED, ClassDefinition, class_definitions
from scope.errors import ConfigError


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
