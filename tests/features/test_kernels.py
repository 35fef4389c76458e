"""Kernels are compiled afresh whenever anything that they may contain has changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from scope.features import kernels, statistics
from scope.features.kernels import dot, fingerprint, median_of_sorted, percentile_of_sorted


def test_cached_code_is_stale_once_any_file_of_kernels_changes(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("@kernel\ndef f(x): return x\n")
    before = fingerprint(tmp_path)
    (tmp_path / "b.py").write_text("x = 1\n")
    assert fingerprint(tmp_path) == before
    (tmp_path / "a.py").write_text("@kernel\ndef f(x): return 2 * x\n")
    assert fingerprint(tmp_path) != before


def test_numba_takes_the_fingerprint_for_the_age_of_the_source() -> None:
    # A private attribute of numba: should it be renamed, old code would be used silently.
    stamp = statistics._statistics._cache._cache_file._source_stamp
    assert stamp == fingerprint(Path(kernels.__file__).parent)


def test_percentiles_are_those_of_numpy_to_the_last_bit() -> None:
    for n in (1, 2, 3, 10, 57):
        x = np.sort(np.random.default_rng(n).normal(size=n))
        for percent in (0, 5, 10, 25, 50, 75, 80, 95, 100):
            assert percentile_of_sorted(x, percent / 100.0) == np.percentile(x, percent)
        assert median_of_sorted(x) == np.median(x)


def test_inner_products_are_right_for_every_remainder_of_four() -> None:
    for n in range(10):
        a, b = np.random.default_rng(n).normal(size=(2, n))
        assert np.isclose(dot(a, b), np.sum(a * b), rtol=1e-14, atol=1e-15)
