"""Whether false-alarm probabilities are right: real cadences with shuffled magnitudes.

``python -m tests.benchmarks.false_alarms [--curves N] [--seed S] [--save FOLDER] [GROUP …]``
``python -m tests.benchmarks.false_alarms --saved FOLDER … [--fit]``

Of each group of light curves, cleaned as a run cleans them, the magnitudes are dealt out to
the times in a random order, each with its error: what is found then is a false alarm. Prints
which part of them is below each probability, by group and by number of epochs, with the 95 %
interval; white noise of the stated errors and red noise stand beside them. ``--fit`` fits
the law's location and scale to saved groups, as in `scope/periods/false_alarms.py`: the
largest values of each curve by likelihood, the lower half censored.
"""

from __future__ import annotations

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize
from scipy.stats import beta

from scope.lightcurves import LightCurves
from scope.lightcurves.cleaning import CleaningOptions, clean
from scope.periods import PeriodOptions, search_periods
from scope.periods.api import prepare_curve
from scope.periods.false_alarms import covariates, log_chance, scale_covariates, shape_of
from scope.periods.grid import frequency_grid
from scope.periods.ls_bic import softened
from scope.surveys.simulation import simulate_stars
from tests.benchmarks.period_truth import DATA

Floats = npt.NDArray[np.float64]
LEVELS = (0.1, 0.03, 0.01, 0.001)
EPOCHS = (0, 50, 100, 200, 100000)
DR5 = {"dr5_250": "ztf_000250_zg_c01_q1_dr5", "dr5_202": "ztf_000202_zg_c16_q2_dr5"}
SIMULATED = {
    "ztf": (150, 3.0),
    "ztf_long": (400, 6.5),
    "ztf_year": (60, 1.0),
    "ztf_few": (40, 3.0),
    "ztf_season": (62, 0.4),
}
"""Simulated stars of all classes at ZTF's cadence: median number of epochs, years."""
RANDOM = {f"random_{n}": n for n in (25, 30, 40, 60, 80)}
"""White noise at random times within 200 days: epochs of a light curve. Few frequencies will do
for it (``--max-freq 6``)."""
GROUPS = (*DR5, "s82_rrlyr", "eros_ramp", "asas_acvs", "asas_train", *SIMULATED)
AVERAGE_DAYS = 30.0
"""Memory of the red noise."""
CENSORED = 0.9
"""Reduced values below this count as small, whatever they are."""


def light_curves(group: str, count: int, seed: int) -> LightCurves:
    """Cleaned light curves of a group, at most `count`, with 20 epochs or more."""
    if group in RANDOM:
        raw = at_random_times(count, RANDOM[group], seed)
    elif group in SIMULATED:
        epochs, years = SIMULATED[group]
        raw, _ = simulate_stars(
            "balanced", count, 100 + seed, bands="gr", n_epochs_median=epochs, years=years
        )
    else:
        name = f"ztf_dr5_bulk/{DR5[group]}" if group in DR5 else f"{group}/lightcurves"
        table = pd.read_parquet(DATA / "light_curves" / f"{name}.parquet")
        table = table[table["nepochs"] >= 20]
        table = table.sample(min(3 * count, len(table)), random_state=seed)
        columns = [np.concatenate(table[c].to_list()) for c in ("hmjd", "mag", "magerr")]
        raw = LightCurves(
            np.arange(len(table)),
            np.concatenate([[0], np.cumsum([len(t) for t in table["hmjd"]])]),
            *(column.astype(np.float64) for column in columns),
            catflags=np.concatenate(table["catflags"].to_list()).astype(np.int64),
        )
    curves, _ = clean(raw, CleaningOptions(min_epochs=20))
    good = np.flatnonzero(curves.n_epochs >= 20)
    return curves.take(np.sort(np.random.default_rng(seed).permutation(good)[:count]))


def at_random_times(count: int, n: int, seed: int) -> LightCurves:
    """Noise of 0.02 mag at n times without any rhythm."""
    rng = np.random.default_rng([seed, n])
    time = np.sort(rng.uniform(0.0, 200.0, (count, n)), axis=1).ravel()
    return LightCurves(
        np.arange(count),
        np.arange(count + 1) * n,
        time,
        16.0 + 0.02 * rng.standard_normal(len(time)),
        np.full(len(time), 0.02),
        catflags=np.zeros(len(time), dtype=np.int64),
    )


def shuffled(curves: LightCurves, rng: np.random.Generator) -> LightCurves:
    """The same with the magnitudes and errors of each curve in a random order."""
    order = np.concatenate(
        [low + rng.permutation(n) for low, n in zip(curves.offsets, curves.n_epochs, strict=False)]
    )
    return LightCurves(
        curves.ids, curves.offsets, curves.time, curves.mag[order], curves.magerr[order]
    )


def noisy(curves: LightCurves, rng: np.random.Generator, red: float) -> LightCurves:
    """Noise of the stated errors, and red noise of so many times their median."""
    mag = 16.0 + rng.normal(0.0, curves.magerr)
    for low, high in zip(curves.offsets[:-1], curves.offsets[1:], strict=True):
        keep = np.exp(-np.diff(curves.time[low:high]) / AVERAGE_DAYS)
        state = rng.normal()
        for i in range(low, high):
            if i > low:
                part = keep[i - low - 1]
                state = part * state + np.sqrt(1.0 - part**2) * rng.normal()
            mag[i] += red * np.median(curves.magerr[low:high]) * state
    return LightCurves(curves.ids, curves.offsets, curves.time, mag, curves.magerr)


