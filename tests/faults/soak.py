"""Many faults in a row, and a table of what came of each.

``python -m tests.faults.soak [--kills N] [--seed S] [--output docs/faults.md]``

Each trial runs the tiny field in a folder of its own, is disturbed at a moment that the seed
decides, goes on with one command, and is compared byte by byte with an undisturbed run.
"""

from __future__ import annotations

import argparse
import datetime
import platform
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from ..conftest import ROOT
from ..workflow.conftest import Run
from ..workflow.reference import TINY
from .harness import Kill, differences, disturb, random_kills, resume


def trial(folder: Path, kill: Kill, expected: dict[str, bytes]) -> str:
    """Disturb one run, go on, and return what came of it."""
    folder.mkdir()
    run = Run(ROOT, folder)
    disturbed = disturb(run, kill)
    done = resume(run)
    if done.returncode != 0:
        return f"not resumed, exit status {done.returncode}"
    wrong = differences(run.products(), expected)
    if wrong:
        return f"{len(wrong)} products differ, such as {wrong[0]}"
    return "same bytes" if disturbed else "ended before"


def table(results: list[tuple[Kill, str]], seed: int) -> str:
    """Return the trials as a page."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    counts = Counter((kill.victim, what) for kill, what in results)
    lines = [
        "# Faults",
        "",
        "Written by `make soak`. Each trial runs the tiny field (`config/test/tiny.yaml`) on two",
        "cores, kills with SIGKILL at a random moment while a step runs, goes on with",
        "`scope resume`, and compares every product with those of an undisturbed run.",
        "",
        f"{datetime.date.today()}, commit {commit}, seed {seed}, Python"
        f" {platform.python_version()}, {platform.machine()}.",
        "",
        "| killed | result | trials |",
        "|---|---|---|",
        *(f"| {victim} | {what} | {n} |" for (victim, what), n in sorted(counts.items())),
        "",
        "| trial | killed | moment | result |",
        "|---|---|---|---|",
    ]
    for number, (kill, what) in enumerate(results, start=1):
        moment = f"{kill.delay:.2f} s into step {kill.step}"
        lines.append(f"| {number} | {kill.victim} | {moment} | {what} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run the trials; the exit status is 1 if one went wrong."""
    parser = argparse.ArgumentParser(description="Disturb runs and compare what comes of them.")
    parser.add_argument("--kills", type=int, default=21)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "faults.md")
    options = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory(prefix="soak-") as place:
        calm = Run(ROOT, Path(place) / "calm")
        calm.folder.mkdir()
        calm.snakemake(*TINY)
        expected = calm.products()
        for number, kill in enumerate(random_kills(options.seed, options.kills), start=1):
            what = trial(Path(place) / f"trial_{number}", kill, expected)
            print(f"{number}/{options.kills}  {kill}: {what}", flush=True)
            results.append((kill, what))
    options.output.write_text(table(results, options.seed))
    return int(any(what not in ("same bytes", "ended before") for _, what in results))


if __name__ == "__main__":
    sys.exit(main())
