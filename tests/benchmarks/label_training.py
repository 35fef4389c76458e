"""Do labels from a catalogue train as well as the truth does?

    python -m tests.benchmarks.label_training --run FOLDER [--stars 600] [--algorithm xgb]

Two quadrants are simulated. Of the stars of the first a catalogue is published, with the faults
that catalogues have: positions scattered by 0.4 arcsec per axis, one star in five missing, one
class in fifty that of another star, rows that are no star of the quadrant. `scope
label-light-curves` labels the archive by it. Trees are trained on these labels, and on the truth,
with several seeds each (another split, other trees); all score the second quadrant. Printed: how
many labels are right, and the average precision of both by class, in the mean over seeds, with
95 % bootstrap intervals, over stars and seeds, of the difference: 0 lies in it where both are as
good. Fewer stars teach less, so a third training has the truth of just those stars
that the catalogue labels; and a catalogue that names no overtone says nothing of the shape of a
Cepheid, so a fourth has of these stars what the catalogue would say if all its rows were right.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from scope.cli.main import main as scope
from scope.io import read_table
from scope.models.evaluation.held_out_metrics import average_precision
from scope.preprocessing.matrices import histogram_matrix
from scope.surveys.simulation import simulate_quadrant
from scope.tasks.variables.bundles.model_bundle import ModelBundle

SCATTER_ARCSEC = 0.4
MISSING, MISTAKEN = 0.2, 0.02
KINDS = {
    **{"RRab": "RRAB", "RRab-BL": "RRAB/BL", "RRc": "RRC", "RRd": "RRD", "DSCT": "DSCT"},
    **{"HADS": "HADS", "DCEP-F": "DCEP", "DCEP-1O": "DCEPS", "BLHER": "CWB", "WVIR": "CWA"},
    **{"RVTAU": "RV", "Mira": "M", "SRV": "SR", "OSARG": "OSARG", "EA": "EA", "EB": "EB"},
    **{"EW": "EW", "ELL": "ELL", "RSCVN": "RS", "ROT": "ROT", "AGN": "AGN", "CV": "CV"},
    **{"YSO-DIP": "YSO", "YSO-IRR": "YSO", "FLARE": "UV", "CONST": "CST"},
}
"""Class of the simulation -> type of VSX; others are in no catalogue."""
TAGS = ("e", "ea", "eb", "ew", "saw", "longt")
"""Classes that need nothing of other catalogues."""
RESAMPLED = 400

Floats = npt.NDArray[np.float64]


def main() -> None:
    """Simulate, label, train and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--stars", type=int, default=600)
    parser.add_argument("--algorithm", default="xgb")
    parser.add_argument("--seeds", type=int, default=8)
    options = parser.parse_args()
    folder: Path = options.run
    for name, seed, field in (("train", 1, 700), ("test", 2, 701)):
        if not (folder / f"{name}.features.parquet").exists():
            simulate_quadrant(
                folder / name,
                n_stars=options.stars,
                mix="balanced",
                seed=seed,
                bands="r",
                field=field,
            )
            features(folder, name)
    publish(folder / "train", folder / "catalogue.csv")
    call(
        *("label-light-curves", "--archive", folder / "train", "--output", folder / "labels"),
        *("--catalogue", f"vsx={folder / 'catalogue.csv'}", "--with-light-curves", "false"),
    )
    labels = folder / "labels/labels.parquet"
    truth = truth_of(folder / "train", folder / "truth.parquet")
    known = set(read_table(labels).column("objectid").to_pylist())
    same = truth[truth["objectid"].isin(known)]
    same.to_parquet(folder / "same.parquet")
    said(labels, same).to_parquet(folder / "said.parquet")
    print_agreement(labels, truth)
    scores = {
        name: train(folder, name, path, options)
        for name, path in (
            ("catalogue", labels),
            ("truth", folder / "truth.parquet"),
            ("truth of these", folder / "same.parquet"),
            ("faultless catalogue", folder / "said.parquet"),
        )
    }
    compare(truth_of(folder / "test", folder / "test_truth.parquet"), folder, scores)


