"""Faults that are no kills: damaged products, an archive that is away, a job that SLURM loses.

Each function disturbs, goes on with the documented command and returns what that printed
last, so that tests and `make soak` do the same.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow.parquet as pq

from tests.quadrants import write_small_quadrant

from ..slurm.cluster import Cluster
from ..workflow.conftest import AT_WORK, Run
from .harness import SECONDS, resume, scope, wait_for_record, while_active

Damage = Literal["truncated", "one bit wrong", "another file's content"]
DAMAGES: tuple[Damage, ...] = ("truncated", "one bit wrong", "another file's content")


@dataclass(frozen=True)
class Mended:
    """What `scope verify`, then `scope resume` said of a product that was damaged.

    Attributes
    ----------
    found : subprocess.CompletedProcess
        Of `scope verify TARGET` right after the damage.
    resumed : subprocess.CompletedProcess
    verified : subprocess.CompletedProcess
        Of `scope verify TARGET` in the end.
    """

    found: subprocess.CompletedProcess[str]
    resumed: subprocess.CompletedProcess[str]
    verified: subprocess.CompletedProcess[str]


def spoil(product: Path, damage: Damage, generator: random.Random, other: Path) -> None:
    """Damage a Parquet file; its times are as new as those of any late write."""
    content = bytearray(product.read_bytes())
    if damage == "truncated":
        content = content[: generator.randrange(len(content))]
    elif damage == "one bit wrong":
        content[_byte_of_values(product, generator)] ^= 1 << generator.randrange(8)
    else:
        content = bytearray(other.read_bytes())
    product.write_bytes(bytes(content))


def _byte_of_values(product: Path, generator: random.Random) -> int:
    """Return the place of a byte of values; page headers and the footer have no checksum."""
    group = pq.ParquetFile(product).metadata.row_group(0)
    columns = [group.column(number) for number in range(group.num_columns)]
    largest = max(columns, key=lambda column: column.total_compressed_size)
    end = (largest.dictionary_page_offset or largest.data_page_offset) + (
        largest.total_compressed_size
    )
    return int(end - 1 - generator.randrange(largest.total_compressed_size // 4))


def damage_and_mend(whole: Run, run: Run, target: str, spoil_run: Callable[[Path], None]) -> Mended:
    """Copy a finished run, spoil the copy's results, and mend them as documented."""
    shutil.copytree(whole.folder, run.folder, dirs_exist_ok=True, ignore=AT_WORK)
    spoil_run(run.folder / "results")
    found = scope(run, "verify", target)
    scope(run, "verify", target, "--remove")
    resumed = resume(run)
    return Mended(found, resumed, scope(run, "verify", target))


@dataclass(frozen=True)
class ArchiveField:
    """Two quadrants in an archive of files, and the features to make of them."""

    archive: Path
    targets: tuple[str, ...] = tuple(
        f"results/features/field_600/ccd_01_quad_{quad}.parquet" for quad in (1, 2)
    )

    @property
    def config(self) -> list[str]:
        return [f"archive={self.archive}", "feature_generation={period_search: {max_freq: 2.0}}"]

    def write(self) -> None:
        """Simulate the two quadrants."""
        for quad in (1, 2):
            write_small_quadrant(self.archive / f"quad_{quad}", field=600, quad=quad, seed=quad)


def take_archive_away(run: Run, field: ArchiveField, delay: float = 0.0) -> tuple[bool, str]:
    """Start a run and hide its archive until the run has ended.

    Returns whether the run failed for it, and what it printed.
    """
    controller = run.start(*field.targets)
    away = field.archive.with_name("away")
    try:
        wait_for_record(run)
        time.sleep(delay)
        field.archive.rename(away)
        status = controller.wait(timeout=SECONDS)
    finally:
        # One that hangs would go on beside the trials to come, which need the archive.
        if controller.poll() is None:
            run.kill(controller)
        if away.exists():
            away.rename(field.archive)
    return status != 0, (run.folder / "killed.out").read_text()


def kill_on_slurm(
    run: Run, cluster: Cluster, options: list[str], delay: float, cancel: bool
) -> bool:
    """Kill a controller whose jobs SLURM runs, and before it one of them where asked.

    Returns whether there was something to kill.
    """
    run.environment.update(cluster.environment)
    controller = run.start(*options)
    try:
        if not while_active(controller, delay):
            return False
        if cancel:
            active = cluster.call("squeue", "--noheader", "--format=%i", "--states=R,PD").split()
            for job in active[:1]:
                cluster.call("scancel", job)
            while_active(controller, 3.0)
        return controller.poll() is None
    finally:
        run.kill(controller)
