"""A real SLURM for the tests of this folder."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..workflow.conftest import make_run
from .cluster import PACKAGES, Cluster, missing_programs

__all__ = ["make_run"]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A throw-away SLURM; where it cannot be started, the tests fail."""
    if os.environ.get("SCOPE_NO_SLURM") == "1":
        pytest.skip("SCOPE_NO_SLURM=1")
    missing = missing_programs()
    if missing:
        pytest.fail(
            f"these tests need SLURM, and there is no {', '.join(missing)}; "
            f"on Debian or Ubuntu: sudo apt-get install {PACKAGES}; "
            "or leave them out with SCOPE_NO_SLURM=1"
        )
    # Not pytest's folder: paths of sockets must be short.
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    cluster = Cluster(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
