"""A stub of Fritz as a user has it: a configuration, a token, an archive of light curves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.services.fritz_sky import furnish, settings_text
from tests.services.fritz_stub import StubFritz
from tests.surveys.kowalski_sky import simulate


@pytest.fixture(scope="session")
def sky(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of a few simulated stars."""
    return simulate(tmp_path_factory.mktemp("fritz") / "archive", n_stars=8)


@pytest.fixture(scope="session")
def stars(sky: Path) -> list[dict]:
    """Its light curves in g: objectid, objra, objdec."""
    path = next(path for path in sky.glob("ztf_*_zg_*.parquet"))
    columns = ["objectid", "objra", "objdec", "nepochs"]
    return sorted(pq.read_table(path, columns=columns).to_pylist(), key=lambda s: s["objectid"])


@pytest.fixture
def stub(sky: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StubFritz]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCOPE_CACHE_FOLDER", str(tmp_path / "cache"))
    with StubFritz(limited=False) as server:
        furnish(server)
        Path("config.yaml").write_text(settings_text(server) + f"archive: {sky}\n")
        monkeypatch.setenv("FRITZ_INSTANCE_TOKEN", server.admin)
        yield server
