"""The frozen imputer and scaler against closed forms."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pyarrow as pa
import pytest

from scope.errors import ConfigError, CorruptFileError, InputError, MissingColumnError
from scope.preprocessing import Preprocessing

NAN = np.nan
TRAINING = {
    "curve": [1.0, 2.0, 3.0, 5.0],
    "counts": [0.0, NAN, 4.0, 10.0],
    "error": [0.1, 0.2, NAN, 0.6],
    "level": [2.0, 4.0, 6.0, NAN],
    "colour": [1.0, NAN, 3.0, 4.0],
    "parallax": [10.0, 20.0, 30.0, 40.0],
}
STRATEGIES = {
    "curve": "none",
    "counts": "zero",
    "error": "median",
    "level": "mean",
    "colour": "regress",
    "parallax": "regress",
}
FEATURES = list(TRAINING)


def fit(**settings: object) -> Preprocessing:
    return Preprocessing.fit(TRAINING, FEATURES, STRATEGIES, **settings)  # type: ignore[arg-type]


def row(**changes: float) -> dict[str, list[float]]:
    values = {"curve": 2.0, "counts": 1.0, "error": 0.3, "level": 5.0, "colour": 2.0}
    return {name: [value] for name, value in {**values, "parallax": 15.0, **changes}.items()}


@pytest.mark.parametrize(
    ("feature", "expected"),
    [
        ("counts", 0.0),
        ("error", 0.2),  # median of 0.1, 0.2, 0.6
        ("level", 4.0),  # mean of 2, 4, 6
    ],
)
@pytest.mark.parametrize("missing", [NAN, np.inf, -np.inf])
def test_each_strategy_fills_what_it_says(feature: str, expected: float, missing: float) -> None:
    filled = fit().fill(row(**{feature: missing}))
    assert filled.values[0, FEATURES.index(feature)] == expected
    assert filled.ok.tolist() == [True]


def test_regress_fills_the_mean_of_the_nearest_training_rows() -> None:
    # by parallax, 32 is nearest to 30 (colour 3) and 40 (colour 4)
    filled = fit(n_neighbors=2).fill(row(colour=NAN, parallax=32.0))
    assert filled.values[0, FEATURES.index("colour")] == 3.5


@pytest.mark.parametrize(
    ("scaling", "expected"),
    [
        ("min_max", [0.25, 0.0, 1.0]),  # (2 - 0) / (8 - 0), and the ends
        ("median_std", [-1.0, -2.0, 2.0]),  # (2 - 4) / 2, and the ends 0 and 8
    ],
)
def test_stated_statistics_scale_in_place_of_those_of_the_rows(
    scaling: str, expected: list[float]
) -> None:
    stated = {"min": 0.0, "max": 8.0, "median": 4.0, "mean": 4.0, "std": 2.0}
    preprocessing = fit(scaling=scaling, scales=dict.fromkeys(FEATURES, stated))
    values = [preprocessing.transform(row(curve=v)).values[0, 0] for v in (2.0, -9.0, 99.0)]
    assert values == expected
    with pytest.raises(ConfigError, match=r"statistics to scale them by: 'counts, .*feature_stats"):
        fit(scales={"curve": stated})


def test_the_mask_tells_which_imputable_features_were_filled() -> None:
    preprocessing = fit()
    assert preprocessing.imputable == ("counts", "error", "level", "colour", "parallax")
    filled = preprocessing.fill(row(error=NAN, parallax=np.inf))
    assert filled.imputed.dtype == np.uint64
    assert filled.imputed[0] == 0b10010


def test_a_row_without_an_unimputable_feature_has_no_values() -> None:
    transformed = fit().transform(row(curve=NAN, error=NAN))
    assert transformed.ok.tolist() == [False]
    assert transformed.imputed[0] == 0
    assert np.isnan(transformed.values).all()


def test_a_row_beyond_float32_has_no_values() -> None:
    assert fit(clip=False).transform(row(curve=1e60)).ok.tolist() == [False]


def test_min_max_scaling_runs_from_0_to_1_over_the_filled_training_rows() -> None:
    scaled = fit().transform(TRAINING).values
    np.testing.assert_array_equal(scaled.min(axis=0), np.zeros(6))
    np.testing.assert_array_equal(scaled.max(axis=0), np.ones(6))
    assert scaled.dtype == np.float32


@pytest.mark.parametrize(("value", "scaled"), [(9.0, 2.0), (-1.0, -0.5), (3.0, 0.5)])
def test_values_beyond_the_training_range_are_clipped_unless_told_not_to(
    value: float, scaled: float
) -> None:
    # curve runs from 1 to 5 in training
    assert fit(clip=False).transform(row(curve=value)).values[0, 0] == scaled
    assert fit().transform(row(curve=value)).values[0, 0] == min(max(scaled, 0.0), 1.0)
    # what is filled in is not clipped away, and filling alone clips nothing
    assert fit().fill(row(curve=value)).values[0, 0] == value


def test_median_std_scaling_uses_the_population_deviation() -> None:
    scaled = fit(scaling="median_std").transform(row(curve=4.0)).values
    # median 2.5; mean 2.75, squared deviations 3.0625, .5625, .0625, 5.0625: mean 2.1875
    assert scaled[0, 0] == np.float32(1.5 / np.sqrt(2.1875))


@pytest.mark.parametrize("scaling", ["min_max", "median_std"])
def test_a_constant_feature_is_left_as_it_is(scaling: str) -> None:
    columns = {"a": [3.0, 3.0, 3.0], "b": [0.0, 1.0, 2.0]}
    preprocessing = Preprocessing.fit(
        columns, ["a", "b"], {"a": "none", "b": "none"}, scaling=scaling, clip=False
    )
    assert preprocessing.transform({"a": [4.5], "b": [0.0]}).values[0, 0] == np.float32(4.5)


def test_training_rows_without_an_unimputable_feature_teach_nothing() -> None:
    more = {name: [*values, 1000.0] for name, values in TRAINING.items()}
    more["curve"][-1] = NAN
    assert Preprocessing.fit(more, FEATURES, STRATEGIES).content == fit().content


def test_nulls_and_integers_of_arrow_tables_are_read() -> None:
    columns = {name: pa.array(values) for name, values in row().items()}
    columns["counts"] = pa.array([None], pa.int64())
    filled = fit().fill(pa.table(columns))
    assert filled.values[0, FEATURES.index("counts")] == 0.0
    assert filled.imputed[0] == 1


@pytest.mark.parametrize("clip", [True, False])
def test_it_survives_its_file(tmp_path: Path, clip: bool) -> None:
    preprocessing = fit(made_with={"fourier": "raw"}, period_suffix="LS", clip=clip)
    preprocessing.save(tmp_path / "p.json")
    loaded = Preprocessing.load(tmp_path / "p.json")
    rows = {name: [*values, NAN, -1e3, 1e3] for name, values in row().items()}
    for name in ("values", "imputed", "ok"):
        before, after = (getattr(item.transform(rows), name) for item in (preprocessing, loaded))
        assert before.tobytes() == after.tobytes()
    assert loaded.sha256 == preprocessing.sha256
    assert (loaded.made_with, loaded.period_suffix) == ({"fourier": "raw"}, "LS")


def test_the_same_fit_has_the_same_name_and_another_fit_another() -> None:
    assert fit().sha256 == fit().sha256
    assert fit(scaling="median_std").sha256 != fit().sha256


def test_the_reference_is_drawn_with_the_seed() -> None:
    rng = np.random.default_rng(0)
    columns = {name: rng.normal(size=500) for name in ("x", "y")}
    strategies = dict.fromkeys(columns, "regress")

    def reference(seed: int) -> np.ndarray:
        fitted = Preprocessing.fit(columns, list(columns), strategies, n_reference=100, seed=seed)
        assert fitted.neighbours is not None
        return fitted.neighbours.values

    assert reference(1).shape == (2, 100)
    assert np.array_equal(reference(1), reference(1))
    assert not np.array_equal(reference(1), reference(2))


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b'{"kind": "scope preprocessing", "schema_version": 1}', b"[1]", b"\x00\xff"],
)
def test_a_foreign_file_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "p.json"
    path.write_bytes(content)
    with pytest.raises(CorruptFileError, match=r"p\.json cannot be read"):
        Preprocessing.load(path)


def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    data = json.loads(fit().content)
    data["schema_version"] = 99
    (tmp_path / "p.json").write_text(json.dumps(data))
    with pytest.raises(CorruptFileError, match="version 99"):
        Preprocessing.load(tmp_path / "p.json")


def test_a_missing_feature_is_named() -> None:
    columns = row()
    del columns["colour"]
    with pytest.raises(MissingColumnError, match="colour"):
        fit().transform(columns)


def test_a_text_column_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="feature level that is not numeric"):
        fit().transform({**row(), "level": ["high"]})


def test_a_feature_that_is_never_defined_cannot_be_learned_but_can_be_zero() -> None:
    columns = {"a": [1.0, 2.0], "b": [NAN, NAN]}
    with pytest.raises(InputError, match=r"never defined: 'b'.*zero"):
        Preprocessing.fit(columns, ["a", "b"], {"a": "none", "b": "regress"})
    zero = Preprocessing.fit(columns, ["a", "b"], {"a": "none", "b": "zero"})
    assert zero.transform(columns).ok.all()


@pytest.mark.parametrize(
    ("strategies", "scaling"), [({"a": "knn"}, "min_max"), ({}, "min_max"), ({"a": "zero"}, "log")]
)
def test_unknown_settings_are_refused(strategies: dict[str, str], scaling: str) -> None:
    with pytest.raises(ConfigError, match="allowed: "):
        Preprocessing.fit({"a": [1.0]}, ["a"], strategies, scaling=scaling)


def test_more_imputable_features_than_bits_are_refused() -> None:
    columns = {f"f{i}": [1.0, 2.0] for i in range(65)}
    with pytest.raises(ConfigError, match=r"65.*at most 64"):
        Preprocessing.fit(columns, list(columns), dict.fromkeys(columns, "zero"))


def test_quantile_scaling_makes_any_distribution_normal() -> None:
    """Expected: of ranks, by the standard library's normal distribution."""
    rng = np.random.default_rng(1)
    period = 10 ** rng.uniform(-2, 3, 5001)
    fitted = Preprocessing.fit({"a": period}, ["a"], {"a": "none"}, scaling="quantile")
    assert fitted.fill({"a": period}).values[:, 0].tolist() == period.tolist()
    scaled = fitted.transform({"a": period}).values[:, 0]
    ranks = (np.argsort(np.argsort(period)) + 0.5) / len(period)
    expected = np.array([NormalDist().inv_cdf(level) for level in ranks])
    # linear between knots 0.06 apart, and in the tails between single rows
    np.testing.assert_allclose(scaled, expected, atol=0.15)
    middle = np.abs(expected) < 3
    np.testing.assert_allclose(scaled[middle], expected[middle], atol=0.06)
    assert np.median(scaled) == pytest.approx(0.0, abs=1e-3)
    assert np.all(np.diff(scaled[np.argsort(period)]) >= 0)
    assert scaled.dtype == np.float32


