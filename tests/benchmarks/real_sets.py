"""How the starter models do on real labelled stars that they never saw, as they were observed.

    python -m tests.benchmarks.real_sets --truth RUN/results/labelled/lightcurves/truth.parquet
        [--sets asas_acvs s82_rrlyr asas_train] [--limit N]

Models that were trained on labelled stars (`make starter DATA=…`) saw most of them, thinned
and with noise added: `--truth` names the file that says which, and the table has the others
only, those of the test set. Without it all stars are judged.

For each set: average precision per class of the shipped networks and trees, beside that of
a plain XGBoost which is fitted on the same features of the same survey, by five folds of
whole stars; and where the right class ranks among the classes that exclude one another. The
sets lie in SCOPE_REAL_DATA; features are kept in --scratch and computed once.
"""

from __future__ import annotations

import argparse
import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from scope.features.generate_features import generate_features
from scope.features.registry import model_features
from scope.inference import infer
from scope.io import read_parquet
from scope.lightcurves.cleaning import CleaningOptions
from scope.models.training.splits import TEST, split_by_star
from scope.preprocessing import impute
from scope.tasks.variables.bundles.model_bundle import ModelBundle

ROOT = Path(__file__).resolve().parents[2]
SETS = ("asas_acvs", "s82_rrlyr", "asas_train")

TAGS: dict[str, tuple[str, ...]] = {
    "ECL": ("e", "bis"),
    "EA": ("ea", "e", "bis"),
    "EB": ("eb", "e", "bis"),
    "EW": ("ew", "e", "bis"),
    "RRab": ("rrab", "rrlyr", "puls"),
    "RRc": ("rrc", "rrlyr", "puls"),
    "RRd": ("rrd", "rrlyr", "puls"),
    "DSCT": ("dscu", "puls"),
    "DCEP": ("ceph", "puls"),
    "T2CEP": ("ceph2", "puls"),
    "Mira": ("mir", "lpv", "puls"),
    "SR": ("srv", "lpv", "puls"),
    "LPV": ("lpv", "puls"),
    "RSCVN": ("rscvn",),
    "BCEP": ("puls",),
    "SPB": ("puls",),
    "GDOR": ("puls",),
}
"""Common class -> tags that hold for it. What a tag says of other classes counts as no."""

EXCLUSIVE = {
    "EA": "ea",
    "EB": "eb",
    "EW": "ew",
    "RRab": "rrab",
    "RRc": "rrc",
    "DSCT": "dscu",
    "DCEP": "ceph",
    "T2CEP": "ceph2",
    "Mira": "mir",
    "SR": "srv",
    "RSCVN": "rscvn",
}
"""Classes of which a star has one, with the tag of each."""


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    parser.add_argument("--limit", type=int, default=0, help="stars per set; 0 takes all")
    parser.add_argument("--truth", type=Path, help="labelled stars that models were trained on")
    parser.add_argument("--test-size", type=float, default=0.25, help="training.test_size")
    parser.add_argument("--models", type=Path, default=ROOT / "models")
    parser.add_argument("--group", default="starter")
    parser.add_argument("--scratch", type=Path, default=ROOT / "results" / "real_sets")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    data = Path(os.environ.get("SCOPE_REAL_DATA", ROOT.parent / "shared" / "data"))
    for name in options.sets:
        folder = data / "light_curves" / name
        features = features_of(folder, options.scratch / name, options.limit, options.workers)
        table = labelled(features, folder)
        table["judged"] = held_out(table["_id"], options.truth, options.test_size)
        scores = {
            algorithm: scores_of(features, options.models / algorithm / options.group)
            for algorithm in ("dnn", "xgb")
        }
        print_tables(name, table, scores)


def features_of(folder: Path, scratch: Path, limit: int, workers: int) -> Path:
    """Compute the features of a set, or of `limit` stars drawn by the hash of their ids, once."""
    output = scratch / f"features_{limit or 'all'}.parquet"
    if not output.exists():
        scratch.mkdir(parents=True, exist_ok=True)
        source = folder / "lightcurves.parquet"
        if limit:
            frame = pd.read_parquet(source)
            order = [zlib.crc32(str(i).encode()) for i in frame["objectid"]]
            frame = frame.iloc[np.argsort(order)[:limit]]
            source = scratch / f"lightcurves_{limit}.parquet"
            frame.to_parquet(source, index=False)
        generate_features(source, output, cleaning=CleaningOptions(), workers=workers)
    return output


