"""What trials of faults leave behind when a run hangs, or has ended before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ..workflow.conftest import Run
from . import actions, harness
from .actions import ArchiveField, kill_on_slurm, take_archive_away


class Pretended(Run):
    """A run whose Snakemake is a line of Python."""

    code = "import time; time.sleep(60)"

    def command(self, *arguments: str, **options: Any) -> list[str]:
        return [sys.executable, "-c", self.code]

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        self.started = super().start(*arguments, **options)
        return self.started


class Finished(Pretended):
    """One that ends at once."""

    code = "pass"


def test_a_run_that_hangs_without_its_archive_is_killed_and_the_archive_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = ArchiveField(tmp_path / "archive")
    field.archive.mkdir()
    run = Pretended(tmp_path, tmp_path)
    monkeypatch.setattr(actions, "wait_for_record", lambda run: None)
    monkeypatch.setattr(actions, "SECONDS", 0.1)
    with pytest.raises(subprocess.TimeoutExpired):
        take_archive_away(run, field)
    assert field.archive.is_dir()
    assert run.started.poll() is not None


def test_a_controller_that_hangs_after_its_worker_was_killed_is_no_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Pretended(tmp_path, tmp_path)
    monkeypatch.setattr(harness, "_wait_for_step", lambda *_: True)
    monkeypatch.setattr(harness, "SECONDS", 0.1)
    with pytest.raises(subprocess.TimeoutExpired):
        harness.disturb(run, harness.Kill("worker", 1, 0.0))
    assert run.started.poll() is not None


def test_a_controller_that_has_ended_before_is_told(tmp_path: Path) -> None:
    run = Finished(tmp_path, tmp_path)
    cluster: Any = SimpleNamespace(environment={})
    assert not kill_on_slurm(run, cluster, [], delay=60.0, cancel=False)
