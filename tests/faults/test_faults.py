"""After any fault one command goes on, and the products are those of an undisturbed run."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from scope.surveys.simulation import simulate_quadrant

from ..workflow.conftest import Run
from ..workflow.reference import TINY, undisturbed
from .harness import Kill, differences, disturb, random_kills, resume, scope, wait_for_record

SEED = 5


@pytest.mark.parametrize("kill", random_kills(SEED, 3), ids=lambda kill: kill.victim)
def test_a_run_that_was_killed_is_resumed_to_the_same_bytes(
    make_run: Callable[..., Run], kill: Kill
) -> None:
    run = make_run(f"killed_{kill.victim}")
    disturb(run, kill)
    done = resume(run)
    assert done.returncode == 0, f"{kill}\n{done.stdout[-6000:]}"
    assert differences(run.products(), undisturbed(make_run).products()) == []


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


@pytest.mark.parametrize("damage", ["truncated", "foreign", "one bit"])
def test_a_damaged_product_is_found_removed_and_made_again(
    make_run: Callable[..., Run], damage: str
) -> None:
    whole, run = undisturbed(make_run), make_run("damaged")
    shutil.copytree(whole.folder, run.folder, dirs_exist_ok=True)
    product = run.folder / "results/features/field_700/ccd_01_quad_1.parquet"
    content = product.read_bytes()
    middle = len(content) // 3
    spoilt = {
        "truncated": content[:-100],
        "foreign": b"not a table",
        "one bit": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
    }
    product.write_bytes(spoilt[damage])
    found = scope(run, "verify", "field_700")
    assert found.returncode == 2
    assert "results/features/field_700/ccd_01_quad_1.parquet" in found.stdout
    assert "ccd_01_quad_2" not in found.stdout
    scope(run, "verify", "field_700", "--remove")
    done = resume(run)
    assert done.returncode == 0, done.stdout[-6000:]
    assert differences(run.products(), whole.products()) == []
    assert scope(run, "verify", "field_700").returncode == 0


def test_a_full_disk_is_named_and_survived(make_run: Callable[..., Run], tmp_path: Path) -> None:
    """The results lie on a disk of their own, first too small, then large enough."""
    run = make_run("full")
    results = run.folder / "results"
    results.mkdir()
    snakemake = run.command(*TINY)
    go_on = [snakemake[0], "-m", "scope.cli.main", "resume", *snakemake[3:]]
    script = f"""
        mount -t tmpfs -o size=300k tmpfs {results} || exit 99
        {shlex.join(snakemake)} > {tmp_path}/full.out 2>&1 && exit 98
        find {results} -name '*.tmp' > {tmp_path}/left.out
        mount -o remount,size=50m {results} || exit 99
        {shlex.join(go_on)} > {tmp_path}/resumed.out 2>&1 || exit 97
        cp -a {results} {tmp_path}/kept
    """
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "bash", "-c", script],
        env=run._environment(),
        cwd=run.folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    said = "".join(path.read_text()[-6000:] for path in tmp_path.glob("*.out"))
    assert done.returncode == 0, f"{done.returncode} {done.stderr} {said}"
    assert "no space left on the disk" in (tmp_path / "full.out").read_text()
    assert (tmp_path / "left.out").read_text() == ""
    kept = Run(run.checkout, tmp_path)
    (tmp_path / "kept").rename(tmp_path / "results")
    assert differences(kept.products(), undisturbed(make_run).products()) == []


def test_an_archive_that_was_away_for_a_while_costs_only_the_jobs_that_missed_it(
    make_run: Callable[..., Run], tmp_path: Path
) -> None:
    archive = tmp_path / "archive"
    for quad in (1, 2):
        simulate_quadrant(
            archive / f"quad_{quad}",
            field=600,
            ccd=1,
            quad=quad,
            n_stars=6,
            seed=quad,
            years=1.0,
            n_epochs_median=90,
        )
    config = [f"archive={archive}", "feature_generation={period_search: {max_freq: 2.0}}"]
    features = tuple(f"results/features/field_600/ccd_01_quad_{quad}.parquet" for quad in (1, 2))
    calm, run = make_run("calm", config=config), make_run("away", config=config)
    calm.snakemake(*features)
    controller = run.start(*features)
    wait_for_record(run)
    archive.rename(tmp_path / "away")
    assert controller.wait(timeout=600) != 0
    # Said by a job that was at work, or by Snakemake before it starts the next one.
    said = (run.folder / "killed.out").read_text()
    assert "error: " in said or "missing" in said
    assert str(archive) in said
    (tmp_path / "away").rename(archive)
    done = resume(run, features)
    assert done.returncode == 0, done.stdout[-6000:]
    assert differences(run.products(), calm.products()) == []
