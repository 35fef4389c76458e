"""LSDB itself, in an environment of its own, opens what `scope export --format hats` writes.

The environment is made once in ``.tools/lsdb`` and kept. Where no package index can be reached
the test is skipped, and says so.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from scope.lightcurves.sky import PositionTree
from scope.product.hats import export_hats
from tests.conftest import ROOT
from tests.product.test_hats import sky, write_curves, write_stars

ENVIRONMENT = ROOT / ".tools" / "lsdb"
PACKAGE = "lsdb>=0.11"
SESSION = Path(__file__).with_name("lsdb_session.py")


@pytest.fixture(scope="module")
def python() -> Path:
    """The interpreter of an environment with LSDB."""
    found = ENVIRONMENT / "bin" / "python"
    if not (ENVIRONMENT / "installed").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=True)
        install = [found, "-m", "pip", "install", "--quiet", "--retries", "1", PACKAGE]
        try:
            done = subprocess.run(install, capture_output=True, text=True, check=False, timeout=600)
        except subprocess.TimeoutExpired:
            pytest.skip("lsdb could not be installed within ten minutes")
        if done.returncode:
            pytest.skip(f"lsdb could not be installed: {done.stderr.strip().splitlines()[-1]}")
        (ENVIRONMENT / "installed").write_text(PACKAGE)
    return found


def test_lsdb_opens_two_fields_searches_matches_and_reads_points(
    python: Path, tmp_path: Path
) -> None:
    ra, dec = sky(200, 1)
    one = write_stars(tmp_path / "field_1.parquet", ra, dec)
    far = write_stars(tmp_path / "field_2.parquet", *sky(100, 2, ra=23.0), first_id=10_001)
    ids = [*range(1, 401), *range(10_001, 10_201)]
    units = [write_curves(tmp_path / f"u{n}.parquet", ids[n::2]) for n in range(2)]
    collection = tmp_path / "out"
    export_hats([one], collection, light_curves=units, max_rows=40)
    export_hats([far], collection, light_curves=units, max_rows=40)
    done = subprocess.run(
        [python, SESSION, collection, str(ra[0]), str(dec[0])],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    seen = json.loads(done.stdout.splitlines()[-1])
    stars = [*range(1, 401, 2), *range(10_001, 10_201, 2)]
    assert seen["stars"] == stars
    assert seen["margin"]
    assert seen["partitions"] > 5
    everywhere = [
        np.concatenate(pair) for pair in zip((ra, dec), sky(100, 2, ra=23.0), strict=True)
    ]
    near = PositionTree(*everywhere).within(ra[:1], dec[:1], 600.0).found
    assert seen["cone"] == sorted(stars[i] for i in near)
    assert len(seen["cone"]) > 0
    assert seen["pairs"] == 300
    assert seen["same"]
    assert seen["points"] == sum(i % 10 for i in ids)
    assert seen["point_columns"] == ["hmjd", "mag", "magerr", "filter", "_id"]
    assert seen["sum_of_magnitudes"] == pytest.approx(sum((15.0 + i) * (i % 10) for i in ids))
