"""What the searches say of light curves that do not vary, or not periodically.

``python -m tests.benchmarks.false_periods [--stars N] [--seed S] [--truth CSV …]``

Light curves of the cadence of ZTF: simulated constant stars; real ones of other surveys with
their magnitudes shuffled (each with its error) over their times; stars that Kepler found
constant or aperiodic, seen at up to four times in each of 27 nights with 1 mmag of noise; and
simulated aperiodic variables. Prints quantiles of the significance of the best period, and,
from the files that `period_truth` saves, how many labelled stars lie above the cut that one
constant or shuffled light curve in a hundred exceeds.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from scope.lightcurves import LightCurves
from scope.lightcurves.cleaning import CleaningOptions, clean
from scope.periods import PeriodOptions, search_periods
from scope.surveys.simulation import simulate_stars
from tests.benchmarks.period_truth import DATA, labelled, verdicts

SEARCHES = ("LS_BIC", "ELS_ECE_EAOV", "ELS")
QUANTILES = (0.5, 0.9, 0.99)
NOISE = 0.001
"""Added to the magnitudes of Kepler, mag."""


def simulated(classes: list[str], stars: int, seed: int) -> LightCurves:
    """Cleaned light curves of simulated stars, in r."""
    raw, _ = simulate_stars(classes, 2 * stars, seed, bands="r")
    cleaned, _ = clean(raw, CleaningOptions())
    return cleaned.take(np.flatnonzero(cleaned.n_epochs)[:stars])


def shuffled(name: str, stars: int, seed: int) -> LightCurves:
    """Real times with the magnitudes and errors of other points of the same curve."""
    _, curves = labelled(name, stars, seed)
    rng = np.random.default_rng(seed)
    order = np.concatenate(
        [low + rng.permutation(n) for low, n in zip(curves.offsets, curves.n_epochs, strict=False)]
    )
    return LightCurves(
        curves.ids, curves.offsets, curves.time, curves.mag[order], curves.magerr[order]
    )


def kepler(name: str, stars: int, seed: int) -> LightCurves:
    """Light curves of one class, seen by night."""
    folder = DATA / "light_curves" / "kepler_tda"
    labels = pd.read_parquet(folder / "labels.parquet")
    ids = labels.loc[labels["class"] == name, "objectid"]
    table = pd.read_parquet(folder / "lightcurves.parquet").set_index("objectid").loc[ids]
    rng = np.random.default_rng(seed)
    parts = [seen_by_night(row, rng) for _, row in table.iloc[:stars].iterrows()]
    time, mag = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    offsets = np.concatenate([[0], np.cumsum([len(part[0]) for part in parts])])
    return LightCurves(np.arange(len(parts)), offsets, time, mag, np.full(len(mag), NOISE))


def seen_by_night(
    row: pd.Series, rng: np.random.Generator
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Up to four points within the third of each day that is night, with noise."""
    time, mag = np.asarray(row["hmjd"], float), np.asarray(row["mag"], float)
    good = np.isfinite(mag) & ((time % 1.0) < 1.0 / 3.0)
    time, mag = time[good], mag[good]
    chosen: list[int] = []
    for night in np.unique(np.floor(time)):
        rows = np.flatnonzero(np.floor(time) == night)
        chosen += rng.choice(rows, min(4, len(rows)), replace=False).tolist()
    chosen.sort()
    return time[chosen], mag[chosen] + rng.normal(0.0, NOISE, len(chosen))


def groups(stars: int, seed: int) -> dict[str, LightCurves]:
    """Light curves without a period, by name."""
    found = {
        "constant, simulated, N < 100": simulated(["CONST"], 3 * stars, seed),
        "constant, simulated, N >= 100": simulated(["CONST"], 2 * stars, seed + 1),
    }
    for position, (name, curves) in enumerate(found.items()):
        many = curves.n_epochs >= 100
        found[name] = curves.take(np.flatnonzero(many == bool(position))[:stars])
    for name in ("s82_rrlyr", "eros_ramp", "asas_acvs"):
        found[f"shuffled {name}"] = shuffled(name, stars, seed)
    for name in ("CONSTANT", "APERIODIC"):
        found[f"Kepler {name.lower()}, by night"] = kepler(name, stars, seed)
    found["aperiodic, simulated (AGN, YSO)"] = simulated(["AGN", "YSO-IRR"], stars, seed + 2)
    return found


def significances(curves: LightCurves) -> pd.DataFrame:
    """Significance by search; of an undefined period 0."""
    options = PeriodOptions(algorithms=("LS_BIC", "ELS_ECE_EAOV"))
    found = search_periods(curves, options).columns
    table = pd.DataFrame({name: found[f"significance_{name}"] for name in SEARCHES})
    return table.fillna(0.0)


def kept(path: Path, cuts: dict[str, float]) -> str:
    """Shares of labelled stars above the cuts, and of those whose period is right."""
    table = pd.read_csv(path)
    _, near = verdicts(table, table["period_days"].to_numpy())
    cells = []
    for name in ("LS_BIC", "ELS_ECE_EAOV"):
        above = table[f"significance {name}"] > cuts[name]
        right = near[name]
        cells += [above.mean(), above[right].mean(), right[above].mean()]
    return f"| {path.stem} | " + " | ".join(f"{cell:.3f}" for cell in cells) + " |"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--stars", type=int, default=150, help="light curves per group")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--truth", type=Path, nargs="*", default=[])
    arguments = parser.parse_args()
    head = [f"{name} {q:.0%}" for name in SEARCHES for q in QUANTILES]
    print("| light curves | number | " + " | ".join(head) + " | LS_BIC above 0 |")
    print("|---" * (3 + len(head)) + "|")
    noise = []
    for name, curves in groups(arguments.stars, arguments.seed).items():
        values = significances(curves)
        if name.startswith(("constant", "shuffled")):
            noise.append(values)
        quantiles = [np.quantile(values[search], q) for search in SEARCHES for q in QUANTILES]
        cells = " | ".join(f"{value:.1f}" for value in quantiles)
        above = np.mean(values["LS_BIC"] > 0)
        print(f"| {name} | {len(values)} | {cells} | {above:.3f} |", flush=True)
    cuts = pd.concat(noise).quantile(0.99).to_dict()
    print(f"\nexceeded by 1 % of the constant and shuffled: {cuts}")
    for path in arguments.truth:
        print(kept(path, cuts))


if __name__ == "__main__":
    main()
