"""What is known of copies of training light curves."""

from __future__ import annotations

import pytest

from scope.config.classes import CLASSES
from scope.surveys.label_map import LABELS, NOT_VARIABLE
from scope.surveys.simulation import CLASSES as STARS
from scope.surveys.twins import KINDS, possible_kinds, twin_labels
from scope.surveys.twins.twin_labels import BAD_PHOTOMETRY

PERIODIC = [item.label for item in CLASSES if item.parent == "pnp"] + ["periodic"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", STARS)
def test_no_twin_of_any_class_is_periodic(kind: str, name: str) -> None:
    positive, unknown = twin_labels(kind, STARS[name].labels)
    assert set(positive) <= {NOT_VARIABLE}
    assert not set(PERIODIC) & set(unknown)
    assert set(unknown) <= set(LABELS)


@pytest.mark.parametrize("name", ["RRab", "EW", "CV", "AGN", "SPURIOUS", "TREND"])
def test_noise_does_not_vary_whatever_its_parent(name: str) -> None:
    assert twin_labels("noise", STARS[name].labels)[0] == [NOT_VARIABLE]


def test_it_is_known_that_a_shuffled_pulsator_does_not_vary_in_time() -> None:
    assert twin_labels("shuffled", STARS["RRab"].labels) == ([NOT_VARIABLE], [])


@pytest.mark.parametrize(
    ("name", "unknown"),
    [("EA", {"variable"}), ("CV", {"variable", "flaring", "CV"}), ("FLARE", {"variable", "CV"})],
)
def test_of_a_shuffled_class_without_memory_it_is_not_known(name: str, unknown: set[str]) -> None:
    positive, found = twin_labels("shuffled", STARS[name].labels)
    assert positive == []
    assert unknown <= set(found)


def test_what_catalogues_tell_is_not_denied() -> None:
    assert "AGN" in twin_labels("noise", STARS["AGN"].labels)[1]
    assert "extended" in twin_labels("noise", STARS["GALAXY"].labels)[1]


def test_systematics_may_be_called_bad_photometry() -> None:
    assert set(BAD_PHOTOMETRY) <= set(twin_labels("systematics", STARS["RRab"].labels)[1])


def test_a_constant_star_is_its_own_twin() -> None:
    assert possible_kinds(KINDS, STARS["CONST"].labels, []) == []


def test_bad_photometry_is_not_shuffled() -> None:
    assert set(possible_kinds(KINDS, STARS["SPURIOUS"].labels, [])) == {"noise", "systematics"}


@pytest.mark.parametrize("name", ["Mira", "SRV", "TREND", "AGN"])
def test_slow_variability_would_outlast_a_shuffle_within_seasons(name: str) -> None:
    assert set(possible_kinds(KINDS, STARS[name].labels, [])) == set(KINDS) - {"shuffled_in_season"}


def test_variability_that_may_be_slow_would_as_well() -> None:
    assert "shuffled_in_season" not in possible_kinds(KINDS, ["variable"], ["long timescale"])
    assert "shuffled_in_season" in possible_kinds(KINDS, ["variable"], ["sinusoidal"])
