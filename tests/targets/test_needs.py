"""What jobs ask for, against arithmetic by hand and the rules that use it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scope.periods.options import PeriodOptions
from scope.targets.needs import (
    BYTES_PER_LIGHT_CURVE,
    LARGEST_MEMORY_MB,
    LONGEST_MINUTES,
    NEEDS,
    Need,
    estimated_light_curves,
    search_effort,
)

NEED = Need(
    memory_mb=600,
    memory_mb_per_thousand=4,
    memory_mb_per_thread=100,
    minutes_per_thousand=8,
    minutes=10,
)


def test_memory_follows_light_curves_and_threads() -> None:
    # 400 for Snakemake + 600 + 4 per thousand + 100 per further thread.
    assert NEED.megabytes(0) == 1000
    assert NEED.megabytes(50_000) == 1200
    assert NEED.megabytes(50_000, threads=8) == 1900


def test_time_follows_light_curves_and_is_shared_by_threads() -> None:
    # 10 + 8 per thousand, divided by the threads.
    assert NEED.runtime(0) == 10
    assert NEED.runtime(5_000) == 50
    assert NEED.runtime(5_000, threads=8) == 15
    assert NEED.runtime(5_000, threads=8, effort=2.0) == 20


@pytest.mark.parametrize(("attempt", "factor"), [(1, 1), (2, 2), (3, 4)])
def test_each_attempt_asks_for_twice_as_much(attempt: int, factor: int) -> None:
    assert NEED.megabytes(50_000, attempt=attempt) == 1200 * factor
    assert NEED.runtime(5_000, attempt=attempt) == 50 * factor


@pytest.mark.parametrize("need", NEEDS.values(), ids=NEEDS)
def test_no_job_asks_for_more_than_the_bounds(need: Need) -> None:
    assert need.megabytes(10**9, attempt=5) == LARGEST_MEMORY_MB
    assert need.runtime(10**9, attempt=9) == LONGEST_MINUTES


@pytest.mark.parametrize("need", NEEDS.values(), ids=NEEDS)
def test_a_quadrant_of_a_median_field_fits_a_common_node(need: Need) -> None:
    # 848,725 light curves in 64 quadrants is the median field of ZTF's data release 19.
    assert need.megabytes(848_725 // 64, threads=8) < 8_000
    assert need.runtime(848_725 // 64, threads=8) < 120


def test_a_finer_grid_and_more_searches_take_longer() -> None:
    assert search_effort(PeriodOptions()) == 1
    assert search_effort(PeriodOptions(samples_per_peak=20)) == 2
    assert search_effort(PeriodOptions(max_freq=96, algorithms=("LS_BIC", "ELS_ECE_EAOV"))) == 4
    assert search_effort(PeriodOptions(max_freq=1)) == 1


def test_light_curves_are_estimated_from_the_sizes_of_files_alone(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "g").write_bytes(bytes(7 * BYTES_PER_LIGHT_CURVE))
    (tmp_path / "r").write_bytes(bytes(3 * BYTES_PER_LIGHT_CURVE))
    paths = [tmp_path / "folder", tmp_path / "r", tmp_path / "absent"]
    assert estimated_light_curves(paths) == 10


def test_every_rule_that_runs_a_script_says_what_it_needs(root: Path) -> None:
    rules = [
        block
        for path in sorted((root / "rules").glob("*.smk"))
        for block in re.split(r"(?m)^(?=rule )", path.read_text())
        if block.startswith("rule ") and "script:" in block
    ]
    names = [re.match(r"rule (\w+):", block)[1] for block in rules]  # type: ignore[index]
    assert set(names) == set(NEEDS)
    for name, block in zip(names, rules, strict=True):
        assert f'mem_mb=memory("{name}")' in block
        assert f'runtime=minutes("{name}")' in block
