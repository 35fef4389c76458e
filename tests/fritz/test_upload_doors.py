"""What an upload checks before it sends anything, and what it says of what it did.

Expected values are the documented rules, and how the real server was seen to behave: it writes
to groups of others, and has no place for notes of sources with some names.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scope.cli import manage_annotation, post_taxonomy, upload_disagreements
from scope.cli.upload_classification import main
from scope.fritz.sources import get_source, save_source
from scope.io import read_dataframe
from tests.services.fritz_sky import GROUP, HIERARCHY, OTHER_GROUP, client_of

MAP = {
    "variable": {"fritz_label": "variable", "taxonomy_id": 1},
    "flaring": {"fritz_label": "flaring", "taxonomy_id": 1},
    "CV": {"fritz_label": "Cataclysmic", "taxonomy_id": 1},
}
RECEIPT = "fritzUpload/sample_fritzUpload_receipt.parquet"


def write(*rows: str, columns: str = "ra,dec,obj_id,period,variable,flaring") -> None:
    Path("map.json").write_text(json.dumps(MAP))
    Path("sample.csv").write_text("\n".join([columns, *rows]) + "\n")


def upload(*options: str, group: int = GROUP, status: int = 0) -> None:
    command = ["--file", "sample.csv", "--taxonomy-map", "map.json", "--group-ids", str(group)]
    assert main([*command, "--classification", "read", "--skip-phot", *options]) == status


def posted(stub) -> dict[tuple[str, str], float]:
    rows = stub.database.all("select * from classifications")
    assert len({(row["obj_id"], row["classification"]) for row in rows}) == len(rows)
    return {(row["obj_id"], row["classification"]): row["probability"] for row in rows}


@pytest.fixture
def member(stub, monkeypatch) -> str:
    """The user is in group 4 only."""
    token = stub.add_user("member", groups=(GROUP,))
    monkeypatch.setenv("FRITZ_INSTANCE_TOKEN", token)
    return token


@pytest.mark.parametrize(
    ("group", "message"),
    [
        (OTHER_GROUP, "that the owner of the token is not in: '5 (redback)'; allowed: 2 (Site"),
        (999, "no such group on Fritz: 999"),
    ],
)
@pytest.mark.parametrize("command", ["upload", "dry", "annotation", "taxonomy", "disagreements"])
def test_groups_of_others_are_not_written_to(stub, member, capsys, group, message, command):
    write("10,20,a,0.5,0.9,0.1")
    stub.call("POST", "/api/sources", {"id": "a", "ra": 10, "dec": 20, "group_ids": [GROUP]})
    number = ["--group-ids", str(GROUP), str(group)]
    if command in ("upload", "dry"):
        upload(*(["--dry-run"] if command == "dry" else []), group=group, status=2)
    elif command == "annotation":
        note = ["--action", "post", "--source", "a", "--origin", "o", "--key", "k", "--value", "1"]
        assert manage_annotation.main([*note, *number]) == 2
    elif command == "taxonomy":
        Path("tree.json").write_text(json.dumps(HIERARCHY))
        tree = ["--taxonomy", "tree.json", "--name", "n"]
        assert post_taxonomy.main([*tree, *number]) == 2
    else:
        Path("scores.csv").write_text("_id,ra,dec,vnv_dnn,vnv_xgb\n11,10,20,0.99,0.01\n")
        Path("training.csv").write_text("ztf_id\n5\n")
        scores = ["--file", "training.csv", "--scores", "scores.csv", "--skip-phot"]
        assert upload_disagreements.main([*scores, *number]) == 2
    assert message in capsys.readouterr().err
    assert stub.written() == []


def test_a_save_that_is_only_requested_is_told_and_nothing_goes_there(stub, member) -> None:
    stub.call("POST", "/api/sources", {"id": "a", "ra": 10, "dec": 20, "group_ids": [GROUP]})
    fritz = client_of(stub, Path(), member)
    source = get_source(fritz, "a")
    assert save_source(fritz, "a", 10.0, 20.0, source, [GROUP, OTHER_GROUP]) == {OTHER_GROUP}
    # once more: the request does not show, and the server's database says that it is there
    assert save_source(fritz, "a", 10.0, 20.0, source, [GROUP, OTHER_GROUP]) == {OTHER_GROUP}
    # then the user comes into the group, and the request waits for a yes
    stub.database.insert(
        "members", group_id=OTHER_GROUP, user_id=stub.user_of(f"token {member}")["id"]
    )
    write("10,20,a,0.5,0.9,0.1")
    upload("--use-existing-obj-id", group=OTHER_GROUP)
    receipt = read_dataframe(RECEIPT)
    assert receipt["status"].tolist() == ["requested"]
    assert "groups 5" in receipt["detail"].iloc[0]
    assert posted(stub) == {}
    stub.database.run("update sources set active = 1, requested = 0 where group_id = 5")
    upload("--use-existing-obj-id", group=OTHER_GROUP)
    assert posted(stub) == {("a", "variable"): 0.9, ("a", "flaring"): 0.1}


@pytest.mark.parametrize("name", ["A:B", "A;B", "A B", "A/B", "ä", ""])
@pytest.mark.parametrize("more", [(), ("--replace-classifications",)])
def test_names_without_a_place_for_notes_stop_before_anything_is_sent(stub, capsys, name, more):
    write("10,20,fine,0.5,0.9,0.1", f"11,20,{name},0.5,0.9,0.1")
    stub.call("POST", "/api/sources", {"id": "fine", "ra": 10, "dec": 20, "group_ids": [GROUP]})
    upload("--use-existing-obj-id", *more, status=2)
    assert "row 1" in capsys.readouterr().err
    assert stub.written() == []
    # rows without a class are left alone, whatever their names
    write("10,20,fine,0.5,0.9,0.1", f"11,20,{name},0.5,0,0")
    upload("--use-existing-obj-id", *more)


def test_a_source_that_was_found_under_such_a_name_is_a_refused_row(stub, capsys) -> None:
    for name, ra in (("A:B", 10.0), ("C", 11.0)):
        stub.call("POST", "/api/sources", {"id": name, "ra": ra, "dec": 20, "group_ids": [GROUP]})
    write("10,20,,0.5,0.9,0.1", "11,20,,0.5,0.9,0.1")
    upload(status=2)
    assert "steps that Fritz refuses: 1" in capsys.readouterr().err
    assert set(posted(stub)) == {("C", "variable"), ("C", "flaring")}
    note = ["--action", "post", "--source", "A:B", "--origin", "o", "--key", "k", "--value", "1"]
    assert manage_annotation.main(note) == 2
    assert "takes no annotations" in capsys.readouterr().err


def test_any_source_at_a_position_counts_or_those_that_are_named(stub) -> None:
    for name, apart in (("ZTF26far", 1.0), ("ZTF26near", 0.1)):
        place = {"ra": 10.0, "dec": 20.0 + apart / 3600, "group_ids": [GROUP]}
        stub.call("POST", "/api/sources", {"id": name, **place})
    write("10,20,,0.5,0.9,0")
    upload("--dry-run")
    upload()
    assert set(posted(stub)) == {("ZTF26near", "variable")}
    upload("--source-prefix", "ZTF26f", "--result-filetag", "far")
    assert set(posted(stub)) == {("ZTF26near", "variable"), ("ZTF26far", "variable")}
    upload("--source-prefix", "ZTFJ", "--result-filetag", "ours")
    assert {name for name, _ in posted(stub)} == {"ZTF26near", "ZTF26far", "ZTFJ004000.00+200000.0"}
    # ours goes before a nearer one
    upload("--result-filetag", "again")
    receipt = read_dataframe("fritzUpload/sample_again_receipt.parquet")
    assert set(receipt["obj_id"]) == {"ZTFJ004000.00+200000.0"}


def test_what_is_said_is_what_this_run_did(stub, capsys) -> None:
    write("10,20,,0.5,0.9,0.1")
    upload()
    printed = capsys.readouterr().out.splitlines()
    assert "2 classification posted" in printed
    upload()
    printed = capsys.readouterr().out.splitlines()
    assert "2 classification posted by an earlier run" in printed
    assert not any(line.endswith(" posted") for line in printed)
    upload("--result-filetag", "new")
    printed = capsys.readouterr().out.splitlines()
    assert "2 classification there" in printed
    # what is replaced is counted, and not the sources that had it
    write("10,20,,0.5,0.8,0.2")
    upload("--replace-classifications")
    printed = capsys.readouterr().out.splitlines()
    assert "2 replace deleted" in printed
    assert "2 classification posted" in printed
    assert set(posted(stub).values()) == {0.8, 0.2}


def test_a_threshold_of_0_takes_all_above_0_and_read_all_columns_of_the_map(stub) -> None:
    tiny = 5e-324
    write(f"10,20,a,0.5,{tiny},0", "11,20,b,,0,1", "12,20,c,0.5,0,", "13,20,d,0.5,,")
    upload("--use-existing-obj-id", "--p-threshold", "0")
    assert posted(stub) == {("a", "variable"): tiny, ("b", "flaring"): 1.0}
    # sources without a class are not saved
    assert not {"c", "d"} & {row["id"] for row in stub.database.all("select id from objs")}


def test_a_dry_run_to_the_end_of_a_replacement(stub, capsys) -> None:
    write("10,20,a,0.5,0.9,0.1")
    stub.call("POST", "/api/sources", {"id": "a", "ra": 10, "dec": 20, "group_ids": [4, 5]})
    old = {"obj_id": "a", "classification": "Cataclysmic", "taxonomy_id": 1, "origin": "SCoPe"}
    stub.call("POST", "/api/classification", {**old, "group_ids": [4]})
    stub.call("POST", "/api/classification", {**old, "group_ids": [4, 5], "origin": "x"})
    options = ("--use-existing-obj-id", "--replace-classifications", "--comment", "c")
    before = stub.database.all("select * from classifications")
    upload(*options, "--dry-run")
    lines = [line for line in capsys.readouterr().out.splitlines() if "would send" in line]
    assert [line.split()[2:4] for line in lines] == [
        ["POST", "/api/sources/a/annotations"],
        ["POST", "/api/sources/a/comments"],
        ["POST", "/api/classification"],
        ["POST", "/api/classification"],
        ["DELETE", "/api/classification/1"],
        ["PUT", "/api/classification/2"],
    ]
    assert stub.written() == []
    assert stub.database.all("select * from classifications") == before
    assert not Path("fritzUpload").exists()
    # the same in earnest
    upload(*options)
    sent = [[method, path] for method, path, _ in stub.written()]
    assert sent == [[m, p] for m, p in (line.split()[2:4] for line in lines[:3] + lines[4:])]


def test_without_a_visible_taxonomy_that_is_said(stub, capsys, monkeypatch) -> None:
    stub.database.run("delete from members where group_id = 2")
    monkeypatch.setenv("FRITZ_INSTANCE_TOKEN", stub.add_user("new", groups=(GROUP,)))
    stub.database.run("update taxonomies set groups = '[5]'")
    write("10,20,a,0.5,0.9,0.1")
    upload(status=2)
    error = capsys.readouterr().err
    assert "allowed: none: the token sees no taxonomy" in error
    assert "allowed: ;" not in error


def test_post_taxonomy_without_groups_is_for_all(stub, capsys) -> None:
    Path("tree.json").write_text(json.dumps(HIERARCHY))
    assert post_taxonomy.main(["--taxonomy", "tree.json", "--name", "n"]) == 0
    found = [one for one in stub.call("GET", "/api/taxonomy") if one["name"] == "n"]
    assert [group["name"] for group in found[0]["groups"]] == ["Sitewide Group"]
    with pytest.raises(SystemExit):
        post_taxonomy.main(["--help"])
    assert "by default the sitewide group" in " ".join(capsys.readouterr().out.split())
