"""How much memory and time a job asks a cluster for.

Both follow the number of light curves that a job works on, and double with each attempt.
A job that asks for too little is killed and starts again; one that asks for a little too
much only waits a little longer. All numbers therefore have room: about twice the memory
that the benchmark files show, and several times the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from scope.periods.options import PeriodOptions

LARGEST_MEMORY_MB = 192_000
"""No job asks for more, on any attempt; a profile can set a lower bound."""

LONGEST_MINUTES = 48 * 60
"""No job asks for more, on any attempt; a profile can set a lower bound."""

SNAKEMAKE_MB = 400
"""Two Snakemakes stand between the scheduler and the work, and count as part of the job."""

BYTES_PER_LIGHT_CURVE = 500
"""Compressed bulk files: light curves too short for features take less, long ones more."""

KOWALSKI_LIGHT_CURVES = 15_000
"""Of a quadrant on Kowalski before its sources are listed; a field has 850,000 in the middle."""

LIGHT_CURVES_PER_ROW = 6
"""Of a list of positions before they are looked for: three filters in two fields."""

_USUAL_GRID = 48.0 * 10
"""Trial frequencies per day of baseline that the minutes of the feature stage stand for."""


@dataclass(frozen=True)
class Need:
    """Memory and time that a job of one stage needs.

    Attributes
    ----------
    memory_mb : float
        Of the work alone, with next to no light curves and one thread.
    memory_mb_per_thousand : float
        For each thousand light curves.
    memory_mb_per_thread : float
        For each thread after the first.
    minutes_per_thousand : float
        Of one thread, for each thousand light curves; threads share them.
    minutes : float
        For all else: starting up, waiting for a slow file system.
    """

    memory_mb: float = 800
    memory_mb_per_thousand: float = 1
    memory_mb_per_thread: float = 0
    minutes_per_thousand: float = 0.2
    minutes: float = 10

    def megabytes(self, light_curves: int, *, threads: int = 1, attempt: int = 1) -> int:
        """Return the memory to ask for, in MB."""
        work = self.memory_mb + self.memory_mb_per_thousand * light_curves / 1000
        work += self.memory_mb_per_thread * (threads - 1)
        return _doubled(SNAKEMAKE_MB + work, attempt, LARGEST_MEMORY_MB)

    def runtime(
        self, light_curves: int, *, threads: int = 1, attempt: int = 1, effort: float = 1.0
    ) -> int:
        """Return the time to ask for, in minutes.

        `effort` multiplies the minutes that a light curve takes, see `search_effort`.
        """
        work = self.minutes_per_thousand * effort * light_curves / 1000 / threads
        return _doubled(self.minutes + work, attempt, LONGEST_MINUTES)


NEEDS: Mapping[str, Need] = MappingProxyType(
    {
        "simulate": Need(minutes_per_thousand=1),
        "fetch_list": Need(memory_mb_per_thousand=2, minutes=30),
        "fetch_sources": Need(memory_mb_per_thousand=2),
        "fetch_lightcurves": Need(memory_mb_per_thousand=4),
        "fetch_crossmatch": Need(memory_mb_per_thousand=2),
        "compute_features": Need(
            memory_mb_per_thousand=4, memory_mb_per_thread=150, minutes_per_thousand=4
        ),
        "impute": Need(memory_mb=1000),
        "gather": Need(),
        "infer": Need(memory_mb=1500, memory_mb_per_thread=100),
        "merge": Need(memory_mb=1000),
        "export": Need(memory_mb=1000, memory_mb_per_thousand=4),
        "publish": Need(memory_mb=1000),
        "publish_stars": Need(memory_mb=1000, memory_mb_per_thousand=3),
        "fetch_examples": Need(memory_mb=1000),
        "fetch_nulls": Need(memory_mb=1000),
        "score_nulls": Need(memory_mb=2000, memory_mb_per_thread=150, minutes=30),
        "plot_report": Need(memory_mb=1500),
        "resample_labelled": Need(memory_mb=4000),
        "sample_field_stars": Need(memory_mb=4000, minutes=50),
        "label_light_curves": Need(memory_mb=7000, minutes=100),
        "make_twins": Need(memory_mb=3000),
        "generate_features": Need(
            memory_mb_per_thousand=4, memory_mb_per_thread=150, minutes_per_thousand=4
        ),
        "assemble_training_set": Need(memory_mb=1500, memory_mb_per_thousand=10),
        "train_bundle": Need(memory_mb=4000, memory_mb_per_thousand=50, minutes_per_thousand=60),
        "fuse": Need(memory_mb=1500),
        "fuse_stars": Need(memory_mb=1500),
        "plot_bundle": Need(),
        # Alerts of a night, which are no light curves and count as none.
        "score_stamps": Need(memory_mb=1500, minutes=100),
        # Of the rounds of questions; their pools are no light curves, and count as none.
        "prepare_pool": Need(memory_mb=7000, minutes=90),
        "merge_labels": Need(memory_mb=1500),
        "train_member": Need(memory_mb=5000, minutes=100),
        "summarise_members": Need(memory_mb=7000, minutes=40),
        "select_queries": Need(memory_mb=7000, minutes=40),
        "write_sheet": Need(memory_mb=1500),
        "simulate_queries": Need(memory_mb=7000, minutes=100),
        "plot_queries": Need(memory_mb=1500),
    }
)
"""Rule -> what its jobs need."""


def search_effort(options: PeriodOptions) -> float:
    """Return how much longer a period search takes than one over the usual grid."""
    grid = options.max_freq * options.samples_per_peak / _USUAL_GRID
    return max(1.0, grid) * len(options.algorithms)


def estimated_light_curves(paths: Iterable[str | Path]) -> int:
    """Estimate how many light curves bulk files hold, from their sizes alone.

    Folders count with the files that lie in them; what is not there counts nothing.
    """
    return sum(map(_bytes, map(Path, paths))) // BYTES_PER_LIGHT_CURVE


def _bytes(path: Path) -> int:
    if path.is_dir():
        return sum(each.stat().st_size for each in path.iterdir() if each.is_file())
    return path.stat().st_size if path.exists() else 0


def _doubled(amount: float, attempt: int, largest: int) -> int:
    return min(round(amount * 2 ** (attempt - 1)), largest)
