"""What searching the bands of a star together gains, on real labelled stars.

``python -m tests.benchmarks.bands_together [--stars N] [--seed S]``

Stars of two bands or more: how often the period is exact (within 1 %), and how often P, P/2 or
2P, from single light curves and from all of a star.
"""

from __future__ import annotations

import argparse

import numpy as np
import numpy.typing as npt
import pandas as pd

from scope.lightcurves import LightCurves
from scope.lightcurves.cleaning import CleaningOptions, clean
from scope.periods import PeriodOptions, search_periods
from scope.periods.joint import search_stars
from tests.benchmarks.period_truth import DATA

SETS = ("eros_ramp", "s82_rrlyr")


def stars_of(name: str, stars: int, seed: int) -> tuple[LightCurves, pd.DataFrame]:
    """Cleaned light curves, those of a star together, and the label of each."""
    folder = DATA / "light_curves" / name
    labels = pd.read_parquet(folder / "labels.parquet")
    labels = labels[labels["period_days"].notna()]
    if name == "eros_ramp":
        quality = labels["orig_class"].str.extract(r"quality=(\d)")[0].astype(int)
        labels = labels[quality >= 2]
    sources = np.random.default_rng(seed).permutation(labels["sourceid"].unique())[:stars]
    labels = labels[labels["sourceid"].isin(sources)].sort_values(["sourceid", "objectid"])
    table = pd.read_parquet(folder / "lightcurves.parquet").set_index("objectid")
    table = table.loc[labels["objectid"]]
    raw = LightCurves(
        ids=labels["objectid"].to_numpy(),
        offsets=np.concatenate([[0], np.cumsum([len(t) for t in table["hmjd"]])]),
        time=np.concatenate(table["hmjd"].to_list()).astype(np.float64),
        mag=np.concatenate(table["mag"].to_list()),
        magerr=np.concatenate(table["magerr"].to_list()),
    )
    curves, _ = clean(raw, CleaningOptions(min_epochs=20))
    kept = np.flatnonzero(curves.n_epochs)
    source = labels["sourceid"].to_numpy()[kept]
    numbers = pd.Series(source).map(pd.Series(source).value_counts()).to_numpy()
    kept = kept[numbers > 1]
    return curves.take(kept), labels[["sourceid", "period_days"]].iloc[kept]


def rates(period: npt.NDArray[np.float64], truth: npt.NDArray[np.float64]) -> str:
    """Exact / any."""
    ratio = period / truth
    exact = np.abs(ratio - 1.0) < 0.01
    near = exact | (np.abs(2.0 * ratio - 1.0) < 0.01) | (np.abs(0.5 * ratio - 1.0) < 0.01)
    return f"{exact.mean():.3f} / {near.mean():.3f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--stars", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print("| set | stars | light curves | LS_BIC of each | BANDS |\n|---|---|---|---|---|")
    for name in SETS:
        curves, labels = stars_of(name, arguments.stars, arguments.seed)
        source = labels["sourceid"].to_numpy()
        starts = np.append(np.flatnonzero(source[1:] != source[:-1]) + 1, len(source))
        starts = np.concatenate([[0], starts])
        single = search_periods(curves, PeriodOptions()).columns["period_LS_BIC"]
        joint = search_stars(curves, starts, PeriodOptions())["period_BANDS"]
        truth = labels["period_days"].to_numpy()
        print(
            f"| {name} | {len(starts) - 1} | {len(curves)} | {rates(single, truth)} | "
            f"{rates(joint, truth[starts[:-1]])} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
