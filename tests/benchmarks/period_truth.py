"""Which search recovers the true periods of real labelled stars.

``python -m tests.benchmarks.period_truth [--stars N] [--seed S] [--max-freq F] [SET …]``

One band per star, 30-minute decimation, at least 20 epochs. "exact" is within 1 % of the
labelled period P, "any" within 1 % of P, P/2 or 2P. Prints one table per set: all stars,
then by class and by number of epochs.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from scope.lightcurves import LightCurves
from scope.lightcurves.cleaning import CleaningOptions, clean
from scope.periods import PeriodOptions, search_periods

SETS = ("s82_rrlyr", "eros_ramp", "asas_acvs", "asas_train")
ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("SCOPE_REAL_DATA", ROOT.parent / "shared" / "data"))
METHODS = ("LS_BIC", "before P/2P", "ELS_ECE_EAOV", "LS 1 term", "LS 2 terms")


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
        if algorithm == "LS_BIC":
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
    ratio = periods.div(truth, axis=0)
    exact = (ratio - 1.0).abs() < 0.01
    near = exact | ((2.0 * ratio - 1.0).abs() < 0.01) | ((0.5 * ratio - 1.0).abs() < 0.01)
    return exact, near


def table(exact: pd.DataFrame, near: pd.DataFrame, groups: pd.Series) -> str:
    """Fractions exact / any, one line per group."""
    lines = [f"{'':>16} {'stars':>5} " + " ".join(f"{name:>13}" for name in METHODS)]
    for group in [None, *sorted(groups.unique(), key=str)]:
        rows = np.ones(len(groups), bool) if group is None else (groups == group).to_numpy()
        cells = [
            f"{exact.loc[rows, m].mean():6.3f}/{near.loc[rows, m].mean():6.3f}" for m in METHODS
        ]
        lines.append(f"{group or 'all'!s:>16} {rows.sum():>5} " + " ".join(cells))
    return "\n".join(lines)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("sets", nargs="*", default=list(SETS))
    parser.add_argument("--stars", type=int, default=60, help="stars per set")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--max-freq", type=float, default=48.0)
    parser.add_argument("--save", type=Path, help="folder for the periods as CSV")
    arguments = parser.parse_args()
    for name in arguments.sets:
        labels, curves = labelled(name, arguments.stars, arguments.seed)
        periods, seconds = searched(curves, arguments.max_freq)
        exact, near = verdicts(periods, labels["period_days"].to_numpy())
        print(
            f"\n{name}: CPU s per star {json.dumps({k: round(v, 3) for k, v in seconds.items()})}"
        )
        print(table(exact, near, labels["class"].reset_index(drop=True)))
        epochs = pd.cut(pd.Series(curves.n_epochs), [0, 40, 80, 160, 320, 100000]).astype(str)
        print(table(exact, near, epochs).split("\n", 2)[2])
        if arguments.save:
            labels = labels.reset_index(drop=True).join(periods)
            labels.to_csv(arguments.save / f"{name}.csv", index=False)


if __name__ == "__main__":
    main()
