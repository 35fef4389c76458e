"""Does asking by doubt beat asking by luck? Real labels of artefacts in ZTF (SNAD).

    python -m tests.benchmarks.asking [--splits 6] [--trees 15] [--learner forest]

Needs ``tables/snad_artefact`` of the real data (SCOPE_REAL_DATA, or ../shared/data).
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
import pandas as pd

from scope.active.play_queries import (
    LoopOptions,
    labels_saved,
    paired_difference,
    play_queries,
    tree_members,
)

ROOT = Path(__file__).resolve().parents[2]


def read_artefacts() -> tuple[np.ndarray, np.ndarray]:
    """Return features (n, 54) and labels: 1 artefact, 0 something in the sky."""
    folder = Path(os.environ.get("SCOPE_REAL_DATA", ROOT.parent / "shared" / "data"))
    frame = pd.read_parquet(folder / "tables" / "snad_artefact" / "features_labels.parquet")
    (label,) = (name for name in frame.columns if name.lower() in ("label", "artefact", "y"))
    numbers = frame.select_dtypes("number")
    features = numbers.drop(columns=[label, *(n for n in numbers if "oid" in n.lower())])
    return np.nan_to_num(features.to_numpy()), frame[label].to_numpy(dtype=np.int64)


def forest_members(x: np.ndarray, trees: int):
    """Return members that are random forests, as in the earlier trial on this table."""
    from sklearn.ensemble import RandomForestClassifier

    def member(rows: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
        forest = RandomForestClassifier(trees, random_state=seed, n_jobs=1).fit(x[rows], y)
        p = np.zeros((len(x), 2))
        p[:, forest.classes_] = forest.predict_proba(x)
        return p

    return member


def main() -> None:
    """Play the loop and print the gains at 310 and 460 labels."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", type=int, default=6)
    parser.add_argument("--trees", type=int, default=15, help="trees of each of the 20 members")
    parser.add_argument("--learner", choices=("extra", "forest"), default="extra")
    options = parser.parse_args()
    x, y = read_artefacts()
    loop = LoopOptions(splits=options.splits, members=20)
    learn = tree_members(x, 2, options.trees)
    if options.learner == "forest":
        learn = forest_members(x, options.trees)
    curves = play_queries(learn, y, loop)
    print(curves.groupby(["n_labels", "strategy"])["accuracy"].mean().unstack().round(3))
    for n_labels in (310, 460):
        for strategy in ("entropy", "bald"):
            for metric in ("accuracy", "auc"):
                gain = paired_difference(curves, strategy, metric, n_labels)
                print(
                    f"{n_labels} labels, {strategy}, {metric}: {gain.mean:+.4f} "
                    f"[{gain.low:+.4f}, {gain.high:+.4f}], {gain.better} of {gain.splits} better"
                )
    for strategy in ("entropy", "bald"):
        share = labels_saved(curves, strategy, "accuracy")
        print(f"{strategy} needs {share:.2f} of the labels for the accuracy of random with all")


if __name__ == "__main__":
    main()
