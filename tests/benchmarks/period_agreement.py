"""How far the CPU's scans agree with the reference backend, on real and simulated curves.

``python -m tests.benchmarks.period_agreement [--curves N] [--frequencies F]``

Half of the curves are real ones, in equal numbers of the sets of `period_truth`, half are
simulated with `MIN_EPOCHS` or more. Each is scanned on F frequencies of its own full grid, around
its labelled or true frequency where it has one and at a random place else, up to 48 per day.
Counted are the best grid point and the ten best, and the best and ten best distinct peaks.
"""

from __future__ import annotations

import argparse

import numpy as np
import numpy.typing as npt
import pandas as pd

from scope.lightcurves import LightCurves
from scope.lightcurves.cleaning import CleaningOptions, clean
from scope.periods import PeriodOptions, frequency_grid
from scope.periods.api import prepare_curve
from scope.periods.backends import Curve, Scan, cpu, reference
from scope.periods.grid import Grid, removed_ranges
from scope.surveys.simulation import simulate_stars
from tests.benchmarks.period_truth import SETS, labelled

STATISTICS = ("LS", "CE", "AOV")
TOP = 10
MIN_EPOCHS = 25
SPARE = 1.2
"""Of the simulated light curves some are too short: so many times the number are made."""
Periods = npt.NDArray[np.float64]


def cases(number: int) -> tuple[list[LightCurves], list[Periods]]:
    """Light curves of each origin, with their periods (NaN: none)."""
    curves, periods = [], []
    for name in SETS:
        labels, part = labelled(name, -(-number // (2 * len(SETS))), 2)
        curves.append(part)
        periods.append(labels["period_days"].to_numpy())
    wanted = max(number - sum(len(part) for part in curves), 0)
    raw, truth = simulate_stars("balanced", int(SPARE * wanted) + 1, 3, bands="r")
    cleaned, _ = clean(raw, CleaningOptions(min_epochs=MIN_EPOCHS))
    kept = np.flatnonzero(cleaned.n_epochs >= MIN_EPOCHS)[:wanted]
    curves.append(cleaned.take(kept))
    found = truth.column("period_days").to_pandas().to_numpy(dtype=float)
    periods.append(found[kept])
    return curves, periods


def window(curve: Curve, period: float, count: int, rng: np.random.Generator) -> Grid:
    """Part of the full grid around a frequency."""
    full = frequency_grid(float(curve.time.max()), PeriodOptions())
    count = min(count, full.n)
    centre = (1.0 / period - full.f0) / full.df if np.isfinite(period) else rng.integers(full.n)
    first = int(np.clip(centre - count // 2, 0, full.n - count))
    return Grid(full.df * (round(full.f0 / full.df) + first), full.df, count)


def compared(fast: Scan, exact: Scan) -> list[float]:
    """Best point equal, share of ten; the same of the distinct peaks."""
    found: list[float] = []
    for part in ("frequency", "peak_frequency"):
        ours, theirs = getattr(fast, part)[:TOP], getattr(exact, part)[:TOP]
        step = 1e-9 * np.max(theirs)
        found.append(bool(abs(ours[0] - theirs[0]) < step))
        near = np.abs(theirs[:, None] - ours[None, :]).min(axis=1) < step
        found.append(float(near.mean()))
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--curves", type=int, default=200)
    parser.add_argument("--frequencies", type=int, default=10_000)
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    rows = []
    options = PeriodOptions()
    for curves, periods in zip(*cases(arguments.curves), strict=True):
        for i, period in enumerate(periods):
            part = slice(curves.offsets[i], curves.offsets[i + 1])
            curve = prepare_curve(curves.time[part], curves.mag[part], curves.magerr[part])
            if curve is None:
                continue
            grid = window(curve, period, arguments.frequencies, rng)
            removed = removed_ranges(grid, options)
            for statistic in STATISTICS:
                if statistic == "AOV" and len(curve.time) <= options.phase_bins:
                    continue
                fast, exact = (
                    backend.scan(statistic, curve, grid, removed, 100, options)
                    for backend in (cpu, reference)
                )
                rows.append((statistic, *compared(fast, exact)))
    names = ["statistic", "best", "top 10", "best peak", "top 10 peaks"]
    table = pd.DataFrame(rows, columns=names)
    print("| | curves | " + " | ".join(names[1:]) + " |\n|---|---|---|---|---|---|")
    for statistic, group in table.groupby("statistic", sort=False):
        cells = " | ".join(f"{group[name].mean():.4%}" for name in names[1:])
        print(f"| {statistic} | {len(group)} | {cells} |")


if __name__ == "__main__":
    main()