def features(folder: Path, name: str) -> None:
    """Compute the features of a quadrant."""
    from scope.config import load_config
    from scope.features.generate_features import generate_features

    config = load_config()
    generate_features(
        next((folder / name).rglob("ztf_*.parquet")),
        folder / f"{name}.features.parquet",
        cleaning=config.cleaning_options(),
        options=config.feature_options(),
    )


def call(*arguments: Any) -> None:
    """Run a command, which must go well."""
    status = scope([str(one) for one in arguments])
    if status:
        raise SystemExit(status)


def truth_of(archive: Path, path: Path) -> pd.DataFrame:
    """Return the truth of the stars that a catalogue could have, and write it as labels."""
    truth = pd.read_parquet(archive / "truth.parquet")
    truth = truth[truth["class"].isin(KINDS)]
    truth = truth.assign(sourceid=truth["sourceid"].astype(str)).rename(columns={"class": "kind"})
    truth.to_parquet(path)
    return truth


def publish(archive: Path, path: Path) -> None:
    """Write a catalogue of the stars of a quadrant, with the faults that catalogues have."""
    rng = np.random.default_rng(5)
    truth = pd.read_parquet(archive / "truth.parquet").drop_duplicates("sourceid")
    truth = truth[truth["class"].isin(KINDS)]
    truth = truth[rng.random(len(truth)) >= MISSING]
    n = len(truth)
    kinds = truth["class"].map(KINDS).to_numpy(object)
    mistaken = rng.random(n) < MISTAKEN
    kinds[mistaken] = rng.permutation(kinds)[mistaken]
    east, north = rng.normal(0, SCATTER_ARCSEC / 3600, (2, n))
    ra = truth["ra"] + east / np.cos(np.radians(truth["dec"]))
    dec = truth["dec"] + north
    far = pd.DataFrame(
        {
            "RAdeg": rng.uniform(ra.min(), ra.max(), n),
            "DEdeg": rng.uniform(dec.min(), dec.max(), n),
            "Type": rng.permutation(kinds),
            "Period": np.nan,
        }
    )
    near = pd.DataFrame({"RAdeg": ra, "DEdeg": dec, "Type": kinds, "Period": truth["period_days"]})
    table = pd.concat([near, far], ignore_index=True)
    table.insert(0, "OID", np.arange(1, len(table) + 1))
    table.to_csv(path, index=False)


def said(labels: Path, truth: pd.DataFrame) -> pd.DataFrame:
    """Return what the catalogue would say of stars if it gave the right class of each."""
    columns = ["catalogue_class", "labels", "unknown"]
    classes = read_table(labels, columns).to_pandas().drop_duplicates("catalogue_class")
    kinds = truth["kind"].map(KINDS).rename("catalogue_class")
    bare = truth.drop(columns=["labels", "unknown"]).assign(catalogue_class=kinds)
    return bare.merge(classes, on="catalogue_class", validate="many_to_one")


def print_agreement(labels: Path, truth: pd.DataFrame) -> None:
    """Print how many labels are of the right class."""
    kinds = dict(zip(truth["objectid"], truth["kind"].map(KINDS), strict=True))
    table = read_table(labels, ["objectid", "catalogue_class"]).to_pydict()
    right = [
        kinds.get(one) == kind
        for one, kind in zip(table["objectid"], table["catalogue_class"], strict=True)
    ]
    print(f"{len(right)} of {len(truth)} light curves labelled, {np.mean(right):.3f} rightly")


