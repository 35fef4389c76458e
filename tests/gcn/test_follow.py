"""Following events, with a stub of Fritz and a catalogue in place of the workflow."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from scope.config import load_config
from scope.errors import CorruptFileError, ScopeError
from scope.fritz.photometry import LightCurveSource
from scope.gcn.doubts import without_doubtful
from scope.gcn.event_sources import EventSource
from scope.gcn.events import Event, fetch_events, groups_to_post
from scope.gcn.follow import Follower, FollowOptions
from scope.gcn.posted_ledger import Memory, only_one
from scope.io import read_dataframe, read_table, write_table
from scope.models.calibration.class_tree import ClassTree
from scope.surveys.archive import Archive
from tests.gcn.events import DATEOBS, add_event
from tests.services.fritz_sky import client_of

NOW = datetime(2023, 5, 22)
MAP = {
    "vnv": {"fritz_label": "variable", "taxonomy_id": 1},
    "pnp": {"fritz_label": "periodic", "taxonomy_id": 1},
    "nonvar": {"fritz_label": "None", "taxonomy_id": -1},
}
SCORES = {"ZTF23aaaaaa0": (0.9, 0.2), "ZTF23aaaaaa1": (0.7, 0.8), "ZTF23aaaaaa2": (0.1, 0.1)}
"""vnv and pnp of the sources; from 0.7 on they are posted."""


class Workflow:
    """In place of the workflow: scores of an event's list, and what it was asked for."""

    def __init__(self) -> None:
        self.targets: list[str] = []
        self.fails = False
        self.more: dict[str, float] = {}
        self.record: dict[str, Any] = {}

    def __call__(self, target: str) -> Path:
        self.targets.append(target)
        if self.fails:
            raise ScopeError("the workflow failed")
        listed = read_table(f"gcn/{target.removeprefix('gcn_')}/sources.parquet").to_pylist()
        rows = [
            {
                **{"_id": 10 * k + band, "obj_id": row["obj_id"], "ra": row["ra"]},
                **{"dec": row["dec"], "period": 0.5, "n_epochs": 100 + band, "reason": ""},
                **{"Gaia_EDR3___id": k + 1, "AllWISE___id": 0, "PS1_DR1___id": 0},
                **{
                    f"{tag}_{algo}": SCORES.get(row["obj_id"], (0.0, 0.0))[n]
                    for n, tag in enumerate(("vnv", "pnp"))
                    for algo in ("dnn", "xgb")
                },
                **self.more,
            }
            for k, row in enumerate(listed)
            for band in (1, 2)
        ]
        path = Path("results/catalog") / f"{target}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_table(pa.Table.from_pylist(rows), path, self.record)
        return path


@pytest.fixture
def unpainted(monkeypatch) -> None:
    """Leave out the pictures, which take most of the time."""
    for module in ("scope.gcn.follow", "scope.fritz.upload"):
        monkeypatch.setattr(f"{module}.plot_photometry", paint)


def paint(points, title, path, *, period=None) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(title)


@pytest.fixture
def workflow(stub) -> Workflow:
    Path("fritz_mapper.json").write_text(json.dumps(MAP))
    return Workflow()


def follow(stub, sky, workflow, *, now: datetime = NOW, gcn: dict | None = None, **options) -> int:
    section = {
        "post_group_ids": [5],
        "post_group_ids_by_tag": {"GRB": [4], "Fermi": [4]},
        **(gcn or {}),
    }
    config = load_config(overrides={"gcn": section})
    survey = LightCurveSource(lambda: Archive(sky))
    client = client_of(stub, Path(), dry_run=options.get("dry_run", False))
    follower = Follower(config, client, workflow, survey, FollowOptions(**options), now)
    return follower.run()


def posted(stub) -> set[tuple[str, str, tuple[int, ...]]]:
    rows = stub.database.all("select * from classifications")
    return {(row["obj_id"], row["classification"], tuple(row["groups"])) for row in rows}


EXPECTED = {
    ("ZTF23aaaaaa0", "variable", (4,)),
    ("ZTF23aaaaaa1", "variable", (4,)),
    ("ZTF23aaaaaa1", "periodic", (4,)),
}


def test_an_event_is_followed_once(stub, sky, stars, workflow) -> None:
    add_event(stub, stars)
    assert follow(stub, sky, workflow) == 0
    assert workflow.targets == ["gcn_2023-05-21T05-30-43"]
    assert posted(stub) == EXPECTED
    folder = Path("gcn/2023-05-21T05-30-43")
    table = read_dataframe(folder / "merged_GCN_sources_2023-05-21T05-30-43.parquet")
    assert table["obj_id"].tolist() == sorted(SCORES)
    assert table["n_light_curves"].tolist() == [2, 2, 2]
    assert table["separation_arcsec"].max() < 1e-3
    likely = json.loads((folder / "merged_GCN_sources_2023-05-21T05-30-43_meta.json").read_text())
    assert set(likely) == {"ZTF23aaaaaa0", "ZTF23aaaaaa1"}
    assert len(list((folder / "plots").glob("*.png"))) == 4
    comments = stub.database.all("select * from comments where obj_id = 'ZTF23aaaaaa1'")
    assert len(comments) == 2
    # photometry is not sent for sources that are on Fritz
    assert len(stub.call("GET", "/api/sources/ZTF23aaaaaa0/photometry")) == 1
    before = len(stub.written())
    assert follow(stub, sky, workflow) == 0
    assert len(workflow.targets) == 1
    assert len(stub.written()) == before


