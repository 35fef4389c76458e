"""A folder in which the documented commands run: a small archive, a configuration, models."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scope.surveys.simulation import simulate_quadrant

CONFIG = """\
archive: archive
feature_generation: {min_n_lc_points: 20, period_search: {max_freq: 1.0}}
"""

MODELS = {
    ("xgb", "ss23"): "models_xgb/ss23",
    ("xgb", "DR16_stats"): "models_xgb/DR16_stats",
    ("dnn", "nobalance_DR16_DNN_stats"): "models_dnn/nobalance_DR16_DNN_stats",
}
"""The groups that the documents name, and where they put them."""


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first stars of the simulation that `scope simulate` makes."""
    folder = tmp_path_factory.mktemp("documents") / "archive"
    simulate_quadrant(folder, field=700, n_stars=6)
    return folder


@pytest.fixture(scope="session")
def make_home(
    archive: Path, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Path]:
    """Return a function that makes a folder as a user of SCoPe has it."""

    def make() -> Path:
        home = tmp_path_factory.mktemp("home")
        (home / "config.yaml").write_text(CONFIG)
        (home / "archive").symlink_to(archive)
        shutil.copytree(root / "tools", home / "tools")
        for (algorithm, _), place in MODELS.items():
            shutil.copytree(root / "models" / algorithm / "starter", home / place)
        return home

    return make


def command(module: str, arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, as from the command line."""
    root = Path(__file__).resolve().parents[2]
    return subprocess.run(
        [sys.executable, "-m", f"scope.cli.{module}", *arguments.replace("\\\n", " ").split()],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


RADEC = """--path-dataset tools/local_scope_radec.csv \\
  --doCPU --write_csv --doRemoveTerrestrial \\
  --group-names DR16_stats nobalance_DR16_DNN_stats --algorithms xgb dnn"""
"""The documented example with positions."""


@pytest.fixture(scope="session")
def local_run(make_home) -> tuple[Path, str, str]:
    """A folder in which the documented example ran, the time that names it, and its messages."""
    home = make_home()
    done = command("run_scope_local", RADEC, home)
    assert done.returncode == 0, done.stderr[-4000:]
    return home, done.stdout.split()[-1], done.stdout + done.stderr
