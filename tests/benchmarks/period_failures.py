"""In which way the periods of the default search are wrong.

``python -m tests.benchmarks.period_failures [--stars N] [--seed S] [SET …]``

The stars of `period_truth`, searched by ``LS_BIC``. Each is put into the first column that
holds, with the labelled period P, its frequency f = 1/P and the baseline T:

- exact: within 1 %.
- peak: at the same peak, within 0.5/T of f; a label is no better than that for a long period.
- P/2, 2P: within 1 %, or within 0.5/T of 2f or 0.25/T of f/2.
- beyond: P > T/2, which no trial period reaches.
- day: within 1/T of an alias of f, f/2 or 2f by one or two cycles per day, solar or sidereal.
- year: within 0.5/T of f - 1/yr or f + 1/yr.
- other.

Of the stars in the last three columns it says how often the second best of the distinct
periods, and one of the ten best, is within 0.5/T or 1 % of f.
"""

from __future__ import annotations

import argparse

import numpy as np
import numpy.typing as npt
import pandas as pd

from scope.lightcurves import LightCurves
from scope.periods import PeriodOptions, search_periods
from scope.periods.relations import MULTIPLES, WINDOWS
from tests.benchmarks.period_truth import SETS, labelled

KINDS = ("exact", "peak", "P/2, 2P", "beyond", "day", "year", "other")
WRONG = KINDS[4:]
TOP = 10
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def same(frequency: Floats, truth: Floats, baseline: Floats, width: float = 0.5) -> Flags:
    """Whether frequencies are of one peak, or of periods that differ by less than 1 %."""
    close: Flags = np.abs(frequency - truth) * baseline < width
    return close | (np.abs(truth / frequency - 1.0) < 0.01)


def alias(frequency: Floats, truth: Floats, baseline: Floats, window: str, width: float) -> Flags:
    """Whether frequencies are the true ones, shifted or mirrored by a window's frequencies."""
    found = np.zeros(len(frequency), dtype=bool)
    multiples = MULTIPLES if window == "alias_day" else (1,)
    for step in (k * w for k in multiples for w in WINDOWS[window]):
        for shifted in (truth + step, np.abs(truth - step)):
            found |= np.abs(frequency - shifted) * baseline < width
    return found


def kinds(period: Floats, truth: Floats, baseline: Floats) -> npt.NDArray[np.str_]:
    """In which of `KINDS` each star is, (n,)."""
    f, true = 1.0 / period, 1.0 / truth
    conditions = [
        np.abs(period / truth - 1.0) < 0.01,
        np.abs(f - true) * baseline < 0.5,
        same(f, 2.0 * true, baseline) | same(f, 0.5 * true, baseline, 0.25),
        truth > 0.5 * baseline,
        np.any([alias(f, true * r, baseline, "alias_day", 1.0) for r in (1.0, 0.5, 2.0)], axis=0),
        alias(f, true, baseline, "alias_year", 0.5),
    ]
    return np.select(conditions, KINDS[:-1], KINDS[-1])


def searched(labels: pd.DataFrame, curves: LightCurves) -> pd.DataFrame:
    """Kind, and whether the second best and the ten best periods hold the labelled one."""
    options = PeriodOptions(algorithms=("LS_BIC",), n_top_columns=TOP)
    columns = search_periods(curves, options).columns
    truth = labels["period_days"].to_numpy()
    baseline = np.array([float(np.ptp(t)) for t in np.split(curves.time, curves.offsets[1:-1])])
    ranked = np.array([columns[f"period_{k}_LS_BIC"] for k in range(1, TOP + 1)], dtype=float)
    holds = np.array([same(1.0 / period, 1.0 / truth, baseline) for period in ranked])
    found = kinds(np.asarray(columns["period_LS_BIC"], dtype=float), truth, baseline)
    return pd.DataFrame(
        {
            "class": labels["class"].to_numpy(),
            "kind": found,
            "second": holds[1],
            "ten": holds.any(axis=0),
        }
    )


def line(name: str, stars: pd.DataFrame) -> str:
    """One line of the table."""
    counts = [int((stars["kind"] == kind).sum()) for kind in KINDS]
    wrong = stars[stars["kind"].isin(WRONG)]
    cells = [len(stars), *counts, int(wrong["second"].sum()), int(wrong["ten"].sum())]
    return f"| {name} | " + " | ".join(map(str, cells)) + " |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("sets", nargs="*", default=list(SETS))
    parser.add_argument("--stars", type=int, default=100, help="stars per set")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    names = ["stars", "number", *KINDS, "second", "among ten"]
    print("| " + " | ".join(names) + " |\n" + "|---" * len(names) + "|")
    for name in arguments.sets:
        stars = searched(*labelled(name, arguments.stars, arguments.seed))
        for group, rows in stars.groupby("class"):
            print(line(f"{name} {group}", rows), flush=True)


if __name__ == "__main__":
    main()
