"""Rounds of questions about light curves: pools of feature files, members, training sets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from scope.active.labels import Label
from scope.active.ledger import Ledger
from scope.active.loop import find_loop, prepare_pool, read_pool
from scope.cli.main import main
from scope.errors import ConfigError, InputError, NotFoundError
from scope.io.frames import read_parquet, write_parquet
from scope.tasks.variables.training_labels import labelled_features

N = 90
CLASSES = ["fast", "slow"]


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    """Two bands of 45 stars; a code that is no number, as cross-matches have, and histograms."""
    rng = np.random.default_rng(0)
    slow = np.repeat(np.arange(N // 2) % 2, 2)
    frame = pd.DataFrame(
        {
            "_id": np.arange(1000, 1000 + N),
            "obj_id": [f"V{i // 2}" if i >= 20 else None for i in range(N)],
            "filter": np.tile([1, 2], N // 2),
            "period_LS_BIC": np.where(slow, 100.0, 0.5) * rng.uniform(0.8, 1.2, N),
            "skew": rng.normal(0, 1, N),
            "median": rng.normal(17, 1, N),
            "AllWISE_ph_qual": ["AAUU"] * N,
            "dmdt": [rng.random(676).astype("f4").tolist() for _ in range(N)],
        }
    )
    frame.loc[3, ["period_LS_BIC", "skew", "median"]] = [np.nan, np.inf, np.nan]
    path = tmp_path_factory.mktemp("features") / "features.parquet"
    write_parquet(frame, path)
    return path, slow


@pytest.mark.parametrize("learner", ["trees", "xgb", "dnn"])
def test_members_learn_from_feature_files(features, tmp_path, learner):
    path, slow = features
    settings = {"data": [str(path)], "classes": CLASSES, "learner": learner, "epochs": 30}
    prepare_pool("variables", settings, tmp_path)
    pool = read_pool(tmp_path)
    assert pool.attrs["features"] == ["period_LS_BIC", "skew", "median"]
    assert pool["missing"].to_numpy().nonzero()[0].tolist() == [3]
    # Light curves without a name go by their own id.
    assert pool["object"].tolist()[:2] == ["1000", "1001"]
    assert pool["object"].tolist()[20:22] == ["V10", "V10"]
    loop = find_loop("variables", settings)
    rows = np.arange(30, N)
    p = loop.member(tmp_path, rows, slow[rows], 1, learner)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)
    assert (p.argmax(axis=1) == slow)[4:30].mean() > 0.9
    np.testing.assert_array_equal(p, loop.member(tmp_path, rows, slow[rows], 1, learner))


def test_ranks_are_counted_among_the_rows_that_have_a_feature(features, tmp_path):
    """Ranks of pandas, in which a share counts known rows alone; four of five rows lack it."""
    frame = pd.read_parquet(features[0])
    frame.loc[frame.index % 5 > 0, "skew"] = np.nan
    settings = {"data": [str(tmp_path / "f.parquet")], "classes": CLASSES}
    write_parquet(frame, tmp_path / "f.parquet")
    prepare_pool("variables", settings, tmp_path)
    columns = read_pool(tmp_path).attrs["features"]
    ranks = find_loop("variables", settings).features(tmp_path)
    known = frame[columns].replace(np.inf, np.nan)
    np.testing.assert_allclose(ranks, known.rank(pct=True).fillna(0.5), rtol=1e-12)


@pytest.mark.parametrize("key", ["object", "period"])
def test_a_column_that_is_named_and_not_there_is_an_error(features, tmp_path, key):
    path, _ = features
    settings = {"data": [str(path)], "classes": CLASSES, key: "obj_idd"}
    with pytest.raises(ConfigError, match=f"{key}.*obj_idd.*period_LS_BIC"):
        prepare_pool("variables", settings, tmp_path)
    assert not list(tmp_path.iterdir())


def test_histograms_come_as_feature_files_have_them(tmp_path):
    """Flat or as lists of lists; what is null or no number is none, another size an error."""
    cells = np.random.default_rng(0).random((26, 26)).astype("f4")
    hole = cells.copy()
    hole[3, 4] = np.nan

    def prepared(*histograms):
        frame = pd.DataFrame({"_id": range(2), "skew": [1.0, 2.0], "dmdt": list(histograms)})
        write_parquet(frame, tmp_path / "features.parquet")
        settings = {"data": [str(tmp_path / "features.parquet")], "classes": CLASSES}
        prepare_pool("variables", settings, tmp_path / "pool")
        return np.load(tmp_path / "pool" / "dmdt.npy")[..., 0]

    np.testing.assert_array_equal(prepared(cells.tolist(), None), [cells, 0 * cells])
    flat = prepared(cells.ravel().tolist(), hole.ravel().tolist())
    np.testing.assert_array_equal(flat, [cells, 0 * cells])
    with pytest.raises(InputError, match="26 x 26"):
        prepared(cells[:24, :24].ravel().tolist(), None)


def test_a_light_curve_without_features_is_no_row_of_a_training_set(tmp_path):
    frame = pd.DataFrame({"_id": [1, 2], "obj_id": ["S", "S"], "skew": [1.0, np.nan]})
    write_parquet(frame.assign(reason=[None, "too_few_epochs"]), tmp_path / "features.parquet")
    said = [Label("S", "variables", "fast", labeller="ann")]
    found = labelled_features([tmp_path / "features.parquet"], said, CLASSES)
    assert found["_id"].tolist() == [1]


def test_a_training_set_of_labels_loses_nothing(features, tmp_path, capsys):
    """Neither a feature for a class of its name, nor rows that nobody could find again."""
    path, _ = features
    ledger = Ledger(tmp_path / "labels")
    ledger.append([Label("V11", "variables", "fast", labeller="ann")])
    write_parquet(pd.DataFrame({"_id": [1], "star": ["x"]}), tmp_path / "old.parquet")
    command = ["labels", "training-set", str(tmp_path / "new.parquet"), "--features", str(path)]
    command += ["--ledger", str(tmp_path / "labels"), "--classes"]
    assert main([*command, *CLASSES, "skew"]) == 2
    assert "called as a feature" in capsys.readouterr().err
    assert main([*command, *CLASSES, "--update", str(tmp_path / "old.parquet")]) == 2
    assert "ztf_id" in capsys.readouterr().err
    assert not (tmp_path / "new.parquet").exists()


def test_answers_become_rows_of_a_training_set(features, tmp_path, capsys):
    path, _ = features
    ledger = Ledger(tmp_path / "labels")
    said = {"V10": "slow", "V11": "fast", "1003": "fast"}
    ledger.append(
        [Label(name, "variables", one, labeller="ann", round=1) for name, one in said.items()]
    )
    ledger.append([Label("V12", "variables", "odd", labeller="ann")])
    found = labelled_features([path], ledger.labels("variables"), CLASSES)
    assert found["obj_id"].tolist() == ["1003", "V10", "V10", "V11", "V11"]
    assert found["slow"].tolist() == [0, 1, 1, 0, 0]
    assert found["fast"].tolist() == [1, 0, 0, 1, 1]
    old = pd.DataFrame({"ztf_id": [1020, 5], "obj_id": ["V10", "x"], "skew": [9.0, 8.0]})
    write_parquet(old.assign(slow=[0.0, 1.0], fast=[1.0, 0.0]), tmp_path / "old.parquet")
    command = ["labels", "training-set", str(tmp_path / "new.parquet"), "--features", str(path)]
    command += ["--ledger", str(tmp_path / "labels"), "--classes", *CLASSES]
    assert main([*command, "--update", str(tmp_path / "old.parquet")]) == 0
    new = read_parquet(tmp_path / "new.parquet").set_index("ztf_id")
    assert sorted(new.index) == [5, 1003, 1020, 1021, 1022, 1023]
    assert new.loc[[5, 1020, 1021], "slow"].tolist() == [1, 1, 1]
    assert new.loc[1020, "skew"] == 9.0
    assert "5 light curves with labels, 6 rows" in capsys.readouterr().out
    with pytest.raises(NotFoundError, match="fast"):
        labelled_features([path], [], CLASSES)
    write_parquet(pd.DataFrame({"name": ["V10"]}), tmp_path / "other.parquet")
    assert main([*command, "--features", str(tmp_path / "other.parquet")]) == 2
    assert "missing columns in" in capsys.readouterr().err
    assert main(["labels", "show", "--ledger", str(tmp_path / "none")]) == 2
    assert "no labels in this ledger" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
