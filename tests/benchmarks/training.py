"""What training makes of its stars, and what it costs.

    python -m tests.benchmarks.training TABLE … --run RUN [--group starter]

RUN is the folder of a finished `snakemake train`, see `tests.benchmarks.classification`;
its training set is what is trained on. Tables:

    sources  trees trained on simulated stars, on labelled ones, on both
    shipped  the models in models/ and trees trained on labelled stars, on labelled stars
    splits   trees judged on stars apart, and on rows apart
    honest   calibration of trees: probabilities and prediction sets of labelled stars
    repeat   the same training twice

All train with the settings of the group; calibration where it matters.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scope.io import read_table, write_table
from scope.models.calibration.class_tree import ClassTree, project
from scope.models.evaluation.held_out_metrics import (
    Judged,
    average_precision,
    judge_probabilities,
    judge_sets,
)
from scope.models.training.class_examples import label_targets
from scope.models.training.splits import TEST, split_by_star
from scope.preprocessing.matrices import histogram_matrix
from scope.surveys.label_map import SIMULATION
from scope.tasks.variables.bundles.model_bundle import ModelBundle
from scope.tasks.variables.training.train_bundle import train_bundle
from scope.tasks.variables.training.training_scores import TrainingScores
from scope.tasks.variables.training.training_settings import training_settings
from scope.tasks.variables.training_sets.assemble_training_set import MATCHED
from tests.benchmarks.classification import (
    LEAST,
    ROOT,
    Run,
    allowed_coverage,
    cell,
    interval_of,
    perfect_error,
    print_tables,
)


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


def shipped(run: Run, workers: int) -> None:
    """Compare the models that ship with trees that were trained on labelled stars."""
    table = read_table(run.training_set)
    observed = ~np.array(pc.equal(table.column("survey"), SIMULATION))
    labelled = table.filter(pa.array(observed))
    with tempfile.TemporaryDirectory() as scratch:
        bundles = {
            name: ModelBundle.load(ROOT / "models" / name / "starter") for name in ("dnn", "xgb")
        }
        bundles["labelled"] = _trees(run, labelled, Path(scratch) / "labelled", workers)
        judged = {name: _scores_of(bundle, table) for name, bundle in bundles.items()}
    print("| class | positive | share | DNN in models/ | XGB in models/ | labelled | interval |")
    print("|---|---|---|---|---|---|---|")
    values = []
    for tag in bundles["labelled"].classes:
        target, here, stars = _test_rows(run, table, tag, observed)
        if not LEAST <= target.sum() <= len(target) - LEAST:
            continue
        cells = [average_precision(target, judged[name][tag][here]) for name in bundles]
        values.append([value or 0.0 for value in cells])
        own = Judged(target, judged["labelled"][tag][here], stars, {})
        print(
            f"| {tag} | {target.sum()} | {target.mean():.3f} | {' | '.join(map(cell, cells))} "
            f"| {interval_of(own)} |"
        )
    means = " | ".join(f"{value:.3f}" for value in np.mean(values, axis=0))
    print(f"| mean of {len(values)} classes | | | {means} | |")


N_SPLITS = 4
"""Cuts into training and test rows; single ones differ by chance."""


def splits(run: Run, workers: int) -> None:
    """Compare trees whose test stars are new with trees whose test rows are new.

    Of stars with more than one light curve; with one a row is a star.
    """
    table = read_table(run.training_set)
    stars = table.column("star").to_pylist()
    counts = Counter(stars)
    table = table.filter(pa.array([counts[star] > 1 for star in stars]))
    stars = table.column("star").to_pylist()
    found: dict[str, dict[str, list[float]]] = {"star": {}, "row": {}}
    positive: dict[str, list[int]] = {}
    for number in range(N_SPLITS):
        names = {
            "star": [f"{number} {star}" for star in stars],
            "row": [f"{number} row {row}" for row in range(len(stars))],
        }
        for by, name in names.items():
            for tag, test in _test_figures(run, table, name, workers).items():
                found[by].setdefault(tag, []).append(test["average_precision"])
                positive.setdefault(tag, []).append(test["n_positive"])
    print(f"{len(table)} light curves of {len(set(stars))} stars, mean of {N_SPLITS} splits\n")
    print("| class | positive | AP, stars apart | AP, rows apart | difference | error of it |")
    print("|---|---|---|---|---|---|")
    means = []
    for tag in found["star"]:
        if tag not in found["row"] or np.mean(positive[tag]) < LEAST:
            continue
        one, other = (float(np.mean(found[by][tag])) for by in ("star", "row"))
        means.append((one, other))
        spread = np.sqrt(sum(np.var(found[by][tag], ddof=1) for by in found) / N_SPLITS)
        print(
            f"| {tag} | {np.mean(positive[tag]):.0f} | {one:.3f} | {other:.3f} "
            f"| {other - one:+.3f} | {spread:.3f} |"
        )
    one, other = np.mean(means, axis=0)
    print(f"| mean | | {one:.3f} | {other:.3f} | {other - one:+.3f} | |")


def _test_figures(
    run: Run, table: pa.Table, stars: list[str], workers: int
) -> dict[str, dict[str, Any]]:
    """Train trees with other names of the stars, and return the figures of test rows."""
    renamed = table.set_column(table.schema.get_field_index("star"), "star", pa.array(stars))
    with tempfile.TemporaryDirectory() as scratch:
        bundle = _trees(run, renamed, Path(scratch) / "trees", workers)
        classes = json.loads((bundle.folder / "metrics.json").read_text())["classes"]
    figures = {tag: item["test"] for tag, item in classes.items()}
    return {tag: test for tag, test in figures.items() if test["average_precision"] is not None}


def honest(run: Run, workers: int) -> None:
    """Train calibrated trees and print what their probabilities and sets are worth."""
    table = read_table(run.training_set)
    with tempfile.TemporaryDirectory() as scratch:
        folder, path = Path(scratch) / "honest", Path(scratch) / "scores.parquet"
        bundle = _trees(run, table, folder, workers, scores_output=path)
        scores, _ = TrainingScores.read(path)
    assert bundle.calibration is not None
    print(
        "| class | positive | method | ECE of the score | ECE | of a perfect one | Brier skill of "
        "the score | Brier skill | AP of the score | AP | coverage | allowed | of the others |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|---|---|")
    for tag, item in bundle.calibration.classes.items():
        before = scores.judged(tag, TEST, observed=True)
        positive = int(before.target.sum())
        if not item.has_probability or not LEAST <= positive <= len(before.target) - LEAST:
            continue
        after = before.with_scores(item.probability(before.scores))
        old, new = judge_probabilities(before), judge_probabilities(after)
        held = judge_sets(after.target, item.sets(after.scores))
        low, high = allowed_coverage(positive)
        figures = [
            f"{part[name]:.3f}" if name != "brier" else f"{part[name]['skill']:.3f}"
            for name in ("expected_calibration_error", "brier", "average_precision")
            for part in (old, new)
        ]
        figures.insert(2, f"{perfect_error(after):.3f}")
        print(
            f"| {tag} | {positive} | {item.method} | {' | '.join(figures)} "
            f"| {held['coverage_positive']:.3f} | {low:.3f} to {high:.3f} "
            f"| {held['coverage_negative']:.3f} |"
        )
    _print_tree(run, bundle, scores)


def _print_tree(run: Run, bundle: ModelBundle, scores: TrainingScores) -> None:
    """Print what the class tree does to the probabilities of labelled test stars."""
    assert bundle.calibration is not None
    items = {t: i for t, i in bundle.calibration.classes.items() if i.has_probability}
    rows = scores.sets == TEST
    if scores.observed is not None:
        rows &= scores.observed
    before = np.column_stack(
        [item.probability(scores.classes[tag].scores[rows]) for tag, item in items.items()]
    )
    parents = ClassTree(run.config.class_parents()).places(list(items))
    after = project(before, parents)
    child = np.flatnonzero(parents >= 0)
    for title, values in (("before", before), ("after", after)):
        above = (values[:, child] > values[:, parents[child]]).any(axis=1)
        print(
            f"\n{title} the class tree: a child above its parent in {above.sum()} of {len(above)}"
        )
    print(
        f"\nrows; moved by more than 0.1: {(np.abs(after - before) > 0.1).any(axis=1).sum()} rows\n"
    )
    print("| class | positive | AP before the tree | interval | AP after |")
    print("|---|---|---|---|---|")
    for column, tag in enumerate(items):
        part = scores.classes[tag]
        member, target, stars = part.member[rows], part.target[rows], scores.stars[rows]
        if not LEAST <= target[member].sum() <= member.sum() - LEAST:
            continue
        one = Judged(target[member], before[member, column], stars[member], {})
        new = average_precision(one.target, after[member, column])
        old = average_precision(one.target, one.scores)
        print(f"| {tag} | {one.target.sum()} | {cell(old)} | {interval_of(one)} | {cell(new)} |")


def repeat(run: Run, workers: int) -> None:
    """Train two classes twice and compare the files and the scores."""
    settings = {**_settings(run, read_table(run.training_set)), "group": "again"}
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


def _settings(run: Run, table: pa.Table) -> dict[str, Any]:
    """Return the settings of the group, for a table that may lack other catalogues."""
    settings = {**training_settings(run.config), "about": "", "limits": ""}
    there = [name for name in MATCHED if name in table.schema.names]
    absent = [name for name in there if table.column(name).null_count == len(table)]
    return {**settings, "impute": {**settings["impute"], **dict.fromkeys(absent, "zero")}}


def _trees(
    run: Run, table: pa.Table, folder: Path, workers: int, *, scores_output: Path | None = None
) -> ModelBundle:
    """Train trees on a table, with calibration if their scores are wanted."""
    path = folder.with_suffix(".parquet")
    write_table(table, path, {})
    settings = _settings(run, table)
    if scores_output is None:
        settings["calibration"] = None
    return train_bundle(
        path, folder, algorithm="xgb", workers=workers, scores_output=scores_output, **settings
    )


def _scores_of(bundle: ModelBundle, table: pa.Table) -> dict[str, np.ndarray]:
    """Return the scores of all rows by class; NaN where a feature is undefined."""
    prepared = bundle.preprocessing.transform(table)
    place = {name: i for i, name in enumerate(bundle.preprocessing.features)}
    histograms, _ = histogram_matrix(table.column("dmdt"))
    found = {}
    for tag in bundle.classes:
        columns = [place[name] for name in bundle.features(tag)]
        scores = np.full(len(table), np.nan, np.float32)
        values = np.asarray(prepared.values[prepared.ok][:, columns], np.float32)
        scores[prepared.ok] = bundle.classifier(tag).predict(values, histograms[prepared.ok])
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
    "shipped": shipped,
    "splits": splits,
    "honest": honest,
    "repeat": repeat,
}


if __name__ == "__main__":
    main()
