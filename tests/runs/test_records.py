"""Records of runs, against processes that are alive, dead, or somebody else's."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from scope.errors import ScopeError
from scope.runs.records import (
    CONTROLLER_VARIABLE,
    KEPT,
    RECORDS,
    begin_run,
    end_run,
    read_records,
    require_idle,
)

from .folders import ended_process, fake_slurm, job, record, write


def test_a_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    jobs = [job(), job("ccd_01_quad_2", needed=False, temporary=True)]
    begin_run(jobs, folder=tmp_path, command="snakemake -c2", logs=["a.log"])
    (found,) = read_records(tmp_path)
    assert found.jobs == jobs
    assert (found.host, found.pid) == (socket.gethostname(), os.getpid())
    assert (found.command, found.logs) == ("snakemake -c2", ["a.log"])


def test_a_run_whose_process_lives_is_at_work(tmp_path: Path) -> None:
    record(tmp_path)
    assert read_records(tmp_path)[0].state == "at work"


def test_a_run_whose_process_has_ended_without_saying_so_was_killed(tmp_path: Path) -> None:
    record(tmp_path, pid=ended_process())
    assert read_records(tmp_path)[0].state == "killed"


def test_another_process_with_the_same_id_is_not_taken_for_it(tmp_path: Path) -> None:
    record(tmp_path, mark="another start")
    assert read_records(tmp_path)[0].state == "killed"


def test_a_run_on_another_machine_is_unknown(tmp_path: Path) -> None:
    record(tmp_path, host="elsewhere")
    assert read_records(tmp_path)[0].state == "unknown"


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_a_run_says_how_it_ended(tmp_path: Path, outcome: str) -> None:
    end_run(record(tmp_path), outcome)  # type: ignore[arg-type]
    assert read_records(tmp_path)[0].state == outcome


def test_a_folder_with_a_run_at_work_is_not_idle(tmp_path: Path) -> None:
    record(tmp_path)
    with pytest.raises(ScopeError, match=rf"a run is at work .*process {os.getpid()}"):
        require_idle(tmp_path)


def test_a_folder_that_another_machine_may_work_in_is_not_idle(tmp_path: Path) -> None:
    path = record(tmp_path, host="elsewhere")
    with pytest.raises(ScopeError, match=f"look on elsewhere; .*{path.name}"):
        require_idle(tmp_path)


def test_a_folder_of_ended_and_killed_runs_is_idle(tmp_path: Path) -> None:
    end_run(record(tmp_path), "failed")
    record(tmp_path, pid=ended_process())
    require_idle(tmp_path)
    require_idle(tmp_path / "empty")


def test_the_name_of_its_slurm_jobs_is_in_the_log_of_a_run(tmp_path: Path) -> None:
    record(tmp_path, log="Building DAG of jobs...\nSLURM run ID: scope_12-ab\nUsing shell\n")
    record(tmp_path, log="Building DAG of jobs...\n")
    assert [each.run_id for each in read_records(tmp_path)] == ["scope_12-ab", None]


def test_damaged_records_count_for_nothing(tmp_path: Path) -> None:
    record(tmp_path)
    write(tmp_path / RECORDS / "broken.json", "{")
    write(tmp_path / RECORDS / "other.json", "{}")
    assert len(read_records(tmp_path)) == 1


def test_only_the_latest_records_are_kept(tmp_path: Path) -> None:
    paths = [record(tmp_path) for _ in range(KEPT + 3)]
    assert [each.path for each in read_records(tmp_path)] == paths[3:]


def test_slurm_is_asked_for_a_controller_that_is_one_of_its_jobs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CONTROLLER_VARIABLE, "41")
    record(tmp_path / "run", host="elsewhere")
    monkeypatch.delenv(CONTROLLER_VARIABLE)
    monkeypatch.setenv("PATH", fake_slurm(tmp_path / "idle", ["42"])["PATH"])
    assert read_records(tmp_path / "run")[0].state == "killed"
    monkeypatch.setenv("PATH", fake_slurm(tmp_path / "busy", ["41", "42"])["PATH"])
    assert read_records(tmp_path / "run")[0].state == "at work"
    monkeypatch.setenv(CONTROLLER_VARIABLE, "41")  # Started anew by SLURM, on this node.
    assert read_records(tmp_path / "run")[0].state == "killed"
    monkeypatch.setenv(CONTROLLER_VARIABLE, "42")
    write(tmp_path / "busy/bin/squeue", "#!/bin/sh\nexit 1\n")
    assert read_records(tmp_path / "run")[0].state == "unknown"