def train(
    folder: Path, name: str, labels: Path, options: argparse.Namespace
) -> list[dict[str, Floats]]:
    """Train on some labels, once per seed, and return the scores of the second quadrant."""
    short, algorithm = name.replace(" ", "_"), options.algorithm
    training_set = folder / f"{short}.training.parquet"
    call(
        *("assemble-training-set", "--features", folder / "train.features.parquet"),
        *("--labels", labels, "--output", training_set),
    )
    found = []
    for seed in range(1, options.seeds + 1):
        group = f"labels_{short}"
        call(
            *("train", "--tag", *TAGS, "--path-dataset", training_set, "--algorithm", algorithm),
            *("--group", group, "--calibrate", "false", "--save", "--skip-untrainable"),
            *("--models-dir", folder / "models", "--random-state", seed),
        )
        # Models of another seed than the configured one are of a group of their own.
        trained = [f"{group}_state_{seed}", group]
        folders = (folder / "models" / algorithm / one for one in trained)
        bundle = ModelBundle.load(next(one for one in folders if one.is_dir()))
        found.append(scores_of(bundle, read_table(folder / "test.features.parquet")))
    return found


def scores_of(bundle: ModelBundle, table: pa.Table) -> dict[str, Floats]:
    """Return the scores of all rows by class; NaN where a feature is undefined."""
    prepared = bundle.preprocessing.transform(table)
    place = {name: number for number, name in enumerate(bundle.preprocessing.features)}
    histograms, _ = histogram_matrix(table.column("dmdt"))
    found = {}
    for tag in bundle.classes:
        columns = [place[name] for name in bundle.features(tag)]
        scores = np.full(len(table), np.nan)
        values = np.asarray(prepared.values[prepared.ok][:, columns], np.float32)
        scores[prepared.ok] = bundle.classifier(tag).predict(values, histograms[prepared.ok])
        found[tag] = scores
    return found


def compare(truth: pd.DataFrame, folder: Path, scores: dict[str, list[dict[str, Floats]]]) -> None:
    """Print the average precision of each training, by class, in the mean over its seeds."""
    from scope.config import load_config

    names = load_config().class_labels()
    ids = read_table(folder / "test.features.parquet", ["_id"]).column("_id").to_pylist()
    has = dict(zip(truth["objectid"], truth["labels"], strict=True))
    open_ = dict(zip(truth["objectid"], truth["unknown"], strict=True))
    first, *others = scores
    differences = [f"{first} - {other}" for other in others]
    print(f"| class | positive | {' | '.join([*scores, *differences])} |")
    print("|---" * (len(scores) + len(differences) + 2) + "|")
    for tag in TAGS:
        trainings = [one for found in scores.values() for one in found]
        if any(tag not in one for one in trainings):
            print(f"| {tag} | too few to train |")
            continue
        label = names[tag]
        rows = [
            row
            for row, one in enumerate(ids)
            if one in has
            and label not in open_[one]
            and all(np.isfinite(scored[tag][row]) for scored in trainings)
        ]
        target = np.array([label in has[ids[row]] for row in rows])
        values = {name: [one[tag][rows] for one in found] for name, found in scores.items()}
        means = {
            name: np.mean([average_precision(target, one) or np.nan for one in found])
            for name, found in values.items()
        }
        drawn = resampled_means(target, values)
        spans = [np.percentile(drawn[first] - drawn[other], [2.5, 97.5]) for other in others]
        cells = [f"{mean:.3f}" for mean in means.values()]
        cells += [f"{low:+.3f} to {high:+.3f}" for low, high in spans]
        print(f"| {tag} | {target.sum()} | {' | '.join(cells)} |")


def resampled_means(
    target: npt.NDArray[np.bool_], values: dict[str, list[Floats]]
) -> dict[str, Floats]:
    """Return mean average precisions over draws of stars, common to all, and of each's seeds."""
    rng = np.random.default_rng(1)
    drawn: dict[str, list[float]] = {name: [] for name in values}
    while min(map(len, drawn.values())) < RESAMPLED:
        rows = rng.integers(0, len(target), len(target))
        if not 0 < target[rows].sum() < len(rows):
            continue
        for name, found in values.items():
            seeds = rng.integers(0, len(found), len(found))
            each = [average_precision(target[rows], found[seed][rows]) or np.nan for seed in seeds]
            drawn[name].append(float(np.mean(each)))
    return {name: np.array(means) for name, means in drawn.items()}


if __name__ == "__main__":
    main()
