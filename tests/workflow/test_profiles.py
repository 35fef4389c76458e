"""The profiles, as Snakemake reads them."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from .conftest import Run
from .reference import TINY


@pytest.fixture(scope="module")
def slurm(root: Path) -> dict[str, object]:
    values = yaml.safe_load((root / "profiles" / "slurm" / "config.yaml").read_text())
    assert isinstance(values, dict)
    return values


@pytest.fixture
def install(root: Path, tmp_path: Path) -> Callable[[], subprocess.CompletedProcess[str]]:
    """Run `make install-profile` for a user whose home is a temporary folder."""
    environment = {**os.environ, "HOME": str(tmp_path)}
    environment.pop("XDG_CONFIG_HOME", None)

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", "--silent", "install-profile"],
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_the_default_profile_sets_no_key_of_another(root: Path) -> None:
    # It is loaded with every other one, and replaces their keys whole.
    default = yaml.safe_load((root / "profiles" / "default" / "config.yaml").read_text())
    for path in sorted((root / "profiles").glob("*/config.yaml")):
        if path.parent.name != "default":
            assert not set(default) & set(yaml.safe_load(path.read_text())), path


def test_rules_named_in_the_profile_exist(root: Path, slurm: dict[str, dict[str, object]]) -> None:
    text = "".join(path.read_text() for path in (root / "rules").glob("*.smk"))
    rules = set(re.findall(r"(?m)^rule (\w+):", text))
    assert set(slurm["groups"]) <= rules
    assert set(slurm["set-resources"]) <= rules
    assert set(slurm["group-components"]) <= set(slurm["groups"].values())


def test_every_key_of_the_profile_is_explained(root: Path) -> None:
    lines = (root / "profiles" / "slurm" / "config.yaml").read_text().splitlines()
    keys = [number for number, line in enumerate(lines) if re.match(r"[a-z-]+:", line)]
    # A key may share the comment of the key before it, where it stands right below.
    for number in keys:
        block = lines[:number]
        while block and block[-1] and not block[-1].startswith("#"):
            block.pop()
        assert block[-1].startswith("#"), lines[number]


def test_the_profile_is_found_by_name_from_any_folder(
    install: Callable[[], subprocess.CompletedProcess[str]],
    make_run: Callable[..., Run],
    tmp_path: Path,
) -> None:
    assert install().returncode == 0
    run = make_run("profile")
    run.environment["HOME"] = str(tmp_path)
    printed = run.snakemake(
        "results/features/field_700/ccd_01_quad_1.parquet",
        *("--profile", "slurm", "-n", *TINY),
    )
    block = printed[printed.index("rule compute_features:") :].partition("\n\n")[0]
    assert "gpu=1" in block


def test_installing_the_profile_again_changes_nothing(
    install: Callable[[], subprocess.CompletedProcess[str]], root: Path, tmp_path: Path
) -> None:
    link = tmp_path / ".config" / "snakemake" / "slurm"
    for _ in range(2):
        done = install()
        assert done.returncode == 0, done.stderr
        assert link.resolve() == root / "profiles" / "slurm"


@pytest.mark.parametrize("kind", ["folder", "file", "link", "dangling link"])
def test_another_profile_of_that_name_is_never_overwritten(
    install: Callable[[], subprocess.CompletedProcess[str]], tmp_path: Path, kind: str
) -> None:
    theirs = tmp_path / ".config" / "snakemake" / "slurm"
    theirs.parent.mkdir(parents=True)
    other = tmp_path / "other"
    if kind == "folder":
        theirs.mkdir()
        (theirs / "config.yaml").write_text("jobs: 1\n")
    elif kind == "file":
        theirs.write_text("jobs: 1\n")
    else:
        if kind == "link":
            other.mkdir()
        theirs.symlink_to(other)
    done = install()
    assert done.returncode != 0
    assert "another profile" in done.stderr
    assert str(theirs) in done.stderr
    if kind == "folder":
        assert (theirs / "config.yaml").read_text() == "jobs: 1\n"
    elif kind == "file":
        assert theirs.read_text() == "jobs: 1\n"
    else:
        assert os.readlink(theirs) == str(other)
