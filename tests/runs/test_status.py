"""The state of jobs, from folders made by hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scope.cli.main import main
from scope.errors import NotFoundError
from scope.runs.records import end_run
from scope.runs.status import run_status
from scope.runs.status_table import duration

from .folders import ended_process, finish, job, mark, record, write

JOBS = [job(f"ccd_01_quad_{quad}") for quad in (1, 2, 3, 4)]


def error_block(failed: object, message: str = "") -> str:
    said = f"    message: {message}For further error details see the log\n" if message else ""
    return (
        f"[Sat Nov 21 12:00:00 2026]\nError in rule compute_features:\n{said}"
        f"    jobid: 5\n    output: {failed}\n    log: logs/x.log (check log file(s))\n"
        "Trying to restart job 5.\n"
    )


def test_jobs_are_done_running_failed_or_left(tmp_path: Path) -> None:
    record(tmp_path, JOBS, log=error_block(JOBS[2].output))
    finish(tmp_path, JOBS[0])
    mark(tmp_path, JOBS[1])
    target = run_status(tmp_path).targets["field_7"]
    assert (target.done, target.running, target.failed, target.left) == (1, 1, 1, 1)


def test_markers_of_a_killed_run_run_no_more(tmp_path: Path) -> None:
    record(tmp_path, JOBS, pid=ended_process())
    mark(tmp_path, JOBS[1])
    status = run_status(tmp_path)
    assert status.state == "killed"
    assert status.targets["field_7"].left == 4


def test_an_output_older_than_the_run_that_makes_it_again_is_left(tmp_path: Path) -> None:
    finish(tmp_path, JOBS[0])
    os.utime(tmp_path / JOBS[0].output, (1e9, 1e9))
    record(tmp_path, JOBS[:1])
    assert run_status(tmp_path).targets["field_7"].left == 1


def test_what_a_run_does_not_need_to_make_is_done(tmp_path: Path) -> None:
    record(tmp_path, [JOBS[0]._replace(needed=False)])
    assert run_status(tmp_path).targets["field_7"].done == 1


def test_a_temporary_output_that_was_removed_is_done_by_its_benchmark(tmp_path: Path) -> None:
    temporary = job(rule="fetch_lightcurves", temporary=True)
    record(tmp_path, [temporary])
    assert run_status(tmp_path).targets["field_7"].left == 1
    finish(tmp_path, temporary)
    (tmp_path / temporary.output).unlink()
    assert run_status(tmp_path).targets["field_7"].done == 1


def test_a_job_that_is_tried_again_is_running_and_one_that_made_it_is_done(tmp_path: Path) -> None:
    record(tmp_path, JOBS[:2], log=error_block(JOBS[0].output) + error_block(JOBS[1].output))
    mark(tmp_path, JOBS[0])
    finish(tmp_path, JOBS[1])
    target = run_status(tmp_path).targets["field_7"]
    assert (target.done, target.running, target.failed) == (1, 1, 0)


def test_an_error_counts_until_a_later_run_takes_the_job_up(tmp_path: Path) -> None:
    end_run(record(tmp_path, JOBS[:2], log=error_block(JOBS[0].output)), "failed")
    assert run_status(tmp_path).targets["field_7"].failed == 1
    record(tmp_path, JOBS[:1])
    target = run_status(tmp_path).targets["field_7"]
    assert (target.failed, target.left) == (0, 2)


def test_a_failed_group_names_its_members(tmp_path: Path) -> None:
    text = (
        "Error in group fetch:\n    message: SLURM-job '7' failed.\n    jobs:\n"
        + "".join(f"        rule compute_features:\n            output: {j.output}\n" for j in JOBS)
        + "Trying to restart\n"
    )
    record(tmp_path, JOBS, log=text)
    finish(tmp_path, JOBS[3])
    target = run_status(tmp_path).targets["field_7"]
    assert (target.done, target.failed) == (1, 3)


def test_a_failure_is_told_by_the_first_line_of_its_error(tmp_path: Path) -> None:
    record(tmp_path, JOBS, log="".join(error_block(each.output, "killed") for each in JOBS))
    write(tmp_path / (JOBS[0].log or ""), "12:00 INFO reading\nerror: no such file; todo\n")
    write(tmp_path / (JOBS[1].log or ""), "Traceback:\n  File x\nValueError: bad\n")
    told = {each.job.unit: (each.message, each.log) for each in run_status(tmp_path).failures}
    assert told == {
        "ccd_01_quad_1": ("error: no such file; todo", JOBS[0].log),
        "ccd_01_quad_2": ("ValueError: bad", JOBS[1].log),
        "ccd_01_quad_3": ("killed", None),
        "ccd_01_quad_4": ("killed", None),
    }


def test_the_time_left_follows_the_pace_of_the_run(tmp_path: Path) -> None:
    path = record(tmp_path, JOBS)
    finish(tmp_path, JOBS[0], seconds=30)
    finish(tmp_path, JOBS[1], seconds=50)
    left = run_status(tmp_path).targets["field_7"].seconds_left
    # Two jobs of 40 s each, while 80 s of work took as long as this test has taken, and the
    # 2 s by which clocks may differ.
    assert left is not None
    assert 2.0 <= left < 30.0
    end_run(path, "failed")
    assert run_status(tmp_path).targets["field_7"].seconds_left is None


def test_without_a_finished_job_of_each_rule_the_time_left_is_not_known(tmp_path: Path) -> None:
    record(tmp_path, [*JOBS, job(rule="fetch_lightcurves")])
    finish(tmp_path, JOBS[0])
    assert run_status(tmp_path).targets["field_7"].seconds_left is None


def test_the_table_has_room_for_the_name_of_a_list(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "ids_2026-11-30T06-04-24_first"
    long = [each._replace(target=name) for each in JOBS]
    record(tmp_path, long)
    assert main(["status", "--directory", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[3].split()[0] == name
    assert len(lines[2]) == len(lines[3])


def test_a_folder_without_runs_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no run has begun here"):
        run_status(tmp_path)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (12, "12 s"),
        (90, "2 min"),
        (3700, "1 h 2 min"),
        (200_000, "2 d 7 h"),
    ],
)
def test_durations_are_told_in_two_units(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_the_command_prints_targets_and_sums_up_failures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(tmp_path, JOBS, log="".join(error_block(each.output) for each in JOBS[:3]))
    for number, each in enumerate(JOBS[:3]):
        said = f"error: no file {each.unit} after {number} s" if number < 2 else "error: other"
        write(tmp_path / (each.log or ""), f"{said}\n")
    assert main(["status", "--directory", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("latest run: at work, since ")
    assert lines[3].split() == ["field_7", "0", "0", "3", "1", "-"]
    assert len(lines[2]) == len(lines[3])
    assert lines[5:] == [
        "failed",
        "  compute_features field_7 ccd_01_quad_1 and 1 more: "
        "error: no file ccd_01_quad_1 after 0 s",
        f"    {JOBS[0].log}",
        "  compute_features field_7 ccd_01_quad_3: error: other",
        f"    {JOBS[2].log}",
    ]
    assert main(["status", "field_8", "-d", str(tmp_path)]) == 2
