"""Planning whole fields asks only for the names of files."""

from __future__ import annotations

from pathlib import Path

from ..benchmarks.planning import empty_archive, plan


def test_no_file_is_opened_and_the_jobs_grow_with_units_and_targets(tmp_path: Path) -> None:
    # Empty files: opening one would be an error.
    empty_archive(tmp_path / "archive", fields=2, quadrants=5, bands="r")
    (tmp_path / "run").mkdir()
    # Five rules per quadrant; per field two algorithms' scores and predictions, what they
    # share (gathering) and what comes after (catalogue, examples, report); and `all`.
    assert plan(tmp_path / "archive", tmp_path / "run") == 2 * (5 * 5 + 2 + 2 + 1 + 3) + 1
