"""How long the jobs of each rule took, from the benchmark files that they leave."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.errors import NotFoundError
from scope.io.atomic import atomic_path

BENCHMARKS = Path("benchmarks")
"""Where benchmark files lie, below the run folder: ``benchmarks/<rule>/…``."""


@dataclass(frozen=True)
class RuleTimes:
    """The jobs of one rule.

    Attributes
    ----------
    rule : str
    seconds : (n,) float64
        Time that each job took [s], ascending.
    cpu_seconds : (n,) float64
        Time of all its processors [s]; NaN where the job was too short to be measured.
    memory_mb : (n,) float64
        Its largest memory [MB]; NaN likewise.
    """

    rule: str
    seconds: npt.NDArray[np.float64]
    cpu_seconds: npt.NDArray[np.float64]
    memory_mb: npt.NDArray[np.float64]

    def row(self) -> dict[str, str]:
        """Return what a table shows of the rule, as text."""
        middle, most = np.quantile(self.seconds, [0.5, 0.9])
        memory = self.memory_mb[np.isfinite(self.memory_mb)]
        return {
            "rule": self.rule,
            "jobs": str(len(self.seconds)),
            "median_s": f"{middle:.1f}",
            "p90_s": f"{most:.1f}",
            "longest_s": f"{self.seconds[-1]:.1f}",
            "sum_h": f"{self.seconds.sum() / 3600:.2f}",
            "cpu_h": f"{np.nansum(self.cpu_seconds) / 3600:.2f}",
            "largest_mb": f"{memory.max():.0f}" if len(memory) else "",
        }


def read_times(
    folder: str | Path = BENCHMARKS, *, pattern: str = "*", since: datetime | None = None
) -> list[RuleTimes]:
    """Read the benchmark files below a folder.

    Parameters
    ----------
    folder : path
        Has one folder for each rule.
    pattern : str
        Which rules, with ``*`` and ``?`` as in file names.
    since : datetime, optional
        Leave out files that were written before.

    Returns
    -------
    list of RuleTimes
        The rule that took longest in all comes first.

    Raises
    ------
    NotFoundError
        If there is no such file.
    """
    found = []
    for place in sorted(path for path in Path(folder).glob(pattern) if path.is_dir()):
        jobs = [job for path in sorted(place.rglob("*.tsv")) for job in _jobs(path, since)]
        if jobs:
            columns = np.array(sorted(jobs), dtype=np.float64).T
            found.append(RuleTimes(place.name, *columns))
    if not found:
        raise NotFoundError(
            "no benchmark files of finished jobs",
            value=f"{Path(folder) / pattern}" + (f" since {since:%Y-%m-%d}" if since else ""),
            todo="name the folder benchmarks/ of a run, and rules that were run there",
        )
    return sorted(found, key=lambda times: -times.seconds.sum())


def write_times(times: list[RuleTimes], path: str | Path) -> None:
    """Write the table of rules as CSV."""
    rows = [each.row() for each in times]
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary, open(temporary, "w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def plot_times(times: list[RuleTimes], path: str | Path) -> None:
    """Draw a histogram of the run times of each rule, all on one axis of time.

    The file's suffix says which kind of picture, such as ``.png`` or ``.pdf``.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    every = np.concatenate([each.seconds for each in times])
    # Whole powers of ten, so that the axis has labels.
    first = math.floor(math.log10(max(0.1, every.min())))
    last = max(first + 1, math.ceil(math.log10(every.max())))
    low = 10.0**first
    bins = np.logspace(first, last, 10 * (last - first) + 1)
    figure = Figure(figsize=(7, 1.1 + 0.75 * len(times)), layout="constrained")
    panels: Any = figure.subplots(len(times), 1, sharex=True, squeeze=False)[:, 0]
    for panel, each in zip(panels, times, strict=True):
        panel.hist(np.maximum(each.seconds, low), bins=bins, color="#3b6ea5")
        panel.axvline(np.median(each.seconds), color="#b3423a", lw=1.2)
        panel.set_ylabel(each.rule, rotation=0, ha="right", va="center", fontsize=9)
        panel.yaxis.get_major_locator().set_params(integer=True, nbins=2)
        panel.tick_params(labelsize=8)
        panel.spines[["top", "right"]].set_visible(False)
    panels[-1].set_xscale("log")
    panels[-1].xaxis.set_major_formatter("{x:g}")
    panels[-1].xaxis.set_minor_formatter(NullFormatter())
    panels[-1].set_xlabel("run time of a job [s]")
    figure.suptitle("Number of jobs; the line is the median", fontsize=10)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format=Path(path).suffix[1:], dpi=150)


def _jobs(path: Path, since: datetime | None) -> Iterator[tuple[float, float, float]]:
    """Yield seconds, CPU seconds and memory of what a benchmark file tells of."""
    if since is not None and path.stat().st_mtime < since.timestamp():
        return
    with path.open(newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            yield _number(row["s"]), _number(row.get("cpu_time")), _number(row.get("max_rss"))


def _number(text: str | None) -> float:
    return float(text) if text not in (None, "", "NA", "-") else math.nan


def report_times(
    folder: Path,
    output_prefix: str,
    report: Callable[[str], None],
    *,
    pattern: str = "*",
    since: datetime | None = None,
) -> None:
    """Say how long the jobs of each rule took, and write ``<output_prefix>.csv`` and ``.png``.

    Parameters
    ----------
    folder : Path
        The folder benchmarks/ of a run.
    output_prefix : str
    report : callable
        Gets what is to be said, line by line.
    pattern : str
        Rules to look at, with * and ? as in file names.
    since : datetime, optional
        Jobs that ended before are left out, local time.

    Raises
    ------
    NotFoundError
        If there are no such jobs.
    """
    times = read_times(folder, pattern=pattern, since=since)
    rows = [each.row() for each in times]
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in rows[0]}
    for row in [{name: name for name in widths}, *rows]:
        cells = [row["rule"].ljust(widths["rule"])]
        cells += [row[name].rjust(widths[name]) for name in widths if name != "rule"]
        report("  ".join(cells))
    write_times(times, f"{output_prefix}.csv")
    plot_times(times, f"{output_prefix}.png")
    report(f"{output_prefix}.csv")
    report(f"{output_prefix}.png")
