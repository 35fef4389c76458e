"""Which jobs in the queue are orphans; the queue is a file, as squeue would print it."""

from __future__ import annotations

from pathlib import Path

import pytest

from scope.errors import ScopeError
from scope.runs.orphans import cancel_orphans, find_orphans

from .folders import ended_process, fake_slurm, record, write

DEAD, LIVING = "scope_dead", "scope_living"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run folder, and a queue with jobs of it, of others, and of another folder."""
    folder = tmp_path / "run"
    folder.mkdir()
    queue = [
        f"11|{DEAD}|RUNNING|{folder}|rule_infer_wildcards_xgb",
        f"12|{DEAD}|PENDING|{folder}|rule_odd|name",
        f"13|{LIVING}|RUNNING|{folder}|rule_infer",
        f"14|{DEAD}|RUNNING|{tmp_path / 'other'}|rule_infer",
        f"15|interactive|RUNNING|{folder}|",
    ]
    monkeypatch.setenv("PATH", fake_slurm(tmp_path, queue)["PATH"])
    return folder


def test_jobs_of_a_dead_run_of_this_folder_are_orphans(run: Path) -> None:
    record(run, log=f"SLURM run ID: {DEAD}\n", pid=ended_process())
    record(run, log=f"SLURM run ID: {LIVING}\n")
    found = find_orphans(run)
    assert [job.id for job in found] == ["11", "12"]
    assert [job.what for job in found] == ["rule_infer_wildcards_xgb", "rule_odd|name"]


def test_without_any_record_all_jobs_of_the_folder_are_orphans(run: Path) -> None:
    assert [job.id for job in find_orphans(run)] == ["11", "12", "13"]


def test_a_folder_named_in_another_way_is_the_same(run: Path) -> None:
    link = run.parent / "link"
    link.symlink_to(run)
    assert len(find_orphans(link)) == 3


def test_another_prefix_of_the_profile_can_be_named(run: Path) -> None:
    assert find_orphans(run, prefix="mine") == []


def test_orphans_are_cancelled_and_no_others(run: Path) -> None:
    record(run, log=f"SLURM run ID: {LIVING}\n")
    assert [job.id for job in cancel_orphans(run)] == ["11", "12"]
    assert (run.parent / "cancelled").read_text().split() == ["11", "12"]
    assert cancel_orphans(run) == []


def test_jobs_are_not_touched_while_a_run_cannot_be_told_from_a_dead_one(run: Path) -> None:
    record(run, host="elsewhere", log="")
    with pytest.raises(ScopeError, match="cannot tell the jobs"):
        cancel_orphans(run)
    assert not (run.parent / "cancelled").exists()


def test_a_scheduler_that_does_not_answer_is_an_error(run: Path) -> None:
    write(run.parent / "bin" / "squeue", "#!/bin/sh\necho no contact >&2; exit 1\n")
    with pytest.raises(ScopeError, match=r"squeue failed: .*no contact"):
        find_orphans(run)


def test_without_slurm_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_orphans(tmp_path) == []
