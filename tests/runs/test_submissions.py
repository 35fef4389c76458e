"""When a run gives up on a SLURM that takes no jobs; a real one does it in tests/slurm."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from scope.errors import ServiceError
from scope.runs import submissions
from scope.runs.submissions import Refusals, reason_of, require_controller, watch

from .folders import fake_slurm, write

# As snakemake-executor-plugin-slurm 2 writes them.
REFUSED = (
    "SLURM sbatch failed. The error message was 'sbatch: error: Batch job submission failed: "
    "Invalid account or account/partition combination specified'.\n    sbatch call:\n  sbatch …\n"
)
WAITED = (
    "SLURM sbatch failed. The error message was 'sbatch: error: Slurm temporarily unable to "
    "accept job, sleeping and retrying\nsbatch: error: Batch job submission failed: Resource "
    "temporarily unavailable'.\n    sbatch call:\n        sbatch …\n"
)
GONE = (
    "Job submission failed with exception: Failed to run sinfo for retrieval of cluster "
    "partitions: slurm_load_partitions: Unable to contact slurm controller (connect failure)\n"
)


class Clock:
    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(submissions, "time", clock)
    return clock


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (
            REFUSED,
            "Batch job submission failed: Invalid account or account/partition combination "
            "specified",
        ),
        (WAITED, "Batch job submission failed: Resource temporarily unavailable"),
        (
            GONE,
            "Failed to run sinfo for retrieval of cluster partitions: slurm_load_partitions: "
            "Unable to contact slurm controller (connect failure)",
        ),
        ("", "no reason given"),
    ],
)
def test_the_reason_is_slurms_last_word_in_one_line(message: str, reason: str) -> None:
    assert reason_of(message) == reason


def test_a_run_gives_up_after_refusals_in_a_row_and_some_patience(clock: Clock) -> None:
    refusals = Refusals()
    for _ in range(5):
        refusals.refused(REFUSED)
    # A controller that is started anew is back in less.
    assert not refusals.hopeless()
    clock.now = 61.0
    assert refusals.hopeless()
    refusals.accepted()
    assert not refusals.hopeless()
    clock.now = 500.0
    refusals.refused(REFUSED)
    refusals.refused(REFUSED)
    assert not refusals.hopeless()
    (line,) = refusals.lines()
    assert line.startswith("SLURM refused 7 submissions: 'Batch job submission failed: Invalid")


@pytest.mark.parametrize(
    ("said", "up"),
    [
        ("Slurmctld(primary) at a is UP", True),
        ("Slurmctld(primary) at a is DOWN\nSlurmctld(backup1) at b is UP", True),
        ("Slurmctld(primary) at a is DOWN\n*** RESTORE SLURMCTLD DAEMON TO SERVICE ***", False),
        ("slurm_load_ctl_conf error: Unable to contact slurm controller", False),
    ],
)
def test_a_run_begins_only_where_a_controller_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, up: bool
) -> None:
    monkeypatch.setenv("PATH", fake_slurm(tmp_path, [])["PATH"])
    write(tmp_path / "bin/scontrol", f"#!/bin/sh\ncat <<'E'\n{said}\nE\n").chmod(0o755)
    if up:
        require_controller()
    else:
        with pytest.raises(ServiceError, match="controller does not answer"):
            require_controller()
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(ServiceError, match="no SLURM"):
        require_controller()


class Executor:
    """What the plugin's executor looks like from here."""

    def __init__(self, workflow: SimpleNamespace, logger: object) -> None:
        self.workflow, self.active_jobs = workflow, ["running"]
        self.wait_thread = threading.Thread(target=lambda: None)
        self.submitted: list[str] = []

    def run_job(self, job: str) -> None:
        self.submitted.append(job)

    def _report_job_submission_threadsafe(self, job: str) -> None:
        self.active_jobs.append(job)

    def _report_job_error_threadsafe(self, job: str, msg: str) -> None:
        pass

    def shutdown(self) -> None:
        self.wait_thread.join()


class Scheduler:
    _executor: Executor
    heard = 0

    def exit_gracefully(self, *arguments: object) -> None:
        self.heard += 1


def test_a_run_goes_on_while_jobs_of_it_run(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = type("Watched", (Executor,), {})
    refusals = watch(watched, type("Watching", (Scheduler,), {}), RuntimeError)
    monkeypatch.setattr(submissions, "require_controller", lambda: None)
    told: list[Exception] = []
    scheduler = SimpleNamespace(executor_error_callback=told.append)
    executor = watched(SimpleNamespace(scheduler=scheduler), None)
    clock.now = 100.0
    for _ in range(4):
        executor._report_job_error_threadsafe("a", REFUSED)
    assert not told
    executor.active_jobs.clear()
    executor._report_job_error_threadsafe("a", REFUSED)
    executor._report_job_error_threadsafe("a", REFUSED)
    assert [str(error).partition(":")[0] for error in told] == ["error"]
    assert "Invalid account" in str(told[0])
    executor.run_job("b")
    assert (executor.submitted, refusals.stopped) == ([], True)
    executor.shutdown()


@pytest.mark.parametrize(("active", "answers", "ends"), [(1, 1, 0), (1, 0, 1), (0, 1, 1)])
def test_sigterm_waits_only_for_jobs_that_run_on_a_slurm_that_answers(
    monkeypatch: pytest.MonkeyPatch, active: int, answers: int, ends: int
) -> None:
    def ask() -> None:
        if not answers:
            raise ServiceError("SLURM's controller does not answer")

    watched, watching = type("Watched", (Executor,), {}), type("Watching", (Scheduler,), {})
    watch(watched, watching, RuntimeError)
    told: list[Exception] = []
    monkeypatch.setattr(submissions, "require_controller", lambda: None)
    scheduler = watching()
    scheduler.executor_error_callback = told.append
    scheduler._executor = watched(SimpleNamespace(scheduler=scheduler), None)
    scheduler._executor.active_jobs = ["running"] * active
    monkeypatch.setattr(submissions, "require_controller", ask)
    scheduler.exit_gracefully()
    assert (scheduler.heard, len(told)) == (1, ends)
