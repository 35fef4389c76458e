"""The registry is the one source of names, order, units and defaults."""

from __future__ import annotations

import pytest

from scope.errors import ConfigError
from scope.features.edges import DM_EDGES, DT_EDGES
from scope.features.options import FeatureOptions
from scope.features.registry import (
    REGISTRY,
    feature_columns,
    light_curve_columns,
    model_features,
    names_of,
    product_columns,
    selectable,
)
from scope.periods import PeriodOptions

# Order and content: the lists of the published SCoPe configuration (version 0.9.5).
FOURIER = [
    *("f1_BIC", "f1_a", "f1_amp", "f1_b", "f1_phi0", "f1_power"),
    *(f"f1_relamp{k}" for k in (1, 2, 3, 4)),
    *(f"f1_relphi{k}" for k in (1, 2, 3, 4)),
]
PHENOMENOLOGICAL = [
    *("ad", "chi2red", *FOURIER, "i60r", "i70r", "i80r", "i90r", "inv_vonneumannratio", "iqr"),
    *("median", "median_abs_dev", "norm_excess_var", "norm_peak_to_peak_amp", "roms", "skew"),
    *("smallkurt", "stetson_j", "stetson_k", "sw", "welch_i", "wmean", "wstd"),
]
CATALOGUES = [
    *(f"AllWISE__{x}" for x in ("w1mpro", "w1sigmpro", "w2mpro", "w2sigmpro", "w3mpro", "w4mpro")),
    *("Gaia_EDR3__parallax", "Gaia_EDR3__parallax_error", "Gaia_EDR3__phot_bp_mean_mag"),
    *("Gaia_EDR3__phot_bp_rp_excess_factor", "Gaia_EDR3__phot_g_mean_mag"),
    "Gaia_EDR3__phot_rp_mean_mag",
    *(f"PS1_DR1__{band}MeanPSFMag{end}" for band in "giryz" for end in ("", "Err")),
]


def ontological() -> list[str]:
    names = list(PHENOMENOLOGICAL)
    for name, before in (
        ("mean_ztf_alert_braai", "iqr"),
        ("n_ztf_alerts", "median_abs_dev"),
        ("period", "norm_peak_to_peak_amp"),
        ("significance", "roms"),
    ):
        names.insert(names.index(before) + 1, name)
    return names + CATALOGUES


def test_phenomenological_models_see_the_35_published_features_in_order() -> None:
    assert model_features("phenomenological", None) == PHENOMENOLOGICAL
    assert len(PHENOMENOLOGICAL) == 35


def test_ontological_models_see_the_61_published_features_in_order() -> None:
    assert model_features("ontological", None) == ontological()
    assert len(ontological()) == 61


def test_fourteen_and_sixteen_features_carry_the_period_suffix() -> None:
    for kind, count in (("phenomenological", 14), ("ontological", 16)):
        names = model_features(kind, "ELS_ECE_EAOV")
        assert sum(name.endswith("_ELS_ECE_EAOV") for name in names) == count


def test_features_can_be_switched_on_and_off_in_place() -> None:
    names = model_features("phenomenological", None, {"n": True, "ad": False})
    assert names == [*PHENOMENOLOGICAL[1:24], "n", *PHENOMENOLOGICAL[24:]]


@pytest.mark.parametrize("name", ["nonsense", "Gaia_EDR3__parallax", "dmdt"])
def test_a_feature_that_the_list_cannot_have_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        model_features("phenomenological", None, {name: True})


def test_there_are_two_lists() -> None:
    with pytest.raises(ConfigError, match="phenomenological, ontological"):
        selectable("both")  # type: ignore[arg-type]


def test_the_selectable_features_include_all_of_the_published_lists() -> None:
    # The published lists name 46 and 83 entries; of the latter _id, coordinates, dmdt and
    # the text AllWISE__ph_qual can be no input of a model.
    # The false-alarm probability is this project's own.
    position = {"ra", "dec", "field", "ccd", "quad"}
    own = {"log10_fap"}
    kept = {f.name for f in selectable("phenomenological")} - own
    assert len(kept) == 46
    assert position < kept
    kept = {f.name for f in selectable("ontological")} - own
    assert len(kept) == 83 - 4


