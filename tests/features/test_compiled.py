"""Compiling ahead: what is compiled is on disk, and nothing is said the second time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import logging
logging.basicConfig(level=logging.INFO, format="%(message)s")
from scope.features.compiled import needs_compiling, say_if_compiling
say_if_compiling()
print(needs_compiling())
"""

COMPILE_TWO = """
import numpy as np
from scope.features.statistics import _statistics
from scope.periods.kernels import periodogram
from scope.features.compiled import _made_up
from scope.features.options import FeatureOptions
from scope.features.statistics import statistics
from scope.periods import PeriodOptions, search_periods
curves = _made_up()[:1]
search_periods(curves, PeriodOptions(algorithms=("LS",), max_freq=3.0))
statistics(curves)
"""


def python(code: str, cache: Path) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "NUMBA_CACHE_DIR": str(cache)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip(), done.stderr


def test_a_new_cache_is_announced_and_one_with_code_is_not(tmp_path: Path) -> None:
    said, log = python(SCRIPT, tmp_path)
    assert said == "True"
    assert "compiling the period search" in log
    python(COMPILE_TWO, tmp_path)
    said, log = python(SCRIPT, tmp_path)
    assert said == "False"
    assert "compiling" not in log
