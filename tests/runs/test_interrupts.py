"""An interrupt while a run is starting shows no traceback; other errors do."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scope.runs.resume import SNAKEMAKE


def ended(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [("KeyboardInterrupt", -signal.SIGINT, ""), ("ValueError(7)", 1, "ValueError: 7")],
)
def test_only_an_interrupt_is_quiet(error: str, status: int, said: str, tmp_path: Path) -> None:
    code = f"from scope.runs.interrupts import quiet_interrupts as q\nq()\nraise {error}"
    done = ended(tmp_path, "-c", code)
    assert done.returncode == status
    assert said in done.stderr
    assert ("Traceback" in done.stderr) == bool(said)


def test_snakemake_that_is_interrupted_while_it_reads_the_workflow_is_quiet(
    root: Path, tmp_path: Path
) -> None:
    # As if Ctrl-C came while the configuration was read.
    (tmp_path / "slow.py").write_text("raise KeyboardInterrupt\n")
    (tmp_path / "config.yaml").write_text('algorithms: {slow: "slow:Slow"}\n')
    done = ended(tmp_path, "-m", "snakemake", "--snakefile", str(root / "Snakefile"), "-n")
    assert done.returncode not in (0, 1)
    assert "Traceback" not in done.stderr


def test_snakemake_that_is_interrupted_while_it_is_loaded_is_quiet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "--snakefile" in ended(tmp_path, *SNAKEMAKE[1:], "--help").stdout
    # As if Ctrl-C came while a library of Snakemake was loaded.
    (tmp_path / "yte.py").write_text("raise KeyboardInterrupt\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = ended(tmp_path, *SNAKEMAKE[1:], "-n")
    assert done.returncode == -signal.SIGINT
    assert done.stderr == ""
