"""A disk that is full for a while: a small one where mounting is allowed, else a pretence."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ..workflow.conftest import Run
from ..workflow.reference import TINY
from .harness import resume

_NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")

_PRETENCE = """\
import errno, os

_sync = os.fsync

def fsync(handle):
    if os.path.exists({flag!r}) and "/results/" in os.readlink(f"/proc/self/fd/{{handle}}"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return _sync(handle)

os.fsync = fsync
"""


@dataclass(frozen=True)
class FullDisk:
    """What a run did on a full disk, and when it was resumed with space.

    Attributes
    ----------
    said_when_full, said_when_resumed : str
    left_when_full : list of str
        Temporary files that were not removed.
    status_of_resuming : int
    products : dict of str to bytes
    """

    said_when_full: str
    left_when_full: list[str]
    status_of_resuming: int
    said_when_resumed: str
    products: dict[str, bytes]


def mounting_is_allowed() -> bool:
    """Whether this user may mount a disk in a name space of its own."""
    command = [*_NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def on_small_disk(run: Run, place: Path, kilobytes: int = 300) -> FullDisk:
    """Put the results on a small disk, later one of 50 MB, which only the run can see."""
    results = run.folder / "results"
    first = run.command(*TINY)
    again = [first[0], "-m", "scope.cli.main", "resume", *first[3:]]
    script = f"""
        mount -t tmpfs -o size={kilobytes}k tmpfs {results} || exit 99
        {shlex.join(first)} > {place}/full 2>&1
        find {results} -name '*.tmp' > {place}/left
        mount -o remount,size=50m {results} || exit 99
        {shlex.join(again)} > {place}/resumed 2>&1
        status=$?
        cp -a {results} {place}/results
        exit $status
    """
    done = subprocess.run(
        [*_NAMESPACE, "bash", "-c", script],
        env=run._environment(),
        cwd=run.folder,
        timeout=1200,
        check=False,
    )
    return FullDisk(
        said_when_full=(place / "full").read_text(),
        left_when_full=(place / "left").read_text().split(),
        status_of_resuming=done.returncode,
        said_when_resumed=(place / "resumed").read_text(),
        products=Run(run.checkout, place).products(),
    )


def on_pretended_disk(run: Run, place: Path) -> FullDisk:
    """Let every attempt to bring results to disk fail as on a full one, for a while."""
    flag = place / "full"
    flag.touch()
    (place / "sitecustomize.py").write_text(_PRETENCE.format(flag=str(flag)))
    run.environment["PYTHONPATH"] = f"{place}:{run.checkout}"
    said = run.snakemake(*TINY, status=1)
    left = [str(path) for path in (run.folder / "results").rglob("*.tmp")]
    flag.unlink()
    done = resume(run)
    return FullDisk(said, left, done.returncode, done.stdout, run.products())
