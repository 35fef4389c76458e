"""How often the period of a binary with narrow eclipses is found at the cadence of ZTF.

``python -m tests.benchmarks.narrow_eclipses [--stars N] [--seed S]``

Simulated constant stars of the cadence and noise of ZTF in r over three years, with 150 and
with 400 epochs in the middle, are given two eclipses half a cycle apart: each lasts 1 to 5 %
of the phase, the first is 5 to 40 times as deep as the noise, at most 0.8 mag, the second 0.1
to 1 of that, and the period is 0.8 to 20 days, all uniform in the logarithm. Printed is how
often the searches find P, and P, P/2 or 2P, within 1 %. "not tried" is the share of stars of which
``LS_BIC`` finds none of these although eclipses of period P have the better criterion: the rest of
its failures are of the criterion, not of the candidates.
"""

from __future__ import annotations

import argparse
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from scope.lightcurves import LightCurves
from scope.lightcurves.cleaning import CleaningOptions, clean
from scope.periods import PeriodOptions, frequency_grid, search_periods
from scope.periods.api import prepare_curve
from scope.periods.backends import cpu
from scope.periods.ls_bic import fine_windows, softened
from scope.surveys.simulation import simulate_stars

SEARCHES = ("LS_BIC", "ELS_ECE_EAOV", "ELS")
WIDTHS = (0.01, 0.025, 0.05)
"""Of an eclipse, in phase, where table rows begin and end."""
SHALLOW, DEEP = 5.0, 40.0


def binaries(stars: int, epochs: int, seed: int) -> tuple[LightCurves, pd.DataFrame]:
    """Light curves with eclipses, and the truth about them."""
    raw, _ = simulate_stars("CONST", 2 * stars, seed, bands="r", n_epochs_median=epochs)
    curves, _ = clean(raw, CleaningOptions(min_epochs=50))
    curves = curves.take(np.flatnonzero(curves.n_epochs)[:stars])
    rng = np.random.default_rng(seed)
    mag, truth = curves.mag.astype(np.float64), []
    for low, high in pairwise(curves.offsets):
        width, period, depth, second = np.exp(
            rng.uniform(
                np.log([WIDTHS[0], 0.8, SHALLOW, 0.1]), np.log([WIDTHS[-1], 20.0, DEEP, 1.0])
            )
        )
        depth = min(depth * float(np.median(curves.magerr[low:high])), 0.8)
        phase = (curves.time[low:high] / period + rng.uniform()) % 1.0
        first, other = dip(phase, 0.25, width), dip(phase, 0.75, width)
        mag[low:high] += depth * (first + second * other)
        truth.append((period, width, int(np.sum(first + other > 0.0))))
    table = pd.DataFrame(truth, columns=["period_days", "width", "points"])
    return LightCurves(curves.ids, curves.offsets, curves.time, mag, curves.magerr), table


def dip(phase: npt.NDArray[np.float64], centre: float, width: float) -> npt.NDArray[np.float64]:
    """An eclipse of depth 1, as an arch of a cosine."""
    distance = np.abs(phase - centre) / (0.5 * width)
    return np.where(distance < 1.0, np.cos(0.5 * np.pi * np.minimum(distance, 1.0)), 0.0)


def recovered(curves: LightCurves, truth: pd.DataFrame) -> pd.DataFrame:
    """Exact and any, by search."""
    options = PeriodOptions(algorithms=("LS_BIC", "ELS_ECE_EAOV"))
    found = search_periods(curves, options).columns
    columns = {}
    for name in SEARCHES:
        ratio = found[f"period_{name}"] / truth["period_days"].to_numpy()
        exact = np.abs(ratio - 1.0) < 0.01
        columns[name] = exact
        near = (np.abs(2.0 * ratio - 1.0) < 0.01) | (np.abs(0.5 * ratio - 1.0) < 0.01)
        columns[f"{name} any"] = exact | near
    better = significance_of(curves, truth) > found["significance_LS_BIC"]
    columns["not tried"] = better & ~columns["LS_BIC any"]
    return pd.DataFrame(columns)


def significance_of(curves: LightCurves, truth: pd.DataFrame) -> npt.NDArray[np.float64]:
    """What ``LS_BIC`` would call the significance of eclipses of the true periods, (n,)."""
    values = []
    for (low, high), period in zip(pairwise(curves.offsets), truth["period_days"], strict=True):
        arrays = (curves.time, curves.mag, curves.magerr)
        curve = prepare_curve(*(array[low:high] for array in arrays))
        assert curve is not None
        grid = frequency_grid(float(curve.time.max()), PeriodOptions())
        _, offsets = fine_windows(np.array([1.0 / period]), grid)
        criterion, _ = cpu.eclipse_bic(softened(curve), 1.0 / period + offsets, 0.0)
        values.append(-criterion.min())
    return np.array(values)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--stars", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print("| epochs | eclipses | stars | in eclipse | " + " | ".join(SEARCHES) + " | not tried |")
    print("|---" * (5 + len(SEARCHES)) + "|")
    for epochs in (150, 400):
        curves, truth = binaries(arguments.stars, epochs, arguments.seed)
        right = recovered(curves, truth)
        for low, high in (WIDTHS[::2], *pairwise(WIDTHS)):
            rows = ((truth["width"] >= low) & (truth["width"] < high)).to_numpy()
            cells = " | ".join(
                f"{right.loc[rows, name].mean():.2f} / {right.loc[rows, f'{name} any'].mean():.2f}"
                for name in SEARCHES
            )
            print(
                f"| {np.median(curves.n_epochs[rows]):.0f} | {low:.1%} to {high:.1%} | "
                f"{rows.sum()} | {truth.loc[rows, 'points'].median():.0f} points | {cells} | "
                f"{right.loc[rows, 'not tried'].mean():.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
