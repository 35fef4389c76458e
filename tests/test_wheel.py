"""A built package is enough: the workflow, its configuration and the starter models are inside."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from .conftest import ROOT

SOURCES = (
    *("pyproject.toml", "setup.py", "README.md", "LICENSE", "scope", "gotorb"),
    *("Snakefile", "rules", "workflow", "config", "profiles", "envs", "models", "al"),
)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel holds, as pip lays it into site-packages."""
    source = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, source / name)
    wheels = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", str(source), "--no-deps", "--quiet"]
    subprocess.run([*command, "--wheel-dir", str(wheels)], check=True)
    (wheel,) = wheels.glob("*.whl")
    place = tmp_path_factory.mktemp("site-packages")
    zipfile.ZipFile(wheel).extractall(place)
    return place


def scope(installed: Path, folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "scope.cli.main", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(installed)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_starter_models_come_along_and_are_whole(installed: Path, tmp_path: Path) -> None:
    code = "import scope.checkout as c; print(c.CHECKOUT)"
    path = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert path == str(installed / "scope" / "_checkout")
    said = scope(installed, tmp_path, "models", "verify", "--models-dir", f"{path}/models")
    assert "xgb/starter" in said
    assert "dnn/starter" in said


def test_the_workflow_runs_without_a_checkout(installed: Path, tmp_path: Path) -> None:
    product = "results/sources/field_700/ccd_01_quad_1.parquet"
    scope(
        *(installed, tmp_path, "run", "--cores", "1", "--config"),
        *("simulation={n_stars: 4}", "--", product),
    )
    assert (tmp_path / product).is_file()
    said = scope(installed, tmp_path, "run", "-n", "--", "results/catalog/field_700.parquet")
    assert "publish" in said
