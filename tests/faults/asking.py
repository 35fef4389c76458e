"""Kill trainings, scorings, queries and rounds at random moments; all must end with the same bytes.

    python -m tests.faults.asking [--kills 30] [--seed 1]

Two plays: the scripts of the ensembles of QuasarNET one after the other, and two rounds of
questions by the workflow. Each is played once undisturbed, which says how long it takes, and then
killed again and again at moments all over that time before it may end.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from scope.active.ledger import Ledger
from scope.checkout import SNAKEFILE
from scope.tasks.spectra.simulate import SurveyOptions, simulate_survey
from scope.workflows.demo_spectra import CONFIGURATION, HOME, TASK, answer, true_labels
from tests.faults.harness import differences

SECONDS = 600
LABELLED = 40


@dataclass
class Play:
    """What is played in a folder: steps, each a command and what is done before it.

    Attributes
    ----------
    folder : Path
    steps : list
        Commands; a callable is run in this process, and not killed.
    products : tuple of str
        Patterns of files whose bytes count.
    """

    folder: Path
    steps: list[list[str] | Callable[[Path], None]]
    products: tuple[str, ...]
    log: list[str] = field(default_factory=list)

    def undisturbed(self) -> list[float]:
        """Play all steps and return the seconds of each."""
        spent = []
        for step in self.steps:
            start = time.monotonic()
            self._whole(step)
            spent.append(time.monotonic() - start)
        return spent

    def disturbed(self, kills: int, seconds: list[float], chance: random.Random) -> int:
        """Play all steps, each killed some times first; return how many were at work then."""
        commands = sum(not callable(step) for step in self.steps)
        each, struck = max(1, round(kills / commands)), 0
        for step, long in zip(self.steps, seconds, strict=True):
            if not callable(step):
                for _ in range(each):
                    struck += self._killed(step, chance.uniform(0, long))
            self._whole(step)
        return struck

    def found(self) -> dict[str, bytes]:
        """Return the products by name."""
        paths = [path for pattern in self.products for path in self.folder.glob(pattern)]
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(paths)
            if path.is_file() and ".snakemake" not in path.name
        }

    def _whole(self, step: list[str] | Callable[[Path], None]) -> None:
        if callable(step):
            step(self.folder)
            return
        done = subprocess.run(
            step, cwd=self.folder, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        if done.returncode != 0:
            raise AssertionError(f"{step}: {done.stdout[-2000:]}{done.stderr[-4000:]}")

    def _killed(self, command: list[str], delay: float) -> bool:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        started = subprocess.Popen(command, cwd=self.folder, start_new_session=True, **quiet)
        with suppress(subprocess.TimeoutExpired):
            started.wait(delay)
            return False
        # Controllers and jobs have groups of their own: all that works in the folder dies.
        while at_work := processes_in(self.folder):
            for pid in at_work:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            started.poll()
            time.sleep(0.05)
        started.wait()
        name = command[2].partition(" import main")[0].rpartition(".")[2]
        self.log.append(f"{command[3] if name == 'main' else name} after {delay:.1f} s")
        return True


def processes_in(folder: Path) -> list[int]:
    """Return the processes whose working directory is a folder, without those that have ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            ended = (path / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
            if not ended and Path(os.readlink(path / "cwd")) == folder.resolve():
                found.append(int(path.name))
    return found


def survey_of(folder: Path, objects: int = 120) -> Path:
    """Simulate the survey that all plays use."""
    options = SurveyOptions(objects=objects, exposures=2, step=8.0, fibres=40)
    return simulate_survey(folder / "survey", options)


def scripts(folder: Path, survey: Path) -> Play:
    """Return the play of the documented scripts: training, scoring, query."""
    folder.mkdir()

    def script(name: str, *arguments: str) -> list[str]:
        code = f"import sys; from scope.cli.{name} import main; sys.exit(main(sys.argv[1:]))"
        return [sys.executable, "-c", code, *arguments]

    data = ["-dd", str(survey / "combined.fits"), "-dt", str(survey / "truth.csv")]
    tiny = ["-n", "4", "-e", "4", "--filters", "8", "--batch-size", "16", "--som-cells", "4"]
    query = [sys.executable, "-m", "scope.cli.main", "al-querier", "qnet_ensemble_guadalupe.csv"]
    return Play(
        folder,
        [
            script("train_qnet_ensemble", "--amsgrad", "-o", ".", *tiny, *data),
            script("ensemble_run", "-d", str(survey), "-o", ".", "-i", "ensemble"),
            [*query, "-n", "20"],
        ],
        ("ensemble/*", "qnet_ensemble_*", "targetid_selection.txt"),
    )


def rounds(folder: Path, survey: Path) -> Play:
    """Return the play of two rounds of questions by the workflow."""
    folder.mkdir()
    truth = true_labels(survey / "truth.csv")
    text = CONFIGURATION.format(members=3, size=10, learner="trees")
    settings = text.replace("data: survey", f"data: {survey}")
    (folder / "demo.yaml").write_text(settings, encoding="utf-8")
    first = [
        {"object": name, "task": TASK, "label": truth[name], "source": "catalogue"}
        for name in list(truth)[:LABELLED]
    ]
    Ledger(folder / "labels").append({**one, "date": "2025-01-01"} for one in first)
    workflow = [sys.executable, "-m", "scope.cli.main", "resume", "--cores", "2"]
    workflow += ["--snakefile", str(SNAKEFILE), "--configfile", "demo.yaml", "--", "active"]

    def people(at: Path) -> None:
        if not (at / HOME / "1" / "answers.csv").exists():
            answer(at / HOME / "1", truth)

    return Play(folder, [workflow, people, workflow], ("results/active/**/*", "labels/**/*"))


PLAYS = {"scripts": scripts, "rounds": rounds}


def strike(kind: str, kills: int, seed: int, folder: Path) -> tuple[int, list[str], list[str]]:
    """Play once undisturbed and once with kills.

    Returns
    -------
    int, list of str, list of str
        Commands that were killed at work; products that differ; what was killed, and when.
    """
    folder.mkdir(parents=True, exist_ok=True)
    survey = survey_of(folder)
    whole, torn = (PLAYS[kind](folder / name, survey) for name in ("whole", "torn"))
    seconds = whole.undisturbed()
    struck = torn.disturbed(kills, seconds, random.Random(seed))
    expected = whole.found()
    if len(expected) < 5:
        raise AssertionError(f"hardly anything was made: {sorted(expected)}")
    return struck, differences(torn.found(), expected), torn.log


def main() -> None:
    """Kill both plays and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plays", nargs="+", default=list(PLAYS), choices=list(PLAYS))
    options = parser.parse_args()
    for kind in options.plays:
        folder = Path(tempfile.mkdtemp())
        struck, wrong, log = strike(kind, options.kills, options.seed, folder)
        shutil.rmtree(folder)
        print("\n".join(log))
        print(f"{kind}: {struck} kills at work, products that differ: {', '.join(wrong) or 'none'}")
        if wrong:
            raise SystemExit(1)


if __name__ == "__main__":
    main()
