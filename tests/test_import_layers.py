"""A module imports only from those above it, and nothing heavy before it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import ROOT

LAYERS = [
    "errors",
    "jsontext",
    "checkout",
    "imports",
    "plugins",
    "cells",
    "bands",
    "identifiers",
    "column_types",
    "schema",
    "provenance",
    "io",
    "services",
    "lightcurves",
    "periods",
    "features",
    "config",
    "surveys",
    "targets",
    "runs",
    "preprocessing",
    "models",
    "models.runtime",
    "models.evaluation",
    "models.calibration",
    "models.training",
    "models.images",
    "models.networks",
    "models.trees",
    "models.spectra",
    "active",
    "models.algorithms",
    "tasks",
    "tasks.variables.training_sets",
    "tasks.variables.bundles",
    "tasks.variables.training",
    "tasks.variables",
    "inference",
    "catalog",
    "product",
    "report",
    "desk",
    "fritz",
    "gcn",
    "workflows",
    "cli",
    "utils",
    "nn",
]
"""Parts of the package in the order in which they build on each other."""

HEAVY = {
    "tensorflow",
    "xgboost",
    "cupy",
    "onnxruntime",
    "matplotlib",
    "snakemake",
    "sklearn",
}
"""Libraries that take a second or a device, loaded by the functions that use them."""

MODULES = sorted((ROOT / "scope").rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """All that a file imports, anywhere in it, as (line, dotted name)."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}"


def part_of(name: str) -> str | None:
    """The part of the package that a dotted name is in; None for others and the root."""
    root, *parts = name.split(".")
    if root != "scope" or not parts or parts[0].startswith("__"):
        return None
    inner = (".".join(parts[:length]) for length in range(len(parts), 1, -1))
    return next((part for part in inner if part in LAYERS), parts[0])


def test_every_part_of_the_package_has_its_place():
    assert {part_of(module_name(path)) for path in MODULES} - {None} <= set(LAYERS)


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_a_module_imports_only_from_its_own_part_and_those_above(path):
    part = part_of(module_name(path))
    # The root imports nothing: it would load for every module.
    allowed = LAYERS[: LAYERS.index(part) + 1] if part else []
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for line, name in imported(path)
        if part_of(name) is not None and part_of(name) not in allowed
    ]
    assert wrong == []


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_the_library_does_not_know_the_workflow_engine(path):
    assert [name for _, name in imported(path) if name.split(".")[0] == "snakemake"] == []


def test_the_walk_sees_every_form_of_import(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    path = tmp_path / "scope" / "io" / "tables.py"
    path.parent.mkdir(parents=True)
    path.write_text(
        "import scope.cli.main\n"
        "from scope import config\n"
        "from scope.report import html\n"
        "def late():\n"
        "    from ..gcn import job\n"
        "    from . import atomic\n"
    )
    found = {name for _, name in imported(path)}
    assert found == {
        "scope.cli.main",
        "scope.config",
        "scope.report.html",
        "scope.gcn.job",
        "scope.io.atomic",
    }


@pytest.mark.parametrize(
    "name", ["scope.periods", "scope.features", "scope.inference", "scope.catalog", "scope.utils"]
)
def test_importing_is_light(name):
    code = f"import {name}, sys; print(*sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_what_models_are_there_is_told_without_arrays():
    """Commands ask for names of algorithms: numpy would be two thirds of their start."""
    code = "import scope.models.bundle, sys; print(*{'numpy', 'pyarrow'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr
