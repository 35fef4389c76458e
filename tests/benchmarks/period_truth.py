"""Which search recovers the true periods of real labelled stars.

``python -m tests.benchmarks.period_truth [--stars N] [--seed S] [--max-freq F] [SET …]``

A long run can be cut into slices, with ``--first I --save FOLDER``, and summed up by
``--saved FOLDER``.

One band per star, 30-minute decimation, at least 20 epochs. "exact" is within 1 % of the
labelled period P, "any" within 1 % of P, P/2 or 2P. Prints one table per set: all stars with
the 95 % interval of "exact" by bootstrap over stars, then by class and by number of epochs,
and how often the default search is right where it flags an alias or harmonic.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from scope.lightcurves import LightCurves
from scope.lightcurves.cleaning import CleaningOptions, clean
from scope.periods import PeriodOptions, search_periods
from scope.periods.relations import FLAGS

SETS = ("s82_rrlyr", "eros_ramp", "asas_acvs", "asas_train")
ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("SCOPE_REAL_DATA", ROOT.parent / "shared" / "data"))
METHODS = ("LS_BIC", "before P/2P", "ELS_ECE_EAOV", "LS 1 term", "LS 2 terms")
EPOCHS = (0, 50, 100, 200, 400, 100000)
RESAMPLES = 4000


def labelled(name: str, stars: int, seed: int) -> tuple[pd.DataFrame, LightCurves]:
    """Draw stars of a set, in equal numbers per class where there are enough, cleaned."""
    folder = DATA / "light_curves" / name
    labels = pd.read_parquet(folder / "labels.parquet")
    labels = labels[labels["period_days"].notna()]
    if name == "eros_ramp":
        quality = labels["orig_class"].str.extract(r"quality=(\d)")[0].astype(int)
        labels = labels[quality >= 2]
    labels = labels.sample(frac=1.0, random_state=seed).drop_duplicates("sourceid")
    rank = labels.groupby("class").cumcount()
    labels = labels.iloc[np.argsort(rank.to_numpy(), kind="stable")]
    table = pd.read_parquet(folder / "lightcurves.parquet").set_index("objectid")
    table = table.loc[labels["objectid"]]
    raw = LightCurves(
        ids=labels["objectid"].to_numpy(),
        offsets=np.concatenate([[0], np.cumsum([len(t) for t in table["hmjd"]])]),
        time=np.concatenate(table["hmjd"].to_list()).astype(np.float64),
        mag=np.concatenate(table["mag"].to_list()),
        magerr=np.concatenate(table["magerr"].to_list()),
        catflags=np.concatenate(table["catflags"].to_list()),
    )
    curves, _ = clean(raw, CleaningOptions(min_epochs=20))
    chosen = np.flatnonzero(curves.n_epochs >= 20)[:stars]
    return labels.iloc[chosen], curves.take(chosen)


def two_terms(curves: LightCurves, max_freq: float) -> npt.NDArray[np.float64]:
    """Best period of a plain two-term Lomb-Scargle on the same grids."""
    import nifty_ls

    periods = np.full(len(curves), np.nan)
    for i in range(len(curves)):
        points = slice(curves.offsets[i], curves.offsets[i + 1])
        t = curves.time[points] - curves.time[points][0]
        step = 0.1 / t[-1]
        count = int(np.ceil((max_freq - 2.0 / t[-1]) / step))
        result = nifty_ls.lombscargle(
            t,
            curves.mag[points].astype(np.float64),
            curves.magerr[points].astype(np.float64),
            fmin=2.0 / t[-1],
            fmax=2.0 / t[-1] + step * (count - 1),
            Nf=count,
            nterms=2,
            backend="finufft_chi2",
            nthreads=1,
        )
        periods[i] = 1.0 / (2.0 / t[-1] + step * np.nanargmax(result.power))
    return periods


def searched(curves: LightCurves, max_freq: float) -> tuple[pd.DataFrame, dict[str, float]]:
    """Periods by every method, and CPU seconds per star of ours."""
    columns: dict[str, npt.NDArray[np.float64]] = {}
    seconds: dict[str, float] = {}
    for algorithm in ("LS_BIC", "ELS_ECE_EAOV"):
        options = PeriodOptions(algorithms=(algorithm,), max_freq=max_freq)
        search_periods(curves[:1], options)
        start = time.process_time()
        found = search_periods(curves, options).columns
        seconds[algorithm] = (time.process_time() - start) / len(curves)
        columns[algorithm] = found[f"period_{algorithm}"]
        columns[f"significance {algorithm}"] = found[f"significance_{algorithm}"]
        if algorithm == "LS_BIC":
            columns.update({flag: found[f"{flag}_LS_BIC"] for flag in FLAGS})
            columns["before P/2P"] = np.where(
                found["doubled_LS_BIC"], found["period_alt_LS_BIC"], found["period_LS_BIC"]
            )
        else:
            columns["LS 1 term"] = found["period_ELS"]
    columns["LS 2 terms"] = two_terms(curves, max_freq)
    return pd.DataFrame(columns), seconds


def verdicts(
    periods: pd.DataFrame, truth: npt.NDArray[np.float64]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Whether each period is exact, and whether it is P, P/2 or 2P."""
    ratio = periods[list(METHODS)].div(truth, axis=0)
    exact = (ratio - 1.0).abs() < 0.01
    near = exact | ((2.0 * ratio - 1.0).abs() < 0.01) | ((0.5 * ratio - 1.0).abs() < 0.01)
    return exact, near


def interval(right: npt.NDArray[np.bool_]) -> str:
    """95 % of the fraction over stars drawn again with replacement."""
    drawn = np.random.default_rng(0).binomial(len(right), right.mean(), RESAMPLES) / len(right)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{low:.2f}-{high:.2f}"


def line(name: str, exact: pd.DataFrame, near: pd.DataFrame, *, intervals: bool = False) -> str:
    """One line of the table: exact / any of each method."""
    cells = []
    for method in METHODS:
        text = f"{exact[method].mean():.3f} / {near[method].mean():.3f}"
        cells.append(f"{text} ({interval(exact[method].to_numpy())})" if intervals else text)
    return f"| {name} | {len(exact)} | " + " | ".join(cells) + " |"


def table(exact: pd.DataFrame, near: pd.DataFrame, classes: pd.Series, epochs: pd.Series) -> str:
    """Fractions exact / any: all stars, by class, by number of epochs."""
    lines = [
        "| stars | number | " + " | ".join(METHODS) + " |",
        "|---" * (2 + len(METHODS)) + "|",
        line("all", exact, near, intervals=True),
    ]
    for groups in (classes, epochs):
        for group in sorted(groups.unique()):
            rows = (groups == group).to_numpy()
            lines.append(line(str(group), exact[rows], near[rows]))
    return "\n".join(lines)


def flagged(periods: pd.DataFrame, near: pd.DataFrame) -> str:
    """How often LS_BIC finds P, P/2 or 2P with and without each flag."""
    right = near["LS_BIC"].to_numpy()
    lines = ["| flag | share | right where set | right where not |", "|---|---|---|---|"]
    for flag in FLAGS:
        on = periods[flag].to_numpy(dtype=bool)
        cells = [f"{right[part].mean():.3f}" if part.any() else "-" for part in (on, ~on)]
        lines.append(f"| {flag} | {on.mean():.3f} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)


def found_of(name: str, arguments: argparse.Namespace) -> pd.DataFrame:
    """Labels and periods of the stars of a set: searched now, or saved before."""
    if arguments.saved:
        parts = sorted(arguments.saved.glob(f"{name}_*.csv"))
        return pd.concat([pd.read_csv(part) for part in parts]).reset_index(drop=True)
    labels, curves = labelled(name, arguments.first + arguments.stars, arguments.seed)
    labels, curves = labels.iloc[arguments.first :], curves[arguments.first : len(curves)]
    periods, seconds = searched(curves, arguments.max_freq)
    print(f"\n{name}: CPU s per star {json.dumps({k: round(v, 3) for k, v in seconds.items()})}")
    table = labels.reset_index(drop=True).join(periods)
    table["n_epochs"] = curves.n_epochs
    if arguments.save:
        arguments.save.mkdir(parents=True, exist_ok=True)
        table.to_csv(arguments.save / f"{name}_{arguments.first:05d}.csv", index=False)
    return table


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("sets", nargs="*", default=list(SETS))
    parser.add_argument("--stars", type=int, default=60, help="stars per set")
    parser.add_argument("--first", type=int, default=0, help="stars passed over before")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--max-freq", type=float, default=48.0)
    parser.add_argument("--save", type=Path, help="folder for the periods as CSV")
    parser.add_argument("--saved", type=Path, help="folder of periods saved before, to sum up")
    arguments = parser.parse_args()
    bins = [f"{low + 1} to {high} epochs" for low, high in pairwise(EPOCHS)]
    bins[0], bins[-1] = f"to {EPOCHS[1]} epochs", f"over {EPOCHS[-2]} epochs"
    for name in arguments.sets:
        found = found_of(name, arguments)
        exact, near = verdicts(found, found["period_days"].to_numpy())
        epochs = pd.Series(pd.cut(found["n_epochs"], list(EPOCHS), labels=bins).astype(str))
        print(f"\n### {name}\n")
        print(table(exact, near, found["class"], epochs) + "\n")
        print(flagged(found, near), flush=True)


if __name__ == "__main__":
    main()
