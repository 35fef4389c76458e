"""The stage: every row comes out, in any piece size, with a reason or with numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from scope.errors import BundleError, CorruptFileError, MissingColumnError
from scope.io import read_metadata, read_table, write_table
from scope.preprocessing import Preprocessing, impute
from scope.provenance import STAGES
from tests.small_models import FEATURES, IMPUTE, feature_table

ROWS = 60


@pytest.fixture(scope="module")
def preprocessing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    fitted = Preprocessing.fit(
        feature_table(seed=1),
        FEATURES["ontological"],
        IMPUTE,
        period_suffix="LS",
        made_with={"fourier": "raw", "dmdt_edges": [1, 2]},
    )
    path = tmp_path_factory.mktemp("frozen") / "preprocessing.json"
    fitted.save(path)
    return path


@pytest.fixture
def features() -> pa.Table:
    table = feature_table(ROWS // 2)
    reasons: list[str | None] = [None] * ROWS
    reasons[3] = "too_few_epochs"
    curve = table.column("curve_0").to_numpy().copy()
    curve[[3, 5]] = np.nan
    curve[7] = np.inf
    table = table.set_column(table.schema.get_field_index("reason"), "reason", pa.array(reasons))
    return table.set_column(table.schema.get_field_index("curve_0"), "curve_0", pa.array(curve))


def imputed(table: pa.Table, preprocessing: Path, folder: Path, **options: object) -> pa.Table:
    write_table(table, folder / "features.parquet", {"fourier": "raw"})
    impute(
        folder / "features.parquet",
        folder / "imputed.parquet",
        preprocessing,
        **options,  # type: ignore[arg-type]
    )
    return read_table(folder / "imputed.parquet")


def test_every_row_comes_out_with_numbers_or_a_reason(
    features: pa.Table, preprocessing: Path, tmp_path: Path
) -> None:
    result = imputed(features, preprocessing, tmp_path)
    assert result.column("_id").to_pylist() == features.column("_id").to_pylist()
    reasons = dict(enumerate(result.column("reason").to_pylist()))
    assert {row: reason for row, reason in reasons.items() if reason} == {
        3: "too_few_epochs",
        5: "undefined_feature",
        7: "undefined_feature",
    }
    for name in (*FEATURES["ontological"], "imputed", "dmdt"):
        nulls = np.flatnonzero(result.column(name).is_null())
        assert nulls.tolist() == [3, 5, 7], name


def test_values_and_mask_are_those_of_the_frozen_preprocessing(
    features: pa.Table, preprocessing: Path, tmp_path: Path
) -> None:
    result = imputed(features, preprocessing, tmp_path)
    expected = Preprocessing.load(preprocessing).transform(features)
    good = np.flatnonzero(expected.ok & (np.arange(ROWS) != 3))
    for j, name in enumerate(FEATURES["ontological"]):
        assert result.column(name).type == pa.float32()
        np.testing.assert_array_equal(result.column(name).take(good), expected.values[good, j])
    np.testing.assert_array_equal(result.column("imputed").take(good), expected.imputed[good])
    assert expected.imputed[good].any()


def test_keys_period_and_significance_are_carried_unscaled(
    features: pa.Table, preprocessing: Path, tmp_path: Path
) -> None:
    chance = pa.array(np.linspace(-30.0, 0.0, ROWS))
    features = features.append_column("log10_fap_LS", chance)
    result = imputed(features, preprocessing, tmp_path)
    for name, source in {
        "ra": "ra",
        "dec": "dec",
        "n_epochs": "n_epochs",
        "period": "period_LS",
        "significance": "significance_LS",
        "log10_fap": "log10_fap_LS",
    }.items():
        assert result.column(name).to_pylist() == features.column(source).to_pylist()
    assert result.column("Gaia_EDR3___id").null_count == ROWS


def test_the_bytes_do_not_depend_on_the_size_of_the_pieces(
    features: pa.Table, preprocessing: Path, tmp_path: Path
) -> None:
    contents = set()
    for rows in (1, 7, 1000):
        imputed(features, preprocessing, tmp_path, rows=rows)
        contents.add((tmp_path / "imputed.parquet").read_bytes())
    assert len(contents) == 1


def test_a_row_is_the_same_in_any_order(
    features: pa.Table, preprocessing: Path, tmp_path: Path
) -> None:
    order = np.random.default_rng(0).permutation(ROWS)
    straight = imputed(features, preprocessing, tmp_path)
    shuffled = imputed(features.take(pa.array(order)), preprocessing, tmp_path)
    assert shuffled.equals(straight.take(pa.array(order)))


def test_no_rows_give_all_columns_and_no_rows(
    features: pa.Table, preprocessing: Path, tmp_path: Path
) -> None:
    full = imputed(features, preprocessing, tmp_path).schema
    empty = imputed(features.slice(0, 0), preprocessing, tmp_path)
    assert empty.num_rows == 0
    assert empty.schema.equals(full)


def test_a_row_without_histogram_has_a_reason(
    features: pa.Table, preprocessing: Path, tmp_path: Path
) -> None:
    dmdt = features.column("dmdt").combine_chunks()
    dmdt = pa.concat_arrays([dmdt[:1], pa.nulls(1, dmdt.type), dmdt[2:]])
    table = features.set_column(features.schema.get_field_index("dmdt"), "dmdt", dmdt)
    result = imputed(table, preprocessing, tmp_path)
    assert result.column("reason")[1].as_py() == "undefined_feature"


def test_the_product_says_which_preprocessing_made_it(
    features: pa.Table, preprocessing: Path, tmp_path: Path
) -> None:
    imputed(features, preprocessing, tmp_path, facts={"config_hash": "abc"})
    metadata = read_metadata(tmp_path / "imputed.parquet")
    assert metadata["preprocessing"] == Preprocessing.load(preprocessing).sha256
    assert metadata["imputable"] == ["mag_1", "mag_2", "mag_1_error", "n_alerts"]
    assert metadata["config_hash"] == "abc"
    assert metadata["stages"] == {"imputed": STAGES["imputed"]}


def test_a_missing_feature_is_named_and_leaves_no_file(
    features: pa.Table, preprocessing: Path, tmp_path: Path
) -> None:
    with pytest.raises(MissingColumnError, match="'curve_1'"):
        imputed(features.drop_columns(["curve_1"]), preprocessing, tmp_path)
    assert not (tmp_path / "imputed.parquet").exists()


def test_features_of_another_kind_are_refused(
    features: pa.Table, preprocessing: Path, tmp_path: Path
) -> None:
    write_table(features, tmp_path / "f.parquet", {"fourier": "polar"})
    with pytest.raises(BundleError, match=r"another setting of 'fourier'.*'polar'; allowed: raw"):
        impute(tmp_path / "f.parquet", tmp_path / "i.parquet", preprocessing)


def test_a_truncated_file_is_named(features: pa.Table, preprocessing: Path, tmp_path: Path) -> None:
    write_table(features, tmp_path / "f.parquet", {})
    content = (tmp_path / "f.parquet").read_bytes()
    (tmp_path / "f.parquet").write_bytes(content[: len(content) // 2])
    with pytest.raises(CorruptFileError, match=r"f\.parquet"):
        impute(tmp_path / "f.parquet", tmp_path / "i.parquet", preprocessing)
