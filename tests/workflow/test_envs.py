"""The recipes of envs/: what they name is there, and pip takes what they hand to it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from scope.runs.interpreter import image_path


@pytest.mark.parametrize("name", ["cpu", "gpu"])
def test_pip_takes_its_part_of_an_environment(root: Path, name: str) -> None:
    content = yaml.safe_load((root / "envs" / f"{name}.yaml").read_text())
    (lines,) = [each["pip"] for each in content["dependencies"] if isinstance(each, dict)]
    # One requirement each, as pip's format of requirement files has it; pip runs in envs/.
    (line,) = lines
    editable = re.fullmatch(r"-e (\.\.)\[(\w+)\]", line)
    assert editable, line
    assert (root / "envs" / editable[1] / "pyproject.toml").is_file()
    text = (root / "pyproject.toml").read_text()
    extras = text.partition("[project.optional-dependencies]")[2].partition("\n[")[0]
    assert re.search(rf"^{editable[2]} = \[", extras, re.MULTILINE)
    assert Requirement(f"scope[{editable[2]}]").extras == {editable[2]}


def test_both_images_copy_the_same_and_only_what_is_there(root: Path) -> None:
    definition = (root / "envs" / "scope.def").read_text()
    files = definition.partition("%files\n")[2].partition("\n\n")[0].splitlines()
    copied = {line.split()[0] for line in files}
    docker = (root / "envs" / "Dockerfile").read_text()
    words = [line.split()[1:-1] for line in docker.splitlines() if line.startswith("COPY ")]
    assert {word for line in words for word in line} == copied
    for name in copied:
        assert (root / name).exists(), name
    # All that a built package carries, and the packages that pyproject.toml finds.
    carried = re.search(r"^CARRIED = \((.*)\)$", (root / "setup.py").read_text(), re.MULTILINE)
    assert carried
    found = re.search(r"^include = \[(.*)\]$", (root / "pyproject.toml").read_text(), re.MULTILINE)
    assert found
    needed = re.findall(r'"([\w.]+)\*?"', f"{carried[1]}, {found[1]}")
    assert {"Snakefile", "models", "scope", "gotorb"} <= set(needed) <= copied


def test_the_image_that_the_rules_name_is_what_the_recipe_builds(root: Path) -> None:
    assert "container: image_path(" in (root / "Snakefile").read_text()
    assert image_path("/checkout", []) == "/checkout/envs/scope.sif"
    assert "build envs/scope.sif envs/scope.def" in (root / "envs" / "scope.def").read_text()
