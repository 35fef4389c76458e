"""`impute_features` against its documented strategies and scikit-learn."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import KNNImputer

from scope.config.load import load_config
from scope.config.model import Config
from scope.errors import MissingColumnError, NotFoundError
from scope.features.registry import model_features
from scope.preprocessing import Preprocessing
from scope.utils import impute_features

MAGNITUDES = [
    *(f"AllWISE__w{band}mpro" for band in (1, 2, 3, 4)),
    "Gaia_EDR3__parallax",
    *(f"Gaia_EDR3__phot_{band}_mean_mag" for band in ("bp", "g", "rp")),
    *(f"PS1_DR1__{band}MeanPSFMag" for band in "giryz"),
]


@pytest.fixture(scope="module")
def config() -> Config:
    return load_config()


def frame(suffix: str | None = "LS_BIC", rows: int = 40, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    names = model_features("ontological", suffix)
    values = rng.normal(size=(rows, len(names))).astype(np.float32).astype(np.float64)
    df = pd.DataFrame(values, columns=names)
    for name in MAGNITUDES:
        df.loc[rng.random(rows) < 0.3, name] = np.nan
    df["_id"] = np.arange(rows)
    return df


def test_each_feature_is_filled_as_configured(config: Config) -> None:
    df = frame()
    df.loc[3, ["n_ztf_alerts", "Gaia_EDR3__parallax_error"]] = np.nan
    filled = impute_features(df, self_impute=True, config=config)
    assert filled.loc[3, "n_ztf_alerts"] == 0
    errors = df["Gaia_EDR3__parallax_error"]
    assert filled.loc[3, "Gaia_EDR3__parallax_error"] == errors.median()
    assert filled["median"].equals(df["median"])
    assert not filled.isna().any().any()


@pytest.mark.parametrize("n_neighbors", [3, 5])
def test_magnitudes_are_filled_as_by_scikit_learn_on_scaled_columns(
    config: Config, n_neighbors: int
) -> None:
    df = frame()
    filled = impute_features(df, n_neighbors=n_neighbors, self_impute=True, config=config)
    values = df[MAGNITUDES]
    low, span = values.min(), values.max() - values.min()
    scaled = KNNImputer(n_neighbors=n_neighbors).fit_transform((values - low) / span)
    expected = scaled * span.to_numpy() + low.to_numpy()
    np.testing.assert_allclose(filled[MAGNITUDES], expected, rtol=1e-6, atol=1e-6)


def test_rows_without_a_light_curve_feature_are_dropped_and_counted(
    config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    df = frame()
    df.loc[[2, 5], "stetson_k"] = np.nan
    with caplog.at_level(logging.WARNING):
        filled = impute_features(df, self_impute=True, config=config)
    assert filled["_id"].tolist() == [i for i in range(40) if i not in (2, 5)]
    assert filled.index.tolist() == list(range(38))
    assert "dropped 2 of 40 rows" in caplog.text


def test_the_input_is_not_changed(config: Config) -> None:
    df = frame()
    before = df.copy()
    impute_features(df, self_impute=True, config=config)
    pd.testing.assert_frame_equal(df, before)


def test_counts_stay_whole_numbers(config: Config) -> None:
    df = frame()
    df["n_ztf_alerts"] = pd.array([None, *range(39)], dtype="Int64")
    filled = impute_features(df, self_impute=True, config=config)
    assert filled["n_ztf_alerts"].tolist() == [0, *range(39)]
    assert filled["n_ztf_alerts"].dtype == np.int64


@pytest.mark.parametrize("suffix", ["ELS_ECE_EAOV", "None"])
def test_the_suffix_names_the_periodic_columns(config: Config, suffix: str) -> None:
    df = frame(None if suffix == "None" else suffix)
    assert len(impute_features(df, self_impute=True, period_suffix=suffix, config=config)) == 40
    with pytest.raises(MissingColumnError, match="f1_BIC_LS_BIC"):
        impute_features(df, self_impute=True, config=config)


def test_a_reference_fills_each_row_the_same_alone(config: Config, tmp_path: Path) -> None:
    df, reference = frame(seed=1), frame(rows=100, seed=2)
    together = impute_features(df, reference=reference, config=config)
    alone = impute_features(df.iloc[[7]], reference=reference, config=config)
    pd.testing.assert_frame_equal(alone, together.iloc[[7]].reset_index(drop=True))
    path = tmp_path / "reference.parquet"
    reference.to_parquet(path)
    again = impute_features(df, reference=path, config=config)
    pd.testing.assert_frame_equal(again, together)


def test_the_preprocessing_of_a_bundle_is_a_reference(config: Config, tmp_path: Path) -> None:
    reference = frame(rows=100, seed=2)
    names = model_features("ontological", "LS_BIC")
    fitted = Preprocessing.fit(reference, names, config.imputation())
    fitted.save(tmp_path / "preprocessing.json")
    filled = impute_features(frame(), reference=tmp_path / "preprocessing.json", config=config)
    pd.testing.assert_frame_equal(
        filled, impute_features(frame(), reference=reference, config=config)
    )


def test_nothing_to_learn_from_is_an_error_that_says_what_to_pass(config: Config) -> None:
    with pytest.raises(NotFoundError, match=r"'NONE'.*reference=.*self_impute=True"):
        impute_features(frame("NONE"), period_suffix="NONE", config=config)
