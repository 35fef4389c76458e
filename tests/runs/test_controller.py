"""Batch scripts of controllers: bash runs them, and stand-ins for SLURM's commands take them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scope.errors import BackendError, NotFoundError, ServiceError, UsageError
from scope.runs.allocation import NO_LIMIT
from scope.runs.controller import (
    JOBS_VARIABLE,
    Allocation,
    BatchJob,
    Workers,
    controller_commands,
    minutes_of,
    read_profile,
    submit,
    write_batch_job,
)
from scope.targets.needs import LONGEST_MINUTES

from .folders import fake_slurm, write

SAY = """\
import json, os, sys
kept = sorted(name for name in os.environ if name.startswith("SLURM_"))
print(json.dumps([sys.argv[1:], os.getcwd(), os.environ.get("SCOPE_CONTROLLER_JOB"), kept]))
"""


ARGUMENTS = ("--snakefile", "/a b/Snakefile", "--", "results/x.parquet")


def batch_job(folder: Path, **changes: object) -> BatchJob:
    settings = {
        "name": "scope_test",
        "commands": controller_commands(ARGUMENTS),
        "folder": folder / "run",
        "logs": folder / "logs",
        **changes,
    }
    return BatchJob(**settings)  # type: ignore[arg-type]


def run(script: Path, **environment: str) -> list[list[object]]:
    """Run a script where `scope.cli.main` only says how it was called."""
    write(script.parent / "stand_in" / "scope" / "cli" / "main.py", SAY)
    write(script.parent / "stand_in" / "scope" / "__init__.py")
    write(script.parent / "stand_in" / "scope" / "cli" / "__init__.py")
    path = str(script.parent / "stand_in")
    done = subprocess.run(
        ["bash", str(script)],
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_script_resumes_snakemake_in_the_folder_of_the_run(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    script = write_batch_job(
        batch_job(tmp_path, commands=controller_commands(ARGUMENTS, max_jobs=7)), tmp_path / "slurm"
    )
    assert script == tmp_path / "slurm" / "slurm.sub"
    ((arguments, folder, job, kept),) = run(script, SLURM_JOB_ID="12", SLURM_CONF="/etc/x")
    assert arguments == [
        *("resume", "--snakefile", "/a b/Snakefile", "--jobs", "7", "--", "results/x.parquet")
    ]
    assert (folder, job) == (str(tmp_path / "run"), "12")
    assert kept == ["SLURM_CONF"]
    ((arguments, _, job, _),) = run(script, **{JOBS_VARIABLE: "3", "SLURM_JOB_ID": ""})
    assert arguments[4] == "3"  # type: ignore[index]
    assert job == ""


def test_what_comes_afterwards_is_run_only_where_all_went_well(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    afterwards = f"{sys.executable} -m scope.cli.main 'a b'"
    commands = [*controller_commands(ARGUMENTS), afterwards]
    script = write_batch_job(batch_job(tmp_path, commands=commands), tmp_path / "slurm")
    assert [said[0] for said in run(script)][1:] == [["a b"]]
    script.write_text(script.read_text().replace("resume", "resume; false #"))
    with pytest.raises(subprocess.CalledProcessError) as error:
        run(script)
    assert "a b" not in error.value.stdout


def test_the_head_asks_for_what_was_chosen_and_for_nothing_else(tmp_path: Path) -> None:
    asked = Allocation(
        partition="shared", account="abc", memory_gb=1.5, time="48:00:00", mail_user="a@b.c"
    )
    chosen = batch_job(tmp_path, allocation=asked).script()
    head = [line.removeprefix("#SBATCH --") for line in chosen.splitlines() if "#SBATCH" in line]
    assert head == [
        "job-name=scope_test",
        f"output={tmp_path}/logs/%x-%j.out",
        *("nodes=1", "ntasks=1", "cpus-per-task=1"),
        *("partition=shared", "account=abc", "mem=1500M", "time=48:00:00"),
        *("mail-user=a@b.c", "mail-type=END,FAIL"),
    ]
    assert "partition" not in batch_job(tmp_path).script()


PROFILE = """\
default-resources: [slurm_account=abc, "slurm_partition='shared'"]
set-resources:
  compute_features: {gpu: 1, mem_mb: 9000}
  infer: {runtime: 30}
