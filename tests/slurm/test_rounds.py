"""Rounds of questions on a real SLURM: members are jobs; what is killed ends as it does here."""

from __future__ import annotations

import re

import pytest

from scope.active.ledger import Ledger
from scope.tasks.spectra.simulate import SurveyOptions, simulate_survey
from scope.workflows.demo_spectra import CONFIGURATION, HOME, TASK, answer, true_labels

from ..workflow.conftest import Run
from .test_slurm import ACTIVE, Scene

MEMBERS = 3


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    options = SurveyOptions(objects=90, step=8.0)
    return simulate_survey(tmp_path_factory.mktemp("sky") / "survey", options)


def prepared(run: Run, survey) -> dict[str, str]:
    """Write settings and first labels into the folder of a run; return the truth."""
    truth = true_labels(survey / "truth.csv")
    text = CONFIGURATION.format(members=MEMBERS, size=8, learner="trees")
    (run.folder / "rounds.yaml").write_text(text.replace("data: survey", f"data: {survey}"))
    first = [{"object": name, "task": TASK, "label": truth[name]} for name in list(truth)[:40]]
    Ledger(run.folder / "labels").append(
        {**one, "source": "catalogue", "date": "2025-01-01"} for one in first
    )
    return truth


def test_members_are_jobs_and_a_killed_controller_goes_on(cluster, make_run, survey):
    here, run = make_run("here"), make_run("slurm_rounds")
    truth = prepared(here, survey)
    for number in (1, 2):
        here.snakemake("--configfile", "rounds.yaml", "--", "active")
        if number == 1:
            answer(here.folder / HOME / "1", truth)
    run.environment.update(cluster.environment)
    scene = Scene(cluster, run)
    prepared(run, survey)
    profile = run.checkout / "profiles" / "slurm"
    options = ["--configfile", "rounds.yaml", "--profile", str(profile), "--latency-wait", "5"]
    options += ["--max-jobs-per-timespan", "100/1s"]
    options += ["--slurm-init-seconds-before-status-checks", "6", "--", "active"]
    done = scene.play(run.command(*options))
    assert done.returncode == 0, done.stdout[-4000:]
    members = [job for job in scene.jobs() if "train_member" in job.what]
    assert len({job.id for job in members}) == MEMBERS
    assert {job.state for job in members} == {"COMPLETED"}
    assert (run.folder / HOME / "1" / "sheet.html").is_file()

    answer(run.folder / HOME / "1", truth)
    before = {job.id for job in scene.jobs()}
    controller = run.start(*options)
    try:
        scene.wait_for(
            lambda jobs: [
                job
                for job in jobs
                if job.id not in before and "train_member" in job.what and job.state in ACTIVE
            ],
            "a member of the second round",
        )
    finally:
        run.kill(controller)
    done = scene.play(scene.scope("resume", *run.command(*options)[3:]))
    assert done.returncode == 0, done.stdout[-4000:]
    found, expected = run.products(), here.products()
    made = [name for name in expected if re.search(r"members/\d\.parquet|scores|queries", name)]
    assert len(made) == 2 * (MEMBERS + 2)
    assert {name for name in expected if found.get(name) != expected[name]} == set()
