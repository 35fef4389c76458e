"""One tiny field through a real SLURM, with everything going wrong on the way.

Four controllers work in one folder with the profile that is shipped: the first asks for
more GPUs than there are, and for too little memory; the second is killed after one of its
jobs was cancelled; the third, started with `scope resume`, finishes; the fourth is a job of
SLURM itself.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from scope.runs.controller import Allocation, BatchJob, controller_commands, write_batch_job

from ..workflow.conftest import Run
from ..workflow.reference import TINY, undisturbed
from .cluster import Cluster

MINUTES = 10
"""A run that hangs ends after this, and fails."""


@dataclass
class Job:
    """What SLURM says of a job."""

    id: int
    what: str
    state: str
    cpus: int
    memory: str
    gpus: str
    node: str


@dataclass
class Story:
    """What was seen, chapter by chapter: printed text, exit status and SLURM's jobs."""

    text: dict[str, str] = field(default_factory=dict)
    status: dict[str, int] = field(default_factory=dict)
    jobs: dict[str, list[Job]] = field(default_factory=dict)
    products: dict[str, bytes] = field(default_factory=dict)


@dataclass
class Scene:
    """The run folder and the cluster that it works with."""

    cluster: Cluster
    run: Run

    def options(self, *changes: str) -> list[str]:
        """The shipped profile, made quick and small, and what a chapter changes."""
        profile = self.run.checkout / "profiles" / "slurm"
        return [
            *TINY,
            *("--profile", str(profile), "--latency-wait", "5"),
            *("--max-jobs-per-timespan", "100/1s"),
            *("--slurm-init-seconds-before-status-checks", "6"),
            *changes,
        ]

    def play(self, program: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            program,
            env=self.run._environment(),
            cwd=self.run.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=MINUTES * 60,
            check=False,
        )

    def scope(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "scope.cli.main", *arguments]

    def jobs(self) -> list[Job]:
        """All jobs that SLURM knows, ended ones too, oldest first."""
        lines = self.cluster.call("scontrol", "--oneliner", "show", "job", check=False)
        found = []
        for line in lines.splitlines():
            said = dict(re.findall(r"(\S+?)=(\S*)", line))
            if "JobId" in said:
                found.append(
                    Job(
                        id=int(said["JobId"]),
                        what=said.get("Comment", ""),
                        state=said["JobState"],
                        cpus=int(said["NumCPUs"]),
                        memory=said.get("MinMemoryNode", ""),
                        gpus=said.get("TresPerJob", ""),
                        node=said.get("NodeList", ""),
                    )
                )
        return sorted(found, key=lambda job: job.id)

    def wait_for(self, seen: Callable[[list[Job]], list[Job]], what: str) -> list[Job]:
        """Wait until `seen` finds jobs, and return them."""
        deadline = time.monotonic() + MINUTES * 60
        while time.monotonic() < deadline:
            if found := seen(self.jobs()):
                return found
            time.sleep(0.1)
        raise AssertionError(f"never seen: {what}; {self.jobs()}")


ACTIVE = {"PENDING", "CONFIGURING", "RUNNING"}


@pytest.fixture(scope="module")
def story(cluster: Cluster, make_run: Callable[..., Run]) -> Story:
    run = make_run("slurm")
    run.environment.update(cluster.environment)
    scene, story = Scene(cluster, run), Story()
    for chapter in (_too_little, _killed, _resumed):
        chapter(scene, story)
        story.jobs[chapter.__name__.strip("_")] = scene.jobs()
    story.products = run.products()
    _submitted(scene, story)
    return story


def _too_little(scene: Scene, story: Story) -> None:
    options = scene.options(
        *("--retries", "1", "--set-resources"),
        "simulate:mem_mb=100 if attempt == 1 else 1000",
        "compute_features:gpu=2",
    )
    done = scene.play(scene.run.command(*options))
    story.text["too_little"], story.status["too_little"] = done.stdout, done.returncode


def _killed(scene: Scene, story: Story) -> None:
    before = {job.id for job in scene.jobs()}
    controller = scene.run.start(*scene.options())

    def features(jobs: list[Job]) -> list[Job]:
        return [
            job
            for job in jobs
            if job.id not in before and "compute_features" in job.what and job.state in ACTIVE
        ]

    try:
        victim = scene.wait_for(features, "a feature job")[0]
        scene.cluster.call("scancel", str(victim.id))
        scene.wait_for(
            lambda jobs: [
                job for job in features(jobs) if job.what == victim.what and job.id > victim.id
            ],
            "the cancelled job, submitted again",
        )
    finally:
        scene.run.kill(controller)
    listed = scene.play(
        scene.scope("cancel-orphans", "--dry-run", "--directory", str(scene.run.folder))
    )
    story.text["orphans"] = listed.stdout
    story.text["killed"] = (scene.run.folder / "killed.out").read_text()
    story.text["cancelled"] = victim.what


def _resumed(scene: Scene, story: Story) -> None:
    # What follows the interpreter and `-m snakemake` in a plain run.
    arguments = scene.run.command(*scene.options())[3:]
    done = scene.play(scene.scope("resume", *arguments))
    story.text["resumed"], story.status["resumed"] = done.stdout, done.returncode


