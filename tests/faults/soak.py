"""Many faults in a row, and a table of what came of each.

``python -m tests.faults.soak [--seed S] [--output docs/faults.md] [--kills N]``
``        [--parts machine slurm] [--results FILE]``

Each trial runs a tiny field in a folder of its own, is disturbed at a moment that the seed
decides, goes on with one command, and is compared byte by byte with an undisturbed run.
What came of each goes into `--results` at once; trials that stand there are not played again.
"""

from __future__ import annotations

import argparse
import datetime
import json
import platform
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from scope.runs.processes import ends_raise

from ..conftest import ROOT
from ..slurm.cluster import Cluster, missing_programs
from ..slurm.test_slurm import Scene
from ..workflow.conftest import Run
from ..workflow.reference import TINY
from .actions import (
    DAMAGES,
    ArchiveField,
    Damage,
    damage_and_mend,
    kill_on_slurm,
    spoil,
    take_archive_away,
)
from .full_disk import mounting_is_allowed, on_pretended_disk, on_small_disk
from .harness import Kill, differences, disturb, random_kills, resume

SAME = "same bytes"
CALM = "ended before"
GOOD = (SAME, CALM)
TARGET = "field_700"

DAMAGES_OF_A_KIND = 4
DISKS = (100, 200, 300, 400)
"""Kilobytes of a disk that gets full."""
ABSENCES = 4
SLURM_KILLS = 4
PARTS = ("machine", "slurm")


@dataclass
class Stage:
    """Where trials are played, and what they are compared with.

    Attributes
    ----------
    place : Path
    """

    place: Path
    _made: int = 0
    _calm: dict[str, Run] = field(default_factory=dict)

    def run(self, config: list[str] | None = None) -> Run:
        """Return an empty folder to run in."""
        self._made += 1
        run = Run(ROOT, self.place / f"run_{self._made}", config or [])
        run.folder.mkdir()
        return run

    def calm(self, name: str, settings: tuple[str, ...], config: list[str] | None = None) -> Run:
        """Return the undisturbed run of this name, made where there is none."""
        if name not in self._calm:
            run = self.run(config)
            run.snakemake(*settings)
            self._calm[name] = run
        return self._calm[name]

    def tiny(self) -> Run:
        """Return the undisturbed run of the tiny field."""
        return self.calm("tiny", TINY)


@dataclass(frozen=True)
class Trial:
    """One fault: what is disturbed, when or where, and the function that plays it."""

    what: str
    moment: str
    play: Callable[[Stage], str]


def outcome(status: int, found: dict[str, bytes], expected: dict[str, bytes]) -> str:
    """Return what came of a resumed run, in words."""
    if status != 0:
        return f"not resumed, exit status {status}"
    wrong = differences(found, expected)
    return f"{len(wrong)} products differ, such as {wrong[0]}" if wrong else SAME


def kill_trial(kill: Kill) -> Trial:
    """SIGKILL to the controller, to a worker or to both."""

    def play(stage: Stage) -> str:
        run = stage.run()
        disturbed = disturb(run, kill)
        done = resume(run)
        came = outcome(done.returncode, run.products(), stage.tiny().products())
        return CALM if came == SAME and not disturbed else came

    return Trial(f"killed: {kill.victim}", f"{kill.delay:.2f} s into step {kill.step}", play)


def damage_trial(damage: Damage, number: int, seed: int) -> Trial:
    """A product of a finished run is damaged; `scope verify --remove` comes before resuming."""

    def play(stage: Stage) -> str:
        generator = random.Random(f"{seed} {damage} {number}")
        whole, run = stage.tiny(), stage.run()
        results = whole.folder / "results"
        places = ("sources", "crossmatch", "features", "imputed", "scores_*", "preds_*", "catalog")
        products = sorted(p for place in places for p in results.glob(f"{place}/**/*.parquet"))
        product = products[generator.randrange(len(products))].relative_to(results)
        other = generator.choice([p for p in products if p.relative_to(results) != product])
        mended = damage_and_mend(
            whole,
            run,
            TARGET,
            lambda copy: spoil(copy / product, damage, generator, other),
        )
        print(f"  {product}", flush=True)
        if mended.found.returncode != 2 or f"results/{product}" not in mended.found.stdout:
            return f"not found by scope verify: {product}"
        if mended.verified.returncode != 0:
            return "still damaged by scope verify"
        return outcome(mended.resumed.returncode, run.products(), whole.products())

    return Trial(f"product: {damage}", f"product {number} drawn", play)


def disk_trial(kilobytes: int) -> Trial:
    """The disk of the results is full until there is space again."""

    def play(stage: Stage) -> str:
        run = stage.run()
        (run.folder / "results").mkdir()
        place = run.folder.with_name(f"{run.folder.name}_said")
        place.mkdir()
        if mounting_is_allowed():
            disk = on_small_disk(run, place, kilobytes)
        else:
            disk = on_pretended_disk(run, place)
        if "no space left on the disk" not in disk.said_when_full:
            return "a full disk was not named"
        if disk.left_when_full:
            return f"left {disk.left_when_full[0]}"
        return outcome(disk.status_of_resuming, disk.products, stage.tiny().products())

    return Trial("disk full", f"at {kilobytes} kB of results", play)


