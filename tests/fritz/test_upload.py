"""``scope-upload-classification``: every option, against the stub."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pandas as pd
import pytest

from scope.cli.upload_classification import main
from scope.io import read_dataframe
from tests.services.fritz_sky import GROUP, OTHER_GROUP

MAP = {
    "variable": {"fritz_label": "variable", "taxonomy_id": 1},
    "flaring": {"fritz_label": "flaring", "taxonomy_id": 1},
    "CV": {"fritz_label": "Cataclysmic", "taxonomy_id": 1},
    "nice": {"fritz_label": "None", "taxonomy_id": -1},
}
BASE = ["--file", "sample.csv", "--taxonomy-map", "map.json"]


@pytest.fixture
def sample(stub, stars) -> pd.DataFrame:
    """Three stars of the archive; the last column is no class."""
    Path("map.json").write_text(json.dumps(MAP))
    table = pd.DataFrame(
        {
            "ra": [star["objra"] for star in stars[:3]],
            "dec": [star["objdec"] for star in stars[:3]],
            "period": [0.5, 1.5, None],
            "variable": [0.95, 0.4, 0.99],
            "flaring": [0.1, 0.92, 0.0],
            "Gaia_EDR3___id": [4001, 0, 4003],
            "obj_id": ["known", "starB", "starC"],
            "note": [1, 1, 1],
        }
    )
    table.to_csv("sample.csv", index=False)
    return table


def upload(*options: str, groups: tuple[int, ...] = (GROUP,), status: int = 0) -> None:
    numbers = [str(number) for number in groups]
    assert main([*BASE, "--group-ids", *numbers, *options]) == status


def posted(stub) -> set[tuple[str, str, float]]:
    rows = stub.database.all("select * from classifications")
    return {(row["obj_id"], row["classification"], row["probability"]) for row in rows}


def test_the_documented_example(stub, sample, stars) -> None:
    stub.call("POST", "/api/groups", {"name": "third"})
    body = {"id": "known", "ra": stars[0]["objra"], "dec": stars[0]["objdec"], "group_ids": [4]}
    stub.call("POST", "/api/sources", body)
    old = {"obj_id": "known", "classification": "Cataclysmic", "taxonomy_id": 1}
    stub.call("POST", "/api/classification", {**old, "group_ids": [GROUP], "origin": "SCoPe"})
    command = [
        *("--classification", "variable", "flaring", "--comment", "confident"),
        *("--start", "0", "--stop", "1", "--skip-phot", "--p-threshold", "0.9"),
        *("--write-obj-id", "--result-format", "csv", "--use-existing-obj-id"),
        *("--post-survey-id", "--replace-classifications"),
    ]
    upload(*command, groups=(4, 5, 6))
    # by column name, from the threshold on, rows 0 and 1; the old class is replaced
    assert posted(stub) == {("known", "variable", 0.95), ("starB", "flaring", 0.92)}
    row = stub.database.one("select * from classifications where obj_id = 'known'")
    assert (row["origin"], row["ml"], row["groups"]) == ("SCoPe", True, [4, 5, 6])
    source = stub.call("GET", "/api/sources/known?includeLabellers=true")
    assert {group["id"] for group in source["groups"]} == {4, 5, 6}
    notes = {note["origin"]: note["data"] for note in source["annotations"]}
    assert notes["SCoPe_xmatch"] == {"survey_id": "Gaia_EDR3___4001"}
    assert notes["uploadedperiod"] == {"period": 0.5}
    assert source["labellers"] == [stub.views.user(2)]  # by the old row, not by ours
    assert stub.database.all("select * from votes") == []
    comments = stub.call("GET", "/api/sources/known/comments")
    assert [one["text"] for one in comments] == ["confident"]
    # photometry of the new source only
    assert stub.call("GET", "/api/sources/known/photometry") == []
    assert stub.call("GET", "/api/sources/starB/photometry")
    named = pd.read_csv("fritzUpload/sample_fritzUpload.csv", comment="#")
    assert named["obj_id"].tolist() == ["known", "starB", "starC"]
    receipt = pd.read_csv("fritzUpload/sample_fritzUpload_receipt.csv", comment="#")
    kinds = receipt.groupby(["what", "status"]).size().to_dict()
    assert kinds[("classification", "posted")] == 2
    # one classification went; the other source had none
    assert kinds[("replace", "deleted")] == 1
    assert kinds[("comment", "posted")] == 2


def test_a_second_run_posts_nothing(stub, sample) -> None:
    options = ("--classification", "read", "--comment", "x", "--post-survey-id")
    upload(*options)
    before = len(stub.written())
    assert before > 8
    upload(*options)
    # nor does one that has lost its journal
    upload(*options, "--result-filetag", "other")
    later = {(method, path.split("?")[0]) for method, path, _ in stub.written()[before:]}
    assert later == {("PUT", "/api/photometry")}
    receipt = read_dataframe("fritzUpload/sample_other_receipt.parquet")
    assert set(receipt.status[receipt.what == "classification"]) == {"there"}


def test_sources_are_named_after_their_position_and_found_again(stub, sample, stars) -> None:
    upload("--classification", "variable", "--p-threshold", "0.9", "--write-obj-id")
    names = read_dataframe("fritzUpload/sample_fritzUpload.parquet")["obj_id"].tolist()
    assert names[0].startswith("ZTFJ")
    assert names[1] == "starB"  # below the threshold: not posted, its name stays
    upload(
        *("--classification", "flaring", "--start", "0", "--stop", "0"),
        *("--result-filetag", "second"),
    )
    assert {row[0] for row in posted(stub)} == {names[0], names[2]}


def test_sources_are_found_by_their_ids_in_other_surveys(stub, sample, stars) -> None:
    near = {"ra": stars[0]["objra"], "dec": stars[0]["objdec"], "group_ids": [GROUP]}
    for name, number in (("first", 4001), ("second", 77)):
        stub.call("POST", "/api/sources", {"id": name, **near})
        note = {"origin": "x", "data": {"gaia": f"Gaia_EDR3___{number}"}}
        stub.call("POST", f"/api/sources/{name}/annotations", note)
    upload("--classification", "variable", "--stop", "0", "--match-ids")
    assert posted(stub) == {("first", "variable", 0.95)}


def test_photometry_is_that_of_the_archive(stub, sample, sky, stars) -> None:
    import numpy as np
    import pyarrow.parquet as pq

    upload("--classification", "variable", "--stop", "0", "--instrument-name", "ZTF")
    (name,) = {row[0] for row in posted(stub)}
    points = stub.call("GET", f"/api/sources/{name}/photometry")
    path = next(path for path in sky.glob("ztf_*_zg_*.parquet"))
    table = pq.read_table(path, filters=[("objectid", "==", stars[0]["objectid"])])
    curve = {key: np.array(table.column(key)[0].as_py()) for key in ("hmjd", "mag", "catflags")}
    good = curve["catflags"] == 0
    green = [point for point in points if point["filter"] == "ztfg"]
    np.testing.assert_allclose([p["mjd"] for p in green], np.sort(curve["hmjd"][good]), atol=1e-6)
    order = np.argsort(curve["hmjd"][good])
    np.testing.assert_allclose([p["mag"] for p in green], curve["mag"][good][order], atol=1e-5)
    assert {point["filter"] for point in points} == {"ztfg", "ztfr"}


def test_pictures_are_posted_as_comments(stub, sample) -> None:
    options = ("--classification", "variable", "--stop", "0", "--use-existing-obj-id")
    upload(*options, "--post-phot-as-comment", "--post-phasefolded-phot", "--phot-dirname", "p")
    comments = stub.database.all("select * from comments order by id")
    assert [row["text"] for row in comments] == [
        "ZTF source within 2 arcsec of known: time series",
        "ZTF source within 2 arcsec of known: phase-folded",
    ]
    for row, name in zip(comments, ("time_series", "phase_folded"), strict=True):
        picture = Path(f"p/known_{name}.png").read_bytes()
        assert base64.b64decode(row["attachment"]) == picture
        assert picture.startswith(b"\x89PNG")


def test_votes_labels_and_what_is_no_model(stub, sample) -> None:
    options = ("--classification", "variable", "--stop", "0", "--use-existing-obj-id")
    upload(*options, "--post-upvote", "--check-labelled-box", "--no-ml")
    row = stub.database.one("select * from classifications")
    assert row["ml"] is False
    assert [vote["vote"] for vote in stub.database.all("select * from votes")] == [1]
    assert len(stub.database.all("select * from labels")) == 1


def test_only_our_own_classifications_are_replaced(stub, sample, stars, monkeypatch) -> None:
    member = stub.add_user("member", groups=(GROUP,))
    near = {"ra": stars[0]["objra"], "dec": stars[0]["objdec"], "group_ids": [GROUP]}
    stub.call("POST", "/api/sources", {"id": "known", **near})
    for name, token in (("variable", stub.admin), ("flaring", member), ("Cataclysmic", member)):
        body = {"obj_id": "known", "classification": name, "taxonomy_id": 1, "group_ids": [GROUP]}
        body |= {"origin": "SCoPe", "probability": 0.3}
        stub.call("POST", "/api/classification", body, token)
    monkeypatch.setenv("FRITZ_INSTANCE_TOKEN", member)
    options = ("--classification", "read", "--stop", "0", "--use-existing-obj-id")
    upload(*options, "--replace-classifications", "--skip-phot")
    # the row of somebody else cannot be deleted, and is not posted beside it
    assert posted(stub) == {("known", "variable", 0.3), ("known", "flaring", 0.1)}


def test_a_dry_run_shows_what_would_be_sent(stub, sample, capsys) -> None:
    upload("--classification", "read", "--comment", "x", "--dry-run")
    printed = capsys.readouterr().out
    assert "would send POST /api/sources " in printed
    assert '"classification": "flaring", "taxonomy_id": 1, "probability": 0.92' in printed
    assert "would send PUT /api/photometry" in printed
    assert stub.written() == []
    assert not Path("fritzUpload").exists()


def test_a_batch_goes_on_after_a_class_that_is_refused(stub, sample) -> None:
    outsider = stub.add_user("outsider", groups=(OTHER_GROUP,))
    stub.database.run("update users set admin = 0 where token = ?", stub.admin)
    stub.database.insert("members", group_id=GROUP, user_id=2)
    assert outsider
    real = stub.handle

    def refuse(method, path, query, body, user):
        from tests.services.fritz_stub.routes import Refusal

        for k, one in enumerate((body or {}).get("classifications", [])):
            if one["obj_id"] == "starB":
                real(method, path, query, {"classifications": body["classifications"][:k]}, user)
                raise Refusal(400, "Error posting classification: no")
        return real(method, path, query, body, user)

    stub.handle = refuse
    upload("--classification", "variable", "--use-existing-obj-id", "--skip-phot", status=2)
    assert {row[0] for row in posted(stub)} == {"known", "starC"}
    receipt = read_dataframe("fritzUpload/sample_fritzUpload_receipt.parquet")
    refused = receipt[receipt.status == "refused"]
    assert refused.obj_id.tolist() == ["starB"]
    assert "Error posting classification: no" in refused.detail.iloc[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--classification", "nonsense"), "no such column of probabilities: 'nonsense'"),
        (("--classification", "note"), "not in the taxonomy map: 'note'"),
        (("--classification", "read", "--instrument-name", "X"), "no such instrument"),
        (("--classification", "read", "--taxonomy-map", "none.json"), "no such taxonomy map"),
        (("--classification", "read", "--file", "none.csv"), "no such table"),
        (("--classification", "read", "--p_threshold", "x"), "not a number"),
        (("--classification", "read", "--upvote"), "unrecognized arguments"),
    ],
)
def test_mistakes_are_told_in_a_line(stub, sample, capsys, options, message) -> None:
    upload(*options, status=2)
    error = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert message in error[0]
    assert posted(stub) == set()


def test_a_class_that_is_not_on_fritz_stops_before_anything_is_posted(stub, sample, capsys):
    Path("map.json").write_text(
        json.dumps({"variable": {"fritz_label": "varying", "taxonomy_id": 1}})
    )
    upload("--classification", "variable", status=2)
    assert "not in taxonomy 1: 'varying'" in capsys.readouterr().err
    assert stub.written() == []


def test_without_a_survey_photometry_must_be_skipped(stub, sample, capsys) -> None:
    text = Path("config.yaml").read_text()
    Path("config.yaml").write_text(text.partition("archive")[0])
    upload("--classification", "variable", status=2)
    assert "--skip-phot" in capsys.readouterr().err
    upload("--classification", "variable", "--skip-phot")
    receipt = read_dataframe("fritzUpload/sample_fritzUpload_receipt.parquet")
    assert set(receipt.status[receipt.what == "photometry"]) == {"left out"}
