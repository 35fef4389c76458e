"""How often the period of a simulated star is found: P, P/2 or 2P within 1 %.

    python -m tests.benchmarks.simulated_periods FEATURES TRUTH [--suffix LS_BIC]

Counted are periodic stars with 100 epochs or more, an amplitude over 5 times the noise, and
a period below a third of the baseline; eclipses narrower than 5 % of the phase are left out.
FEATURES is a file of results/features, TRUTH the truth.parquet beside the simulated curves.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd

from scope.io import read_parquet

FACTORS = {"P": 1.0, "P/2": 0.5, "2P": 2.0}

BASELINE_DAYS = 3 * 365.25
"""Of the simulated survey, as configured by default."""


def recovery(features: pd.DataFrame, truth: pd.DataFrame, suffix: str) -> pd.DataFrame:
    """Return the stars that count, with which factor was found (empty where none)."""
    table = features.merge(truth, left_on="_id", right_on="objectid", suffixes=("", "_truth"))
    detached = table["eclipse_width_phase"].fillna(1.0) < 0.05
    counts = (
        table["period_days"].notna()
        & table["reason"].isna()
        & (table["n_epochs"] >= 100)
        & (table["snr"] > 5)
        & (table["period_days"] < BASELINE_DAYS / 3)
        & ~detached
    )
    table = table[counts].copy()
    ratio = table[f"period_{suffix}"] / table["period_days"]
    table["found"] = ""
    for name, factor in FACTORS.items():
        table.loc[np.abs(ratio / factor - 1) < 0.01, "found"] = name
    return table


def main() -> None:
    """Print the recovery per class and in all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("features", nargs="+")
    parser.add_argument("--truth", nargs="+", required=True)
    parser.add_argument("--suffix", default="LS_BIC")
    options = parser.parse_args()
    features = pd.concat([read_parquet(path) for path in options.features])
    truth = pd.concat([pd.read_parquet(path) for path in options.truth])
    table = recovery(features, truth, options.suffix)
    print("| class | light curves | exact | P, P/2 or 2P |")
    print("|---|---|---|---|")
    for name, rows in [*table.groupby("class"), ("all", table)]:
        exact, near = (rows["found"] == "P").mean(), (rows["found"] != "").mean()
        print(f"| {name} | {len(rows)} | {exact:.3f} | {near:.3f} |")


if __name__ == "__main__":
    main()