def measured(curves: LightCurves, max_freq: float) -> pd.DataFrame:
    """What the search says of light curves, and what its false-alarm probability is made of."""
    options = PeriodOptions(max_freq=max_freq)
    found = search_periods(curves, options).columns
    rows = []
    for i in range(len(curves)):
        part = slice(curves.offsets[i], curves.offsets[i + 1])
        curve = prepare_curve(curves.time[part], curves.mag[part], curves.magerr[part])
        gain, log10 = found["significance_LS_BIC"][i], found["log10_fap_LS_BIC"][i]
        if curve is None or not curve.mag.any() or not np.isfinite(gain):
            continue
        curve, grid = softened(curve), frequency_grid(float(np.ptp(curve.time)), options)
        shape = shape_of(curve, grid.f_last)
        least = -log_chance(curve, shape, float(gain)) - np.log(grid.n_independent)
        rows.append(
            (len(curve.time), gain, log10, least, *covariates(shape), *scale_covariates(shape))
        )
    names = [f"c{k}" for k in range(len(covariates(shape)))]
    names += [f"s{k}" for k in range(len(scale_covariates(shape)))]
    return pd.DataFrame(rows, columns=["n", "gain", "log10_fap", "x", *names])


def fitted(table: pd.DataFrame) -> tuple[Floats, Floats]:
    """Coefficients of the location and of the logarithm of the scale."""
    design, spread = (table.filter(regex=rf"^{c}\d").to_numpy() for c in "cs")
    x, k = table["x"].to_numpy(), design.shape[1]
    start = np.linalg.lstsq(design, x, rcond=None)[0]
    at = np.append(start, np.zeros(spread.shape[1]))
    for _ in range(8):
        cut = design @ at[:k] + CENSORED * np.exp(spread @ at[k:])

        def cost(trial: Floats, cut: Floats = cut) -> float:
            centre, log_scale = design @ trial[:k], spread @ trial[k:]
            reduced, limit = (x - centre) / np.exp(log_scale), (cut - centre) / np.exp(log_scale)
            above = reduced + np.exp(-np.clip(reduced, -30.0, None)) + log_scale
            below = np.exp(np.clip(-limit, None, 30.0))
            cost = table["weight"].to_numpy() * np.where(x > cut, above, below)
            return float(np.sum(cost) + 1e-4 * len(x) * trial @ trial)

        at = minimize(cost, at, method="L-BFGS-B").x
    return at[:k], at[k:]


def line(name: str, table: pd.DataFrame) -> str:
    """One line of the table."""
    cells = []
    for level in LEVELS:
        k, n = int(np.sum(table["log10_fap"] < np.log10(level))), len(table)
        low, high = beta.ppf([0.025, 0.975], [k, k + 1], [n - k + 1, n - k])
        cells.append(f"{k / n:.4f} ({np.nan_to_num(low):.3f}-{high:.3f})")
    return f"| {name} | {len(table)} | " + " | ".join(cells) + " |"


def searched(arguments: argparse.Namespace) -> dict[str, pd.DataFrame]:
    """Groups with shuffled magnitudes, and noise at the cadence of one."""
    tables = {}
    for group in arguments.groups:
        curves = light_curves(group, arguments.curves, arguments.seed)
        rng = np.random.default_rng([arguments.seed, 77])
        kinds = {group: shuffled(curves, rng)}
        if arguments.noise:
            kinds = {
                f"white noise, {group}": noisy(curves, rng, 0.0),
                f"red noise, {group}": noisy(curves, rng, 1.0),
            }
        for name, kind in kinds.items():
            tables[name] = measured(kind, arguments.max_freq)
            print(line(name, tables[name]), flush=True)
            if arguments.save:
                arguments.save.mkdir(parents=True, exist_ok=True)
                path = arguments.save / f"{name.replace(' ', '_')}_{arguments.seed}.parquet"
                tables[name].to_parquet(path)
    return tables


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("groups", nargs="*", default=list(GROUPS))
    parser.add_argument("--curves", type=int, default=300, help="light curves per group")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--max-freq", type=float, default=48.0)
    parser.add_argument("--noise", action="store_true", help="noise in place of shuffling")
    parser.add_argument("--save", type=Path, help="folder for what was found")
    parser.add_argument("--saved", type=Path, nargs="+", help="files saved before, to sum up")
    parser.add_argument("--fit", action="store_true", help="fit the law to these")
    arguments = parser.parse_args()
    print("| light curves | number | " + " | ".join(f"below {v:g}" for v in LEVELS) + " |")
    print("|---" * (2 + len(LEVELS)) + "|")
    if arguments.saved:
        tables = {path.stem: pd.read_parquet(path) for path in arguments.saved}
        for name, table in tables.items():
            print(line(name, table))
    else:
        tables = searched(arguments)
    together = pd.concat(tables.values())
    for low, high in pairwise(EPOCHS):
        part = together[(together["n"] > low) & (together["n"] <= high)]
        if len(part):
            print(line(f"{low + 1} to {high} epochs", part))
    print(line("all", together))
    if arguments.fit:
        # Groups count alike, however many curves they have.
        weight = np.concatenate([np.full(len(part), 200 / len(part)) for part in tables.values()])
        location, log_scale = fitted(together.assign(weight=weight))
        for name, values in (("LOCATION", location), ("LOG_SCALE", log_scale)):
            print(f"{name} = {tuple(values.round(3).tolist())}")


if __name__ == "__main__":
    main()