@pytest.mark.usefixtures("unpainted")
def test_only_new_sources_are_posted_and_all_are_in_the_table(stub, sky, stars, workflow) -> None:
    add_event(stub, stars, sources=2)
    assert follow(stub, sky, workflow) == 0
    stub.database.run("delete from classifications")
    # the third one is detected
    point = {"mjd": [60086.5], "mag": [19.0], "magerr": [0.1], "limiting_mag": [20.5]}
    more = {"instrument_id": 1, "magsys": "ab", "filter": "ztfg", "group_ids": [4]}
    stub.call("PUT", "/api/photometry", {"obj_id": "ZTF23aaaaaa2", **point, **more})
    SCORES_OF_NEW = {**SCORES, "ZTF23aaaaaa2": (0.95, 0.0)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.gcn.test_follow.SCORES", SCORES_OF_NEW)
        assert follow(stub, sky, workflow) == 0
    assert posted(stub) == {("ZTF23aaaaaa2", "variable", (4,))}
    folder = Path("gcn/2023-05-21T05-30-43")
    assert len(read_dataframe(next(folder.glob("merged*.parquet")))) == 3


@pytest.mark.usefixtures("unpainted")
def test_probabilities_are_posted_on_request(stub, sky, stars, workflow) -> None:
    add_event(stub, stars)
    workflow.more = {"vnv_p": 0.875, "vnv_dnn_p": 0.99}
    assert follow(stub, sky, workflow, gcn={"post_probabilities": True}) == 0
    rows = stub.database.all("select * from classifications")
    found = {(row["obj_id"], row["classification"], row["probability"]) for row in rows}
    # `pnp`, which is not calibrated, is left out
    assert found == {(name, "variable", 0.875) for name in SCORES}


@pytest.mark.usefixtures("unpainted")
@pytest.mark.parametrize("insists", [False, True])
@pytest.mark.parametrize(
    ("more", "record", "left"),
    [
        ({"alias_trend": True}, {}, {"variable"}),
        ({"alias_trend": False, "ood_p": 0.02}, {}, {"variable", "periodic"}),
        ({"ood_p": 0.001}, {}, set()),
        # Models that were trained apart have one each.
        ({"ood_p_dnn": 0.5, "ood_p_xgb": 0.001}, {}, set()),
        ({}, {"field_check": {"passed": False, "failed": ["vnv", "rrab"]}}, {"periodic"}),
        ({}, {"field_check": {"passed": True, "failed": []}}, {"variable", "periodic"}),
    ],
)
def test_what_cannot_be_trusted_is_not_posted_unasked(
    stub, sky, stars, workflow, more, record, left, insists
) -> None:
    add_event(stub, stars)
    workflow.more, workflow.record = more, record
    assert follow(stub, sky, workflow, gcn={"post_doubtful": insists}) == 0
    assert {label for _, label, _ in posted(stub)} == (
        {"variable", "periodic"} if insists else left
    )
    name = "merged_GCN_sources_2023-05-21T05-30-43.parquet"
    table = read_dataframe(Path("gcn/2023-05-21T05-30-43") / name)
    assert table["vnv"].notna().all()


def test_what_a_class_leaves_over_is_not_posted_without_it() -> None:
    table = pd.DataFrame({"vnv": [0.1], "nonvar": [0.9], "pnp": [0.8]})
    record = {"field_check": {"passed": False, "failed": ["vnv"]}}
    found = without_doubtful(table, list(table), record, ClassTree({"vnv": None}), 0.02)
    assert found.isna().to_numpy().tolist() == [[True, True, False]]


@pytest.mark.usefixtures("unpainted")
def test_what_is_not_done_is_not_remembered(stub, sky, stars, workflow) -> None:
    add_event(stub, stars)
    workflow.fails = True
    assert follow(stub, sky, workflow) == 1
    assert not Path("gcn/done.json").exists()
    workflow.fails = False
    # without posting, too
    assert follow(stub, sky, workflow, post=False) == 0
    assert follow(stub, sky, workflow, gcn={"post": False}) == 0
    assert follow(stub, sky, workflow, dry_run=True) == 0
    assert stub.written() == []
    assert posted(stub) == set()
    assert not Path("gcn/done.json").exists()
    assert follow(stub, sky, workflow) == 0
    assert posted(stub) == EXPECTED


@pytest.mark.usefixtures("unpainted")
def test_one_event_that_fails_does_not_hold_up_another(stub, sky, stars, workflow) -> None:
    add_event(stub, stars)
    second = "2023-05-21T06-00-00"
    add_event(stub, stars, "2023-05-21T06:00:00", prefix="ZTF23bbbbbb", sources=2)
    real = Workflow.__call__

    def fail_first(self, target):
        if target.endswith("05-30-43"):
            raise ScopeError("no")
        return real(self, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Workflow, "__call__", fail_first)
        assert follow(stub, sky, workflow) == 1
    assert Path(f"gcn/{second}/receipt.parquet").is_file()


@pytest.mark.usefixtures("unpainted")
def test_an_event_waits_for_its_localization(stub, sky, stars, workflow, caplog) -> None:
    caplog.set_level("INFO")
    stub.call("POST", "/api/gcn_event", {"dateobs": DATEOBS, "tags": ["GRB"]})
    assert follow(stub, sky, workflow) == 0
    assert workflow.targets == []
    assert f"{DATEOBS}: no localization yet" in caplog.text
    # the next run finds it
    stub.database.run("delete from events")
    add_event(stub, stars)
    assert follow(stub, sky, workflow) == 0
    assert posted(stub) == EXPECTED


@pytest.mark.usefixtures("unpainted")
def test_groups_of_others_are_told_before_the_workflow_is_run(stub, sky, stars, workflow, caplog):
    add_event(stub, stars)
    assert follow(stub, sky, workflow, gcn={"post_group_ids_by_tag": {"GRB": [48]}}) == 1
    assert "no such group on Fritz: 48" in caplog.text
    assert workflow.targets == []
    # who posts nothing needs no groups
    only_look = {"gcn": {"post_group_ids_by_tag": {"GRB": [48]}}, "post": False}
    assert follow(stub, sky, workflow, **only_look) == 0


@pytest.mark.usefixtures("unpainted")
def test_a_source_of_which_something_is_refused_is_not_done(stub, sky, stars, workflow) -> None:
    add_event(stub, stars, prefix="ZTF23:")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.gcn.test_follow.SCORES", {"ZTF23:0": (0.9, 0.1)})
        assert follow(stub, sky, workflow) == 0
    assert posted(stub) == set()
    assert set(json.loads(Path("gcn/done.json").read_text())["sources"]) == {"ZTF23:1", "ZTF23:2"}
    receipt = read_dataframe("gcn/2023-05-21T05-30-43/receipt.parquet")
    assert receipt["status"].tolist() == ["refused"]


@pytest.mark.usefixtures("unpainted")
def test_sources_are_forgotten_after_some_time(stub, sky, stars, workflow) -> None:
    add_event(stub, stars)
    assert follow(stub, sky, workflow) == 0
    later = NOW + timedelta(days=4)
    assert follow(stub, sky, workflow, now=later, gcn={"remember_days": 3.0}) == 0
    assert len(workflow.targets) == 2
    # what is on Fritz is not posted again
    assert posted(stub) == EXPECTED
    assert len(stub.database.all("select * from classifications")) == 3
    assert follow(stub, sky, workflow, forget=True) == 0
    assert len(workflow.targets) == 3


def test_events_are_chosen_by_age_and_tags(stub, stars) -> None:
    add_event(stub, stars)
    for hour, tags in ((6, ("GW",)), (7, ("other",))):
        body = {"dateobs": f"2023-05-21T0{hour}:00:00", "tags": list(tags)}
        stub.call("POST", "/api/gcn_event", {**body, "skymap": {"ra": 1, "dec": 1, "error": 1}})
    client = client_of(stub, Path())
    chosen = fetch_events(client, ("GRB", "GW"), 7.0, NOW)
    assert [event.dateobs for event in chosen] == [DATEOBS, "2023-05-21T06:00:00"]
    assert len(fetch_events(client, (), 7.0, NOW)) == 3
    assert fetch_events(client, (), 0.5, NOW) == []


def test_groups_follow_tags() -> None:
    def groups(*tags: str) -> tuple[int, ...]:
        return groups_to_post(Event(DATEOBS, tags), (1544,), {"GRB": (48,), "Fermi": (48,)})

    assert groups("GRB", "Fermi") == (48,)
    assert groups("GW") == (1544,)
    assert groups("GRB", "GW") == (48, 1544)
    assert groups("Swift") == (1544,)


def test_a_second_run_is_told_that_it_is_not_alone(tmp_path: Path) -> None:
    with only_one(tmp_path / "lock") as first, only_one(tmp_path / "lock") as second:
        assert (first, second) == (True, False)
    with only_one(tmp_path / "lock") as third:
        assert third


def test_a_memory_for_more_groups_and_a_broken_one(tmp_path: Path) -> None:
    source = EventSource("a", 1.0, 2.0)
    memory = Memory(tmp_path / "done.json", 10.0, NOW)
    memory.add([source], (4,))
    again = Memory(tmp_path / "done.json", 10.0, NOW)
    assert again.new([source], (4,)) == []
    assert again.new([source], (4, 5)) == [source]
    (tmp_path / "done.json").write_text('{"sources": {"a": 1}}')
    with pytest.raises(CorruptFileError, match="move it away"):
        Memory(tmp_path / "done.json", 10.0, NOW)
