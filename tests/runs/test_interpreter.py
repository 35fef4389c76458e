"""Environments in folders with a blank in their path: bash takes them for one word."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scope.errors import UsageError
from scope.runs.interpreter import image_path, plain_interpreter

from ..workflow.conftest import Run, make_run

__all__ = ["make_run"]


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This environment, by a path as people name folders; and a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    place = tmp_path / "my work (new)"
    place.mkdir()
    (place / "venv").symlink_to(Path(sys.executable).parent.parent)
    return place / "venv" / "bin" / Path(sys.executable).name


def test_a_plain_path_stays_as_it_is() -> None:
    assert plain_interpreter("/usr/bin/python3") == "/usr/bin/python3"


def test_another_is_named_by_a_link_and_is_the_same_environment(odd: Path) -> None:
    plain = plain_interpreter(str(odd))
    said = subprocess.run(
        ["bash", "-c", f"{plain} -c 'import snakemake, sys; print(sys.prefix)'"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(said.stdout.strip()).resolve() == odd.parent.parent.resolve()
    assert plain_interpreter(str(odd)) == plain


def test_without_a_place_for_the_link_it_is_said(
    odd: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blank = tmp_path / "a b"
    blank.mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(blank))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(blank))
    with pytest.raises(UsageError, match="move the checkout"):
        plain_interpreter(str(odd))


@pytest.mark.parametrize(
    ("checkout", "methods", "expected"),
    [
        ("/opt/scope", [], "/opt/scope/envs/scope.sif"),
        ("/my work", [], None),
        ("/{x}", ["conda"], None),
        # Snakemake says what is wrong with it.
        ("/my work", ["apptainer"], "/my work/envs/scope.sif"),
    ],
)
def test_an_image_is_named_where_snakemake_can_take_one(
    checkout: str, methods: list[str], expected: str | None
) -> None:
    assert image_path(checkout, methods) == expected


def test_the_workflow_runs_there(odd: Path, make_run: Callable[..., Run], root: Path) -> None:
    # The checkout lies in such a folder, too.
    checkout = odd.parents[2] / "check out"
    checkout.symlink_to(root)
    run = Run(checkout, make_run("a b").folder)
    command = run.command(
        "results/simulation/field_700/ccd_01_quad_1",
        *("--configfile", str(root / "config/test/tiny.yaml")),
    )
    done = subprocess.run(
        [str(odd), *command[1:]], cwd=run.folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (run.folder / "results/simulation/field_700/ccd_01_quad_1").is_dir()