resources: {mem_mb: 128000, runtime: 2880, kowalski: 20}
"""


def test_workers_change_only_the_values_of_the_profile_that_they_name(tmp_path: Path) -> None:
    write(tmp_path / "profile/config.yaml", PROFILE)
    profile = read_profile(tmp_path / "profile")
    assert Workers().arguments(profile) == []
    changed = Workers(partition="cpu", gpu_partition="gpu", gpus=2, memory_gb=180, cores=4)
    assert changed.arguments(profile) == [
        *("--default-resources", "slurm_account=abc", "slurm_partition='cpu'"),
        *("--set-resources", "compute_features:gpu=2", "compute_features:mem_mb=9000"),
        *("infer:runtime=30", "compute_features:slurm_partition='gpu'"),
        *("--resources", "mem_mb=180000", "runtime=2880", "kowalski=20"),
        *("--cores", "4"),
    ]


def test_snakemake_reads_the_options_as_it_reads_the_profile(root: Path) -> None:
    from snakemake.cli import get_argument_parser

    shipped = root / "profiles" / "slurm"
    words = Workers(time="1-0", partition="cpu").arguments(read_profile(shipped))
    parsed = get_argument_parser().parse_args(words)
    assert parsed.resources == {"mem_mb": 128_000, "runtime": 1440, "kowalski": 20}


def test_a_profile_is_found_among_those_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    write(tmp_path / "snakemake/mine/config.v9+.yaml", "jobs: 3\n")
    assert read_profile("mine") == {"jobs": 3}
    with pytest.raises(NotFoundError, match="'other'"):
        read_profile("other")


# As `man sbatch` explains its option --time.
@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("90", 90),
        ("90:30", 91),
        ("1:30:00", 90),
        ("1-12", 2160),
        ("1-12:30", 2190),
        ("2-0:0:1", 2881),
        ("1-", 1440),
        *((text, NO_LIMIT) for text in ("0", "00:00:00", "0-0", "UNLIMITED", "infinite", "-1")),
    ],
)
def test_times_are_read_as_slurm_reads_them(text: str, minutes: int) -> None:
    assert minutes_of(text) == minutes


def test_a_time_that_is_none_is_refused() -> None:
    for text in ("tomorrow", "", "-2", "1:2:3:4", "10\n#SBATCH --uid=0", "٣"):
        with pytest.raises(UsageError, match="time that SLURM does not know"):
            minutes_of(text)
        with pytest.raises(UsageError, match="time that SLURM does not know"):
            Allocation(time=text)


def test_without_a_limit_jobs_may_take_as_long_as_they_need(tmp_path: Path) -> None:
    profile = read_profile(write(tmp_path / "profile/config.yaml", PROFILE).parent)
    assert Workers(time="UNLIMITED").arguments(profile) == [
        *("--resources", "mem_mb=128000", "runtime=525600", "kowalski=20")
    ]
    assert LONGEST_MINUTES < 525_600


# Each would end the line of its directive or its word, or be taken for an option.
@pytest.mark.parametrize(
    "name",
    ["a\n#SBATCH --uid=0", "a b", "a'b", 'a"b', "a\\b", "$(id)", "`id`", "#a", "-n", "", "a\r"],
)
def test_names_that_could_be_more_than_a_name_are_refused(tmp_path: Path, name: str) -> None:
    for what in ("partition", "account", "mail_user"):
        with pytest.raises(UsageError, match=what.replace("_", " ")):
            Allocation(**{what: name})
    for what in ("partition", "gpu_partition", "account"):
        with pytest.raises(UsageError, match=what.replace("_", " ")):
            Workers(**{what: name})
    with pytest.raises(UsageError, match="job name"):
        batch_job(tmp_path, name=name)


def test_names_that_sites_use_are_accepted(tmp_path: Path) -> None:
    for name in ("gpu-shared", "shared,gpu", "abc123", "0012", "a.b@c.org", "grp:sub"):
        Allocation(partition=name, account=name, mail_user=name)
    with pytest.raises(UsageError, match="job name"):
        # Part of the name of its output.
        batch_job(tmp_path, name="a/b")


@pytest.mark.parametrize("folder", ["a\\b", "a\nb", "a\x07b"])
def test_a_folder_that_slurm_cannot_write_to_is_named(tmp_path: Path, folder: str) -> None:
    with pytest.raises(UsageError, match="folder that SLURM cannot write"):
        batch_job(tmp_path, logs=tmp_path / folder)


def test_an_environment_is_one_word_of_bash(tmp_path: Path) -> None:
    lines = batch_job(tmp_path, environment="a; touch b").script().splitlines()
    assert "source activate 'a; touch b'" in lines


def test_names_stay_text_for_snakemake() -> None:
    # Snakemake evaluates what stands there: bare, these are a function and a number.
    from snakemake.resources import Resources

    names = {"slurm_partition": "all", "slurm_account": "1e5"}
    asked = Workers(partition=names["slurm_partition"], account=names["slurm_account"])
    option, *words = asked.arguments({})
    assert option == "--default-resources"
    parsed = Resources.parse(words, allow_expressions=True)
    context = {"wildcards": None, "input": [], "attempt": 1, "threads": 1, "rulename": "infer"}
    context["async_run"] = print
    assert {name: parsed[name].evaluate(**context).value for name in names} == names


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An idle SLURM whose `sbatch` writes down how it was called."""
    path = fake_slurm(tmp_path, [])["PATH"]
    write(
        tmp_path / "bin/sbatch",
        f'#!/bin/sh\necho "$@" > {tmp_path}/sent\necho Submitted batch job 8\n',
    ).chmod(0o755)
    monkeypatch.setenv("PATH", path)
    return tmp_path


def test_a_script_is_submitted_with_the_number_of_jobs(slurm: Path) -> None:
    script = write_batch_job(batch_job(slurm), slurm / "slurm")
    assert submit(script, max_jobs=5) == 8
    assert (slurm / "sent").read_text().split() == [
        *("--export", f"ALL,{JOBS_VARIABLE}=5", str(script))
    ]


def test_an_array_runs_a_bounded_number_of_jobs_at_a_time(slurm: Path) -> None:
    script = write_batch_job(batch_job(slurm, array=44), slurm / "slurm")
    submit(script, max_jobs=5)
    assert (slurm / "sent").read_text().split()[:2] == ["--array", "1-44%5"]


def test_a_second_controller_of_the_same_name_is_not_submitted(slurm: Path) -> None:
    script = write_batch_job(batch_job(slurm), slurm / "slurm")
    (slurm / "queue").write_text("41\n")
    with pytest.raises(ServiceError, match="job 41"):
        submit(script)
    assert not (slurm / "sent").exists()


def test_what_cannot_be_submitted_is_said(slurm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFoundError, match="no such batch script"):
        submit(slurm / "none.sub")
    script = write_batch_job(batch_job(slurm), slurm / "slurm")
    write(slurm / "bin/sbatch", "#!/bin/sh\necho error: no such partition >&2\nexit 1\n")
    with pytest.raises(ServiceError, match="no such partition"):
        submit(script)
    monkeypatch.setenv("PATH", str(slurm / "nothing"))
    with pytest.raises(BackendError, match="no SLURM"):
        submit(script)
