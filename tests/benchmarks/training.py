"""What training makes of its stars, and what it costs.

    python -m tests.benchmarks.training TABLE … --run RUN [--group starter]

RUN is the folder of a finished `snakemake train`, see `tests.benchmarks.classification`;
its training set is what is trained on. Tables:

    sources  trees trained on simulated stars, on labelled ones, on both
    splits   trees judged on stars apart, and on rows apart
    repeat   the same training twice
    cost     minutes for 44 classes by both algorithms on 20,000 rows

The first two train with the settings of the group and without calibration.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scope.classifiers.assemble import MATCHED
from scope.classifiers.bundle import ModelBundle
from scope.classifiers.evaluation import Judged, average_precision
from scope.classifiers.examples import label_targets
from scope.classifiers.settings import training_settings
from scope.classifiers.splits import TEST, split_by_star
from scope.classifiers.training import train_bundle
from scope.classifiers.training_set import SIMULATION
from scope.classifiers.xgb import TreeOptions
from scope.io import read_table, write_table
from tests.benchmarks.classification import LEAST, Run, cell, interval_of, print_tables


def main() -> None:
    """Print the tables."""
    print_tables(__doc__ or "", TABLES)


def sources(run: Run, workers: int) -> None:
    """Compare what trees learn from simulated stars, labelled ones, and both."""
    table = read_table(run.training_set)
    simulated = pc.equal(table.column("survey"), SIMULATION)
    parts = {
        "simulated": table.filter(simulated),
        "labelled": table.filter(pc.invert(simulated)),
        "both": table,
    }
    with tempfile.TemporaryDirectory() as scratch:
        found = {
            name: _trees(run, part, Path(scratch) / name, workers) for name, part in parts.items()
        }
        judged = {name: _scores_of(bundle, table) for name, bundle in found.items()}
    for title, rows in (("labelled", ~np.array(simulated)), ("simulated", np.array(simulated))):
        print(f"\nAverage precision on held-out {title} stars, trees trained on\n")
        print("| class | positive | share | simulated | labelled | both | interval |")
        print("|---|---|---|---|---|---|---|")
        values: list[list[float]] = []
        for tag in found["both"].classes:
            target, here, stars = _test_rows(run, table, tag, rows)
            if not LEAST <= target.sum() <= len(target) - LEAST:
                continue
            cells = []
            for name in parts:
                scores = judged[name].get(tag)
                cells.append(None if scores is None else average_precision(target, scores[here]))
            both = Judged(target, judged["both"][tag][here], stars, {})
            if None not in cells:
                values.append([value for value in cells if value is not None])
            print(
                f"| {tag} | {target.sum()} | {target.mean():.3f} | {' | '.join(map(cell, cells))} "
                f"| {interval_of(both)} |"
            )
        means = " | ".join(f"{value:.3f}" for value in np.mean(values, axis=0))
        print(f"| mean of {len(values)} classes | | | {means} | |")


def splits(run: Run, workers: int) -> None:
    """Compare trees whose test stars are new with trees whose test rows are new."""
    table = read_table(run.training_set)
    place = table.schema.get_field_index("star")
    by_row = table.set_column(place, "star", pa.array([f"row {i}" for i in range(len(table))]))
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, part in (("star", table), ("row", by_row)):
            bundle = _trees(run, part, Path(scratch) / name, workers)
            found[name] = json.loads((bundle.folder / "metrics.json").read_text())["classes"]
    print("| class | positive | AP, stars apart | AP, rows apart | difference |")
    print("|---|---|---|---|---|")
    differences = []
    for tag, item in found["star"].items():
        one, other = (found[name][tag]["test"]["average_precision"] for name in ("star", "row"))
        differences.append((one, other))
        count = item["test"]["n_positive"]
        print(f"| {tag} | {count} | {one:.3f} | {other:.3f} | {other - one:+.3f} |")
    one, other = np.mean(differences, axis=0)
    print(f"| mean | | {one:.3f} | {other:.3f} | {other - one:+.3f} |")


def repeat(run: Run, workers: int) -> None:
    """Train two classes twice and compare the files and the scores."""
    settings = {**training_settings(run.config), "group": "again", "about": "", "limits": ""}
    definitions = [
        replace(item, epochs=2) for item in settings["definitions"] if item.tag in ("rrc", "dscu")
    ]
    with tempfile.TemporaryDirectory() as scratch:
        for algorithm in ("xgb", "dnn"):
            folders = [Path(scratch) / algorithm / name for name in ("one", "two")]
            scores = [folder.with_suffix(".parquet") for folder in folders]
            for number, (folder, path) in enumerate(zip(folders, scores, strict=True)):
                train_bundle(
                    run.training_set,
                    folder,
                    algorithm=algorithm,
                    scores_output=path,
                    workers=number + 1,
                    **{**settings, "definitions": definitions},
                )
            names = sorted(path.name for path in folders[0].iterdir())
            same = [n for n in names if len({(f / n).read_bytes() for f in folders}) == 1]
            columns = [f"{item.tag}_{algorithm}" for item in definitions]
            one, other = (read_table(path, columns).to_pandas().to_numpy() for path in scores)
            print(
                f"{algorithm}: {len(same)} of {len(names)} files are the same to the byte; largest "
                f"difference of a score {np.nanmax(np.abs(one - other)):.1e}  "
            )


COST_ROWS = 20_000
COST_TAGS = ("vnv", "rrab", "srv")
"""A class with nearly all rows as examples, a frequent one and a rare one."""


def cost(run: Run, workers: int) -> None:
    """Measure the minutes of single classes and say what 44 by both algorithms come to."""
    table = read_table(run.training_set)
    drawn = np.random.default_rng(0).permutation(len(table))[:COST_ROWS]
    fast = {"batch_size": 256, "epochs": 25, "patience": 5, "balance": None}
    settings = {**training_settings(run.config), "about": "", "limits": ""}
    definitions = {item.tag: item for item in settings["definitions"]}
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "training.parquet"
        write_table(table.take(pa.array(np.sort(drawn))), path, {})
        shared = _seconds(lambda: _prepared(path, settings))
        print(
            f"{len(drawn)} rows, one process with one thread. Read, split, filled and scaled "
            f"once for all classes: {shared:.1f} s.\n"
        )
        print("| setting | class | XGB, s | DNN, s |")
        print("|---|---|---|---|")
        totals: dict[str, list[float]] = {"xgb": [], "dnn": []}
        for tag in COST_TAGS:
            seconds = {}
            for algorithm in ("xgb", "dnn"):
                chosen = {
                    **settings,
                    "definitions": [replace(definitions[tag], **fast)],
                    "calibration": None,
                    "trees": TreeOptions(),
                }
                folder = Path(scratch) / algorithm / tag
                whole = _seconds(
                    lambda f=folder, a=algorithm, c=chosen: train_bundle(path, f, algorithm=a, **c)
                )
                seconds[algorithm] = whole - shared
                totals[algorithm].append(whole - shared)
            print(f"| fast | {tag} | {seconds['xgb']:.1f} | {seconds['dnn']:.1f} |")
        per_class = sum(float(np.mean(values)) for values in totals.values())
        print(
            f"\n44 classes by both algorithms, at the mean of these classes: "
            f"{44 * per_class / 60:.0f} min on one core, {22 * per_class / 60:.0f} min on two, of "
            f"which shared work saves {2 * 43 * shared / 60:.0f} min on one core."
        )


def _prepared(path: Path, settings: Mapping[str, Any]) -> Any:
    from scope.classifiers.data import load_training_data

    columns = list(dict.fromkeys(n for names in settings["features"].values() for n in names))
    return load_training_data(
        path,
        settings["definitions"],
        features=columns,
        impute=settings["impute"],
        period_suffix=settings["period_suffix"],
        options=settings["data"],
    )


def _seconds(action: Callable[[], Any]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def _trees(run: Run, table: pa.Table, folder: Path, workers: int) -> ModelBundle:
    """Train trees on a table, without calibration."""
    path = folder.with_suffix(".parquet")
    write_table(table, path, {})
    settings = {**training_settings(run.config), "calibration": None, "about": "", "limits": ""}
    # Labelled stars alone have no features of other catalogues.
    there = [name for name in MATCHED if name in table.schema.names]
    absent = [name for name in there if table.column(name).null_count == len(table)]
    settings["impute"] = {**settings["impute"], **dict.fromkeys(absent, "zero")}
    return train_bundle(path, folder, algorithm="xgb", workers=workers, **settings)


def _scores_of(bundle: ModelBundle, table: pa.Table) -> dict[str, np.ndarray]:
    """Return the scores of all rows by class; NaN where a feature is undefined."""
    prepared = bundle.preprocessing.transform(table)
    place = {name: i for i, name in enumerate(bundle.preprocessing.features)}
    nothing = np.zeros((int(prepared.ok.sum()), 676), np.float32)
    found = {}
    for tag in bundle.classes:
        columns = [place[name] for name in bundle.features(tag)]
        scores = np.full(len(table), np.nan, np.float32)
        values = np.asarray(prepared.values[prepared.ok][:, columns], np.float32)
        scores[prepared.ok] = bundle.classifier(tag).predict(values, nothing)
        found[tag] = scores
    return found


def _test_rows(
    run: Run, table: pa.Table, tag: str, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return target, row numbers and stars of the test rows of a class, of some rows."""
    definition = next(item for item in run.config.class_definitions((tag,)))
    names = [definition.label, definition.negative_label]
    labels, negatives = (
        None if name is None else table.column(name).to_numpy().astype(float) for name in names
    )
    positive, member = label_targets(labels, negatives, definition)
    stars = table.column("star").to_pylist()
    options = training_settings(run.config)["data"]
    sets = split_by_star(stars, test_size=options.test_size, val_size=options.val_size)
    here = np.flatnonzero(member & rows & (sets == TEST))
    _, numbers = np.unique(stars, return_inverse=True)
    return positive[here], here, numbers[here]


TABLES: Mapping[str, Callable[[Run, int], None]] = {
    "sources": sources,
    "splits": splits,
    "repeat": repeat,
    "cost": cost,
}


if __name__ == "__main__":
    main()
