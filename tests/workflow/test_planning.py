"""Planning whole fields asks only for the names of files."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.quadrants import write_small_quadrant

from ..benchmarks.planning import empty_archive, plan
from .conftest import Run


def test_no_file_is_opened_and_the_jobs_grow_with_units_and_targets(tmp_path: Path) -> None:
    # Empty files: opening one would be an error.
    empty_archive(tmp_path / "archive", fields=2, quadrants=5, bands="r")
    (tmp_path / "run").mkdir()
    # Five rules per quadrant; per field two algorithms' scores and predictions, what they
    # share (gathering, nulls and their scores) and what comes after (catalogue, stars, examples,
    # report); and `all`.
    assert plan(tmp_path / "archive", tmp_path / "run") == 2 * (5 * 5 + 2 + 2 + 3 + 4) + 1


def test_a_field_that_is_added_to_a_finished_set_is_all_that_is_planned(
    make_run: Callable[..., Run], tmp_path: Path
) -> None:
    def add(field: int) -> None:
        write_small_quadrant(tmp_path / f"{field}", field=field, quad=1, seed=field)

    search = "feature_generation={period_search: {max_freq: 2.0}}"
    run = make_run("added", config=[f"archive={tmp_path}", search])
    add(600)
    run.snakemake()
    add(601)
    planned = run.snakemake("-n")
    assert set(re.findall(r"wildcards: .*target=(\w+)", planned)) == {"field_601"}


def test_a_training_set_that_is_there_is_trained_on_and_none_is_made(
    make_run: Callable[..., Run], tmp_path: Path
) -> None:
    (tmp_path / "mine.parquet").write_bytes(b"")
    run = make_run("given", config=[f"training={{dataset: {tmp_path / 'mine.parquet'}}}"])
    planned = run.snakemake("-n", "train")
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", planned, re.MULTILINE))
    assert jobs == {
        "train_bundle": "2",
        "fuse": "1",
        "fuse_stars": "1",
        "plot_bundle": "3",
        "train": "1",
        "total": "8",
    }


def test_stars_of_a_real_field_join_a_training(
    make_run: Callable[..., Run], tmp_path: Path
) -> None:
    write_small_quadrant(tmp_path, field=600, quad=1, seed=1)
    settings = f"training={{field_stars: {{archive: {tmp_path}}}}}"
    planned = make_run("fields", config=[settings]).snakemake(
        "-n", "results/training/starter.parquet"
    )
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", planned, re.MULTILINE))
    # Features of these stars, of the twins of the one simulated quadrant, and no twins of theirs.
    assert (jobs["sample_field_stars"], jobs["generate_features"], jobs["make_twins"]) == (
        *("1", "2", "1"),
    )