def _submitted(scene: Scene, story: Story) -> None:
    """Let a controller that is a job itself make one more product."""
    folder, product = scene.run.folder, "results/preds_xgb/field_700.csv"
    arguments = [*scene.run.command(*scene.options())[3:], "--", product]
    script = BatchJob(
        "controller",
        controller_commands(arguments),
        folder,
        folder / "logs",
        Allocation(memory_gb=2.0),
    )
    write_batch_job(script, folder / "slurm")
    submission = [sys.executable, "-m", "scope.cli.generate_features_job_submission"]
    done = scene.play([*submission, "--dirname", "."])
    story.text["submission"], story.status["submission"] = done.stdout, done.returncode
    number = int(done.stdout.split()[-1])
    ended = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "OUT_OF_MEMORY", "NODE_FAIL"}
    scene.wait_for(
        lambda jobs: [job for job in jobs if job.id == number and job.state in ended],
        "the end of the controller",
    )
    story.jobs["submitted"] = scene.jobs()
    story.text["controller"] = (folder / f"logs/controller-{number}.out").read_text()
    story.status["exported"] = (folder / product).is_file()


def test_a_job_without_enough_memory_is_submitted_again_with_more(story: Story) -> None:
    jobs = [job for job in story.jobs["too_little"] if "simulate" in job.what]
    by_unit: dict[str, list[tuple[str, str]]] = {}
    for job in jobs:
        by_unit.setdefault(job.what, []).append((job.memory, job.state))
    assert len(by_unit) == 2
    for attempts in by_unit.values():
        assert attempts == [("100M", "FAILED"), ("1000M", "COMPLETED")], story.text["too_little"]


def test_small_steps_of_all_units_share_one_job(story: Story) -> None:
    grouped = [job for job in story.jobs["too_little"] if "fetch_sources" in job.what]
    assert len(grouped) == 1, grouped
    assert "fetch_lightcurves" in grouped[0].what
    assert "fetch_crossmatch" in grouped[0].what
    assert grouped[0].state == "COMPLETED"
    # Two units side by side, on the two cores that the run was given.
    assert grouped[0].cpus == 2


def test_steps_of_a_target_after_its_scores_share_one_job_too(story: Story) -> None:
    done = [job.what for job in story.jobs["resumed"] if job.state == "COMPLETED"]
    assert len([what for what in done if "impute" in what]) == 1
    assert len([what for what in done if "plot_report" in what]) == 1
    # Rounds of questions, which may have run on this cluster, merge labels.
    merged = [what for what in done if "merge" in what and "merge_labels" not in what]
    assert len(merged) == 1


def test_a_gpu_that_no_node_has_is_refused_at_once_and_said(story: Story) -> None:
    assert story.status["too_little"] != 0
    assert "Requested node configuration is not available" in story.text["too_little"]
    refused = [job for job in story.jobs["too_little"] if job.gpus == "gres:gpu:2"]
    assert {(job.state, job.node) for job in refused} == {("FAILED", "")}


def test_a_declared_gpu_is_given_to_the_feature_jobs_alone(story: Story) -> None:
    done = [job for job in story.jobs["resumed"] if job.state == "COMPLETED"]
    features = [job for job in done if "compute_features" in job.what]
    # One of the two may have made its product just before it was cancelled as an orphan.
    assert len(features) in (1, 2)
    assert {job.gpus for job in features} == {"gres:gpu:1"}
    # The only node that has one.
    assert {job.node for job in features} == {"n1"}
    assert {job.gpus for job in done if job not in features} == {""}


def test_a_cancelled_job_is_submitted_again(story: Story) -> None:
    states = [
        job.state
        for job in story.jobs["killed"]
        if job.what == story.text["cancelled"] and job.gpus == "gres:gpu:1"
    ]
    assert states[0] == "CANCELLED"
    assert len(states) == 2


def test_jobs_of_a_killed_controller_are_found_by_their_name_and_folder(story: Story) -> None:
    assert "compute_features" in story.text["orphans"]
    assert "found 0 orphaned" not in story.text["orphans"]


def test_resuming_cancels_them_and_finishes_without_running_anything_twice_at_once(
    story: Story,
) -> None:
    assert story.status["resumed"] == 0, story.text["resumed"][-6000:]
    assert "cancelled SLURM job" in story.text["resumed"]
    states = {job.state for job in story.jobs["resumed"]}
    assert states <= {"COMPLETED", "CANCELLED", "FAILED"}


def test_products_are_the_bytes_of_an_undisturbed_run_without_slurm(story: Story) -> None:
    expected = undisturbed().products()
    assert sorted(story.products) == sorted(expected)
    assert [name for name in expected if story.products[name] != expected[name]] == []


def test_a_controller_that_is_a_job_submits_jobs_too(story: Story) -> None:
    assert story.status["submission"] == 0, story.text["submission"]
    assert story.status["exported"], story.text["controller"]
    before = {job.id for job in story.jobs["resumed"]}
    new = [job for job in story.jobs["submitted"] if job.id not in before]
    # The controller, which has no comment, and the one job that was left to do.
    assert [job.state for job in new] == ["COMPLETED", "COMPLETED"], story.text["controller"]
    assert "export" in new[1].what