def archive_trial(delay: float) -> Trial:
    """The archive cannot be read from a moment on until the run has failed."""

    def play(stage: Stage) -> str:
        archive = ArchiveField(stage.place / "archive")
        if not archive.archive.exists():
            archive.write()
        calm = stage.calm("archive", archive.targets, archive.config)
        run = stage.run(archive.config)
        failed, _ = take_archive_away(run, archive, delay)
        done = resume(run, archive.targets)
        came = outcome(done.returncode, run.products(), calm.products())
        return CALM if came == SAME and not failed else came

    return Trial("archive away", f"{delay:.2f} s into the run", play)


def slurm_trial(cluster: Cluster, delay: float, cancel: bool) -> Trial:
    """The controller of SLURM jobs is killed; its orphans are cancelled when resuming."""

    def play(stage: Stage) -> str:
        run = stage.run()
        options = Scene(cluster, run).options()
        disturbed = kill_on_slurm(run, cluster, options, delay, cancel)
        done = resume(run, tuple(options))
        came = outcome(done.returncode, run.products(), stage.tiny().products())
        return CALM if came == SAME and not disturbed else came

    what = "SLURM: job cancelled, controller killed" if cancel else "SLURM: controller killed"
    return Trial(what, f"{delay:.0f} s into the run", play)


def trials_here(generator: random.Random, seed: int, kills: int) -> list[Trial]:
    """Return the trials on this machine alone."""
    return [
        *(kill_trial(kill) for kill in random_kills(seed, kills)),
        *(damage_trial(kind, n + 1, seed) for kind in DAMAGES for n in range(DAMAGES_OF_A_KIND)),
        *(disk_trial(kilobytes) for kilobytes in DISKS),
        *(archive_trial(generator.uniform(0, 4)) for _ in range(ABSENCES)),
    ]


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Start a SLURM of two nodes, and stop it in the end."""
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder:
        cluster = Cluster(Path(folder))
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()


def play_all(stage: Stage, trials: list[Trial], results: Path, seed: int) -> None:
    """Play one trial after the other, and write down what came of each.

    Those that went well before with this seed are not played again.
    """
    read = read_results(results, seed)
    done = {(line["what"], line["moment"]) for line in read if line["result"] in GOOD}
    for number, trial in enumerate(trials, start=1):
        if (trial.what, trial.moment) in done:
            continue
        try:
            came = trial.play(stage)
        except subprocess.TimeoutExpired as error:
            came = f"not done after {error.timeout:.0f} s"
        print(f"{number}/{len(trials)}  {trial.what}, {trial.moment}: {came}", flush=True)
        line = {"what": trial.what, "moment": trial.moment, "result": came, "commit": commit()}
        line["seed"] = str(seed)
        with results.open("a") as file:
            file.write(json.dumps(line) + "\n")


def read_results(path: Path, seed: int) -> list[dict[str, str]]:
    """Return what came of the trials that were played with a seed, oldest first."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [line for line in map(json.loads, lines) if line["seed"] == str(seed)]


def commit() -> str:
    """Return the commit of the checkout, and whether it was changed since."""
    describe = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(describe, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def page(results: list[dict[str, str]], seed: int) -> str:
    """Return the trials as a page."""
    counts = Counter((line["what"], line["result"]) for line in results)
    commits = ", ".join(dict.fromkeys(line["commit"] for line in results))
    lines = [
        "# Faults",
        "",
        "Written by `make soak`. Each trial runs a tiny field (`config/test/tiny.yaml`, or two",
        "quadrants of an archive) on two cores, is disturbed at a random moment or place, goes on",
        "with `scope resume`, and every product is compared with that of an undisturbed run.",
        "Kills are SIGKILL while a step runs. Damaged products are found by `scope verify` and",
        "removed by `scope verify --remove` before. SLURM is a real one, of two nodes.",
        "",
        f"{datetime.date.today()}, commit {commits}, seed {seed}, Python"
        f" {platform.python_version()}, {platform.machine()}.",
        "",
        "| fault | result | trials |",
        "|---|---|---|",
        *(f"| {what} | {result} | {n} |" for (what, result), n in sorted(counts.items())),
        "",
        "| trial | fault | moment | result |",
        "|---|---|---|---|",
        *(
            f"| {number} | {line['what']} | {line['moment']} | {line['result']} |"
            for number, line in enumerate(results, start=1)
        ),
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run the trials; the exit status is 1 if one went wrong."""
    parser = argparse.ArgumentParser(description="Disturb runs and compare what comes of them.")
    parser.add_argument("--kills", type=int, default=21)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "faults.md")
    parser.add_argument("--results", type=Path, help="by default forgotten in the end")
    options = parser.parse_args()
    if "slurm" in options.parts and (missing := missing_programs()):
        parser.error(f"no {', '.join(missing)}: install SLURM, or take --parts machine")
    generator = random.Random(options.seed)
    # Stopped by a signal, it stops the cluster first.
    with ends_raise(), tempfile.TemporaryDirectory(prefix="soak-") as place:
        stage = Stage(Path(place))
        results = options.results or Path(place) / "results.jsonl"
        here = trials_here(generator, options.seed, options.kills)
        delays = [generator.uniform(5, 60) for _ in range(SLURM_KILLS)]
        if "machine" in options.parts:
            play_all(stage, here, results, options.seed)
        if "slurm" in options.parts:
            with running_cluster() as cluster:
                there = [slurm_trial(cluster, d, n % 2 == 1) for n, d in enumerate(delays)]
                play_all(stage, there, results, options.seed)
        found = read_results(results, options.seed)
    options.output.write_text(page(found, options.seed))
    return int(any(line["result"] not in GOOD for line in found))


if __name__ == "__main__":
    sys.exit(main())
