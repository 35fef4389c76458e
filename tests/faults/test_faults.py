"""After any fault one command goes on, and the products are those of an undisturbed run."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

from ..workflow.conftest import AT_WORK, Run
from ..workflow.reference import TINY, undisturbed
from .actions import ArchiveField, damage_and_mend, take_archive_away
from .full_disk import mounting_is_allowed, on_pretended_disk, on_small_disk
from .harness import VICTIMS, differences, disturb, random_kills, resume, wait_for_record

SEED = 5


def test_a_run_that_was_killed_is_resumed_to_the_same_bytes(make_run: Callable[..., Run]) -> None:
    # The machine dies. Of controllers and scripts that die alone, two hundred: `make soak`.
    run, kill = make_run("killed"), random_kills(SEED, 3)[VICTIMS.index("both")]
    disturb(run, kill)
    done = resume(run)
    assert done.returncode == 0, f"{kill}\n{done.stdout[-6000:]}"
    assert differences(run.products(), undisturbed().products()) == []


def test_resuming_is_refused_while_a_run_is_at_work(make_run: Callable[..., Run]) -> None:
    run = make_run("busy")
    controller = run.start(*TINY)
    try:
        wait_for_record(run)
        done = resume(run)
    finally:
        os.killpg(controller.pid, signal.SIGKILL)
        controller.wait()
    assert done.returncode == 2
    assert "a run is at work" in done.stdout
    assert str(controller.pid) in done.stdout


def test_a_truncated_product_is_found_removed_and_made_again(
    make_run: Callable[..., Run],
) -> None:
    # Other damage, to other products: tests/runs/test_verify.py and `make soak`.
    whole, run = undisturbed(), make_run("damaged")
    product = "features/field_700/ccd_01_quad_1.parquet"

    def truncate(results: Path) -> None:
        (results / product).write_bytes((results / product).read_bytes()[:-100])

    mended = damage_and_mend(whole, run, "field_700", truncate)
    assert mended.found.returncode == 2
    assert f"results/{product}" in mended.found.stdout
    assert "ccd_01_quad_2" not in mended.found.stdout
    assert mended.resumed.returncode == 0, mended.resumed.stdout[-6000:]
    assert differences(run.products(), whole.products()) == []
    assert mended.verified.returncode == 0


def test_a_temporary_file_that_a_killed_controller_left_is_removed_in_the_end(
    make_run: Callable[..., Run],
) -> None:
    # It is killed between the end of the last job that reads the file and the removal.
    whole, run = undisturbed(), make_run("left")
    shutil.copytree(whole.folder, run.folder, dirs_exist_ok=True, ignore=AT_WORK)
    left = run.folder / "results/lightcurves/field_700/ccd_01_quad_1.parquet"
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_bytes(b"light curves")
    made = (run.folder / "results/sources/field_700/ccd_01_quad_1.parquet").stat().st_mtime_ns
    os.utime(left, ns=(made, made))
    done = resume(run)
    assert done.returncode == 0, done.stdout[-6000:]
    assert differences(run.products(), whole.products()) == []


def test_a_full_disk_is_named_and_survived(make_run: Callable[..., Run], tmp_path: Path) -> None:
    run = make_run("full")
    (run.folder / "results").mkdir()
    on_disk = on_small_disk if mounting_is_allowed() else on_pretended_disk
    disk = on_disk(run, tmp_path)
    assert "no space left on the disk" in disk.said_when_full
    assert disk.left_when_full == []
    assert disk.status_of_resuming == 0, disk.said_when_resumed[-6000:]
    assert differences(disk.products, undisturbed().products()) == []


def test_an_archive_that_was_away_for_a_while_costs_only_the_jobs_that_missed_it(
    make_run: Callable[..., Run], tmp_path: Path
) -> None:
    field = ArchiveField(tmp_path / "archive")
    field.write()
    calm, run = make_run("calm", config=field.config), make_run("away", config=field.config)
    calm.snakemake(*field.targets)
    failed, said = take_archive_away(run, field)
    assert failed
    # Said by a job that was at work, or by Snakemake before it starts the next one.
    assert "error: " in said or "missing" in said
    assert str(field.archive) in said
    done = resume(run, field.targets)
    assert done.returncode == 0, done.stdout[-6000:]
    assert differences(run.products(), calm.products()) == []
