"""``gcn_cronjob.py`` as cron runs it: a bare environment, the workflow, kills, no second post."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scope.cli import gcn as gcn_command
from scope.cli.run import parsed
from scope.gcn.follow_events import EventOptions, event_config, make_catalogue
from scope.gcn.posted_ledger import only_one
from scope.io import read_dataframe
from tests.gcn.cron import crontab, finish, kill, recent_event, stars_of, start, write_run
from tests.gcn.events import add_event
from tests.services.fritz_sky import SCALE, furnish
from tests.services.fritz_stub import Fault, StubFritz
from tests.surveys.kowalski_sky import simulate


def events_of(*words: str) -> EventOptions:
    """What a command line says of the events."""
    return parsed("gcn_cronjob.py", EventOptions, words)


def test_a_cron_job_killed_half_way_and_run_again(root: Path, tmp_path: Path) -> None:
    sky = simulate(tmp_path / "archive", n_stars=8)
    folder = tmp_path / "gcn_run"
    folder.mkdir()
    (tmp_path / "scope").symlink_to(root)
    with StubFritz(scale=SCALE) as stub:
        label = recent_event(stub, stars_of(sky), sources=4)
        write_run(folder, stub, sky)
        features = folder / f"results/features/gcn_{label}/chunk_000.parquet"
        job = start(root, folder)
        # overlapping runs: the second leaves
        while not (folder / "gcn/lock").exists():
            assert job.poll() is None, job.communicate()[0]
            time.sleep(0.02)
        second = start(root, folder)
        while not features.exists():
            assert job.poll() is None, job.communicate()[0]
            time.sleep(0.02)
        kill(job, folder)
        assert "another run is at work here" in finish(second)
        assert stub.written() == []
        listed = folder / f"results/lists/gcn_{label}/light_curves.parquet"
        made = listed.stat().st_mtime_ns
        stub.faults.next(Fault("done", 504), of="POST /api/classification")
        finish(start(root, folder, crontab(root)))
        # what the killed run had made was not made again
        assert listed.stat().st_mtime_ns == made
        receipt = read_dataframe(folder / f"gcn/{label}/receipt.parquet")
        posted = receipt[receipt["what"] == "classification"]
        assert set(posted["status"]) == {"posted"}
        rows = stub.database.all("select * from classifications")
        table = read_dataframe(folder / f"gcn/{label}/merged_GCN_sources_{label}.parquet")
        expected = table.loc[table["vnv"] >= 0.05, ["obj_id", "vnv"]]
        assert len(expected) > 0
        found = sorted((row["obj_id"], row["probability"]) for row in rows)
        assert found == sorted(expected.itertuples(index=False, name=None))
        both = table[["vnv_dnn", "vnv_xgb"]].mean(axis=1, skipna=False)
        assert table["vnv"].equals(both.rename("vnv"))
        assert len(list((folder / f"gcn/{label}/plots").glob("*.png"))) >= len(expected)
        before = len(stub.written())
        finish(start(root, folder, crontab(root)))
        assert "0 of them new" in (folder / "cron.txt").read_text()
        assert len(stub.written()) == before
        for path in folder.rglob("*"):
            if path.is_file() and path.name != "private.yaml":
                assert stub.admin.encode() not in path.read_bytes(), path
    log = (folder / "gcn/gcn.log").read_text()
    assert "done" in log


def test_the_time_limit_ends_a_run(root, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    with StubFritz(limited=False) as stub:
        furnish(stub)
        write_run(tmp_path, stub, tmp_path)
        stub.faults.at_random(1.0, (Fault("hang", seconds=0.5),))
        monkeypatch.setenv("SCOPE_CACHE_FOLDER", str(tmp_path / "cache"))
        assert gcn_command.main(["--time-limit-minutes", "0.005"]) == 124
    assert "the time limit has ended this run" in (tmp_path / "gcn/gcn.log").read_text()


def test_an_event_that_fails_is_told_by_the_exit_status(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCOPE_CACHE_FOLDER", str(tmp_path / "cache"))
    with StubFritz(limited=False) as stub:
        furnish(stub)
        write_run(tmp_path, stub, tmp_path)
        assert gcn_command.main(["--dateobs", "2001-01-01T00:00:00"]) == 2
        now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        mjd = (now - datetime(1858, 11, 17)).total_seconds() / 86400.0 - 1.0
        stars = [{"objra": 1.0, "objdec": 2.0}]
        add_event(stub, stars, now.isoformat(), ("GW",), mjd, sources=0)
        assert gcn_command.main([]) == 0  # nothing detected since
        point = {"mjd": [mjd + 1.5], "mag": [19.0], "magerr": [0.1], "limiting_mag": [20.5]}
        more = {"instrument_id": 1, "magsys": "ab", "filter": "ztfg", "group_ids": [4]}
        stub.call("PUT", "/api/photometry", {"obj_id": "ZTF23aaaaaa0", **point, **more})
        monkeypatch.setattr("scope.runs.run_workflow.run_snakemake_here", lambda *given: 1)
        assert gcn_command.main([]) == 1
    assert "error: the workflow failed" in (tmp_path / "gcn/gcn.log").read_text()


def test_another_run_is_no_error(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(f"archive: {tmp_path}\n")
    with only_one(tmp_path / "gcn/lock"):
        assert gcn_command.main([]) == 0


@pytest.mark.parametrize("option", gcn_command.GONE)
def test_options_that_are_gone_name_what_is_there_instead(option, capsys) -> None:
    assert gcn_command.main([option, "x"]) == 2
    assert gcn_command.GONE[option] in capsys.readouterr().err


def test_options_stand_above_the_configuration(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(f"archive: {tmp_path}\ngcn: {{days_ago: 3}}\n")
    options = ["--post-group-ids", "7", "--p-threshold", "0.9", "--agg-method", "max"]
    config = event_config(events_of(*options, "--days-range", "2"))
    assert config.gcn.days_ago == 3
    assert config.gcn.days_range == 2
    assert config.gcn.post_group_ids == (7,)
    assert set(config.gcn.post_group_ids_by_tag.values()) == {(7,)}
    assert config.thresholds.posting == 0.9
    assert config.gcn.statistic == "max"
    (tmp_path / "config.yaml").write_text("")
    assert gcn_command.main([]) == 2


def test_the_profile_of_a_cluster_is_found_from_any_folder(
    root: Path, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(f"archive: {tmp_path}\n")
    asked: list[tuple] = []

    def run_workflow(products, config, *, cores, more) -> None:
        asked.append((products, cores, more))

    monkeypatch.setattr("scope.runs.run_workflow.run_workflow", run_workflow)
    for profile, cores in (("slurm", ()), ("/elsewhere/mine", ("--cores", "4"))):
        options = events_of("--profile", profile, *cores)
        make_catalogue("gcn_2023-05-21T05-30-43", options, event_config(options))
    product = Path("results/catalog/gcn_2023-05-21T05-30-43.parquet")
    assert asked == [
        # how many cores the largest job has is the profile's to say
        ([product], None, ("--profile", str(root / "profiles" / "slurm"))),
        ([product], 4, ("--profile", "/elsewhere/mine")),
    ]
