"""Scores: complete, in order, and the same in any company."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from scope.errors import BackendError, BundleError, ConfigError, MissingColumnError
from scope.inference import infer
from scope.io import read_metadata, read_table, write_table
from scope.preprocessing import impute
from scope.provenance import STAGES
from scope.tasks.variables.bundles.model_bundle import ModelBundle
from tests.small_models import feature_table, small_bundle

ROWS = 150
BROKEN = [4, 40, 41, 149]
ALGORITHMS = ["dnn", "xgb"]


def prepared(folder: Path, table: pa.Table, bundle: ModelBundle) -> Path:
    """Write a table of features and what the stage before makes of it."""
    folder.mkdir(exist_ok=True)
    write_table(table, folder / "features.parquet", {})
    path = folder / "imputed.parquet"
    impute(folder / "features.parquet", path, bundle.folder / "preprocessing.json")
    return path


@pytest.fixture(scope="module")
def features() -> pa.Table:
    """Light curves of which some cannot be scored."""
    table = feature_table(ROWS // 2, seed=9, first_id=10**15)
    curve = table.column("curve_3").to_numpy().copy()
    curve[BROKEN] = np.nan
    return table.set_column(table.schema.get_field_index("curve_3"), "curve_3", pa.array(curve))


@pytest.fixture(scope="module")
def gathered(tmp_path_factory: pytest.TempPathFactory, features: pa.Table) -> Path:
    return prepared(tmp_path_factory.mktemp("gathered"), features, small_bundle("xgb"))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_row_has_all_scores_or_none(gathered: Path, tmp_path: Path, algorithm: str) -> None:
    bundle = small_bundle(algorithm)
    infer(gathered, tmp_path / "s.parquet", bundle=bundle)
    table = read_table(tmp_path / "s.parquet")
    assert table.column_names == ["_id", f"low_{algorithm}", f"red_{algorithm}"]
    assert table.column("_id").to_pylist() == list(range(10**15, 10**15 + ROWS))
    for tag in bundle.classes:
        scores = table.column(bundle.column(tag))
        assert scores.type == pa.float32()
        assert np.flatnonzero(scores.is_null()).tolist() == BROKEN
        values = scores.drop_null().to_numpy()
        assert np.all((values >= 0) & (values <= 1))
        # not rounded: hardly any score is a whole number of hundredths
        assert np.mean(np.isclose(values * 100, np.round(values * 100), atol=1e-4)) < 0.2


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_scores_are_those_of_the_model_alone(
    gathered: Path, tmp_path: Path, algorithm: str, features: pa.Table
) -> None:
    bundle = small_bundle(algorithm)
    infer(gathered, tmp_path / "s.parquet", bundle=bundle)
    scores = read_table(tmp_path / "s.parquet").column(bundle.column("red"))
    filled = bundle.preprocessing.transform(features)
    columns = [bundle.preprocessing.features.index(name) for name in bundle.features("red")]
    dmdt = np.stack(features.column("dmdt").to_pylist()).astype(np.float32)
    expected = bundle.classifier("red").predict(
        filled.values[filled.ok][:, columns], dmdt[filled.ok]
    )
    np.testing.assert_array_equal(scores.drop_null().to_numpy(), expected)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_bytes_do_not_depend_on_pieces_or_workers(
    gathered: Path, tmp_path: Path, algorithm: str
) -> None:
    contents = set()
    for rows, workers in ((1, 1), (7, 2), (1000, 1), (1000, 2)):
        path = tmp_path / "s.parquet"
        infer(gathered, path, bundle=small_bundle(algorithm), rows=rows, workers=workers)
        contents.add(path.read_bytes())
    assert len(contents) == 1


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_row_has_the_same_score_in_any_order_and_without_the_others(
    gathered: Path, tmp_path: Path, features: pa.Table, algorithm: str
) -> None:
    bundle = small_bundle(algorithm)
    infer(gathered, tmp_path / "straight.parquet", bundle=bundle)
    straight = read_table(tmp_path / "straight.parquet")
    some = pa.array(np.random.default_rng(3).permutation(ROWS)[:37])
    infer(
        prepared(tmp_path / "some", features.take(some), bundle),
        tmp_path / "s.parquet",
        bundle=bundle,
    )
    assert read_table(tmp_path / "s.parquet").equals(straight.take(some))


def test_one_class_alone_has_the_scores_it_has_among_all(gathered: Path, tmp_path: Path) -> None:
    bundle = small_bundle("dnn")
    infer(gathered, tmp_path / "all.parquet", bundle=bundle)
    infer(gathered, tmp_path / "low.parquet", bundle=bundle, classes=["low"])
    both = read_table(tmp_path / "all.parquet")
    assert read_table(tmp_path / "low.parquet").equals(both.select(["_id", "low_dnn"]))


def test_classes_come_in_the_order_of_the_bundle(gathered: Path, tmp_path: Path) -> None:
    infer(gathered, tmp_path / "s.parquet", bundle=small_bundle("xgb"), classes=["red", "low"])
    assert read_table(tmp_path / "s.parquet").column_names == ["_id", "low_xgb", "red_xgb"]


def test_no_rows_give_all_columns_and_no_rows(features: pa.Table, tmp_path: Path) -> None:
    bundle = small_bundle("dnn")
    empty = prepared(tmp_path / "empty", features.slice(0, 0), bundle)
    infer(empty, tmp_path / "s.parquet", bundle=bundle)
    table = read_table(tmp_path / "s.parquet")
    assert (table.num_rows, table.column_names) == (0, ["_id", "low_dnn", "red_dnn"])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_rows_without_any_score_are_rows(
    features: pa.Table, tmp_path: Path, algorithm: str
) -> None:
    bundle = small_bundle(algorithm)
    broken = prepared(tmp_path / "broken", features.take(pa.array(BROKEN)), bundle)
    infer(broken, tmp_path / "s.parquet", bundle=bundle)
    assert read_table(tmp_path / "s.parquet").column(f"low_{algorithm}").null_count == len(BROKEN)


def test_the_product_names_the_bundle(gathered: Path, tmp_path: Path) -> None:
    bundle = small_bundle("xgb")
    infer(gathered, tmp_path / "s.parquet", bundle=bundle, facts={"config_hash": "abc"})
    metadata = read_metadata(tmp_path / "s.parquet")
    assert metadata["bundle"] == {"algorithm": "xgb", "group": "small", "sha256": bundle.sha256}
    assert (metadata["device"], metadata["config_hash"]) == ("cpu", "abc")
    assert metadata["stages"] == {name: STAGES[name] for name in ("imputed", "scores")}


def test_features_prepared_for_other_models_are_refused(gathered: Path, tmp_path: Path) -> None:
    write_table(read_table(gathered), tmp_path / "g.parquet", {"preprocessing": "0" * 64})
    with pytest.raises(BundleError, match=r"prepared for other models .*preprocessing 000000"):
        infer(tmp_path / "g.parquet", tmp_path / "s.parquet", bundle=small_bundle("xgb"))
    assert not (tmp_path / "s.parquet").exists()


def test_an_unknown_class_is_refused(gathered: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'blue'; allowed: low, red"):
        infer(gathered, tmp_path / "s.parquet", bundle=small_bundle("xgb"), classes=["blue"])


def test_a_missing_column_is_named(gathered: Path, tmp_path: Path) -> None:
    metadata = read_metadata(gathered)
    write_table(read_table(gathered).drop_columns(["mag_2"]), tmp_path / "g.parquet", metadata)
    with pytest.raises(MissingColumnError, match="'mag_2'"):
        infer(tmp_path / "g.parquet", tmp_path / "s.parquet", bundle=small_bundle("xgb"))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_device_that_is_not_there_is_an_error(
    gathered: Path, tmp_path: Path, algorithm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scope.models.runtime.devices.n_cuda_devices", lambda: 0)
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(BackendError, match="cuda"):
        infer(gathered, tmp_path / "s.parquet", bundle=small_bundle(algorithm), device="cuda")


@pytest.mark.parametrize("value", [np.nan, 1.5, -0.1])
def test_a_model_that_gives_no_score_is_refused(
    gathered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    class Broken:
        def predict(self, features: np.ndarray, dmdt: np.ndarray) -> np.ndarray:
            return np.full(len(features), value, dtype=np.float32)

    monkeypatch.setattr(ModelBundle, "classifier", lambda *args, **options: Broken())
    with pytest.raises(BundleError, match=r"class 'low' gives something that is no score"):
        infer(gathered, tmp_path / "s.parquet", bundle=small_bundle("xgb"))
    assert not (tmp_path / "s.parquet").exists()


def test_scoring_imports_no_tensorflow(gathered: Path, tmp_path: Path) -> None:
    code = f"""
import sys
from scope.tasks.variables.bundles.model_bundle import ModelBundle
from scope.inference import infer
for folder in {[str(small_bundle(name).folder) for name in ALGORITHMS]!r}:
    infer({str(gathered)!r}, {str(tmp_path / "s.parquet")!r}, bundle=ModelBundle.load(folder))
assert not {{"tensorflow", "keras"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