def test_imputation_is_that_of_the_published_configuration() -> None:
    by_strategy: dict[str, list[str]] = {}
    for name in ontological():
        by_strategy.setdefault(REGISTRY[name].impute, []).append(name)
    assert by_strategy["zero"] == ["mean_ztf_alert_braai", "n_ztf_alerts"]
    assert len(by_strategy["median"]) == 9
    assert len(by_strategy["regress"]) == 13
    assert "AllWISE__w3mpro" in by_strategy["regress"]
    assert len(by_strategy["none"]) == 37


def test_groups_have_their_sizes() -> None:
    sizes = {group: len(names_of(group)) for group in ("statistics", "fourier")}
    assert sizes == {"statistics": 22, "fourier": 14}


def test_every_feature_is_described() -> None:
    for feature in REGISTRY.values():
        assert feature.description, feature.name
        assert feature.source, feature.name


def test_columns_come_in_the_order_of_the_products() -> None:
    options = FeatureOptions(PeriodOptions(algorithms=("ELS_ECE_EAOV", "LS_BIC")))
    names = [column.name for column in product_columns(options)]
    landmarks = [
        *("_id", "obj_id", "n_epochs", "reason", "n", "sw", "period_ELS", "period_ELS_ECE_EAOV"),
        *("period_LS_BIC", "f1_power_ELS", "f1_relphi4_LS_BIC", "dmdt", "n_ztf_alerts"),
        *("AllWISE___id", "Gaia_EDR3___id", "PS1_DR1___id", "Gaia_EDR3__searched"),
    ]
    assert [names.index(name) for name in landmarks] == sorted(map(names.index, landmarks))
    assert len(names) == len(set(names))


def test_optional_groups_add_columns_only_where_asked_for() -> None:
    plain = {column.name for column in feature_columns(FeatureOptions())}
    rich = {column.name for column in feature_columns(FeatureOptions(groups=("top_periods",)))}
    assert plain < rich
    assert {"period_1_LS_BIC", "period_10_LS_BIC"} <= rich - plain


def test_model_features_are_columns_of_the_products() -> None:
    names = {column.name for column in feature_columns(FeatureOptions())}
    assert set(model_features("ontological", "LS_BIC")) <= names


def test_units_of_fourier_columns_follow_their_form() -> None:
    units = {
        form: {c.name: c.unit for c in light_curve_columns(FeatureOptions(fourier=form))}
        for form in ("raw", "polar")
    }
    assert units["raw"]["f1_phi0_LS_BIC"] == units["raw"]["f1_relamp1_LS_BIC"] == "mag"
    assert units["polar"]["f1_phi0_LS_BIC"] == "rad"
    assert units["polar"]["f1_relamp1_LS_BIC"] == ""
    assert units["polar"]["f1_b_LS_BIC"] == "mag/d"


def test_dmdt_edges_are_the_published_ones() -> None:
    below = [-8, -4.5, -3, -2.5, -2, -1.5, -1.25, -0.75, -0.5, -0.3, -0.2, -0.1, -0.05]
    assert list(DM_EDGES) == [*below, 0, *(-edge for edge in reversed(below))]
    assert len(DT_EDGES) == 27
    assert DT_EDGES[1] == 0.02759
    assert DT_EDGES[-1] == 2000


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"fourier": "spherical"}, "raw, polar"),
        ({"groups": ("cesium",)}, "allowed: top_periods"),
        ({"period_suffix": "ELS_ECE_EAOV"}, "LS_BIC"),
    ],
)
def test_options_that_cannot_be_used_are_refused(settings: dict, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        FeatureOptions(**settings)


def test_the_model_suffix_is_the_first_search_unless_named() -> None:
    periods = PeriodOptions(algorithms=("LS_BIC", "ELS_ECE_EAOV"))
    assert FeatureOptions(periods).model_suffix == "LS_BIC"
    assert FeatureOptions(periods, period_suffix="ELS_ECE_EAOV").model_suffix == "ELS_ECE_EAOV"
