"""Files of features by id: downloaded or computed, whole, in order, and gone on with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from scope.catalog.get_features import get_features
from scope.errors import InputError, MissingColumnError
from scope.features.registry import model_features
from scope.io import read_metadata, read_parquet, read_table
from scope.preprocessing import impute_features
from scope.preprocessing.matrices import histogram_matrix
from scope.surveys.stored_features import KowalskiFeatures
from tests.services.kowalski_stub import StubKowalski
from tests.services.kowalski_stub.documents import FEATURES
from tests.surveys.feature_sky import (
    all_ids,
    collections_with_features,
    computed,
    small_config,
)
from tests.surveys.kowalski_sky import simulate, survey_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate(tmp_path_factory.mktemp("sky") / "archive", n_stars=15)


@pytest.fixture(scope="module")
def sky(folder: Path) -> Iterator[tuple[StubKowalski, pa.Table]]:
    collections, table = collections_with_features(folder)
    collections[FEATURES][2]["AllWISE__w1mpro"] = None
    collections[FEATURES][5]["stetson_k"] = float("nan")
    with StubKowalski(collections) as server:
        yield server, table


@pytest.fixture
def stub(sky) -> StubKowalski:
    sky[0].faults.clear()
    sky[0].requests.clear()
    return sky[0]


@pytest.fixture
def expected(sky) -> pa.Table:
    return sky[1]


def stored(stub: StubKowalski, columns=None, queries: int = 1) -> KowalskiFeatures:
    client = survey_of(stub, queries=queries).client
    return KowalskiFeatures(client, FEATURES, ids_per_query=7, columns=columns)


def ids_of(table: pa.Table) -> np.ndarray:
    return table.column("_id").to_numpy()


def test_downloaded_features_are_those_of_the_collection(stub, expected, tmp_path) -> None:
    stub.faults.at_random(0.2)
    ids = ids_of(expected)[::-1]
    (file,) = get_features(stored(stub, queries=3), ids, tmp_path / "field_700")
    assert file.path == tmp_path / "field_700_iter_0.parquet"
    assert (file.rows, file.without, file.kept) == (len(ids), 0, False)
    table = read_table(file.path)
    np.testing.assert_array_equal(ids_of(table), ids_of(expected))
    for name in ("n", "median", "sw", "Gaia_EDR3__parallax", "mean_ztf_alert_braai", "filter"):
        assert table.column(name).to_pylist() == expected.column(name).to_pylist(), name
    for name in ("period", "f1_amp", "significance"):
        assert table.column(name).to_pylist() == expected.column(f"{name}_LS_BIC").to_pylist()
    assert table.column("Gaia_EDR3___id").equals(expected.column("Gaia_EDR3___id"))
    histograms, there = histogram_matrix(table.column("dmdt"))
    assert there.all()
    np.testing.assert_array_equal(histograms, histogram_matrix(expected.column("dmdt"))[0])
    assert set(model_features("ontological", None)) <= set(table.schema.names)
    assert read_metadata(file.path)["features_ztf_dataRelease"] == "DR16"
    assert read_metadata(file.path)["features_imputed"] is False


def test_ids_that_the_collection_lacks_keep_their_row_with_a_reason(
    stub, expected, tmp_path
) -> None:
    ids = np.concatenate([ids_of(expected)[:4], [10700001009999], ids_of(expected)[:1]])
    (file,) = get_features(stored(stub), ids, tmp_path / "a")
    table = read_table(file.path)
    assert table.num_rows == 5
    assert file.without == 1
    assert table.column("reason").to_pylist() == [None] * 4 + ["no_features"]
    # what the id itself tells
    assert table.column("field").to_pylist() == [700] * 5
    assert table.column("period").null_count == 1


def test_files_hold_so_many_light_curves_each_and_together_all(stub, expected, tmp_path) -> None:
    ids = ids_of(expected)
    files = get_features(stored(stub), ids, tmp_path / "a", max_sources=6)
    assert [file.rows for file in files] == [6] * (len(ids) // 6) + [len(ids) % 6]
    together = np.concatenate([ids_of(read_table(file.path)) for file in files])
    np.testing.assert_array_equal(together, ids)
    schemas = {read_table(file.path).schema.remove_metadata() for file in files}
    assert len(schemas) == 1


def test_what_is_there_with_the_same_ids_and_settings_is_not_asked_for_again(
    stub, expected, tmp_path
) -> None:
    ids = ids_of(expected)
    files = get_features(stored(stub), ids, tmp_path / "a", max_sources=10)
    before = [file.path.read_bytes() for file in files]
    files[1].path.unlink()
    files[2].path.write_bytes(before[2][:500])
    stub.requests.clear()
    again = get_features(stored(stub), ids, tmp_path / "a", max_sources=10)
    assert [file.kept for file in again] == [True, False, False]
    assert [file.path.read_bytes() for file in again] == before
    asked = {
        number for one in stub.queries("find") for number in one["query"]["filter"]["_id"]["$in"]
    }
    assert asked == set(ids[10:].tolist())
    # one id more shifts all that follow
    more = get_features(stored(stub), np.append(ids, 5), tmp_path / "a", max_sources=10)
    assert [file.kept for file in more] == [False] * len(more)
    restarted = get_features(stored(stub), ids, tmp_path / "a", max_sources=10, restart=True)
    assert [file.kept for file in restarted] == [False] * 3
    chosen = stored(stub, columns=["n"])
    facts = {"feature_columns": ["n"]}
    other = get_features(chosen, ids, tmp_path / "a", max_sources=10, facts=facts)
    assert [file.kept for file in other] == [False] * 3


def test_files_of_a_longer_list_are_told(stub, expected, tmp_path, caplog) -> None:
    ids = ids_of(expected)
    get_features(stored(stub), ids, tmp_path / "a", max_sources=10)
    get_features(stored(stub), ids[:10], tmp_path / "a", max_sources=10)
    assert "a_iter_1.parquet, a_iter_2.parquet" in caplog.text


def test_chosen_columns_are_the_only_ones(stub, expected, tmp_path) -> None:
    source = stored(stub, columns=["period", "n", "_id"])
    (file,) = get_features(source, ids_of(expected), tmp_path / "a", csv=True)
    assert read_table(file.path).schema.names == ["_id", "period", "n", "reason"]
    frame = pd.read_csv(file.path.with_suffix(".csv"), comment="#")
    np.testing.assert_array_equal(frame["_id"], ids_of(expected))
    sent = stub.queries("find")[-1]["query"]["projection"]
    assert sent == {"period": 1, "n": 1, "_id": 1}
    with pytest.raises(MissingColumnError, match="perod"):
        stored(stub, columns=["perod"]).read(ids_of(expected)[:2])


def test_no_ids_give_a_file_without_rows(stub, tmp_path) -> None:
    (file,) = get_features(stored(stub), np.zeros(0, dtype=np.int64), tmp_path / "a")
    assert read_table(file.path).num_rows == 0
    assert "period" in read_table(file.path).schema.names


def test_nothing_is_written_where_nothing_is_wanted(stub, expected, tmp_path) -> None:
    (file,) = get_features(stored(stub), ids_of(expected), tmp_path / "a", write=False)
    assert file.rows == expected.num_rows
    assert list(tmp_path.iterdir()) == []


def test_missing_features_are_filled_as_the_documented_helper_fills_them(
    stub, expected, tmp_path
) -> None:
    config = small_config()

    def impute(frame: pd.DataFrame) -> pd.DataFrame:
        return impute_features(frame, self_impute=True, period_suffix="None", config=config)

    ids = ids_of(expected)
    raw = read_parquet(get_features(stored(stub), ids, tmp_path / "raw")[0].path)
    (file,) = get_features(stored(stub), ids, tmp_path / "full", impute=impute)
    full = read_parquet(file.path)
    assert raw["AllWISE__w1mpro"].isna()[2]
    assert raw["stetson_k"].isna()[5]
    helper = impute(raw).set_index("_id")
    done = full[full["reason"].isna()].set_index("_id")
    assert list(done.index) == list(helper.index)
    for name in model_features("ontological", None):
        np.testing.assert_allclose(
            done[name].to_numpy(float), helper[name].to_numpy(float), rtol=1e-12, err_msg=name
        )
        assert done[name].notna().all(), name
    left = full[full["reason"].notna()]
    assert set(left["reason"]) == {"undefined_feature"}
    assert ids[5] in set(left["_id"])
    assert ids[2] in done.index
    assert len(done) + len(left) == len(ids)
    assert full["Gaia_EDR3___id"].isna().equals(raw["Gaia_EDR3___id"].isna())
    assert read_metadata(file.path)["features_imputed"] is True


def test_features_of_an_archive_are_computed_as_in_the_workflow(folder, expected, tmp_path) -> None:
    ids = all_ids(folder)
    source = computed(folder)
    files = get_features(source, np.append(ids, 1), tmp_path / "a", max_sources=len(ids) + 1)
    table = read_table(files[0].path)
    np.testing.assert_array_equal(ids_of(table), np.append(1, ids))
    assert table.column("reason")[0].as_py() == "no_light_curve"
    assert table.num_rows - table.column("reason").null_count > 1
    # alone, a light curve has the features that it has in company
    some = ids[[3, 11]]
    (few,) = get_features(source, some, tmp_path / "few")
    position = np.searchsorted(ids, some) + 1
    for name in table.schema.names:
        assert (
            read_table(few.path).column(name).to_pylist()
            == table.take(pa.array(position)).column(name).to_pylist()
        ), name
    record = read_metadata(few.path)
    assert {"sources", "lightcurves", "crossmatch", "features"} <= set(record["stages"])
    assert record["config_hash"] == small_config().config_hash


def test_chosen_columns_of_an_archive_are_the_only_ones(folder, tmp_path) -> None:
    source = computed(folder, columns=["period_LS_BIC", "dmdt"])
    (file,) = get_features(source, all_ids(folder)[:3], tmp_path / "a")
    assert read_table(file.path).schema.names == ["_id", "period_LS_BIC", "dmdt", "reason"]
    with pytest.raises(MissingColumnError, match="'period'"):
        computed(folder, columns=["period"]).read(all_ids(folder)[:3])


@pytest.mark.parametrize(("start", "end"), [(24, None), (10, 10), (20, 10)])
def test_a_part_without_light_curves_is_refused(stub, tmp_path, start, end) -> None:
    with pytest.raises(InputError, match="between --start and --end"):
        get_features(stored(stub), np.arange(24), tmp_path / "a", start=start, end=end)
    assert list(tmp_path.iterdir()) == []
