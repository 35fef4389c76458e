"""What `scope resume` clears, and what it hands on; the faults themselves are in tests/faults."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scope.cli.main import main
from scope.errors import ScopeError
from scope.runs.resume import clear, resume

from .folders import ended_process, fake_slurm, record, write


def test_orphans_of_a_run_on_slurm_are_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = [f"11|scope_a|RUNNING|{tmp_path}|rule_infer"]
    monkeypatch.setenv("PATH", fake_slurm(tmp_path, queue)["PATH"])
    record(tmp_path, log="SLURM run ID: scope_a\n", pid=ended_process())
    clear(tmp_path)
    assert (tmp_path / "cancelled").read_text().split() == ["11"]


def test_slurm_is_not_asked_about_runs_on_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", fake_slurm(tmp_path, [])["PATH"])
    write(tmp_path / "bin" / "squeue", "#!/bin/sh\nexit 1\n")
    record(tmp_path, log="Building DAG\n", pid=ended_process())
    clear(tmp_path)


def test_nothing_is_touched_while_a_run_is_at_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = [f"11|scope_a|RUNNING|{tmp_path}|rule_infer"]
    monkeypatch.setenv("PATH", fake_slurm(tmp_path, queue)["PATH"])
    record(tmp_path, log="SLURM run ID: scope_a\n")
    with pytest.raises(ScopeError, match="a run is at work"):
        clear(tmp_path)
    assert not (tmp_path / "cancelled").exists()


def test_the_command_hands_all_options_to_snakemake_and_its_status_back(tmp_path: Path) -> None:
    write(
        tmp_path / "Snakefile",
        "rule all:\n"
        "    output: 'made'\n"
        "    shell: 'echo {config[word]} > {output}; exit {config[code]}'\n",
    )
    for code, status in ((0, 0), (1, 1)):
        done = subprocess.run(
            [
                *(sys.executable, "-m", "scope.cli.main", "resume", "-c1", "--snakefile"),
                *(str(tmp_path / "Snakefile"), "--directory", str(tmp_path), "--forceall"),
                *("--config", "word=said", f"code={code}", "--", "made"),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stderr
        assert (tmp_path / "made").exists() == (code == 0)
    assert "said" in done.stderr


def test_flags_stand_before_the_files_that_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[list[str]] = []

    def quietly(command: list[str], **settings: object) -> subprocess.CompletedProcess[str]:
        said.append(command[3:])
        return subprocess.CompletedProcess(command, 0, "")

    def aloud(command: list[str], *, output: object) -> int:
        said.append(command[3:])
        return 0

    monkeypatch.setattr("scope.runs.resume.subprocess.run", quietly)
    monkeypatch.setattr("scope.runs.resume.run_interruptible", aloud)
    assert resume(["--directory", str(tmp_path), "--", "results/a.parquet"]) == 0
    asked = ["--directory", str(tmp_path)]
    assert said == [
        ["--unlock", *asked, "--", "results/a.parquet"],
        [*asked, "--", "results/a.parquet"],
        ["--delete-temp-output", *asked, "--", "results/a.parquet"],
    ]
    said.clear()
    assert resume([*asked, "--notemp"]) == 0
    assert said == [["--unlock", *asked, "--notemp"], [*asked, "--notemp"]]


def test_its_help_says_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["resume", "--help"])
    assert ended.value.code == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "usage: scope resume SNAKEMAKE OPTIONS" in printed
    assert "Refuses while a run is at work" in printed
