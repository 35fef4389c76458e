"""From light curves to sources, and from sources to samples; by hand on a dozen light curves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scope.catalog.combine import combine_light_curves, combine_sources
from scope.catalog.consolidate import consolidate
from scope.catalog.sample import SampleOptions, select_sample, with_not_variable
from scope.cli import combine_preds, select_fritz_sample
from scope.errors import InputError
from scope.io import read_parquet, read_table, write_parquet

pytestmark = pytest.mark.filterwarnings("ignore:no metadata of this package")


def predictions(path: Path, algorithm: str = "dnn", **columns: object) -> Path:
    """Six light curves: two stars of Gaia, one of AllWISE, one of none, one without scores."""
    n = 7
    frame = pd.DataFrame(
        {
            "_id": np.arange(1, n + 1),
            "Gaia_EDR3___id": [70, 70, 71, 0, 0, 0, 72],
            "AllWISE___id": [5, 6, 0, 8, 0, 0, 0],
            "PS1_DR1___id": [0, 0, 0, 9, 0, 0, 0],
            "ra": [10.0, 10.0001, 20, 30, 40, 40.0001, 50],
            "dec": [0.0, 0, 0, 0, 0, 0, 0],
            "period": [0.5, 1.0, 2, 3, 4, 5, 6],
            "field": pd.array([297, 298, 297, 297, 297, 297, 297], "Int32"),
            "ccd": pd.array([1] * n, "Int32"),
            "quad": pd.array([1] * n, "Int32"),
            "filter": pd.array([1, 2, 1, 1, 1, 2, 1], "Int32"),
            "n_epochs": pd.array([60, 90, 70, 80, 50, 50, 10], "Int32"),
            "significance": np.ones(n),
            "reason": [None, None, None, None, None, None, "too_few_epochs"],
            f"vnv_{algorithm}": [0.9, 0.7, 0.2, 0.95, 0.4, 0.6, np.nan],
            f"e_{algorithm}": [0.1, 0.5, 0.0, 0.92, 0.3, 0.3, np.nan],
            **columns,
        }
    )
    write_parquet(frame, path)
    return path


def test_light_curves_of_one_star_become_one_row(tmp_path: Path) -> None:
    sources = consolidate([predictions(tmp_path / "a.parquet")], algorithm="dnn")
    # 40 and 40.0001 deg are 0.36 arcsec apart
    assert sources["survey_id"].tolist() == [
        "Gaia_EDR3___70", "Gaia_EDR3___71", "AllWISE___8", "ZTF___5",
    ]  # fmt: skip
    np.testing.assert_allclose(sources["vnv_dnn"], [0.8, 0.2, 0.95, 0.5])
    np.testing.assert_allclose(sources["e_dnn"], [0.3, 0.0, 0.92, 0.3])
    # what describes a source is of its light curve with most epochs, and no mean
    assert sources["_id"].tolist() == [2, 3, 4, 5]
    assert sources["period"].tolist() == [1.0, 2, 3, 4]
    assert sources["n_light_curves"].tolist() == [2, 1, 1, 2]
    # 20 deg are 1 h 20 min
    assert sources["obj_id"].tolist()[1] == "ZTFJ012000.00+000000.0"
    assert sources.attrs["sources_lost"] == 1


@pytest.mark.parametrize(("statistic", "value"), [("max", 0.9), ("median", 0.8)])
def test_other_statistics(tmp_path: Path, statistic: str, value: float) -> None:
    path = predictions(tmp_path / "a.parquet")
    sources = consolidate([path], algorithm="dnn", statistic=statistic)
    assert sources["vnv_dnn"][0] == pytest.approx(value)


def test_a_star_of_two_fields_is_one_source_and_names_of_a_list_stay(tmp_path: Path) -> None:
    first = predictions(tmp_path / "a.parquet")
    names = ["a_b.c", "other", None, None, None, None, None]
    second = predictions(tmp_path / "b.parquet", _id=np.arange(11, 18))
    assert len(consolidate([first, second], algorithm="dnn")) == 4
    third = predictions(tmp_path / "c.parquet", obj_id=names)
    sources = consolidate([third], algorithm="dnn")
    assert sorted(sources["obj_id"])[-2:] == ["a_b.c", "other"]
    assert len(sources) == 5
    fourth = predictions(tmp_path / "d.parquet", ew_dnn=np.zeros(7))
    with pytest.raises(InputError, match="other classes"):
        consolidate([first, fourth], algorithm="dnn")


def test_samples_are_drawn_at_random_or_from_the_top(tmp_path: Path) -> None:
    sources = consolidate([predictions(tmp_path / "a.parquet")], algorithm="dnn")
    sources = with_not_variable(sources, "dnn")
    np.testing.assert_allclose(sources["nonvar_dnn"], 1 - sources["vnv_dnn"])
    options = SampleOptions(threshold=0.5, count=1)
    sample, counts = select_sample(sources, "dnn", options)
    assert counts == {"vnv": 3, "e": 1, "nonvar": 2}
    # one of each class; the one of e may be that of vnv
    assert set(sample["survey_id"]) >= {"AllWISE___8"}
    assert (sample["nonvar_dnn"] >= 0.5).any()
    assert sample.equals(select_sample(sources, "dnn", options)[0])
    top, _ = select_sample(sources, "dnn", SampleOptions(threshold=0.5, count=2, top=True))
    assert top["obj_id"].tolist() == sources["obj_id"].tolist()
    np.testing.assert_allclose(top["vnv_dnn"], [0.8, 0, 0.95, 0])
    np.testing.assert_allclose(top["e_dnn"], [0, 0, 0.92, 0])
    every, _ = select_sample(
        sources, "dnn", SampleOptions(threshold=0.5, count=1, top=True, all_labels=True)
    )
    assert every["survey_id"].tolist() == ["Gaia_EDR3___71", "AllWISE___8"]
    np.testing.assert_allclose(every["vnv_dnn"], [0, 0.95])
    np.testing.assert_allclose(every["e_dnn"], [0, 0.92])
    np.testing.assert_allclose(every["nonvar_dnn"], [0.8, 0])
    whole, _ = select_sample(sources, "dnn", SampleOptions(threshold=0.0, count=None, top=True))
    np.testing.assert_allclose(whole["vnv_dnn"], sources["vnv_dnn"])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for algorithm in ("dnn", "xgb"):
        for field in (297, 298):
            folder = Path(f"preds_{algorithm}/field_{field}")
            folder.mkdir(parents=True)
            first = 1 if field == 297 else 101
            predictions(
                folder / f"field_{field}.parquet", algorithm, _id=np.arange(first, first + 7)
            )
    return tmp_path


def test_the_command_writes_sample_counts_and_all_sources(home: Path, capsys) -> None:
    command = ["--algorithm", "xgb", "--probability-threshold", "0.7", "--write_csv"]
    assert select_fritz_sample.main([*command, "--write-consolidation-results"]) == 0
    folder = Path("AL_datasets_xgb/active_learning_set")
    sample = read_parquet(folder / "active_learning_set.parquet")
    assert {"obj_id", "survey_id", "vnv_xgb", "nonvar_xgb"} <= set(sample.columns)
    assert (folder / "active_learning_set.csv").is_file()
    assert json.loads((folder / "meta.json").read_text()) == {"vnv": 2, "e": 1, "nonvar": 1}
    assert len(read_parquet(folder / "inference_results_consol.parquet")) == 4
    again = [*command, "--read-consolidation-results", "--fields", "999"]
    assert select_fritz_sample.main(again) == 0
    assert select_fritz_sample.main(["--fields", "999"]) == 2
    assert "no predictions" in capsys.readouterr().err


def test_sources_of_the_training_set_can_be_left_out(home: Path, capsys) -> None:
    write_parquet(pd.DataFrame({"ra": [10.0], "dec": [0.0], "obj_id": ["x"]}), Path("t.parquet"))
    options = ["--doAllSources", "--exclude-training-sources", "true"]
    assert select_fritz_sample.main([*options, "--training-set", "t.parquet"]) == 0
    assert "3 sources, 3 chosen" in capsys.readouterr().out
    assert select_fritz_sample.main(options) == 2
    assert "--training-set" in capsys.readouterr().err


def test_both_algorithms_are_put_side_by_side(home: Path, capsys) -> None:
    assert combine_preds.main(["--write-csv"]) == 0
    table = read_parquet("preds_dnn_xgb/field_297.parquet")
    assert table["_id"].tolist() == list(range(1, 8))
    assert {"vnv_dnn", "e_dnn", "vnv_xgb", "e_xgb"} <= set(table.columns)
    assert table["reason"].tolist()[-1] == "too_few_epochs"
    assert json.loads(Path("preds_dnn_xgb/fields.json").read_text()) == [297, 298]
    assert "field_298: 7 light curves" in capsys.readouterr().out


def test_rows_of_one_algorithm_alone_stay_and_are_told(home: Path, capsys, caplog) -> None:
    predictions(Path("preds_xgb/field_297/field_297.parquet"), "xgb", _id=np.arange(3, 10))
    Path("preds_xgb/field_298/field_298.parquet").unlink()
    assert combine_preds.main([]) == 0
    table = read_parquet("preds_dnn_xgb/field_297.parquet").set_index("_id")
    assert table.index.tolist() == list(range(1, 10))
    assert np.isnan(table.loc[1, "vnv_xgb"])
    assert np.isnan(table.loc[8, "vnv_dnn"])
    assert table.loc[8, "ra"] == 40.0001
    assert "5 light curves are in both files, 2 in " in caplog.text
    assert "field_298: not combined, there is no preds_xgb" in capsys.readouterr().out


def test_ids_and_masks_keep_all_digits_where_a_file_lacks_rows(tmp_path: Path) -> None:
    # no float64 holds these numbers
    gaia, mask = 2079018300197390465, 2**63 + 5
    columns = {"Gaia_EDR3___id": gaia + 2 * np.arange(7), "imputed": np.uint64(mask)}
    one = predictions(tmp_path / "a.parquet", **columns)
    columns["Gaia_EDR3___id"] = gaia + 2 * np.arange(2, 9)
    other = predictions(tmp_path / "b.parquet", "xgb", _id=np.arange(3, 10), **columns)
    assert combine_light_curves(one, other, tmp_path / "both.parquet") == 9
    table = read_table(tmp_path / "both.parquet")
    assert table["Gaia_EDR3___id"].to_pylist() == [gaia + 2 * k for k in range(9)]
    assert table["imputed"].to_pylist() == [mask] * 9
    types = {name: str(table.schema.field(name).type) for name in ("_id", "imputed", "field")}
    assert types == {"_id": "int64", "imputed": "uint64", "field": "int32"}


@pytest.mark.parametrize(("method", "value"), [("mean", 0.7), ("max", 0.8)])
def test_sources_get_one_score_of_both(home: Path, method: str, value: float) -> None:
    one, other = "Gaia_EDR3___1", "Gaia_EDR3___2"
    for algorithm, names, ids, ra, scores in (
        ("dnn", ["a_b.c", "only"], [one, other], [359.9, 1.0], [0.6, 0.1]),
        ("xgb", ["other", "a_b.c"], [other, one], [2.0, 0.1], [0.1, 0.8]),
    ):
        columns = {"obj_id": names, "survey_id": ids, "ra": ra, f"vnv_{algorithm}": scores}
        path = Path(f"GCN_{algorithm}/GCN_sources_t/GCN_sources_t.parquet")
        write_parquet(pd.DataFrame(columns), path)
    command = ["--merge-dnn-xgb", "--dateobs", "t", "--agg_method", method, "--p-threshold=0.75"]
    command += ["--dnn-directory", "GCN_dnn", "--xgb-directory", "GCN_xgb"]
    assert combine_preds.main([*command, "--combined-preds-dirname", "GCN_dnn_xgb"]) == 0
    table = read_parquet("GCN_dnn_xgb/merged_GCN_sources_t.parquet")
    assert table["obj_id"].tolist() == ["a_b.c"]
    assert table["vnv"][0] == pytest.approx(value)
    # no mean of positions on both sides of 0
    assert table["ra"][0] == 359.9
    meta = json.loads(Path("GCN_dnn_xgb/merged_GCN_sources_t_meta.json").read_text())
    assert meta == {"a_b.c": ["vnv"] if value > 0.75 else []}


def test_all_tables_of_sources_are_merged_where_none_is_named(home: Path, capsys) -> None:
    for algorithm in ("dnn", "xgb"):
        columns = {"obj_id": ["a"], "survey_id": ["Gaia_EDR3___1"], f"vnv_{algorithm}": [0.9]}
        # The default names of select-fritz-sample.
        path = Path(f"AL_datasets_{algorithm}/active_learning_set/active_learning_set.parquet")
        write_parquet(pd.DataFrame(columns), path)
    folders = [f"--{name}-directory=AL_datasets_{name}" for name in ("dnn", "xgb")]
    assert combine_preds.main(["--merge-dnn-xgb", *folders]) == 0
    assert Path("preds_dnn_xgb/merged_active_learning_set.parquet").is_file()
    # Predictions of light curves are no such tables.
    assert combine_preds.main(["--merge-dnn-xgb", "--path-to-preds", "elsewhere"]) == 2
    assert "--dnn-directory AL_datasets_dnn" in capsys.readouterr().err


def test_a_source_that_stands_twice_is_an_error(tmp_path: Path) -> None:
    frame = pd.DataFrame({"obj_id": ["a", "a"], "survey_id": ["x", "x"], "vnv_dnn": [0.1, 0.2]})
    write_parquet(frame, tmp_path / "a.parquet")
    with pytest.raises(InputError, match="twice"):
        combine_sources(tmp_path / "a.parquet", tmp_path / "a.parquet")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--specific-field", "297", "--dateobs", "x"], "different fields"),
        (["--specific-field", "5"], "no predictions to combine"),
        (["--agg-method", "sum"], "invalid choice"),
    ],
)
def test_mistakes_are_told_in_a_line(home: Path, capsys, options, message) -> None:
    assert combine_preds.main(options) == 2
    assert message in capsys.readouterr().err
