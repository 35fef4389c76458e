"""One tiny simulated night for all tests of the task; read only."""

from __future__ import annotations

from pathlib import Path

import pytest

from scope.tasks.stamps.simulation.options import NightOptions
from scope.tasks.stamps.simulation.write import simulate_night

OPTIONS = NightOptions(n_images=4, seed=5, size=256, minor_planets=10, transients=5, galaxies=320)


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of four images."""
    return simulate_night(tmp_path_factory.mktemp("night"), OPTIONS)