def test_quantile_scaling_takes_what_lies_beyond_the_training_rows_for_their_ends() -> None:
    fitted = fit(scaling="quantile")
    low, high, inside = (fitted.transform(row(curve=v)).values[0, 0] for v in (-9.0, 90.0, 2.5))
    ends = fitted.transform(TRAINING).values[:, 0]
    assert (low, high) == (ends.min(), ends.max())
    # of four rows the outermost stand for the levels 1/8 and 7/8
    assert high == pytest.approx(NormalDist().inv_cdf(7 / 8), rel=1e-6)
    assert low == -high
    assert low < inside < high


def test_quantile_scaling_gives_one_value_one_place() -> None:
    counts = np.array([0.0] * 80 + list(range(1, 21)))
    fitted = Preprocessing.fit(
        {"a": counts, "b": np.full(100, 3.0)},
        ["a", "b"],
        {"a": "zero", "b": "none"},
        scaling="quantile",
    )
    scaled = fitted.transform({"a": np.array([0.0, 1.0, np.nan]), "b": np.array([3.0, 4.0, 2.0])})
    assert scaled.values[0, 0] == scaled.values[2, 0] < scaled.values[1, 0]
    np.testing.assert_allclose(scaled.values[:, 1], 0.0, atol=1e-12)
    assert scaled.ok.all()


def test_quantile_scaling_is_the_same_when_loaded(tmp_path: Path) -> None:
    fitted = fit(scaling="quantile")
    fitted.save(tmp_path / "p.json")
    loaded = Preprocessing.load(tmp_path / "p.json")
    assert loaded.sha256 == fitted.sha256
    values = row(curve=2.2, counts=3.3)
    np.testing.assert_array_equal(loaded.transform(values).values, fitted.transform(values).values)
    assert '"at"' not in fit().content.decode()


def test_quantile_scaling_needs_rows_and_not_statistics() -> None:
    stated = {"min": 0.0, "max": 8.0, "median": 4.0, "std": 2.0}
    with pytest.raises(ConfigError, match=r"statistics.*'quantile'.*min_max, median_std"):
        fit(scaling="quantile", scales=dict.fromkeys(FEATURES, stated))
