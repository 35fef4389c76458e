"""Run the real Snakefile in folders of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.once import made_once


@dataclass
class Run:
    """A folder in which the workflow runs.

    `checkout` holds the Snakefile, configuration and models; products go to `folder`.
    """

    checkout: Path
    folder: Path
    config: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    def command(self, *arguments: str, config: tuple[str, ...] = (), cores: int = 2) -> list[str]:
        settings = [*self.config, *config]
        return [
            sys.executable,
            *("-m", "snakemake"),
            *(("--config", *settings) if settings else ()),
            *("--snakefile", str(self.checkout / "Snakefile")),
            *("--directory", str(self.folder), "--cores", str(cores)),
            *arguments,
        ]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(self.checkout), **self.environment}

    def snakemake(
        self,
        *arguments: str,
        config: tuple[str, ...] = (),
        cores: int = 2,
        status: int | None = 0,
    ) -> str:
        """Run to the end and return what was printed; fail on another exit status."""
        done = subprocess.run(
            self.command(*arguments, config=config, cores=cores),
            env=self._environment(),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        if status is not None:
            assert done.returncode == status, done.stdout[-6000:]
        return done.stdout

    def start(self, *arguments: str, config: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
        """Start the workflow in a process group of its own."""
        return subprocess.Popen(
            self.command(*arguments, config=config),
            env=self._environment(),
            cwd=self.folder,
            stdout=(self.folder / "killed.out").open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @staticmethod
    def kill(process: subprocess.Popen[bytes]) -> None:
        """Kill the controller and every job that it started, at once, if any is left."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def products(self) -> dict[str, bytes]:
        """Return the bytes of every product by its path."""
        results = self.folder / "results"
        return {
            str(path.relative_to(results)): path.read_bytes()
            for path in sorted(results.rglob("*"))
            if path.is_file()
        }


@pytest.fixture(scope="session")
def make_run(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """Return a function that makes an empty run folder for the checkout."""

    def make(name: str = "run", checkout: Path = root, config: list[str] | None = None) -> Run:
        return Run(checkout, tmp_path_factory.mktemp(name), config or [])

    return make


TINY = Path("config") / "test" / "tiny.yaml"
"""Two quadrants of a few simulated stars and a short grid of frequencies."""


AT_WORK = shutil.ignore_patterns("locks", "scope", "report.html", "tmp*", "auxiliary")
"""What a controller may have in the folder of `undisturbed` while another test copies it."""


def undisturbed() -> Run:
    """Return a finished run of the tiny configuration, made once in a session; do not change it."""

    def run(folder: Path) -> None:
        Run(ROOT, folder).snakemake("--configfile", str(ROOT / TINY))

    return Run(ROOT, made_once("tiny", run))


@pytest.fixture(scope="session")
def tiny() -> Run:
    """A finished run of the tiny configuration; tests only read it."""
    return undisturbed()
