"""The job that follows events, on a real SLURM: killed, interrupted, finished, run again.

    python -m tests.faults.gcn_on_slurm

A few minutes; `make soak` runs it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from scope.io import read_dataframe
from scope.runs.processes import ends_raise
from tests.conftest import ROOT
from tests.gcn.cron import kill, recent_event, stars_of, start, write_run
from tests.services.fritz_sky import SCALE
from tests.services.fritz_stub import StubFritz
from tests.slurm.cluster import Cluster
from tests.surveys.kowalski_sky import simulate

SITE = {
    "latency-wait": 5,
    "max-jobs-per-timespan": "100/1s",
    "slurm-init-seconds-before-status-checks": 6,
}
"""What this cluster's site changes in the profile that is shipped: it need not be spared."""

MINUTES = 10


@dataclass
class Scene:
    """The folder of the run, the cluster, and the stub of Fritz with one event."""

    folder: Path
    cluster: Cluster
    stub: StubFritz
    label: str
    jobs: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *before: str) -> subprocess.Popen[str]:
        """Start the job as cron does, below another command such as ``timeout``."""
        words = [*before, sys.executable, str(ROOT / "gcn_cronjob.py"), "--profile"]
        command = " ".join(["exec", *words, str(self.folder.parent / "profile")])
        self.jobs.append(start(ROOT, self.folder, command, **self.cluster.environment))
        return self.jobs[-1]

    def stop(self) -> None:
        """End the jobs that still are at work, as after a chapter that failed."""
        for job in self.jobs:
            if job.poll() is None:
                kill(job, self.folder)

    def queue(self) -> list[str]:
        """What the jobs in SLURM's queue are."""
        return self.cluster.call("squeue", "-h", "-o", "%k").split()

    def wait_for(self, job: subprocess.Popen[str], seen: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + 60 * MINUTES
        while not seen():
            if job.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"never seen: {what}; {job.communicate()[0][-4000:]}")
            time.sleep(0.1)

    def finish(self, job: subprocess.Popen[str], status: int) -> str:
        printed = job.communicate(timeout=60 * MINUTES)[0]
        assert job.returncode == status, f"status {job.returncode}: {printed[-4000:]}"
        return printed

    def posted(self) -> list[tuple[str, float]]:
        rows = self.stub.database.all("select * from classifications")
        return sorted((row["obj_id"], row["probability"]) for row in rows)

    def expected(self) -> list[tuple[str, float]]:
        """The scores in the event's table that are above the threshold."""
        path = self.folder / f"gcn/{self.label}/merged_GCN_sources_{self.label}.parquet"
        table = read_dataframe(path)
        chosen = table.loc[table["vnv"] >= 0.05, ["obj_id", "vnv"]]
        return sorted(chosen.itertuples(index=False, name=None))


def write_profile(folder: Path) -> None:
    """Write the shipped profile with what the site changes."""
    shipped = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump({**shipped, **SITE}))


def killed(scene: Scene) -> None:
    """Killed with its Snakemake while SLURM computes features: the job stays in the queue."""
    job = scene.start()
    scene.wait_for(job, lambda: _of(scene.queue(), "compute_features"), "a feature job")
    kill(job, scene.folder)
    assert _of(scene.queue(), "compute_features")
    assert scene.stub.written() == []


def interrupted(scene: Scene) -> None:
    """Ended by `timeout`, as in a crontab: its jobs leave the queue, and its lock is lifted."""
    job = scene.start("/usr/bin/timeout", "-s", "INT", "1h")
    scene.wait_for(job, lambda: _of(scene.queue(), "infer"), "an inference job")
    # `timeout` passes a signal on as it sends its own: to the job, then to its group.
    job.terminate()
    said = scene.finish(job, 143)
    assert "cancelled SLURM job" in said, said[-4000:]
    assert "interrupted; the next run goes on" in said, said[-4000:]
    assert scene.queue() == []
    assert not list((scene.folder / ".snakemake/locks").glob("*"))
    assert scene.stub.written() == []


def finished(scene: Scene) -> None:
    """Run again, it goes on, and posts each classification once."""
    made = scene.folder / f"results/features/gcn_{scene.label}/chunk_000.parquet"
    before = made.stat().st_mtime_ns
    scene.finish(scene.start(), 0)
    assert made.stat().st_mtime_ns == before
    assert len(scene.expected()) > 0
    assert scene.posted() == scene.expected()


def idle(scene: Scene) -> None:
    """With nothing new, nothing is submitted and nothing is posted."""
    jobs = scene.cluster.call("scontrol", "--oneliner", "show", "job").count("JobId=")
    posts = len(scene.stub.written())
    assert "0 of them new" in scene.finish(scene.start(), 0)
    assert scene.cluster.call("scontrol", "--oneliner", "show", "job").count("JobId=") == jobs
    assert len(scene.stub.written()) == posts


CHAPTERS = (killed, interrupted, finished, idle)


def play() -> list[tuple[str, str]]:
    """Play all chapters, and return what each is and what came of it; ends at a failure."""
    # Not pytest's folder: paths of sockets must be short.
    place = Path(tempfile.mkdtemp(prefix="gcn-"))
    cluster, results = Cluster(place / "slurm", cpus=8), []
    try:
        cluster.start()
        folder = place / "run"
        folder.mkdir()
        write_profile(place / "profile")
        sky = simulate(place / "archive", n_stars=8)
        with StubFritz(scale=SCALE) as stub:
            label = recent_event(stub, stars_of(sky), sources=4)
            write_run(folder, stub, sky)
            scene = Scene(folder, cluster, stub, label)
            try:
                for chapter in CHAPTERS:
                    what = str(chapter.__doc__)
                    try:
                        chapter(scene)
                    except AssertionError as error:
                        return [*results, (what, f"failed: {error}")]
                    results.append((what, "as it says"))
            finally:
                scene.stop()
    finally:
        cluster.stop()
        shutil.rmtree(place, ignore_errors=True)
    return results


def _of(queue: list[str], rule: str) -> list[str]:
    return [what for what in queue if rule in what]


def main() -> int:
    """Print what came of each chapter; the exit status is 1 if one failed."""
    # Stopped by a signal, it stops the cluster first.
    with ends_raise():
        results = play()
    for what, came in results:
        print(f"{what} {came}", flush=True)
    return int(any(came.startswith("failed") for _, came in results))


if __name__ == "__main__":
    sys.exit(main())
