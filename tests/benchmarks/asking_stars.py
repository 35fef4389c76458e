"""Does asking improve the weakest classes of light curves? Simulated stars of known class.

    python -m tests.benchmarks.asking_stars --features FILE --truth FILE [--splits 6]

Features are those of ``snakemake --configfile config/starter.yaml -- results/features/field_701/
ccd_01_quad_1.parquet``, the truth is ``truth.parquet`` of its simulation. Members are bootstraps
of networks and of boosted trees in turn. After each round all are judged by stars that were never
asked about: macro average precision, and that of the five classes that are weakest there.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from scope.active.loop import read_pool
from scope.active.play_queries import (
    LoopOptions,
    paired_difference,
    play_queries,
    plot_curves,
)
from scope.io.frames import read_parquet
from scope.tasks.variables.loop import VariablesLoop

GROUPS = {
    "ea": ("EA", "HWVIR", "NNSER"),
    "eb": ("EB",),
    "ew": ("EW",),
    "rotating": ("RSCVN", "ROT", "ELL"),
    "rrab": ("RRab", "RRab-BL"),
    "rrc": ("RRc", "RRd"),
    "dscu": ("DSCT", "HADS"),
    "ceph": ("DCEP-F", "DCEP-1O", "WVIR", "BLHER", "RVTAU"),
    "lpv": ("Mira", "SRV", "OSARG"),
    "agn": ("AGN",),
    "cv": ("CV", "DN-SUPER", "NOVA"),
    "yso": ("YSO-IRR", "YSO-DIP", "EXLUP"),
    "transient": ("SN-IA", "SN-II", "SN-IBC", "TDE"),
    "lens": ("ULENS",),
    "flare": ("FLARE",),
    "bogus": (
        *("BOGUS-BLEND", "BOGUS-TREND", "BOGUS-CCD", "BOGUS-BRIGHT", "BOGUS-MOVING"),
        *("BOGUS-SATURATED", "TREND", "SPURIOUS"),
    ),
    "constant": ("CONST", "GALAXY"),
}
"""What a person would answer -> classes of the simulation."""

STRATEGIES = ("random", "entropy", "weakest")


def known_stars(features: Path, truth: Path, pool: Path, loop: VariablesLoop) -> tuple[Any, ...]:
    """Return the rows that have features and a class, their classes and their stars."""
    loop.prepare(pool)
    frame, said = read_pool(pool), read_parquet(truth)
    class_of = {name: tag for tag, names in GROUPS.items() for name in names}
    rows = said.set_index("objectid").loc[frame["_id"]]
    tag = rows["class"].map(class_of).to_numpy()
    usable = ~frame["missing"].to_numpy(dtype=bool) & ~np.equal(tag, None) & (tag == tag)
    y = np.array(
        [list(GROUPS).index(one) if ok else -1 for one, ok in zip(tag, usable, strict=True)]
    )
    return np.flatnonzero(usable), y, rows["sourceid"].to_numpy()


def main() -> None:
    """Play three rounds of 50 answers, print the gains with intervals, draw the curves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--splits", type=int, default=6)
    parser.add_argument("--members", type=int, default=6)
    parser.add_argument("--start", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--learners", nargs="+", default=["xgb", "dnn"])
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--strategies", nargs="+", default=list(STRATEGIES))
    parser.add_argument("--figure", type=Path, help="picture of the curves")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        pool = Path(temporary)
        settings = {"data": str(options.features), "classes": list(GROUPS)}
        loop = VariablesLoop({**settings, "learners": options.learners, "epochs": options.epochs})
        rows, y, stars = known_stars(options.features, options.truth, pool, loop)
        # Histograms cost a network ten times the time: features alone here.
        (pool / "dmdt.npy").unlink(missing_ok=True)
        play(options, loop, pool, rows, y, stars)


def play(
    options: argparse.Namespace, loop: VariablesLoop, pool: Path, rows: Any, y: Any, stars: Any
) -> None:
    """Play the loop on the rows that can be used, and print what came of it."""

    def member_of(name: str):
        def member(chosen: np.ndarray, classes: np.ndarray, seed: int) -> np.ndarray:
            return loop.member(pool, rows[chosen], classes, seed, name)[rows]

        return member

    how = LoopOptions(
        start=options.start,
        size=50,
        rounds=options.rounds,
        members=options.members,
        strategies=tuple(options.strategies),
        splits=options.splits,
    )
    learners = [member_of(name) for name in options.learners]
    curves = play_queries(learners, y[rows], how, stars[rows])
    names = ["worst_ap", "macro_ap", "accuracy"]
    print(f"{len(rows)} light curves of {len(set(stars[rows]))} stars, {len(GROUPS)} classes")
    print(curves.groupby(["strategy", "n_labels"])[names].mean().round(3).to_string())
    last = int(curves["n_labels"].max())
    for strategy in options.strategies[1:]:
        for metric in names:
            gain = paired_difference(curves, strategy, metric, last)
            print(
                f"{strategy}, {metric} after {options.rounds} rounds: {gain.mean:+.4f} "
                f"[{gain.low:+.4f}, {gain.high:+.4f}], {gain.better} of {gain.splits} better"
            )
    if options.figure:
        plot_curves(curves, "worst_ap", options.figure)


if __name__ == "__main__":
    main()
