"""``scope-download-classification`` against stubs of Fritz and Kowalski."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scope.cli.download_classification import main
from scope.io import read_dataframe
from tests.services.fritz_sky import settings_text
from tests.services.fritz_stub import Fault
from tests.services.kowalski_stub import StubKowalski
from tests.surveys.feature_sky import SMALL, collections_with_features, computed

MAP = {
    "variable": {"fritz_label": "variable", "taxonomy_id": 1},
    "RR Lyrae": {"fritz_label": "RR Lyrae", "taxonomy_id": 1},
    "rr": {"fritz_label": "RR Lyrae", "taxonomy_id": 1},
    "CV": {"fritz_label": "Cataclysmic", "taxonomy_id": 1},
}


@pytest.fixture(scope="module")
def collections(sky: Path) -> tuple[dict, pd.DataFrame]:
    made, table = collections_with_features(sky)
    return made, table.to_pandas()


@pytest.fixture
def kowalski(collections, stub, monkeypatch) -> Iterator[StubKowalski]:
    with StubKowalski(collections[0]) as server:
        host = f"{{host: 127.0.0.1, port: {server.port}, protocol: http}}"
        text = f"survey: kowalski\nkowalski: {{hosts: {{gloria: {host}}}}}\n"
        Path("config.yaml").write_text(text + settings_text(stub))
        monkeypatch.setenv("GLORIA_INSTANCE_TOKEN", server.token())
        Path("map.json").write_text(json.dumps(MAP))
        yield server


@pytest.fixture
def classified(stub, collections) -> pd.DataFrame:
    """Two sources at light curves with features, and one elsewhere; votes for some."""
    table = collections[1]
    stars = table[table["filter"] == 1].head(2)
    for number, (ra, dec) in enumerate(zip(stars["ra"], stars["dec"], strict=True)):
        body = {"id": f"star{number}", "ra": ra, "dec": dec, "group_ids": [4]}
        stub.call("POST", "/api/sources", body)
    stub.call("POST", "/api/sources", {"id": "else", "ra": 1.0, "dec": 1.0, "group_ids": [5]})
    for name, label, probability in (
        ("star0", "variable", 0.4),
        ("star0", "RR Lyrae", None),
        ("star1", "Cataclysmic", 0.8),
    ):
        one = {"obj_id": name, "classification": label, "probability": probability}
        more = {"taxonomy_id": 1, "group_ids": [4], "vote": label != "variable", "label": True}
        stub.call("POST", "/api/classification", {**one, **more})
    note = {"origin": "revised", "data": {"period": 0.25}}
    stub.call("POST", "/api/sources/star0/annotations", note)
    return stars


def test_sources_of_groups_are_listed(stub, classified) -> None:
    stub.faults.next(Fault("page", 429), Fault("half"))
    assert main(["--group-ids", "4", "5", "--output-format", "csv"]) == 0
    table = pd.read_csv("fritzDownload/parse_fritzDownload.csv", comment="#")
    assert table["obj_id"].tolist() == ["else", "star0", "star1"]
    row = table.iloc[1]
    assert row["classification"] == "variable;RR Lyrae"
    assert row["probability"] == "0.4;"
    assert row["sum_votes"] == "0;1"
    assert (row["period_origin"], row["period"]) == ("revised", 0.25)
    assert row["labellers"] == "provisioned-admin"


def test_a_page_to_begin_with(stub, monkeypatch) -> None:
    monkeypatch.setattr("scope.fritz.download_sources.PAGE_ITEMS", 4)
    for k in range(10):
        body = {"id": f"s{k}", "ra": 1.0 * k, "dec": 2.0, "group_ids": [4]}
        stub.call("POST", "/api/sources", body)
    assert main(["--file", "parse", "--group-ids", "4", "--start", "2"]) == 0
    table = read_dataframe("fritzDownload/parse_fritzDownload_continued_page_2.parquet")
    assert table["obj_id"].tolist() == [f"s{k}" for k in range(4, 10)]


def test_the_documented_example(stub, kowalski, classified, collections) -> None:
    places = [(1.0, 1.0), *zip(classified["ra"], classified["dec"], strict=True)]
    sample = pd.DataFrame({"obj_id": ["x", "star0", None]})
    sample["ra"], sample["dec"] = np.transpose(places)
    sample["obj_id"] = ["x", "star0", None]
    sample.to_csv("sample.csv", index=False)
    command = [
        *("--file", "sample.csv", "--group-ids", "360", "361", "--start", "1"),
        *("--merge-features", "True", "--features-catalog", "ZTF_source_features_DR16"),
        *("--features-limit", "5000", "--taxonomy-map", "map.json"),
        *("--output-dir", "fritzDownload", "--output-filename", "merged_classifications_features"),
        *("--output-format", "parquet", "--get-ztf-filters", "--impute-missing-features"),
    ]
    assert main(command) == 0
    downloaded = read_dataframe("fritzDownload/sample_fritzDownload.parquet")
    # the second by its name, the third by its place
    assert downloaded["obj_id"].tolist() == ["star0", "star1"]
    merged = read_dataframe("fritzDownload/merged_classifications_features.parquet")
    assert merged.columns[-1] == "ztf_id"
    features = collections[1].set_index("_id")
    for _, row in merged.iterrows():
        truth = features.loc[row["ztf_id"]]
        assert row["median"] == pytest.approx(truth["median"])
        assert row["filter"] == truth["filter"]
    # one row per light curve: each star in two filters
    assert merged.groupby("obj_id").size().to_dict() == {"star0": 2, "star1": 2}
    labels = merged.drop_duplicates("obj_id").set_index("obj_id")[list(MAP)]
    # both columns of one class; a person's word counts as 1; what nobody said is 0
    assert labels.loc["star0"].tolist() == [0.4, 1.0, 1.0, 0.0]
    assert labels.loc["star1"].tolist() == [0.0, 0.0, 0.0, 0.8]
    assert merged.attrs["features_catalog"] == "ZTF_source_features_DR16"
    # a table that was downloaded before is not downloaded again
    before = len(stub.requests)
    again = ["--file", "fritzDownload/sample_fritzDownload.parquet", *command[7:]]
    assert main(again) == 0
    assert len(stub.requests) == before


def test_the_training_set_is_updated_by_votes(stub, kowalski, classified) -> None:
    base = ["--group-ids", "4", "--taxonomy-map", "map.json"]
    assert main([*base, "--merge-features"]) == 0
    merged = read_dataframe("fritzDownload/merged_classifications_features.parquet")
    old = merged[merged["obj_id"] == "star1"].copy()
    old["obj_id"], old["CV"], old["median"] = "older name", 0.1, -1.0
    old.to_parquet("fritzDownload/training_set.parquet")
    assert main([*base, "--update-training-set", "--min-vote-diff", "1"]) == 0
    new = read_dataframe("fritzDownload/updated_AL_training_set.parquet")
    assert len(new) == 4
    kept = new[new["ztf_id"].isin(old["ztf_id"])]
    # the first name and features, the newest label
    assert set(kept["obj_id"]) == {"older name"}
    assert set(kept["CV"]) == {0.8}
    assert set(kept["median"]) == {-1.0}
    added = new[new["obj_id"] == "star0"]
    # nobody voted for `variable`
    assert set(added["variable"]) == {0.0}
    assert set(added["RR Lyrae"]) == {1.0}
    assert not new.duplicated("ztf_id").any()


def test_features_of_an_archive_are_computed(stub, sky, stars, capsys, caplog) -> None:
    # Half an arcsecond apart, so that each light curve is the nearest source's.
    for name, shift in (("here", 0.1), ("beside", 0.6)):
        place = {"ra": stars[0]["objra"], "dec": stars[0]["objdec"] + shift / 3600}
        stub.call("POST", "/api/sources", {"id": name, **place, "group_ids": [4]})
    stub.call("POST", "/api/sources", {"id": "far", "ra": 1.0, "dec": 1.0, "group_ids": [4]})
    note = {"obj_id": "here", "classification": "variable", "probability": 0.75}
    stub.call("POST", "/api/classification", {**note, "taxonomy_id": 1, "group_ids": [4]})
    small = f"feature_generation: {json.dumps(SMALL)}\n"
    Path("config.yaml").write_text(settings_text(stub) + f"archive: {sky}\n{small}")
    Path("map.json").write_text(json.dumps(MAP))
    command = ["--group-ids", "4", "--taxonomy-map", "map.json", "--merge-features"]
    assert main([*command, "--get-ztf-filters"]) == 0
    assert f"2 of 3 sources have no features in {sky}" in caplog.text
    merged = read_dataframe("fritzDownload/merged_classifications_features.parquet")
    assert set(merged["obj_id"]) == {"here"}
    assert set(merged["variable"]) == {0.75}
    assert merged.columns[-1] == "ztf_id"
    # the same as by the way of get-features, which goes by quadrants
    ids = merged["ztf_id"].to_numpy()
    assert stars[0]["objectid"] in ids
    assert len(ids) == 2
    truth = computed(sky).read(np.sort(ids))[0].to_pandas().set_index("_id").loc[ids]
    for name in ("filter", "median", "period_LS_BIC", "Gaia_EDR3__parallax", "n_epochs"):
        assert merged[name].tolist() == truth[name].tolist(), name
    assert merged.attrs["data_release"] == "simulation"
    assert main([*command, "--features-catalog", "ZTF_source_features_DR16"]) == 2
    assert "set the key survey to kowalski" in capsys.readouterr().err


def test_an_archive_is_joined_imputed_and_added_to_a_training_set(stub, sky, stars, capsys) -> None:
    """The period from Fritz is no feature, and does not tell how the features are called."""
    for number, star in enumerate(stars):
        place = {"ra": star["objra"], "dec": star["objdec"], "group_ids": [4]}
        stub.call("POST", "/api/sources", {"id": f"s{number}", **place})
        one = {"obj_id": f"s{number}", "classification": "variable", "taxonomy_id": 1}
        stub.call("POST", "/api/classification", {**one, "group_ids": [4], "vote": number > 0})
        note = {"origin": "uploadedperiod", "data": {"period": 0.25 + number}}
        stub.call("POST", f"/api/sources/s{number}/annotations", note)
    small = f"feature_generation: {json.dumps(SMALL)}\n"
    Path("config.yaml").write_text(settings_text(stub) + f"archive: {sky}\n{small}")
    Path("map.json").write_text(json.dumps(MAP))
    command = ["--group-ids", "4", "--taxonomy-map", "map.json", "--impute-missing-features"]
    assert main([*command, "--merge-features"]) == 0
    merged = read_dataframe("fritzDownload/merged_classifications_features.parquet")
    periods = [f"{0.25 + int(name[1:])}" for name in merged["obj_id"]]
    assert merged["period"].tolist() == periods
    assert merged["period_LS_BIC"].notna().all()
    assert merged["Gaia_EDR3__parallax"].notna().all()
    old = merged[merged["obj_id"] == "s1"].copy()
    old["variable"], old["obj_id"] = 0.5, "known"
    old.to_parquet("fritzDownload/training_set.parquet")
    capsys.readouterr()
    assert main([*command, "--update-training-set"]) == 0
    new = read_dataframe("fritzDownload/updated_AL_training_set.parquet")
    assert f"{len(old)} rows before, {len(new)} now" in capsys.readouterr().out
    # of all sources that somebody voted for, which the first has none of, each light curve once
    expected = merged.loc[merged["obj_id"] != "s0", "ztf_id"]
    assert sorted(new["ztf_id"]) == sorted(expected)
    assert set(new["variable"]) == {1.0}
    assert set(new.loc[new["ztf_id"].isin(old["ztf_id"]), "obj_id"]) == {"known"}


def test_features_that_are_missing_are_told_and_what_there_is(stub) -> None:
    from scope.errors import MissingColumnError
    from scope.preprocessing.matrices import feature_matrix

    with pytest.raises(MissingColumnError) as error:
        feature_matrix({"median": [1.0], "n": [1.0]}, ["median", "period_LS_BIC"])
    assert error.value.value == "period_LS_BIC"
    assert "the table has: median, n;" in str(error.value)
    assert "allowed" not in str(error.value)


def test_a_download_that_fails_names_no_file(stub, capsys) -> None:
    stub.call("POST", "/api/sources", {"id": "a", "ra": 1.0, "dec": 2.0, "group_ids": [4]})
    Path("sample.csv").write_text("obj_id\na\n")
    for where in (["--group-ids", "4"], ["--file", "sample.csv"]):
        stub.faults.next(Fault("page", 413))
        assert main(where) == 2
        assert "fritzDownload" not in capsys.readouterr().out
        assert not Path("fritzDownload").exists()
        assert main(where) == 0
        (path,) = [line for line in capsys.readouterr().out.splitlines() if "Download/" in line]
        assert Path(path).is_file()
        Path(path).unlink()
        Path("fritzDownload").rmdir()


def test_mistakes(stub, capsys) -> None:
    assert main([]) == 2
    assert "--group-ids" in capsys.readouterr().err
    Path("map.json").write_text(json.dumps(MAP))
    Path("config.yaml").write_text(settings_text(stub))
    join = ["--group-ids", "4", "--taxonomy-map", "map.json", "--merge-features"]
    assert main(join) == 2
    assert "set the key archive" in capsys.readouterr().err
    Path("a.csv").write_text("x\n1\n")
    assert main(["--file", "a.csv"]) == 2
    assert "obj_id, or ra and dec" in capsys.readouterr().err
