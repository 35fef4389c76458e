"""What a real SLURM takes of our batch scripts, and runs whose jobs it does not take."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scope.runs.controller import Allocation, BatchJob, submit, write_batch_job

from ..workflow.conftest import Run
from ..workflow.reference import TINY
from .cluster import Cluster

MINUTES = 2
"""A run that hangs ends after this, and fails."""

ODD = "a b/it's {x}/100% #1"
"""A folder as people name them."""


@pytest.fixture
def here(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    for name, value in cluster.environment.items():
        monkeypatch.setenv(name, value)
    return cluster


@pytest.fixture
def run(cluster: Cluster, make_run: Callable[..., Run], root: Path) -> Run:
    """A run folder with the shipped profile, made quick and small."""
    run = make_run("refused")
    run.environment.update(cluster.environment)
    run.options = (  # type: ignore[attr-defined]
        *TINY,
        *("--profile", str(root / "profiles" / "slurm"), "--latency-wait", "5"),
        *("--slurm-init-seconds-before-status-checks", "6"),
    )
    return run


def job_of(folder: Path, name: str, **changes: object) -> BatchJob:
    asked = Allocation(memory_gb=0.1, **changes)  # type: ignore[arg-type]
    return BatchJob(name, ["echo said in $PWD"], folder, folder / "logs", asked)


def detail(cluster: Cluster, number: int, name: str) -> str:
    said = cluster.call("scontrol", "--oneliner", "show", "job", str(number))
    match = re.search(rf"\b{name}=(\S*)", said)
    assert match, said
    return match[1]


def test_a_script_in_a_folder_with_an_odd_name_is_taken_and_runs_there(
    here: Cluster, tmp_path: Path
) -> None:
    folder = tmp_path / ODD
    folder.mkdir(parents=True)
    number = submit(write_batch_job(job_of(folder, "odd"), folder / "slurm"))
    deadline = time.monotonic() + 60 * MINUTES
    while detail(here, number, "JobState") in ("PENDING", "RUNNING", "COMPLETING"):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert (folder / "logs" / f"odd-{number}.out").read_text() == f"said in {folder}\n"


@pytest.mark.parametrize("text", ["00:00:00", "UNLIMITED", "1-"])
def test_times_are_given_to_slurm_as_they_were_written(
    here: Cluster, tmp_path: Path, text: str
) -> None:
    job = job_of(tmp_path, f"long{text.replace(':', '')}", time=text, partition="long")
    number = submit(write_batch_job(job, tmp_path / "slurm"))
    expected = "1-00:00:00" if text == "1-" else "UNLIMITED"
    assert detail(here, number, "TimeLimit") == expected


@pytest.fixture
def closed(cluster: Cluster) -> Iterator[Cluster]:
    """The cluster, while its partition takes no jobs."""
    cluster.call("scontrol", "update", "PartitionName=cpu", "State=INACTIVE")
    yield cluster
    cluster.call("scontrol", "update", "PartitionName=cpu", "State=UP")


def test_a_run_whose_jobs_are_all_refused_ends_with_the_reason_in_one_line(
    run: Run, closed: Cluster
) -> None:
    printed = run.snakemake(*run.options, status=1)  # type: ignore[attr-defined]
    lines = [line for line in printed.splitlines() if line.startswith("error: SLURM refused")]
    assert len(lines) == 1, printed[-4000:]
    assert "Required partition not available" in lines[0]
    assert not list((run.folder / ".snakemake" / "locks").glob("*"))


def test_without_a_controller_a_run_ends_before_its_first_job(
    run: Run, cluster: Cluster, tmp_path: Path
) -> None:
    text = Path(cluster.environment["SLURM_CONF"]).read_text()
    # Nobody listens on this port.
    text = re.sub(r"SlurmctldPort=\d+", "SlurmctldPort=1\nMessageTimeout=2", text)
    (tmp_path / "slurm.conf").write_text(text)
    run.environment["SLURM_CONF"] = str(tmp_path / "slurm.conf")
    printed = run.snakemake(*run.options, status=1)  # type: ignore[attr-defined]
    assert "error: SLURM's controller does not answer" in printed
    assert "Error in rule" not in printed
    assert not list((run.folder / ".snakemake" / "locks").glob("*"))


def test_sigterm_ends_a_run_at_once_that_waits_for_sbatch(run: Run, tmp_path: Path) -> None:
    # As sbatch does where SLURM takes no jobs for the time being: it waits.
    called = tmp_path / "called"
    (tmp_path / "sbatch").write_text(f"#!/bin/sh\ntouch '{called}'\nsleep 900\n")
    (tmp_path / "sbatch").chmod(0o755)
    run.environment["PATH"] = f"{tmp_path}:{run.environment['PATH']}"
    controller = run.start(*run.options)  # type: ignore[attr-defined]
    try:
        deadline = time.monotonic() + 60 * MINUTES
        while not called.exists():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        controller.send_signal(signal.SIGTERM)
        assert controller.wait(timeout=60 * MINUTES) != 0
    finally:
        run.kill(controller)
    assert not list((run.folder / ".snakemake" / "locks").glob("*"))
    assert "ended before SLURM had taken a job" in (run.folder / "killed.out").read_text()
    left = subprocess.run(["pgrep", "-f", str(tmp_path / "sbatch")], capture_output=True, text=True)
    assert left.stdout == ""
