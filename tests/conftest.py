"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.once import share_below

ROOT = Path(__file__).resolve().parents[1]


LONGEST = ("slurm", "faults", "workflow", "tasks/variables/training", "models/networks")
"""Folders of tests that take minutes."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that processes side by side end at about the same time."""
    order = {ROOT / "tests" / folder: number for number, folder in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.parent, len(order)))


@pytest.fixture(scope="session", autouse=True)
def _shared_folder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    share_below(tmp_path_factory, worker=hasattr(request.config, "workerinput"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real survey data; tests that use it are skipped where it is absent."""
    folder = Path(os.environ.get("SCOPE_REAL_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"needs the real survey data; none at {folder} (set SCOPE_REAL_DATA)")
    return folder