def labelled(features: Path, folder: Path) -> pd.DataFrame:
    """Return the rows with features and a class of the common list."""
    table = read_parquet(features)
    labels = pd.read_parquet(folder / "labels.parquet").set_index("objectid")
    common = json.loads((folder.parent / "classmap.json").read_text())["map"]
    table["class"] = labels["class"].reindex(table["_id"]).map(common).to_numpy()
    table["star"] = labels["sourceid"].reindex(table["_id"]).to_numpy()
    return table[table["reason"].isna() & table["class"].isin(list(TAGS))].reset_index(drop=True)


def held_out(ids: pd.Series, truth: Path | None, test_size: float) -> np.ndarray:
    """Return which light curves are of stars that were kept from all training."""
    if truth is None:
        return np.ones(len(ids), dtype=bool)
    stars = read_parquet(truth).set_index("objectid")["sourceid"]
    test = split_by_star(stars, test_size=test_size) == TEST
    return np.isin(ids, stars.index[test])


def scores_of(features: Path, folder: Path) -> pd.DataFrame:
    """Return the scores of a bundle by ``_id``, one column per tag."""
    bundle = ModelBundle.load(folder)
    imputed = features.with_suffix(f".{bundle.algorithm}.imputed.parquet")
    scores = features.with_suffix(f".{bundle.algorithm}.scores.parquet")
    impute(features, imputed, folder / "preprocessing.json")
    infer(imputed, scores, bundle=bundle)
    frame = read_parquet(scores).set_index("_id")
    return frame.rename(columns=lambda name: name.removesuffix(f"_{bundle.algorithm}"))


def plain_trees(table: pd.DataFrame, columns: list[str], positive: np.ndarray) -> np.ndarray:
    """Return out-of-fold scores of XGBoost with its own defaults, five folds of whole stars."""
    import xgboost

    folds = np.array([zlib.crc32(str(star).encode()) % 5 for star in table["star"]])
    values = table[columns].to_numpy(dtype=float)
    scores = np.full(len(table), np.nan)
    for fold in range(5):
        train, test = folds != fold, folds == fold
        model = xgboost.XGBClassifier(n_jobs=2, n_estimators=200, learning_rate=0.1)
        scores[test] = model.fit(values[train], positive[train]).predict_proba(values[test])[:, 1]
    return scores


def print_tables(
    name: str, table: pd.DataFrame, scores: Mapping[str, pd.DataFrame], least: int = 10
) -> None:
    """Print average precision per tag, and the rank of the right class."""
    judged = table["judged"].to_numpy()
    stars = table["star"][judged].nunique()
    print(f"\n## {name}: {judged.sum()} light curves of {stars} stars\n")
    columns = model_features("phenomenological", "LS_BIC")
    print("| tag | positive | share | DNN starter | XGB starter | plain XGB on this survey |")
    print("|---|---|---|---|---|---|")
    for tag in scores["xgb"]:
        positive = np.array([tag in TAGS[kind] for kind in table["class"]])
        if not least <= positive[judged].sum() <= judged.sum() - least:
            continue
        three = [scores[name][tag].reindex(table["_id"]).to_numpy() for name in ("dnn", "xgb")]
        three.append(plain_trees(table, columns, positive))
        values = [average_precision_score(positive[judged], part[judged]) for part in three]
        shown = " | ".join(f"{value:.3f}" for value in values)
        count, share = positive[judged].sum(), positive[judged].mean()
        print(f"| {tag} | {count} | {share:.3f} | {shown} |")
    print("\n| class | light curves | DNN: first, first three, median rank | XGB: the same |")
    print("|---|---|---|---|")
    for kind, tag in EXCLUSIVE.items():
        rows = table[judged & (table["class"] == kind)]
        if len(rows) >= least and tag in scores["xgb"]:
            shown = " | ".join(rank_of(scores[a], rows, tag) for a in ("dnn", "xgb"))
            print(f"| {kind} | {len(rows)} | {shown} |")


def rank_of(scores: pd.DataFrame, rows: pd.DataFrame, tag: str) -> str:
    """Say how often the right tag comes first among those that exclude one another."""
    tags = [other for other in EXCLUSIVE.values() if other in scores]
    values = scores.reindex(rows["_id"])[tags]
    rank = values.rank(axis=1, ascending=False, method="min")[tag].to_numpy()
    return (
        f"{np.mean(rank == 1):.2f}, {np.mean(rank <= 3):.2f}, {np.median(rank):.0f} of {len(tags)}"
    )


if __name__ == "__main__":
    main()
